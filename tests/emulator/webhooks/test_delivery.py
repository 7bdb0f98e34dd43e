"""What a dispatcher does with an outbox: real receivers, and a clock that the test turns."""

import asyncio
import base64
import itertools
import json
import logging
import socket
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
import standardwebhooks
import trustme
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

import openvideos_spec
from openvideos_emulator.http.validation import Checker
from openvideos_emulator.storage.database import UnreachableDatabaseError, upsert
from openvideos_emulator.storage.tables import worlds
from openvideos_emulator.webhooks.outbox import record
from openvideos_emulator.webhooks.schedule import next_attempt
from openvideos_emulator.worlds import ALL

from .conftest import SECRET, Outbox, Received, Receiver

SECONDS_OF_72_HOURS = 72 * 3600


def test_an_event_is_signed_and_keeps_the_contract(outbox: Outbox, receiver: Receiver) -> None:
    async def deliver() -> list[str]:
        videos = [
            await outbox.queue(receiver.url),
            await outbox.queue(receiver.url, due_in=1, failed=True),
        ]
        outbox.clock.turn(1)
        await outbox.deliver_due()
        return videos

    videos = asyncio.run(deliver())
    document = openvideos_spec.load("openai")
    checker = Checker(document, {"$ref": "#/components/schemas/WebhookEvent"})
    events = {}
    for received in receiver.received:
        event = standardwebhooks.Webhook(SECRET).verify(received.body, received.headers)
        checker.check(event)
        events[event["data"]["id"]] = event
        assert received.path == "/webhooks"
        assert received.headers["content-type"] == "application/json"
        assert received.headers["user-agent"].startswith("OpenVideos-Emulator/")
        assert received.id.startswith("wh_")
        assert event["id"].startswith("evt_")
    assert [events[video]["type"] for video in videos] == ["video.completed", "video.failed"]
    assert events[videos[1]]["created_at"] == outbox.clock.now() // 1000


def test_nothing_is_sent_before_it_is_due(outbox: Outbox, receiver: Receiver) -> None:
    async def deliver() -> None:
        await outbox.queue(receiver.url, due_in=60)
        await outbox.deliver_due()
        outbox.clock.turn(59.999)
        await outbox.deliver_due()
        assert receiver.received == []
        outbox.clock.turn(0.001)
        await outbox.deliver_due()
        await outbox.deliver_due()

    asyncio.run(deliver())
    assert len(receiver.received) == 1


@pytest.mark.parametrize("status", [500, 302, None])
def test_what_is_not_acknowledged_is_sent_again_with_growing_pauses_for_72_hours(
    outbox: Outbox, receiver: Receiver, status: int | None
) -> None:
    receiver.answer = lambda _: status
    receiver.headers = {"location": f"{receiver.url}/elsewhere"}
    tried_after: list[float] = []

    async def deliver() -> None:
        await outbox.queue(receiver.url)
        began = outbox.clock.now()
        while True:
            before = len(receiver.received)
            await outbox.deliver_due()
            assert len(receiver.received) == before + 1
            tried_after.append((outbox.clock.now() - began) / 1000)
            [row] = await outbox.rows()
            if row["next_attempt"] is None:
                break
            # A moment before it is due it is not sent.
            outbox.clock.time = row["next_attempt"] - 1  # type: ignore[operator]  # a column
            await outbox.deliver_due()
            outbox.clock.turn(0.001)
        assert (row["attempts"], row["last_status"]) == (len(tried_after), status)
        assert row["delivered"] is None
        outbox.clock.turn(SECONDS_OF_72_HOURS)
        await outbox.deliver_due()

    asyncio.run(deliver())
    assert len(receiver.received) == len(tried_after)
    pauses = [late - early for early, late in itertools.pairwise(tried_after)]
    assert pauses == [5 * 2**number for number in range(len(pauses))]
    assert SECONDS_OF_72_HOURS / 2 < tried_after[-1] <= SECONDS_OF_72_HOURS
    assert len({received.id for received in receiver.received}) == 1
    assert all(received.path == "/webhooks" for received in receiver.received)


def test_an_event_is_delivered_once_the_receiver_is_well_again(
    outbox: Outbox, receiver: Receiver
) -> None:
    receiver.answer = lambda _: 503 if len(receiver.received) < 3 else 200

    async def deliver() -> dict[str, Any]:
        await outbox.queue(receiver.url)
        for pause in (0, 5, 10, 20):
            outbox.clock.turn(pause)
            await outbox.deliver_due()
        [row] = await outbox.rows()
        return row

    row = asyncio.run(deliver())
    assert len(receiver.received) == 3
    assert (row["attempts"], row["last_status"], row["last_error"]) == (3, 200, None)
    assert row["delivered"] == row["due"] + 15_000


