"""httpx, with nothing on top."""

from __future__ import annotations

import os
from collections.abc import Callable

import httpx

TASKS = 50


def _address() -> str:
    return os.environ["OPENAI_BASE_URL"]


def _headers() -> dict[str, str]:
    return {"Authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}


def _client() -> httpx.Client:
    return httpx.Client(base_url=_address(), headers=_headers())


def _async_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=_address(), headers=_headers())


def _retrieve(client: httpx.Client) -> None:
    response = client.get("/videos/video_1")
    response.raise_for_status()
    assert response.json()["status"] == "completed"


async def _retrieve_async(client: httpx.AsyncClient) -> None:
    response = await client.get("/videos/video_1")
    response.raise_for_status()
    assert response.json()["status"] == "completed"


def first_video(count: int, start: Callable[[], None]) -> None:
    with _client() as client:
        _retrieve(client)


def retrieve(count: int, start: Callable[[], None]) -> None:
    with _client() as client:
        _retrieve(client)
        start()
        for _ in range(count):
            _retrieve(client)


async def retrieve_async(count: int, start: Callable[[], None]) -> None:
    async with _async_client() as client:
        await _retrieve_async(client)
        start()
        for _ in range(count):
            await _retrieve_async(client)


async def retrieve_by_tasks(count: int, start: Callable[[], None]) -> None:
    import asyncio  # who measures what is sync does not load it

    async def task() -> None:
        for _ in range(count // TASKS):
            await _retrieve_async(client)

    async with _async_client() as client:
        await _retrieve_async(client)
        start()
        await asyncio.gather(*(task() for _ in range(TASKS)))


def pages(count: int, start: Callable[[], None]) -> None:
    with _client() as client:
        _retrieve(client)
        start()
        for _ in range(count):
            response = client.get("/videos", params={"limit": 100})
            response.raise_for_status()
            assert len(response.json()["data"]) == 100


def download(count: int, start: Callable[[], None]) -> None:
    from pathlib import Path  # needed here only

    target = Path(os.environ["TARGET"])
    with _client() as client:
        _retrieve(client)
        start()
        for _ in range(count):
            with (
                client.stream("GET", "/videos/video_1/content") as response,
                target.open("wb") as file,
            ):
                response.raise_for_status()
                for piece in response.iter_bytes():
                    file.write(piece)
