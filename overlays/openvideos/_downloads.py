"""Bring what a job made onto the disk: whole, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._content import START, raise_if_unexpected
from ._errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    DownloadIncomplete,
    OpenVideosError,
    TargetExists,
    VideoExpired,
    VideoNotReady,
)
from ._flows import Close, Flow, Sleep, open_stream, read
from ._operations import Variant, download_content, retrieve
from ._pauses import retry_after
from ._polling import bounded
from ._requests import execute
from ._retries import pause_before_retry
from ._status_errors import status_error
from ._statuses import is_final
from ._targets import partial_file, target_path
from ._waiting import completed

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from pathlib import Path

    from ._calls import Call
    from ._content import VideoContent
    from ._models import Video
    from ._requests import HasContext
    from ._responses import Response
    from ._transport import Stream

# What servers answer for a file that is not there (yet): the job's status tells why.
_ASK_WHY = frozenset({400, 404, 409, 410, 422, 425, 500})
_NOT_YET = _ASK_WHY - {410, 422, 500}
_APPEARS_WITHIN = 10.0  # seconds after completion in which files still appear at some servers
_PAUSE = 1.0
_LONGEST_ERROR_BODY = 1_000_000  # bytes


def download(  # noqa: D417 - the first argument becomes self
    resource: HasContext,
    video_id: str,
    path: str | os.PathLike[str],
    *,
    variant: Variant | None = None,
    on_progress: Callable[[int, int | None], object] | None = None,
    overwrite: bool = True,
) -> Flow[Path]:
    """Write what a job made to a file; return its path.

    It is written as it comes, to `<name>.part` beside the target, and gets its name when it is
    whole: a file that stood there before stays until then. Memory use does not grow with its size.

    Args:
        video_id: The id that creating it gave.
        path: The file to write. Its folder must exist.
        variant: `video` (the default), `thumbnail` or `spritesheet`.
        on_progress: Called as the file comes, with how many bytes have come and how many there
            are, None where the server does not say.
        overwrite: Whether a file that stands there already is replaced.

    Raises:
        InvalidInput: The path cannot be written to.
        TargetExists: A file stands there already, and is not to be replaced.
        VideoNotReady: The job is not finished.
        VideoFailed: The job failed; likewise the errors for cancelled, expired and deleted ones.
        DownloadError: The file did not arrive whole, or something else did.
        APIError: The request did not succeed.
    """
    clock, settings = resource.context.clock, resource.context.settings
    target = target_path(path)
    if target.exists() and not overwrite:
        raise TargetExists(f"{target} is there already; overwrite=True replaces it")
    call = download_content(video_id, variant=variant)
    start = clock.monotonic()
    attempt = 0
    while True:
        outcome: Response | APIConnectionError
        try:
            yield from _fetch(resource, call, target, variant or "video", on_progress)
        except DownloadIncomplete as error:
            failure: OpenVideosError = error
            outcome = APIConnectionError(str(error))
        except APIConnectionError as error:
            failure = outcome = error
        except APIStatusError as error:
            failure, outcome = error, error.response
            if outcome.status_code in _ASK_WHY:
                video = yield from _asked_why(resource, video_id, error)
                reason = why_missing(video, error, now=clock.now())
                if reason is not None:
                    raise reason from error
                if (
                    call.arguments["params"].get("variant") is None
                    and outcome.status_code in _NOT_YET
                    and clock.monotonic() - start < _APPEARS_WITHIN
                ):
                    asked = retry_after(outcome.headers, clock.now())
                    yield Sleep(_PAUSE if asked is None else bounded(asked))
                    continue
        else:
            return target
        pause = pause_before_retry(
            outcome,
            creates=False,
            attempt=attempt,
            max_retries=settings.max_retries,
            now=clock.now(),
            chance=clock.random(),
        )
        if pause is None:
            raise failure
        yield Sleep(pause)
        attempt += 1


def why_missing(video: Video, error: APIStatusError, *, now: float) -> OpenVideosError | None:
    """Return why there is nothing to download, by the job; None where it says nothing against it.

    Args:
        video: The job.
        error: What the server answered in place of the file.
        now: Unix seconds.
    """
    if not is_final(video.status):
        return VideoNotReady(
            f"{video.id} is not finished ({video.status}, {video.progress or 0} %): wait() first",
            job_id=video.id,
            video=video,
        )
    try:
        completed(video)
    except OpenVideosError as reason:
        return reason
    if error.status_code == 410 or (video.expires_at is not None and video.expires_at <= now):
        return VideoExpired(
            f"{video.id} was completed, but what it made is no longer kept: {error.message}",
            job_id=video.id,
            video=video,
        )
    return None


def _asked_why(resource: HasContext, video_id: str, error: APIStatusError) -> Flow[Video]:
    try:
        return (yield from execute(resource, retrieve(video_id)))
    except APIError:
        raise error from None  # it says more than that the job cannot be asked for either


def _fetch(
    resource: HasContext,
    call: Call[VideoContent],
    target: Path,
    variant: str,
    on_progress: Callable[[int, int | None], object] | None,
) -> Flow[None]:
    settings = resource.context.settings
    stream = yield from open_stream(call)
    try:
        response = stream.response(settings)
        if not response.is_success:
            body = yield from _read_at_least(stream, _LONGEST_ERROR_BODY)
            raise status_error(stream.response(settings, body), creates=False)
        piece = yield from _read_at_least(stream, START)
        raise_if_unexpected(variant, stream.response(settings, piece))
        with partial_file(target) as file:
            while piece:
                file.write(piece)
                if on_progress:
                    on_progress(file.tell(), None)
                piece = yield from _rest(response, stream)
            _check_length(response, stream.received)
    finally:
        yield Close(stream)


def _read_at_least(stream: Stream, size: int) -> Flow[bytes]:
    data = b""
    while len(data) < size and (piece := (yield from read(stream))):
        data += piece
    return data


def _rest(response: Response, stream: Stream) -> Flow[bytes]:
    try:
        return (yield from read(stream))
    except APIConnectionError as error:
        raise DownloadIncomplete(
            f"{response.url} broke off after {stream.received} bytes: {error}"
        ) from error


def _check_length(response: Response, received: int) -> None:
    announced = response.headers.get("content-length", "")
    if response.status_code == 206:  # a part, though the whole was asked for
        announced = response.headers.get("content-range", "").rpartition("/")[2]
    if announced.isdecimal() and int(announced) != received:
        raise DownloadIncomplete(f"{response.url} broke off: {received} of {announced} bytes came")
