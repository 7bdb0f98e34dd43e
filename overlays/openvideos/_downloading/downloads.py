"""Bring what a job made onto the disk: whole, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import (
    APIError,
    APIStatusError,
    OpenVideosError,
    UnexpectedContent,
    UnsupportedByServer,
    VariantUnsupported,
    VideoExpired,
    VideoNotReady,
)
from .._flows.flows import Flow, Sleep
from .._http.calls import Call, given
from .._http.pauses import retry_after
from .._http.requests import execute
from .._protocol.error_bodies import describe
from .._protocol.media_types import media_type
from .._protocol.operations import Variant, download_content, retrieve
from .._waiting.limits import bounded
from .._waiting.statuses import is_final
from .._waiting.waiting import completed
from .arrivals import Arrival, pause_after, tried
from .parts import held_part
from .sources import sources_of
from .targets import part_place, safe_name, target_of
from .versions import Version

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from .._http.requests import HasContext
    from .._protocol.models import Video
    from .arrivals import Progress
    from .content import VideoContent
    from .sources import Source

# What servers answer for a file that is not there (yet): the job's status tells why.
_ASK_WHY = frozenset({400, 404, 405, 409, 410, 422, 425, 500, 501})
_NOT_YET = frozenset({400, 404, 409, 425})
_NO_SUCH_VARIANT = frozenset({400, 404, 405, 501})
_NO_RANGES = frozenset({400, 501})  # of servers that stumble over a request for a part

_APPEARS_WITHIN = 10.0  # seconds after completion in which files still appear at some servers
_PAUSE = 1.0


def downloaded(
    resource: HasContext,
    video_id: str,
    path: str | os.PathLike[str],
    *,
    variant: Variant | None,
    on_progress: Progress | None,
    overwrite: bool,
    seen: Video | None,
) -> Flow[Path]:
    """Do what `videos.download` does.

    Args:
        resource: Whose server to ask.
        video_id: As there; so are the arguments that are not explained here.
        path: The file or folder.
        variant: What to download.
        on_progress: Who is told.
        overwrite: Whether a file that stands there already is replaced.
        seen: The job as it was last seen: some servers tell there where its video is, and do not
            tell again. None if it never was.
    """
    chosen: Variant = given(variant) or "video"
    call = download_content(video_id, variant=variant)
    target = target_of(path, name=safe_name(video_id, chosen), overwrite=overwrite)
    source = f"{chosen} of {video_id} at {resource.context.settings.base_url}"
    with held_part(part_place(target), source) as part:
        arrival = Arrival(resource, target, part, chosen, on_progress)
        yield from _brought(arrival, call, video_id, seen)
        return target.place(part)


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


def _brought(
    arrival: Arrival, call: Call[VideoContent], video_id: str, seen: Video | None
) -> Flow[None]:
    """Bring a file from its content route, or from where else the server has it."""
    clock = arrival.resource.context.clock
    start, refusals = clock.monotonic(), 0
    elsewhere: list[OpenVideosError] | None = None  # what went wrong there
    while True:
        failure = yield from tried(arrival, call, hand_back=_ASK_WHY)
        if failure is None:
            return
        _note(failure, elsewhere)
        if not isinstance(failure, APIStatusError) or failure.status_code not in _ASK_WHY:
            raise failure
        video = yield from _asked_why(arrival.resource, video_id, failure, seen)
        reason = why_missing(video, failure, now=clock.now())
        if reason is not None:
            if not isinstance(reason, VideoNotReady):
                arrival.part.forget()
            raise reason from failure
        status = failure.status_code
        if arrival.variant != "video" and status in _NO_SUCH_VARIANT:
            raise _no_such_variant(arrival.variant, failure) from failure
        if arrival.variant == "video" and elsewhere is None:
            elsewhere = yield from _brought_from_elsewhere(arrival, video, failure)
            if elsewhere is None:
                return
            _note(failure, elsewhere)
        if status in _NO_RANGES and arrival.range_headers():
            arrival.part.forget()
            continue
        if (
            status in _NOT_YET
            and not isinstance(failure, UnsupportedByServer)
            and clock.monotonic() - start < _APPEARS_WITHIN
        ):
            asked = retry_after(failure.response.headers, clock.now())
            yield Sleep(_PAUSE if asked is None else bounded(asked))
            continue
        pause = pause_after(failure, refusals, arrival.resource)
        if pause is None:
            raise failure
        refusals += 1
        yield Sleep(pause)


def _brought_from_elsewhere(
    arrival: Arrival, video: Video, refusal: APIStatusError
) -> Flow[list[OpenVideosError] | None]:
    """Bring a file from where else the server has it; return what went wrong, None if nothing."""
    failures: list[OpenVideosError] = []
    base_url = arrival.resource.context.settings.base_url
    said = refusal.message if refusal.status_code == 400 else ""
    for source in sources_of(video, said, base_url):
        try:
            failure = yield from _brought_from(arrival, source)
        except UnexpectedContent as error:
            failure = error
        if failure is None:
            return None
        failures.append(failure)
    return failures


def _note(failure: OpenVideosError, others: list[OpenVideosError] | None) -> None:
    for other in others or ():
        failure.add_note(f"Nor could it be had from elsewhere: {other}")


def _brought_from(arrival: Arrival, source: Source) -> Flow[OpenVideosError | None]:
    if isinstance(source, str):
        arguments = {"method": "get", "url": source, "headers": {"Accept-Encoding": "identity"}}
        call: Call[None] = Call(arguments, decode=lambda _: None, brings_file=True)
        return (yield from tried(arrival, call))
    kind = media_type(source)
    if kind is None:
        return UnexpectedContent("the bytes that came with the job are no video")
    arrival.target.file(kind)
    arrival.part.begin(Version(), kind)
    arrival.part.write(source)
    return None


def _asked_why(
    resource: HasContext, video_id: str, error: APIStatusError, seen: Video | None
) -> Flow[Video]:
    try:
        return (yield from execute(resource, retrieve(video_id)))
    except APIError:
        if seen and sources_of(seen, "", resource.context.settings.base_url):
            return seen
        raise error from None  # it says more than that the job cannot be asked for either


def _no_such_variant(variant: str, refusal: APIStatusError) -> VariantUnsupported:
    return VariantUnsupported(
        f"this server makes no {variant}: {refusal}",
        response=refusal.response,
        details=describe(refusal.response),
    )
