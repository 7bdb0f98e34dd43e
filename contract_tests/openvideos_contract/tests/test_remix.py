"""Remixing: a new job, made from another."""

from __future__ import annotations

from typing import Any

import pytest

from openvideos_contract.checks.answers import compact
from openvideos_contract.checks.completion import require_completed, require_download
from openvideos_contract.checks.listing import listed_videos, require_listed
from openvideos_contract.checks.refusals import refused, require_status
from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import Unsupported, require
from openvideos_contract.wire.gate import Gate, video_path


@pytest.mark.requirement("REMIX-001")
def test_a_remix_is_a_job_of_its_own(jobs: Jobs) -> None:
    remix = jobs.made("remix")
    source = jobs.remixed()
    require(
        remix.id != source.id,
        expected=f"another id than that of the source, {source.id}",
        seen=f"the id {remix.id}",
        exchange=remix.created,
    )


@pytest.mark.requirement("REMIX-003")
def test_a_remix_names_its_source(jobs: Jobs) -> None:
    remix, source = jobs.ended("remix"), jobs.remixed()
    for answer in (remix.created, *(poll for poll in remix.polls if poll.ok)):
        named = answer.object.get("remixed_from_video_id")
        require(
            named == source.id,
            expected=f"the remixed_from_video_id {source.id}",
            seen=f"the remixed_from_video_id {compact(named)}",
            exchange=answer,
        )


@pytest.mark.requirement("REMIX-003")
def test_a_remix_names_its_source_in_lists(gate: Gate, jobs: Jobs) -> None:
    remix, source = jobs.existing("remix"), jobs.remixed()
    answer = gate.send("GET", "/videos", params={"limit": 100})
    for video in listed_videos(answer):
        if video.get("id") == remix.id:  # one that is missing is told by REMIX-011
            named = video.get("remixed_from_video_id")
            require(
                named == source.id,
                expected=f"the remixed_from_video_id {source.id}",
                seen=f"the remixed_from_video_id {compact(named)}",
                exchange=answer,
            )


@pytest.mark.requirement("REMIX-003")
def test_a_new_video_names_no_source(jobs: Jobs) -> None:
    jobs.existing("remix")  # a server without remix promises nothing here
    source = jobs.remixed()
    named = source.video.get("remixed_from_video_id")
    require(
        named is None,
        expected="remixed_from_video_id null, as the video was made from none",
        seen=f"the remixed_from_video_id {compact(named)}",
        exchange=source.created,
    )


@pytest.mark.requirement("REMIX-004")
def test_the_prompt_of_a_remix_comes_back(jobs: Jobs) -> None:
    remix = jobs.existing("remix")
    prompt = remix.request.fields["prompt"]
    got = remix.video.get("prompt")
    require(
        got == prompt,
        expected=f"the prompt that was asked for, {compact(prompt)}",
        seen=f"the prompt {compact(got)}",
        exchange=remix.created,
    )


@pytest.mark.requirement("REMIX-005")
def test_remixing_an_unknown_id_answers_404(gate: Gate, jobs: Jobs, nobody: str) -> None:
    jobs.existing("remix")
    answer = gate.send(
        "POST",
        video_path(nobody, "remix"),
        json={"prompt": nobody},
        family="a remix of an unknown id",
    )
    require_status(answer, 404, "no video has this id")


@pytest.mark.requirement("REMIX-006")
@pytest.mark.parametrize("body", [{}, {"prompt": ""}], ids=["missing", "empty"])
def test_a_remix_needs_a_prompt(gate: Gate, jobs: Jobs, body: dict[str, Any]) -> None:
    jobs.existing("remix")
    path = f"{jobs.completed('plain').path}/remix"
    refused(gate, "POST", path, family="a remix without a prompt", json=body)


@pytest.mark.requirement("REMIX-014")
@pytest.mark.parametrize(
    "body",
    [b"[]", b'"text"', b"null", b'{"prompt": ', b'{"prompt": ["x"]}', b'{"prompt": null}'],
)
def test_a_remix_of_no_meaning_is_refused(gate: Gate, jobs: Jobs, body: bytes) -> None:
    jobs.existing("remix")
    headers = {"Content-Type": "application/json"}
    path = f"{jobs.completed('plain').path}/remix"
    family = "a remix without a prompt that is text"
    refused(gate, "POST", path, family=family, content=body, headers=headers)


@pytest.mark.requirement("REMIX-007")
def test_the_source_stays_as_it_was(gate: Gate, jobs: Jobs) -> None:
    jobs.existing("remix")
    source = jobs.remixed()
    answer = gate.send("GET", source.path)
    now = answer.video()
    for field, value in source.steady.items():
        require(
            now.get(field) == value,
            expected=f"the {field} of before the remix, {compact(value)}",
            seen=f"the {field} {compact(now.get(field))}",
            exchange=answer,
        )


@pytest.mark.requirement("REMIX-008")
def test_a_remix_is_completed_and_can_be_downloaded(jobs: Jobs) -> None:
    jobs.ended("remix")
    jobs.whole_content(jobs.remixed().request.name)  # else that is for CONTENT-001 to tell
    require_completed(jobs, "remix")
    require_download(jobs, "remix")


@pytest.mark.requirement("REMIX-009")
def test_a_remix_is_like_its_source(jobs: Jobs) -> None:
    remix, source = jobs.existing("remix"), jobs.remixed()
    for field in ("model", "size", "seconds"):
        require(
            remix.video.get(field) == source.video.get(field),
            expected=f"the {field} of its source, {compact(source.video.get(field))}",
            seen=f"the {field} {compact(remix.video.get(field))}",
            exchange=remix.created,
        )


@pytest.mark.requirement("REMIX-010")
def test_an_unfinished_job_is_not_remixed(jobs: Jobs) -> None:
    jobs.existing("remix")
    job: Job = jobs.existing("plain")
    if job.early_remix is None:
        raise Unsupported("the job was completed at once, so that no remix came too early")
    require(
        job.early_remix.refused,
        expected="a refusal, 4xx, as the source is not completed",
        seen=job.early_remix.summary,
        exchange=job.early_remix,
    )


@pytest.mark.requirement("REMIX-011")
def test_a_remix_is_listed(gate: Gate, jobs: Jobs) -> None:
    remix = jobs.ended("remix")
    answers = [gate.send("GET", "/videos", params={"limit": 100})]
    if remix.listed is not None and remix.listed.ok:
        answers.insert(0, remix.listed)
    require_listed(remix, *answers)
