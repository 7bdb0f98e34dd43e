"""Webhooks of a running emulator, as its users meet them."""

import contextlib
import json
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import standardwebhooks

from openvideos_emulator import Emulator, EmulatorError
from openvideos_emulator.settings import Settings, SettingsError

from .conftest import SECRET, Received, Receiver

Connect = Callable[..., httpx.Client]


def verified(received: Received) -> dict[str, object]:
    event: dict[str, object] = standardwebhooks.Webhook(SECRET).verify(
        received.body, received.headers
    )
    return event


def create(client: httpx.Client, prompt: str = "x") -> str:
    answer = client.post("/videos", json={"prompt": prompt})
    assert answer.status_code == 200, answer.text
    video_id: str = answer.json()["id"]
    return video_id


def test_turning_the_clock_returns_once_the_events_that_it_made_due_were_tried(
    watched: Emulator, receiver: Receiver, connect: Connect
) -> None:
    world = watched.world()
    world.webhooks.send_to(receiver.url, SECRET)
    receiver.answer = lambda _: 503 if len(receiver.received) < 2 else 204
    video_id = create(connect(watched, world.api_key))
    assert list(world.webhooks) == []
    world.clock.advance(600)
    [stored] = world.webhooks
    assert (stored.video_id, stored.attempts, stored.last_status) == (video_id, 1, 503)
    assert stored.delivered_at is None
    world.clock.advance(5)
    [stored] = world.webhooks
    assert (stored.attempts, stored.last_status) == (2, 204)
    assert stored.delivered_at is not None
    assert [received.id for received in receiver.received] == [stored.id] * 2
    assert [verified(received) for received in receiver.received] == [stored.event] * 2
    world.clock.advance(80 * 3600)
    assert len(receiver.received) == 2


def test_a_world_whose_clock_stands_still_sends_when_it_is_turned(
    watched: Emulator, receiver: Receiver, connect: Connect
) -> None:
    world = watched.world()
    world.webhooks.send_to(receiver.url, SECRET)
    frozen_at = world.clock.freeze()
    create(connect(watched, world.api_key))
    world.clock.advance(1)
    assert receiver.received == []
    world.clock.advance(600)
    [received] = receiver.received
    # The event is of the world's time, its signature of the machine's.
    ended = verified(received)["created_at"]
    assert frozen_at + 1 < ended < frozen_at + 601  # type: ignore[operator]  # an integer


def test_each_key_has_a_receiver_of_its_own(
    watched: Emulator, receivers: Callable[..., Receiver], connect: Connect
) -> None:
    mine, yours = receivers(), receivers()
    for receiver in (mine, yours):
        world = watched.world()
        world.webhooks.send_to(receiver.url, SECRET)
        video_id = create(connect(watched, world.api_key))
        world.clock.advance(600)
        [received] = receiver.received
        assert verified(received)["data"] == {"id": video_id}


def test_without_a_receiver_events_can_be_looked_at_all_the_same(
    watched: Emulator, connect: Connect
) -> None:
    world = watched.world()
    client = connect(watched, world.api_key)
    completed, failed = create(client), create(client, "x [moderation_blocked]")
    world.clock.advance(600)
    assert {stored.video_id for stored in world.webhooks} == {completed, failed}
    [stored] = world.webhooks.where(type="video.failed")
    assert (stored.video_id, stored.url, stored.attempts) == (failed, None, 0)


def test_the_retrieve_that_shows_a_job_completed_makes_its_event_due(
    watched: Emulator, receiver: Receiver, connect: Connect
) -> None:
    world = watched.world()
    world.webhooks.send_to(receiver.url, SECRET)
    world.set_progress("polls:2")
    client = connect(watched, world.api_key)
    video_id = create(client)
    world.clock.advance(3600)
    assert client.get(f"/videos/{video_id}").json()["status"] != "completed"
    world.clock.advance(3600)
    assert receiver.received == []
    assert client.get(f"/videos/{video_id}").json()["status"] == "completed"
    [received] = receiver.wait_for(1)
    assert verified(received)["data"] == {"id": video_id}


