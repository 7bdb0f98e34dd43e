"""Deleting: what is deleted is gone, and nothing else is."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor

import attrs
import pytest

from openvideos_contract.checks.answers import compact
from openvideos_contract.checks.listing import listed_ids
from openvideos_contract.checks.refusals import refused, require_status
from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import Blocked, Nonconformity, NotRun, Unsupported, require
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

GONE = "the video was deleted"
DELETES = 4


@attrs.frozen
class Deletion:
    """A job that was deleted, the answer to that, and what retrieve says after it."""

    job: Job
    answer: Exchange
    after: Exchange


@pytest.fixture(scope="module")
def deletion(gate: Gate, jobs: Jobs) -> Deletion:
    """A finished job, deleted; after it the others are as they were."""
    jobs.ended("plain")
    for name in ("multipart", "other", "plain"):
        try:
            job = jobs.completed(name)
        except (Blocked, NotRun):
            continue
        if any(made.id == job.id and made.deleted for made in gate.made):
            continue  # by another key, which AUTH-005 tells
        for variant in (None, "thumbnail", "spritesheet"):
            # What was used can be deleted as well as what was not.
            with contextlib.suppress(Nonconformity):
                jobs.content(name, variant)
        return Deletion(job, gate.send("DELETE", job.path), gate.send("GET", job.path))
    raise Blocked("no job was completed (LIFE-001)")


def require_answered(deletion: Deletion) -> None:
    """Go on if the server said that the job is deleted.

    Raises:
        Blocked: It did not (DELETE-001).
    """
    if not deletion.answer.ok:
        raise Blocked(f"nothing was deleted (DELETE-001): {deletion.answer.summary}")


@pytest.fixture(scope="module")
def deleted(deletion: Deletion) -> Job:
    """A job that is deleted."""
    require_answered(deletion)
    if deletion.after.ok:
        raise Blocked(f"what was deleted is there still (DELETE-003): {deletion.after.summary}")
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
def test_a_deleted_video_is_not_found(deletion: Deletion) -> None:
    require_answered(deletion)
    require_status(deletion.after, 404, GONE)


@pytest.mark.requirement("DELETE-004")
@pytest.mark.parametrize("order", ["desc", "asc"])
def test_a_deleted_video_is_not_listed(gate: Gate, deleted: Job, order: str) -> None:
    answer = gate.send("GET", "/videos", params={"limit": 100, "order": order})
    ids = listed_ids(answer)
    require(
        deleted.id not in ids,
        expected=f"a list without {deleted.id}, which is deleted",
        seen=f"a list of {len(ids)} videos with it",
        exchange=answer,
    )


@pytest.mark.requirement("LIST-018")
def test_the_cursor_of_a_deleted_video_does_not_begin_anew(
    gate: Gate, jobs: Jobs, deleted: Job
) -> None:
    answer = gate.send("GET", "/videos", params={"after": deleted.id, "limit": 100})
    if answer.refused:
        return
    found = set(listed_ids(answer))
    for job in jobs.all_made():
        if creation(job) > creation(deleted):
            require(
                job.id not in found,
                expected="a refusal, or no video that was made later than the deleted one, "
                f"{deleted.id}",
                seen=f"{job.id}, which was made later, among {len(found)} videos",
                exchange=answer,
            )


def creation(job: Job) -> int:
    """Return when a job was created, in Unix seconds."""
    created_at = job.video.get("created_at")
    return created_at if isinstance(created_at, int) else 0


@pytest.mark.requirement("DELETE-005")
@pytest.mark.parametrize("variant", [None, "video", "thumbnail", "spritesheet"])
def test_a_deleted_video_has_no_content(gate: Gate, deleted: Job, variant: str | None) -> None:
    params = {"variant": variant} if variant else None
    refused(gate, "GET", f"{deleted.path}/content", why=GONE, params=params)


@pytest.mark.requirement("DELETE-005")
def test_no_part_of_a_deleted_video_is_sent(gate: Gate, deleted: Job) -> None:
    refused(gate, "GET", f"{deleted.path}/content", why=GONE, headers={"Range": "bytes=0-9"})


@pytest.mark.requirement("DELETE-005")
def test_a_deleted_video_is_not_the_same_still(gate: Gate, jobs: Jobs, deleted: Job) -> None:
    downloads = [
        answer for (name, _), answer in jobs.downloads.items() if name == deleted.request.name
    ]
    etags = [answer.header("etag") for answer in downloads if answer.header("etag")]
    if not etags:
        raise Unsupported("no ETag of the deleted video is known")
    for etag in etags:
        headers = {"If-None-Match": etag}
        refused(gate, "GET", f"{deleted.path}/content", why=GONE, headers=headers)


@pytest.mark.requirement("REMIX-012")
def test_a_deleted_video_is_not_remixed(gate: Gate, jobs: Jobs, deleted: Job) -> None:
    jobs.existing("remix")
    answer = gate.send(
        "POST",
        f"{deleted.path}/remix",
        json={"prompt": f"[{gate.configuration.run_id}] of a deleted video"},
        family="a remix of a deleted video",
    )
    require_status(answer, 404, GONE)


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
        answer = gate.send("GET", job.path)
        require_status(answer, 200, "only another video was deleted")
        now = answer.object
        for field, value in job.steady.items():
            require(
                now.get(field) == value,
                expected=f"the {field} of {job.id} as before another was deleted, {compact(value)}",
                seen=f"the {field} {compact(now.get(field))}",
                exchange=answer,
            )
    content = gate.send("GET", f"{others[0].path}/content")
    known = jobs.downloads.get((others[0].request.name, None))
    if known is not None and known.status == 200:
        require_status(content, 200, "only another video was deleted")


@pytest.mark.requirement("CONCURRENCY-004")
def test_deletes_at_the_same_time_succeed_once(gate: Gate, jobs: Jobs, deleted: Job) -> None:
    gone = {made.id for made in gate.made if made.deleted}
    others = [job for job in jobs.all_completed() if job.id not in gone]
    if len(others) < 2:
        raise NotRun("no job is left that later tests do not need")
    job = others[-1]
    with ThreadPoolExecutor(DELETES) as requests:
        answers = list(requests.map(lambda _: gate.send("DELETE", job.path), range(DELETES)))
    succeeded = [answer for answer in answers if answer.ok]
    require(
        len(succeeded) == 1,
        expected=f"one success of {DELETES} deletes of {job.id} at the same time",
        seen=f"the statuses {', '.join(str(answer.status) for answer in answers)}",
        exchange=answers[-1],
    )
