"""How many jobs may run at once: as many as wanted, or as the server takes. A pure decision."""

from __future__ import annotations

import math

from attrs import define, field

from .._errors import InvalidInput
from .._waiting.limits import bounded

_FIRST_STARTS = 4  # creates that are sent at once while little is known of the server
_MOST_STARTS = 16

_FIRST_PAUSE = 5.0  # seconds until it is tried again whether the server takes more; doubled
_LAST_PAUSE = 60.0
_SPREAD = 0.1


@define
class Room:
    """How many jobs may run at once.

    Attributes:
        most: How many are wanted.
        limit: How many the server takes, as far as it is known.
        refused_since: Since when it has taken none, and none has ended; None if it took the last.
    """

    most: int
    limit: int = field(init=False)
    refused_since: float | None = field(default=None, init=False)
    _silent_until: float = field(default=-math.inf, init=False)
    _more_at: float = field(default=math.inf, init=False)
    _pause: float = field(default=_FIRST_PAUSE, init=False)

    def __attrs_post_init__(self) -> None:
        _check_number(self.most)
        self.limit = self.most

    def free(self, running: int, now: float) -> int:
        """Return how many jobs may be started now: few at first, more as more run.

        Args:
            running: How many run.
            now: The time.
        """
        if now < self._silent_until:
            return 0
        if now >= self._more_at and running >= self.limit:
            self.limit = min(self.limit + 1, self.most)
            self._more_at = now + self._pause if self.limit < self.most else math.inf
        return max(min(self.limit - running, max(running, _FIRST_STARTS), _MOST_STARTS), 0)

    def moved(self) -> None:
        """Note that the server took a job, or that one ended."""
        self.refused_since = None

    def refused(self, running: int, *, asked: float | None, now: float, chance: float) -> None:
        """Note that the server took no more jobs for now.

        Args:
            running: How many run.
            asked: For how many seconds it asks to be left alone; None if it does not.
            now: The time.
            chance: A number from 0 up to 1.
        """
        if self.refused_since is None:
            self.refused_since = now
        self.limit = max(running, 1)
        pause = self._pause * (1 - _SPREAD + 2 * _SPREAD * chance)
        self._pause = min(self._pause * 2, _LAST_PAUSE)
        self._more_at = now + pause
        if asked is not None:
            self._silent_until = now + bounded(asked)
        elif running == 0:
            self._silent_until = now + pause  # nothing of ours will make room

    def pause(self, running: int, now: float) -> float | None:
        """Return after how many seconds there may be room; None if only once a job has ended.

        Args:
            running: How many run.
            now: The time.
        """
        next_at = max(self._silent_until, self._more_at if running >= self.limit else -math.inf)
        return None if next_at == math.inf else max(next_at - now, 0.0)


def _check_number(number: object) -> None:
    if not isinstance(number, int) or number < 1:
        raise InvalidInput(f"max_in_flight is {number!r}; it must be a whole number, 1 or more")
