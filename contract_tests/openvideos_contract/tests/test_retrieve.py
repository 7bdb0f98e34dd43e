"""Retrieving a job: it is the job that was made."""

from __future__ import annotations

import pytest

from openvideos_contract.checks.answers import compact
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import Blocked, require


@pytest.mark.requirement("RETRIEVE-001")
@pytest.mark.parametrize("name", ["plain", "multipart"])
def test_retrieve_answers_with_the_job_that_was_asked_for(jobs: Jobs, name: str) -> None:
    job = jobs.ended(name)
    for answer in job.polls:
        video = answer.video()
        require(
            video["id"] == job.id,
            expected=f"the video {job.id}, which was asked for",
            seen=f"the video {video['id']}",
            exchange=answer,
        )
    require(not job.unretrievable, expected=f"the video {job.id}", seen=job.lost)


@pytest.mark.requirement("RETRIEVE-003")
@pytest.mark.parametrize("name", ["plain", "multipart", "other"])
def test_retrieve_agrees_with_create(jobs: Jobs, name: str) -> None:
    job = jobs.ended(name)
    retrieved = [poll for poll in job.polls if poll.ok and poll.object]
    if not retrieved:
        raise Blocked(f"the job cannot be retrieved (RETRIEVE-001): {job.lost}")
    for answer in retrieved:
        video = answer.object
        for field in ("created_at", "model", "size", "seconds", "prompt"):
            require(
                video.get(field) == job.video.get(field),
                expected=f"the {field} of the create's answer, {compact(job.video.get(field))}",
                seen=f"the {field} {compact(video.get(field))}",
                exchange=answer,
            )
