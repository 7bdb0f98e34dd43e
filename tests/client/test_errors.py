"""What servers say when they say no, and that none of it hurts, or tells a secret."""

from __future__ import annotations

import json
import logging
import pickle
import re
import traceback
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import openvideos
from openvideos import APIStatusError, OpenVideosError, Response, WaitTimeout
from openvideos import _errors as errors
from openvideos._protocol import decoding
from openvideos._protocol.error_bodies import describe
from openvideos._protocol.status_errors import status_error

from .conftest import Connect, Serve
from .faulty_server import Reply, Request, refusing_url


def answer(body: Any, status: int = 400) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, {}, content, "GET", "http://127.0.0.1/v1/videos/x")


UPSTREAM = '{"error": {"message": "Not ready", "type": "invalid_request_error", "code": "wait"}}'
BODIES = {
    "the protocol's": (
        {"error": {"message": "No.", "type": "t", "param": "size", "code": "c"}},
        ("No.", "t", "size", "c"),
    ),
    "a code that is a number": (
        {"error": {"message": "No.", "type": "Bad Request", "param": None, "code": 400}},
        ("No.", "Bad Request", None, "400"),
    ),
    "error as text": ({"error": "No."}, ("No.", None, None, None)),
    "error as text, code beside": ({"error": "No.", "code": "c"}, ("No.", None, None, "c")),
    "detail as text": ({"detail": "No."}, ("No.", None, None, None)),
    "detail as a list": (
        {
            "detail": [
                {"type": "missing", "loc": ["body", "prompt"], "msg": "Field required"},
                {"loc": ["query", "limit"], "msg": "Too large"},
            ]
        },
        ("prompt: Field required; limit: Too large", None, "prompt", None),
    ),
    "detail as an envelope": ({"detail": {"error": {"message": "No."}}}, ("No.", None, None, None)),
    "flat": (
        {
            "object": "error",
            "message": "No.",
            "type": "BadRequestError",
            "param": None,
            "code": 400,
        },
        ("No.", "BadRequestError", None, "400"),
    ),
    "flat with data": (
        {"code": "task_not_exist", "message": "No.", "data": None},
        ("No.", None, None, "task_not_exist"),
    ),
    "an upstream's inside": (
        {
            "error": {
                "message": f"litellm.BadRequestError: OpenAIException - {UPSTREAM}",
                "code": "4",
            }
        },
        ("Not ready", "invalid_request_error", None, "wait"),
    ),
    "plain text": (b"No.", ("No.", None, None, None)),
    "JSON text": ("No.", ("No.", None, None, None)),
    "other JSON": ({"oops": 1}, ('{"oops": 1}', None, None, None)),
    "nothing": (b"", ("Bad Request.", None, None, None)),
    "HTML": (
        b"<html><head><title>\n502 Bad Gateway</title>",
        (
            "The server sent a page of HTML titled '502 Bad Gateway' where JSON was due.",
            None,
            None,
            None,
        ),
    ),
}


@pytest.mark.parametrize("case", BODIES)
def test_each_known_shape_of_an_error_is_read(case: str) -> None:
    body, (message, kind, param, code) = BODIES[case]
    details = describe(answer(body))
    assert (details.message, details.type) == (message, kind)
    assert (details.param, details.code) == (param, code)


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["error", "message", "detail", "msg", "loc", "code", "type", "x"]),
            inner,
        )
    ),
    max_leaves=10,
)


@given(
    body=st.one_of(st.binary(), JSON.map(lambda value: json.dumps(value).encode())),
    status=st.integers(300, 999),
    creates=st.booleans(),
)
def test_no_error_body_whatever_crashes(body: bytes, status: int, creates: bool) -> None:
    error = status_error(answer(body, status), creates=creates)
    assert isinstance(error, APIStatusError)
    assert error.status_code == status
    assert error.message
    assert f"HTTP {status}" in str(error)
    assert isinstance(error.code, str | None)
    assert isinstance(error.param, str | None)


@pytest.mark.parametrize(
    "opening", ['{"detail":', '{"error":{"message":', '{"message":[', "[", '{"x":']
)
def test_no_error_body_however_deep_crashes(opening: str) -> None:
    closing = opening[::-1].translate(str.maketrans("{[", "}]", '":abcdefghijklmnopqrstuvwxyz'))
    for depth in (300, 450, 900):
        body = (opening * depth + '"no"' + closing * depth).encode()
        assert "HTTP 400" in str(status_error(answer(body), creates=False))


def test_a_body_of_a_megabyte_makes_no_message_of_a_megabyte() -> None:
    assert len(str(status_error(answer(b"x" * 1_000_000), creates=False))) < 1000


