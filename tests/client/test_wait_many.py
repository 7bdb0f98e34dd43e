"""Waiting for many jobs: in order, whatever becomes of each, and with few requests."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from openvideos import (
    AuthenticationError,
    CancelToken,
    InvalidInput,
    JobResult,
    NotFoundError,
    VideoFailed,
    WaitCancelled,
    WaitTimeout,
)
from openvideos._flows.clock import Clock

from .conftest import Connect, Serve, by_one_kind
from .fake_clock import FakeClock
from .faulty_server import Reply, Request, Reset, Silence, refusing_url
from .many_jobs import ManyJobs


def jobs_of(clock: FakeClock, number: int = 120, last: float = 120, **how: Any) -> ManyJobs:
    """Jobs that end one after the other, the last one after so many seconds."""
    ends = {f"video_{i}": last * (i + 1) / number for i in range(number)}
    return ManyJobs(lambda: clock.time, ends, **how)


def waited_for(connect: Connect, serve: Serve, jobs: ManyJobs, **how: Any) -> list[JobResult]:
    client = connect(serve(jobs.answer).base_url)
    results: list[JobResult] = client.videos.wait_many(list(jobs.ends), interval=10, **how)
    return results


def looks_at_jobs(jobs: ManyJobs) -> int:
    return sum(what != "list" for what in jobs.requests)


def test_results_come_in_order_and_a_failure_stands_beside_them(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    jobs = jobs_of(clock, failing={"video_3", "video_77"})
    results = waited_for(connect, serve, jobs)
    assert [result.id for result in results] == list(jobs.ends)
    assert [result.id for result in results if not result.ok] == ["video_3", "video_77"]
    assert isinstance(results[3].error, VideoFailed)
    assert results[3].error.code == "moderation_blocked"
    assert results[0].unwrap().status == "completed"
    with pytest.raises(VideoFailed, match=r"No\. code moderation_blocked"):
        results[77].unwrap()
    assert clock.time <= 131
    assert looks_at_jobs(jobs) < 40


def test_handles_videos_and_ids_are_awaited_and_one_may_be_there_twice(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    jobs = jobs_of(clock, 4)
    videos = connect(serve(jobs.answer).base_url).videos
    handle = videos.job("video_0")
    seen = videos.retrieve("video_1")
    state = handle._inner if hasattr(handle, "_inner") else handle
    results = videos.wait_many([state, seen, "video_2", "video_2", state], interval=10)
    assert [result.id for result in results] == [
        *("video_0", "video_1", "video_2", "video_2", "video_0")
    ]
    assert all(result.ok for result in results)
    assert handle.video.status == "completed"


def test_what_is_over_already_costs_nothing(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    jobs = jobs_of(clock, 1)
    videos = connect(serve(jobs.answer).base_url).videos
    clock.time = 121
    over = videos.retrieve("video_0")
    assert videos.wait_many([over, over])[1].unwrap() is over
    assert jobs.requests == ["video_0"]
    assert videos.wait_many([]) == []


def test_the_rest_runs_on_when_the_time_is_over(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    jobs = jobs_of(clock)
    results = waited_for(connect, serve, jobs, max_wait=50)
    assert clock.time == pytest.approx(50)
    assert 40 <= sum(result.ok for result in results) <= 50
    late = results[-1]
    assert isinstance(late.error, WaitTimeout)
    assert late.error.elapsed == pytest.approx(50)
    assert late.error.video is late.video
    assert late.video is not None
    assert late.video.status == "queued"


def test_each_change_is_told_and_progress_never_goes_back(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    told: dict[str, list[tuple[str, int]]] = {}
    jobs = jobs_of(clock, 30)
    waited_for(
        connect,
        serve,
        jobs,
        on_update=lambda v: told.setdefault(v.id, []).append((v.status, v.progress)),
    )
    assert set(told) == set(jobs.ends)
    for changes in told.values():
        assert len(changes) == len(set(changes))
        assert [progress for _, progress in changes] == sorted(p for _, p in changes)
        assert changes[-1] == ("completed", 100)


def test_an_error_of_the_listener_ends_the_wait_and_the_jobs_can_be_waited_for_again(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    def listen(video: Any) -> None:
        raise RuntimeError("the listener's own")

    jobs = jobs_of(clock, 5)
    videos = connect(serve(jobs.answer).base_url).videos
    with pytest.raises(RuntimeError, match="the listener's own") as caught:
        videos.wait_many(list(jobs.ends), on_update=listen)
    assert "5 of 5 jobs" in "".join(caught.value.__notes__)
    assert all(result.ok for result in videos.wait_many(list(jobs.ends)))


def test_a_token_ends_the_wait_and_keeps_what_is_known(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    token = CancelToken()
    jobs = jobs_of(clock, 150)

    def stop(video: Any) -> None:
        if video.id == "video_40" and video.status == "completed":
            token.cancel()

    results = waited_for(connect, serve, jobs, on_update=stop, cancel=token)
    assert 30 < sum(result.ok for result in results) < 80
    late = results[-1].error
    assert isinstance(late, WaitCancelled)
    assert late.video
    assert "videos.job('video_149')" in str(late)


def test_a_token_ends_a_request_that_hangs(connect: Connect, serve: Serve) -> None:
    token = CancelToken()
    jobs = [f"video_{number}" for number in range(40)]
    server = serve(lambda request: Silence())
    canceller = threading.Timer(0.1, token.cancel)
    canceller.start()
    results = connect(server.base_url, _clock=Clock()).videos.wait_many(jobs, cancel=token)
    canceller.join()
    assert all(isinstance(result.error, WaitCancelled) for result in results)


@pytest.mark.parametrize("jobs", ["video_1", 7, ["video_1", None], [""]])
def test_what_is_no_list_of_jobs_is_refused(connect: Connect, jobs: Any) -> None:
    with pytest.raises(InvalidInput, match=r"jobs|empty"):
        connect(refusing_url()).videos.wait_many(jobs)


# -- lists that are not fit, each in its way ---------------------------------------------------

UNFIT: dict[str, dict[str, Any]] = {
    **{
        f"answers {status}": {"list_answer": Reply({"detail": "no"}, status)}
        for status in (400, 403, 404, 405, 422, 501)
    },
    "wants a provider": {
        "list_answer": Reply({"error": {"message": "custom_llm_provider is required"}}, 400)
    },
    "is broken": {"list_answer": Reply({"error": {"message": "Oops."}}, 500)},
    "is HTML": {
        "list_answer": Reply(b"<html>Welcome</html>", headers={"content-type": "text/html"})
    },
    "breaks off": {"list_answer": Reset()},
    "is of somebody else": {"shown_ids": lambda id_: f"other-{id_}"},
    "says no status": {"keys": ("id", "object", "created_at")},
    "is empty": {"list_answer": Reply({"object": "list", "data": [], "has_more": False})},
    "shows old news": {"stale": True},
    "shows what is not yet": {"premature": True},
}


@by_one_kind
@pytest.mark.parametrize("how", UNFIT.values(), ids=UNFIT)
def test_jobs_are_asked_for_one_by_one_where_the_list_is_unfit(
    connect: Connect,
    serve: Serve,
    clock: FakeClock,
    how: dict[str, Any],
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level("DEBUG", "openvideos")
    jobs = jobs_of(clock, 7, last=70, failing={"video_5"}, **how)
    results = waited_for(connect, serve, jobs)
    assert [result.ok for result in results] == [i != 5 for i in range(7)]
    assert clock.time <= 81
    assert jobs.requests.count("list") <= 4
    assert "the list is not asked any more: it " in caplog.text


@by_one_kind
def test_a_list_that_is_right_of_some_jobs_only_is_not_believed(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    stale = {f"video_{number}" for number in range(0, 60, 2)}
    jobs = jobs_of(clock, 60, last=60, stale=stale)
    assert all(result.ok for result in waited_for(connect, serve, jobs))
    assert clock.time <= 111


FIT: dict[str, dict[str, Any]] = {
    "gives no cursors": {"cursors": False, "says_more": False},
    "does not say if there is more": {"says_more": False},
    "has small pages": {"largest_page": 20},
    "leaves some out": {"omitted": {"video_1", "video_119"}},
    "is broken later on": {"list_answer": Reply({"error": {}}, 503), "list_after": 12},
    "ends later on": {"list_answer": Reply({"detail": "no"}, 404), "list_after": 12},
}


@by_one_kind
@pytest.mark.parametrize("how", FIT.values(), ids=FIT)
def test_pages_are_used_as_far_as_they_go(
    connect: Connect, serve: Serve, clock: FakeClock, how: dict[str, Any]
) -> None:
    jobs = jobs_of(clock, **how)
    assert all(result.ok for result in waited_for(connect, serve, jobs))
    assert clock.time <= 141
    assert len(jobs.requests) < 500  # one by one it would be about 750


@by_one_kind
def test_poor_items_are_filled_up_by_one_look_at_each_job(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    keys = ("id", "object", "status", "created_at")
    jobs = jobs_of(clock, 60, last=60, failing={"video_9"}, keys=keys)
    results = waited_for(connect, serve, jobs)
    assert all(result.video and result.video.prompt == "x" for result in results)
    assert results[0].unwrap().completed_at
    assert results[9].error
    assert results[9].error.code == "moderation_blocked"  # type: ignore[attr-defined]  # asserted above
    assert looks_at_jobs(jobs) < 60 + 20


@by_one_kind
def test_a_job_that_was_deleted_meanwhile_does_not_hold_up_the_others(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    jobs = jobs_of(clock)
    client = connect(serve(jobs.answer).base_url)
    results = client.videos.wait_many([*jobs.ends, "video_gone"], interval=10)
    assert isinstance(results[-1].error, NotFoundError)
    assert all(result.ok for result in results[:-1])
    assert jobs.requests.count("video_gone") == 1


@by_one_kind
def test_a_wrong_key_is_tried_once(connect: Connect, serve: Serve, clock: FakeClock) -> None:
    server = serve([Reply({"error": {"message": "Incorrect API key provided."}}, 401)])
    results = connect(server.base_url).videos.wait_many([f"video_{i}" for i in range(50)])
    assert all(isinstance(result.error, AuthenticationError) for result in results)
    assert len(server.requests) == 1


@by_one_kind
def test_a_list_that_asks_to_be_left_alone_is(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    jobs = jobs_of(clock, 50)
    busy = [True]

    def answer(request: Request) -> Any:
        if busy.pop() if busy else False:
            return Reply({"error": {"message": "Slow down."}}, 429, headers={"Retry-After": "25"})
        return jobs.answer(request)

    assert all(r.ok for r in connect(serve(answer).base_url).videos.wait_many(list(jobs.ends)))
    assert clock.sleeps[0] == 25


@by_one_kind
def test_the_pause_that_the_server_asks_for_counts_where_none_is_given(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    jobs = jobs_of(clock, 50)

    def answer(request: Request) -> Any:
        reply = jobs.answer(request)
        return Reply(reply.body, reply.status, {"openai-poll-after-ms": "5000"})  # type: ignore[union-attr]  # always a reply here

    videos = connect(serve(answer).base_url).videos
    assert all(result.ok for result in videos.wait_many(list(jobs.ends)))
    assert set(clock.sleeps) == {5}


@by_one_kind
def test_a_server_that_is_down_for_a_while_is_waited_for(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    jobs = jobs_of(clock)

    def answer(request: Request) -> Any:
        return Reset() if 40 < clock.time < 100 else jobs.answer(request)

    videos = connect(serve(answer).base_url).videos
    assert all(r.ok for r in videos.wait_many(list(jobs.ends), interval=10))
    assert looks_at_jobs(jobs) < 100
