"""The official SDK."""

from __future__ import annotations

import os
from collections.abc import Callable

from openai import AsyncOpenAI, DefaultAsyncHttpxClient, OpenAI

TASKS = 50


def first_video(count: int, start: Callable[[], None]) -> None:
    with OpenAI() as client:
        assert client.videos.retrieve("video_1").status == "completed"


def retrieve(count: int, start: Callable[[], None]) -> None:
    with OpenAI() as client:
        client.videos.retrieve("video_1")
        start()
        for _ in range(count):
            assert client.videos.retrieve("video_1").status == "completed"


async def retrieve_async(count: int, start: Callable[[], None]) -> None:
    async with AsyncOpenAI() as client:
        await client.videos.retrieve("video_1")
        start()
        for _ in range(count):
            assert (await client.videos.retrieve("video_1")).status == "completed"


async def retrieve_by_tasks(count: int, start: Callable[[], None]) -> None:
    import asyncio  # who measures what is sync does not load it

    async def task() -> None:
        for _ in range(count // TASKS):
            assert (await client.videos.retrieve("video_1")).status == "completed"

    async with AsyncOpenAI() as client:
        await client.videos.retrieve("video_1")
        start()
        await asyncio.gather(*(task() for _ in range(TASKS)))


def pages(count: int, start: Callable[[], None]) -> None:
    with OpenAI() as client:
        client.videos.retrieve("video_1")
        start()
        for _ in range(count):
            assert len(client.videos.list(limit=100).data) == 100


def download(count: int, start: Callable[[], None]) -> None:
    from pathlib import Path  # needed here only

    target = Path(os.environ["TARGET"])
    with OpenAI() as client:
        client.videos.retrieve("video_1")
        start()
        for _ in range(count):
            target.unlink(missing_ok=True)
            with client.videos.with_streaming_response.download_content("video_1") as response:
                response.stream_to_file(target)


async def wait(count: int, start: Callable[[], None]) -> dict[str, int]:
    """Wait for `count` jobs, each asked for by itself every second."""
    import asyncio

    requests = 0

    async def counted(request: object) -> None:
        nonlocal requests
        requests += 1

    transport = DefaultAsyncHttpxClient(event_hooks={"request": [counted]})
    async with AsyncOpenAI(http_client=transport) as client:
        ids = [(await client.videos.create(prompt=f"number {n}")).id for n in range(count)]
        requests = 0
        start()
        videos = await asyncio.gather(
            *(client.videos.poll(id_, poll_interval_ms=1000) for id_ in ids)
        )
    assert all(video.status == "completed" for video in videos)
    return {"requests": requests}
