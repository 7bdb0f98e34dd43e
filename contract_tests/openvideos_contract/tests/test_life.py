"""The life of a job: every answer about it tells one story."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any, TypeAlias, TypeGuard

import pytest

from openvideos_contract.checks.answers import compact
from openvideos_contract.checks.completion import require_completed
from openvideos_contract.checks.listing import listed_videos
from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.jobs.words import ENDS, NEVER_CHANGES, RUNNING, STEPS
from openvideos_contract.outcome import NotRun, Unsupported, require
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

A_DAY = 86_400
FIVE_MINUTES = 300
# The end of the year 9999, by which a server says that assets never expire.
NEVER = 253_402_300_799


Answers: TypeAlias = list[tuple[dict[str, Any], Exchange]]


@pytest.fixture(scope="module")
def stories(jobs: Jobs, gate: Gate) -> dict[str, Answers]:
    """Every answer about each job of the run, in order, by id."""
    told: dict[str, Answers] = {}
    jobs.ended("plain")
    for video_id, video, exchange in gate.videos:
        told.setdefault(video_id, []).append((video, exchange))
    return told


@pytest.fixture(scope="module")
def stories_with_lists(gate: Gate, stories: dict[str, Answers]) -> dict[str, Answers]:
    """Those, and what every list of the run said of the same jobs."""
    told = {video_id: list(answers) for video_id, answers in stories.items()}
    for answer in gate.exchanges:
        request = answer.request
        if answer.ok and request.method == "GET" and request.url.path.endswith("/videos"):
            for video in listed_videos(answer):
                video_id = str(video.get("id"))
                if video_id in told:
                    told[video_id].append((video, answer))
    return told


def answered_at(exchange: Exchange) -> float:
    """Return when an answer was there, in Unix seconds."""
    return exchange.sent_at + exchange.response.elapsed.total_seconds()


def steps(
    stories: dict[str, Answers],
) -> Iterator[tuple[dict[str, Any], dict[str, Any], Exchange]]:
    """Yield each answer about a job with one that came before it was asked for."""
    for story in stories.values():
        told = sorted(story, key=lambda pair: pair[1].sent_at)
        for (before, earlier), (after, exchange) in itertools.pairwise(told):
            # What is asked for at the same time is answered in any order.
            if answered_at(earlier) <= exchange.sent_at:
                yield before, after, exchange


@pytest.mark.requirement("LIFE-001")
@pytest.mark.parametrize("name", ["plain", "multipart"])
def test_a_job_is_completed(jobs: Jobs, name: str) -> None:
    require_completed(jobs, name)


@pytest.mark.requirement("LIFE-002")
def test_the_status_only_goes_forward(
    stories: dict[str, Answers],
) -> None:
    for before, after, exchange in steps(stories):
        was, now = before.get("status"), after.get("status")
        if was in ENDS or str(was) not in STEPS or str(now) not in STEPS:
            continue  # an end is judged by LIFE-004, an unknown word by RETRIEVE-002
        require(
            STEPS[str(now)] >= STEPS[str(was)],
            expected=f"the status {was} or a later one, as it was {was} before",
            seen=f"the status {now}",
            exchange=exchange,
        )


@pytest.mark.requirement("LIFE-003")
def test_progress_never_goes_back(
    stories: dict[str, Answers],
) -> None:
    for before, after, exchange in steps(stories):
        was, now = before.get("progress"), after.get("progress")
        if after.get("status") == "failed":
            continue  # how far a failed job came is nobody's promise
        if isinstance(was, int | float) and isinstance(now, int | float):
            require(
                now >= was,
                expected=f"a progress of {was} or more, as it was {was} before",
                seen=f"the progress {now}",
                exchange=exchange,
            )


@pytest.mark.requirement("LIFE-004")
def test_a_job_that_has_ended_stays_as_it_is(
    stories: dict[str, Answers],
) -> None:
    ended = [(b, a, e) for b, a, e in steps(stories) if b.get("status") in ENDS]
    if not ended:
        raise NotRun("no job was seen again after its end")
    for before, after, exchange in ended:
        for field in ("status", "progress", "completed_at", "expires_at", "error"):
            was, now = before.get(field), after.get(field)
            kept_longer = field == "expires_at" and is_moment(was) and is_moment(now) and now > was
            require(
                now == was or kept_longer,
                expected=f"the {field} {compact(was)}, as in the answer before",
                seen=f"the {field} {compact(now)}",
                exchange=exchange,
            )


@pytest.mark.requirement("LIFE-005")
@pytest.mark.parametrize("name", ["plain", "multipart"])
def test_created_at_is_the_time_of_the_create_in_seconds(jobs: Jobs, name: str) -> None:
    job = jobs.existing(name)
    created_at = job.video.get("created_at")
    near = isinstance(created_at, int) and abs(created_at - job.created.sent_at) < A_DAY
    require(
        near,
        expected=f"a created_at in Unix seconds, within a day of {int(job.created.sent_at)}",
        seen=f"the created_at {compact(created_at)}",
        exchange=job.created,
    )


@pytest.mark.requirement("LIFE-006")
def test_what_was_asked_for_never_changes(
    stories: dict[str, Answers],
) -> None:
    for before, after, exchange in steps(stories):
        for field in ("object", *NEVER_CHANGES):
            require(
                after.get(field) == before.get(field),
                expected=f"the {field} {compact(before.get(field))}, as in the answer before",
                seen=f"the {field} {compact(after.get(field))}",
                exchange=exchange,
            )


def last(job: Job) -> Exchange:
    """Return the last answer about a job."""
    return job.polls[-1]


def ended(jobs: Jobs) -> list[tuple[dict[str, Any], Exchange]]:
    """Return the Video of each completed job at its end, and the last answer about it."""
    jobs.completed("plain")
    return [(job.ended or {}, last(job)) for job in jobs.all_completed()]


@pytest.mark.requirement("LIFE-007")
def test_a_completed_job_says_when_it_was_completed(jobs: Jobs) -> None:
    for video, exchange in ended(jobs):
        created_at, completed_at = video.get("created_at"), video.get("completed_at")
        # A created_at that is no time is told by LIFE-005.
        earliest = created_at if is_moment(created_at) else 0
        require(
            is_moment(completed_at) and earliest <= completed_at < time.time() + A_DAY,
            expected=f"a completed_at in Unix seconds, from the created_at {created_at} to now",
            seen=f"the completed_at {compact(completed_at)}",
            exchange=exchange,
        )


@pytest.mark.requirement("LIFE-008")
def test_assets_expire_after_the_completion(jobs: Jobs) -> None:
    told = [pair for pair in ended(jobs) if pair[0].get("expires_at") is not None]
    if not told:
        raise Unsupported("the server does not tell when assets expire")
    for video, exchange in told:
        completed_at, expires_at = video.get("completed_at"), video["expires_at"]
        # A completed_at that is no time is told by LIFE-007.
        earliest = completed_at if is_moment(completed_at) else 0
        require(
            is_moment(expires_at) and earliest < expires_at,
            expected="an expires_at in Unix seconds, after the completed_at "
            f"{completed_at} and not after the year 9999 ({NEVER})",
            seen=f"the expires_at {compact(expires_at)}",
            exchange=exchange,
        )


def is_moment(value: Any) -> TypeGuard[int]:
    """Return whether a value is Unix seconds: milliseconds of our days are beyond the year 9999."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 < value <= NEVER


