"""Worlds that several processes answer for."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from openvideos_emulator import Emulator

from ..conftest import ADMIN_KEY, admin_of
from .conftest import MakeDatabase

pytestmark = pytest.mark.xdist_group("databases")


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def both(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Emulator, Emulator]]:
    """Two emulators with one database."""
    if request.param == "sqlite":
        database = str(tmp_path_factory.mktemp("both") / "emulator.sqlite")
    else:
        make: MakeDatabase = request.getfixturevalue("make_postgresql")
        database = make()
    options: dict[str, Any] = {"db": database, "speed": 1, "admin": True, "admin_key": ADMIN_KEY}
    with Emulator(**options) as first, Emulator(**options) as second:
        yield first, second


def create(client: httpx.Client) -> str:
    video_id: str = client.post("/videos", json={"prompt": "A calico cat"}).json()["id"]
    return video_id


def test_what_one_process_is_told_holds_for_the_others_at_once(
    both: tuple[Emulator, Emulator], connect: Callable[..., httpx.Client], key: str
) -> None:
    client = connect(both[1], key)
    with admin_of(both[0]) as told:
        path = f"/videos/{create(client)}"
        told.post("/clock/advance", json={"seconds": 100, "key": key})
        assert client.get(path).json()["status"] == "completed"
        told.put("/progress", json={"progress": "polls:1"})
        video_id = create(client)
        assert client.get(f"/videos/{video_id}").json()["status"] == "completed"
        told.post("/faults", json={"match": {"operation": "list_videos"}, "fault": "503"})
        assert client.get("/videos").status_code == 503
        entries = told.get("/requests", params={"key": key}).json()["requests"]
        assert [entry["status"] for entry in entries] == [200, 200, 200, 200, 503]
        stats = told.get("/stats").json()
        assert (stats["videos"]["completed"], stats["faults"]) == (2, 1)
        told.post("/reset")
        assert client.get("/videos").json()["data"] == []
    with admin_of(both[1]) as asked:
        assert asked.get("/progress").json() == {"progress": "time"}
        assert asked.get("/stats").json()["videos"]["completed"] == 0


def test_what_is_asked_for_twice_at_once_takes_two_steps(
    both: tuple[Emulator, Emulator], connect: Callable[..., httpx.Client], key: str
) -> None:
    with admin_of(both[0]) as admin:
        admin.put("/progress", json={"progress": "polls:12", "key": key})
    clients = [connect(emulator, key) for emulator in both]
    path = f"/videos/{create(clients[0])}"

    def progress(client: httpx.Client) -> list[int]:
        return [client.get(path).json()["progress"] for _ in range(6)]

    with ThreadPoolExecutor(2) as threads:
        seen = [each for walk in threads.map(progress, clients) for each in walk]
    assert sorted(seen) == [*(99 * step // 12 for step in range(1, 12)), 100]
    with admin_of(both[1]) as admin:
        events = admin.get("/webhooks", params={"key": key}).json()["webhooks"]
    assert [event["type"] for event in events] == ["video.completed"]


def test_processes_that_turn_a_clock_at_once_add_up(
    both: tuple[Emulator, Emulator], key: str
) -> None:
    def advance(emulator: Emulator) -> None:
        with admin_of(emulator) as admin:
            for _ in range(5):
                answer = admin.post("/clock/advance", json={"seconds": 10, "key": key})
                assert answer.status_code == 200

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(advance, both))
    with admin_of(both[0]) as admin:
        offset = admin.get("/clock", params={"key": key}).json()["offset"]
    assert offset == pytest.approx(100)
