"""Starts the servers that are measured, each a process of its own, and stops them."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path

import httpx
import psutil
from attrs import frozen

from openvideos_emulator import Emulator

from .prism import installed

KEY = "sk-benchmark-0123456789"
SECONDS_TO_START = 30
# So fast that a job is at its end as soon as it is asked for.
SPEED = 1_000_000


@frozen
class Server:
    """A server that runs.

    Attributes:
        base_url: Where its paths begin.
        process: Its process.
        seconds_to_start: How long it took from its start to its first answer.
    """

    base_url: str
    process: psutil.Process
    seconds_to_start: float

    @property
    def memory(self) -> float:
        """What it holds in memory with all its processes, in MiB."""
        processes = [self.process, *self.process.children(recursive=True)]
        held: int = sum(process.memory_info().rss for process in processes)
        return held / (1 << 20)


Starter = Callable[[], AbstractContextManager[Server]]


@contextmanager
def emulator(database: str | None = None, workers: int = 1) -> Iterator[Server]:
    """Run the emulator."""
    started = time.perf_counter()
    with Emulator(
        api_keys=[KEY],
        speed=SPEED,
        media="tiny",
        quiet=True,
        db=database,
        workers=workers,
        reset=database is not None,
    ) as running:
        assert running.pid is not None
        first_answer(running.base_url)
        seconds = time.perf_counter() - started
        yield Server(running.base_url, psutil.Process(running.pid), seconds)


@contextmanager
def bare() -> Iterator[Server]:
    """Run the least that a server can be."""
    port = _free_port()
    with _running(
        [sys.executable, "-m", "benchmarks.peers.bare", str(port)], port, "/v1"
    ) as server:
        yield server


@contextmanager
def prism(command: Path) -> Iterator[Server]:
    """Run Prism on the contract, with its logs quiet."""
    port = _free_port()
    options = ["mock", "openapi.yaml", "--port", str(port), "--host", "127.0.0.1", "-v", "error"]
    with _running([str(command), *options], port, "") as server:
        yield server


def contenders(postgresql: str | None) -> dict[str, Starter]:
    """Return the servers that can run here, by name; the first is what others are compared to."""
    found: dict[str, Starter] = {"bare Starlette": bare}
    command = installed()
    if command is not None:
        found["Prism, quiet"] = partial(prism, command)
    found["emulator, SQLite"] = emulator
    found["emulator, SQLite, 2 workers"] = partial(emulator, workers=2)
    if postgresql is not None:
        found["emulator, PostgreSQL"] = partial(emulator, postgresql)
        found["emulator, PostgreSQL, 2 workers"] = partial(emulator, postgresql, workers=2)
    return found


@contextmanager
def _running(command: list[str], port: int, prefix: str) -> Iterator[Server]:
    # With bytecode, as every program has it that is started a second time.
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    started = time.perf_counter()
    process = subprocess.Popen(
        command, env=inherited, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        base_url = f"http://127.0.0.1:{port}{prefix}"
        first_answer(base_url)
        seconds = time.perf_counter() - started
        yield Server(base_url, psutil.Process(process.pid), seconds)
    finally:
        process.terminate()
        process.wait()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port: int = free.getsockname()[1]
    return port


def first_answer(base_url: str) -> None:
    """Wait until a server answers anything."""
    deadline = time.monotonic() + SECONDS_TO_START
    headers = {"Authorization": f"Bearer {KEY}"}
    while time.monotonic() < deadline:
        try:
            httpx.get(f"{base_url}/videos/video_1", headers=headers, trust_env=False)
        except httpx.TransportError:
            time.sleep(0.005)
        else:
            return
    raise TimeoutError("a server did not answer")
