"""Uploaded files: reference images, and videos to work from."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hashlib
import re
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import unquote_to_bytes

import attrs

from openvideos_emulator.catalogue import Size, parsed_size
from openvideos_emulator.http.bodies import Upload
from openvideos_emulator.http.errors import ApiError, bad_request, invalid_type, joined
from openvideos_emulator.media.facts import VideoFacts

if TYPE_CHECKING:
    from openvideos_emulator.service import Service

_PARAM = "input_reference"
_SUPPORTED = ["image/jpeg", "image/png", "image/webp"]
_UNDECLARED = {"", "application/octet-stream"}
# Escapes are read in pieces: all at once, millions take fifty times the memory of their text.
_PIECE = re.compile(r"(?:[^%]++|%.{0,2}){1,65536}+", re.DOTALL)


@attrs.frozen
class FirstFrame:
    """An image that was found to be one, of the right size."""

    data: bytes = attrs.field(repr=False)

    @property
    def digest(self) -> str:
        """A name for exactly this image."""
        return hashlib.sha256(self.data).hexdigest()


async def first_frame_of(service: Service, reference: Any, size: Size) -> FirstFrame | None:
    """Return the image of an `input_reference`.

    Args:
        service: The emulator.
        reference: The field: an `Upload`, or an object with `image_url` or `file_id`, or None.
        size: The size that the image must have.

    Returns:
        The image. None where there is none, and where it is not looked at and stands for one that
        fits: a file id (the emulator has no files), a URL unless `--allow-fetch` is given, and
        anything with `--canned`.

    Raises:
        ApiError: 400, it is no image, has other dimensions, or is given in a way that is not
            taken.
    """
    if reference is None:
        return None
    _refuse_arm(service.settings.input_reference, reference)
    if service.settings.canned:
        return None
    if isinstance(reference, Upload):
        upload: Upload | None = reference
    else:
        upload = await _from_url(reference.get("image_url"), fetch=service.settings.allow_fetch)
    if upload is None:
        return None
    declared = _declared_type(upload.content_type)
    _refuse_other_types(declared)

    def measure() -> tuple[int, int]:
        from openvideos_emulator.media import probes

        try:
            return probes.image_size(upload.data, service.catalogue.largest)
        except probes.NotMediaError as error:
            if declared in _UNDECLARED:
                _refuse_type(declared or "application/octet-stream")
            raise _invalid(str(error)) from error

    if await asyncio.to_thread(measure) != (size.width, size.height):
        raise bad_request("Inpaint image must match the requested width and height", param=_PARAM)
    return FirstFrame(upload.data)


async def video_facts_of(service: Service, upload: Upload) -> VideoFacts:
    """Return what an uploaded video is like. With `--canned` it is not looked at.

    Raises:
        ApiError: 400, it is no video.
    """
    if service.settings.canned:
        size = parsed_size(service.catalogue.default_size)
        return VideoFacts(size.width, size.height, float(service.catalogue.default_seconds))

    def look() -> VideoFacts:
        from openvideos_emulator.media import probes

        try:
            return probes.video_facts(upload.data)
        except probes.NotMediaError as error:
            raise bad_request(
                f"Invalid video file 'video': {error}.", param="video", code="invalid_video_file"
            ) from error

    return await asyncio.to_thread(look)


def _refuse_arm(accepted: str, reference: Any) -> None:
    """Refuse a file where an object is asked for, and the other way round [seen]."""
    if accepted == "object" and isinstance(reference, Upload):
        raise invalid_type(_PARAM, "an object", "a file")
    if accepted == "file" and not isinstance(reference, Upload):
        raise invalid_type(_PARAM, "a file", "an object")


def _declared_type(content_type: str | None) -> str:
    return (content_type or "").partition(";")[0].strip().lower()


def _refuse_other_types(declared: str) -> None:
    if declared not in _UNDECLARED and declared not in _SUPPORTED:
        _refuse_type(declared)


async def _from_url(url: str | None, *, fetch: bool) -> Upload | None:
    """Return the image that a URL names, None where that is not looked at."""
    if url is None:
        return None
    if url[:5].lower() == "data:":
        return await asyncio.to_thread(_from_data_url, url)
    if not fetch:
        return None
    from openvideos_emulator.operations.fetching import Fetcher

    return Upload(
        *await Fetcher().fetch(url, lambda kind: _refuse_other_types(_declared_type(kind)))
    )


def _from_data_url(url: str) -> Upload:
    match = re.fullmatch(r"data:([^,]*),(.*)", url, re.DOTALL | re.IGNORECASE)
    if match is None:
        raise _invalid("the data: URL has no comma before its data")
    kind, _, encoding = match[1].rpartition(";")
    data = b"".join(unquote_to_bytes(piece[0]) for piece in _PIECE.finditer(match[2]))
    if encoding.strip().lower() != "base64":
        return Upload(data, match[1])
    try:
        return Upload(base64.b64decode(data, validate=True), kind)
    except binascii.Error as error:
        raise _invalid("the data: URL is not valid Base64") from error


def _invalid(reason: str) -> ApiError:
    return bad_request(
        f"Invalid image file '{_PARAM}': {reason}.", param=_PARAM, code="invalid_image_file"
    )


def _refuse_type(declared: str) -> NoReturn:
    raise bad_request(
        f"Invalid file '{_PARAM}': unsupported mimetype ('{declared}'). Supported file formats "
        f"are {joined(_SUPPORTED, 'and')}.",
        param=_PARAM,
        code="unsupported_file_mimetype",
    )
