"""When an event that was not acknowledged is sent again: a pure function."""

from __future__ import annotations

_FIRST_PAUSE = 5_000
_TRIED_FOR = 72 * 3600 * 1000  # [docs]


def next_attempt(due: int, attempts: int, now: int) -> int | None:
    """Return when to try again, or None where the event is given up.

    The first pause is 5 s, each further one twice as long as the one before, until 72 h have gone
    by since the event was due.

    Args:
        due: When the event was due, in Unix milliseconds, as all times here.
        attempts: How often it was tried, at least once.
        now: The time.
    """
    again = now + _FIRST_PAUSE * 2 ** (attempts - 1)
    return again if again <= due + _TRIED_FOR else None
