"""A create leaves as a form or as JSON: as asked for, or as the server has proved that it reads."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from openvideos import (
    APIStatusError,
    BadRequestError,
    CreateUncertain,
    InvalidInput,
    ReferenceMayBeDropped,
)

from .conftest import Connect, Serve, by_one_kind
from .faulty_server import Answer, FaultyServer, Reply, Request

VIDEO = Reply({"id": "video_1", "status": "queued"})
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(100)


def kinds(server: FaultyServer) -> list[str]:
    return [
        "json" if request.headers["content-type"] == "application/json" else "form"
        for request in server.requests
    ]


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "PNG")
    return file.getvalue()


def reads_only(kind: str, refusal: Answer) -> Callable[[Request], Answer]:
    def script(request: Request) -> Answer:
        is_json = request.headers["content-type"] == "application/json"
        return VIDEO if is_json == (kind == "json") else refusal

    return script


# What servers answer to a form that they cannot read.
UNREAD: dict[str, Reply] = {
    "415": Reply(b"Expected request with `Content-Type: application/json`", 415),
    "the protocol's": Reply(
        {"error": {"message": "Missing required parameter: 'prompt'.", "param": "prompt"}}, 400
    ),
    "a list of problems": Reply(
        {"detail": [{"loc": ["body", "prompt"], "msg": "Field required", "type": "missing"}]}, 422
    ),
    "a body that is no object": Reply(
        {"detail": [{"loc": ["body"], "msg": "Input should be a valid dictionary or object"}]}, 422
    ),
    "flat": Reply({"object": "error", "message": "'prompt' is required", "code": 400}, 400),
    "invalid JSON": Reply(
        {"code": "fail", "message": "Invalid JSON: 'utf-8' codec can't decode byte 0xff"}, 400
    ),
    "by code": Reply({"error": {"message": "Bad body", "code": "invalid_json"}}, 400),
    "Go's parser": Reply(
        {"error": {"message": "Bad body: invalid character '-' in numeric literal"}}, 400
    ),
    "Python's parser": Reply({"error": "Expecting value: line 1 column 1 (char 0)"}, 400),
    "V8's parser": Reply({"message": "No number after minus sign in JSON at position 1"}, 400),
    "text": Reply(b"Failed to parse the request body as JSON: expected value at line 1", 400),
}


@pytest.mark.parametrize("case", UNREAD)
def test_a_server_that_reads_no_form_is_sent_json_then_and_from_then_on(
    connect: Connect, serve: Serve, case: str
) -> None:
    server = serve(reads_only("json", UNREAD[case]))
    videos = connect(server.base_url).videos
    assert videos.create(prompt="a cat", seconds=4, extra_body={"fps": 24}).id == "video_1"
    assert kinds(server) == ["form", "json"]
    assert server.requests[1].json() == {"prompt": "a cat", "seconds": "4", "fps": 24}
    videos.submit(prompt="a dog")
    assert kinds(server) == ["form", "json", "json"]
    connect(server.base_url).videos.create(prompt="another client knows nothing of it")
    assert kinds(server)[3:] == ["form", "json"]


@by_one_kind
@pytest.mark.parametrize(
    "refusal",
    [
        Reply({"error": {"message": "Invalid value: '5'.", "param": "seconds"}}, 400),
        Reply({"error": {"message": "Your prompt was refused.", "param": None}}, 400),
        Reply({"error": {"message": "Unknown parameter: 'width'."}}, 400),
        Reply({"error": {"message": "Missing required parameter: 'prompt'."}}, 401),
        Reply({"error": {"message": "Missing required parameter: 'prompt'."}}, 409),
    ],
    ids=lambda reply: f"{reply.status} {reply.body['error']['message']}",
)
def test_another_refusal_is_not_answered_with_another_body(
    connect: Connect, serve: Serve, refusal: Reply
) -> None:
    server = serve([refusal, VIDEO])
    with pytest.raises(APIStatusError):
        connect(server.base_url).videos.create(prompt="a cat")
    assert kinds(server) == ["form"]


@by_one_kind
def test_a_failure_that_leaves_open_what_was_created_is_not_answered_with_another_body(
    connect: Connect, serve: Serve
) -> None:
    server = serve([Reply({"error": {"message": "'prompt' is required"}}, 500), VIDEO])
    with pytest.raises(CreateUncertain):
        connect(server.base_url).videos.create(prompt="a cat")
    assert kinds(server) == ["form"]


@by_one_kind
def test_a_server_that_reads_neither_is_asked_twice_and_its_first_answer_raised(
    connect: Connect, serve: Serve
) -> None:
    server = serve([Reply({"detail": "prompt is required"}, 400), Reply({"detail": "No."}, 415)])
    videos = connect(server.base_url).videos
    with pytest.raises(BadRequestError, match="prompt is required"):
        videos.create(prompt="a cat")
    assert kinds(server) == ["form", "json"]


@by_one_kind
def test_what_the_other_body_was_refused_for_is_raised_and_the_body_remembered(
    connect: Connect, serve: Serve
) -> None:
    wrong = Reply({"error": {"message": "Invalid value: '5'.", "param": "seconds"}}, 400)
    server = serve([UNREAD["415"], wrong, VIDEO])
    videos = connect(server.base_url).videos
    with pytest.raises(BadRequestError, match="'5'"):
        videos.create(prompt="a cat", seconds=5)
    videos.create(prompt="a cat", seconds=4)
    assert kinds(server) == ["form", "json", "json"]


@by_one_kind
def test_a_body_that_was_asked_for_is_the_only_one(connect: Connect, serve: Serve) -> None:
    for kind, other in (("form", "json"), ("json", "form")):
        server = serve(reads_only(other, UNREAD["415"]))
        videos = connect(server.base_url).videos
        with pytest.raises(APIStatusError):
            videos.create(prompt="x", body_type=kind)
        with pytest.raises(APIStatusError):
            videos.edit(prompt="x", video="video_1", body_type=kind)
        assert kinds(server) == [kind, kind]


ARMS: dict[str, tuple[dict[str, Any], tuple[str, bytes]]] = {
    "address": (
        {"input_reference": "https://example.com/cat.png"},
        ("input_reference[image_url]", b"https://example.com/cat.png"),
    ),
    "file id": (
        {"input_reference": {"file_id": "file-1"}},
        ("input_reference[file_id]", b"file-1"),
    ),
    "character": ({"characters": [{"id": "char_1"}]}, ("characters[][id]", b"char_1")),
}


@pytest.mark.parametrize("arm", ARMS)
def test_references_by_address_or_id_leave_in_brackets_where_asked_for_and_with_a_warning(
    connect: Connect, serve: Serve, arm: str
) -> None:
    arguments, field = ARMS[arm]
    server = serve([VIDEO])
    with pytest.warns(ReferenceMayBeDropped, match="drop that without a word") as warned:
        connect(server.base_url).videos.create(prompt="x", body_type="form", **arguments)
    assert field in [(name, content) for name, _, _, content in server.requests[0].parts()]
    assert kinds(server) == ["form"]
    assert "openvideos" not in warned[0].filename.rpartition("/")[0].rpartition("/")[2]


@by_one_kind
@pytest.mark.parametrize("arm", ARMS)
def test_references_by_address_or_id_are_never_put_in_brackets_unasked(
    connect: Connect, serve: Serve, arm: str
) -> None:
    arguments, _ = ARMS[arm]
    server = serve(reads_only("form", Reply({"detail": "prompt is required"}, 400)))
    with pytest.raises(BadRequestError):
        connect(server.base_url).videos.create(prompt="x", **arguments)
    assert kinds(server) == ["json"]


def test_the_id_of_a_source_leaves_in_brackets_where_the_server_reads_no_json(
    connect: Connect, serve: Serve
) -> None:
    # A server that dropped it would have no video to edit, and refuse: nothing else can be made.
    server = serve(reads_only("form", UNREAD["the protocol's"]))
    videos = connect(server.base_url).videos
    videos.edit(prompt="x", video="video_1")
    videos.extend(prompt="x", video="video_1", seconds=4, body_type="form")
    assert kinds(server) == ["json", "form", "form"]
    for request in server.requests[1:]:
        assert ("video[id]", None, "text/plain", b"video_1") in request.parts()


@by_one_kind
def test_a_file_leaves_as_a_form_whatever_was_remembered_and_never_as_json(
    connect: Connect, serve: Serve
) -> None:
    server = serve(reads_only("json", UNREAD["415"]))
    videos = connect(server.base_url).videos
    videos.create(prompt="x")
    with pytest.raises(APIStatusError):
        videos.create(prompt="x", input_reference=picture())
    assert kinds(server) == ["form", "json", "form"]
    bad: list[Callable[[], object]] = [
        lambda: videos.create(prompt="x", input_reference=picture(), body_type="json"),
        lambda: videos.edit(prompt="x", video=MP4, body_type="json"),
        lambda: videos.create(prompt="x", body_type="xml"),
    ]
    for attempt in bad:
        with pytest.raises(InvalidInput, match=r"JSON cannot carry|'form' or 'json'"):
            attempt()
    assert len(server.requests) == 3
