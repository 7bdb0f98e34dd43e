"""Download what a job made."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, BinaryIO

from openvideos_emulator.answers import Answer, raw_headers
from openvideos_emulator.errors import ApiError
from openvideos_emulator.jobs import find_job, find_scene
from openvideos_emulator.ranges import ByteRange, UnsatisfiableRangeError, asked_range, is_unchanged

if TYPE_CHECKING:
    from starlette.types import Send

    from openvideos_emulator.media.studio import Asset
    from openvideos_emulator.service import Call, Service

_CHUNK = 1024 * 1024


async def download(service: Service, call: Call) -> Answer:
    """Send a completed video's MP4, thumbnail or spritesheet."""
    job = await find_job(service, call, call.path["video_id"])
    now = service.clock.now()
    status = job.status(now)
    if status == "failed":
        raise ApiError(404, "Video generation failed, so there is nothing to download.")
    if status != "completed":
        raise ApiError(
            404, "Video is not ready yet, use GET /v1/videos/{video_id} to check status."
        )
    if job.expired(now):
        raise ApiError(404, "The video is no longer available. Downloads expire after 1 hours.")
    scene, first_frame = await find_scene(service, call, job)
    variant = call.query.get("variant", "video")
    asset, file = await service.studio.open(scene, variant, first_frame)
    try:
        return _answer(asset, file, call)
    except BaseException:
        file.close()
        raise


def _answer(asset: Asset, file: BinaryIO, call: Call) -> Answer:
    if is_unchanged(call.header("if-none-match"), asset.etag):
        file.close()
        return _NotModified(asset)
    # A range is GET's alone (RFC 9110, 14.2).
    header = call.header("range") if call.method == "GET" else None
    try:
        asked = asked_range(header, call.header("if-range"), asset.etag, asset.size)
    except UnsatisfiableRangeError as error:
        raise ApiError(
            416,
            "The requested range is not satisfiable.",
            headers={"Content-Range": f"bytes */{asset.size}"},
        ) from error
    return _FileAnswer(asset, file, asked)


class _NotModified:
    """304: the client has the file already."""

    def __init__(self, asset: Asset) -> None:
        self._asset = asset

    async def send(self, send: Send) -> None:
        headers = raw_headers([("ETag", self._asset.etag)])
        await send({"type": "http.response.start", "status": 304, "headers": headers})
        await send({"type": "http.response.body"})


class _FileAnswer:
    """A file, or a part of it, sent in pieces."""

    def __init__(self, asset: Asset, file: BinaryIO, asked: ByteRange | None) -> None:
        self._asset = asset
        self._file = file
        self._partial = asked is not None
        self._range = asked or ByteRange(0, asset.size)

    async def send(self, send: Send) -> None:
        start, end = self._range.start, self._range.end
        headers = [
            ("Content-Type", self._asset.media_type),
            ("Content-Length", str(end - start)),
            ("Accept-Ranges", "bytes"),
            ("ETag", self._asset.etag),
        ]
        if self._partial:
            headers.append(("Content-Range", f"bytes {start}-{end - 1}/{self._asset.size}"))
        with self._file as file:
            await send(
                {
                    "type": "http.response.start",
                    "status": 206 if self._partial else 200,
                    "headers": raw_headers(headers),
                }
            )
            file.seek(start)
            left = end - start
            while left:
                piece = await asyncio.to_thread(file.read, min(_CHUNK, left))
                if not piece:
                    raise OSError(f"{self._asset.path} became shorter while it was sent")
                left -= len(piece)
                await send({"type": "http.response.body", "body": piece, "more_body": left > 0})
