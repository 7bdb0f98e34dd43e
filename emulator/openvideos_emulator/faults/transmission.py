"""How an answer leaves: its bytes, its pace, and the connection itself."""

from __future__ import annotations

import asyncio
import contextlib
import math
import os
import socket
import struct
from http import HTTPStatus
from typing import TYPE_CHECKING, Literal

import attrs

from openvideos_emulator.record import keep_record

if TYPE_CHECKING:
    from starlette.datastructures import MutableHeaders
    from starlette.types import Receive, Scope, Send

    from openvideos_emulator.http.protocol import Protocol

Ending = Literal["close", "reset"]
Garbage = Literal["answer", "chunk"]

# The zero makes sure that it is no HTTP, whatever comes after it.
_GARBAGE_AFTER_ZERO = 511
_PIECES_OF_A_HEAD = 10
_LOOK_EVERY = 0.002
# What the kernel has taken still needs a moment to the other side, before a reset undoes it.
_SECONDS_TO_ARRIVE = 0.02
_WITHOUT_BODY = {HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED}
_AT_ONCE = struct.pack("ii", 1, 0)


@attrs.define
class Transmission:
    """What is done to an answer while it is sent. Nothing, as it is made.

    Attributes:
        delay: How many seconds it waits.
        seconds_for_head: How many seconds the status line and the headers take.
        cut: How many bytes of the body are kept, with a Content-Length that says so.
        corrupted: Where bytes are inverted: from, up to and not with.
        added_length: How many bytes more than there are the Content-Length claims.
        chunks: In how many pieces the body comes.
        seconds_for_body: How many seconds these pieces take.
        ending: How the connection ends, `close` or `reset`, where it does.
        ends_after: After how many bytes of the body; None is before the status line.
        garbage: What random bytes stand for: the whole `answer`, or a `chunk` of its body.
    """

    delay: float = 0.0
    seconds_for_head: float = 0.0
    cut: int | None = None
    corrupted: list[tuple[int, int]] = attrs.field(factory=list)
    added_length: int = 0
    chunks: int = 1
    seconds_for_body: float = 0.0
    ending: Ending | None = None
    ends_after: int | None = None
    garbage: Garbage | None = None

    @property
    def breaks_rules(self) -> bool:
        """Whether it is no answer that a server of HTTP would send."""
        return bool(self.seconds_for_head or self.added_length or self.ending or self.garbage)

    @property
    def has_head(self) -> bool:
        """Whether a status line and headers are sent."""
        return self.garbage != "answer" and not (self.ending and self.ends_after is None)


