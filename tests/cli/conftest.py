"""Commands in this process, for speed, and as processes of their own, for signals and terminals."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest
from attrs import define, field
from typer import Typer
from typer.testing import CliRunner

from openvideos import _command
from openvideos_emulator import Emulator

from ..client.faulty_server import FaultyServer, Reply, Request, Script

COMMAND = Path(sys.executable).parent / "openvideos"
KEY = "sk-test-key-that-nobody-may-see"
FAST = ("--interval", "0.05")

Serve = Callable[[Script], FaultyServer]


@define
class Ended:
    """How a command ended, and what it said."""

    code: int
    stdout: str
    stderr: str

    def json(self) -> Any:
        return json.loads(self.stdout)


Run = Callable[..., Ended]


@pytest.fixture(scope="session")
def fast() -> Iterator[Emulator]:
    """An emulator whose jobs are done at once, of any size."""
    with Emulator(dialect="none", speed=100_000, quiet=True) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def slow() -> Iterator[Emulator]:
    """An emulator whose jobs run for as long as a test lasts."""
    with Emulator(speed=0.01, quiet=True) as emulator:
        yield emulator


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start faulty servers, which stop with the test."""
    with ExitStack() as servers:
        yield lambda script: servers.enter_context(FaultyServer(script))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A user's empty folder, journal and environment."""
    place = tmp_path / "work"
    place.mkdir()
    monkeypatch.chdir(place)
    for name in ("OPENVIDEOS_BASE_URL", "OPENAI_BASE_URL", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("OPENVIDEOS_API_KEY", KEY)
    monkeypatch.setenv("OPENVIDEOS_JOURNAL", str(tmp_path / "state" / "journal.sqlite"))
    return place


@pytest.fixture
def journal(tmp_path: Path) -> Path:
    return tmp_path / "state" / "journal.sqlite"


@pytest.fixture(scope="session")
def application() -> Typer:
    """The whole command, whose joining takes longer than most tests."""
    return _command._application()


@pytest.fixture
def run(application: Typer) -> Run:
    """Run a command in this process. No key may be in what it says."""

    def run(*arguments: object, stdin: str | None = None) -> Ended:
        texts = [str(argument) for argument in arguments]
        result = CliRunner().invoke(application, texts, input=stdin)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert KEY not in result.output
        return Ended(result.exit_code, result.stdout, result.stderr)

    return run


@pytest.fixture
def at(fast: Emulator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands find the fast emulator by the environment."""
    monkeypatch.setenv("OPENVIDEOS_BASE_URL", fast.base_url)


@define
class Process:
    """A command as a process of its own."""

    popen: subprocess.Popen[str]
    said: str = field(default="", init=False)

    def wait_for(self, text: str) -> str:
        """Read stderr until it holds a text; return all that was read."""
        assert self.popen.stderr is not None
        while text not in self.said:
            line = self.popen.stderr.readline()
            assert line, f"{text!r} was not said: {self.said}"
            self.said += line
        return self.said

    def interrupt(self) -> None:
        self.popen.send_signal(signal.SIGINT)

    def ended(self) -> Ended:
        stdout, stderr = self.popen.communicate(timeout=30)
        return Ended(self.popen.returncode, stdout, self.said + stderr)


@pytest.fixture
def start() -> Iterator[Callable[..., Process]]:
    """Start a command as a process, which is ended with the test."""
    started: list[subprocess.Popen[str]] = []

    def start(*arguments: object) -> Process:
        process = subprocess.Popen(
            [COMMAND, *map(str, arguments)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "COLUMNS": "200"},
        )
        started.append(process)
        return Process(process)

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def forwarded(request: Request, emulator: Emulator) -> Reply:
    """Return what an emulator answers to a request."""
    answer = httpx.request(
        request.method,
        emulator.base_url.removesuffix("/v1") + request.target,
        content=request.body,
        headers={
            name: request.headers[name]
            for name in ("content-type", "authorization", "range")
            if name in request.headers
        },
    )
    kept = ("content-type", "etag", "content-range")
    headers = {name: answer.headers[name] for name in kept if name in answer.headers}
    return Reply(answer.content, answer.status_code, headers)


def until(is_so: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)
