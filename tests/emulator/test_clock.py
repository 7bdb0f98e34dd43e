"""What happens with time: an emulator whose clock is turned forward by hand."""

import asyncio
import math
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import uvicorn

from openvideos_emulator.assembly import assembled
from openvideos_emulator.settings import Settings

from .clocks import NOW, HandClock


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def expires_after() -> float:
    return 3600


@pytest.fixture
def client(clock: HandClock, expires_after: float, tmp_path: Path) -> Iterator[httpx.Client]:
    listener = socket.create_server(("127.0.0.1", 0))
    servers: list[uvicorn.Server] = []

    def serve() -> None:
        # A database belongs to the thread that opens it.
        settings = Settings(
            db=str(tmp_path / "emulator.sqlite"),
            speed=1,
            expires_after=expires_after,
            media="tiny",
        )
        with assembled(settings, tmp_path, clock) as app:
            server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="critical"))
            servers.append(server)
            asyncio.run(server.serve(sockets=[listener]))

    thread = threading.Thread(target=serve)
    thread.start()
    base_url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    headers = {"Authorization": "Bearer k"}
    with httpx.Client(base_url=base_url, headers=headers, verify=tls, timeout=30) as client:
        yield client
    servers[0].should_exit = True
    thread.join(10)
    assert not thread.is_alive()


def test_a_job_goes_through_its_states_by_the_clock(clock: HandClock, client: httpx.Client) -> None:
    path = f"/videos/{client.post('/videos', json={'prompt': 'x'}).json()['id']}"
    seen = []
    for wait in (0, 10, 10, 25, 5, 20):
        clock.turn(wait)
        video = client.get(path).json()
        seen.append((video["status"], video["progress"]))
    statuses, progress = zip(*seen, strict=True)
    assert statuses == ("queued", *["in_progress"] * 4, "completed")
    assert progress[0] == 0 < progress[1] < progress[2] < progress[3] <= progress[4] == 99
    assert progress[5] == 100
    assert client.get(path).json()["created_at"] == NOW // 1000


@pytest.mark.parametrize(
    ("expires_after", "told"), [(3600, "1 hours"), (120, "2 minutes"), (90.5, "91 seconds")]
)
def test_the_assets_are_gone_when_the_video_says_so_and_the_video_stays(
    clock: HandClock, client: httpx.Client, expires_after: float, told: str
) -> None:
    path = f"/videos/{client.post('/videos', json={'prompt': 'x'}).json()['id']}"
    clock.turn(100)
    video = client.get(path).json()
    assert video["expires_at"] - video["completed_at"] == math.ceil(expires_after)
    clock.time = video["expires_at"] * 1000 - 1
    assert client.get(f"{path}/content?variant=thumbnail").status_code == 200
    clock.turn(0.001)
    gone = client.get(f"{path}/content?variant=thumbnail")
    assert gone.status_code == 404
    message = gone.json()["error"]["message"]
    assert message == f"The video is no longer available. Downloads expire after {told}."
    assert client.get(path).json() == video
    assert client.delete(path).status_code == 200
