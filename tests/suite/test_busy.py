"""A server that is busy is waited for, politely and not without an end."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, cast

import httpx
import pytest

from openvideos_contract.contract import Contract
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import Blocked
from openvideos_contract.wire.gate import Gate
from openvideos_contract.wire.patience import hint_of, is_busy, number_in
from openvideos_contract.wire.throttle import Throttle

MakeGate = Callable[..., Gate]
BUSY = {"error": {"message": "The server is busy with another video", "type": "x"}}
Answer = tuple[int, Any]


@pytest.fixture
def slept(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The pauses that were made; none takes time, and the clock goes on by each."""
    pauses: list[float] = []
    real = time.monotonic
    monkeypatch.setattr("time.sleep", pauses.append)
    monkeypatch.setattr("time.monotonic", lambda: real() + sum(pauses))
    return pauses


def answer_first(lenient: Any, *first: Answer, to: str = "POST") -> None:
    """Have a server give some answers to a method first, and then what it usually does."""
    usual, given = lenient.answer, iter(first)

    def answer(method: str, path: str) -> Answer:
        found = next(given, None) if method == to else None
        if found is not None:
            lenient.log.append((method, path))
        return found or usual(method, path)

    lenient.answer = answer


@pytest.mark.parametrize("status", [429, 409, 503])
def test_a_create_is_sent_again_while_the_server_is_busy(
    lenient: Any, gate_to: MakeGate, slept: list[float], status: int
) -> None:
    answer_first(lenient, (status, BUSY), (status, BUSY))
    gate = gate_to(lenient.base_url, max_videos=1)
    assert gate.send("POST", "/videos", json={"prompt": "x"}).status == 200
    assert len(slept) == 2
    assert gate.budget.spent == len(lenient.accepted) == 1
    assert not [key for key in gate.seen if key[1] in {"4xx", "5xx"}]
    assert not [found for found in gate.found if found.exchange.status == status]
    assert [exchange.status for exchange in gate.exchanges] == [status, status, 200]


def test_reading_is_repeated_and_a_refusal_for_the_pace_is_no_answer(
    lenient: Any, gate_to: MakeGate, slept: list[float]
) -> None:
    answer_first(lenient, (429, "slow down"), to="GET")
    gate = gate_to(lenient.base_url)
    assert gate.send("GET", "/videos").ok
    assert gate.seen == {("list_videos", "2xx"): 1}
    assert len(slept) == 1


def test_what_should_be_refused_is_sent_again_after_a_429_alone(
    lenient: Any, gate_to: MakeGate, slept: list[float]
) -> None:
    answer_first(lenient, (429, BUSY), (409, BUSY))
    answer = gate_to(lenient.base_url).send("POST", "/videos", json={}, family="no prompt")
    assert answer.status == 409
    assert len(slept) == 1


@pytest.mark.parametrize(
    ("status", "message"),
    [(409, "The source is not completed"), (503, "no model is loaded"), (500, "busy"), (400, "")],
)
def test_a_refusal_for_another_reason_is_an_answer(
    lenient: Any, gate_to: MakeGate, slept: list[float], status: int, message: str
) -> None:
    answer_first(lenient, (status, {"error": {"message": message}}))
    assert gate_to(lenient.base_url).send("POST", "/videos", json={"prompt": "x"}).status == status
    assert slept == []


def test_a_server_that_stays_busy_is_given_up_once_and_for_all(
    lenient: Any, gate_to: MakeGate, slept: list[float]
) -> None:
    answer_first(lenient, *itertools.repeat((429, BUSY), 500))
    gate = gate_to(lenient.base_url, job_timeout=60.0, max_videos=1)
    with pytest.raises(Blocked, match=r"the server is busy, for \d+ s by now: 429 .*another video"):
        gate.send("POST", "/videos", json={"prompt": "x"})
    assert 30 < sum(slept) <= 60
    assert max(slept) <= 10
    waited = list(slept)
    with pytest.raises(Blocked, match="is busy"):
        gate.send("POST", "/videos", json={"prompt": "x"})
    assert slept == waited
    assert gate.budget.spent == 0


