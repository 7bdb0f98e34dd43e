"""What a job made, in memory, and whether it is what was asked for."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

from .._errors import (
    ChecksumMismatch,
    DownloadIncomplete,
    UnexpectedContent,
    VariantUnsupported,
)
from .._http.body_pieces import checked_size
from .._protocol.media_types import media_type
from .targets import write_whole
from .versions import Piece, Version, place_of

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Iterator, Mapping

    from .._http.responses import Response

START = 16  # bytes that tell what a file is
_PIECE = 65_536  # bytes


class VideoContent:
    """A video, thumbnail or spritesheet in memory, with the names of the official SDK.

    Attributes:
        response: The answer that brought it.
    """

    def __init__(self, response: Response) -> None:
        self.response = response

    def __repr__(self) -> str:
        return f"<VideoContent {self.content_type}, {len(self.content)} bytes>"

    @property
    def content(self) -> bytes:
        """All bytes."""
        return self.response.content

    @property
    def content_type(self) -> str:
        """What the server says that it is, such as `video/mp4`."""
        return self.response.media_type

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers of the answer."""
        return self.response.headers

    def read(self) -> bytes:
        """Return all bytes."""
        return self.content

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Return an iterator over the bytes in pieces of `chunk_size`.

        Raises:
            InvalidInput: `chunk_size` is not positive.
        """
        size = _PIECE if chunk_size is None else checked_size(chunk_size)
        return (self.content[start : start + size] for start in range(0, len(self.content), size))

    def iter_raw(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Return `iter_bytes`."""
        return self.iter_bytes(chunk_size)

    def write_to_file(self, file: str | os.PathLike[str]) -> None:
        """Write all bytes to a file, which appears under its name when it is whole.

        Raises:
            InvalidInput: It cannot be written there.
            DownloadError: It cannot be written to its end.
        """
        write_whole(file, self.content)

    def stream_to_file(
        self, file: str | os.PathLike[str], *, chunk_size: int | None = None
    ) -> None:
        """Write all bytes to a file, as `write_to_file` does."""
        self.write_to_file(file)

    def close(self) -> None:
        """Do nothing: all bytes are here already."""

    async def aread(self) -> bytes:
        """Return all bytes."""
        return self.content

    async def aiter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Return an async iterator over the bytes in pieces of `chunk_size`."""
        pieces = self.iter_bytes(chunk_size)

        async def awaited() -> AsyncIterator[bytes]:
            for piece in pieces:
                yield piece

        return awaited()

    async def aiter_raw(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Return `aiter_bytes`."""
        return await self.aiter_bytes(chunk_size)

    async def astream_to_file(
        self, file: str | os.PathLike[str], *, chunk_size: int | None = None
    ) -> None:
        """Write all bytes to a file, as `write_to_file` does."""
        self.write_to_file(file)

    async def aclose(self) -> None:
        """Do nothing: all bytes are here already."""


def video_content(response: Response, variant: str) -> VideoContent:
    """Return the content of an answer.

    Raises:
        UnexpectedContent: It is not what was asked for.
        VariantUnsupported: It is the video in place of another variant.
        DownloadIncomplete: It is only a part of it.
        ChecksumMismatch: It is not what the server says that it sent.
    """
    content = response.content
    kind_of(variant, response)
    place = place_of(response, 0, Version())
    if not isinstance(place, Piece) or {place.end, place.version.length} - {None, len(content)}:
        raise DownloadIncomplete(f"{response.url} sent only a part: {len(content)} bytes came")
    checksum = place.version.checksum
    if checksum and not checksum.is_of(io.BytesIO(content)):
        raise wrong_checksum(response.url, checksum.algorithm)
    return VideoContent(response)


def wrong_checksum(url: str, algorithm: str) -> ChecksumMismatch:
    """Return the error for bytes that are not those that a server means to have sent."""
    return ChecksumMismatch(f"what came from {url} does not have the {algorithm} that it tells")


def kind_of(variant: str, response: Response) -> str:
    """Return what kind of file an answer is; empty where neither it nor its server says.

    Args:
        variant: What was asked for.
        response: The answer, with the first bytes of its body at least.

    Raises:
        UnexpectedContent: It is something else, such as JSON or a picture.
        VariantUnsupported: It is the video in place of another variant.
    """
    start, said = response.content[:START], response.media_type
    if not start:
        raise UnexpectedContent(f"{response.url} answered {response.status_code} with nothing")
    known = media_type(start)
    kind = known or said
    group = kind.partition("/")[0]
    if group == "video" and variant != "video":
        raise VariantUnsupported(
            f"{response.url} sent the video in place of the {variant}: this server has no variants",
            response=response,
        )
    if group == "image" and variant == "video":
        raise UnexpectedContent(f"{response.url} sent {kind} in place of the video")
    if known is None and (
        group == "text"
        or kind.endswith(("json", "xml"))
        or start.lstrip().startswith((b"{", b"[", b"<"))  # whatever type it is said to have
    ):
        raise UnexpectedContent(
            f"{response.url} sent {kind or 'text'} in place of the {variant}: "
            f"{response.text[:200]!r}"
        )
    return kind
