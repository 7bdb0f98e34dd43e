"""Requests that are under way together: none disturbs another."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

import pytest

from openvideos_contract.checks.answers import compact
from openvideos_contract.checks.listing import listed_ids, listed_videos
from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import Blocked, NotTested, require
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate, video_path

AT_ONCE = 6

T = TypeVar("T")


def together(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Return what calls return that are under way at the same time.

    Raises:
        Nonconformity: One of them got no whole answer.
    """
    with ThreadPoolExecutor(len(calls)) as requests:
        return [call.result() for call in [requests.submit(call) for call in calls]]


@pytest.fixture(scope="module")
def finished(jobs: Jobs) -> list[Job]:
    """Finished jobs; at least two."""
    jobs.ended("plain")
    found = []
    for name in ("plain", "multipart", "other"):
        with contextlib.suppress(NotTested):
            found.append(jobs.completed(name))
    if len(found) < 2:
        jobs.require_room("multipart")  # or else the budget is why
        raise Blocked("fewer than two jobs were completed (LIFE-001)")
    return found


@pytest.mark.requirement("CONCURRENCY-001")
def test_creates_at_the_same_time_make_a_job_each(gate: Gate, jobs: Jobs) -> None:
    made = [jobs.existing(name) for name in ("multipart", "other")]  # sent at the same time
    for one, another in itertools.combinations(made, 2):
        require(
            one.id != another.id,
            expected=f"an id of its own for each of {len(made)} jobs",
            seen=f"the id {one.id} for two of them",
            exchange=another.created,
        )
    for job in made:
        answer = gate.send("GET", job.path)
        video = answer.video()
        for field in ("size", "seconds", "prompt"):
            told = job.video.get(field)
            require(
                video["id"] == job.id and video.get(field) == told,
                expected=f"the job {job.id} with the {field} of its own create, {compact(told)}",
                seen=f"the job {video['id']} with the {field} {compact(video.get(field))}",
                exchange=answer,
            )


@pytest.mark.requirement("CONCURRENCY-002")
def test_reads_at_the_same_time_answer_for_themselves(gate: Gate, finished: list[Job]) -> None:
    asked = [job for job, _ in zip(itertools.cycle(finished), range(AT_ONCE), strict=False)]
    answers = together([partial(gate.send, "GET", job.path) for job in asked])
    for job, answer in zip(asked, answers, strict=True):
        video = answer.video()
        require(
            video["id"] == job.id,
            expected=f"the video {job.id}, which was asked for",
            seen=f"the video {video['id']}",
            exchange=answer,
        )


@pytest.mark.requirement("CONCURRENCY-002")
def test_reads_while_others_write_answer_as_ever(
    gate: Gate, jobs: Jobs, finished: list[Job], nobody: str
) -> None:
    def write(number: int) -> Exchange:
        # What changes nothing, and costs nothing: an unknown video deleted, a create refused.
        if number % 2:
            return gate.send("DELETE", video_path(f"{nobody}{number}"))
        return gate.send("POST", "/videos", json={"prompt": ""}, family="an empty prompt")

    def read(number: int) -> Exchange:
        if number % 2:
            return gate.send("GET", finished[number % len(finished)].path)
        return gate.send("GET", "/videos", params={"limit": 100})

    jobs.require_taken("json")
    calls = [partial(write if n % 3 == 0 else read, n) for n in range(AT_ONCE * 2)]
    for number, answer in enumerate(together(calls)):
        if number % 3 == 0:
            continue
        if number % 2:
            job = finished[number % len(finished)]
            video = answer.video()
            require(
                all(video.get(field) == value for field, value in job.steady.items()),
                expected=f"the video {job.id} as it was before",
                seen=compact(video),
                exchange=answer,
            )
            continue
        found = listed_ids(answer)
        require(
            len(set(found)) == len(found) and len(listed_videos(answer)) == len(found),
            expected="a list that holds each video once",
            seen=compact(found),
            exchange=answer,
        )


@pytest.mark.requirement("CONCURRENCY-003")
def test_downloads_at_the_same_time_are_whole(gate: Gate, jobs: Jobs, finished: list[Job]) -> None:
    wholes = [jobs.whole_content(job.request.name) for job in finished[:2]]
    pairs = list(zip(finished, wholes, strict=False)) * 2
    paths = [f"{job.path}/content" for job, _ in pairs]
    for (job, whole), path in zip(pairs[:2], paths, strict=False):
        if gate.send("GET", path).content != whole.content:
            raise Blocked(f"the content of {job.id} is not the same each time (CONTENT-007)")
    answers = together([partial(gate.send, "GET", path) for path in paths])
    for (job, whole), answer in zip(pairs, answers, strict=True):
        require(
            answer.status == 200 and answer.content == whole.content,
            expected=f"the {len(whole.content)} bytes of {job.id}, as ever",
            seen=answer.summary,
            exchange=answer,
        )
