"""Deleting: what is deleted is gone, and nothing else is."""

from __future__ import annotations

import attrs
import pytest

from openvideos_contract.checks.listing import listed_ids
from openvideos_contract.checks.refusals import refused, require_status
from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import Blocked, NotRun, require
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

GONE = "the video was deleted"


@attrs.frozen
class Deletion:
    """A job that was deleted, and the answer to that."""

    job: Job
    answer: Exchange


@pytest.fixture(scope="module")
def deletion(gate: Gate, jobs: Jobs) -> Deletion:
    """A finished job, deleted; after it the others are as they were."""
    jobs.ended("plain")
    for name in ("form", "other", "plain"):
        try:
            job = jobs.completed(name)
        except (Blocked, NotRun):
            continue
        if any(made.id == job.id and made.deleted for made in gate.made):
            continue  # by another key, which AUTH-005 tells
        return Deletion(job, gate.send("DELETE", job.path))
    raise Blocked("no job was completed (LIFE-001)")


@pytest.fixture(scope="module")
def deleted(deletion: Deletion) -> Job:
    """A job of which the server said that it is deleted."""
    if not deletion.answer.ok:
        raise Blocked(f"nothing was deleted (DELETE-001): {deletion.answer.summary}")
    return deletion.job


@pytest.mark.requirement("DELETE-001")
def test_a_finished_video_can_be_deleted(deletion: Deletion) -> None:
    answer = deletion.answer
    body = answer.accepted("2xx and a VideoDeleted")
    wanted = {"id": deletion.job.id, "object": "video.deleted", "deleted": True}
    require(
        {key: body.get(key) for key in wanted} == wanted,
        expected=str(wanted),
        seen=answer.summary,
        exchange=answer,
    )


@pytest.mark.requirement("DELETE-003")
def test_a_deleted_video_is_not_found(gate: Gate, deleted: Job) -> None:
    require_status(gate.send("GET", deleted.path), 404, GONE)


@pytest.mark.requirement("DELETE-004")
def test_a_deleted_video_is_not_listed(gate: Gate, deleted: Job) -> None:
    answer = gate.send("GET", "/videos", params={"limit": 100})
    ids = listed_ids(answer)
    require(
        deleted.id not in ids,
        expected=f"a list without {deleted.id}, which is deleted",
        seen=f"a list of {len(ids)} videos with it",
        exchange=answer,
    )


@pytest.mark.requirement("DELETE-005")
def test_a_deleted_video_has_no_content(gate: Gate, deleted: Job) -> None:
    refused(gate, "GET", f"{deleted.path}/content", why=GONE)


@pytest.mark.requirement("DELETE-006")
def test_a_video_is_deleted_only_once(gate: Gate, deleted: Job) -> None:
    require_status(gate.send("DELETE", deleted.path), 404, GONE)


@pytest.mark.requirement("DELETE-008")
def test_the_others_are_still_there(gate: Gate, jobs: Jobs, deleted: Job) -> None:
    gone = {made.id for made in gate.made if made.deleted}
    others = [job for job in jobs.all_completed() if job.id not in gone]
    if not others:
        raise NotRun("no other job was completed")
    for job in others:
        require_status(gate.send("GET", job.path), 200, "only another video was deleted")
