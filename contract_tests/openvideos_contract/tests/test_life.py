"""The life of a job: every answer about it tells one story."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from typing import Any

import pytest

from openvideos_contract.contract_checks import compact
from openvideos_contract.exchange import Exchange
from openvideos_contract.gate import Gate
from openvideos_contract.jobs import Job, Jobs
from openvideos_contract.outcome import NotRun, Unsupported, require

ENDS = ("completed", "failed")
ORDER = {"queued": 0, "in_progress": 1, "completed": 2, "failed": 2}
NEVER_CHANGES = (
    "created_at",
    "model",
    "size",
    "seconds",
    "prompt",
    "object",
    "remixed_from_video_id",
)
A_DAY = 86_400


@pytest.fixture(scope="module")
def stories(jobs: Jobs, gate: Gate) -> dict[str, list[tuple[dict[str, Any], Exchange]]]:
    """Every answer about each job of the run, in order, by id."""
    told: dict[str, list[tuple[dict[str, Any], Exchange]]] = {}
    jobs.ended("plain")
    for video_id, video, exchange in gate.videos:
        told.setdefault(video_id, []).append((video, exchange))
    return told


def steps(
    stories: dict[str, list[tuple[dict[str, Any], Exchange]]],
) -> Iterator[tuple[dict[str, Any], dict[str, Any], Exchange]]:
    """Yield each answer about a job with the one before it."""
    for story in stories.values():
        for (before, _), (after, exchange) in itertools.pairwise(story):
            yield before, after, exchange


@pytest.mark.requirement("LIFE-001")
@pytest.mark.parametrize("name", ["plain", "form"])
def test_a_job_is_completed(jobs: Jobs, name: str) -> None:
    job = jobs.ended(name)
    require(
        job.completed,
        expected="the status completed",
        seen=job.lost or compact(job.ended),
        exchange=(job.polls or [job.created])[-1],
    )


@pytest.mark.requirement("LIFE-002")
def test_the_status_only_goes_forward(
    stories: dict[str, list[tuple[dict[str, Any], Exchange]]],
) -> None:
    for before, after, exchange in steps(stories):
        was, now = before.get("status"), after.get("status")
        if was in ENDS or was not in ORDER or now not in ORDER:
            continue  # an end is judged by LIFE-004, an unknown word by RETRIEVE-002
        require(
            ORDER[now] >= ORDER[was], expected=f"{was} or later", seen=f"{now}", exchange=exchange
        )


@pytest.mark.requirement("LIFE-003")
def test_progress_never_goes_back(
    stories: dict[str, list[tuple[dict[str, Any], Exchange]]],
) -> None:
    for before, after, exchange in steps(stories):
        was, now = before.get("progress"), after.get("progress")
        if after.get("status") == "failed":
            continue  # how far a failed job came is nobody's promise
        if isinstance(was, int | float) and isinstance(now, int | float):
            require(
                now >= was, expected=f"a progress of {was} or more", seen=now, exchange=exchange
            )


@pytest.mark.requirement("LIFE-004")
def test_a_job_that_has_ended_stays_as_it_is(
    stories: dict[str, list[tuple[dict[str, Any], Exchange]]],
) -> None:
    ended = [(b, a, e) for b, a, e in steps(stories) if b.get("status") in ENDS]
    if not ended:
        raise NotRun("no job was seen again after its end")
    for before, after, exchange in ended:
        for field in ("status", "progress", "completed_at", "expires_at", "error"):
            require(
                after.get(field) == before.get(field),
                expected=f"the {field} {compact(before.get(field))}, as before",
                seen=compact(after.get(field)),
                exchange=exchange,
            )


@pytest.mark.requirement("LIFE-005")
@pytest.mark.parametrize("name", ["plain", "form"])
def test_created_at_is_the_time_of_the_create_in_seconds(jobs: Jobs, name: str) -> None:
    job = jobs.existing(name)
    created_at = job.video.get("created_at")
    near = isinstance(created_at, int) and abs(created_at - job.created.sent_at) < A_DAY
    require(
        near,
        expected=f"Unix seconds within a day of {int(job.created.sent_at)}",
        seen=created_at,
        exchange=job.created,
    )


@pytest.mark.requirement("LIFE-006")
def test_what_was_asked_for_never_changes(
    stories: dict[str, list[tuple[dict[str, Any], Exchange]]],
) -> None:
    for before, after, exchange in steps(stories):
        for field in NEVER_CHANGES:
            require(
                after.get(field) == before.get(field),
                expected=f"the {field} {compact(before.get(field))}, as before",
                seen=compact(after.get(field)),
                exchange=exchange,
            )


def last(job: Job) -> Exchange:
    """Return the last answer about a job."""
    return job.polls[-1]


@pytest.mark.requirement("LIFE-007")
@pytest.mark.parametrize("name", ["plain", "form"])
def test_a_completed_job_says_when_it_was_completed(jobs: Jobs, name: str) -> None:
    job = jobs.completed(name)
    video = job.ended or {}
    created_at, completed_at = video.get("created_at"), video.get("completed_at")
    now = time.time()
    ordered = (
        isinstance(completed_at, int)
        and isinstance(created_at, int)
        and created_at <= completed_at < now + A_DAY
    )
    require(
        ordered,
        expected=f"a completed_at in Unix seconds, from created_at {created_at} to now",
        seen=completed_at,
        exchange=last(job),
    )


@pytest.mark.requirement("LIFE-008")
@pytest.mark.parametrize("name", ["plain", "form"])
def test_assets_expire_after_the_completion(jobs: Jobs, name: str) -> None:
    job = jobs.completed(name)
    video = job.ended or {}
    completed_at, expires_at = video.get("completed_at"), video.get("expires_at")
    if expires_at is None:
        raise Unsupported("the server does not tell when assets expire")
    later = (
        isinstance(expires_at, int) and isinstance(completed_at, int) and completed_at < expires_at
    )
    require(
        later,
        expected=f"an expires_at after completed_at {completed_at}",
        seen=expires_at,
        exchange=last(job),
    )


@pytest.mark.requirement("LIFE-009")
def test_a_job_has_an_error_only_if_it_failed(
    stories: dict[str, list[tuple[dict[str, Any], Exchange]]],
) -> None:
    for story in stories.values():
        for video, exchange in story:
            failed = video.get("status") == "failed"
            require(
                (video.get("error") is not None) == failed,
                expected="an error with code and message" if failed else "no error",
                seen=f"{compact(video.get('error'))} with the status {video.get('status')}",
                exchange=exchange,
            )


@pytest.mark.requirement("LIFE-010")
def test_a_completed_job_has_the_progress_100(jobs: Jobs) -> None:
    job = jobs.completed("plain")
    progress = (job.ended or {}).get("progress")
    require(progress == 100, expected="the progress 100", seen=progress, exchange=last(job))


@pytest.mark.requirement("LIFE-011")
def test_an_unfinished_job_has_no_times_of_its_end(
    stories: dict[str, list[tuple[dict[str, Any], Exchange]]],
) -> None:
    told = [pair for story in stories.values() for pair in story]
    running = [pair for pair in told if pair[0].get("status") in {"queued", "in_progress"}]
    if not running:
        raise NotRun("no answer showed a job unfinished")
    for video, exchange in running:
        for field in ("completed_at", "expires_at"):
            require(
                video.get(field) is None,
                expected=f"{field} null while the status is {video['status']}",
                seen=video.get(field),
                exchange=exchange,
            )
