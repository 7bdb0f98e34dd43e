"""Iterating over a job's changes: both kinds of clients, on a clock that does not wait."""

from __future__ import annotations

from typing import Any

import pytest

from openvideos import AsyncOpenVideos, OpenVideos, VideoFailed, WaitTimeout

from .conftest import Connect, Serve
from .fake_clock import FakeClock
from .faulty_server import Answer, Reply

QUEUED = {"id": "video_1", "object": "video", "status": "queued", "progress": 0}
RUNNING = {**QUEUED, "status": "in_progress", "progress": 40}
DONE = {**QUEUED, "status": "completed", "progress": 100}
FAILED = {**RUNNING, "status": "failed", "error": {"code": "x", "message": "No."}}


def test_each_change_comes_once_and_progress_never_goes_back(
    connect: Connect, serve: Serve
) -> None:
    answers = [Reply({**RUNNING, "progress": each}) for each in (0, 40, 40, 20, None, 60)]
    job = connect(serve([Reply(QUEUED), *answers, Reply(DONE)]).base_url).videos.submit(prompt="x")
    seen = [(video.status, video.progress) for video in job.updates()]
    running = [("in_progress", each) for each in (0, 40, 60)]
    assert seen == [("queued", 0), *running, ("completed", 100)]
    assert job.video.status == "completed"
    assert [video.status for video in job.updates()] == ["completed"]


def test_the_last_change_of_a_failed_job_comes_before_its_error(serve: Serve) -> None:
    server = serve([Reply(RUNNING), Reply(FAILED)])
    with OpenVideos(base_url=server.base_url, _clock=FakeClock().clock) as client:
        updates = client.videos.job("video_1").updates()
        assert [next(updates).status for _ in range(2)] == ["in_progress", "failed"]
        with pytest.raises(VideoFailed, match=r"No\."):
            next(updates)


def test_updates_have_a_deadline(connect: Connect, serve: Serve, clock: FakeClock) -> None:
    with pytest.raises(WaitTimeout):
        list(connect(serve([Reply(RUNNING)]).base_url).videos.job("v").updates(max_wait=30))
    assert clock.time == 30


def test_a_loop_that_takes_its_time_is_part_of_the_pause_and_of_the_deadline(
    serve: Serve, clock: FakeClock
) -> None:
    answers: list[Answer] = [Reply({**RUNNING, "progress": each}) for each in range(1, 100)]
    with OpenVideos(base_url=serve(answers).base_url, _clock=clock.clock) as client:
        updates = client.videos.job("v").updates(interval=10, max_wait=100)
        next(updates)
        clock.time += 4
        next(updates)
        assert clock.sleeps == [6]
        clock.time += 500
        with pytest.raises(WaitTimeout):
            next(updates)
        assert clock.sleeps == [6]


def test_a_loop_that_is_left_leaves_the_job_to_be_picked_up(serve: Serve, clock: FakeClock) -> None:
    with OpenVideos(
        base_url=serve([Reply(RUNNING), Reply(DONE)]).base_url, _clock=clock.clock
    ) as c:
        job = c.videos.job("video_1")
        for _ in job.updates():
            break
        assert job.wait().status == "completed"


def test_async_updates_are_iterated_over_with_async_for(serve: Serve, clock: FakeClock) -> None:
    import asyncio

    async def main() -> list[Any]:
        server = serve([Reply(RUNNING), Reply(DONE)])
        async with AsyncOpenVideos(base_url=server.base_url, _clock=clock.clock) as client:
            return [video.status async for video in client.videos.job("video_1").updates()]

    assert asyncio.run(main()) == ["in_progress", "completed"]
