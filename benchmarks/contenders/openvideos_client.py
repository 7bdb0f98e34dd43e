"""OpenVideos."""

from __future__ import annotations

import os
from collections.abc import Callable

from openvideos import AsyncOpenVideos, OpenVideos

TASKS = 50


def first_video(count: int, start: Callable[[], None]) -> None:
    with OpenVideos() as client:
        assert client.videos.retrieve("video_1").status == "completed"


def retrieve(count: int, start: Callable[[], None]) -> None:
    with OpenVideos() as client:
        client.videos.retrieve("video_1")
        start()
        for _ in range(count):
            assert client.videos.retrieve("video_1").status == "completed"


async def retrieve_async(count: int, start: Callable[[], None]) -> None:
    async with AsyncOpenVideos() as client:
        await client.videos.retrieve("video_1")
        start()
        for _ in range(count):
            assert (await client.videos.retrieve("video_1")).status == "completed"


async def retrieve_by_tasks(count: int, start: Callable[[], None]) -> None:
    import asyncio  # who measures what is sync does not load it

    async def task() -> None:
        for _ in range(count // TASKS):
            assert (await client.videos.retrieve("video_1")).status == "completed"

    async with AsyncOpenVideos() as client:
        await client.videos.retrieve("video_1")
        start()
        await asyncio.gather(*(task() for _ in range(TASKS)))


def pages(count: int, start: Callable[[], None]) -> None:
    with OpenVideos() as client:
        client.videos.retrieve("video_1")
        start()
        for _ in range(count):
            assert len(client.videos.list(limit=100).data) == 100


def download(count: int, start: Callable[[], None]) -> None:
    from pathlib import Path  # needed here only

    target = Path(os.environ["TARGET"])
    with OpenVideos() as client:
        client.videos.retrieve("video_1")
        start()
        for _ in range(count):
            target.unlink(missing_ok=True)
            client.videos.download("video_1", target)


def download_resumed(count: int, start: Callable[[], None]) -> None:
    """Download what the server cuts off in the middle, once."""
    from pathlib import Path  # needed here only

    target = Path(os.environ["TARGET"])
    with OpenVideos() as client:
        client.videos.retrieve("video_1")
        start()
        for _ in range(count):
            target.unlink(missing_ok=True)
            client.videos.download("video_cut", target)


def wait(count: int, start: Callable[[], None]) -> dict[str, int]:
    """Wait for `count` jobs, each looked at every second."""
    import httpx

    requests = 0

    def counted(request: httpx.Request) -> None:
        nonlocal requests
        requests += 1

    transport = httpx.Client(event_hooks={"request": [counted]})
    with transport, OpenVideos(http_client=transport) as client:
        ids = [client.videos.create(prompt=f"number {n}").id for n in range(count)]
        requests = 0
        start()
        results = client.videos.wait_many(ids, interval=1)
    assert all(result.video and result.video.status == "completed" for result in results)
    return {"requests": requests}
