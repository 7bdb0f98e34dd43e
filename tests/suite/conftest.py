"""A server that takes anything, and others that are no server at all."""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from openvideos_contract.contract import Contract
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.gate import Gate


class LenientServer:
    """Accepts whatever is sent to it, and keeps a log; its own videos were there before.

    With a `film`, that is the content of each video; with `keeps_prompts`, each has the body of its
    create as its prompt.
    """

    def __init__(self) -> None:
        self.log: list[tuple[str, str]] = []
        self.film: bytes | None = None
        self.keeps_prompts = False
        self.asked = b""
        self.characters: dict[str, dict[str, Any]] = {}
        self.accepted: list[str] = []
        self.videos = {f"own_{number}": video(f"own_{number}") for number in range(3)}
        self.status_of_jobs = "completed"
        self._lock = threading.Lock()
        handler = type("Handler", (_Handler,), {"lenient": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.base_url = f"http://127.0.0.1:{self._server.server_port}/v1"
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )
        self._thread.start()

    def answer(self, method: str, path: str) -> tuple[int, Any]:
        """Return the status and the body of the answer to a request."""
        with self._lock:
            self.log.append((method, path))
            route, _, query = path.removeprefix("/v1").partition("?")
            parts = route.strip("/").split("/")
            if method in {"POST", "PUT", "PATCH"}:
                made = f"made_{len(self.accepted)}"
                self.accepted.append(made)
                if parts[-1] == "characters":
                    self.characters[made] = {"id": made, "name": "any", "created_at": 1}
                    return 200, self.characters[made]
                self.videos[made] = video(made, self.status_of_jobs)
                if self.keeps_prompts:
                    self.videos[made]["prompt"] = self.asked.decode("utf-8", "replace")
                return 200, self.videos[made]
            if parts[:2] == ["videos", "characters"] and parts[-1] in self.characters:
                return 200, self.characters[parts[-1]]
            if parts == ["videos"]:
                return 200, listing(list(self.videos.values()))
            if method == "DELETE":
                gone = self.videos.pop(parts[1], None)
                return (
                    (200, {"id": parts[1], "object": "video.deleted", "deleted": True})
                    if gone
                    else (404, {})
                )
            found = self.videos.get(parts[1]) if parts[0] == "videos" else None
            if found and parts[-1] == "content" and self.film is not None:
                return 200, self.film
            return (200, found) if found else (404, {"error": {"message": route, "query": query}})

    def close(self) -> None:
        """Stop serving."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Handler(BaseHTTPRequestHandler):
    lenient: LenientServer
    protocol_version = "HTTP/1.1"

    def _serve(self) -> None:
        self.lenient.asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        status, body = self.lenient.answer(self.command, self.path)
        film = isinstance(body, bytes)
        data = body if film else json.dumps(body).encode()
        kind = "video/mp4" if film else "application/json"
        head = f"HTTP/1.1 {status} -\r\nContent-Type: {kind}\r\n"
        self.wfile.write(f"{head}Content-Length: {len(data)}\r\n\r\n".encode() + data)

    do_GET = do_POST = do_DELETE = do_PUT = do_PATCH = _serve  # noqa: N815 - names of the base class

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


def video(video_id: str, status: str = "completed") -> dict[str, Any]:
    return {
        "id": video_id,
        "object": "video",
        "model": "any",
        "status": status,
        "progress": 100 if status == "completed" else 0,
        "created_at": int(time.time()) - 60,
        "completed_at": None,
        "expires_at": None,
        "prompt": None,
        "size": "720x1280",
        "seconds": "4",
        "remixed_from_video_id": None,
        "error": None,
    }


def listing(videos: list[dict[str, Any]]) -> dict[str, Any]:
    ids = [found["id"] for found in videos] or [None]
    return {
        "object": "list",
        "data": videos,
        "first_id": ids[0],
        "last_id": ids[-1],
        "has_more": False,
    }


@pytest.fixture(autouse=True, scope="session")
def ledgers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder where runs note what they make; not the one of whoever runs these tests."""
    state = tmp_path_factory.mktemp("state")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_STATE_HOME", str(state))
        yield state / "openvideos" / "conform"


@pytest.fixture
def lenient() -> Iterator[LenientServer]:
    server = LenientServer()
    yield server
    server.close()


@pytest.fixture
def gate_to() -> Iterator[Callable[..., Gate]]:
    """Makes a gate to a server; further arguments are those of `Configuration`."""
    gates = []

    def make(base_url: str, **settings: Any) -> Gate:
        settings.setdefault("api_key", "sk-secret-of-the-test")
        gates.append(Gate(Configuration(base_url=base_url, **settings), Contract.load(None)))
        return gates[-1]

    yield make
    for gate in gates:
        gate.close()


@pytest.fixture
def serve_raw() -> Iterator[Callable[[bytes | None], str]]:
    """Serves fixed bytes to whoever connects; None resets the connection, b"" never answers."""
    listeners: list[socket.socket] = []
    held: list[socket.socket] = []

    def handle(listener: socket.socket, answer: bytes | None) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            if answer is None:
                # Closing with a linger of zero sends a reset.
                linger = struct.pack("ii", 1, 0)
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
                connection.close()
                continue
            if not answer:
                held.append(connection)
                continue
            connection.recv(65_536)
            connection.sendall(answer)
            connection.close()

    def start(answer: bytes | None) -> str:
        listener = socket.create_server(("127.0.0.1", 0))
        listeners.append(listener)
        threading.Thread(target=handle, args=(listener, answer), daemon=True).start()
        return f"http://127.0.0.1:{listener.getsockname()[1]}/v1"

    yield start
    for opened in (*listeners, *held):
        # Wakes the thread that waits in accept.
        if opened in listeners:
            opened.shutdown(socket.SHUT_RDWR)
        opened.close()
