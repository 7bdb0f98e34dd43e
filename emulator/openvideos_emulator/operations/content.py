"""Download what a job made."""

from __future__ import annotations

import asyncio
import errno
from http import HTTPStatus
from typing import TYPE_CHECKING, BinaryIO

from starlette.responses import Response

from openvideos_emulator.http.errors import ApiError
from openvideos_emulator.http.ranges import (
    ByteRange,
    UnsatisfiableRangeError,
    asked_range,
    is_unchanged,
)
from openvideos_emulator.jobs import find_first_frame, find_job, find_scene
from openvideos_emulator.media.shelf import NoRoomError
from openvideos_emulator.media.studio import BusyError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from openvideos_emulator.media.studio import Asset
    from openvideos_emulator.service import Call, Service
    from openvideos_emulator.timetable import Job

# Of the process, or of the whole machine.
_NO_MORE_FILES = {errno.EMFILE, errno.ENFILE}
_UNITS = (("hours", 3600), ("minutes", 60), ("seconds", 1))
_CHUNK = 1024 * 1024
# What is so little is read sooner than a thread is found for it.
_SMALL = 128 * 1024


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
    try:
        asset, file = await _opened(service, call, job)
    except OSError as error:
        if error.errno not in _NO_MORE_FILES:
            raise
        raise _busy("Too many files are open already.") from error
    try:
        return _response(asset, file, call.request)
    except BaseException:
        file.close()
        raise


async def _opened(service: Service, call: Call, job: Job) -> tuple[Asset, BinaryIO]:
    scene = await find_scene(service, call, job)
    variant = call.query.get("variant", "video")
    if known := service.studio.open_known(scene, variant):
        return known
    first_frame = await find_first_frame(service, job, scene)
    try:
        asset, file = await service.studio.open(scene, variant, first_frame)
    except BusyError as error:
        raise _busy("Too many videos are being made already.") from error
    except NoRoomError as error:
        raise ApiError(
            507,
            "The server's disk is full, so the video could not be made. Please make room on it.",
            kind="server_error",
        ) from error
    try:
        await find_job(service, call, job.id)
    except BaseException:
        # It was deleted while the file was made.
        file.close()
        service.studio.forget(scene)
        raise
    return asset, file


def _busy(reason: str) -> ApiError:
    return ApiError(
        503,
        f"{reason} Please try again later.",
        kind="server_error",
        headers={"Retry-After": "1"},
    )


def _kept_for(job: Job) -> str:
    """Return how long a job's assets were kept, as the service puts it: `1 hours` [seen]."""
    seconds = job.timetable.expires // 1000 - job.timetable.ended // 1000
    unit, length = next(each for each in _UNITS if seconds % each[1] == 0)
    return f"{seconds // length} {unit}"


def _response(asset: Asset, file: BinaryIO, request: Request) -> Response:
    headers = {"ETag": asset.etag}
    if is_unchanged(request.headers.getlist("if-none-match"), asset.etag):
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
    headers |= {
        "Accept-Ranges": "bytes",
        "Content-Length": str(part.end - part.start),
        "Content-Type": asset.media_type,
    }
    if asked:
        headers["Content-Range"] = f"bytes {part.start}-{part.end - 1}/{asset.size}"
    return _FileResponse(
        file, part, HTTPStatus.PARTIAL_CONTENT if asked else HTTPStatus.OK, headers
    )


class _FileResponse(Response):
    """A part of an open file, which is closed at the end, however that comes about."""

    def __init__(
        self, file: BinaryIO, part: ByteRange, status: HTTPStatus, headers: dict[str, str]
    ) -> None:
        super().__init__(status_code=status, headers=headers)
        self._file = file
        self._part = part

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._file as file:
            await send(
                {
                    "type": "http.response.start",
                    "status": self.status_code,
                    "headers": self.raw_headers,
                }
            )
            if scope["method"] == "HEAD":
                await send({"type": "http.response.body"})
                return
            file.seek(self._part.start)
            left = self._part.end - self._part.start
            while left:
                if left <= _SMALL:
                    piece = file.read(left)
                else:
                    piece = await asyncio.to_thread(file.read, min(_CHUNK, left))
                if not piece:
                    raise OSError(f"{file.name} became shorter while it was sent")
                left -= len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
