"""An operation gives its HTTP answer too, where that is asked for: whole, or piece by piece."""

from __future__ import annotations

import gc
import inspect
import json
import time
import tracemalloc
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import openvideos
from openvideos import (
    APIConnectionError,
    APIResponseValidationError,
    AsyncPage,
    CreateUncertain,
    InvalidInput,
    NotFoundError,
    Page,
    UnexpectedContent,
)
from openvideos._http.body_pieces import Chunks, Cutter, Lines, Text

from .conftest import Connect, Serve, by_one_kind
from .fake_clock import FakeClock
from .faulty_server import Answer, Reply, Request, Reset

ANSWER = {"id": "video_1", "object": "video", "status": "queued", "colour": "red"}
VIDEO = Reply(ANSWER, headers={"X-Request-Id": "req_7", "X-Rate": "9"})
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(range(256)) * 400
FILE = Reply(MP4, headers={"Content-Type": "video/mp4"})

OPERATIONS: list[tuple[str, tuple[str, ...], dict[str, Any], Any]] = [
    ("create", (), {"prompt": "x"}, ANSWER),
    ("retrieve", ("video_1",), {}, ANSWER),
    ("list", (), {"limit": 1}, {"data": [ANSWER], "has_more": False}),
    ("delete", ("video_1",), {}, {"id": "video_1", "deleted": True}),
    ("download_content", ("video_1",), {}, MP4),
    ("remix", ("video_1",), {"prompt": "x"}, ANSWER),
    ("edit", (), {"prompt": "x", "video": "video_1"}, ANSWER),
    ("extend", (), {"prompt": "x", "video": "video_1", "seconds": 4}, ANSWER),
    ("create_character", (), {"name": "Tom", "video": MP4}, {"id": "char_1", "name": "Tom"}),
    ("get_character", ("char_1",), {}, {"id": "char_1", "name": "Tom"}),
]


def told(result: Any) -> Any:
    match result:
        case Page() | AsyncPage():
            return [video.id for video in result.data]
        case openvideos.VideoContent():
            return result.read()
    return result.to_dict()


@pytest.mark.parametrize(("name", "args", "keywords", "answer"), OPERATIONS)
def test_each_operation_gives_its_answer_raw_and_streamed(
    connect: Connect,
    serve: Serve,
    name: str,
    args: tuple[str, ...],
    keywords: dict[str, Any],
    answer: Any,
) -> None:
    server = serve([Reply(answer, headers={"X-Request-Id": "req_7"})])
    client = connect(server.base_url)
    plain = getattr(client.videos, name)(*args, **keywords)
    inner = plain._inner if hasattr(plain, "_inner") else plain
    for videos in (client.videos.with_raw_response, client.with_raw_response.videos):
        raw = getattr(videos, name)(*args, **keywords)
        assert (raw.status_code, raw.request_id, raw.retries_taken) == (200, "req_7", 0)
        assert told(raw.parse()) == told(inner)
        assert type(raw.parse()) is type(inner)
    for videos in (client.videos.with_streaming_response, client.with_streaming_response.videos):
        with getattr(videos, name)(*args, **keywords) as streamed:
            assert (streamed.status_code, streamed.request_id) == (200, "req_7")
            parsed = streamed.parse()
            assert told(getattr(parsed, "_inner", parsed)) == told(inner)
    assert len({(sent.method, sent.target) for sent in server.requests}) == 1


def test_a_raw_response_has_all_of_the_answer(connect: Connect, serve: Serve) -> None:
    server = serve([Reply(b"", 503), VIDEO])
    raw = connect(server.base_url).videos.with_raw_response.retrieve("video_1")
    assert (raw.status_code, raw.method, raw.retries_taken) == (200, "GET", 1)
    assert raw.url == f"{server.base_url}/videos/video_1"
    assert raw.headers["x-rate"] == raw.headers["X-Rate"] == "9"
    assert raw.json() == json.loads(raw.text) == json.loads(raw.content) == ANSWER
    assert raw.http_response.elapsed.total_seconds() > 0
    assert raw.parse().request_id == raw.parse()._request_id == "req_7"


def test_an_answer_that_means_nothing_is_given_raw_and_refused_when_it_is_parsed(
    connect: Connect, serve: Serve
) -> None:
    videos = connect(serve([Reply(b"<html>")]).base_url).videos
    raw = videos.with_raw_response.retrieve("video_1")
    assert raw.text == "<html>"
    with pytest.raises(APIResponseValidationError):
        raw.parse()


