"""Limits hold over all workers, and odd ids are nobody's, in either database."""

from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from openvideos_emulator import Emulator

# The server of PostgreSQL is started once: these tests run in one process.
pytestmark = pytest.mark.xdist_group("databases")

AT_ONCE, RPM = 4, 30
TRIED = 20


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def emulator(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Emulator]:
    if request.param == "sqlite":
        database = str(tmp_path_factory.mktemp("limits") / "emulator.sqlite")
    else:
        database = request.getfixturevalue("make_postgresql")()
    with Emulator(db=database, workers=2, max_running=AT_ONCE, rpm=RPM, speed=0.01) as emulator:
        yield emulator


def statuses(
    emulator: Emulator, key: str, send: Callable[[httpx.Client], httpx.Response]
) -> Counter[int]:
    """Return how often each status answers requests that come at once, each its own connection."""
    headers = {"Authorization": f"Bearer {key}", "Connection": "close"}
    with (
        httpx.Client(base_url=emulator.base_url, headers=headers, timeout=30) as client,
        ThreadPoolExecutor(TRIED) as threads,
    ):
        return Counter(
            answer.status_code for answer in threads.map(lambda _: send(client), range(TRIED))
        )


def test_limits_hold_over_all_workers(emulator: Emulator) -> None:
    def create(client: httpx.Client) -> httpx.Response:
        return client.post("/videos", json={"prompt": "x"})

    def look(client: httpx.Client) -> httpx.Response:
        return client.get("/videos")

    assert statuses(emulator, "first", create) == {200: AT_ONCE, 429: TRIED - AT_ONCE}
    # Those that were refused were requests as well, and none has come back within a second or so.
    left = RPM - TRIED
    taken = statuses(emulator, "first", look)[200]
    assert left <= taken <= left + 5
    assert statuses(emulator, "second", create) == {200: AT_ONCE, 429: TRIED - AT_ONCE}


def test_an_id_with_a_nul_is_nobodys(emulator: Emulator) -> None:
    with httpx.Client(
        base_url=emulator.base_url, headers={"Authorization": "Bearer third"}
    ) as client:
        for method, path, body in (
            ("GET", "/videos/%00", None),
            ("DELETE", "/videos/a%00", None),
            ("GET", "/videos/%00/content", None),
            ("GET", "/videos?after=%00", None),
            ("GET", "/videos/characters/%00", None),
            ("POST", "/videos/%00/remix", {"prompt": "x"}),
            ("POST", "/videos/edits", {"prompt": "x", "video": {"id": "\0"}}),
            ("POST", "/videos", {"prompt": "x", "characters": [{"id": "\0"}]}),
        ):
            answer = client.request(method, path, json=body)
            assert answer.status_code == 404, answer.text
        assert client.post("/videos", json={"prompt": "a\0b"}).json()["prompt"] == "a\0b"
