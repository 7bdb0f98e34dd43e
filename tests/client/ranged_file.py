"""A file as a good server sends it: whole, or from a byte on where it is still the same."""

from __future__ import annotations

import re
from collections.abc import Mapping

from attrs import evolve, field, frozen

from .faulty_server import Reply, Request

MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 1000
OTHER_MP4 = b"\x00\x00\x00\x18ftypisom" + bytes(reversed(range(256))) * 900


@frozen
class RangedFile:
    """One version of a file.

    Attributes:
        content: Its bytes.
        headers: What every answer says of it, with its ETag or the like.
    """

    content: bytes = MP4
    headers: Mapping[str, str] = field(factory=lambda: {"ETag": '"1"'})

    def whole(self) -> Reply:
        return Reply(self.content, headers=self.headers)

    def rest(self, start: int, end: int | None = None) -> Reply:
        piece = self.content[start:end]
        said = f"bytes {start}-{start + len(piece) - 1}/{len(self.content)}"
        return Reply(piece, 206, {**self.headers, "Content-Range": said})

    def nothing_more(self) -> Reply:
        said = f"bytes */{len(self.content)}"
        return Reply(b"", 416, {**self.headers, "Content-Range": said})

    def answer(self, request: Request) -> Reply:
        asked = asked_from(request)
        known = {self.headers.get("ETag"), self.headers.get("Last-Modified")} - {None, ""}
        if asked is None or request.headers.get("if-range", *known) not in known:
            return self.whole()
        return self.rest(asked) if asked < len(self.content) else self.nothing_more()


def asked_from(request: Request) -> int | None:
    """From which byte on a request asks for a file; None where it asks for the whole."""
    match = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
    return int(match[1]) if match else None


def cut(reply: Reply, after: int) -> Reply:
    return evolve(reply, cut_after=after)