def test_a_create_whose_answer_means_nothing_says_at_once_that_there_may_be_a_job(
    connect: Connect, serve: Serve
) -> None:
    videos = connect(serve([Reply(b"<html>")]).base_url).videos
    with pytest.raises(CreateUncertain):
        videos.with_raw_response.create(prompt="x")
    with videos.with_streaming_response.create(prompt="x") as streamed:
        assert streamed.status_code == 200
        with pytest.raises(CreateUncertain):
            streamed.parse()


def test_an_answer_that_says_no_is_an_error_raw_and_streamed(
    connect: Connect, serve: Serve
) -> None:
    refusal = Reply({"error": {"message": "Video with id 'x' not found."}}, 404)
    videos = connect(serve([refusal]).base_url).videos
    with pytest.raises(NotFoundError, match="Video with id"):
        videos.with_raw_response.retrieve("x")
    with (
        pytest.raises(NotFoundError, match="Video with id"),
        videos.with_streaming_response.retrieve("x"),
    ):
        pass


def test_a_failed_job_that_is_answered_by_500_can_be_streamed(
    connect: Connect, serve: Serve
) -> None:
    failed = Reply({"id": "video_1", "object": "video", "status": "failed"}, 500)
    videos = connect(serve([failed]).base_url).videos
    with videos.with_streaming_response.retrieve("video_1") as streamed:
        assert (streamed.status_code, streamed.parse().status) == (500, "failed")


def test_a_streamed_request_is_sent_again_like_any_other(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    server = serve([Reset(), Reply(b"busy", 503), VIDEO])
    videos = connect(server.base_url).videos
    with videos.with_streaming_response.retrieve("video_1") as streamed:
        assert (streamed.parse().id, streamed.retries_taken) == ("video_1", 2)
    assert (len(server.requests), len(clock.sleeps)) == (3, 2)


def test_a_streamed_create_whose_answer_is_lost_is_not_sent_again(
    connect: Connect, serve: Serve
) -> None:
    server = serve([Reset()])
    videos = connect(server.base_url).videos
    with pytest.raises(CreateUncertain), videos.with_streaming_response.create(prompt="x"):
        pass
    assert len(server.requests) == 1


def test_nothing_is_sent_before_the_context_is_entered(connect: Connect, serve: Serve) -> None:
    server = serve([VIDEO])
    connect(server.base_url).videos.with_streaming_response.retrieve("video_1")
    assert server.requests == []


@pytest.mark.parametrize("size", [None, 1000, 1_000_000])
def test_a_body_is_read_in_pieces_of_the_size_that_was_asked_for(
    connect: Connect, serve: Serve, size: int | None
) -> None:
    videos = connect(serve([FILE]).base_url).videos
    with videos.with_streaming_response.download_content("video_1") as streamed:
        pieces = list(streamed.iter_bytes(size))
    assert b"".join(pieces) == MP4
    if size:
        assert {len(piece) for piece in pieces[:-1]} <= {size}
        assert len(pieces[-1]) <= size


def test_a_body_is_read_as_text_and_as_lines(connect: Connect, serve: Serve) -> None:
    body = "eins\r\nzwei € drei\n\nvier".encode()
    videos = connect(serve([Reply(body, pieces=1)]).base_url).videos.with_streaming_response
    with videos.retrieve("video_1") as streamed:
        assert list(streamed.iter_lines()) == ["eins", "zwei € drei", "", "vier"]
    with videos.retrieve("video_1") as streamed:
        assert "".join(streamed.iter_text()) == body.decode()
    with videos.retrieve("video_1") as streamed:
        assert streamed.text() == body.decode()


def test_what_was_read_whole_can_be_read_again_and_what_was_read_in_pieces_cannot(
    connect: Connect, serve: Serve
) -> None:
    videos = connect(serve([VIDEO]).base_url).videos.with_streaming_response
    with videos.retrieve("video_1") as streamed:
        assert streamed.read() == streamed.read() == b"".join(streamed.iter_bytes())
        assert (streamed.json(), streamed.parse().id) == (ANSWER, "video_1")
    with videos.retrieve("video_1") as streamed:
        list(streamed.iter_bytes())
        for read in (streamed.read, streamed.parse, lambda: list(streamed.iter_lines())):
            with pytest.raises(InvalidInput, match="read already"):
                read()


@pytest.mark.parametrize("name", ["video.mp4", "link.mp4"])
def test_a_streamed_file_has_its_name_when_it_is_whole(
    connect: Connect, serve: Serve, tmp_path: Path, name: str
) -> None:
    target = tmp_path / name
    if name == "link.mp4":
        target.symlink_to(tmp_path / "there.mp4")
    videos = connect(serve([FILE]).base_url).videos.with_streaming_response
    with videos.download_content("video_1") as streamed:
        streamed.stream_to_file(target)
    assert target.read_bytes() == MP4
    with videos.download_content("video_1") as streamed:
        streamed.read()
        streamed.stream_to_file(target)
    assert target.read_bytes() == MP4
    assert not list(tmp_path.glob("*.part*"))


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (Reply(MP4, cut_after=5000, headers={"Content-Type": "video/mp4"}), APIConnectionError),
        (Reply(b"<html>oops</html>", headers={"Content-Type": "text/html"}), UnexpectedContent),
        (Reply(b""), UnexpectedContent),
    ],
)
def test_a_file_that_breaks_off_or_is_none_leaves_the_old_one(
    connect: Connect, serve: Serve, tmp_path: Path, answer: Answer, error: type[Exception]
) -> None:
    target = tmp_path / "video.mp4"
    target.write_bytes(b"old")
    videos = connect(serve([answer]).base_url).videos.with_streaming_response
    with videos.download_content("video_1") as streamed, pytest.raises(error):
        streamed.stream_to_file(target)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [
        ("video.mp4", b"old")
    ]


