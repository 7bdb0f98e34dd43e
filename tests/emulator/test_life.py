"""A job's life as a function of its row and the time; and as a client sees it."""

import itertools
from collections.abc import Callable
from typing import Any

import attrs
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

import openvideos_spec
from openvideos_emulator.http.validation import Checker
from openvideos_emulator.timetable import (
    NEVER,
    Failure,
    Job,
    Steps,
    Timetable,
    expiry,
    observe,
    plan,
    plan_at_once,
    poll_after,
    without_end,
)

NOW = 1_759_551_938_123
VIDEO = Checker(openvideos_spec.load("openai"), {"$ref": "#/components/schemas/Video"})
ORDER = {"queued": 0, "in_progress": 1, "completed": 2, "failed": 2}


FAILURE = Failure("moderation_blocked", "blocked")
TIMES = st.integers(1_000_000_000_000, 2_000_000_000_000)


@st.composite
def timetables(draw: st.DrawFn, job_id: str, refused: bool) -> Timetable:
    timetable = plan(
        job_id,
        draw(TIMES),
        pixels=draw(st.sampled_from([256, 720 * 1280, 1024 * 1792])),
        seconds=draw(st.floats(0.1, 120)),
        professional=draw(st.booleans()),
        refused=refused,
        speed=draw(st.floats(1e-320, 1e308)),
        expires_after=draw(st.floats(0.001, 1e6)),
    )
    at_once = plan_at_once(timetable.created, expires_after=draw(st.floats(0.001, 1e6)))
    timetable = draw(st.sampled_from([timetable, at_once]))
    return draw(st.sampled_from([timetable, without_end(timetable)]))


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    """Jobs that go by the clock, that are made at once, and that never end."""
    refused = draw(st.booleans())
    job_id = f"video_{draw(st.integers(0, 2**32))}"
    timetable = draw(timetables(job_id, refused))
    failure = FAILURE if refused else None
    return Job(job_id, "sora-2", "p", "720x1280", "4", None, timetable, failure)


@st.composite
def walks(draw: st.DrawFn) -> list[tuple[Job, int]]:
    """A job that progresses by retrieves, as it is at each of them, and when that was."""
    created = draw(TIMES)
    needed = draw(st.integers(1, 150))
    failure = draw(st.sampled_from([None, FAILURE]))
    waiting = without_end(plan_at_once(created))
    job = Job("video_1", "sora-2", "p", "720x1280", "4", None, waiting, failure, Steps(needed))
    walk = [(job, created)]
    for made in range(1, needed + 1):
        now = walk[-1][1] + draw(st.integers(0, 100_000))
        if made == needed:
            ended = attrs.evolve(waiting, ended=now, expires=expiry(now, 3600))
            job = attrs.evolve(job, timetable=ended)
        job = attrs.evolve(job, steps=Steps(needed, made))
        walk.append((job, now))
    return walk


@given(jobs(), st.lists(st.integers(0, 10**9), min_size=2, max_size=20))
def test_status_and_progress_never_go_back(job: Job, waits: list[int]) -> None:
    seen = [observe(job, job.timetable.created + wait) for wait in sorted(waits)]
    for earlier, later in itertools.pairwise(seen):
        assert ORDER[earlier["status"]] <= ORDER[later["status"]]
        assert earlier["progress"] <= later["progress"]
        if ORDER[earlier["status"]] == 2:
            assert earlier == later


@given(jobs(), st.integers(0, 10**9))
def test_a_video_tells_what_its_status_means(job: Job, wait: int) -> None:
    now = job.timetable.created + wait
    video = observe(job, now)
    assert (video["error"] is not None) == (video["status"] == "failed")
    completed = video["status"] == "completed"
    assert completed == (video["progress"] == 100)
    assert completed == (video["completed_at"] is not None) == (video["expires_at"] is not None)
    if completed:
        assert video["created_at"] <= video["completed_at"] <= now // 1000
        assert video["completed_at"] <= video["expires_at"]
        assert job.expired(now) == (now >= video["expires_at"] * 1000)
    if video["status"] == "queued":
        assert video["progress"] == 0
    assert (poll_after(job, now, 1) is None) == (video["status"] in ("completed", "failed"))


@given(jobs(), st.integers(-1, 10**9))
def test_a_video_is_what_the_contract_says_at_any_time(job: Job, wait: int) -> None:
    VIDEO.check(observe(job, job.timetable.created + wait))


@given(jobs())
def test_a_create_is_answered_with_queued_however_fast_the_emulator_is(job: Job) -> None:
    assert observe(job, job.timetable.created - 1)["status"] == "queued"


@given(jobs())
def test_a_video_stays_as_it_is_when_its_assets_are_gone(job: Job) -> None:
    if job.timetable.ended < NEVER:
        ended = observe(job, job.timetable.ended)
        for later in (job.timetable.expires, job.timetable.expires + 10**9):
            assert observe(job, later) == ended
            assert job.expired(later)


