"""When the next job may be started, after the server refused one: a state machine without I/O."""

from __future__ import annotations

from attrs import define

_FIRST_PAUSE = 2.0  # seconds
_LONGEST_PAUSE = 60.0
_LONGEST_ASKED = 3600.0
_TRIES_MORE_AFTER = 60.0  # seconds without a refusal, after which more jobs are tried at once


@define
class Throttle:
    """Keeps to what a server can take, which it tells by refusing.

    Attributes:
        max_in_flight: How many jobs may run at once by the user's will.
    """

    max_in_flight: int
    _limit: int = 0
    _not_before: float = 0.0
    _asked: bool = False
    _refusals: int = 0
    _refused_since: float | None = None
    _last_refusal: float = 0.0

    def __attrs_post_init__(self) -> None:
        self._limit = self.max_in_flight

    def limit(self, now: float) -> int:
        """Return how many jobs may be in flight now; 0 where none may be started."""
        return 0 if now < self._not_before else self._limit

    def wait(self, now: float) -> float:
        """Return for how many seconds none may be started."""
        return max(0.0, self._not_before - now)

    def refused(self, now: float, *, in_flight: int, asked: float | None) -> None:
        """Note that the server did not take a job.

        Args:
            now: The time.
            in_flight: How many jobs it has.
            asked: For how many seconds it asks to be left alone; None if it does not.
        """
        own = min(_FIRST_PAUSE * 2 ** min(self._refusals, 10), _LONGEST_PAUSE)
        pause = own if asked is None else min(max(asked, 0.0), _LONGEST_ASKED)
        self._not_before = max(self._not_before, now + pause)
        self._asked = asked is not None
        self._limit = max(1, min(self._limit, in_flight))
        self._refusals += 1
        self._last_refusal = now
        if self._refused_since is None:
            self._refused_since = now

    def accepted(self, now: float) -> None:
        """Note that the server took a job."""
        self._refusals = 0
        self._refused_since = None
        if now - self._last_refusal > _TRIES_MORE_AFTER:
            self._limit = min(self._limit + 1, self.max_in_flight)

    def freed(self) -> None:
        """Note that a job is over, so that there may be room for another."""
        if not self._asked:
            self._not_before = 0.0

    def refused_for(self, now: float) -> float:
        """Return for how many seconds the server took no job."""
        return 0.0 if self._refused_since is None else now - self._refused_since
