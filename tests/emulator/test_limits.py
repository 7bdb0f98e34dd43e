"""Limits of a key: requests a minute, and jobs at once."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos_emulator import Emulator
from openvideos_emulator.http.limits import Bucket

# One server of its own is enough: these tests run in one process.
pytestmark = pytest.mark.xdist_group("limits")

RPM, RUNNING = 6, 3
ADMIN_KEY = "admin-key-for-limits"
MINUTE = 60_000_000


@pytest.fixture(scope="module")
def limited() -> Iterator[Emulator]:
    with Emulator(rpm=RPM, admin=True, admin_key=ADMIN_KEY) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def crowded() -> Iterator[Emulator]:
    """An emulator whose jobs stay queued, of which a key may have a few."""
    with Emulator(
        speed=0.01, max_running=RUNNING, workers=2, admin=True, admin_key=ADMIN_KEY
    ) as emulator:
        yield emulator


def admin(emulator: Emulator, path: str, client: httpx.Client, **fields: Any) -> None:
    """Ask the admin API for something that concerns one client's key."""
    key = client.headers["Authorization"].removeprefix("Bearer ")
    # The client holds answers to the contract, which has no admin API.
    hooks, client.event_hooks = client.event_hooks, {}
    answer = client.post(
        emulator.base_url.removesuffix("/v1") + f"/_emulator/{path}",
        json={**fields, "key": key},
        headers={"Authorization": f"Bearer {ADMIN_KEY}"},
    )
    client.event_hooks = hooks
    assert answer.status_code == 200, answer.text


def test_a_key_may_send_so_many_requests_and_no_more(
    limited: Emulator, connect: Callable[..., httpx.Client]
) -> None:
    client = connect(limited)
    admin(limited, "clock/freeze", client)
    for left in reversed(range(RPM)):
        taken = client.get("/videos")
        assert taken.status_code == 200
        assert taken.headers["x-ratelimit-limit-requests"] == str(RPM)
        assert taken.headers["x-ratelimit-remaining-requests"] == str(left)
    refused = client.post("/videos", json={"prompt": "x"})
    assert refused.status_code == 429
    assert refused.headers["retry-after"] == "10"
    assert refused.headers["retry-after-ms"] == "10000"
    assert refused.headers["x-ratelimit-remaining-requests"] == "0"
    assert refused.headers["x-ratelimit-reset-requests"] == "60.000s"
    assert refused.json()["error"] == {
        "message": "Rate limit reached on requests per min (RPM): Limit 6, Used 6, Requested 1. "
        "Please try again in 10s.",
        "type": "requests",
        "param": None,
        "code": "rate_limit_exceeded",
    }
    # Another key has its own, and one that nobody accepts takes none.
    assert connect(limited).get("/videos").status_code == 200


def test_requests_come_back_with_the_time_of_the_keys_world(
    limited: Emulator, connect: Callable[..., httpx.Client]
) -> None:
    client = connect(limited)
    admin(limited, "clock/freeze", client)
    statuses = [client.get("/videos").status_code for _ in range(RPM + 1)]
    assert statuses == [200] * RPM + [429]
    admin(limited, "clock/advance", client, seconds=10)
    assert [client.get("/videos").status_code for _ in range(2)] == [200, 429]
    admin(limited, "clock/advance", client, seconds=60)
    statuses = [client.get("/videos").status_code for _ in range(RPM + 1)]
    assert statuses == [200] * RPM + [429]


def test_a_key_may_have_so_many_jobs_at_once_however_many_workers_answer(
    crowded: Emulator, connect: Callable[..., httpx.Client]
) -> None:
    client = connect(crowded)
    with ThreadPoolExecutor(20) as threads:
        answers = list(
            threads.map(lambda _: client.post("/videos", json={"prompt": "x"}), range(20))
        )
    made = [answer for answer in answers if answer.status_code == 200]
    refused = [answer for answer in answers if answer.status_code == 429]
    assert (len(made), len(refused)) == (RUNNING, 20 - RUNNING)
    assert len(client.get("/videos").json()["data"]) == RUNNING
    for answer in refused:
        assert int(answer.headers["retry-after"]) > 0
        assert answer.json()["error"] == {
            "message": "Too many running tasks",
            "type": "invalid_request_error",
            "param": None,
            "code": "rate_limit_exceeded",
        }
    assert connect(crowded).post("/videos", json={"prompt": "x"}).status_code == 200


def test_a_job_makes_room_when_retry_after_says(
    crowded: Emulator, connect: Callable[..., httpx.Client]
) -> None:
    client = connect(crowded)
    first = client.post("/videos", json={"prompt": "x"}).json()["id"]
    admin(crowded, "clock/advance", client, seconds=3600)
    for _ in range(RUNNING - 1):
        client.post("/videos", json={"prompt": "x"})
    refused = client.post("/videos", json={"prompt": "x"})
    assert refused.status_code == 429
    admin(crowded, "clock/advance", client, seconds=int(refused.headers["retry-after"]) - 30)
    assert client.post("/videos", json={"prompt": "x"}).status_code == 429
    admin(crowded, "clock/advance", client, seconds=30)
    assert client.get(f"/videos/{first}").json()["status"] == "completed"
    # Every way of starting a job is refused alike, and uses the room alike.
    source = {"prompt": "x", "video": {"id": first}}
    assert client.post(f"/videos/{first}/remix", json={"prompt": "x"}).status_code == 200
    for path, body in (
        ("/videos", {"prompt": "x"}),
        (f"/videos/{first}/remix", {"prompt": "x"}),
        ("/videos/edits", source),
        ("/videos/extensions", source),
    ):
        assert client.post(path, json=body).status_code == 429


def test_without_limits_nothing_is_said_of_them(client: httpx.Client) -> None:
    assert not [name for name in client.get("/videos").headers if "ratelimit" in name]


@given(
    size=st.integers(1, 100_000),
    pauses=st.lists(st.integers(0, 90_000_000), min_size=1, max_size=60),
)
def test_no_minute_has_more_requests_than_a_bucket_and_what_came_back(
    size: int, pauses: list[int]
) -> None:
    bucket, now, taken = Bucket(size), 1_795_000_000_000_000, []
    for pause in pauses:
        now += pause
        wait = bucket.wait(now)
        assert (bucket.remaining(now) >= 1) is (wait == 0)
        assert wait <= bucket.interval
        if wait:
            assert bucket.wait(now + wait) == 0
            assert bucket.wait(now + wait - 1) > 0
        else:
            bucket = bucket.taken(now)
            taken.append(now)
    for place, time in enumerate(taken):
        assert place < size + (time - taken[0]) / bucket.interval


@given(size=st.integers(1, 1000))
def test_a_clock_that_is_turned_back_gives_a_full_bucket(size: int) -> None:
    bucket = Bucket(size)
    for _ in range(size):
        bucket = bucket.taken(10 * MINUTE)
    assert bucket.remaining(10 * MINUTE) == 0
    assert bucket.remaining(0) == size