def test_410_ends_the_attempts(outbox: Outbox, receiver: Receiver) -> None:
    receiver.answer = lambda _: 410

    async def deliver() -> None:
        await outbox.queue(receiver.url)
        await outbox.deliver_due()
        outbox.clock.turn(SECONDS_OF_72_HOURS)
        await outbox.deliver_due()

    asyncio.run(deliver())
    assert len(receiver.received) == 1


@given(
    due=st.integers(0, 2**40),
    attempts=st.integers(1, 60),
    late_by=st.integers(0, 2 * SECONDS_OF_72_HOURS * 1000),
)
def test_pauses_only_grow_and_nothing_is_tried_after_72_hours(
    due: int, attempts: int, late_by: int
) -> None:
    now = due + late_by
    again = next_attempt(due, attempts, now)
    assert again is None or now + 5000 <= again <= due + SECONDS_OF_72_HOURS * 1000
    later = next_attempt(due, attempts + 1, now)
    assert later is None or (again is not None and later - now == 2 * (again - now))


def test_a_receiver_that_is_not_there_is_tried_again(outbox: Outbox) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    async def deliver() -> dict[str, Any]:
        await outbox.queue(f"http://127.0.0.1:{port}/")
        await outbox.deliver_due()
        [row] = await outbox.rows()
        return row

    row = asyncio.run(deliver())
    assert row["next_attempt"] == row["due"] + 5000
    assert row["last_status"] is None
    assert "ConnectError" in row["last_error"]


def test_a_slow_receiver_is_given_up_on_in_time_and_holds_up_nobody_else(
    outboxes: Callable[..., Outbox], receivers: Callable[..., Receiver]
) -> None:
    patience = 2.0
    outbox = outboxes(seconds_for_an_answer=patience)
    slow, quick = receivers(), receivers()
    released = slow.hold()

    async def deliver() -> tuple[float, list[dict[str, Any]]]:
        # What is due for the slow one would take all the room there is.
        await outbox.queue(slow.url, count=80)
        outbox.clock.turn(1)
        await outbox.queue(quick.url, count=3)
        began = time.monotonic()
        running = asyncio.create_task(outbox.dispatcher.run())
        await asyncio.to_thread(quick.wait_for, 3, patience)
        took = time.monotonic() - began
        while not any(row["last_error"] for row in await outbox.rows()):
            await asyncio.sleep(0.01)
        running.cancel()
        released.set()
        await asyncio.gather(running, return_exceptions=True)
        return took, await outbox.rows()

    took, rows = asyncio.run(deliver())
    assert took < patience
    assert len(slow.received) < 20
    failed = [row for row in rows if row["last_error"]]
    assert failed[0]["last_error"] == f"no answer within {patience:g} s"


def test_any_number_of_keys_can_wait(outboxes: Callable[..., Outbox]) -> None:
    outbox = outboxes(own_clocks=True)
    statements: list[object] = []

    def count(*seen: object) -> None:
        statements.append(seen)

    async def deliver(tenants: int) -> int:
        await outbox.queue("http://127.0.0.1:1/", due_in=1, tenants=tenants)
        before = len(statements)
        await outbox.deliver_due()
        assert {row["attempts"] for row in await outbox.rows()} == {0}
        return len(statements) - before

    sqlalchemy.event.listen(sqlalchemy.Engine, "before_cursor_execute", count)
    try:
        # They cost no more than one does.
        assert asyncio.run(deliver(1)) == asyncio.run(deliver(1100))
    finally:
        sqlalchemy.event.remove(sqlalchemy.Engine, "before_cursor_execute", count)


@pytest.mark.parametrize("all_frozen", [False, True])
def test_each_world_is_delivered_to_by_its_own_time(
    outboxes: Callable[..., Outbox], receiver: Receiver, all_frozen: bool
) -> None:
    outbox = outboxes(own_clocks=True)
    now = outbox.clock.now()
    clocks: dict[str, dict[str, int | None]] = {
        ALL: {"offset": 5_000, "frozen_at": now + 5_000 if all_frozen else None},
        "tenant-0": {"offset": 10_000, "frozen_at": None},
        "tenant-1": {"offset": -10_000, "frozen_at": None},
        "tenant-2": {"offset": 0, "frozen_at": now},
        "tenant-3": {"offset": 0, "frozen_at": now + 15_000},
        "tenant-4": {"offset": 0, "frozen_at": None},
    }

    def store(connection: Connection) -> None:
        for tenant, clock in clocks.items():
            upsert(connection, worlds, {"tenant": tenant}, {**clock, "faults_edition": 0})

    async def deliver() -> dict[object, set[object]]:
        await outbox.database.write(store)
        for seconds in (-7.5, 2.5, 7.5, 12.5):
            await outbox.queue(receiver.url, due_in=seconds, tenants=6)
        await outbox.deliver_due()
        delivered: dict[object, set[object]] = {}
        for row in await outbox.rows():
            if row["delivered"]:
                world = await outbox.worlds.find(str(row["tenant"]))
                assert row["due"] <= row["delivered"] == world.now()  # type: ignore[operator]  # columns
                seconds = (row["due"] - now) / 1000  # type: ignore[operator]  # a column
                delivered.setdefault(row["tenant"], set()).add(seconds)
        return delivered

    assert asyncio.run(deliver()) == {
        "tenant-0": {-7.5, 2.5, 7.5, 12.5},
        "tenant-1": {-7.5},
        "tenant-2": {-7.5},
        "tenant-3": {-7.5, 2.5, 7.5, 12.5},
        "tenant-4": {-7.5, 2.5},
        "tenant-5": {-7.5, 2.5},
    }


