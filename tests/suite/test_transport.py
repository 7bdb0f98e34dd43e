"""An answer is whole, in time and not too long, and what may be a key stays with the server."""

from __future__ import annotations

import gzip
import itertools
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator

import httpx
import pytest

from openvideos_contract.outcome import Nonconformity
from openvideos_contract.wire.gate import Gate
from openvideos_contract.wire.transport import Transport

Answer = Callable[[bytes], Iterable[bytes]]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
END = b"Content-Length: 2\r\n\r\n{}"


class Server:
    """Answers each request with the pieces that `answer` yields, one after another."""

    def __init__(self, answer: Answer) -> None:
        self.heads: list[bytes] = []
        self._answer = answer
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self._ended = threading.Event()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._talk, args=(connection,), daemon=True).start()

    def _talk(self, connection: socket.socket) -> None:
        with connection:
            try:
                while head := connection.recv(65_536):
                    self.heads.append(head)
                    for piece in self._answer(head):
                        connection.sendall(piece)
                        if self._ended.is_set():
                            return
            except OSError:
                return

    def close(self) -> None:
        self._ended.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()


@pytest.fixture
def serve() -> Iterator[Callable[[Answer], Server]]:
    servers: list[Server] = []

    def start(answer: Answer) -> Server:
        servers.append(Server(answer))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


@pytest.fixture
def transport() -> Iterator[Transport]:
    opened = Transport(timeout=0.3, rpm=None, user_agent="test")
    yield opened
    opened.close()


def ask(transport: Transport, server: Server, **headers: str) -> httpx.Response:
    request = transport.client.build_request("GET", f"http://{server.address}/", headers=headers)
    return transport.send(request)


def slowly(first: bytes, piece: bytes) -> Answer:
    def answer(head: bytes) -> Iterator[bytes]:
        yield first
        while True:
            time.sleep(0.02)
            yield piece

    return answer


@pytest.mark.parametrize(
    ("first", "piece"),
    [
        (b"HTTP/1.1 200 OK\r\nX: ", b"x"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
        (OK + b"Transfer-Encoding: chunked\r\n\r\n1;", b"x"),
        (OK + b"Content-Length: 10000000000\r\n\r\n", b"x"),
    ],
    ids=["head", "continue", "chunk extension", "body"],
)
def test_an_answer_that_trickles_without_an_end_is_given_up_in_time(
    serve: Callable[[Answer], Server], transport: Transport, first: bytes, piece: bytes
) -> None:
    server = serve(slowly(first, piece))
    with pytest.raises(httpx.ReadTimeout):
        ask(transport, server)


def test_the_body_of_a_redirect_is_not_read_and_redirects_have_an_end(
    serve: Callable[[Answer], Server], transport: Transport
) -> None:
    head = b"HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 10000000000\r\n\r\n"
    server = serve(lambda _: itertools.chain([head], itertools.repeat(b"x" * 65_536)))
    with pytest.raises(httpx.TooManyRedirects):
        ask(transport, server)


def test_no_header_that_may_be_a_key_goes_to_another_host(
    serve: Callable[[Answer], Server], transport: Transport
) -> None:
    there = serve(lambda _: [OK, END])
    moved = f"HTTP/1.1 302 Found\r\nLocation: http://{there.address}/\r\n".encode()
    here = serve(lambda _: [moved, END])
    keys = {"Authorization": "Bearer sk-secret", "api-key": "sk-secret", "X-Tenant": "sk-secret"}
    assert ask(transport, here, Range="bytes=0-1", **keys).content == b"{}"
    assert here.heads[0].count(b"sk-secret") == 3
    assert b"sk-secret" not in there.heads[0]
    assert b"range: bytes=0-1" in there.heads[0].lower()


def test_a_redirect_to_where_nobody_is_says_nothing_of_the_server(
    serve: Callable[[Answer], Server], gate_to: Callable[..., Gate]
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    moved = f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{port}/\r\n".encode()
    server = serve(lambda head: [moved if b"/content" in head else OK, END])
    gate = gate_to(f"http://{server.address}/v1")
    with pytest.raises(Nonconformity, match="redirected to 127"):
        gate.send("GET", "/videos/x/content")
    assert gate.send("GET", "/videos/x").ok


@pytest.mark.parametrize("location", ["javascript:alert(1)", "http://xn--a/", "file:///etc/passwd"])
def test_a_redirect_to_no_address_is_the_servers_fault(
    serve: Callable[[Answer], Server], gate_to: Callable[..., Gate], location: str
) -> None:
    moved = f"HTTP/1.1 302 Found\r\nLocation: {location}\r\n".encode()
    server = serve(lambda _: [moved, END])
    with pytest.raises(Nonconformity, match="a whole answer"):
        gate_to(f"http://{server.address}/v1").send("GET", "/videos/x")


def test_cookies_are_not_sent_back(serve: Callable[[Answer], Server], transport: Transport) -> None:
    server = serve(lambda _: [OK, b"Set-Cookie: session=mine; Path=/\r\n", END])
    ask(transport, server)
    ask(transport, server)
    assert b"cookie" not in b"".join(server.heads).lower()


def test_what_unpacks_without_an_end_is_not_unpacked_to_it(
    serve: Callable[[Answer], Server], transport: Transport
) -> None:
    packed = gzip.compress(bytes(9 * 2**20))
    length = f"Content-Length: {len(packed)}\r\n\r\n".encode()
    server = serve(lambda _: [OK, b"Content-Encoding: gzip\r\n", length, packed])
    with pytest.raises(httpx.RequestError, match="more than 8388608 bytes"):
        ask(transport, server)
    twice = serve(lambda _: [OK, b"Content-Encoding: gzip, gzip\r\n", length, packed])
    assert ask(transport, twice).content == packed


def test_a_header_may_hold_any_letter(
    serve: Callable[[Answer], Server], transport: Transport
) -> None:
    server = serve(lambda _: [OK, "Content-Disposition: filename=f\u00fcr.mp4\r\n".encode(), END])
    assert ask(transport, server).headers["content-disposition"] == "filename=f\u00fcr.mp4"
