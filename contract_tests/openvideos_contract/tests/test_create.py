"""Creating videos: what is asked for comes back, and what nobody can mean is refused."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from openvideos_contract.checks.answers import compact
from openvideos_contract.checks.foreign import data_url
from openvideos_contract.checks.listing import listed_videos
from openvideos_contract.checks.media import png
from openvideos_contract.checks.refusals import error_of, refusal, refused, require_status
from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.jobs.plan import JobRequest
from openvideos_contract.jobs.words import RUNNING
from openvideos_contract.outcome import Blocked, Nonconformity, NotRun, Unsupported, require
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate
from openvideos_contract.wire.made import Made, video_path


def requires_echo(job: Job, field: str) -> None:
    """Go on if the create's answer carries `field` as it was asked for."""
    asked = job.request.fields[field]
    got = job.video.get(field)
    # A length as a number is a wrong shape, which is judged elsewhere, but not a wrong value.
    same = got == asked or (field == "seconds" and str(got) == asked)
    require(
        same,
        expected=f"the {field} that was asked for, {compact(asked)}",
        seen=f"the {field} {compact(got)}",
        exchange=job.created,
    )


@pytest.mark.requirement("CREATE-001")
def test_a_json_body_creates_a_video(jobs: Jobs) -> None:
    jobs.made("plain").created.video()


@pytest.mark.requirement("CREATE-002")
def test_a_multipart_form_creates_a_video(jobs: Jobs) -> None:
    jobs.made("multipart").created.video()


@pytest.mark.requirement("CREATE-004")
def test_a_prompt_sent_as_json_comes_back(jobs: Jobs) -> None:
    jobs.require_taken("json")
    requires_echo(jobs.existing("plain"), "prompt")


@pytest.mark.requirement("CREATE-005")
def test_a_prompt_sent_as_multipart_comes_back(jobs: Jobs) -> None:
    jobs.require_taken("form")
    requires_echo(jobs.existing("multipart"), "prompt")


@pytest.mark.requirement("CREATE-029")
def test_a_long_prompt_comes_back(gate: Gate, jobs: Jobs) -> None:
    job = jobs.existing("other")
    if job.refusal is not None:
        raise Unsupported(f"the server takes no prompt of that length: {job.refusal.summary}")
    prompt = job.request.fields["prompt"]
    for answer in (job.created, gate.send("GET", job.path)):
        got = answer.video().get("prompt")
        require(
            got == prompt,
            expected=f"the prompt of {len(prompt)} characters, {compact(prompt)}",
            seen=f"{len(got) if isinstance(got, str) else 'no'} characters, {compact(got)}",
            exchange=answer,
        )


@pytest.mark.requirement("CREATE-006")
@pytest.mark.parametrize("name", ["plain", "multipart"])
def test_the_size_comes_back(jobs: Jobs, name: str) -> None:
    requires_echo(jobs.existing(name), "size")


@pytest.mark.requirement("CREATE-007")
@pytest.mark.parametrize("name", ["plain", "multipart"])
def test_the_seconds_come_back(jobs: Jobs, name: str) -> None:
    requires_echo(jobs.existing(name), "seconds")


@pytest.mark.parametrize(
    "field",
    [
        pytest.param("size", marks=pytest.mark.requirement("CREATE-006")),
        pytest.param("seconds", marks=pytest.mark.requirement("CREATE-007")),
        pytest.param("model", marks=pytest.mark.requirement("CREATE-008")),
    ],
)
def test_another_value_comes_back_too_or_is_refused(jobs: Jobs, field: str) -> None:
    try:
        job = jobs.made("other")
    except Nonconformity as failure:
        if failure.exchange is not None and failure.exchange.refused:
            offer = f"the server does not offer what was asked for: {failure.seen}"
            raise Unsupported(offer) from failure
        raise
    if field not in job.request.fields:
        raise Unsupported(f"no {field} is asked for; give --{field}")
    requires_echo(job, field)