def test_two_workers_send_nothing_twice(
    outboxes: Callable[..., Outbox], receiver: Receiver
) -> None:
    first, second = outboxes(), outboxes()

    async def deliver() -> None:
        await first.queue(receiver.url, count=60)
        await asyncio.gather(first.deliver_due(), second.deliver_due())

    asyncio.run(deliver())
    assert set(Counter(received.id for received in receiver.received).values()) == {1}
    assert len(receiver.received) == 60


def test_delivering_what_is_due_waits_for_what_another_worker_is_sending(
    outboxes: Callable[..., Outbox], receiver: Receiver
) -> None:
    first, second = outboxes(), outboxes()
    released = receiver.hold()

    async def deliver() -> None:
        await first.queue(receiver.url)
        sending = asyncio.create_task(first.deliver_due())
        await asyncio.to_thread(receiver.wait_for, 1)
        waiting = asyncio.create_task(second.deliver_due())
        done, _ = await asyncio.wait({waiting}, timeout=0.1)
        assert not done
        released.set()
        await asyncio.gather(sending, waiting)
        [row] = await second.rows()
        assert row["delivered"] is not None

    asyncio.run(deliver())
    assert len(receiver.received) == 1


def test_what_a_dead_worker_had_claimed_is_sent_again_under_the_same_id(
    outboxes: Callable[..., Outbox], receiver: Receiver
) -> None:
    first, second = outboxes(), outboxes()
    released = receiver.hold()

    async def deliver() -> None:
        await first.queue(receiver.url)
        dying = asyncio.create_task(first.deliver_due())
        await asyncio.to_thread(receiver.wait_for, 1)
        # It ends as by a crash: nothing is recorded.
        for attempt in first.dispatcher._attempts:
            attempt.cancel()
        dying.cancel()
        await asyncio.gather(dying, return_exceptions=True)
        first.clock.turn(19.999)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(second.deliver_due(), 0.1)
        assert len(receiver.received) == 1
        first.clock.turn(0.001)
        released.set()
        await second.deliver_due()

    asyncio.run(deliver())
    assert len(receiver.received) == 2
    assert len({received.id for received in receiver.received}) == 1


