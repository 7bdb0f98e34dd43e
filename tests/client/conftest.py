from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from openvideos import AsyncOpenVideos, OpenVideos

from .faces import Blocking
from .fake_clock import FakeClock
from .faulty_server import FaultyServer, Script

Connect = Callable[..., Any]
Serve = Callable[[Script], FaultyServer]

# For rules that do not know of the two kinds of clients, and are held by one of them.
by_one_kind = pytest.mark.parametrize("connect", ["sync"], indirect=True)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def serve() -> Iterator[Serve]:
    """Start faulty servers, which stop with the test."""
    with ExitStack() as servers:
        yield lambda script: servers.enter_context(FaultyServer(script))


@pytest.fixture(params=["sync", "async"])
def connect(request: pytest.FixtureRequest, clock: FakeClock) -> Iterator[Connect]:
    """Make clients, of both kinds in turn, on a clock that does not wait."""
    with ExitStack() as clients:
        if request.param == "sync":

            def made(url: str, **options: Any) -> Any:
                options = {"_clock": clock.clock, "api_key": "sk-test-key", **options}
                return clients.enter_context(OpenVideos(base_url=url, **options))

        else:
            runner = clients.enter_context(asyncio.Runner())

            def made(url: str, **options: Any) -> Any:
                options = {"_clock": clock.clock, "api_key": "sk-test-key", **options}
                client = AsyncOpenVideos(base_url=url, **options)
                clients.callback(lambda: runner.run(client.close()))
                return Blocking(client, runner)

        yield made


@pytest.fixture(autouse=True)
def _no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("BASE_URL", "API_KEY"):
        monkeypatch.delenv(f"OPENVIDEOS_{name}", raising=False)
        monkeypatch.delenv(f"OPENAI_{name}", raising=False)
