"""One emulator for each way of running it; each test is a tenant of its own, by its key."""

import functools
import io
import secrets
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any

import av
import httpx
import pytest
from PIL import Image

import openvideos_spec
from openvideos_emulator import Emulator
from openvideos_emulator.contract import Contract
from openvideos_emulator.http.validation import Checker

_CONTRACT = Contract(openvideos_spec.load("openai"))


ADMIN_KEY = "sk-admin-0123456789abcdef"

# httpx spends much of a client's making on certificates; nothing here speaks TLS.
NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


@functools.cache
def _answer_checkers(url: httpx.URL, method: str, status: int) -> dict[str, Checker]:
    """Return what an answer must be like, by its content type."""
    found = _CONTRACT.find(url.path, url.raw_path.partition(b"?")[0])
    operation = found[0].operation(method) if found else None
    # A refusal of what the contract does not have is as any other operation's.
    template = operation.path.removeprefix("/v1") if operation else "/videos"
    item = _CONTRACT.document["paths"][template]
    answers = item[operation.method.lower() if operation else "get"]["responses"]
    answer = _CONTRACT.resolve(answers.get(str(status)) or answers[f"{status // 100}XX"])
    return {
        kind: Checker(_CONTRACT.document, media["schema"])
        for kind, media in answer.get("content", {}).items()
    }


def keeps_the_contract(response: httpx.Response) -> None:
    """Fail where an answer is not what the contract says of its operation and status."""
    request = response.request
    assert response.headers["x-request-id"].startswith("req_")
    if request.method == "HEAD" or not response.read():
        return
    kind = response.headers["content-type"]
    checkers = _answer_checkers(request.url, request.method, response.status_code)
    assert kind in checkers, f"{request.method} {request.url}: {response.status_code} is {kind}"
    if kind == "application/json":
        checkers[kind].check(response.json())


@pytest.fixture(scope="session")
def fast() -> Iterator[Emulator]:
    """An emulator whose jobs are done at once."""
    with Emulator(speed=100_000) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def slow() -> Iterator[Emulator]:
    """An emulator whose jobs stay queued for as long as a test lasts."""
    with Emulator(speed=0.01) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def bare() -> Iterator[Emulator]:
    """An emulator of the bare protocol, whose videos can be small, and are done at once."""
    with Emulator(dialect="none", speed=100_000) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def tiny() -> Iterator[Emulator]:
    """An emulator whose jobs are done at once, and their media are made at once."""
    with Emulator(speed=100_000, media="tiny") as emulator:
        yield emulator


@pytest.fixture(scope="session")
def watched() -> Iterator[Emulator]:
    """An emulator with its admin API, as slow as the real service."""
    with Emulator(speed=1, admin=True, admin_key=ADMIN_KEY) as emulator:
        yield emulator


@pytest.fixture
def admin(watched: Emulator) -> Iterator[httpx.Client]:
    """A client of the admin API."""
    with admin_of(watched) as client:
        yield client


def admin_of(emulator: Emulator) -> httpx.Client:
    return httpx.Client(
        base_url=emulator.base_url.replace("/v1", "/_emulator"),
        headers={"Authorization": f"Bearer {ADMIN_KEY}"},
        timeout=30,
        verify=NO_TLS,
    )


@pytest.fixture
def key() -> str:
    """A key of the test's own."""
    return f"sk-{secrets.token_hex(16)}"


@pytest.fixture
def watched_client(
    watched: Emulator, key: str, connect: Callable[..., httpx.Client]
) -> httpx.Client:
    return connect(watched, key)


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """A client without a key and without a base URL."""
    with httpx.Client(verify=NO_TLS, timeout=30) as client:
        yield client


@pytest.fixture
def connect() -> Iterator[Callable[..., httpx.Client]]:
    """Make clients whose every answer is held to the contract."""
    clients = []

    def make(emulator: Emulator, key: str | None = None) -> httpx.Client:
        client = httpx.Client(
            base_url=emulator.base_url,
            headers={"Authorization": f"Bearer {key or f'sk-{secrets.token_hex(16)}'}"},
            event_hooks={"response": [keeps_the_contract]},
            timeout=30,
            verify=NO_TLS,
        )
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


@pytest.fixture
def client(fast: Emulator, connect: Callable[..., httpx.Client]) -> httpx.Client:
    return connect(fast)


@pytest.fixture
def slow_client(slow: Emulator, connect: Callable[..., httpx.Client]) -> httpx.Client:
    return connect(slow)


@pytest.fixture
def finished(client: httpx.Client) -> Callable[..., dict[str, Any]]:
    """Make a video and wait until it is at its end."""
    return functools.partial(finish, client)


@pytest.fixture
def bare_client(bare: Emulator) -> Iterator[httpx.Client]:
    headers = {"Authorization": f"Bearer sk-{secrets.token_hex(16)}"}
    with httpx.Client(base_url=bare.base_url, headers=headers, verify=NO_TLS) as client:
        yield client


@pytest.fixture
def small(bare_client: httpx.Client) -> Callable[..., dict[str, Any]]:
    """Make a small video with the bare protocol and wait until it is at its end."""
    return functools.partial(finish, bare_client)


def finish(client: httpx.Client, path: str = "/videos", **fields: Any) -> dict[str, Any]:
    response = client.post(path, json={"prompt": "A calico cat", **fields})
    assert response.status_code == 200, response.text
    return wait_for(client, response.json()["id"])


def wait_for(client: httpx.Client, video_id: str) -> dict[str, Any]:
    """Return a job once it is at its end."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        video: dict[str, Any] = client.get(f"/videos/{video_id}").json()
        if video["status"] in ("completed", "failed"):
            return video
        time.sleep(0.005)
    raise AssertionError(f"{video_id} did not come to its end")


@pytest.fixture
def waiting() -> Callable[[httpx.Client, str], dict[str, Any]]:
    return wait_for


def png(width: int, height: int, colour: str = "red") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), colour).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def picture() -> Callable[..., bytes]:
    return png


@pytest.fixture(scope="session")
def uploaded_video() -> bytes:
    """A small MP4 that no emulator made: 2 s of 320x180."""
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for _ in range(20):
            output.mux(stream.encode(av.VideoFrame(320, 180, "yuv420p")))
        output.mux(stream.encode())
    return file.getvalue()