@pytest.mark.requirement("CREATE-008")
@pytest.mark.parametrize("name", ["plain", "multipart"])
def test_the_model_comes_back(jobs: Jobs, name: str) -> None:
    job = jobs.existing(name)
    if "model" not in job.request.fields:
        raise Unsupported("no model is asked for; give --model")
    requires_echo(job, "model")


@pytest.mark.requirement("CREATE-009")
def test_json_and_multipart_mean_the_same(jobs: Jobs) -> None:
    jobs.require_taken("json")
    jobs.require_taken("form")
    form = jobs.existing("multipart")
    same = taken_as_json_too(jobs, form)
    for field in ("model", "size", "seconds", "remixed_from_video_id", "error"):
        wanted, got = same.video.get(field), form.video.get(field)
        require(
            got == wanted,
            expected=f"the {field} that the same request had as JSON, {compact(wanted)}",
            seen=f"the {field} {compact(got)} with a form",
            exchange=form.created,
        )


def taken_as_json_too(jobs: Jobs, form: Job) -> Job:
    """Return the job that was made with JSON from the same fields as `form`.

    Raises:
        Blocked: There is none, for a reason of its own.
        Nonconformity: What is taken in one encoding is refused in the other.
    """
    try:
        other: Job | Exchange = jobs.made("other")
    except Nonconformity as failure:
        if failure.exchange is None or not failure.exchange.refused:
            raise Blocked(f"the job other could not be made: {failure.seen}") from failure
        other = failure.exchange
    if isinstance(other, Job):
        require(
            form.refusal is None,
            expected=f"what was taken as JSON, as {other.id}, to be taken in a form",
            seen=form.refusal.summary if form.refusal else "",
            exchange=form.refusal,
        )
        return other
    require(
        form.refusal is not None,
        expected=f"what was taken in a form, as {form.id}, to be taken as JSON",
        seen=other.summary,
        exchange=other,
    )
    return jobs.existing("plain")


@pytest.mark.requirement("CREATE-010")
def test_each_job_has_an_id_of_its_own(jobs: Jobs) -> None:
    jobs.existing("multipart")
    made = jobs.all_made()
    for job, before in itertools.combinations(reversed(made), 2):
        require(
            job.id != before.id,
            expected=f"another id than the job before had, {before.id}",
            seen=f"the id {job.id} again",
            exchange=job.created,
        )


@pytest.mark.requirement("CREATE-011")
@pytest.mark.parametrize(
    "request_", [{"json": {}}, {"form": {"seconds": "4"}}], ids=["json", "form"]
)
def test_a_missing_prompt_is_refused(gate: Gate, jobs: Jobs, request_: dict[str, Any]) -> None:
    jobs.require_taken(*request_)
    refused(gate, "POST", "/videos", family="no prompt", **request_)


@pytest.mark.requirement("CREATE-012")
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_an_empty_prompt_is_refused(gate: Gate, jobs: Jobs, encoding: str) -> None:
    jobs.require_taken(encoding)
    request: dict[str, Any] = {encoding: {"prompt": ""}}
    refused(gate, "POST", "/videos", family="an empty prompt", **request)


@pytest.mark.requirement("CREATE-013")
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_seconds_that_are_no_number_are_refused(
    gate: Gate, jobs: Jobs, configuration: Configuration, encoding: str
) -> None:
    jobs.require_taken(encoding)
    request: dict[str, Any] = {encoding: {"prompt": configuration.run_id, "seconds": "abc"}}
    refused(gate, "POST", "/videos", family="seconds that are no number", **request)


@pytest.mark.requirement("CREATE-014")
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_a_size_that_is_none_is_refused(
    gate: Gate, jobs: Jobs, configuration: Configuration, encoding: str
) -> None:
    jobs.require_taken(encoding)
    request: dict[str, Any] = {encoding: {"prompt": configuration.run_id, "size": "axb"}}
    refused(gate, "POST", "/videos", family="a size that is none", **request)


