"""When to ask for a job again, and when to stop: a state machine without I/O.

Events go in (time passed, an answer, an error), decisions come out. It holds no clock: each event
brings the time along, in seconds of a clock that never goes back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from attrs import define, field, frozen

from .._errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    NotFoundError,
    OpenVideosError,
    UnsupportedByServer,
    VideoLost,
    WaitTimeout,
)
from .limits import DEFAULT_MAX_WAIT, bounded, check_limits
from .statuses import is_final, is_known

if TYPE_CHECKING:
    from .._protocol.models import Video

_FIRST_PAUSE = 10.0  # of our own choice; it grows, and is spread by up to a tenth
_LAST_PAUSE = 20.0
_GROWTH = 1.1
_SPREAD = 0.1

LATE_BY = 10.0  # seconds for which gateways may not know a job that was just created
_LATE_PAUSE = 1.0
_LAST_LOOK = 1.0  # seconds before the deadline

# What an answer means for a job that is awaited. An answer that carries a video, whatever its HTTP
# status, is that video's status; what is not listed here is raised.
WAIT_ON = frozenset({408, 409, 425, 429, *range(500, 600)}) - {501}
WAIT_ON_IF_JUST_CREATED = frozenset({404})


@frozen
class Look:
    """Ask for the job, and give up on the answer after so many seconds, if any are given."""

    seconds: float | None


@frozen
class Pause:
    """Wait for so many seconds."""

    seconds: float


@frozen
class Finish:
    """The job is over."""

    video: Video


@frozen
class Stop:
    """Waiting is over without the job being so."""

    error: OpenVideosError


Decision: TypeAlias = Look | Pause | Finish | Stop


@define
class Poll:
    """The waiting for one job.

    Attributes:
        job_id: The job's id.
        started: When the waiting began.
        max_wait: For how many seconds to wait; None for ever.
        interval: The pause between two looks, in seconds; None for what the server asks for, else
            10 s that grow to 20 s.
        created: When this process created the job; None if it did not.
        video: The job as it was last seen.
        attempts: How often the server was asked.
        last_error: What went wrong when the server was last asked; None if it answered.
    """

    job_id: str
    started: float
    max_wait: float | None = DEFAULT_MAX_WAIT
    interval: float | None = None
    created: float | None = None
    video: Video | None = None
    attempts: int = 0
    last_error: OpenVideosError | None = field(default=None, init=False)
    _answered: bool = field(default=False, init=False)
    _last_look_planned: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        check_limits(max_wait=self.max_wait, interval=self.interval)

    def begin(
        self, *, asked: float | None, seen: float, chance: float, now: float | None = None
    ) -> Decision:
        """Decide how to start.

        Args:
            asked: The pause that the server asked for when the job was last seen, in seconds.
            seen: When that was; without meaning if the job was never seen.
            chance: A number from 0 up to 1.
            now: The time; left out, when the waiting began.
        """
        now = self.started if now is None else now
        if self.video is None:
            return self.woke(now)
        if is_final(self.video.status):
            return Finish(self.video)
        left = seen + self._pause(asked, chance) - now
        return self._pause_for(left, now) if left > 0 else self.woke(now)

    def woke(self, now: float) -> Decision:
        """Decide what to do after a pause."""
        remaining = self._remaining(now)
        if remaining is not None and remaining <= 0:
            return self._timed_out(now)
        self.attempts += 1
        return Look(remaining)

    def answered(self, video: Video, *, asked: float | None, now: float, chance: float) -> Decision:
        """Decide what an answer means.

        Args:
            video: The job as it is now. Its progress is put right if it went back.
            asked: The pause that the server asks for, in seconds.
            now: The time.
            chance: A number from 0 up to 1.
        """
        self.last_error = None
        self._answered = True
        if self.video and self.video.progress is not None:
            video.progress = max(self.video.progress, video.progress or 0)
        self.video = video
        if is_final(video.status):
            return Finish(video)
        return self._pause_for(self._pause(asked, chance), now)

    def failed(
        self, error: APIError, *, asked: float | None, now: float, chance: float
    ) -> Decision:
        """Decide what an error means.

        Args:
            error: What came instead of the job.
            asked: The pause that the server asks for, in seconds.
            now: The time.
            chance: A number from 0 up to 1.
        """
        late = (
            isinstance(error, APIStatusError)
            and error.status_code in WAIT_ON_IF_JUST_CREATED
            and self.created is not None
            and now - self.created < LATE_BY
        )
        if not late and not passes(error):
            return Stop(self._judged(error))
        self.last_error = error
        pause = self._pause(None, chance)
        if late:
            pause = min(pause, _LATE_PAUSE)
        if asked is not None:
            pause = max(pause if self.interval is not None else 0, bounded(asked))
        return self._pause_for(pause, now)

    def _pause(self, asked: float | None, chance: float) -> float:
        if self.interval is not None:
            return self.interval
        if asked is not None:
            return bounded(asked)
        # The power is bounded before it is taken, as a float overflows.
        own = min(_FIRST_PAUSE * _GROWTH ** min(self.attempts, 10), _LAST_PAUSE)
        return own * (1 - _SPREAD + 2 * _SPREAD * chance)

    def _pause_for(self, seconds: float, now: float) -> Decision:
        remaining = self._remaining(now)
        if remaining is None or seconds < remaining:
            return Pause(seconds)
        if remaining <= 0:
            return self._timed_out(now)
        # One more look shortly before the deadline: the job may be finished by then.
        early = 0.0 if self._last_look_planned else min(_LAST_LOOK, remaining / 2)
        self._last_look_planned = True
        return Pause(remaining - early)

    def _remaining(self, now: float) -> float | None:
        return None if self.max_wait is None else self.started + self.max_wait - now

    def _timed_out(self, now: float) -> Stop:
        elapsed = now - self.started
        return Stop(
            WaitTimeout(
                f"{self.job_id} was not finished after {elapsed:.1f} s and {self.attempts} looks "
                f"({self.last_seen()}). It runs on: wait() again, or videos.job(id) later.",
                job_id=self.job_id,
                video=self.video,
                elapsed=elapsed,
                attempts=self.attempts,
                last_error=self.last_error,
            )
        )

    def _judged(self, error: APIError) -> APIError:
        """Return the error for an answer that waiting cannot help."""
        if not isinstance(error, NotFoundError) or error.status_code != 404:
            return error
        # Where the job was answered for before, not even "no such route" is about the route.
        if not self._answered and (self.video is None or isinstance(error, UnsupportedByServer)):
            return error
        lost = VideoLost(
            f"The server knows {self.job_id} no more, which was {self.last_seen()}: {error} "
            "It was restarted, perhaps, or keeps the newest jobs only.",
            job_id=self.job_id,
            video=self.video,
            response=error.response,
        )
        lost.__cause__ = error
        return lost

    def last_seen(self) -> str:
        """Return in words how the job was last seen, and what went wrong since."""
        if self.video is None:
            seen = "never seen"
        elif is_known(self.video.status):
            seen = f"last seen {self.video.status}, {self.video.progress or 0} %"
        else:
            seen = f"last seen with the status {self.video.status!r}, which is not known"
        return f"{seen}; last error: {self.last_error}" if self.last_error else seen


def passes(error: APIError) -> bool:
    """Tell whether an error passes by itself, so that it is waited out."""
    if isinstance(error, APIStatusError):
        return error.status_code in WAIT_ON
    return isinstance(error, APIConnectionError | APIResponseValidationError)