def test_an_account_without_credit_is_not_waited_for(
    lenient: Any, gate_to: MakeGate, slept: list[float]
) -> None:
    answer_first(lenient, (429, {"error": {"code": "insufficient_quota"}}))
    with pytest.raises(Blocked, match="insufficient_quota"):
        gate_to(lenient.base_url).send("POST", "/videos", json={"prompt": "x"})
    assert slept == []


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "-3"}, None),
        ({"retry-after": f"Thu, 01 Jan {'9' * 20} 00:00:00 GMT"}, None),
        ({"retry-after": f"Thu, 01 Jan 2015 00:00:00 +{'9' * 20}"}, None),
        ({"retry-after-ms": "1500", "retry-after": "9"}, 1.5),
        ({"retry-after": "Thu, 01 Jan 2015 00:00:00 GMT"}, 0),
    ],
)
def test_the_servers_hint_is_read(headers: dict[str, str], seconds: float | None) -> None:
    assert hint_of(httpx.Response(429, headers=headers)) == seconds


def test_the_servers_hint_may_be_a_date() -> None:
    then = format_datetime(datetime.now(UTC) + timedelta(seconds=500))
    hint = hint_of(httpx.Response(429, headers={"retry-after": then}))
    assert hint == pytest.approx(500, abs=60)


def test_a_hint_makes_a_409_a_busy_server() -> None:
    hinted = httpx.Response(409, headers={"retry-after": "2"}, text="later")
    assert is_busy(hinted, meant_to_start_job=True)
    assert not is_busy(hinted, meant_to_start_job=False)
    assert not is_busy(httpx.Response(409, text="later"), meant_to_start_job=True)


def test_a_server_that_makes_one_video_at_a_time_is_given_all_jobs_one_by_one(
    lenient: Any, gate_to: MakeGate, slept: list[float]
) -> None:
    usual, looks = lenient.answer, itertools.count()

    def answer(method: str, path: str) -> Answer:
        running = [video for video in lenient.videos.values() if video["status"] == "queued"]
        if method == "GET" and "/made_" in path and next(looks) % 3 == 2:
            for video in running:  # a look brings it on
                video.update(status="completed", progress=100)
        if method == "POST" and running:
            return 409, BUSY
        return cast("Answer", usual(method, path))

    lenient.answer, lenient.status_of_jobs = answer, "queued"
    gate = gate_to(lenient.base_url, profiles=("core",))
    jobs = Jobs(gate, gate.configuration, Contract.load(None))
    for name in ("plain", "multipart", "other"):
        assert jobs.completed(name).id in lenient.accepted
    assert slept


@pytest.mark.parametrize("word", ["succeeded", "Expired", "CANCELLED", "SUCCESS", "COMPLETED"])
def test_a_foreign_word_for_the_end_ends_the_waiting_at_once(
    lenient: Any, gate_to: MakeGate, slept: list[float], word: str
) -> None:
    lenient.status_of_jobs = word
    gate = gate_to(lenient.base_url, profiles=("core",), job_timeout=600.0)
    jobs = Jobs(gate, gate.configuration, Contract.load(None), ["RETRIEVE-006"])
    with pytest.raises(Blocked, match=rf"LIFE-001\): it ended with the status {word}, which"):
        jobs.completed("plain")
    assert sum(slept) < 5
    assert not jobs.ended("plain").unretrievable


def test_requests_keep_to_the_pace(slept: list[float]) -> None:
    throttle = Throttle(120)
    for _ in range(5):
        throttle.wait()
    assert sum(slept) == pytest.approx(4 * 0.5, abs=0.1)
    Throttle(None).wait()
    assert len(slept) == 5


def test_the_pace_holds_for_all_requests(
    lenient: Any, gate_to: MakeGate, slept: list[float]
) -> None:
    gate = gate_to(lenient.base_url, rpm=60.0)
    for _ in range(3):
        gate.send("GET", "/videos")
    gate.send("POST", "/videos", json={"prompt": "x"})
    assert sum(slept) == pytest.approx(3, abs=0.3)


@pytest.mark.parametrize("charset", ["zlib", "rot13", "idna", "punycode"])
def test_a_busy_server_is_read_whatever_charset_it_names(charset: str) -> None:
    headers = {"Content-Type": f"application/json; charset={charset}"}
    answer = httpx.Response(503, headers=headers, content=b"\xff busy")
    assert is_busy(answer, meant_to_start_job=True)


def test_a_hint_of_thousands_of_digits_is_one_all_the_same() -> None:
    answer = httpx.Response(200, headers={"openai-poll-after-ms": "9" * 5000})
    assert number_in(answer, "openai-poll-after-ms") == float("inf")
