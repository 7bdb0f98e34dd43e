"""The scheduling of many jobs, in virtual time: each ends as it must, whatever a server does."""

from __future__ import annotations

from collections.abc import Callable
from math import ceil

import pytest
from attrs import define
from hypothesis import given
from hypothesis import strategies as st

from openvideos import VideoFailed, WaitTimeout
from openvideos._many.wait_many import wait_many
from openvideos._settings import settings_from

from .fake_clock import FakeClock
from .faulty_server import Answer, Reply, Request, Reset
from .many_jobs import ManyJobs
from .virtual_driver import VirtualDriver

SETTINGS = settings_from(
    base_url="http://127.0.0.1:1/v1",
    api_key=None,
    timeout=600,
    max_retries=2,
    default_headers=None,
    default_query=None,
)

PASSING: list[Answer] = [
    Reset(),
    Reply(b"<html>a proxy's page</html>"),
    *(Reply({"error": {"message": "Later."}}, status) for status in (429, 500, 503)),
    Reply({"error": {"message": "Slow down."}}, 429, headers={"Retry-After": "7"}),
]


@define
class World:
    """A server with its quirks, its faults and its delays, and a driver that meets them."""

    clock: FakeClock
    jobs: ManyJobs
    driver: VirtualDriver


@st.composite
def worlds(draw: st.DrawFn) -> World:
    clock = FakeClock()
    ends = {
        f"video_{i}": end
        for i, end in enumerate(draw(st.lists(st.floats(0, 200), min_size=1, max_size=30)))
    }
    names = st.sampled_from(sorted(ends))
    answers: list[Answer | None] = [None, None, *PASSING, Reply({"detail": "no"}, 404)]
    ids: list[Callable[[str], str]] = [str, lambda id_: f"other-{id_}"]
    jobs = ManyJobs(
        lambda: clock.time,
        ends,
        failing=draw(st.sets(names)),
        list_answer=draw(st.sampled_from(answers)),
        list_after=draw(st.sampled_from([0, 3, 10])),
        cursors=draw(st.booleans()),
        says_more=draw(st.booleans()),
        largest_page=draw(st.sampled_from([2, 7, 100])),
        shown_ids=draw(st.sampled_from(ids)),
        omitted=draw(st.sets(names)),
        keys=draw(st.sampled_from([None, ("id", "status"), ("id", "created_at")])),
        stale=draw(st.booleans()),
    )
    faults = iter(draw(st.lists(st.sampled_from(answers[:-1]), max_size=60)))
    delays = iter(draw(st.lists(st.floats(0, 100), max_size=30)))

    def answer(request: Request) -> Answer:
        return next(faults, None) or jobs.answer(request)

    return World(clock, jobs, VirtualDriver(answer, clock, SETTINGS, lambda: next(delays, 0.05)))


@given(
    world=worlds(),
    max_wait=st.none() | st.floats(0, 400),
    interval=st.none() | st.floats(0.5, 60),
    twice=st.booleans(),
)
def test_every_job_ends_as_it_must_in_time_and_is_asked_for_gently(
    world: World, max_wait: float | None, interval: float | None, twice: bool
) -> None:
    told: dict[str, list[int]] = {}
    ids = list(world.jobs.ends) * (1 + twice)
    results = world.driver.run(
        wait_many(
            world.driver,
            ids,
            max_wait=max_wait,
            interval=interval,
            on_update=lambda video: told.setdefault(video.id, []).append(video.progress or 0),
        )
    )
    deadline = float("inf") if max_wait is None else max_wait
    assert [result.id for result in results] == ids
    for result in results:
        if isinstance(result.error, WaitTimeout):
            assert result.error.elapsed >= deadline - 1e-6
        elif result.id in world.jobs.failing:
            assert isinstance(result.error, VideoFailed)
            assert result.error.code == "moderation_blocked"
        else:
            assert result.unwrap().status == "completed"
            assert result.video.completed_at
        if not isinstance(result.error, WaitTimeout):
            assert world.jobs.ends[result.id] <= world.clock.time
    assert world.clock.time <= deadline + 1e-6
    for moment, seconds, _ in world.driver.sends:
        assert moment < deadline
        assert seconds is None or moment + seconds <= deadline + 1e-6
    for progress in told.values():
        assert progress == sorted(progress)
    assert all(0 <= slept <= max(60, interval or 0) + 1e-6 for slept in world.driver.sleeps)
    assert world.driver.most_at_once <= 16
    looks: dict[str, int] = {}
    for _, _, path in world.driver.sends:
        looks[path] = looks.get(path, 0) + 1
    # Each job is asked for once an interval at most, beside what the list costs.
    rounds = world.clock.time / min(interval or 0.5, 0.5) + 3
    assert all(number <= 2 * rounds for path, number in looks.items() if path != "/videos")


def requests_for(number: int, *, listed: bool) -> tuple[int, int]:
    """How many requests jobs cost that end a fifth at a time, and how many looks at each make."""
    clock = FakeClock()
    ends = {f"video_{i}": 55.0 * (1 + 5 * i // number) for i in range(number)}
    refusal = None if listed else Reply({"detail": "Not Found"}, 404)
    jobs = ManyJobs(lambda: clock.time, ends, list_answer=refusal)
    driver = VirtualDriver(jobs.answer, clock, SETTINGS)
    results = driver.run(wait_many(driver, list(ends), interval=10.0))
    assert all(result.ok for result in results)
    assert clock.time <= 285
    return len(driver.sends), sum(ceil(end / 10) + 1 for end in ends.values())


@pytest.mark.parametrize(("number", "fraction"), [(1000, 50), (100, 25), (20, 5)])
def test_a_list_costs_a_fraction_of_asking_one_by_one(number: int, fraction: int) -> None:
    requests, looks = requests_for(number, listed=True)
    assert requests * fraction <= looks


def test_one_by_one_each_job_costs_a_request_an_interval() -> None:
    requests, looks = requests_for(20, listed=False)
    assert requests == looks + 1


def pages_for(awaited: list[str], others: int, *, newer: bool, omitted: str = "") -> list[str]:
    """What is asked for while jobs are awaited that stand among those of others in the list."""
    clock = FakeClock()
    strangers = {f"other_{i}": 1e6 for i in range(others)}
    ours = dict.fromkeys(awaited, 100.0)
    ends = ours | strangers if newer else strangers | ours
    jobs = ManyJobs(lambda: clock.time, ends, omitted={omitted})
    driver = VirtualDriver(jobs.answer, clock, SETTINGS)
    results = driver.run(wait_many(driver, awaited, interval=10.0))
    assert all(result.ok for result in results)
    assert clock.time <= 111
    return jobs.requests


def test_a_list_is_not_walked_to_its_end_for_a_few_jobs() -> None:
    requests = pages_for([f"video_{i}" for i in range(20)], 3000, newer=True)
    assert requests.count("list") <= 2 * 7


def test_jobs_that_a_page_has_passed_by_age_are_not_sought_on_the_next() -> None:
    awaited = [f"video_{i}" for i in range(40)]
    requests = pages_for(awaited, 3000, newer=False, omitted="video_7")
    # On the first walk nobody knows how old they are; from then on the first page is enough.
    assert requests.count("list") <= 4 + 11


def test_a_job_that_the_list_leaves_out_is_asked_for_at_once() -> None:
    awaited = [f"video_{i}" for i in range(40)]
    requests = pages_for(awaited, 0, newer=False, omitted="video_7")
    assert requests[:2] == ["list", "video_7"]