def test_events_survive_a_crash_before_them_and_one_between_acknowledgement_and_record(
    receiver: Receiver, connect: Connect, tmp_path: Path
) -> None:
    database = tmp_path / "emulator.sqlite"
    with Emulator(
        db=str(database), speed=1, admin=True, webhook=receiver.url, webhook_secret=SECRET
    ) as emulator:
        pid = emulator.pid
        assert pid is not None

        def kill_first(_: Received) -> int:
            os.kill(pid, signal.SIGKILL)
            return 204

        receiver.answer = kill_first
        acknowledged, waiting = emulator.world(), emulator.world()
        first = create(connect(emulator, acknowledged.api_key))
        second = create(connect(emulator, waiting.api_key), "x [moderation_blocked]")
        with pytest.raises(EmulatorError):
            acknowledged.clock.advance(600)
    receiver.answer = lambda _: 204
    # The dead worker's claim would end some seconds later.
    with contextlib.closing(sqlite3.connect(database)) as connection, connection:
        connection.execute("UPDATE openvideos_deliveries SET claimed_until = 0")
    with Emulator(db=str(database), speed=1, admin=True) as emulator:
        emulator.clock.advance(600)
        emulator.clock.advance(600)
    assert len(receiver.received) == 3
    by_video: dict[object, list[Received]] = {}
    for received in receiver.received:
        data = verified(received)["data"]
        by_video.setdefault(data["id"], []).append(received)  # type: ignore[index]  # an object
    assert len({received.id for received in by_video[first]}) == 1
    assert len(by_video[first]) == 2
    [received] = by_video[second]
    assert verified(received)["type"] == "video.failed"


def test_a_reset_world_sends_nothing_more(
    watched: Emulator, receiver: Receiver, connect: Connect
) -> None:
    world = watched.world()
    world.webhooks.send_to(receiver.url, SECRET)
    create(connect(watched, world.api_key))
    world.reset()
    world.clock.advance(600)
    assert (receiver.received, list(world.webhooks)) == ([], [])


@pytest.mark.parametrize(
    ("url", "secret", "message"),
    [
        ("ftp://127.0.0.1/", SECRET, "--webhook must be an http:// or https:// URL"),
        ("127.0.0.1:8080", SECRET, "--webhook must be"),
        ("http:///path", SECRET, "--webhook must be"),
        ("http://[::1/", SECRET, "--webhook must be a URL"),
        ("http://localhost:99999999/", SECRET, "--webhook must be"),
        ("http://h/", "secret", "--webhook-secret must be whsec_ and Base64"),
        ("http://h/", "whsec_", "--webhook-secret must be"),
        ("http://h/", "whsec_not-base64!", "--webhook-secret must be"),
        ("http://h/", None, "need each other"),
        (None, SECRET, "need each other"),
    ],
)
def test_an_endpoint_that_cannot_be_used_is_refused_without_telling_its_secrets(
    url: str | None, secret: str | None, message: str
) -> None:
    url = url and url.replace("://", "://me:pa55@")
    with pytest.raises(SettingsError, match=message) as refused:
        Settings(webhook=url, webhook_secret=secret)
    assert "pa55" not in str(refused.value)
    if secret not in (None, "secret", "whsec_"):
        assert str(secret) not in str(refused.value)


def test_faults_of_a_file_happen_to_deliveries(
    tmp_path: Path, receiver: Receiver, connect: Connect
) -> None:
    faults = [
        {
            "id": "shape",
            "match": {"operation": "video_completed", "first": 1, "per": "video"},
            "request": [
                {"set_field": {"object": "{video_id}"}},
                {"set_header": {"webhook-id": "another"}},
            ],
        },
        {
            "id": "unsigned",
            "match": {"operation": "video_completed", "nth": 2, "per": "video"},
            "request": [{"remove_header": "webhook-signature"}],
        },
        {
            "id": "never-again",
            "match": {"operation": "video_completed", "after": 2, "per": "video"},
            "request": [{"reply": {"status": 204}}],
        },
        {
            "id": "failures-have-none",
            "match": {"operation": "video_failed"},
            "request": [{"reply": {"status": 204}}],
        },
    ]
    path = tmp_path / "faults.json"
    path.write_text(json.dumps(faults))
    receiver.answer = lambda _: 503
    with Emulator(
        speed=100_000, admin=True, faults=path, webhook=receiver.url, webhook_secret=SECRET
    ) as emulator:
        video_id = create(connect(emulator, emulator.api_key))
        create(connect(emulator, emulator.api_key), "[fail]")
        first, *_ = receiver.wait_for(1)
        for _ in range(4):
            emulator.clock.advance(3600)
        assert [stored.last_status for stored in emulator.webhooks] == [204, 204]
    assert verified(first)["object"] == video_id
    assert first.id == "another"
    [second] = receiver.received[1:]
    assert "webhook-signature" not in second.headers


def test_an_event_can_come_before_its_job_has_ended(
    tmp_path: Path, receiver: Receiver, connect: Connect
) -> None:
    path = tmp_path / "faults.json"
    match = {"operation": "create_video"}
    path.write_text(
        json.dumps([{"id": "early", "match": match, "request": [{"job": {"webhook": "early"}}]}])
    )
    with Emulator(speed=1, faults=path, webhook=receiver.url, webhook_secret=SECRET) as emulator:
        client = connect(emulator, emulator.api_key)
        video_id = create(client)
        [received] = receiver.wait_for(1)
        assert client.get(f"/videos/{video_id}").json()["status"] == "queued"
    assert verified(received)["data"] == {"id": video_id}
