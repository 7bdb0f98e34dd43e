"""Download what a job made."""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO

from starlette.responses import Response, StreamingResponse

from openvideos_emulator.errors import ApiError
from openvideos_emulator.jobs import find_job, find_scene
from openvideos_emulator.ranges import ByteRange, UnsatisfiableRangeError, asked_range, is_unchanged

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.requests import Request

    from openvideos_emulator.media.studio import Asset
    from openvideos_emulator.service import Call, Service
    from openvideos_emulator.timetable import Job

_UNITS = (("hours", 3600), ("minutes", 60), ("seconds", 1))
_CHUNK = 1024 * 1024


async def download(service: Service, call: Call) -> Response:
    """Send a completed video's MP4, thumbnail or spritesheet."""
    job = await find_job(service, call, call.path["video_id"])
    now = call.now()
    status = job.status(now)
    if status == "failed":
        raise ApiError(404, "Video generation failed, so there is nothing to download.")
    if status != "completed":
        raise ApiError(
            404, "Video is not ready yet, use GET /v1/videos/{video_id} to check status."
        )
    if job.expired(now):
        raise ApiError(
            404,
            f"The video is no longer available. Downloads expire after {_kept_for(job)}.",
        )
    scene, first_frame = await find_scene(service, call, job)
    variant = call.query.get("variant", "video")
    asset, file = await service.studio.open(scene, variant, first_frame)
    try:
        await find_job(service, call, job.id)
    except ApiError:
        # It was deleted while the file was made.
        file.close()
        service.studio.forget(scene)
        raise
    try:
        return _response(asset, file, call.request)
    except BaseException:
        file.close()
        raise


def _kept_for(job: Job) -> str:
    """Return how long a job's assets were kept, as the service puts it: `1 hours` [seen]."""
    timetable = job.timetable
    seconds = timetable.expires // 1000 - timetable.ended // 1000
    unit, length = next(each for each in _UNITS if seconds % each[1] == 0)
    return f"{seconds // length} {unit}"


def _response(asset: Asset, file: BinaryIO, request: Request) -> Response:
    headers = {"ETag": asset.etag}
    if is_unchanged(request.headers.get("if-none-match"), asset.etag):
        file.close()
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    # A range is GET's alone (RFC 9110, 14.2).
    header = request.headers.get("range") if request.method == "GET" else None
    try:
        asked = asked_range(header, request.headers.get("if-range"), asset.etag, asset.size)
    except UnsatisfiableRangeError as error:
        raise ApiError(
            416,
            "The requested range is not satisfiable.",
            headers={"Content-Range": f"bytes */{asset.size}"},
        ) from error
    part = asked or ByteRange(0, asset.size)
    headers |= {"Accept-Ranges": "bytes", "Content-Length": str(part.end - part.start)}
    if asked:
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{asset.size}"
    return StreamingResponse(
        _pieces(file, part),
        status_code=HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK,
        headers=headers,
        media_type=asset.media_type,
    )


async def _pieces(file: BinaryIO, part: ByteRange) -> AsyncIterator[bytes]:
    with file:
        file.seek(part.start)
        left = part.end - part.start
        while left:
            piece = await asyncio.to_thread(file.read, min(_CHUNK, left))
            if not piece:
                raise OSError(f"{file.name} became shorter while it was sent")
            left -= len(piece)
            yield piece
