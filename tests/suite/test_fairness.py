"""No correct server is blamed for what others do, what a model may do, or where servers differ."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import attrs
import httpx
import pytest

from openvideos_contract.checks.answers import Kind, violations
from openvideos_contract.checks.deletions import require_deletions_do_something
from openvideos_contract.checks.listing import require_cursor_there, require_listed
from openvideos_contract.contract import Contract
from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.jobs.plan import JobRequest
from openvideos_contract.outcome import Blocked, Nonconformity, NotRun, Unsupported
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

PROTOCOL = Contract.load(None)


def exchange(
    body: Any, status: int = 200, *, method: str = "GET", sent_at: float = 0.0
) -> Exchange:
    response = httpx.Response(status, json=body)
    response.elapsed = timedelta(seconds=0.1)
    request = httpx.Request(method, "http://server/v1/videos")
    return Exchange(request, response, sent_at, "a test", {})


def job(created_at: int) -> Job:
    created = exchange({"id": "own", "created_at": created_at})
    return Job(JobRequest("plain", "a job", "json", {}), created, "own")


def page(times: Iterable[int]) -> Exchange:
    videos = [{"id": f"video_{number}", "created_at": at} for number, at in enumerate(times)]
    return exchange({"object": "list", "data": videos})


@pytest.fixture
def life(pytestconfig: pytest.Config) -> ModuleType:
    pytestconfig.addinivalue_line("markers", "requirement(*ids): of the suite's own tests")
    from openvideos_contract.tests import test_life

    return test_life


def test_a_page_that_others_filled_since_hides_no_video() -> None:
    with pytest.raises(NotRun, match="100 videos and more were made by others"):
        require_listed(job(1000), page([1001] * 100))
    own = exchange({"object": "list", "data": [{"id": "own", "created_at": 1000}]})
    require_listed(job(1000), own, page([1001] * 100))


@pytest.mark.parametrize("times", [[1001] * 99, [1001] * 99 + [999], []])
def test_a_page_that_has_room_for_a_video_must_hold_it(times: list[int]) -> None:
    with pytest.raises(Nonconformity):
        require_listed(job(1000), page(times))


def test_only_the_deletion_of_somebody_elses_video_excuses_a_walk(
    lenient: Any, gate_to: Callable[..., Gate]
) -> None:
    gate = gate_to(lenient.base_url)
    mine = gate.send("POST", "/videos", json={"prompt": "x"}).video()["id"]
    for there in (None, "own_1", mine):
        require_cursor_there(gate, there)
    del lenient.videos["own_1"], lenient.videos[mine]
    require_cursor_there(gate, mine)
    with pytest.raises(NotRun, match="somebody else deleted own_1"):
        require_cursor_there(gate, "own_1")


@pytest.mark.parametrize(("later", "fair"), [(7200, True), (1800, False), (None, False)])
def test_assets_may_be_kept_for_longer_and_not_for_less(
    life: ModuleType, later: int | None, *, fair: bool
) -> None:
    video = {"id": "own", "status": "completed", "progress": 100, "completed_at": 100}
    story = [
        ({**video, "expires_at": at}, exchange({}, sent_at=number))
        for number, at in enumerate((3600, later))
    ]
    if fair:
        life.test_a_job_that_has_ended_stays_as_it_is({"own": story})
    else:
        with pytest.raises(Nonconformity, match="expires_at 3600"):
            life.test_a_job_that_has_ended_stays_as_it_is({"own": story})


def test_one_job_that_fails_among_others_breaks_no_promise(
    lenient: Any, gate_to: Callable[..., Gate]
) -> None:
    gate = gate_to(lenient.base_url)
    jobs = Jobs(gate, gate.configuration, PROTOCOL)
    unlucky = job(1000)
    unlucky.ended = {"status": "failed", "error": {"code": "oom", "message": "Out of memory."}}
    jobs.require_not_unlucky(unlucky)  # no other was completed
    jobs.completed("plain")
    with pytest.raises(NotRun, match="Out of memory"):
        jobs.require_not_unlucky(unlucky)
    other = attrs.evolve(unlucky, request=attrs.evolve(unlucky.request, path="/videos/edits"))
    with pytest.raises(NotRun):
        jobs.require_not_unlucky(other)
    jobs._jobs["edit"] = attrs.evolve(other)
    jobs.require_not_unlucky(other)  # all edits failed, which is no bad luck


def test_what_a_deletion_left_behind_is_told_once_and_what_came_back_is_not_excused() -> None:
    def called(method: str, status: int) -> Exchange:
        return exchange({}, status, method=method)

    honest: Any = SimpleNamespace(
        exchanges=[called(*call) for call in (("DELETE", 200), ("GET", 404), ("GET", 200))]
    )
    require_deletions_do_something(honest)
    lying: Any = SimpleNamespace(exchanges=[called("DELETE", 200), called("GET", 200)])
    with pytest.raises(Blocked, match="DELETE-003"):
        require_deletions_do_something(lying)


def test_501_is_right_where_a_method_is_known_nowhere() -> None:
    answer = exchange({}, 501, method="PATCH")
    assert Kind.SERVER_ERROR not in {found.kind for found in violations(PROTOCOL, None, answer)}
    listing = PROTOCOL.operation("GET", "/videos")
    assert Kind.SERVER_ERROR in {found.kind for found in violations(PROTOCOL, listing, answer)}


@pytest.mark.parametrize(("unknown", "outcome"), [(404, Unsupported), (400, None)])
def test_a_404_for_any_word_means_that_a_variant_is_not_offered(
    pytestconfig: pytest.Config, unknown: int, outcome: type[Exception] | None
) -> None:
    pytestconfig.addinivalue_line("markers", "requirement(*ids): of the suite's own tests")
    from openvideos_contract.tests import test_media

    answer = exchange({}, 404)
    jobs: Any = SimpleNamespace(whole_content=lambda name: None, content=lambda *_: answer)
    if outcome is None:
        assert test_media.variant(jobs, exchange({}, unknown), "thumbnail") is answer
    else:
        with pytest.raises(outcome):
            test_media.variant(jobs, exchange({}, unknown), "thumbnail")