@given(walks())
def test_with_each_retrieve_a_job_goes_forward_until_its_end(walk: list[tuple[Job, int]]) -> None:
    seen = [observe(job, now) for job, now in walk]
    for video in seen:
        VIDEO.check(video)
    statuses = [video["status"] for video in seen]
    end = "completed" if walk[0][0].failure is None else "failed"
    assert statuses == ["queued", *["in_progress"] * (len(walk) - 2), end]
    for earlier, later in itertools.pairwise(seen):
        assert earlier["progress"] <= later["progress"]
    assert (seen[-1]["progress"] == 100) == (end == "completed")
    last, now = walk[-1]
    assert observe(last, now - 10_000) == observe(last, now + 10**9) == seen[-1]


def usual(speed: float = 1, **changes: Any) -> Job:
    facts: dict[str, Any] = {
        "pixels": 720 * 1280,
        "seconds": 4,
        "professional": False,
        "refused": False,
    }
    timetable = plan("video_1", NOW, speed=speed, **{**facts, **changes})
    return Job("video_1", "sora-2", "p", "720x1280", "4", None, timetable)


def test_four_seconds_at_720p_take_about_55_seconds_and_stay_at_99_from_42() -> None:
    timetable = usual().timetable
    assert (timetable.climbed - NOW) / 1000 == pytest.approx(42, rel=0.1)
    assert (timetable.ended - NOW) / 1000 == pytest.approx(55, rel=0.1)
    assert observe(usual(), timetable.climbed)["progress"] == 99
    assert observe(usual(), timetable.ended - 1)["progress"] == 99


def test_more_work_takes_longer() -> None:
    ended = usual().timetable.ended
    for more in ({"pixels": 1024 * 1792}, {"seconds": 8}, {"professional": True}):
        assert usual(**more).timetable.ended > ended


def test_speed_divides_all_but_expiry() -> None:
    timetable = usual(speed=1000).timetable
    assert timetable.ended - NOW < 100
    assert timetable.expires // 1000 - timetable.ended // 1000 == 3600
    timetable = usual(speed=1000, expires_after=7).timetable
    assert timetable.expires // 1000 - timetable.ended // 1000 == 7


def test_a_job_is_completed_and_says_since_when(finished: Callable[..., dict[str, Any]]) -> None:
    video = finished()
    assert video["status"] == "completed"
    assert video["progress"] == 100
    assert video["expires_at"] == video["completed_at"] + 3600


def test_a_running_job_says_when_to_ask_again(
    slow_client: httpx.Client, client: httpx.Client, finished: Callable[..., dict[str, Any]]
) -> None:
    created = slow_client.post("/videos", json={"prompt": "x"})
    polled = slow_client.get(f"/videos/{created.json()['id']}")
    for response in (created, polled):
        assert int(response.headers["openai-poll-after-ms"]) > 0
    ended = client.get(f"/videos/{finished()['id']}")
    assert "openai-poll-after-ms" not in ended.headers


def test_moderation_fails_a_job_that_was_accepted(
    client: httpx.Client, finished: Callable[..., dict[str, Any]]
) -> None:
    video = finished(prompt="A cat [moderation_blocked]")
    assert video["status"] == "failed"
    assert video["error"] == {
        "code": "moderation_blocked",
        "message": "Your request was blocked by our moderation system.",
    }
    assert video["completed_at"] is None
    content = client.get(f"/videos/{video['id']}/content")
    assert content.status_code == 404
    assert "failed" in content.json()["error"]["message"]
    for response in (
        client.post(f"/videos/{video['id']}/remix", json={"prompt": "x"}),
        client.post("/videos/edits", json={"prompt": "x", "video": {"id": video["id"]}}),
    ):
        assert response.status_code == 409
    assert client.delete(f"/videos/{video['id']}").status_code == 200


def test_a_size_of_the_professional_model_fails_with_the_other_one(
    finished: Callable[..., dict[str, Any]],
) -> None:
    assert finished(model="sora-2", size="1024x1792")["status"] == "failed"
    assert finished(model="sora-2-pro", size="1024x1792")["status"] == "completed"


def test_a_job_that_runs_can_be_neither_deleted_nor_worked_from(slow_client: httpx.Client) -> None:
    video_id = slow_client.post("/videos", json={"prompt": "x"}).json()["id"]
    source = {"prompt": "x", "video": {"id": video_id}}
    for response in (
        slow_client.delete(f"/videos/{video_id}"),
        slow_client.post(f"/videos/{video_id}/remix", json={"prompt": "x"}),
        slow_client.post("/videos/edits", json=source),
        slow_client.post("/videos/extensions", json=source),
    ):
        assert response.status_code == 409
        assert response.json()["error"]["type"] == "invalid_request_error"
    content = slow_client.get(f"/videos/{video_id}/content")
    assert content.status_code == 404
    assert (
        content.json()["error"]["message"]
        == "Video is not ready yet, use GET /v1/videos/{video_id} to check status."
    )
