"""One watcher for many tasks: each waits as if alone, and they share what is seen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from openvideos import (
    AsyncOpenVideos,
    InvalidInput,
    NotFoundError,
    VideoFailed,
    WaitTimeout,
)
from openvideos._flows.clock import Clock
from openvideos._many.watching import AsyncWatcher

from .conftest import Serve
from .fake_clock import FakeClock
from .faulty_server import Silence
from .many_jobs import ManyJobs

Watch = Callable[[AsyncOpenVideos, AsyncWatcher], Awaitable[None]]


@pytest.fixture
def jobs(clock: FakeClock) -> ManyJobs:
    ends = {f"video_{number}": 60.0 + number for number in range(60)}
    return ManyJobs(lambda: clock.time, ends, failing={"video_7"})


def watched(url: str, clock: Clock, watch: Watch, **how: Any) -> None:
    async def main() -> None:
        async with (
            AsyncOpenVideos(base_url=url, _clock=clock) as client,
            AsyncWatcher(client.videos, **how) as watcher,
        ):
            await watch(client, watcher)

    asyncio.run(main())


def test_many_tasks_wait_by_the_same_pages(serve: Serve, clock: FakeClock, jobs: ManyJobs) -> None:
    async def watch(client: AsyncOpenVideos, watcher: AsyncWatcher) -> None:
        handle = client.videos.job("video_3")
        outcomes = await asyncio.gather(
            *(watcher.wait(id_) for id_ in jobs.ends),
            watcher.wait(handle),
            return_exceptions=True,
        )
        assert [getattr(each, "status", None) for each in outcomes].count("completed") == 60
        assert isinstance(outcomes[7], VideoFailed)
        assert handle.video
        assert handle.video.status == "completed"

    watched(serve(jobs.answer).base_url, clock.clock, watch, interval=10)
    assert len(jobs.requests) < 60
    assert clock.time <= 140


def test_jobs_may_come_while_others_are_watched(
    serve: Serve, clock: FakeClock, jobs: ManyJobs
) -> None:
    async def watch(client: AsyncOpenVideos, watcher: AsyncWatcher) -> None:
        async def one(number: int) -> str:
            while clock.time < number:
                await asyncio.sleep(0)
            return (await watcher.wait(f"video_{number}")).status

        statuses = await asyncio.gather(*(one(number) for number in range(40) if number != 7))
        assert set(statuses) == {"completed"}

    watched(serve(jobs.answer).base_url, clock.clock, watch, interval=10)


def test_each_wait_has_its_own_end_and_tells_its_own_listener(
    serve: Serve, clock: FakeClock, jobs: ManyJobs
) -> None:
    told: list[tuple[str, int | None]] = []

    async def listen(video: Any) -> None:
        await asyncio.sleep(0)
        told.append((video.status, video.progress))

    def refuse(video: Any) -> None:
        raise RuntimeError("the listener's own")

    async def watch(client: AsyncOpenVideos, watcher: AsyncWatcher) -> None:
        outcomes = await asyncio.gather(
            watcher.wait("video_1", on_progress=listen),
            watcher.wait("video_1", max_wait=30),
            watcher.wait("video_2", on_progress=refuse),
            watcher.wait("video_gone"),
            watcher.wait("video_2"),
            return_exceptions=True,
        )
        kinds = [type(outcome).__name__ for outcome in outcomes]
        assert kinds == ["Video", "WaitTimeout", "RuntimeError", "NotFoundError", "Video"]
        assert isinstance(outcomes[1], WaitTimeout)
        assert outcomes[1].elapsed == pytest.approx(30)
        assert isinstance(outcomes[3], NotFoundError)

    watched(serve(jobs.answer).base_url, clock.clock, watch, interval=10)
    assert told[-1] == ("completed", 100)
    assert [progress for _, progress in told] == sorted(progress or 0 for _, progress in told)
    assert 30 <= clock.time <= 71


def test_a_deadline_ends_one_wait_in_time_while_a_request_hangs(serve: Serve) -> None:
    async def watch(client: AsyncOpenVideos, watcher: AsyncWatcher) -> None:
        others = asyncio.create_task(watcher.wait("video_1", max_wait=None))
        await asyncio.sleep(0.05)
        start = time.monotonic()
        with pytest.raises(WaitTimeout, match="video_2"):
            await watcher.wait("video_2", max_wait=0.2)
        assert 0.2 <= time.monotonic() - start < 1
        others.cancel()
        with pytest.raises(asyncio.CancelledError):
            await others

    watched(serve([Silence()]).base_url, Clock(), watch)


def test_who_still_waits_is_told_when_the_watching_ends(
    serve: Serve, clock: FakeClock, jobs: ManyJobs
) -> None:
    jobs.ends["video_0"] = 1e9
    waits = []

    async def watch(client: AsyncOpenVideos, watcher: AsyncWatcher) -> None:
        waits.append(asyncio.create_task(watcher.wait("video_0", max_wait=None)))
        await asyncio.sleep(0.05)

    async def main() -> None:
        url = serve(jobs.answer).base_url
        async with AsyncOpenVideos(base_url=url, _clock=clock.clock) as client:
            async with AsyncWatcher(client.videos) as watcher:
                await watch(client, watcher)
            with pytest.raises(InvalidInput, match="async with"):
                await waits[0]
            with pytest.raises(InvalidInput, match="async with"):
                await watcher.wait("video_1")
            with pytest.raises(InvalidInput, match="async with"):
                await AsyncWatcher(client.videos).wait("video_1")

    asyncio.run(main())


def test_a_closed_client_ends_the_watching_with_its_error(serve: Serve, jobs: ManyJobs) -> None:
    async def main() -> None:
        client = AsyncOpenVideos(base_url=serve(jobs.answer).base_url)
        await client.close()
        async with AsyncWatcher(client.videos) as watcher:
            with pytest.raises(InvalidInput, match="closed"):
                await watcher.wait("video_1")

    asyncio.run(main())