@pytest.mark.requirement("LIFE-009")
def test_a_job_has_an_error_only_if_it_failed(
    stories: dict[str, Answers],
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
    for video, exchange in ended(jobs):
        progress = video.get("progress")
        require(
            progress == 100,
            expected=f"the progress 100, as {video.get('id')} is completed",
            seen=f"the progress {compact(progress)}",
            exchange=exchange,
        )


@pytest.mark.requirement("LIFE-015")
def test_a_queued_job_has_the_progress_0(running: Answers) -> None:
    queued = [pair for pair in running if pair[0].get("status") == "queued"]
    if not queued:
        raise Unsupported("no answer showed a job queued")
    for video, exchange in queued:
        require(
            video.get("progress") == 0,
            expected=f"the progress 0, as {video.get('id')} is queued",
            seen=f"the progress {compact(video.get('progress'))}",
            exchange=exchange,
        )


def server_time(answer: Exchange) -> float | None:
    """Return the time that an answer was made by the server's own clock, None if it is not told."""
    try:
        return parsedate_to_datetime(answer.header("date")).timestamp()
    except ValueError:
        return None


@pytest.mark.requirement("LIFE-016")
@pytest.mark.parametrize("field", ["created_at", "completed_at"])
def test_times_are_of_the_servers_own_clock(jobs: Jobs, field: str) -> None:
    jobs.completed("plain")
    judged = 0
    for job in jobs.all_completed():
        moment = (job.ended or {}).get(field)
        earliest = server_time(job.created)
        # Created just before the create's answer; completed before the answer that told of it.
        answers = {"created_at": job.created, "completed_at": job.polls[job.first_end]}
        latest = server_time(answers[field])
        if earliest is None or latest is None or not is_moment(moment):
            continue  # a time that is none is told by LIFE-005 and LIFE-007
        judged += 1
        require(
            earliest - FIVE_MINUTES <= moment <= latest + FIVE_MINUTES,
            expected=f"a {field} from {earliest:.0f} to {latest:.0f} by the server's own clock, "
            "give or take five minutes",
            seen=f"the {field} {moment}",
            exchange=answers[field],
        )
    if not judged:
        raise Unsupported("the server sends no Date, or no such times")


@pytest.mark.requirement("LIST-021")
def test_list_and_retrieve_go_forward_together(stories_with_lists: dict[str, Answers]) -> None:
    for before, after, exchange in steps(stories_with_lists):
        was, now = str(before.get("status")), str(after.get("status"))
        if was in STEPS and now in STEPS:
            require(
                STEPS[now] >= STEPS[was],
                expected=f"the status {was} or a later one for {after.get('id')}, as list or "
                "retrieve said so before",
                seen=f"the status {now}",
                exchange=exchange,
            )
        done, doing = before.get("progress"), after.get("progress")
        if now != "failed" and isinstance(done, int | float) and isinstance(doing, int | float):
            require(
                doing >= done,
                expected=f"a progress of {done} or more for {after.get('id')}, as list or "
                "retrieve said so before",
                seen=f"the progress {doing}",
                exchange=exchange,
            )


@pytest.fixture(scope="module")
def running(stories_with_lists: dict[str, Answers]) -> Answers:
    """Every answer in which a job had not ended, lists among them."""
    told = [pair for story in stories_with_lists.values() for pair in story]
    found = [(video, exchange) for video, exchange in told if video.get("status") in RUNNING]
    if not found:
        raise Unsupported("no answer showed a job unfinished")
    return found


@pytest.mark.parametrize(
    "field",
    [
        pytest.param("completed_at", marks=pytest.mark.requirement("LIFE-013")),
        pytest.param("expires_at", marks=pytest.mark.requirement("LIFE-011")),
    ],
)
def test_an_unfinished_job_has_no_times_of_its_end(running: Answers, field: str) -> None:
    for video, exchange in running:
        require(
            video.get(field) is None,
            expected=f"{field} null, as the status of {video.get('id')} is {video['status']}",
            seen=f"the {field} {compact(video.get(field))}",
            exchange=exchange,
        )
