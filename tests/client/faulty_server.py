"""A small server on a real socket that answers as it is told: rightly, wrongly, or not at all."""

from __future__ import annotations

import atexit
import functools
import json
import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Mapping
from email.parser import BytesParser
from email.policy import HTTP
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self, cast
from urllib.parse import parse_qs, urlsplit

from attrs import define, field, frozen


@frozen
class Request:
    """What arrived."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes
    raw_headers: Any = None
    client_port: int = 0

    @property
    def path(self) -> str:
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, list[str]]:
        return parse_qs(urlsplit(self.target).query)

    def json(self) -> Any:
        return json.loads(self.body)

    def parts(self) -> list[tuple[str, str | None, str, bytes]]:
        """The parts of a form: name, file name, content type, content."""
        head = f"Content-Type: {self.headers['content-type']}\r\n\r\n".encode()
        message = BytesParser(policy=HTTP).parsebytes(head + self.body)
        return [
            (
                str(part.get_param("name", header="content-disposition")),
                part.get_filename(),
                part.get_content_type(),
                cast(bytes, part.get_payload(decode=True)),
            )
            for part in message.iter_parts()
        ]

    def fields(self) -> dict[str, str]:
        return {name: content.decode() for name, _, _, content in self.parts()}


@frozen
class Reply:
    """What to answer.

    Attributes:
        body: Bytes as they are; anything else as JSON.
        status: The HTTP status.
        headers: Headers beside Content-Length, which is right unless given here.
        cut_after: How many bytes of the body to send before the connection is closed.
        pieces: How many bytes to send at a time, with `pause` seconds between.
    """

    body: Any = b""
    status: int = 200
    headers: Mapping[str, str] = field(factory=dict)
    cut_after: int | None = None
    pieces: int | None = None
    pause: float = 0.0

    def content(self) -> bytes:
        return self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()


@frozen
class Reset:
    """Read the request, then break the connection off."""


@frozen
class Silence:
    """Read the request, then say nothing until the server is closed."""


@frozen
class SlowHead:
    """Read the request, then send headers without an end, a byte at a time."""


Answer = Reply | Reset | Silence | SlowHead
Script = Callable[[Request], Answer] | list[Answer]


@define
class FaultyServer:
    """Answers by a function, or by a list whose last answer repeats.

    Attributes:
        script: What to answer.
        certificate: What makes it speak https; None for http.
        port: Where it listens; left out, anywhere.
        requests: What arrived.
    """

    script: Script
    certificate: ssl.SSLContext | None = None
    port: int | None = None
    requests: list[Request] = field(factory=list, init=False)
    _server: ThreadingHTTPServer = field(init=False)
    _closing: threading.Event = field(factory=threading.Event, init=False)

    @property
    def base_url(self) -> str:
        scheme = "https" if self.certificate else "http"
        return f"{scheme}://127.0.0.1:{self._server.server_port}/v1"

    def answer(self, request: Request) -> Answer:
        self.requests.append(request)
        if callable(self.script):
            return self.script(request)
        return self.script[min(len(self.requests), len(self.script)) - 1]

    def __enter__(self) -> Self:
        self._server = _Server(("127.0.0.1", self.port or 0), _handler(self, self._closing))
        if self.certificate:
            plain = self._server.socket
            self._server.socket = self.certificate.wrap_socket(plain, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing.set()
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of connections that the client broke off."""


@functools.cache
def refusing_url() -> str:
    """An address at which nobody listens."""
    # The port stays taken: whoever connects to a free one often enough meets another test's server,
    # or itself, when its own end gets that port. A server that may reuse it can still listen there.
    taken = socket.socket()
    taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    taken.bind(("127.0.0.1", 0))
    atexit.register(taken.close)
    return f"http://127.0.0.1:{taken.getsockname()[1]}/v1"


def _handler(server: FaultyServer, closing: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 10
        disable_nagle_algorithm = True

        def handle_any(self) -> None:
            body = self._body()
            headers = {name.lower(): value for name, value in self.headers.items()}
            answer = server.answer(
                Request(
                    self.command, self.path, headers, body, self.headers, self.client_address[1]
                )
            )
            match answer:
                case Reset():
                    # Without lingering, closing sends a reset.
                    linger = struct.pack("ii", 1, 0)
                    self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                    self.close_connection = True
                    self.connection.close()
                case Silence():
                    closing.wait(20)
                    self.close_connection = True
                case SlowHead():
                    self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                    while not closing.wait(0.05):
                        self.wfile.write(b".")
                case Reply():
                    self._reply(answer)

        def __getattr__(self, name: str) -> Any:
            if name.startswith("do_"):
                return self.handle_any
            raise AttributeError(name)

        def _body(self) -> bytes:
            if "chunked" in self.headers.get("transfer-encoding", ""):
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
                return body
            return self.rfile.read(int(self.headers.get("content-length", 0)))

        def _reply(self, reply: Reply) -> None:
            content = reply.content()
            self.send_response(reply.status)
            kind = (
                "application/octet-stream" if isinstance(reply.body, bytes) else "application/json"
            )
            headers = {"content-type": kind, "content-length": str(len(content))}
            headers |= {name.lower(): value for name, value in reply.headers.items()}
            for name, value in headers.items():
                if value:
                    self.send_header(name, value)
            if not headers["content-length"]:
                self.send_header("connection", "close")
                self.close_connection = True
            self.end_headers()
            if reply.cut_after is not None:
                content = content[: reply.cut_after]
                self.close_connection = True
            try:
                for start in range(0, len(content), reply.pieces or len(content) or 1):
                    self.wfile.write(content[start : start + (reply.pieces or len(content))])
                    time.sleep(reply.pause)
                    if closing.is_set():
                        break
            except OSError:
                self.close_connection = True  # the client has gone

        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing."""

    return Handler