def test_an_error_carries_what_is_needed_to_act(connect: Connect, serve: Serve) -> None:
    body = {"error": {"message": "Bad.", "type": "t", "param": "size", "code": "c", "more": 1}}
    server = serve([Reply(body, 400, {"x-request-id": "req_1", "Retry-After": "9"})])
    with pytest.raises(openvideos.BadRequestError) as caught:
        connect(server.base_url).videos.retrieve("video_1")
    error = caught.value
    assert (error.message, error.type, error.param, error.code) == ("Bad.", "t", "size", "c")
    assert (error.status_code, error.request_id, error.body) == (400, "req_1", body["error"])
    assert error.response.headers["RETRY-AFTER"] == "9"
    assert str(error) == "Bad. (HTTP 400, param size, code c, request req_1)"


def test_each_status_raises_the_error_of_the_official_name_with_its_body() -> None:
    import httpx2
    import openai

    request = httpx2.Request("GET", "http://127.0.0.1")
    with openai.OpenAI(api_key="x", base_url="http://127.0.0.1") as client:
        for status in (400, 401, 403, 404, 409, 422, 429, 500, 503, 529):
            for body in ({"error": {"message": "No.", "code": "x"}}, {"detail": "No."}):
                official = client._make_status_error_from_response(
                    httpx2.Response(status, json=body, request=request)
                )
                ours = status_error(answer(body, status), creates=False)
                assert type(ours).__name__ == type(official).__name__
                assert (ours.body, ours.status_code) == (official.body, status)


def every_error() -> list[OpenVideosError]:
    video = decoding.video(answer({"id": "video_1", "status": "failed", "error": "x"}))
    job: dict[str, Any] = {"job_id": "video_1", "video": video}
    more: dict[type, dict[str, Any]] = {
        WaitTimeout: {**job, "elapsed": 1.0, "attempts": 2, "last_error": None},
        errors.VideoLost: {**job, "response": answer({"error": "x"}, 404)},
    }
    made: list[OpenVideosError] = []
    for value in vars(errors).values():
        if isinstance(value, type) and issubclass(value, OpenVideosError):
            if issubclass(value, errors.JobError):
                made.append(value("text", **more.get(value, job)))
            elif issubclass(value, errors.APIError):
                response = answer({"error": "x"})
                made.append(value("text", response=response, details=describe(response)))
            else:
                made.append(value("text"))
    return made


def test_every_error_survives_pickling() -> None:
    for error in every_error():
        twin = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert vars(twin).keys() == vars(error).keys()


def test_the_tree_in_the_docstring_is_the_tree_in_the_code() -> None:
    drawn = re.findall(r"^    ((?:[│ ]   )*)(?:[├└]── )?(\w+)", errors.__doc__ or "", re.MULTILINE)
    parents: dict[str, str | None] = {}
    path: list[str] = []
    for indent, name in drawn:
        line = next(
            line for line in (errors.__doc__ or "").splitlines() if re.search(rf"\b{name}\b", line)
        )
        depth = 0 if not re.search("[├└]", line) else len(indent) // 4 + 1
        path[depth:] = [name]
        parents[name] = path[depth - 1] if depth else None
    classes = {
        name: value
        for name, value in vars(errors).items()
        if isinstance(value, type) and issubclass(value, OpenVideosError)
    }
    assert parents == {
        name: None if name == "OpenVideosError" else value.__bases__[0].__name__
        for name, value in classes.items()
    }


SECRET = "sk-very-secret-0123456789"


def talkative(request: Request) -> Reply:
    """Repeats the key that it was sent, as some servers do."""
    key = request.headers.get("authorization", "") + request.headers.get("api-key", "")
    body = {"error": {"message": f"Incorrect API key provided: {key}", "key": key}}
    return Reply(body, 401, {"x-request-id": key})


def talkative_with_200(request: Request) -> Reply:
    return Reply(talkative(request).body)


def talkative_in_html(request: Request) -> Reply:
    return Reply(f"<title>{request.headers['authorization']}</title>".encode())


