"""What types the client gives: checked by mypy, never run."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from decimal import Decimal
from pathlib import Path
from typing import Any, assert_type

import httpx

from openvideos import (
    NOT_GIVEN,
    APIStatusError,
    AsyncJob,
    AsyncJobQueue,
    AsyncOpenVideos,
    AsyncPage,
    AsyncPages,
    AsyncStreamedResponse,
    BadRequestError,
    Character,
    CreateUncertain,
    Job,
    JobError,
    JobQueue,
    JobResult,
    OpenVideos,
    Page,
    RawResponse,
    Response,
    StreamedResponse,
    UnknownEvent,
    Video,
    VideoCompletedEvent,
    VideoContent,
    VideoDeleted,
    VideoFailed,
    VideoFailedEvent,
    WaitTimeout,
    Webhooks,
    estimate_cost,
    omit,
)


def clients() -> None:
    client = OpenVideos(
        api_key=None, base_url="http://host/v1", timeout=httpx.Timeout(3), max_retries=1
    )
    assert_type(OpenVideos(timeout=None, http_client=httpx.Client()), OpenVideos)
    assert_type(
        AsyncOpenVideos(timeout=NOT_GIVEN, http_client=httpx.AsyncClient()), AsyncOpenVideos
    )
    assert_type(client.with_options(timeout=5, max_retries=omit), OpenVideos)
    assert_type(AsyncOpenVideos().copy(set_default_headers={"A": "1"}), AsyncOpenVideos)
    assert_type(client.base_url, str)
    assert_type(client.api_key, str | None)
    assert_type(client.is_closed(), bool)
    with client as entered:
        assert_type(entered, OpenVideos)
    OpenVideos(api_key=7)  # type: ignore[arg-type] # as mypy must say
    OpenVideos(http_client=httpx.AsyncClient())  # type: ignore[arg-type] # likewise
    client.with_options(retries=3)  # type: ignore[call-arg] # likewise


def sync_operations(client: OpenVideos) -> None:
    videos = client.videos
    assert_type(videos.create(prompt="x", seconds=4, size="1280x720"), Video)
    assert_type(videos.create(prompt="x", input_reference=Path("a.png"), timeout=3), Video)
    assert_type(videos.retrieve("video_1", extra_headers={"A": "1"}), Video)
    assert_type(videos.delete("video_1"), VideoDeleted)
    assert_type(videos.download_content("video_1", variant="thumbnail"), VideoContent)
    assert_type(videos.remix("video_1", prompt="x"), Video)
    assert_type(videos.edit(prompt="x", video="video_1"), Video)
    assert_type(videos.extend(prompt="x", video="video_1", seconds="4"), Video)
    assert_type(videos.create_character(name="Tom", video=Path("a.mp4")), Character)
    assert_type(videos.get_character("char_1"), Character)
    assert_type(videos.poll("video_1", poll_interval_ms=20, max_wait=None), Video)
    assert_type(videos.create_and_poll(prompt="x"), Video)
    assert_type(videos.download("video_1", "a.mp4"), Path)
    videos.create(prompt="x", size=omit, seconds=NOT_GIVEN, model=None, timeout=NOT_GIVEN)
    videos.create()  # type: ignore[call-arg] # as mypy must say
    videos.create(prompt=3)  # type: ignore[arg-type] # likewise
    videos.retrieve("video_1", variant="video")  # type: ignore[call-arg] # likewise
    videos.download_content("video_1", variant="poster")  # type: ignore[arg-type] # likewise


async def async_operations(client: AsyncOpenVideos) -> None:
    videos = client.videos
    assert_type(await videos.create(prompt="x", seconds=4), Video)
    assert_type(await videos.retrieve("video_1"), Video)
    assert_type(await videos.delete("video_1"), VideoDeleted)
    assert_type(await videos.download_content("video_1"), VideoContent)
    assert_type(await videos.create_and_poll(prompt="x"), Video)
    assert_type(await videos.create_character(name="Tom", video=b""), Character)
    assert_type(await videos.download("video_1", Path("a.mp4")), Path)
    async with client as entered:
        assert_type(entered, AsyncOpenVideos)
    await videos.create()  # type: ignore[call-arg] # as mypy must say


def jobs(client: OpenVideos) -> None:
    job = client.videos.submit(prompt="x")
    assert_type(job, Job)
    assert_type(job.id, str)
    assert_type(job.video, Video | None)
    assert_type(job.wait(max_wait=60, on_progress=print), Video)
    assert_type(job.download("a.mp4"), Path)
    assert_type(client.videos.job("video_1"), Job)


async def async_jobs(client: AsyncOpenVideos) -> None:
    job = await client.videos.submit(prompt="x")
    assert_type(job, AsyncJob)
    assert_type(await job.wait(), Video)
    assert_type(await job.download("a.mp4"), Path)
    assert_type(client.videos.job("video_1"), AsyncJob)


async def pages(client: OpenVideos, async_client: AsyncOpenVideos) -> None:
    page = client.videos.list(limit=3, order="asc")
    assert_type(page, Page)
    assert_type(page.data, list[Video])
    assert_type([video for video in page], list[Video])  # noqa: C416 - what it iterates over
    assert_type(page.get_next_page(), Page)
    assert_type(async_client.videos.list(limit=3), AsyncPages)
    assert_type(await async_client.videos.list(limit=3), AsyncPage)
    async for video in async_client.videos.list():
        assert_type(video, Video)
    client.videos.list(order="newest")  # type: ignore[arg-type] # as mypy must say


def fields(video: Video) -> None:
    assert_type(video.id, str)
    assert_type(video.status, str)
    assert_type(video.progress, int | None)
    assert_type(video.seconds, str | None)
    assert_type(video.raw, Mapping[str, Any])
    assert_type(video.request_id, str | None)
    assert_type(video.to_dict(), dict[str, Any])
    video.colour  # type: ignore[attr-defined] # noqa: B018 - a misspelt field must be found


async def raw(client: OpenVideos, async_client: AsyncOpenVideos) -> None:
    response = client.videos.with_raw_response.create(prompt="x")
    assert_type(response, RawResponse[Video])
    assert_type(response.parse(), Video)
    assert_type(response.status_code, int)
    assert_type(response.headers, Mapping[str, str])
    assert_type(client.with_raw_response.videos.list(), RawResponse[Page])
    later = await async_client.videos.with_raw_response.retrieve("video_1")
    assert_type(later, RawResponse[Video])
    assert_type(await async_client.with_raw_response.videos.list(), RawResponse[AsyncPage])
    client.videos.with_raw_response.create()  # type: ignore[call-arg] # as mypy must say


async def streaming(client: OpenVideos, async_client: AsyncOpenVideos) -> None:
    context = client.videos.with_streaming_response.download_content("video_1")
    assert_type(context, AbstractContextManager[StreamedResponse[VideoContent], bool | None])
    with context as response:
        assert_type(response.iter_bytes(), Iterator[bytes])
        assert_type(response.iter_lines(), Iterator[str])
        assert_type(response.read(), bytes)
        assert_type(response.text(), str)
        assert_type(response.stream_to_file("a.mp4"), None)
        assert_type(response.parse(), VideoContent)
    with client.with_streaming_response.videos.list() as listed:
        assert_type(listed.parse(), Page)
    later = async_client.videos.with_streaming_response.retrieve("video_1")
    assert_type(later, AbstractAsyncContextManager[AsyncStreamedResponse[Video], bool | None])
    async with later as streamed:
        assert_type(streamed.iter_bytes(), AsyncIterator[bytes])
        assert_type(await streamed.read(), bytes)
        assert_type(await streamed.parse(), Video)


def errors(client: OpenVideos) -> None:
    try:
        client.videos.submit(prompt="x").wait()
    except BadRequestError as error:
        assert_type(error.status_code, int)
        assert_type(error.code, str | None)
    except APIStatusError as error:
        assert_type(error.response, Response)
        assert_type(error.request_id, str | None)
    except CreateUncertain as error:
        assert_type(error.response, Response | None)
    except WaitTimeout as error:
        assert_type(error.elapsed, float)
    except VideoFailed as error:
        assert_type(error.reason, str | None)
    except JobError as error:
        assert_type(error.video, Video | None)


def webhooks(client: OpenVideos) -> None:
    event = client.webhooks.unwrap(b"", {}, secret="whsec_AAAA")
    assert_type(event, VideoCompletedEvent | VideoFailedEvent | UnknownEvent)
    print(event.type, event.data.id)
    match event:
        case VideoCompletedEvent() | VideoFailedEvent():
            assert_type(event.data.id, str)
        case UnknownEvent():
            assert_type(event.raw, Mapping[str, Any])
    assert_type(Webhooks("whsec_AAAA").verify_signature("", {}, tolerance=60), None)


def prices() -> None:
    assert_type(estimate_cost(model="sora-2", size="720x1280", seconds="4"), Decimal)
    estimate_cost(model="m", size="1x1", seconds=4, prices={"m": {"1x1": "0.05"}, "n": 0.1})


def many(client: OpenVideos, jobs: list[Job]) -> None:
    results = client.videos.wait_many([*jobs, "video_1"], max_wait=None)
    assert_type(results, list[JobResult])
    assert_type(results[0].unwrap(), Video)
    queue = JobQueue(client, max_in_flight=2)
    assert_type(queue.submit(prompt="x", seconds=4), int)
    for result in queue:
        assert_type(result.ok, bool)
    queue.submit(prompt=4)  # type: ignore[arg-type]  # it must be refused


async def many_async(client: AsyncOpenVideos, jobs: list[AsyncJob]) -> None:
    assert_type(await client.videos.wait_many(jobs), list[JobResult])
    queue = AsyncJobQueue(client, max_in_flight=2)
    assert_type(await queue.run(), list[JobResult])
    async for result in queue:
        assert_type(result, JobResult)
