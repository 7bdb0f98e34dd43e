"""Mishaps of creating and waiting, against the emulator: real jobs, billed once."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from openvideos import CancelToken, ConflictError, CreateUncertain, VideoLost, WaitCancelled
from openvideos._flows.clock import Clock
from openvideos_emulator import Emulator

from .conftest import Connect

pytestmark = pytest.mark.xdist_group("mishaps")

FAULTS = """
- id: the-answer-is-lost
  match: {operation: create_video, prompt: lost}
  answer: [drop_after: 10]
- id: reads-no-form
  match: {operation: create_video, content_type: multipart/form-data, prompt: as JSON}
  request: [{reply: {status: 415, text: "Expected request with `Content-Type: application/json`"}}]
- id: forgets-the-job
  match: {operation: retrieve_video, where: {$.prompt: forgotten}, after: 1, per: video}
  answer: [{status: 404}, {json: {detail: Video not found}}]
"""


@pytest.fixture(scope="module")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    faults = tmp_path_factory.mktemp("mishaps") / "faults.yaml"
    faults.write_text(FAULTS)
    with Emulator(speed=200, faults=faults) as emulator:
        yield emulator


@pytest.fixture
def videos(connect: Connect, emulator: Emulator) -> Any:
    """A tenant of its own, in real time."""
    key = f"sk-{secrets.token_hex(8)}"
    return connect(emulator.base_url, api_key=key, _clock=Clock()).videos


def test_a_lost_job_is_found_and_finished_and_there_is_no_second_one(videos: Any) -> None:
    for prompt in ("a cat", "a lost dog"):
        if "lost" not in prompt:
            videos.submit(prompt=prompt)
            continue
        with pytest.raises(CreateUncertain) as caught:
            videos.create(prompt=prompt, seconds=4, size="1280x720")
    job = videos.find(caught.value)
    assert job.wait(max_wait=30, interval=0.05).prompt == "a lost dog"
    assert sorted(video.prompt for video in videos.list()) == ["a cat", "a lost dog"]


def test_a_server_that_reads_json_only_makes_one_job_of_each_create(videos: Any) -> None:
    for number in range(3):
        videos.create(prompt=f"as JSON {number}", seconds=4)
    assert len(list(videos.list())) == 3


def test_updates_tell_the_life_of_a_job_in_order(videos: Any) -> None:
    job = videos.submit(prompt="a cat", seconds=4)
    seen = [(video.status, video.progress) for video in job.updates(interval=0.02, max_wait=30)]
    assert seen[-1] == ("completed", 100)
    assert [progress for _, progress in seen] == sorted(progress for _, progress in seen)
    assert len(seen) == len(set(seen))


def test_a_job_that_is_cancelled_is_deleted_where_that_is_asked_for(videos: Any) -> None:
    token = CancelToken()
    job = videos.submit(prompt="a cat", seconds=4)
    with pytest.raises(WaitCancelled) as caught:
        job.wait(cancel=token, interval=0.02, on_progress=lambda _: token.cancel())
    assert job.video.status in {"queued", "in_progress"}
    assert job.wait(max_wait=30, interval=0.05).status == "completed"
    # The emulator, like the service, deletes no job that runs; a finished one is found finished.
    running = videos.submit(prompt="a cat", seconds=12)
    with pytest.raises(WaitCancelled) as caught:
        running.wait(
            cancel=token, interval=0.02, delete_on_cancel=True, on_progress=lambda _: token.cancel()
        )
    assert "could not be deleted" in caught.value.__notes__[0]
    with pytest.raises(ConflictError):
        videos.delete(running.id)


def test_a_job_that_the_server_forgets_is_lost(videos: Any) -> None:
    # Picked up by its id, as a job that was just created here may be unknown for a while.
    job = videos.job(videos.submit(prompt="forgotten").id)
    with pytest.raises(VideoLost, match=f"knows {job.id} no more"):
        job.wait(max_wait=30, interval=0.02)