def test_who_leaves_early_gets_the_connection_closed(connect: Connect, serve: Serve) -> None:
    def answer(request: Request) -> Answer:
        return Reply(MP4, pieces=1000, pause=0.005) if "content" in request.path else VIDEO

    client = connect(serve(answer).base_url)
    with client.videos.with_streaming_response.download_content("video_1") as streamed:
        assert streamed.status_code == 200
    with pytest.raises(InvalidInput, match="closed"):
        streamed.read()
    assert client.videos.retrieve("video_1").id == "video_1"


@by_one_kind
def test_memory_does_not_grow_with_a_streamed_body(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    size = 24_000_000
    whole = MP4[:16] + bytes(size)
    client = connect(serve([Reply(whole, headers={"Content-Type": "video/mp4"})]).base_url)
    streaming = client.videos.with_streaming_response
    with streaming.download_content("warm-up") as streamed:
        streamed.stream_to_file(tmp_path / "video.mp4")
    gc.collect()
    tracemalloc.start()
    try:
        with streaming.download_content("video_1") as streamed:
            streamed.stream_to_file(tmp_path / "video.mp4")
        with streaming.download_content("video_1") as streamed:
            assert sum(len(piece) for piece in streamed.iter_bytes(100_000)) == len(whole)
        assert tracemalloc.get_traced_memory()[1] < size / 4
    finally:
        tracemalloc.stop()


@given(st.binary(max_size=60), st.integers(1, 9), st.lists(st.integers(0, 60)))
def test_however_a_body_comes_it_is_cut_alike(body: bytes, size: int, cuts: list[int]) -> None:
    def through(cutter: Cutter[Any], places: list[int]) -> list[Any]:
        edges = [0, *sorted(min(place, len(body)) for place in places), len(body)]
        pieces = [body[start:end] for start, end in pairwise(edges)]
        return [part for piece in pieces for part in cutter.feed(piece)] + cutter.rest()

    text = body.decode(errors="replace")
    chunks = through(Chunks(size), cuts)
    assert chunks == [body[start : start + size] for start in range(0, len(body), size)]
    assert "".join(through(Text(), cuts)) == text
    assert through(Lines(), cuts) == through(Lines(), []) == text.splitlines()


@pytest.mark.parametrize("size", [0, -1])
def test_pieces_of_no_size_are_refused(size: int) -> None:
    with pytest.raises(InvalidInput, match=f"chunk_size is {size}"):
        Chunks(size)


def test_a_large_piece_is_put_together_without_copying_it_again_and_again() -> None:
    chunks, piece = Chunks(16_000_000), bytes(10_000)
    began = time.process_time()
    assert [len(chunk) for _ in range(1600) for chunk in chunks.feed(piece)] == [16_000_000]
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize("form", ["raw", "streaming"])
def test_the_prefixes_have_the_operations_of_the_official_sdk_with_our_signatures(
    form: str,
) -> None:
    from openai import OpenAI

    official = getattr(OpenAI(api_key="k").videos, f"with_{form}_response")
    names = {name for name in dir(official) if not name.startswith("_")}
    assert names == {name for name, *_ in OPERATIONS}
    for kind in (openvideos.Videos, openvideos.AsyncVideos):
        ours = type(getattr(kind(None), f"with_{form}_response"))  # type: ignore[arg-type] # only its class is looked at
        for name in names:
            plain, prefixed = getattr(kind, name), getattr(ours, name)
            assert inspect.signature(plain).parameters == inspect.signature(prefixed).parameters
            assert plain.__doc__ == prefixed.__doc__
            result = str(inspect.signature(prefixed).return_annotation)
            assert result.split("[")[0].removeprefix("Async") == (
                "RawResponse" if form == "raw" else "StreamedResponse"
            )
