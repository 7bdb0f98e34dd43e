"""Answers as ASGI applications."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import Send

RawHeaders = list[tuple[bytes, bytes]]


class Answer(Protocol):
    """Anything that can send itself as the answer to a request."""

    async def send(self, send: Send) -> None:
        """Send the whole answer."""


class JsonAnswer:
    """A JSON answer, rendered when it is made."""

    def __init__(
        self, content: Any, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> None:
        # Nothing that is echoed can fail to encode: a lone surrogate becomes a question mark.
        self.body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode(
            "utf-8", "replace"
        )
        self.status = status
        self.headers: RawHeaders = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(self.body)).encode()),
        ]
        if headers:
            self.headers += raw_headers(headers.items())

    async def send(self, send: Send) -> None:
        """Send the whole answer."""
        await send({"type": "http.response.start", "status": self.status, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.body})


def raw_headers(headers: Iterable[tuple[str, str]]) -> RawHeaders:
    """Return headers as ASGI wants them."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]
