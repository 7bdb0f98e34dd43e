"""Wait for a job: ask, pause, tell, as the state machine decides."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from .._errors import (
    APIError,
    InvalidInput,
    JobError,
    VideoCancelled,
    VideoExpired,
    VideoFailed,
    VideoWasDeleted,
    WaitCancelled,
)
from .._flows.flows import Effect, Flow, Sleep, send
from .._http.logging import logger
from .._protocol import operations
from .._protocol.status_errors import status_error
from .cancelling import Cancelled, CancelToken
from .looking import judged, look
from .polling import Decision, Finish, Look, Pause, Poll, Stop
from .statuses import CANCELLED, COMPLETED, DELETED, EXPIRED, FAILED

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._http.requests import HasContext
    from .._protocol.models import Video
    from .job_states import JobState

_LONGEST_DELETION = 5.0  # seconds; whoever cancels does not want to wait

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
    tell: Callable[[Video], Effect] | None = None,
    cancel: CancelToken | None = None,
    delete_on_cancel: bool = False,
) -> Flow[Video]:
    """Wait until a job is over, however it ended; return it.

    Whatever else ends the waiting has the way to pick the job up again in its notes.

    Args:
        resource: Where it is asked for.
        job: The job.
        max_wait: For how many seconds to wait; None for ever.
        interval: The pause between two looks, in seconds; None for what the server asks for.
        tell: Makes what is to be done at each change of status or progress.
        cancel: Ends the waiting when it is cancelled.
        delete_on_cancel: Whether to delete the job when the waiting is cancelled, in whatever way.

    Raises:
        InvalidInput: One cannot wait so.
        WaitTimeout: It was not over within `max_wait`.
        WaitCancelled: The token was cancelled.
        VideoLost: The server knew it, and does not any more.
        APIError: The server says that asking for it is of no use.
    """
    if cancel is not None and not isinstance(cancel, CancelToken):
        raise InvalidInput(f"cancel is of the type {type(cancel).__name__}; give a CancelToken")
    poll = Poll(
        job_id=job.id,
        started=resource.context.clock.monotonic(),
        max_wait=max_wait,
        interval=interval,
        created=job.created,
        video=job.video,
    )
    try:
        return (yield from _polled(resource, job, poll, tell, cancel))
    except GeneratorExit:  # nobody is left to do anything
        raise
    except BaseException as error:
        if delete_on_cancel and (
            isinstance(error, WaitCancelled) or not isinstance(error, Exception)
        ):
            error.add_note((yield from _deleted(resource, job)))
        elif not isinstance(error, JobError):
            error.add_note(_picked_up(job))
        raise


def _polled(
    resource: HasContext,
    job: JobState,
    poll: Poll,
    tell: Callable[[Video], Effect] | None,
    cancel: CancelToken | None,
) -> Flow[Video]:
    clock = resource.context.clock
    told: tuple[str, int | None] | None = None
    decision: Decision | None = None
    while True:
        decided = clock.monotonic()
        if tell and poll.video and told != (poll.video.status, poll.video.progress):
            told = (poll.video.status, poll.video.progress)
            yield tell(poll.video)
        if decision is None:
            decision = poll.begin(
                asked=job.asked, seen=job.seen, chance=clock.random(), now=clock.monotonic()
            )
        _log(poll, decision)
        try:
            match decision:
                case Pause(seconds):
                    # Who was told may have taken its time.
                    seconds -= clock.monotonic() - decided
                    if seconds > 0:
                        yield Sleep(seconds, cancel)
                    decision = poll.woke(clock.monotonic())
                case Look(seconds):
                    decision = yield from _look(resource, job, poll, seconds, cancel)
                case Finish(video):
                    return video
                case Stop(error):
                    raise error
        except Cancelled:
            raise WaitCancelled(
                f"The wait for {job.id} was cancelled ({poll.last_seen()}). {_picked_up(job)}",
                job_id=job.id,
                video=poll.video,
            ) from None


def _look(
    resource: HasContext,
    job: JobState,
    poll: Poll,
    seconds: float | None,
    cancel: CancelToken | None,
) -> Flow[Decision]:
    if cancel and cancel.cancelled:
        raise Cancelled
    sight = yield from look(resource, operations.retrieve(job.id), seconds, cancel)
    decision = judged(poll, sight, chance=resource.context.clock.random())
    if not isinstance(sight.result, APIError):
        job.saw(sight.result, asked=sight.asked, now=sight.time)
    return decision


def _picked_up(job: JobState) -> str:
    return f"The job runs on: wait for it again, or with videos.job({job.id!r}) in another process."


def _deleted(resource: HasContext, job: JobState) -> Flow[str]:
    """Try to delete a job; return what became of it, as a note."""
    call = operations.delete(job.id)
    try:
        response = yield from send(call, seconds=_LONGEST_DELETION)
        if call.answers(response) and call.decode(response).deleted:
            return f"The job {job.id} was deleted at the server."
        reason = str(status_error(response, creates=False))
    except BaseException as error:  # noqa: BLE001 - it gives way to the one that is going on
        reason = str(error) or type(error).__name__
    return f"The job could not be deleted ({reason}). {_picked_up(job)}"


def _log(poll: Poll, decision: Decision) -> None:
    if not logger.isEnabledFor(logging.DEBUG):
        return
    match decision:
        case Pause(seconds):
            error = poll.last_error
            why = type(error).__name__ if error else poll.video.status if poll.video else "new"
            logger.debug("%s: looked at again in %.3f s (%s)", poll.job_id, seconds, why)
        case Look(seconds):
            limit = "" if seconds is None else f", {seconds:.3f} s before the deadline"
            logger.debug("%s: looked at (look %d%s)", poll.job_id, poll.attempts, limit)
        case Finish(video):
            logger.debug("%s: over after %d looks, %s", poll.job_id, poll.attempts, video.status)
        case Stop(error):
            logger.debug(
                "%s: given up after %d looks (%s)", poll.job_id, poll.attempts, type(error).__name__
            )


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
