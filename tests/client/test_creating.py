"""What leaves for the server when something is created, and that it leaves once."""

from __future__ import annotations

import base64
import io
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from openvideos import (
    APIConnectionError,
    BadRequestError,
    Character,
    CreateUncertain,
    InternalServerError,
    InvalidInput,
    RateLimitError,
    ReferenceMayBeDropped,
    UnsupportedByServer,
)

from .conftest import Connect, Serve, by_one_kind
from .fake_clock import FakeClock
from .faulty_server import FaultyServer, Reply, Reset, refusing_url

VIDEO = Reply({"id": "video_1", "status": "queued"})
MP4 = b"\x00\x00\x00\x18ftypmp42" + bytes(100)


def picture(width: int, height: int, kind: str = "PNG") -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "navy").save(file, kind)
    return file.getvalue()


def test_a_prompt_alone_leaves_as_a_form(connect: Connect, serve: Serve) -> None:
    server = serve([VIDEO])
    connect(server.base_url).videos.create(prompt="a cat")
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/v1/videos")
    assert request.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert request.fields() == {"prompt": "a cat"}
    assert request.headers["authorization"] == "Bearer sk-test-key"


@by_one_kind
@pytest.mark.parametrize("seconds", [4, "4", 4.0])
def test_seconds_may_be_a_number_or_text(connect: Connect, serve: Serve, seconds: Any) -> None:
    server = serve([VIDEO])
    connect(server.base_url).videos.create(
        prompt="x", model="sora-2", seconds=seconds, size="720x1280"
    )
    assert server.requests[0].fields() == {
        "prompt": "x",
        "model": "sora-2",
        "seconds": "4",
        "size": "720x1280",
    }


def test_a_prompt_that_forges_a_boundary_arrives_as_nothing_but_a_prompt(
    connect: Connect, serve: Serve
) -> None:
    prompt = (
        'x\r\n--+++\r\nContent-Disposition: form-data; name="model"\r\n\r\nsora-2-pro\r\n--+++--'
    )
    server = serve([VIDEO])
    videos = connect(server.base_url).videos
    videos.create(prompt=prompt)
    videos.create(prompt=prompt)
    first, second = server.requests
    assert first.fields() == {"prompt": prompt}
    assert first.headers["content-type"] != second.headers["content-type"]


@by_one_kind
@pytest.mark.parametrize("prompt", ["日本語 🎬", "a\nb\r\n\tc", '"quoted"; \\', "", " "])
def test_any_prompt_arrives_as_it_is(connect: Connect, serve: Serve, prompt: str) -> None:
    server = serve([VIDEO])
    connect(server.base_url).videos.create(prompt=prompt)
    assert server.requests[0].parts()[0][3].decode() == prompt


def path_of(data: bytes, folder: Path) -> Any:
    (folder / "cat.png").write_bytes(data)
    return folder / "cat.png"


class Unseekable(io.RawIOBase):
    def __init__(self, data: bytes) -> None:
        self._rest = data

    def readable(self) -> bool:
        return True

    def readall(self) -> bytes:
        rest, self._rest = self._rest, b""
        return rest

    def read(self, size: int = -1) -> bytes:
        if size < 0:
            return self.readall()
        piece, self._rest = self._rest[:size], self._rest[size:]
        return piece


FORMS: dict[str, tuple[Callable[[bytes, Path], Any], str]] = {
    "path": (path_of, "cat.png"),
    "bytes": (lambda data, _: data, "input_reference.png"),
    "bytearray": (lambda data, _: bytearray(data), "input_reference.png"),
    "file": (lambda data, folder: path_of(data, folder).open("rb"), "cat.png"),
    "memory": (lambda data, _: io.BytesIO(data), "input_reference.png"),
    "stream": (lambda data, _: Unseekable(data), "input_reference.png"),
    "pair": (lambda data, _: ("dog.png", data), "dog.png"),
    "triple": (lambda data, _: ("dog.bin", io.BytesIO(data), "image/png"), "dog.bin"),
}


