"""Kills: what was acknowledged is there afterwards.

OPENVIDEOS_SECONDS_OF_KILLING makes it longer than the tests of every day.
"""

import os
import secrets
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from openvideos_emulator import Emulator

from ..conftest import NO_TLS
from .test_workers import children

WORKERS = 4
CLIENTS = 4
SECONDS = float(os.environ.get("OPENVIDEOS_SECONDS_OF_KILLING", "3"))
KEY = {"Authorization": f"Bearer sk-{secrets.token_hex(16)}"}
PAUSE = 0.01

pytestmark = [
    pytest.mark.xdist_group("workers"),
    pytest.mark.timeout(120 + 2 * SECONDS),
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc"),
]


def create_until(base_url: str, stop: threading.Event) -> tuple[list[str], int]:
    """Create videos; return the ids of those that were acknowledged, and how many were not."""
    made, lost = [], 0
    with httpx.Client(base_url=base_url, headers=KEY, verify=NO_TLS, timeout=20) as client:
        while not stop.wait(PAUSE):
            try:
                answer = client.post("/videos", json={"prompt": "x"})
            except httpx.TransportError:
                lost += 1
                continue
            assert answer.status_code == 200, answer.text
            made.append(answer.json()["id"])
    return made, lost


def all_listed(base_url: str) -> list[str]:
    listed: list[str] = []
    with httpx.Client(base_url=base_url, headers=KEY, verify=NO_TLS) as client:
        page = {"has_more": True, "last_id": None}
        while page["has_more"]:
            after = {"after": page["last_id"]} if page["last_id"] else {}
            page = client.get("/videos", params={"limit": 100, **after}).json()
            listed += [video["id"] for video in page["data"]]
    return listed


def test_no_acknowledged_job_is_lost_when_workers_are_killed(database: str) -> None:
    stop = threading.Event()
    with (
        Emulator(db=database, workers=WORKERS, quiet=True, speed=100_000) as emulator,
        ThreadPoolExecutor(CLIENTS) as pool,
    ):
        creating = [pool.submit(create_until, emulator.base_url, stop) for _ in range(CLIENTS)]
        killed = []
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            time.sleep(1)
            killed.append(secrets.choice(children(emulator)))
            os.kill(killed[-1], signal.SIGKILL)
        stop.set()
        results = [each.result() for each in creating]
        # The first process too, and with it all that are left.
        emulator.kill()
    acknowledged = {video_id for made, _ in results for video_id in made}
    lost = sum(lost for _, lost in results)
    assert len(acknowledged) > 10 * SECONDS
    assert len(set(killed)) == len(killed)
    with Emulator(db=database, quiet=True) as emulator:
        listed = all_listed(emulator.base_url)
    assert len(set(listed)) == len(listed)
    assert acknowledged <= set(listed)
    # Of those whose answer was lost, any may have been stored.
    assert len(listed) <= len(acknowledged) + lost
