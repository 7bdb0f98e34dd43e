"""For how long, and how often, one can wait."""

from __future__ import annotations

from .._errors import InvalidInput

DEFAULT_MAX_WAIT = 3600.0  # seconds; what a job made is gone an hour after its completion anyway

SHORTEST_PAUSE = 0.5  # seconds; what a server asks for is bounded by these two
LONGEST_PAUSE = 60.0

_LONGEST_INTERVAL = 86_400.0


def check_limits(*, max_wait: object, interval: object) -> None:
    """Make sure that one can wait so, which is better known before a job is created.

    Raises:
        InvalidInput: One cannot.
    """
    if interval is not None and not (
        isinstance(interval, int | float) and 0 < interval <= _LONGEST_INTERVAL
    ):
        raise InvalidInput(
            f"interval is {interval!r}; it must be more than 0 seconds, and at most a day"
        )
    if max_wait is not None and not (isinstance(max_wait, int | float) and max_wait >= 0):
        raise InvalidInput(
            f"max_wait is {max_wait!r}; give 0 seconds or more, or None to wait for ever"
        )


def bounded(seconds: float) -> float:
    """Return the pause that a server asks for, within reason."""
    return min(max(seconds, SHORTEST_PAUSE), LONGEST_PAUSE)
