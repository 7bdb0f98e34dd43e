"""A program for the official SDK, as its users write them. A test changes its import line only.

Its arguments: a folder to write to, and two addresses, one at which nobody listens and one at which
nobody answers.
"""

from __future__ import annotations

import asyncio
import io
import sys
import warnings
from pathlib import Path
from typing import Any

import httpx
from openai import (
    NOT_GIVEN,
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InvalidWebhookSignatureError,
    NotFoundError,
    OpenAI,
    OpenAIError,
    omit,
)
from PIL import Image

FAST = 20  # milliseconds


def kind(content: bytes) -> str:
    return "mp4" if content[4:8] == b"ftyp" else Image.open(io.BytesIO(content)).format or "?"


def fields(video: Any) -> dict[str, Any]:
    names = ("object", "model", "status", "progress", "prompt", "size", "seconds", "error")
    return {name: getattr(video, name) for name in names}


def told(error: APIError) -> list[Any]:
    names = [base.__name__ for base in type(error).__mro__]
    known = [name for name in ("APIStatusError", "APIConnectionError", "APIError") if name in names]
    return [type(error).__name__, known, error.code, error.param, error.type]


def jobs(client: Any) -> str:
    video = client.videos.create(
        prompt="a cat", model="sora-2", seconds="4", size="1280x720", timeout=20
    )
    print(fields(video), video.id.startswith("video_"), bool(video._request_id))
    print(video.completed_at, video.remixed_from_video_id, video.created_at > 1_700_000_000)

    video = client.videos.poll(video.id, poll_interval_ms=FAST)
    print(fields(video), video.completed_at >= video.created_at)
    print(sorted(video.to_dict()) == sorted(video.model_dump(mode="json")))
    print(video.model_dump()["prompt"], "a cat" in video.to_json())
    print("a cat" in video.model_dump_json(), sorted(dict(video)), dict(video)["prompt"])
    print(client.videos.retrieve(video.id, extra_headers={"X-A": "1"}).id == video.id)

    failed = client.videos.create_and_poll(prompt="[moderation_blocked]", poll_interval_ms=FAST)
    print(failed.status, failed.error.code, failed.error.message)

    omitted = client.videos.create_and_poll(
        prompt="a dog",
        input_reference=omit,
        size=omit,
        seconds=omit,
        model=omit,
        poll_interval_ms=FAST,
    )
    print(fields(omitted))
    client.videos.retrieve(video.id, timeout=NOT_GIVEN)
    return str(video.id)


def references(client: Any, folder: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (720, 1280), "gold").save(picture, "PNG")
    path = folder / "reference.png"
    path.write_bytes(picture.getvalue())
    for reference in (
        path,
        path.open("rb"),
        ("picture.png", picture.getvalue(), "image/png"),
        ("picture.png", path.open("rb"), "image/png"),
    ):
        video = client.videos.create(prompt="gold", input_reference=reference, size="720x1280")
        print("reference", video.status)


def lists(client: Any) -> None:
    page = client.videos.list(limit=2)
    print(len(page.data), page.has_more, page.last_id == page.data[-1].id, page.has_next_page())
    following = page.get_next_page()
    print(len(following.data), following.data[0].id not in [video.id for video in page.data])
    print([video.prompt for video in client.videos.list(limit=2, order="asc")])
    print(page.object, sorted(page.model_dump()), page.to_dict()["data"][0]["prompt"])
    print(bool(page._request_id), "gold" in page.to_json(), "gold" in page.model_dump_json())
    print(len(list(client.videos.list(limit=3).iter_pages())))
    print([video.prompt for video in page][:3])
    print(len(client.videos.list(extra_query={"limit": 1}).data))


def contents(client: Any, video_id: str, folder: Path) -> None:
    content = client.videos.download_content(video_id)
    whole = content.read()
    print(kind(whole), content.content == whole, b"".join(content.iter_bytes(9999)) == whole)
    print(content.response.status_code, content.response.headers["content-type"])
    content.write_to_file(folder / "written.mp4")
    content.stream_to_file(folder / "streamed.mp4")
    for variant in ("thumbnail", "spritesheet"):
        print(kind(client.videos.download_content(video_id, variant=variant).content))
    with client.videos.with_streaming_response.download_content(video_id) as response:
        print(response.status_code, response.headers.get("content-type"), bool(response.request_id))
        response.stream_to_file(folder / "with_streaming.mp4")
    with client.with_streaming_response.videos.download_content(video_id) as response:
        pieces = list(response.iter_bytes(chunk_size=10_000))
        print({len(piece) for piece in pieces[:-1]}, b"".join(pieces) == whole)
    with client.videos.with_streaming_response.retrieve(video_id) as response:
        print(response.parse().id == video_id, response.json()["id"] == video_id)
    with client.videos.with_streaming_response.retrieve(video_id) as response:
        print([line[:6] for line in response.iter_lines()])
    for path in sorted(folder.glob("*.mp4")):
        print(path.name, path.read_bytes() == whole)


