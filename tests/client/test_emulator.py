"""The whole surface against the emulator: real jobs, real files, both kinds of clients."""

from __future__ import annotations

import io
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest
from PIL import Image

from openvideos import (
    BadRequestError,
    ConflictError,
    NotFoundError,
    VideoFailed,
    VideoNotReady,
    WaitTimeout,
)
from openvideos._flows.clock import Clock
from openvideos_emulator import Emulator

from .conftest import Connect, by_one_kind


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(speed=500) as emulator:
        yield emulator


@pytest.fixture
def videos(connect: Connect, emulator: Emulator) -> Any:
    """A tenant of its own, in real time."""
    key = f"sk-{secrets.token_hex(8)}"
    return connect(emulator.base_url, api_key=key, _clock=Clock()).videos


def shape(path: Path) -> list[float]:
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        assert sum(1 for _ in container.decode(stream)) > 0
        assert container.duration is not None
        return [stream.width, stream.height, container.duration / av.time_base]


def test_a_video_is_made_remixed_listed_and_deleted(videos: Any, tmp_path: Path) -> None:
    told: list[tuple[str, int]] = []
    job = videos.submit(prompt="a cat", model="sora-2", seconds=4, size="1280x720")
    video = job.wait(
        max_wait=60, interval=0.02, on_progress=lambda v: told.append((v.status, v.progress))
    )
    assert (video.status, video.progress, video.seconds) == ("completed", 100, "4")
    assert video.prompt == "a cat"
    assert video.request_id
    assert told[-1] == ("completed", 100)
    assert [progress for _, progress in told] == sorted(progress for _, progress in told)

    job.download(tmp_path / "cat.mp4")
    assert shape(tmp_path / "cat.mp4") == pytest.approx([1280, 720, 4], abs=0.1)
    for variant, kind in (("thumbnail", "WEBP"), ("spritesheet", "JPEG")):
        content = videos.download_content(job.id, variant=variant)
        assert Image.open(io.BytesIO(content.read())).format == kind

    remix = videos.remix(job.id, prompt="a dog")
    assert remix.remixed_from_video_id == job.id
    assert videos.poll(remix.id, poll_interval_ms=20).status == "completed"
    assert [listed.id for listed in videos.list(limit=1)] == [remix.id, job.id]
    assert videos.delete(remix.id).deleted is True
    with pytest.raises(NotFoundError):
        videos.retrieve(remix.id)


@by_one_kind
def test_what_was_made_can_be_a_character_edited_and_extended(videos: Any, tmp_path: Path) -> None:
    file = io.BytesIO()
    Image.new("RGB", (720, 1280), "gold").save(file, "PNG")
    job = videos.submit(prompt="x", input_reference=file.getvalue(), size="720x1280")
    job.wait(max_wait=60, interval=0.02)
    path = job.download(tmp_path / "source.mp4")

    tom = videos.create_character(name="Tom", video=path)
    assert videos.get_character(tom.id).name == "Tom"
    made = videos.create_and_poll(prompt="Tom dances", characters=[tom], poll_interval_ms=20)
    assert made.status == "completed"
    for video in (job, path):
        edited = videos.edit(prompt="at night", video=video)
        assert videos.poll(edited.id, poll_interval_ms=20).status == "completed"
    extended = videos.extend(prompt="and then", video=job.id, seconds=4)
    assert videos.poll(extended.id, poll_interval_ms=20).seconds == "8"


@by_one_kind
def test_a_wrong_length_ends_in_an_error_that_names_the_right_ones(videos: Any) -> None:
    with pytest.raises(BadRequestError, match="'4', '8', and '12'") as caught:
        videos.create(prompt="x", seconds=5)
    assert (caught.value.param, caught.value.code) == ("seconds", "invalid_value")


@by_one_kind
def test_a_job_that_fails_says_why(videos: Any) -> None:
    job = videos.submit(prompt="[moderation_blocked]")
    with pytest.raises(VideoFailed, match="moderation") as caught:
        job.wait(max_wait=60, interval=0.02)
    assert caught.value.code == "moderation_blocked"
    with pytest.raises(VideoFailed):
        job.download("cat.mp4")


@by_one_kind
def test_a_job_that_runs_is_neither_late_nor_lost(
    connect: Connect, tmp_path: Path, slow_emulator: Emulator
) -> None:
    videos = connect(slow_emulator.base_url, api_key="sk-slow", _clock=Clock()).videos
    job = videos.submit(prompt="a cat")
    with pytest.raises(WaitTimeout, match=job.id):
        job.wait(max_wait=0.3, interval=0.1)
    with pytest.raises(VideoNotReady, match="wait"):
        job.download(tmp_path / "cat.mp4")
    with pytest.raises(ConflictError):
        videos.delete(job.id)


@pytest.fixture(scope="module")
def slow_emulator() -> Iterator[Emulator]:
    with Emulator(speed=0.1) as emulator:
        yield emulator