@pytest.mark.requirement("CREATE-015")
@pytest.mark.parametrize("body", [b"[]", b'"text"', b"null", b'{"prompt": ', b"", b"\xff\xfe{"])
def test_a_body_that_is_no_json_object_is_refused(gate: Gate, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    family = "a body that is no JSON object"
    refused(gate, "POST", "/videos", family=family, content=body, headers=headers)


PART = 'Content-Disposition: form-data; name="prompt"\r\n\r\nA paper boat\r\n'
FORM = "multipart/form-data"


@pytest.mark.requirement("CREATE-026")
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        (FORM, f"--limit\r\n{PART}--limit--\r\n"),
        (f"{FORM}; boundary=", f"--limit\r\n{PART}--limit--\r\n"),
        (f"{FORM}; boundary=another", f"--limit\r\n{PART}--limit--\r\n"),
        (f"{FORM}; boundary=limit", ""),
        (f"{FORM}; boundary=limit", "--limit--\r\n"),
        (f"{FORM}; boundary=limit", "--limit\r\nContent-Disposition: form-da"),
        (f"{FORM}; boundary=limit", '{"prompt": "A paper boat"}'),
    ],
    ids=["no-boundary", "empty-boundary", "another-boundary", "nothing", "no-part", "cut", "JSON"],
)
def test_a_form_that_cannot_be_read_is_refused(
    gate: Gate, jobs: Jobs, kind: str, body: str
) -> None:
    jobs.require_taken("form")
    headers = {"Content-Type": kind}
    family = "a form that cannot be read"
    refused(gate, "POST", "/videos", family=family, content=body.encode(), headers=headers)


@pytest.fixture(scope="module")
def reference(gate: Gate, jobs: Jobs) -> tuple[JobRequest, Exchange]:
    """A job with a reference image, as a file or else in JSON, and the answer to its create."""
    wanted = jobs.require_room("reference")
    width, _, height = wanted.fields["size"].partition("x")
    image = png(int(width), int(height))
    form = {**wanted.fields, "input_reference": ("reference.png", image, "image/png")}
    answer = gate.send("POST", "/videos", form=form)
    if answer.refused:
        by_url = {"image_url": data_url(image, "image/png")}
        answer = gate.send("POST", "/videos", json={**wanted.fields, "input_reference": by_url})
    if answer.refused:
        raise Unsupported(f"the server takes no reference image: {answer.summary}")
    return wanted, answer


@pytest.mark.requirement("CREATE-024")
@pytest.mark.parametrize("field", ["prompt", "size", "seconds", "model", "remixed_from_video_id"])
def test_a_reference_changes_nothing_else(
    gate: Gate, reference: tuple[JobRequest, Exchange], field: str
) -> None:
    wanted, created = reference
    video = created.video()
    asked = wanted.fields.get(field)
    if field == "model" and asked is None:
        raise Unsupported("no model is asked for; give --model")
    for answer in (created, gate.send("GET", video_path(video["id"]))):
        got = answer.video().get(field)
        require(
            got == asked or (field == "seconds" and str(got) == asked),
            expected=f"the {field} {compact(asked)}, as without the reference image",
            seen=f"the {field} {compact(got)}",
            exchange=answer,
        )


NO_IMAGE = data_url(b"no image", "text/plain")


@pytest.mark.requirement("CREATE-025")
@pytest.mark.parametrize(
    "request_",
    [
        {"form": {"input_reference": ("reference.txt", b"no image", "text/plain")}},
        {"form": {"input_reference[image_url]": NO_IMAGE}},
        {"json": {"input_reference": {"image_url": NO_IMAGE}}},
        {"json": {"input_reference": {}}},
    ],
    ids=["file", "brackets", "json", "empty"],
)
def test_a_reference_that_can_be_no_image_is_refused(
    gate: Gate, jobs: Jobs, configuration: Configuration, request_: dict[str, dict[str, Any]]
) -> None:
    jobs.require_taken(*request_)
    prompt = {"prompt": f"[{configuration.run_id}] to be refused"}
    body: dict[str, Any] = {encoding: prompt | fields for encoding, fields in request_.items()}
    refused(gate, "POST", "/videos", family="a reference that is no image", **body)


