"""How jobs progress where they do not go by the clock: at once, or by retrieves."""

import itertools
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openvideos_emulator import Emulator
from openvideos_emulator.progress import check_progress, polls_of
from openvideos_emulator.settings import Settings, SettingsError

# They share a server with the tests of the admin API.
pytestmark = pytest.mark.xdist_group("admin")

FAILING = "A cat [moderation_blocked]"


@pytest.fixture(scope="module")
def immediate() -> Iterator[Emulator]:
    with Emulator(progress="immediate", speed=0.01) as emulator:
        yield emulator


def create(client: httpx.Client, prompt: str = "A calico cat") -> dict[str, Any]:
    response = client.post("/videos", json={"prompt": prompt})
    assert response.status_code == 200, response.text
    video: dict[str, Any] = response.json()
    return video


def walk(client: httpx.Client, video_id: str, times: int) -> list[dict[str, Any]]:
    return [client.get(f"/videos/{video_id}").json() for _ in range(times)]


@pytest.mark.parametrize(("prompt", "status"), [("A calico cat", "completed"), (FAILING, "failed")])
def test_immediate_is_queued_at_create_and_at_its_end_ever_after(
    immediate: Emulator, connect: Callable[..., httpx.Client], prompt: str, status: str
) -> None:
    client = connect(immediate)
    created = client.post("/videos", json={"prompt": prompt})
    video = created.json()
    assert (video["status"], video["progress"]) == ("queued", 0)
    assert int(created.headers["openai-poll-after-ms"]) < 100  # time has no part in it
    assert client.get("/videos").json()["data"][0]["status"] == status
    seen = client.get(f"/videos/{video['id']}").json()
    assert seen["status"] == status
    assert (seen["completed_at"] is not None) == (status == "completed")


def test_what_was_made_at_once_can_be_downloaded_and_worked_from(
    immediate: Emulator, connect: Callable[..., httpx.Client]
) -> None:
    client = connect(immediate)
    path = f"/videos/{create(client)['id']}"
    assert client.get(f"{path}/content", params={"variant": "thumbnail"}).status_code == 200
    remix = client.post(f"{path}/remix", json={"prompt": "A dog"}).json()
    assert remix["status"] == "queued"
    assert client.get(f"/videos/{remix['id']}").json()["status"] == "completed"
    assert client.delete(path).status_code == 200


def test_immediate_does_not_need_a_clock_that_goes(
    watched_client: httpx.Client, admin: httpx.Client, key: str
) -> None:
    admin.post("/clock/freeze", json={"key": key})
    admin.put("/progress", json={"progress": "immediate", "key": key})
    video = create(watched_client)
    assert video["status"] == "queued"
    assert walk(watched_client, video["id"], 1)[0]["status"] == "completed"


@pytest.mark.parametrize(("prompt", "status"), [("A calico cat", "completed"), (FAILING, "failed")])
def test_polls_take_one_step_at_each_retrieve(
    watched_client: httpx.Client, admin: httpx.Client, key: str, prompt: str, status: str
) -> None:
    assert admin.put("/progress", json={"progress": "polls:4", "key": key}).json() == {
        "progress": "polls:4"
    }
    created = create(watched_client, prompt)
    seen = walk(watched_client, created["id"], 6)
    assert [video["status"] for video in seen] == [*["in_progress"] * 3, status, status, status]
    assert seen[3] == seen[4] == seen[5]
    progress = [created["progress"], *(video["progress"] for video in seen[:3])]
    assert all(earlier < later for earlier, later in itertools.pairwise(progress))
    if status == "completed":
        assert seen[3]["progress"] == 100


def test_only_a_retrieve_is_a_step(
    watched_client: httpx.Client, admin: httpx.Client, key: str
) -> None:
    admin.put("/progress", json={"progress": "polls:1", "key": key})
    video_id = create(watched_client)["id"]
    for _ in range(3):
        assert watched_client.get("/videos").json()["data"][0]["status"] == "queued"
        assert watched_client.get(f"/videos/{video_id}/content").status_code == 404
        assert watched_client.delete(f"/videos/{video_id}").status_code == 409
    assert walk(watched_client, video_id, 1)[0]["status"] == "completed"


def test_what_ends_by_polls_ended_when_its_world_says_so(
    watched_client: httpx.Client, admin: httpx.Client, key: str
) -> None:
    admin.put("/progress", json={"progress": "polls:2", "key": key})
    admin.post("/clock/freeze", json={"key": key})
    created = create(watched_client)
    first = watched_client.get(f"/videos/{created['id']}")
    assert "openai-poll-after-ms" in first.headers
    admin.post("/clock/advance", json={"seconds": 1000, "key": key})
    last = watched_client.get(f"/videos/{created['id']}")
    assert "openai-poll-after-ms" not in last.headers
    video = last.json()
    assert video["completed_at"] == created["created_at"] + 1000
    assert video["expires_at"] == video["completed_at"] + 3600


def test_a_progress_concerns_the_jobs_that_are_made_under_it(
    watched_client: httpx.Client, admin: httpx.Client, key: str
) -> None:
    slow = create(watched_client)
    admin.put("/progress", json={"progress": "immediate", "key": key})
    fast = create(watched_client)
    assert admin.delete("/progress", params={"key": key}).json() == {"progress": "time"}
    slow_again = create(watched_client)
    statuses = [
        walk(watched_client, each["id"], 1)[0]["status"] for each in (slow, fast, slow_again)
    ]
    assert statuses == ["queued", "completed", "queued"]


@pytest.mark.parametrize("progress", ["time", "immediate", "polls:2"])
def test_what_is_stuck_is_stuck_however_jobs_progress(
    watched_client: httpx.Client, admin: httpx.Client, key: str, progress: str
) -> None:
    admin.put("/progress", json={"progress": progress, "key": key})
    created = create(watched_client, "A cat [stuck_at_99]")
    assert created["status"] == "queued"
    admin.post("/clock/advance", json={"seconds": 1e8, "key": key})
    seen = walk(watched_client, created["id"], 4)
    assert {(video["status"], video["progress"]) for video in seen} == {("in_progress", 99)}
    assert admin.get("/webhooks", params={"key": key}).json()["webhooks"] == []


def test_what_is_slow_takes_more_polls(
    watched_client: httpx.Client, admin: httpx.Client, key: str
) -> None:
    admin.put("/progress", json={"progress": "polls:2", "key": key})
    video_id = create(watched_client, "A cat [slow:1.5]")["id"]
    seen = [video["status"] for video in walk(watched_client, video_id, 3)]
    assert seen == ["in_progress", "in_progress", "completed"]


@pytest.mark.parametrize("progress", ["time", "immediate", "polls:999999"])
def test_no_slowness_is_too_much(
    watched_client: httpx.Client, admin: httpx.Client, key: str, progress: str
) -> None:
    admin.put("/progress", json={"progress": progress, "key": key})
    video_id = create(watched_client, "A cat [slow:1e308]")["id"]
    assert watched_client.get(f"/videos/{video_id}").status_code == 200


@settings(max_examples=25)
@given(st.text() | st.from_regex(r"polls:-?[0-9]+", fullmatch=True))
def test_whatever_is_no_progress_is_refused_by_a_message_that_says_what_is(text: str) -> None:
    if polls_of(text) is not None or text in ("time", "immediate"):
        check_progress(text)
        assert Settings(progress=text).progress == text
        return
    with pytest.raises(ValueError, match="polls:N"):
        check_progress(text)
    with pytest.raises(SettingsError, match="--progress"):
        Settings(progress=text)
