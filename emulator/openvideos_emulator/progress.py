"""How jobs progress: by the clock, at once, or one step at each retrieve."""

from __future__ import annotations

import re

BY_TIME = "time"
IMMEDIATE = "immediate"
MOST_POLLS = 999_999
_POLLS = re.compile(r"polls:([1-9][0-9]{0,5})")


def check_progress(progress: str) -> None:
    """Refuse what is no way of progressing.

    Raises:
        ValueError: The message says what there is.
    """
    if progress not in (BY_TIME, IMMEDIATE) and polls_of(progress) is None:
        raise ValueError(
            "progress must be `time` (by the clock), `immediate` or `polls:N` (one of N steps at "
            f"each retrieve, 1 to {MOST_POLLS}), such as polls:3; got {progress[:100]!r}"
        )


def polls_of(progress: str) -> int | None:
    """Return how many retrieves a job takes, or None where they do not matter."""
    found = _POLLS.fullmatch(progress)
    return None if found is None else int(found[1])
