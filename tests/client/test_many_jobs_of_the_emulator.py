"""Hundreds of real jobs at once, over real sockets and in real time."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Iterator

import pytest

from openvideos import AsyncJobQueue, AsyncOpenVideos, JobQueue, OpenVideos, VideoFailed
from openvideos_emulator import Emulator

NUMBER = 210


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(speed=60, canned=True) as emulator:
        yield emulator


def prompt(number: int) -> str:
    return "[moderation_blocked]" if number == 100 else f"cat {number}"


def test_a_queue_makes_them_all_and_a_second_wait_for_them_costs_a_few_pages(
    emulator: Emulator,
) -> None:
    with OpenVideos(base_url=emulator.base_url, api_key=f"sk-{secrets.token_hex(8)}") as client:
        queue = JobQueue(client, max_in_flight=120, max_wait=60, interval=0.3)
        for number in range(NUMBER):
            queue.submit(prompt=prompt(number))
        results = queue.run()
        assert [result.index for result in results if not result.ok] == [100]
        assert isinstance(results[100].error, VideoFailed)
        assert [result.video.prompt for result in results if result.video] == [
            prompt(number) for number in range(NUMBER)
        ]
        ids = [result.id for result in results if result.id]
        assert sorted(video.id for video in client.videos.list(limit=100)) == sorted(ids)

        again = client.videos.wait_many(ids, max_wait=60)
        assert [result.id for result in again] == ids
        assert [result.index for result in again if not result.ok] == [100]


def test_an_async_queue_makes_them_all(emulator: Emulator) -> None:
    async def main() -> None:
        key = f"sk-{secrets.token_hex(8)}"
        async with AsyncOpenVideos(base_url=emulator.base_url, api_key=key) as client:
            queue = AsyncJobQueue(client, max_in_flight=15, max_wait=60, interval=0.2)
            for number in range(30):
                queue.submit(prompt=prompt(number))
            results = await queue.run()
            assert all(result.ok for result in results)
            assert len({result.id for result in results}) == 30

    asyncio.run(main())