def test_no_error_log_or_repr_shows_the_key(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    servers = (talkative, talkative_with_200, talkative_in_html)
    urls = [*(serve(server).base_url for server in servers), refusing_url()]
    for url in urls:
        client = connect(url, api_key=SECRET, default_headers={"X-Other": SECRET}, max_retries=0)
        calls: list[Callable[[Any], Any]] = [
            lambda videos: videos.create(prompt="x"),
            lambda videos: videos.list(),
            lambda videos: videos.retrieve("video_1"),
            lambda videos: videos.delete("video_1"),
            lambda videos: videos.download("video_1", tmp_path / "x.mp4"),
            lambda videos: videos.job("video_1").wait(max_wait=1),
        ]
        for call in calls:
            with pytest.raises(OpenVideosError) as caught:
                call(client.videos)
            told = [str(caught.value), repr(caught.value), repr(vars(caught.value))]
            told += traceback.format_exception(caught.value)
            if isinstance(caught.value, APIStatusError):
                told.append(caught.value.response.text)
            assert SECRET not in "".join(told)
        inner: Any = getattr(client, "_inner", client)
        assert SECRET not in repr(inner) + repr(inner.settings)
    own = [
        record for record in caplog.records if not record.name.startswith(("httpcore", "asyncio"))
    ]
    assert SECRET not in "".join(record.getMessage() for record in own)


@pytest.mark.parametrize("key", [f"{SECRET}\n", f" {SECRET}", f"“{SECRET}”", f"{SECRET}\0"])
def test_a_key_that_cannot_be_sent_is_refused_without_being_shown(
    connect: Connect, key: str
) -> None:
    for options in ({"api_key": key}, {"default_headers": {"api-key": key}}):
        if key.startswith(" ") and "default_headers" in options:
            continue
        with pytest.raises(openvideos.InvalidInput, match="printable ASCII") as caught:
            connect("http://127.0.0.1/v1", **options)
        assert SECRET not in str(caught.value)


def test_a_password_in_the_address_is_sent_and_not_shown(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    server = serve([Reply(b"", 405)])
    client = connect(server.base_url.replace("//", "//us%20er:hunter2@"))
    with pytest.raises(openvideos.UnsupportedByServer) as caught:
        client.videos.retrieve("video_1")
    inner: Any = getattr(client, "_inner", client)
    told = [str(caught.value), repr(inner), repr(inner.settings), caught.value.response.url]
    told += [record.getMessage() for record in caplog.records]
    assert "hunter2" not in "".join(told)
    sent = b64decode(server.requests[0].headers["authorization"].removeprefix("Basic "))
    assert sent == b"us er:hunter2"


def test_an_answer_that_names_the_key_in_a_prompt_is_left_as_it_is(
    connect: Connect, serve: Serve
) -> None:
    """Else an id or an address with the word in it would be lost."""
    sent = {"id": "video_vllm-omni", "prompt": "vllm-omni", "status": "queued"}
    client = connect(serve([Reply(sent)]).base_url, api_key="vllm-omni")
    assert client.videos.create(prompt="x").raw == sent


def test_a_job_that_failed_does_not_show_the_key_in_its_reason(
    connect: Connect, serve: Serve
) -> None:
    reason = {"code": "upstream", "message": f"Incorrect API key provided: {SECRET}"}
    failed = {"id": f"video_{SECRET}", "status": "failed", "error": reason}
    server = serve([Reply(failed), Reply({"data": [failed, {**failed, "error": SECRET}]})])
    videos = connect(server.base_url, api_key=SECRET).videos
    with pytest.raises(openvideos.VideoFailed, match=r"provided: \[secret\]") as caught:
        videos.submit(prompt="x").wait()
    assert caught.value.job_id == f"video_{SECRET}"  # else it could not be asked for
    assert caught.value.video is not None
    assert caught.value.video.raw == {
        **failed,
        "error": {"code": "upstream", "message": "Incorrect API key provided: [secret]"},
    }
    for listed in videos.list().data:
        assert listed.id == f"video_{SECRET}"
        assert SECRET not in listed.error.message


def test_an_answer_without_an_end_is_given_up(
    connect: Connect, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    import gzip

    monkeypatch.setattr("openvideos._http.transport._LARGEST_BODY", 1_000_000)
    bomb = gzip.compress(bytes(2_000_000))
    videos = connect(serve([Reply(bomb, headers={"Content-Encoding": "gzip"})]).base_url).videos
    with pytest.raises(openvideos.APIConnectionError, match="larger than"):
        videos.retrieve("video_1", timeout=5)
    with pytest.raises(openvideos.CreateUncertain, match="larger than"):
        videos.create(prompt="x")
    assert len(videos.download_content("video_1").content) == 2_000_000


@pytest.mark.parametrize("location", ["javascript:x", "http://[::1"])
def test_a_redirect_to_what_is_no_address_is_a_broken_answer(
    connect: Connect, serve: Serve, location: str
) -> None:
    videos = connect(
        serve([Reply(b"", 307, {"Location": location})]).base_url, max_retries=0
    ).videos
    with pytest.raises(openvideos.APIConnectionError):
        videos.retrieve("video_1")
    with pytest.raises(openvideos.CreateUncertain):
        videos.create(prompt="x")


def test_a_redirect_that_leads_nowhere_is_not_called_one(connect: Connect, serve: Serve) -> None:
    with pytest.raises(APIStatusError, match=r"^Not Modified\. \(HTTP 304\)$"):
        connect(serve([Reply(b"", 304)]).base_url).videos.retrieve("video_1")