@by_one_kind
@pytest.mark.parametrize("form", FORMS)
def test_a_reference_in_any_form_arrives_with_name_and_kind_each_time_it_is_sent(
    connect: Connect, serve: Serve, tmp_path: Path, form: str
) -> None:
    busy = Reply({"error": {"message": "Too many running tasks"}}, status=429)
    server = serve([busy, VIDEO])
    make, name = FORMS[form]
    data = picture(72, 128)
    reference = make(data, tmp_path)
    if form in {"file", "memory"}:
        reference.seek(7)  # the whole file is sent, wherever somebody left off reading it
    connect(server.base_url).videos.create(prompt="x", input_reference=reference, size="72x128")
    assert len(server.requests) == 2
    for request in server.requests:
        assert ("input_reference", name, "image/png", data) in request.parts()
    if form == "file":
        reference.close()


def test_a_stream_that_can_be_read_once_is_kept_for_another_time_in_little_memory(
    connect: Connect, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openvideos._protocol.files._MOST_IN_MEMORY", 1000)
    monkeypatch.setattr("openvideos._protocol.files._PIECE", 400)
    busy = Reply({"error": {"message": "Too many running tasks"}}, status=429)
    server = serve([busy, VIDEO])
    for length in (999, 1000, 1001, 5000):
        del server.requests[:]
        data = MP4 + bytes(range(256)) * 20
        stream = Unseekable(data[:length])
        connect(server.base_url).videos.edit(prompt="x", video=stream)
        assert len(server.requests) == 2
        for request in server.requests:
            assert ("video", "video.mp4", "video/mp4", data[:length]) in request.parts()


def test_a_stream_that_breaks_off_is_bad_input(connect: Connect, serve: Serve) -> None:
    class Broken(Unseekable):
        def read(self, size: int = -1) -> bytes:
            raise OSError("the pipe broke")

    server = serve([VIDEO])
    with pytest.raises(InvalidInput, match="input_reference cannot be read: the pipe broke"):
        connect(server.base_url).videos.create(prompt="x", input_reference=Broken(b""))
    assert server.requests == []


def test_a_file_that_the_user_opened_stays_open(connect: Connect, serve: Serve) -> None:
    file = io.BytesIO(picture(8, 8))
    connect(serve([VIDEO]).base_url).videos.create(prompt="x", input_reference=file)
    assert not file.closed


@by_one_kind
@pytest.mark.parametrize(
    ("reference", "sent"),
    [
        ("https://example.com/cat.png", {"image_url": "https://example.com/cat.png"}),
        ("data:image/png;base64,AAAA", {"image_url": "data:image/png;base64,AAAA"}),
        ({"image_url": "https://example.com/"}, {"image_url": "https://example.com/"}),
        ({"file_id": "file-1"}, {"file_id": "file-1"}),
    ],
)
def test_a_reference_by_address_or_id_leaves_as_json(
    connect: Connect, serve: Serve, reference: Any, sent: dict[str, str]
) -> None:
    server = serve([VIDEO])
    connect(server.base_url).videos.create(prompt="x", input_reference=reference, seconds=8)
    assert server.requests[0].headers["content-type"] == "application/json"
    assert server.requests[0].json() == {"prompt": "x", "seconds": "8", "input_reference": sent}


def test_characters_leave_as_json_and_beside_a_file_in_brackets(
    connect: Connect, serve: Serve
) -> None:
    server = serve([VIDEO])
    videos = connect(server.base_url).videos
    tom = Character(id="char_2", name="Tom", created_at=None)
    videos.create(prompt="x", characters=[{"id": "char_1"}, tom])
    assert server.requests[0].json()["characters"] == [{"id": "char_1"}, {"id": "char_2"}]
    with pytest.warns(ReferenceMayBeDropped, match="in brackets"):
        videos.create(prompt="x", characters=[tom], input_reference=picture(8, 8))
    assert ("characters[][id]", None, "text/plain", b"char_2") in server.requests[1].parts()


def test_what_a_server_takes_beyond_the_protocol_can_be_given(
    connect: Connect, serve: Serve
) -> None:
    server = serve([VIDEO])
    extra: dict[str, Any] = {
        "extra_headers": {"X-Trace": "7"},
        "extra_query": {"provider": "openai"},
        "extra_body": {"fps": 24, "hd": True, "lora": {"name": "a", "at": [1, 2]}, "none": None},
    }
    videos = connect(server.base_url).videos
    videos.create(prompt="x", **extra)
    form, headers = server.requests[0].parts(), server.requests[0].headers
    assert headers["x-trace"] == "7"
    assert server.requests[0].query == {"provider": ["openai"]}
    assert [(name, content) for name, _, _, content in form] == [
        ("prompt", b"x"),
        ("fps", b"24"),
        ("hd", b"true"),
        ("lora[name]", b"a"),
        ("lora[at][]", b"1"),
        ("lora[at][]", b"2"),
    ]
    videos.remix("video_1", prompt="x", **extra)
    assert server.requests[1].json() == {"prompt": "x", **extra["extra_body"]}
    videos.create(prompt="x", seconds=4, extra_body={"seconds": 5})
    assert server.requests[2].fields() == {"prompt": "x", "seconds": "5"}


BAD_REFERENCES = {
    "a path as text": ("cat.png", r"pathlib\.Path"),
    "a number": (7, "type int"),
    "both arms": ({"image_url": "x", "file_id": "y"}, "either image_url or file_id"),
    "no arm": ({}, "neither"),
    "a missing file": (Path("/nowhere/cat.png"), "cannot be read"),
    "a long tuple": (("a", b"", "b", {}, "c"), "tuple of 5"),
    "text": (io.StringIO("x"), "binary mode"),
}


@by_one_kind
@pytest.mark.parametrize("case", BAD_REFERENCES)
def test_a_reference_that_cannot_be_sent_is_refused_with_what_is_possible(
    connect: Connect, serve: Serve, case: str
) -> None:
    server = serve([VIDEO])
    reference, message = BAD_REFERENCES[case]
    with pytest.raises(InvalidInput, match=message):
        connect(server.base_url).videos.create(prompt="x", input_reference=reference)
    assert server.requests == []


@by_one_kind
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_of_another_size_is_refused_before_it_is_sent(
    connect: Connect, serve: Serve, kind: str
) -> None:
    server = serve([VIDEO])
    videos = connect(server.base_url).videos
    with pytest.raises(InvalidInput, match=r"64x48, but size is 128x72"):
        videos.create(prompt="x", input_reference=picture(64, 48, kind), size="128x72")
    assert server.requests == []
    videos.create(prompt="x", input_reference=picture(128, 72, kind), size="128x72")
    videos.create(prompt="x", input_reference=picture(64, 48, kind))
    assert len(server.requests) == 2


@by_one_kind
def test_a_picture_in_a_data_url_is_held_to_the_size_too(connect: Connect, serve: Serve) -> None:
    server = serve([VIDEO])
    videos = connect(server.base_url).videos
    url = f"data:image/png;base64,{base64.b64encode(picture(64, 48)).decode()}"
    for reference in (url, {"image_url": url}):
        with pytest.raises(InvalidInput, match=r"64x48, but size is 128x72"):
            videos.create(prompt="x", input_reference=reference, size="128x72")
        videos.create(prompt="x", input_reference=reference, size="64x48")
    for other in ("data:image/png;base64,%%%", "data:,x", "https://example.com/cat.png"):
        videos.create(prompt="x", input_reference=other, size="128x72")
    assert len(server.requests) == 5


@pytest.mark.parametrize("arguments", [{"prompt": None}, {"prompt": "x", "seconds": True}])
def test_arguments_of_the_wrong_type_are_refused(
    connect: Connect, serve: Serve, arguments: dict[str, Any]
) -> None:
    with pytest.raises(InvalidInput, match="must be"):
        connect(serve([VIDEO]).base_url).videos.create(**arguments)


def test_values_are_the_servers_to_judge(connect: Connect, serve: Serve) -> None:
    message = "Invalid value: '5'. Supported values are: '4', '8', and '12'."
    no = Reply({"error": {"message": message, "param": "seconds", "code": "invalid_value"}}, 400)
    with pytest.raises(BadRequestError, match="'4', '8', and '12'") as caught:
        connect(serve([no]).base_url).videos.create(prompt="x", seconds=5)
    assert (caught.value.message, caught.value.param) == (message, "seconds")


def source_forms(connect: Connect, server: FaultyServer) -> list[Any]:
    videos = connect(server.base_url).videos
    video = videos.retrieve("video_1")
    return ["video_1", video, videos.job("video_1"), {"id": "video_1"}]


def test_the_source_of_an_edit_or_extension_is_an_id_in_any_form(
    connect: Connect, serve: Serve
) -> None:
    server = serve([VIDEO])
    videos = connect(server.base_url).videos
    for source in source_forms(connect, server):
        source = getattr(source, "_inner", source)
        del server.requests[:]
        videos.edit(prompt="x", video=source)
        videos.extend(prompt="y", video=source, seconds=8)
        edit, extend = server.requests
        assert (edit.path, extend.path) == ("/v1/videos/edits", "/v1/videos/extensions")
        assert edit.json() == {"prompt": "x", "video": {"id": "video_1"}}
        assert extend.json() == {"prompt": "y", "video": {"id": "video_1"}, "seconds": "8"}


def test_the_source_of_an_edit_or_extension_is_a_file(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    server = serve([VIDEO])
    videos = connect(server.base_url).videos
    (tmp_path / "cat.mp4").write_bytes(MP4)
    videos.edit(prompt="x", video=tmp_path / "cat.mp4", model="m")
    videos.extend(prompt="x", video=MP4, seconds="4")
    assert ("video", "cat.mp4", "video/mp4", MP4) in server.requests[0].parts()
    assert ("model", None, "text/plain", b"m") in server.requests[0].parts()
    assert ("video", "video.mp4", "video/mp4", MP4) in server.requests[1].parts()


def test_a_character_is_made_of_a_file_and_read_again(connect: Connect, serve: Serve) -> None:
    server = serve([Reply({"id": "char_1", "name": "Tom", "created_at": 1_800_000_000_000})])
    videos = connect(server.base_url).videos
    character = videos.create_character(name="Tom", video=MP4)
    assert (character.id, character.name) == ("char_1", "Tom")
    assert character.created_at == 1_800_000_000
    assert videos.get_character("char/1").id == "char/1"
    assert [request.target for request in server.requests] == [
        "/v1/videos/characters",
        "/v1/videos/characters/char%2F1",
    ]


CREATES: dict[str, Callable[[Any], Any]] = {
    "create": lambda videos: videos.create(prompt="x"),
    "submit": lambda videos: videos.submit(prompt="x"),
    "create_and_poll": lambda videos: videos.create_and_poll(prompt="x"),
    "remix": lambda videos: videos.remix("video_1", prompt="x"),
    "edit": lambda videos: videos.edit(prompt="x", video="video_1"),
    "extend": lambda videos: videos.extend(prompt="x", video="video_1", seconds=4),
    "create_character": lambda videos: videos.create_character(name="x", video=MP4),
}
LOST: dict[str, Any] = {
    "reset": Reset(),
    "cut off": Reply({"id": "video_1", "status": "queued"}, cut_after=5),
    "html": Reply(b"<html>", headers={"content-type": "text/html"}),
    "no id": Reply({"status": "queued"}),
    "500": Reply({"error": {"message": "Oops"}}, status=500),
    "502": Reply(b"<html><title>502 Bad Gateway</title>", status=502),
    "504": Reply(b"", status=504),
    "529": Reply(b"", status=529),
}


@pytest.mark.parametrize("lost", LOST)
def test_a_create_whose_answer_was_lost_is_uncertain_and_never_repeated(
    connect: Connect, serve: Serve, lost: str
) -> None:
    server = serve([LOST[lost], VIDEO])
    with pytest.raises(CreateUncertain, match="may have been created") as caught:
        connect(server.base_url).videos.create(prompt="x")
    assert len(server.requests) == 1
    assert isinstance(caught.value, APIConnectionError)
    assert isinstance(caught.value, InternalServerError) == lost.isdecimal()


@pytest.mark.parametrize("create", CREATES)
def test_everything_that_creates_is_never_repeated_after_a_lost_answer(
    connect: Connect, serve: Serve, create: str
) -> None:
    for lost in (LOST["reset"], LOST["no id"], LOST["502"]):
        server = serve([lost, VIDEO])
        with pytest.raises(CreateUncertain, match="may have been created"):
            CREATES[create](connect(server.base_url).videos)
        assert len(server.requests) == 1


def test_a_create_that_hangs_is_uncertain(connect: Connect, serve: Serve) -> None:
    slow = Reply({"id": "video_1"}, pieces=1, pause=0.3)
    server = serve([slow])
    with pytest.raises(CreateUncertain, match="in time"):
        connect(server.base_url).videos.create(prompt="x", timeout=0.1)
    assert len(server.requests) == 1


def test_a_create_is_repeated_where_the_server_was_never_reached(
    connect: Connect, clock: FakeClock
) -> None:
    with pytest.raises(APIConnectionError, match="cannot be reached") as caught:
        connect(refusing_url()).videos.create(prompt="x")
    assert not isinstance(caught.value, CreateUncertain)
    assert len(clock.sleeps) == 2


def test_a_create_is_repeated_after_429_as_the_server_asks(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    busy = Reply(
        {"error": {"message": "Too many running tasks"}}, status=429, headers={"Retry-After": "3"}
    )
    server = serve([busy, busy, VIDEO])
    assert connect(server.base_url).videos.create(prompt="x").id == "video_1"
    assert clock.sleeps == [3, 3]
    with pytest.raises(RateLimitError, match="Too many running tasks"):
        connect(serve([busy]).base_url, max_retries=0).videos.create(prompt="x")


@pytest.mark.parametrize("status", [408, 409, 503])
def test_a_create_is_not_repeated_after_another_refusal(
    connect: Connect, serve: Serve, status: int
) -> None:
    headers = {"x-should-retry": "true", "retry-after": "1"}
    server = serve([Reply({"error": {"message": "Busy."}}, status, headers), VIDEO])
    with pytest.raises(Exception, match=r"Busy\."):
        connect(server.base_url).videos.create(prompt="x")
    assert len(server.requests) == 1


@by_one_kind
@pytest.mark.parametrize(
    "reply",
    [
        Reply({"detail": "Not Found"}, 404),
        Reply({"detail": "Method Not Allowed"}, 405),
        Reply(b"404 page not found", 404),
        Reply(b"<!DOCTYPE html><pre>Cannot POST /v1/videos/edits</pre>", 404),
        Reply({"message": "Route POST:/v1/videos/edits not found", "statusCode": 404}, 404),
        Reply({"error": {"message": "not implemented"}}, 501),
        Reply(b"", 404),
    ],
    ids=lambda reply: str(reply.body)[:30],
)
def test_an_operation_that_a_server_does_not_have_is_told_from_an_unknown_id(
    connect: Connect, serve: Serve, reply: Reply
) -> None:
    with pytest.raises(UnsupportedByServer, match=r"POST .*/v1/videos/edits"):
        connect(serve([reply]).base_url).videos.edit(prompt="x", video="video_1")


def test_a_compressed_file_is_sent_as_what_it_reads_as(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    import gzip

    data = picture(16, 16)
    with gzip.open(tmp_path / "cat.png.gz", "wb") as file:
        file.write(data)
    server = serve([VIDEO])
    with gzip.open(tmp_path / "cat.png.gz") as file:
        connect(server.base_url).videos.create(prompt="x", input_reference=file)
    assert server.requests[0].parts()[1][3] == data


def test_a_pipe_is_sent_whole(connect: Connect, serve: Serve) -> None:
    data = zlib.compress(bytes(100))
    server = serve([VIDEO])
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        process.stdin.write(data)
        process.stdin.close()
        videos = connect(server.base_url).videos
        videos.create(prompt="x", input_reference=("x.bin", process.stdout))
    assert server.requests[0].parts()[1] == (
        "input_reference",
        "x.bin",
        "application/octet-stream",
        data,
    )
