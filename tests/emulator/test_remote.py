"""A running emulator steered and seen from Python."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from openvideos_emulator import Emulator, EmulatorError, RemoteWorld

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


@pytest.fixture
def world(watched: Emulator) -> Iterator[RemoteWorld]:
    world = watched.world()
    yield world
    world.reset()


@pytest.fixture
def app(world: RemoteWorld, http: httpx.Client) -> App:
    return App(world, http)


class App:
    """Somebody who makes videos."""

    def __init__(self, world: RemoteWorld, http: httpx.Client) -> None:
        self._url = f"{world.base_url}/videos"
        self._headers = {"Authorization": f"Bearer {world.api_key}"}
        self._http = http

    def create(self, prompt: str = "A calico cat") -> str:
        answer = self._http.post(self._url, json={"prompt": prompt}, headers=self._headers)
        video_id: str = answer.json()["id"]
        return video_id

    def look(self, video_id: str) -> httpx.Response:
        return self._http.get(f"{self._url}/{video_id}", headers=self._headers)

    def status(self, video_id: str) -> str:
        status: str = self.look(video_id).json()["status"]
        return status


def test_a_clock_can_be_read_turned_stopped_and_let_go(world: RemoteWorld, app: App) -> None:
    video_id = app.create()
    before = world.clock.now()
    assert abs(before - time.time()) < 60
    assert app.status(video_id) != "completed"
    assert world.clock.advance(timedelta(minutes=30)) >= before + 1800
    assert app.status(video_id) == "completed"
    assert not world.clock.is_frozen()
    stopped = world.clock.freeze(datetime.now(UTC) + timedelta(days=1))
    assert world.clock.is_frozen()
    assert world.clock.now() == stopped == pytest.approx(before + 86400, abs=60)
    world.clock.unfreeze()
    assert not world.clock.is_frozen()
    assert world.clock.now() >= stopped
    with pytest.raises(EmulatorError):
        world.clock.advance(-1)


def test_requests_are_a_list_that_can_be_narrowed(world: RemoteWorld, app: App) -> None:
    assert world.requests == []
    video_id = app.create("A fox")
    app.look(video_id)
    app.look("video_unknown")
    assert len(world.requests) == 3
    created, *looks = world.requests
    assert (created.method, created.path, created.status) == ("POST", "/v1/videos", 200)
    assert (created.operation, created.body["prompt"]) == ("create_video", "A fox")
    assert looks == world.requests[1:] == world.requests.where(operation="retrieve_video")
    assert world.requests.where(operation="retrieve_video").where(status="4XX") == [looks[1]]
    assert world.requests.where(video_id=video_id) == [created, looks[0]]
    assert world.requests.where(prompt="fox", method="POST", path="/v1/videos") == [created]
    assert world.requests.where(status=418) == []
    assert repr(world.requests.where(method="POST")) == "[<POST /v1/videos 200>]"
    assert world.api_key not in str(created.headers)
    world.requests.clear()
    assert not world.requests


def test_more_requests_than_a_page_has_are_all_there(
    world: RemoteWorld, app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openvideos_emulator.remote.requests._PAGE", 2)
    for number in range(5):
        app.look(f"video_{number}")
    assert [request.video_id for request in world.requests] == [f"video_{n}" for n in range(5)]


def test_faults_are_added_by_name_or_written_out_and_removed(
    world: RemoteWorld, app: App, watched: Emulator, http: httpx.Client
) -> None:
    video_id = app.create()
    first = world.faults.add("503", operation="retrieve_video", first=1)
    assert [app.look(video_id).status_code for _ in range(2)] == [503, 200]
    assert world.requests.where(status=503)[0].faults == [first]
    world.faults.add("429", 7)
    assert app.look(video_id).headers["retry-after"] == "7"
    world.faults.clear()
    written = world.faults.add({"match": {"status": 200}, "answer": [{"remove": "$.status"}]})
    assert "status" not in app.look(video_id).json()
    other = App(watched.world(), http)
    assert other.status(other.create()) == "queued"
    assert [fault["id"] for fault in world.faults] == [written]
    world.faults.remove(written)
    assert not world.faults
    with pytest.raises(EmulatorError, match="not found"):
        world.faults.remove(written)
    with pytest.raises(EmulatorError, match="there is no fault 'nothing'; there are fail, "):
        world.faults.add("nothing")


def test_webhooks_are_there_to_be_seen_though_nobody_receives_them(
    world: RemoteWorld, app: App
) -> None:
    done, failed = app.create(), app.create("[moderation_blocked]")
    assert world.webhooks == []
    world.clock.advance(3600)
    assert {(event.type, event.video_id) for event in world.webhooks} == {
        ("video.completed", done),
        ("video.failed", failed),
    }
    (event,) = world.webhooks.where(type="video.completed")
    assert event.event["data"] == {"id": done}
    assert event.delivered_at is None
    assert world.webhooks.where(video_id=failed)[0].type == "video.failed"


def test_webhooks_can_be_sent_somewhere(world: RemoteWorld, app: App) -> None:
    assert world.webhooks.send_to("http://127.0.0.1:9/refused", SECRET) == SECRET
    video_id = app.create()
    world.webhooks.send_nowhere()
    app.create()
    world.clock.advance(3600)
    (tried,) = world.webhooks.where(video_id=video_id)
    assert (tried.url, tried.delivered_at) == ("http://127.0.0.1:9/refused", None)
    assert tried.attempts >= 1
    assert tried.last_error
    made = [world.webhooks.send_to("http://127.0.0.1:9/refused") for _ in range(2)]
    assert made[0].startswith("whsec_")
    assert made[0] != made[1]
    with pytest.raises(EmulatorError, match="secret"):
        world.webhooks.send_to("http://127.0.0.1:9", "no secret")


def test_progress_is_set_for_jobs_to_come(world: RemoteWorld, app: App) -> None:
    world.set_progress("polls:2")
    video_id = app.create()
    assert [app.status(video_id) for _ in range(2)] == ["in_progress", "completed"]
    world.set_progress(None)
    assert app.status(app.create()) == "queued"
    with pytest.raises(EmulatorError, match="polls:N"):
        world.set_progress("never")


def test_a_reset_forgets_one_world_only(
    world: RemoteWorld, app: App, watched: Emulator, http: httpx.Client
) -> None:
    other = App(watched.world(), http)
    mine, theirs = app.create(), other.create()
    world.clock.advance(86400)
    world.faults.add("500")
    world.reset()
    assert app.look(mine).status_code == 404
    assert other.look(theirs).status_code == 200
    assert world.clock.now() < time.time() + 3600
    assert world.stats()["videos"]["queued"] == 0


def test_an_emulator_that_has_gone_is_named_with_what_it_said_last() -> None:
    emulator = Emulator(admin=True, log_format="json", quiet=True, host="0.0.0.0")  # noqa: S104 - to see where it is reached
    with pytest.raises(EmulatorError, match="it is not running"):
        emulator.clock.now()
    with emulator:
        assert emulator.base_url.startswith("http://127.0.0.1:")
        assert emulator.start() is emulator, "it runs already"
        emulator.clock.advance(60)
        assert emulator.environment["OPENVIDEOS_EMULATOR_ADMIN_KEY"] not in repr(emulator)
        emulator.kill()
        with pytest.raises(EmulatorError, match=r"it ended with exit code -9.*\n.*answers"):
            emulator.clock.now()
        assert emulator.log.count("\n") == 1, "quiet says nothing of requests"
        emulator.start()
        assert emulator.requests == [], "it is there again"
    with pytest.raises(EmulatorError, match="it is not running"):
        emulator.clock.now()


def test_an_emulator_reads_no_environment_and_hands_its_secrets_to_no_list_of_processes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("OPENVIDEOS_EMULATOR_SPEED", "0")
    monkeypatch.setenv("OPENVIDEOS_EMULATOR_API_KEY", "a slip")
    monkeypatch.setenv("OPENVIDEOS_EMULATOR_CONFIG", "/nowhere.toml")
    with Emulator(admin=True, admin_key="hunter2", api_keys=["hunter2"]) as emulator:
        assert emulator.requests == []
        listed = subprocess.run(
            ["ps", "-o", "args=", "-p", str(emulator.pid)], capture_output=True, text=True
        )
    assert "openvideos_emulator" in listed.stdout
    assert "hunter2" not in listed.stdout


def test_without_its_admin_api_it_says_how_to_have_it(fast: Emulator) -> None:
    with pytest.raises(EmulatorError, match="start it with admin=True"):
        fast.requests.clear()


def test_worlds_have_the_given_keys_where_no_other_is_accepted() -> None:
    emulator = Emulator(api_keys=["one", "two"])
    assert emulator.api_key == "one"
    with pytest.raises(EmulatorError, match="no worlds yet: it is not running"):
        emulator.world("two")
    with emulator:
        assert emulator.world("two").api_key == "two"
        with pytest.raises(EmulatorError, match="say which of the given api_keys"):
            emulator.world()