def changes(client: Any, video_id: str, folder: Path) -> None:
    remix = client.videos.remix(video_id, prompt="a dog")
    print(remix.remixed_from_video_id == video_id, remix.prompt, remix.status)
    print(client.videos.poll(remix.id, poll_interval_ms=FAST).status)
    with (folder / "written.mp4").open("rb") as file:
        print(client.videos.edit(prompt="at night", video=file).prompt)
    with (folder / "written.mp4").open("rb") as file:
        longer = client.videos.extend(prompt="and then", seconds="4", video=file)
    print(client.videos.poll(longer.id, poll_interval_ms=FAST).seconds)
    with (folder / "written.mp4").open("rb") as file:
        character = client.videos.create_character(name="Tom", video=file)
    print(character.name, client.videos.get_character(character.id).name)
    deleted = client.videos.delete(remix.id)
    print(deleted.deleted, deleted.object, deleted.id == remix.id)


def raw(client: Any, video_id: str) -> None:
    response = client.videos.with_raw_response.retrieve(video_id)
    print(response.status_code, response.headers["Content-Type"], response.method)
    print(bool(response.request_id), response.headers["x-request-id"] == response.request_id)
    video = response.parse()
    print(fields(video), str(response.url).endswith(video_id), response.retries_taken)
    print(response.http_response.json()["id"] == video_id, video_id in response.text)
    print(response.elapsed.total_seconds() > 0, len(response.content) > 100)
    print(client.with_raw_response.videos.list(limit=1).parse().data[0].object)
    print(client.videos.with_raw_response.create(prompt="raw").parse().prompt)
    print(kind(client.videos.with_raw_response.download_content(video_id).parse().read()))


def errors(client: Any, nobody: str, silent: str) -> None:
    for attempt in (
        lambda: client.videos.retrieve("video_x"),
        lambda: client.videos.delete("video_x"),
        lambda: client.videos.download_content("video_x"),
        lambda: client.videos.create(prompt="x", seconds="5"),
        lambda: client.videos.create(prompt="x", size="1x1"),
        lambda: client.videos.create(prompt="x", extra_body={"width": 3}),
        lambda: client.videos.list(after="video_x"),
        lambda: client.with_options(api_key="sk-wrong").videos.list(),
        lambda: OpenAI(api_key="sk-wrong-key", max_retries=0).videos.retrieve("video_x"),
        lambda: client.videos.with_raw_response.retrieve("video_x"),
    ):
        try:
            attempt()
        except (NotFoundError, BadRequestError, AuthenticationError, ConflictError) as error:
            print(told(error), error.status_code)
            print(isinstance(error, APIStatusError), isinstance(error, OpenAIError))
            print(bool(error.request_id), error.response.status_code, error.body)
        else:
            print("no error")
    for base_url, timeout in ((nobody, 9.0), (silent, 0.05), (silent, httpx.Timeout(0.05))):
        try:
            hasty = client.with_options(base_url=base_url, timeout=timeout, max_retries=0)
            hasty.videos.retrieve("video_x")
        except APIConnectionError as error:
            print(told(error)[:2], isinstance(error, APITimeoutError))
    sent = {"webhook-id": "1", "webhook-timestamp": "1", "webhook-signature": "v1,x"}
    try:
        client.webhooks.unwrap("{}", sent, secret="whsec_AAAA")
    except InvalidWebhookSignatureError as error:
        print("not signed", isinstance(error, ValueError))


def options(client: Any) -> None:
    patient = client.with_options(timeout=99, max_retries=7)
    print(patient.timeout, patient.max_retries, client.max_retries, client.copy().timeout)
    print(str(patient.base_url).rstrip("/") == str(client.base_url).rstrip("/"))
    print(patient.api_key == client.api_key)
    with OpenAI(
        default_headers={"X-A": "1"}, default_query={"limit": "1"}, max_retries=1, timeout=NOT_GIVEN
    ) as another:
        print(len(another.videos.list().data), another.is_closed())
    print(another.is_closed())
    own: Any = httpx.Client(headers={"X-Mine": "1"})
    with OpenAI(http_client=own) as another:
        print(len(another.videos.list(limit=1).data))


async def awaited(folder: Path) -> None:
    client: Any
    async with AsyncOpenAI() as client:
        video = await client.videos.create_and_poll(prompt="async", poll_interval_ms=FAST)
        print(fields(video))
        print(len((await client.videos.list(limit=2)).data))
        print([video.prompt async for video in client.videos.list(limit=5)][:1])
        content = await client.videos.download_content(video.id)
        print(kind(content.content), len(await content.aread()) == len(content.read()))
        streaming = client.videos.with_streaming_response
        async with streaming.download_content(video.id) as response:
            await response.stream_to_file(folder / "awaited.mp4")
        async with streaming.download_content(video.id) as response:
            print(
                sum([len(piece) async for piece in response.iter_bytes()]) == len(content.content)
            )
        async with streaming.retrieve(video.id) as response:
            print((await response.parse()).id == video.id)
        response = await client.videos.with_raw_response.retrieve(video.id)
        print(response.parse().id == video.id, response.status_code)
        try:
            await client.videos.retrieve("video_x")
        except NotFoundError as error:
            print(told(error))
        print((await client.with_options(timeout=5).videos.delete(video.id)).deleted)


def main(folder: Path, nobody: str, silent: str) -> None:
    with OpenAI(timeout=30.0, max_retries=2) as client:
        video_id = jobs(client)
        references(client, folder)
        lists(client)
        contents(client, video_id, folder)
        changes(client, video_id, folder)
        raw(client, video_id)
        errors(client, nobody, silent)
        options(client)
    asyncio.run(awaited(folder))


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # the official SDK marks its methods as deprecated
    main(Path(sys.argv[1]), *sys.argv[2:])