class Transmitter:
    """Sends one answer, piece by piece."""

    def __init__(
        self, transmission: Transmission, scope: Scope, receive: Receive, send: Send
    ) -> None:
        self._transmission = transmission
        self._scope = scope
        self._receive = receive
        self._send = send
        self._has_body = scope["method"] != "HEAD"
        self._connection: ClientConnection | None = None
        if transmission.breaks_rules:
            self._connection = ClientConnection(scope["connection"], receive)
        self._is_over = False
        self._passed = 0
        self._chunk = 0
        self._in_chunk = 0

    async def start(self, status: int, headers: MutableHeaders, length: int | None) -> None:
        """Send the status line and the headers.

        Args:
            status: The HTTP status.
            headers: The headers, whose Content-Length is put right, or wrong.
            length: How many bytes the body will have, None where that is not known.
        """
        transmission = self._transmission
        if transmission.delay:
            await keep_record(self._scope)
            await pause(transmission.delay, self._receive)
        if length is not None:
            length = length if transmission.cut is None else min(length, transmission.cut)
            headers["content-length"] = str(max(0, length + transmission.added_length))
        if status in _WITHOUT_BODY:
            self._has_body = False
            del headers["content-length"]
        # Each piece has its pause before it, the first too, as WireMock has it.
        self._chunk = self._in_chunk = math.ceil((length or 1) / transmission.chunks) or 1
        if self._connection is None:
            raw = headers.raw
            await self._send({"type": "http.response.start", "status": status, "headers": raw})
            return
        if transmission.garbage == "chunk":
            status = HTTPStatus.OK
        if transmission.has_head:
            # Whoever is around sees nothing of an answer that goes past the server.
            self._scope["status"] = status
        await keep_record(self._scope, self._scope.get("status"))
        if transmission.garbage == "answer":
            await self._connection.write(_garbage())
            await self._end(self._connection, "close")
        elif transmission.ending and transmission.ends_after is None:
            await self._end(self._connection, transmission.ending)
        elif transmission.garbage == "chunk":
            del headers["content-length"]
            headers["transfer-encoding"] = "chunked"
            await self._connection.write_head(status, headers, transmission.seconds_for_head)
            await self._connection.write(_garbage())
            await self._end(self._connection, "close")
        else:
            await self._connection.write_head(status, headers, transmission.seconds_for_head)
            if transmission.ending and transmission.ends_after == 0:
                await self._end(self._connection, transmission.ending)

    async def piece(self, data: bytes) -> None:
        """Send the next bytes of the body."""
        if self._is_over or not data:
            return
        await self._paced(self._edited(data))
        transmission = self._transmission
        if (
            self._connection
            and transmission.ending
            and self._passed >= (transmission.ends_after or 0)
        ):
            await self._end(self._connection, transmission.ending)

    async def end(self) -> None:
        """Finish the answer."""
        if self._is_over:
            return
        if self._connection is None:
            await self._send({"type": "http.response.body", "body": b""})
        else:
            await self._end(self._connection, self._transmission.ending or "close")

    def _edited(self, data: bytes) -> bytes:
        start = self._passed
        transmission = self._transmission
        for limit in (transmission.cut, transmission.ends_after):
            if limit is not None:
                data = data[: max(0, limit - start)]
        self._passed += len(data)
        if not any(first < self._passed and start < end for first, end in transmission.corrupted):
            return data
        changed = bytearray(data)
        for first, end in transmission.corrupted:
            for place in range(max(first, start) - start, min(end, self._passed) - start):
                changed[place] ^= 0xFF
        return bytes(changed)

    async def _paced(self, data: bytes) -> None:
        seconds = self._transmission.seconds_for_body / self._transmission.chunks
        if not seconds:
            await self._write(data)
            return
        while data:
            if self._in_chunk == self._chunk:
                await pause(seconds, self._receive)
                self._in_chunk = 0
            room = self._chunk - self._in_chunk
            await self._write(data[:room])
            self._in_chunk += len(data[:room])
            data = data[room:]

    async def _write(self, data: bytes) -> None:
        if not data or not self._has_body:
            return
        if self._connection is None:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})
        else:
            await self._connection.write(data)

    async def _end(self, connection: ClientConnection, ending: Ending) -> None:
        self._is_over = True
        await connection.end(ending)


class ClientConnection:
    """The connection that a request came by, past the server of HTTP."""

    def __init__(self, protocol: Protocol, receive: Receive) -> None:
        self._protocol = protocol
        self._transport = protocol.transport
        self._receive = receive

    async def write_head(self, status: int, headers: MutableHeaders, seconds: float) -> None:
        """Write a status line and headers, over so many seconds, and that the end closes."""
        headers["connection"] = "close"
        fields = [*self._protocol.server_state.default_headers, *headers.raw]
        lines = [
            f"HTTP/1.1 {status} {_reason(status)}".encode(),
            *(name + b": " + value for name, value in fields),
        ]
        head = b"\r\n".join([*lines, b"", b""])
        if not seconds:
            await self.write(head)
            return
        size = math.ceil(len(head) / _PIECES_OF_A_HEAD)
        for start in range(0, len(head), size):
            await pause(seconds / _PIECES_OF_A_HEAD, self._receive)
            await self.write(head[start : start + size])

    async def write(self, data: bytes) -> None:
        """Write bytes, no faster than the other side takes them."""
        if not self._transport.is_closing():
            self._transport.write(data)
            await self._protocol.flow.drain()

    async def end(self, ending: Ending) -> None:
        """Close the connection, or reset it, when what was written is out."""
        if ending == "reset":
            await self._empty()
            if not self._transport.is_closing():
                own: socket.socket = self._transport.get_extra_info("socket")
                own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
                self._transport.abort()
        else:
            self._transport.close()
        # Only then the server knows, and expects no answer any more.
        while (await self._receive())["type"] != "http.disconnect":
            pass

    async def _empty(self) -> None:
        while self._transport.get_write_buffer_size() and not self._transport.is_closing():
            await asyncio.sleep(_LOOK_EVERY)
        await asyncio.sleep(_SECONDS_TO_ARRIVE)


async def pause(seconds: float, receive: Receive) -> None:
    """Wait for some time, but not for a client that has gone."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await receive())["type"] != "http.disconnect":
                pass


def _garbage() -> bytes:
    return b"\0" + os.urandom(_GARBAGE_AFTER_ZERO)


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
