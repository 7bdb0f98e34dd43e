"""What a job made, in memory, and whether it is what was asked for."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._errors import UnexpectedContent
from ._media_types import media_type
from ._targets import partial_file, target_path

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Iterator, Mapping

    from ._responses import Response

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
        """Yield the bytes in pieces of `chunk_size`."""
        size = chunk_size or _PIECE
        for start in range(0, len(self.content), size):
            yield self.content[start : start + size]

    def write_to_file(self, file: str | os.PathLike[str]) -> None:
        """Write all bytes to a file, which appears under its name when it is whole."""
        with partial_file(target_path(file)) as part:
            part.write(self.content)

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

        async def pieces() -> AsyncIterator[bytes]:
            for piece in self.iter_bytes(chunk_size):
                yield piece

        return pieces()

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
    """
    raise_if_unexpected(variant, response)
    return VideoContent(response)


def raise_if_unexpected(variant: str, response: Response) -> None:
    """Tell by its type and first bytes whether an answer is what was asked for.

    Args:
        variant: What was asked for.
        response: The answer, with the first bytes of its body at least.

    Raises:
        UnexpectedContent: It is something else, such as JSON, or a video in place of a picture.
    """
    start = response.content[:START]
    if not start:
        raise UnexpectedContent(f"{response.url} answered {response.status_code} with nothing")
    known = media_type(start)
    kind = known or response.media_type
    group = kind.partition("/")[0]
    if group == "video" and variant != "video":
        raise UnexpectedContent(
            f"{response.url} sent the video in place of the {variant}: this server has no variants"
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
