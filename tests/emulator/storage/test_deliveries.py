"""Webhooks of several workers on one database.

OPENVIDEOS_SECONDS_OF_KILLING makes it longer than the tests of every day.
"""

import itertools
import json
import os
import secrets
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
import sqlalchemy
from sqlalchemy import Connection, func, select, update
from sqlalchemy.engine import make_url
from sqlalchemy.pool import NullPool

from openvideos_emulator import Emulator
from openvideos_emulator.storage.tables import deliveries

from ..conftest import NO_TLS
from ..webhooks.conftest import SECRET, Received, Receiver
from .test_durability import create_until
from .test_workers import children

SECONDS = float(os.environ.get("OPENVIDEOS_SECONDS_OF_KILLING", "0"))
WORKERS = 4 if SECONDS else 2
SENDERS = 4
DEATHS = round(SECONDS) or 2
SECONDS_BETWEEN_DEATHS = 1 if SECONDS else 0
_UNDELIVERED = (deliveries.c.delivered.is_(None), deliveries.c.next_attempt.is_not(None))

pytestmark = [
    pytest.mark.xdist_group("workers"),
    pytest.mark.timeout(120 + 5 * SECONDS),
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc"),
]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    receiver = Receiver()
    yield receiver
    receiver.close()


def create(emulator: Emulator, count: int) -> list[str]:
    """Make videos; return the ids of those whose create was acknowledged."""
    made = []
    # Each on a connection of its own, which any worker may take.
    headers = {"Authorization": "Bearer sk-0123456789abcdef", "Connection": "close"}
    with httpx.Client(base_url=emulator.base_url, headers=headers, verify=NO_TLS) as client:
        for _ in range(count):
            try:
                answer = client.post("/videos", json={"prompt": "x"})
            except httpx.TransportError:
                continue
            if answer.status_code == 200:
                made.append(answer.json()["id"])
    return made


def connected(database: str) -> Connection:
    url = make_url(database if "://" in database else f"sqlite:///{database}")
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    engine = sqlalchemy.create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    return engine.connect()


def wait_until_all_is_delivered(database: str, *, after_deaths: bool) -> None:
    """Wait for the last delivery; what the dead had claimed is let go without their time-out."""
    with connected(database) as connection:
        left, since = None, time.monotonic()
        while left != []:
            assert time.monotonic() - since < 30, f"{left} are left"
            now = list(connection.execute(select(deliveries.c.id).where(*_UNDELIVERED)).scalars())
            if sorted(now) != left:
                left, since = sorted(now), time.monotonic()
            if after_deaths and time.monotonic() - since > 0.5:
                connection.execute(update(deliveries).where(*_UNDELIVERED).values(claimed_until=0))
            time.sleep(0.02)
        count = connection.execute(select(func.count()).select_from(deliveries)).scalar()
        assert count


def told_of(received: list[Received]) -> dict[str, set[str]]:
    """Return by which webhook-ids each video was told of."""
    told: dict[str, set[str]] = {}
    for each in received:
        told.setdefault(json.loads(each.body)["data"]["id"], set()).add(each.id)
    return told


def test_each_event_is_delivered_once_and_again_under_its_id_only_where_a_worker_died(
    database: str, receiver: Receiver
) -> None:
    with (
        Emulator(
            workers=WORKERS, db=database, speed=1000, webhook=receiver.url, webhook_secret=SECRET
        ) as emulator,
        ThreadPoolExecutor(SENDERS) as pool,
    ):
        made = list(itertools.chain(*pool.map(lambda _: create(emulator, 6), range(SENDERS))))
        assert len(made) == SENDERS * 6
        wait_until_all_is_delivered(database, after_deaths=False)
        received = list(receiver.received)
        assert told_of(received).keys() == set(made)
        assert set(Counter(each.id for each in received).values()) == {1}

        def acknowledge_slowly(_: Received) -> int:
            time.sleep(0.02)  # so that workers die between acknowledgement and record
            return 204

        receiver.answer = acknowledge_slowly
        receiver.received.clear()
        stop = threading.Event()
        creating = [pool.submit(create_until, emulator.base_url, stop) for _ in range(SENDERS)]
        for number in range(DEATHS):
            receiver.wait_for(12 * (number + 1))
            time.sleep(SECONDS_BETWEEN_DEATHS)
            os.kill(secrets.choice(children(emulator)), signal.SIGKILL)
        stop.set()
        made = list(itertools.chain(*(each.result()[0] for each in creating)))
        wait_until_all_is_delivered(database, after_deaths=True)
    told = told_of(receiver.received)
    assert set(made) <= told.keys()
    assert all(len(ids) == 1 for ids in told.values())
    # Seven at a time is the most that a worker has on the way to one receiver.
    assert len(receiver.received) - len(told) <= 7 * DEATHS
