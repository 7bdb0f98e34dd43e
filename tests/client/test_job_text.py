"""A job is written down in one process and picked up in another, of another version too."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos import AsyncJob, AsyncOpenVideos, InvalidInput, Job, OpenVideos, VideoLost
from openvideos._waiting.job_text import job_state

from .conftest import Serve
from .fake_clock import EPOCH, FakeClock
from .faulty_server import Reply

RUNNING = {"id": "video_1", "object": "video", "status": "in_progress", "progress": 40, "by": "x"}
DONE = {**RUNNING, "status": "completed", "progress": 100}
KEY = "sk-secret-0123456789"
URL = "http://127.0.0.1:9/v1"


def written(serve: Serve, answer: Any = RUNNING) -> tuple[str, str]:
    server = serve([Reply(answer), Reply(DONE)])
    with OpenVideos(base_url=server.base_url, api_key=KEY, _clock=FakeClock().clock) as client:
        return client.videos.submit(prompt="a cat").to_json(), server.base_url


def test_a_job_is_picked_up_as_it_was_by_either_kind_of_client(serve: Serve) -> None:
    text, url = written(serve)
    assert KEY not in text
    with OpenVideos(base_url=url, _clock=FakeClock().clock) as client:
        job = Job.from_json(client, text)
        assert job.video is not None
        assert (job.id, job.video.status, job.video.progress) == ("video_1", "in_progress", 40)
        assert job.video.raw == RUNNING
        assert job.to_json() == text
        assert job.wait().status == "completed"
    twin = AsyncJob.from_json(AsyncOpenVideos(base_url=url, _clock=FakeClock().clock), text)
    assert (twin.id, twin.to_json()) == ("video_1", text)


def test_a_job_is_picked_up_by_another_process(serve: Serve) -> None:
    text, url = written(serve)
    script = (
        "import sys, openvideos\n"
        "client = openvideos.OpenVideos(base_url=sys.argv[1])\n"
        "print(openvideos.Job.from_json(client, sys.stdin.read()).wait(interval=0.01).status)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, url], input=text, capture_output=True, text=True, check=True
    )
    assert done.stdout == "completed\n"


def test_progress_does_not_go_back_on_the_way(serve: Serve) -> None:
    text, _ = written(serve)
    kept = json.loads(text)
    kept["progress"] = 60  # as it was told, after an answer that fell back to 40
    state = job_state(json.dumps(kept), base_url=kept["base_url"], clock=FakeClock().clock)
    assert state.video is not None
    assert state.video.progress == 60


def test_a_job_that_was_just_created_may_still_be_unknown_where_it_is_picked_up(
    serve: Serve,
) -> None:
    text, url = written(serve)
    late = serve([Reply({"error": {"message": "x", "code": "y"}}, 404), Reply(DONE)])
    for age, found in ((2.0, True), (20.0, False)):
        clock = FakeClock(time=age)
        del late.requests[:]
        with OpenVideos(base_url=late.base_url, _clock=clock.clock) as client:
            job = Job.from_json(client, text.replace(url, late.base_url))
            if found:
                assert job.wait().status == "completed"
            else:
                with pytest.raises(VideoLost, match="in_progress, 40 %"):
                    job.wait()


def test_a_job_of_another_server_is_not_asked_for_at_this_one(serve: Serve) -> None:
    text, url = written(serve)
    with (
        OpenVideos(base_url=URL) as client,
        pytest.raises(InvalidInput, match=r"at http.*speaks to .*:9/v1.*videos\.job") as caught,
    ):
        Job.from_json(client, text)
    assert url in str(caught.value)


def test_keys_of_later_versions_are_ignored_and_a_later_form_is_told(serve: Serve) -> None:
    text, url = written(serve)
    kept = {**json.loads(text), "invented_later": [1]}
    with OpenVideos(base_url=url) as client:
        assert Job.from_json(client, json.dumps(kept)).id == "video_1"
        with pytest.raises(InvalidInput, match=r"newer openvideos.*'video_1'"):
            Job.from_json(client, json.dumps({**kept, "version": 2}))
        with pytest.raises(InvalidInput, match="a client of the kind AsyncOpenVideos"):
            AsyncJob.from_json(client, text)  # type: ignore[arg-type]  # the wrong kind


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(), lambda inner: st.lists(inner), max_leaves=3
)
KEPT = st.fixed_dictionaries(
    {"object": st.just("openvideos.job"), "version": st.just(1), "base_url": st.just(URL)},
    optional={
        "id": JSON | st.just("video_1"),
        "created_at": JSON | st.just(EPOCH),
        "progress": JSON | st.integers(),
        "video": JSON | st.dictionaries(st.sampled_from(["id", "status", "error"]), JSON),
    },
)


@given(st.text() | JSON.map(json.dumps) | KEPT.map(json.dumps))
def test_whatever_text_is_given_is_a_job_or_bad_input(text: str) -> None:
    try:
        state = job_state(text, base_url=URL, clock=FakeClock().clock)
    except InvalidInput:
        return
    assert state.id
    assert state.video is None or 0 <= (state.video.progress or 0) <= 100
