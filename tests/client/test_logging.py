"""The logger `openvideos` tells each request, answer and retry at DEBUG, and nothing by itself."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from openvideos import APIConnectionError, InvalidInput, OpenVideos

from .conftest import Connect, Serve
from .faulty_server import Reply, Reset, refusing_url

VIDEO = Reply({"id": "video_1", "status": "completed"}, headers={"X-Request-Id": "req_7"})
MP4 = Reply(b"\x00\x00\x00\x18ftypmp42", headers={"Content-Type": "video/mp4"})


def lines(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.name == "openvideos"]


def test_a_request_its_answer_and_its_retries_are_told(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "openvideos")
    server = serve([Reply(b"busy", 503), Reset(), VIDEO])
    connect(server.base_url).videos.retrieve("video_1")
    sent = "GET /videos/video_1: sent"
    first, busy, again, second, no_answer, once_more, third, answered = lines(caplog)
    assert first == second == third == sent
    assert busy.startswith("GET /videos/video_1: HTTP 503 after 0.")
    assert again.endswith("retry 1 in 0.438 s, as the server answered HTTP 503")
    assert no_answer.endswith("no whole answer (APIConnectionError)")
    assert "retry 2 in 0.875 s, as there was no whole answer (" in once_more
    assert answered.endswith("s, request 'req_7'")


def test_a_download_and_a_streamed_answer_are_told_too(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG, "openvideos")
    videos = connect(serve([MP4]).base_url).videos
    videos.download("video_1", tmp_path / "video.mp4")
    with videos.with_streaming_response.download_content("video_1") as streamed:
        streamed.read()
    told = lines(caplog)
    assert told.count("GET /videos/video_1/content: sent") == 2
    assert len([line for line in told if ": HTTP 200 after " in line]) == 2


def test_a_prompt_is_not_told(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    videos = connect(serve([VIDEO]).base_url).videos
    videos.create(prompt="a private matter", extra_query={"for": "a private matter"})
    assert len(lines(caplog)) == 2
    assert "private" not in caplog.text


def test_nothing_is_logged_unless_it_is_asked_for(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    connect(serve([Reply(b"busy", 503), VIDEO]).base_url).videos.retrieve("video_1")
    with pytest.raises(APIConnectionError):
        connect(refusing_url()).videos.retrieve("video_1")
    assert lines(caplog) == []


@pytest.mark.parametrize(("level", "told"), [("debug", 2), ("DEBUG", 2), ("info", 0), ("", 0)])
def test_the_environment_turns_the_logger_on(serve: Serve, level: str, told: int) -> None:
    url = serve([VIDEO]).base_url
    code = f"from openvideos import OpenVideos; OpenVideos(base_url={url!r}).videos.retrieve('v')"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "OPENVIDEOS_LOG": level},
        capture_output=True,
        text=True,
        check=True,
    )
    assert len(done.stderr.splitlines()) == told
    assert done.stdout == ""


def test_a_level_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENVIDEOS_LOG", "loud")
    with pytest.raises(InvalidInput, match="debug, info, warning"):
        OpenVideos(base_url="http://host/v1")