@pytest.mark.requirement("CREATE-016")
@pytest.mark.parametrize("prompt", [None, ["text"], {"text": "text"}], ids=repr)
def test_a_prompt_that_is_no_text_is_refused(gate: Gate, prompt: object) -> None:
    family = "a prompt that is no text"
    refused(gate, "POST", "/videos", family=family, json={"prompt": prompt})


@pytest.mark.requirement("CREATE-017")
def test_a_body_of_a_foreign_type_is_refused(gate: Gate, configuration: Configuration) -> None:
    headers = {"Content-Type": "text/plain"}
    body = f"prompt: {configuration.run_id}".encode()
    refused(gate, "POST", "/videos", family="a text/plain body", content=body, headers=headers)


@pytest.mark.requirement("CREATE-028")
@pytest.mark.parametrize("encoding", ["json", "form"])
@pytest.mark.parametrize(
    ("fields", "family"),
    [({"seconds": "abc"}, "seconds that are no number"), ({"size": "axb"}, "a size that is none")],
    ids=["seconds", "size"],
)
def test_a_refused_create_makes_no_job(
    gate: Gate, jobs: Jobs, nobody: str, fields: dict[str, str], family: str, encoding: str
) -> None:
    jobs.require_taken(encoding)
    prompt = f"{nobody} refused for {family} as {encoding}"
    body: dict[str, Any] = {encoding: {"prompt": prompt, **fields}}
    refusal(gate, "POST", "/videos", family=family, **body)
    answer = gate.send("GET", "/videos", params={"limit": 100})
    listed = listed_videos(answer)
    if not any(nobody.removeprefix("video_") in str(video.get("prompt")) for video in listed):
        raise Unsupported("the list does not show the prompts of this run")
    made = [str(video.get("id")) for video in listed if video.get("prompt") == prompt]
    for video_id in made:
        gate.adopt(Made(video_id, gate.configuration.api_key, video_path(video_id)))
    require(
        not made,
        expected="a list without the job whose create was refused",
        seen=f"a list with it, as {compact(made)}",
        exchange=answer,
    )


@pytest.mark.requirement("CREATE-018")
@pytest.mark.parametrize(
    ("fields", "family"),
    [
        ({}, "no prompt"),
        ({"prompt": ""}, "an empty prompt"),
        ({"prompt": "x", "seconds": "abc"}, "seconds that are no number"),
    ],
)
def test_the_status_of_a_refused_create_is_400(
    gate: Gate, fields: dict[str, str], family: str
) -> None:
    answer = refusal(gate, "POST", "/videos", json=fields, family=family)
    require_status(answer, 400, f"it has {family}")


@pytest.mark.requirement("CREATE-019")
def test_the_error_of_a_missing_prompt_names_it(gate: Gate) -> None:
    answer = refusal(gate, "POST", "/videos", family="no prompt", json={})
    param = error_of(answer).get("param")
    require(param == "prompt", expected="the param prompt", seen=answer.summary, exchange=answer)


@pytest.mark.requirement("CREATE-020")
def test_an_unfinished_video_says_when_to_poll_again(jobs: Jobs) -> None:
    job = jobs.existing("plain")
    answers = [job.created, *job.polls]
    running = [a for a in answers if a.object.get("status") in RUNNING]
    if not running:
        raise NotRun("no answer showed the job unfinished")
    for answer in running:
        require(
            answer.header("openai-poll-after-ms"),
            expected="the header openai-poll-after-ms",
            seen=f"none, with the status {answer.object['status']}",
            exchange=answer,
        )
