"""The folder that media are kept in, and the process that reads it, watched from outside."""

import contextlib
import resource
import select
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import httpx
import pytest

from .conftest import NO_TLS

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

_LARGE = 100 * 1024 * 1024
_KEY = {"Authorization": "Bearer sk-test"}

Waiting = Callable[[httpx.Client, str], dict[str, Any]]


@attrs.frozen
class Server:
    base_url: str
    process: subprocess.Popen[str]
    folder: Path

    def open_media(self) -> list[str]:
        """Return the media files that the process has open."""
        found = []
        for link in Path(f"/proc/{self.process.pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                found.append(str(link.readlink()))
        return [path for path in found if Path(path).is_relative_to(self.folder) and ".mp4" in path]

    def closes_media(self) -> bool:
        """Return whether the process closes its media files within some seconds."""
        deadline = time.monotonic() + 10
        while self.open_media() and time.monotonic() < deadline:
            time.sleep(0.01)
        return not self.open_media()

    def most_memory(self) -> int:
        """Return the most bytes of memory that it ever had."""
        for line in Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
        raise AssertionError("the system does not tell")

    def ask(self, path: str) -> socket.socket:
        """Ask for something, and return the connection on which the answer will come."""
        address = urlsplit(self.base_url)
        client = socket.create_connection((str(address.hostname), int(address.port or 0)), 20)
        lines = [f"GET {address.path}{path} HTTP/1.1", "Host: x", "Authorization: Bearer sk-test"]
        client.sendall("\r\n".join([*lines, "", ""]).encode())
        return client


@pytest.fixture
def serve(tmp_path: Path) -> Callable[..., contextlib.AbstractContextManager[Server]]:
    """Run an emulator whose state and media are kept in the test's folder."""

    @contextlib.contextmanager
    def serving(media: str = "tiny") -> Iterator[Server]:
        command = [sys.executable, "-m", "openvideos_emulator", "--quiet", "--port", "0"]
        command += ["--speed", "100000", "--dialect", "none"]
        options = ["--media", media, "--db", str(tmp_path / "state.sqlite")]
        with subprocess.Popen([*command, *options], stdout=subprocess.PIPE, text=True) as process:
            try:
                assert process.stdout
                yield Server(process.stdout.readline().strip(), process, tmp_path)
            finally:
                process.terminate()

    return serving


@pytest.fixture
def call() -> Iterator[Callable[[Server], httpx.Client]]:
    with contextlib.ExitStack() as clients:
        yield lambda server: clients.enter_context(
            httpx.Client(base_url=server.base_url, headers=_KEY, timeout=30, verify=NO_TLS)
        )


def content_of_new_video(client: httpx.Client, waiting: Waiting) -> str:
    """Make a video, and return the path of its content."""
    video = waiting(client, client.post("/videos", json={"prompt": "x"}).json()["id"])
    return f"/videos/{video['id']}/content"


def test_large_files_are_sent_in_little_memory_and_closed_when_the_client_hangs_up(
    serve: Callable[..., contextlib.AbstractContextManager[Server]],
    call: Callable[[Server], httpx.Client],
    waiting: Waiting,
    tmp_path: Path,
) -> None:
    with serve() as server:
        client = call(server)
        content = content_of_new_video(client, waiting)
        client.get(content).raise_for_status()
        assert server.closes_media()
    (path,) = tmp_path.rglob("*.mp4")
    with path.open("r+b") as file:
        file.truncate(_LARGE)
    with serve() as server:
        client = call(server)
        # What the first answer needs is loaded, and the file has been measured.
        client.head(content).raise_for_status()
        before = server.most_memory()
        with server.ask(content) as going:
            assert going.recv(1000)
            assert server.open_media()
        with client.stream("GET", content) as response:
            assert sum(map(len, response.iter_raw())) == _LARGE
        assert server.closes_media()
        assert server.most_memory() - before < 20 * 1024 * 1024


def test_a_full_disk_is_told_and_leaves_nothing_half_made(
    serve: Callable[..., contextlib.AbstractContextManager[Server]],
    call: Callable[[Server], httpx.Client],
    waiting: Waiting,
    tmp_path: Path,
) -> None:
    with serve() as server:
        client = call(server)
        content = content_of_new_video(client, waiting)
        limits = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
        # No file of the process can be longer: as on a full disk, writing fails half-way.
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (30_000, limits[1]))
        for variant in ("video", "thumbnail"):
            refused = client.get(content, params={"variant": variant})
            assert refused.status_code == 507
            error = refused.json()["error"]
            assert "disk is full" in error["message"]
            assert str(tmp_path) not in error["message"]
            assert error["type"] == "server_error"
        assert list(tmp_path.rglob("*.mp4*")) == []
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, limits)
        assert client.get(content).content[4:8] == b"ftyp"


def test_more_open_files_than_there_may_be_are_told(
    serve: Callable[..., contextlib.AbstractContextManager[Server]],
    call: Callable[[Server], httpx.Client],
    waiting: Waiting,
) -> None:
    with serve() as server:
        client = call(server)
        content = content_of_new_video(client, waiting)
        limits = resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE)
        # The connection is open already, and no further file can be.
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, (3, limits[1]))
        refused = client.get(content)
        assert refused.status_code == 503
        assert refused.json()["error"]["message"].startswith("Too many files are open already.")
        resource.prlimit(server.process.pid, resource.RLIMIT_NOFILE, limits)
        assert client.get(content).content[4:8] == b"ftyp"


def test_others_are_answered_while_a_long_video_is_made(
    serve: Callable[..., contextlib.AbstractContextManager[Server]],
    call: Callable[[Server], httpx.Client],
    waiting: Waiting,
) -> None:
    with serve(media="full") as server:
        client = call(server)
        lengths = {"120": "1280x720", "1": "160x90"}
        long, short = (
            waiting(
                client,
                client.post(
                    "/videos", json={"prompt": "x", "seconds": seconds, "size": size}
                ).json()["id"],
            )
            for seconds, size in lengths.items()
        )
        with server.ask(f"/videos/{long['id']}/content") as patient:
            for _ in range(50):
                client.get(f"/videos/{long['id']}").raise_for_status()
            assert client.get(f"/videos/{short['id']}/content").content[4:8] == b"ftyp"
            # Not a byte of it is there yet.
            assert select.select([patient], [], [], 0)[0] == [], patient.recv(600)
        server.process.terminate()
        assert server.process.wait(10) == 0
