"""Wait for a job: ask, pause, tell, as the state machine decides."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import _operations as operations
from ._errors import (
    APIError,
    JobError,
    VideoCancelled,
    VideoExpired,
    VideoFailed,
    VideoWasDeleted,
)
from ._flows import Flow, Sleep, Tell
from ._looking import judged, look
from ._polling import Decision, Finish, Look, Pause, Poll, Stop
from ._statuses import CANCELLED, COMPLETED, DELETED, EXPIRED, FAILED

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._jobs import JobState
    from ._models import Video
    from ._requests import HasContext

_OUTCOMES: dict[str, tuple[type[JobError], str]] = {
    FAILED: (VideoFailed, "failed"),
    CANCELLED: (VideoCancelled, "was cancelled"),
    EXPIRED: (VideoExpired, "has expired"),
    DELETED: (VideoWasDeleted, "was deleted"),
}


def wait_until_final(
    resource: HasContext,
    job: JobState,
    *,
    max_wait: float | None,
    interval: float | None,
    on_progress: Callable[[Video], object] | None = None,
) -> Flow[Video]:
    """Wait until a job is over, however it ended; return it.

    Raises:
        WaitTimeout: It was not over within `max_wait`.
        APIError: The server says that asking for it is of no use.
    """
    clock = resource.context.clock
    poll = Poll(
        job_id=job.id,
        started=clock.monotonic(),
        max_wait=max_wait,
        interval=interval,
        created=job.created,
        video=job.video,
    )
    told: tuple[str, int | None] | None = None
    decision: Decision = poll.begin(asked=job.asked, seen=job.seen, chance=clock.random())
    while True:
        if on_progress and poll.video and told != (poll.video.status, poll.video.progress):
            told = (poll.video.status, poll.video.progress)
            yield Tell(on_progress, poll.video)
        match decision:
            case Pause(seconds):
                yield Sleep(seconds)
                decision = poll.woke(clock.monotonic())
            case Look(seconds):
                decision = yield from _look(resource, job, poll, seconds)
            case Finish(video):
                return video
            case Stop(error):
                raise error


def _look(resource: HasContext, job: JobState, poll: Poll, seconds: float | None) -> Flow[Decision]:
    sight = yield from look(resource, operations.retrieve(job.id), seconds)
    decision = judged(poll, sight, chance=resource.context.clock.random())
    if not isinstance(sight.result, APIError):
        job.saw(sight.result, asked=sight.asked, now=sight.time)
    return decision


def completed(video: Video) -> Video:
    """Return a job that is over, if it made its video.

    Raises:
        VideoFailed: It failed.
        VideoCancelled: It was cancelled.
        VideoExpired: It is no longer kept.
        VideoWasDeleted: It was deleted.
    """
    if video.status == COMPLETED:
        return video
    kind, what = _OUTCOMES[video.status]
    reason = ""
    if video.error:
        said = (video.error.message, video.error.code and f"code {video.error.code}")
        reason = f": {' '.join(part for part in said if part)}"
    raise kind(f"{video.id} {what}{reason}", job_id=video.id, video=video)
