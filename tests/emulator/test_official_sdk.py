"""The official Python SDK in its documented use, with nothing but the base URL and key changed."""

import io
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

import av
import openai
import pytest
from PIL import Image

from openvideos_emulator import Emulator

pytestmark = pytest.mark.filterwarnings("ignore:The Sora API:DeprecationWarning")


@pytest.fixture
def sdk(fast: Emulator) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=fast.base_url, api_key=f"sk-{secrets.token_hex(16)}") as client:
        yield client


def test_create_and_poll_returns_the_completed_video(sdk: openai.OpenAI) -> None:
    video = sdk.videos.create_and_poll(prompt="A cat", seconds="8", size="1280x720")
    assert (video.status, video.progress) == ("completed", 100)
    assert (video.seconds, video.size, video.model) == ("8", "1280x720", "sora-2")
    assert sdk.videos.retrieve(video.id) == video


def test_list_iterates_over_all_pages(sdk: openai.OpenAI) -> None:
    made = [sdk.videos.create(prompt=str(number)).id for number in range(5)]
    assert [video.id for video in sdk.videos.list(limit=2)] == made[::-1]
    assert [video.id for video in sdk.videos.list(limit=2, order="asc")] == made


def test_download_content_gives_the_three_variants(sdk: openai.OpenAI) -> None:
    video = sdk.videos.create_and_poll(prompt="A cat")
    with av.open(io.BytesIO(sdk.videos.download_content(video.id).read()), "r") as file:
        assert file.duration == 4_000_000
    for variant, form in (("thumbnail", "WEBP"), ("spritesheet", "JPEG")):
        data = sdk.videos.download_content(video.id, variant=variant).read()  # type: ignore[arg-type]  # a loop over literals
        with Image.open(io.BytesIO(data)) as image:
            assert image.format == form


def test_remix_and_delete(sdk: openai.OpenAI) -> None:
    video = sdk.videos.create_and_poll(prompt="A cat")
    remix = sdk.videos.remix(video.id, prompt="A dog")
    assert remix.remixed_from_video_id == video.id
    assert sdk.videos.delete(video.id).deleted
    with pytest.raises(openai.NotFoundError):
        sdk.videos.retrieve(video.id)


def test_a_reference_image_can_be_sent(sdk: openai.OpenAI) -> None:
    file = io.BytesIO()
    Image.new("RGB", (720, 1280)).save(file, "JPEG")
    for reference in (file.getvalue(), ("a.jpg", file.getvalue(), "image/jpeg")):
        assert sdk.videos.create(prompt="x", input_reference=reference).status == "queued"


def test_a_reference_image_can_be_a_path_or_an_open_file(
    sdk: openai.OpenAI, picture: Callable[..., bytes], tmp_path: Path
) -> None:
    path = tmp_path / "reference.png"
    path.write_bytes(picture(1280, 720))
    assert sdk.videos.create(prompt="x", size="1280x720", input_reference=path).status == "queued"
    with path.open("rb") as file:
        video = sdk.videos.create(prompt="x", size="1280x720", input_reference=file)
    assert video.status == "queued"


def test_an_uploaded_video_is_edited_and_extended(
    sdk: openai.OpenAI, uploaded_video: bytes
) -> None:
    clip = ("clip.mp4", uploaded_video, "video/mp4")
    assert sdk.videos.edit(prompt="At night", video=clip).status == "queued"
    extension = sdk.videos.extend(prompt="It goes on", seconds="4", video=clip)
    assert (extension.status, extension.seconds) == ("queued", "6")


def test_a_character_is_created_and_found(sdk: openai.OpenAI, uploaded_video: bytes) -> None:
    character = sdk.videos.create_character(
        name="Mossy", video=("clip.mp4", uploaded_video, "video/mp4")
    )
    assert character.id is not None
    assert sdk.videos.get_character(character.id).to_dict() == character.to_dict()


def test_content_is_streamed_to_a_file(sdk: openai.OpenAI, tmp_path: Path) -> None:
    video = sdk.videos.create_and_poll(prompt="A cat")
    whole = sdk.videos.download_content(video.id).read()
    sdk.videos.download_content(video.id).write_to_file(tmp_path / "whole.mp4")
    with sdk.videos.with_streaming_response.download_content(video.id) as response:
        response.stream_to_file(tmp_path / "streamed.mp4")
    assert (tmp_path / "whole.mp4").read_bytes() == whole
    assert (tmp_path / "streamed.mp4").read_bytes() == whole


def test_polling_goes_on_until_the_last_of_so_many_retrieves(watched: Emulator) -> None:
    world = watched.world()
    world.set_progress("polls:3")
    with openai.OpenAI(base_url=world.base_url, api_key=world.api_key) as sdk:
        video = sdk.videos.create(prompt="x")
        assert sdk.videos.poll(video.id, poll_interval_ms=1).status == "completed"
    assert len(world.requests.where(operation="retrieve_video")) == 3


def test_a_moderated_video_is_returned_as_failed(sdk: openai.OpenAI) -> None:
    video = sdk.videos.create_and_poll(prompt="x [moderation_blocked]")
    assert video.status == "failed"
    assert video.error is not None
    assert video.error.code == "moderation_blocked"


def test_errors_are_the_sdks_own_with_the_official_messages(sdk: openai.OpenAI) -> None:
    with pytest.raises(openai.BadRequestError) as bad:
        sdk.videos.create(prompt="x", seconds="5")  # type: ignore[arg-type]  # that is the point
    assert "Invalid value: '5'. Supported values are: '4', '8', and '12'." in bad.value.message
    assert (bad.value.param, bad.value.code) == ("seconds", "invalid_value")
    assert bad.value.request_id
    with pytest.raises(openai.NotFoundError, match="Video with id 'video_x' not found"):
        sdk.videos.retrieve("video_x")
    with (
        Emulator(api_keys=["sk-the-right-one"]) as emulator,
        openai.OpenAI(base_url=emulator.base_url, api_key="sk-not-the-right-one") as stranger,
        pytest.raises(openai.AuthenticationError, match="Incorrect API key provided: sk-not-t"),
    ):
        stranger.videos.list()


def test_content_that_is_not_ready_says_where_to_look(slow: Emulator) -> None:
    with openai.OpenAI(base_url=slow.base_url, api_key="k") as sdk:
        video = sdk.videos.create(prompt="x")
        with pytest.raises(openai.NotFoundError, match="Video is not ready yet, use GET"):
            sdk.videos.download_content(video.id)


async def _create_and_poll(emulator: Emulator) -> str:
    async with openai.AsyncOpenAI(base_url=emulator.base_url, api_key="k") as sdk:
        video = await sdk.videos.create_and_poll(prompt="x")
        return video.status


def test_the_async_client_works_too(fast: Emulator) -> None:
    import asyncio

    assert asyncio.run(_create_and_poll(fast)) == "completed"
