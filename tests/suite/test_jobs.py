"""The jobs of a run: how many, for what, and what their failure means for others."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from openvideos_contract.configuration import Configuration
from openvideos_contract.contract import Contract
from openvideos_contract.gate import Gate
from openvideos_contract.jobs import Jobs, needed, plan
from openvideos_contract.outcome import Blocked, Nonconformity, NotRun, Unsupported

MakeGate = Callable[..., Gate]
URL = "http://127.0.0.1:9/v1"
OPENAI = Contract.load("openai")
PROTOCOL = Contract.load(None)


def jobs_of(gate: Gate, contract: Contract = PROTOCOL) -> Jobs:
    return Jobs(gate, gate.configuration, contract)


def test_every_prompt_of_the_plan_is_marked_and_no_two_requests_are_the_same() -> None:
    configuration = Configuration(base_url=URL, profiles=("core", "remix", "catalogue"))
    wanted = plan(configuration, OPENAI)
    assert all(f"[{configuration.run_id}]" in job.fields["prompt"] for job in wanted)
    assert len({str(job.fields) for job in wanted}) == len(wanted)


def test_the_default_budget_is_enough_for_every_profile() -> None:
    configuration = Configuration(base_url=URL, profiles=("core", "remix", "media", "catalogue"))
    assert needed(configuration, OPENAI) <= configuration.max_videos


def test_the_cheapest_that_a_user_names_is_all_that_is_asked_for() -> None:
    cheap = Configuration(base_url=URL, model="small", size="256x144", seconds="1")
    plain, form, other, _ = plan(cheap, PROTOCOL)
    assert {job.fields["seconds"] for job in (plain, form, other)} == {"1"}
    assert {job.fields["model"] for job in (plain, form, other)} == {"small"}
    assert other.fields["size"] == "144x256"


def test_no_model_is_asked_for_where_none_is_known() -> None:
    assert all("model" not in job.fields for job in plan(Configuration(base_url=URL), PROTOCOL))


def test_one_place_of_the_budget_is_kept_for_what_should_be_refused(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url, max_videos=2, profiles=("core",))
    jobs = jobs_of(gate)
    jobs.made("plain")
    with pytest.raises(NotRun, match="--max-videos 2 leaves no room for the job form"):
        jobs.made("form")
    assert gate.budget.left == 1


def test_what_needs_a_job_that_could_not_be_made_is_blocked(
    lenient: Any, gate_to: MakeGate
) -> None:
    lenient.answer = lambda method, path: (400, {"error": {"message": "no model"}})
    jobs = jobs_of(gate_to(lenient.base_url, profiles=("core",)))
    with pytest.raises(Nonconformity):
        jobs.made("plain")
    with pytest.raises(Blocked, match=r"the job plain could not be made: 400 .*no model"):
        jobs.completed("plain")


def test_a_job_that_never_ends_is_given_up_in_time(lenient: Any, gate_to: MakeGate) -> None:
    lenient.status_of_jobs = "queued"
    jobs = jobs_of(gate_to(lenient.base_url, profiles=("core",), job_timeout=1.0))
    with pytest.raises(Blocked, match="not ended after --job-timeout 1 s"):
        jobs.completed("plain")


def test_a_job_is_asked_for_again_after_its_end(lenient: Any, gate_to: MakeGate) -> None:
    job = jobs_of(gate_to(lenient.base_url, profiles=("core",))).completed("plain")
    assert len(job.polls) > 4


NOT_FOUND = {"detail": "Not Found"}


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ((404, NOT_FOUND), Unsupported),
        ((405, {"error": {"message": "Method Not Allowed"}}), Unsupported),
        ((501, {}), Unsupported),
        ((404, {"error": {"message": "Video with id 'made_0' not found."}}), Nonconformity),
        ((400, {"error": {"message": "no"}}), Nonconformity),
        ((500, {}), Nonconformity),
    ],
)
def test_only_what_an_unknown_path_answers_means_that_remix_is_not_offered(
    lenient: Any, gate_to: MakeGate, answer: tuple[int, Any], outcome: type[Exception]
) -> None:
    real = lenient.answer

    def respond(method: str, path: str) -> tuple[int, Any]:
        if path.endswith("/remix"):
            return answer
        known = path in {"/v1/videos"} or method != "POST"
        return real(method, path) if known else (404, NOT_FOUND)

    lenient.answer = respond
    jobs = jobs_of(gate_to(lenient.base_url, profiles=("core", "remix")))
    with pytest.raises(outcome):
        jobs.made("remix")