def test_what_was_acknowledged_is_not_sent_again_because_the_database_was_away(
    outbox: Outbox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = outbox.database.write
    failures: list[object] = []

    async def broken_once(query: Any, *args: Any, **keywords: Any) -> Any:
        if query is record and not failures:
            failures.append(query)
            raise UnreachableDatabaseError
        return await write(query, *args, **keywords)

    async def deliver() -> list[dict[str, Any]]:
        await outbox.queue(receiver.url)
        monkeypatch.setattr(outbox.database, "write", broken_once)
        await outbox.deliver_due()
        outbox.clock.turn(60)
        await outbox.deliver_due()
        return await outbox.rows()

    [row] = asyncio.run(deliver())
    assert (len(failures), row["attempts"], row["last_status"]) == (1, 1, 204)
    assert len(receiver.received) == 1


def test_what_a_worker_records_too_late_changes_nothing(
    outboxes: Callable[..., Outbox], receiver: Receiver
) -> None:
    first, second = outboxes(), outboxes()
    released = receiver.hold(status=500)

    async def deliver() -> None:
        await first.queue(receiver.url)
        slow = asyncio.create_task(first.deliver_due())
        await asyncio.to_thread(receiver.wait_for, 1)
        first.clock.turn(20)
        receiver.answer = lambda _: 204
        await second.deliver_due()
        [before] = await first.rows()
        assert (before["attempts"], before["delivered"] is None) == (2, False)
        released.set()
        await slow
        await asyncio.gather(*first.dispatcher._attempts)
        assert await first.rows() == [before]

    asyncio.run(deliver())
    assert len(receiver.received) == 2


def test_a_duplicate_is_the_same_event_under_the_same_id(
    outbox: Outbox, receiver: Receiver
) -> None:
    async def deliver() -> None:
        await outbox.queue(receiver.url, trick="duplicate")
        await outbox.deliver_due()
        outbox.clock.turn(3600)
        await outbox.deliver_due()

    asyncio.run(deliver())
    first, second = receiver.received
    assert (first.id, first.body) == (second.id, second.body)


def test_a_late_event_comes_a_minute_after_the_jobs_end(outbox: Outbox, receiver: Receiver) -> None:
    async def deliver() -> None:
        await outbox.queue(receiver.url, trick="late")
        outbox.clock.turn(59.9)
        await outbox.deliver_due()
        assert receiver.received == []
        outbox.clock.turn(0.1)
        await outbox.deliver_due()

    asyncio.run(deliver())
    [received] = receiver.received
    created_at = json.loads(received.body)["created_at"]
    assert created_at == (outbox.clock.now() - 60_000) // 1000


def test_a_forged_event_comes_beside_the_true_one_and_only_once(
    outbox: Outbox, receiver: Receiver
) -> None:
    receiver.answer = lambda received: 204 if is_true(received) else 400

    async def deliver() -> None:
        await outbox.queue(receiver.url, trick="forged")
        await outbox.deliver_due()
        outbox.clock.turn(SECONDS_OF_72_HOURS / 2)
        await outbox.deliver_due()

    asyncio.run(deliver())
    assert sorted(is_true(received) for received in receiver.received) == [False, True]
    assert len({received.id for received in receiver.received}) == 2


def test_a_lost_event_is_never_sent(outbox: Outbox, receiver: Receiver) -> None:
    async def deliver() -> list[dict[str, Any]]:
        await outbox.queue(receiver.url, trick="lost")
        outbox.clock.turn(SECONDS_OF_72_HOURS / 2)
        await outbox.deliver_due()
        return await outbox.rows()

    assert [row["attempts"] for row in asyncio.run(deliver())] == [0]
    assert receiver.received == []


def test_a_name_and_password_are_sent_as_basic_authentication_and_never_logged(
    outbox: Outbox, receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.answer = lambda _: 500
    caplog.set_level(logging.DEBUG)

    async def deliver() -> dict[str, Any]:
        await outbox.queue(receiver.url.replace("://", "://me:p%40ss@") + "?token=t0ken")
        await outbox.deliver_due()
        [row] = await outbox.rows()
        return row

    row = asyncio.run(deliver())
    [received] = receiver.received
    kind, _, login = received.headers["authorization"].partition(" ")
    assert (kind, base64.b64decode(login)) == ("Basic", b"me:p@ss")
    assert received.path == "/webhooks?token=t0ken"
    said = [
        record.getMessage() for record in caplog.records if record.name.startswith("openvideos")
    ]
    assert len(said) == 1
    assert "answered 500" in said[0]
    for secret in ("p%40ss", "p@ss", "t0ken", SECRET):
        assert secret not in f"{said}{row['last_error']}"
    assert "p%40ss" not in caplog.text


def test_a_receiver_with_tls_must_have_a_certificate_that_is_trusted(
    outbox: Outbox,
    receivers: Callable[..., Receiver],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trusted, other = trustme.CA(key_type=trustme.KeyType.ECDSA), trustme.CA()
    trusted.cert_pem.write_to_path(str(tmp_path / "trusted.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "trusted.pem"))

    async def deliver() -> list[dict[str, Any]]:
        for authority in (trusted, other):
            await outbox.queue(receivers(authority).url, due_in=0)
            outbox.clock.turn(1)
        await outbox.deliver_due()
        return await outbox.rows()

    first, second = asyncio.run(deliver())
    assert first["url"].startswith("https://")
    assert first["last_status"] == 204
    assert second["last_status"] is None
    assert "certificate verify failed" in second["last_error"]


def test_the_dispatcher_sends_by_itself_when_something_becomes_due(
    outbox: Outbox, receiver: Receiver
) -> None:
    async def deliver() -> None:
        running = asyncio.create_task(outbox.dispatcher.run())
        await asyncio.sleep(0)
        await outbox.queue(receiver.url)
        outbox.dispatcher.wake()
        await asyncio.to_thread(receiver.wait_for, 1)
        while (await outbox.rows())[0]["delivered"] is None:
            await asyncio.sleep(0.005)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)

    asyncio.run(deliver())
    assert len(receiver.received) == 1


def is_true(received: Received) -> bool:
    try:
        standardwebhooks.Webhook(SECRET).verify(received.body, received.headers)
    except standardwebhooks.WebhookVerificationError:
        return False
    return True
