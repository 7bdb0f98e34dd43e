"""The jobs of a run: how many, for what, and what their failure means for others."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from openvideos_contract.checks.listing import listed_ids, require_listed
from openvideos_contract.contract import Contract
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.jobs.plan import affordable, needed, plan, spare, unforeseen
from openvideos_contract.jobs.reused import reused
from openvideos_contract.judging import requirements
from openvideos_contract.outcome import Blocked, Nonconformity, NotRun, NotTested, Unsupported
from openvideos_contract.settings.configuration import PROFILES, Configuration
from openvideos_contract.settings.values import ConfigurationError
from openvideos_contract.wire.gate import Gate

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


def test_what_was_taken_wrongly_has_no_place_in_the_plan() -> None:
    accepted = {"a foreign model", "an empty prompt"}
    assert unforeseen(OPENAI, accepted) == 2
    assert unforeseen(PROTOCOL, accepted) == 1


def test_the_default_budget_is_enough_for_every_profile() -> None:
    configuration = Configuration(base_url=URL, profiles=("core", "remix", "media", "catalogue"))
    assert needed(configuration, OPENAI) <= configuration.max_videos


def test_the_cheapest_that_a_user_names_is_all_that_is_asked_for() -> None:
    cheap = Configuration(base_url=URL, model="small", size="256x144", seconds="1")
    plain, form, other = plan(cheap, PROTOCOL)[:3]
    assert {job.fields["seconds"] for job in (plain, form, other)} == {"1"}
    assert {job.fields["model"] for job in (plain, form, other)} == {"small"}
    assert other.fields["size"] == "144x256"


def test_no_model_is_asked_for_where_none_is_known() -> None:
    planned = plan(Configuration(base_url=URL), PROTOCOL)
    assert [job.name for job in planned if "model" in job.fields] == ["foreign_model"]


def test_what_a_server_may_rightly_take_is_in_the_plan() -> None:
    configuration = Configuration(base_url=URL)
    foreign = {"foreign_model", "foreign_size", "foreign_seconds"}
    assert foreign <= {job.name for job in plan(configuration, PROTOCOL)}
    assert not foreign & {job.name for job in plan(configuration, OPENAI)}
    assert needed(configuration, PROTOCOL) == needed(configuration, OPENAI) + len(foreign)


def test_one_place_of_the_budget_is_kept_for_what_should_be_refused(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url, max_videos=2, profiles=("core",))
    jobs = jobs_of(gate)
    jobs.made("plain")
    with pytest.raises(NotRun, match="--max-videos 2 leaves no room for the job multipart"):
        jobs.made("multipart")
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


def test_a_form_asks_for_other_values_and_for_the_first_ones_where_these_are_refused(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url, profiles=("core",))
    answer, refusals = lenient.answer, iter([None, None, 400])

    def respond(method: str, path: str) -> tuple[int, Any]:
        status = next(refusals, None) if method == "POST" else None
        return (status, {"error": {"message": "no such size"}}) if status else answer(method, path)

    lenient.answer = respond
    _, form, other = plan(gate.configuration, PROTOCOL)[:3]
    assert (form.encoding, other.encoding) == ("form", "json")
    asked = [{**job.fields, "prompt": ""} for job in (form, other)]
    assert asked[0] == asked[1] == {"prompt": "", "size": "1280x720", "seconds": "8"}
    next(refusals)  # the first create is taken, and the second, a form, is refused
    # With no other job beside it, which might be refused in its place.
    job = Jobs(gate, gate.configuration, PROTOCOL, ["CREATE-005"]).made("multipart")
    assert job.refusal is not None
    assert job.request.fields["size"] == "720x1280"
    assert b"720x1280" in job.created.request.content
    assert len(lenient.accepted) == 2


def test_the_list_is_asked_for_right_after_each_create(lenient: Any, gate_to: MakeGate) -> None:
    job = jobs_of(gate_to(lenient.base_url, profiles=("core",))).made("plain")
    assert lenient.log[:2] == [("POST", "/v1/videos"), ("GET", "/v1/videos?limit=100")]
    assert job.listed is not None
    require_listed(job, job.listed)
    assert listed_ids(job.listed) == ["own_0", "own_1", "own_2", job.id]


def test_a_list_without_the_job_is_told_apart_from_no_list(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(lenient.base_url, profiles=("core",))
    job = jobs_of(gate).made("plain")
    lenient.videos.pop(job.id)
    with pytest.raises(Nonconformity, match=r"a list of .* videos without it"):
        require_listed(job, gate.send("GET", "/videos"))
    lenient.answer = lambda method, path: (500, {})
    with pytest.raises(Blocked, match="LIST-001"):
        require_listed(job, gate.send("GET", "/videos"))


def test_what_later_answers_contradict_is_not_steady(lenient: Any, gate_to: MakeGate) -> None:
    answer, count = lenient.answer, iter(range(1000))

    def respond(method: str, path: str) -> tuple[int, Any]:
        status, body = answer(method, path)
        return status, {**body, "url": f"signed-{next(count)}"}

    lenient.answer = respond
    job = jobs_of(gate_to(lenient.base_url, profiles=("core",))).completed("plain")
    assert "url" in (job.ended or {})
    assert "url" not in job.steady
    assert job.steady["status"] == "completed"


def test_a_job_that_cannot_be_retrieved_blocks_what_needs_it(
    lenient: Any, gate_to: MakeGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    answer = lenient.answer
    lenient.answer = lambda method, path: (
        (500, {}) if method == "GET" and "made_" in path else answer(method, path)
    )
    jobs = jobs_of(gate_to(lenient.base_url, profiles=("core",)))
    with pytest.raises(Blocked, match="RETRIEVE-001"):
        jobs.completed("plain")
    assert jobs.ended("plain").unretrievable


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


def test_what_the_router_answers_where_a_source_is_not_completed_is_no_violation(
    lenient: Any, gate_to: MakeGate
) -> None:
    usual = lenient.answer
    lenient.status_of_jobs = "queued"
    lenient.answer = lambda method, path: (
        (404, NOT_FOUND) if method == "POST" and path != "/v1/videos" else usual(method, path)
    )
    # Too little for a remix, which would find out later.
    gate = gate_to(lenient.base_url, profiles=("core", "remix"), max_videos=2)
    job = jobs_of(gate).existing("plain")
    assert job.early_remix is None
    assert f"/v1{job.path}/remix" in {sent.request.url.path for sent in gate.exchanges}
    assert not [found for found in gate.found if found.operation == "remix_video"]


@pytest.mark.parametrize(
    ("chosen", "jobs", "places"),
    [
        (["RETRIEVE-004"], [], 0),  # an unknown id is asked for
        (["CREATE-015"], [], 1),  # a wrong body might be accepted
        (["MEDIA-001"], ["plain", "other"], 2),
        (["CATALOGUE-006"], ["defaults"], 1),
        (["REMIX-004"], ["plain", "other", "remix"], 4),
        (["CHARACTER-001"], ["plain", "character"], 3),
        (["EXTEND-008"], ["plain", "extension"], 3),  # by JSON and by form, which is no job
    ],
)
def test_only_the_jobs_that_the_chosen_requirements_need_are_planned(
    chosen: list[str], jobs: list[str], places: int
) -> None:
    configuration = Configuration(base_url=URL, profiles=PROFILES)
    assert [job.name for job in plan(configuration, OPENAI, chosen)] == jobs
    assert needed(configuration, OPENAI, chosen) == places


@pytest.mark.parametrize("profiles", [("core",), ("core", "remix"), ("core", "edits"), PROFILES])
def test_all_requirements_need_all_jobs_of_their_profiles(profiles: tuple[str, ...]) -> None:
    configuration = Configuration(base_url=URL, profiles=profiles)
    known = [found.id for found in requirements.load().values() if found.profile in profiles]
    assert plan(configuration, OPENAI, known) == plan(configuration, OPENAI)
    assert needed(configuration, OPENAI, known) == needed(configuration, OPENAI)


def test_a_budget_of_what_is_needed_affords_every_job() -> None:
    configuration = Configuration(base_url=URL, profiles=PROFILES)
    known = list(requirements.load())
    for chosen in [None, *([number] for number in known)]:
        wanted = plan(configuration, OPENAI, chosen)
        limit = needed(configuration, OPENAI, chosen)
        kept = spare(wanted, chosen)
        assert affordable(wanted, limit, kept) == {job.name for job in wanted}
        if limit > 2 and not wanted[-1].last:
            assert affordable(wanted, limit - 1, kept) < {job.name for job in wanted}


def test_only_what_is_needed_is_made(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(lenient.base_url, profiles=("core",))
    jobs = Jobs(gate, gate.configuration, PROTOCOL, ["MEDIA-001"])
    jobs.completed("plain")
    assert len(lenient.accepted) == 2
    # What the plan did not foresee is made all the same, where the budget has room for it.
    jobs.completed("multipart")
    assert len(lenient.accepted) == 3


def test_what_starts_from_others_is_sent_as_the_contract_wants_it(
    lenient: Any, gate_to: MakeGate
) -> None:
    lenient.film = b"\0\0\0\x18ftypmp42" + bytes(100)
    gate = gate_to(lenient.base_url, profiles=("core", "remix", "edits", "characters"))
    jobs = jobs_of(gate)
    derived = ("remix", "edit", "uploaded_edit", "extension", "cast")
    assert len({jobs.completed(name).id for name in derived}) == len(derived)
    made = jobs.character().object["id"]
    sent = {name: jobs.made(name).created.request for name in derived}
    plain, other = jobs.made("plain").id, jobs.made("other").id
    assert sent["remix"].url.path == f"/v1/videos/{other}/remix"
    assert json.loads(sent["extension"].content)["video"] == {"id": plain}
    assert json.loads(sent["cast"].content)["characters"] == [{"id": made}]
    assert lenient.film in sent["uploaded_edit"].content
    assert b'filename="plain.mp4"' in sent["uploaded_edit"].content
    assert len(lenient.accepted) == gate.budget.spent


@pytest.mark.parametrize("status", [405, 501])
def test_what_is_not_offered_costs_no_job(lenient: Any, gate_to: MakeGate, status: int) -> None:
    lenient.film = b"film"
    usual = lenient.answer
    lenient.answer = lambda method, path: (
        (status, {})
        if method == "POST" and path.endswith(("edits", "extensions", "characters", "remix"))
        else usual(method, path)
    )
    gate = gate_to(lenient.base_url, profiles=("core", "remix", "edits", "characters"))
    jobs = jobs_of(gate)
    for name in ("edit", "uploaded_edit", "extension", "remix"):
        with pytest.raises(Unsupported, match="does not offer"):
            jobs.made(name)
    with pytest.raises(Unsupported, match="does not offer characters"):
        jobs.character()
    with pytest.raises(NotTested):
        jobs.made("cast")
    assert gate.budget.spent == len(lenient.accepted) == 3


def test_a_server_that_reads_no_json_gets_its_first_job_as_a_form(
    lenient: Any, gate_to: MakeGate
) -> None:
    usual = lenient.answer
    lenient.answer = lambda method, path: (
        (400, {"error": {"message": "no form"}})
        if method == "POST" and lenient.asked.startswith(b"{")
        else usual(method, path)
    )
    jobs = jobs_of(gate_to(lenient.base_url, profiles=("core",)))
    with pytest.raises(Nonconformity, match="no form"):
        jobs.made("plain")
    assert jobs.completed("plain").request.encoding == "form"
    with pytest.raises(Blocked, match="the job plain could not be made"):
        jobs.require_taken("json")
    jobs.require_taken("form")


def test_a_finished_video_stands_for_the_first_job_in_what_only_reads(
    lenient: Any, gate_to: MakeGate
) -> None:
    lenient.film = b"film"
    gate = gate_to(lenient.base_url, profiles=("core",), max_videos=0, reuse_video="own_1")
    jobs = jobs_of(gate)
    job = jobs.completed("plain")
    assert (job.id, jobs.whole_content("plain").content) == ("own_1", b"film")
    assert jobs.all_completed() == [job]
    assert jobs.all_made() == []
    for name in ("created", "video", "early_content", "listed", "refusal"):
        with pytest.raises(NotRun, match="made before the run"):
            getattr(job, name)
    with pytest.raises(NotRun):
        job.request.fields["prompt"]
    with pytest.raises(NotRun, match=r"leaves no room for the job plain; \d+ would leave nothing"):
        jobs.made("plain")
    with pytest.raises(NotRun, match="job multipart"):
        jobs.completed("multipart")
    assert gate.delete_made() == []
    assert {method for method, _ in lenient.log} == {"GET"}


def test_a_reused_video_is_never_deleted_and_remixed_within_the_budget(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url, profiles=("core", "remix"), max_videos=2, reuse_video="own_1")
    jobs = Jobs(gate, gate.configuration, PROTOCOL, ["REMIX-004"])
    with pytest.raises(NotRun, match="never deleted"):
        gate.send("DELETE", "/videos/own_1")
    assert jobs.made("remix").created.request.url.path == "/v1/videos/own_1/remix"
    assert len(lenient.accepted) == 1
    assert gate.delete_made() == []
    assert set(lenient.videos) == {"own_0", "own_1", "own_2"}


@pytest.mark.parametrize(
    ("video_id", "status", "why"),
    [("nobody", "completed", "404"), ("own_1", "queued", "its status is queued")],
)
def test_a_video_that_cannot_be_reused_is_a_wrong_setting(
    lenient: Any, gate_to: MakeGate, video_id: str, status: str, why: str
) -> None:
    lenient.videos["own_1"]["status"] = status
    with pytest.raises(ConfigurationError, match=f"names no completed video: .*{why}"):
        reused(gate_to(lenient.base_url), video_id)
