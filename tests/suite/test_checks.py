"""What the tests look at: parts of a content, leaks, and our own checks in schemathesis."""

from __future__ import annotations

import json
import time
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos_contract.checks.answers import Kind, violations
from openvideos_contract.checks.parts import require_named_parts
from openvideos_contract.contract import Contract
from openvideos_contract.generating.own_checks import (
    content_is_of_its_variant,
    page_keeps_to_its_query,
    video_is_the_one_asked_for,
)
from openvideos_contract.outcome import Nonconformity
from openvideos_contract.wire.exchange import Exchange

CONTRACT = Contract.load(None)
CONTEXT: Any = None  # our checks need no memory of what came before
WHOLE = bytes(range(256)) + b"\r\n--limit\r\n" * 3


def exchange(
    status: int, content: bytes, url: str = "http://server/v1/videos", **headers: str
) -> Exchange:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx.Response(status, content=content, headers=named)
    return Exchange(httpx.Request("GET", url), response, 0.0, "a test", {"KEY": "sk-long-secret"})


def parts(*bounds: tuple[int, int], shift: int = 0) -> Exchange:
    """Return an answer of several parts, each `shift` bytes beside what it names."""
    body = b""
    for first, last in bounds:
        head = f"Content-Type: video/mp4\r\nContent-Range: bytes {first}-{last}/{len(WHOLE)}"
        body += f"\r\n--apart\r\n{head}\r\n\r\n".encode() + WHOLE[first + shift : last + 1 + shift]
    body += b"\r\n--apart--\r\n"
    return exchange(206, body[2:], content_type='multipart/byteranges; boundary="apart"')


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 60)), min_size=1, max_size=4))
def test_parts_that_hold_what_they_name_are_right(bounds: list[tuple[int, int]]) -> None:
    require_named_parts(parts(*((first, first + more) for first, more in bounds)), WHOLE)


def test_a_part_that_holds_other_bytes_than_it_names_is_found() -> None:
    with pytest.raises(Nonconformity, match="a part with just the bytes"):
        require_named_parts(parts((0, 9), (20, 29), shift=1), WHOLE)


def test_a_206_that_names_no_part_is_found() -> None:
    with pytest.raises(Nonconformity):
        require_named_parts(exchange(206, WHOLE[:10], content_type="video/mp4"), WHOLE)


def kinds(answer: Exchange, operation: str) -> set[Kind]:
    known = next(found for found in CONTRACT.operations if found.id == operation)
    return {violation.kind for violation in violations(CONTRACT, known, answer)}


@pytest.mark.parametrize(
    "trace",
    [
        "Traceback (most recent call last):",
        'File "/srv/app.py", line 3, in create',
        "\n    at handle (/srv/app.js:10:5)",
        "\n\tat com.videos.Create.run(Create.java:17)",
        "goroutine 1 [running]:",
        "thread 'main' panicked at src/main.rs:2",
    ],
)
def test_a_stack_trace_is_found_in_whatever_language(trace: str) -> None:
    body = {"error": {"message": trace, "type": "server_error", "param": None, "code": None}}
    answer = exchange(400, json.dumps(body).encode(), content_type="application/json")
    assert Kind.LEAK in kinds(answer, "create_video")


@pytest.mark.parametrize(
    "message",
    [
        "Invalid value: '5'. Supported values are: '4', '8', and '12'.",
        "See the guide at https://example.com/docs (section 3:4).",
        "Video with id 'goroutine' not found in line 3 of the batch.",
    ],
)
def test_a_message_for_people_is_no_stack_trace(message: str) -> None:
    body = {"error": {"message": message, "type": "t", "param": None, "code": None}}
    answer = exchange(400, json.dumps(body).encode(), content_type="application/json")
    assert Kind.LEAK not in kinds(answer, "create_video")


def test_a_long_body_is_looked_through_for_a_stack_trace_in_no_time() -> None:
    answer = exchange(400, b"\n" * 100_000, content_type="text/plain")
    started = time.monotonic()
    assert Kind.LEAK not in kinds(answer, "create_video")
    assert time.monotonic() - started < 5


def test_a_key_in_a_header_is_a_leak() -> None:
    answer = exchange(200, b"{}", content_type="application/json", x_seen="Bearer sk-long-secret")
    assert Kind.LEAK in kinds(answer, "create_video")


@pytest.mark.parametrize(("query", "found"), [("", True), ("?limit=0", False), ("?limit=5", True)])
def test_an_empty_page_that_says_there_is_more_is_found(query: str, *, found: bool) -> None:
    empty: Any = {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": True}
    url = f"http://server/v1/videos{query}"
    answer = exchange(200, json.dumps(empty).encode(), url, content_type="application/json")
    assert (Kind.EMPTY_PAGE in kinds(answer, "list_videos")) == found


def case(operation: str, **query: Any) -> Any:
    definition = SimpleNamespace(raw={"operationId": operation})
    return SimpleNamespace(
        operation=SimpleNamespace(definition=definition),
        query=query,
        path_parameters={"video_id": "a%2Fb"},
    )


def response(body: Any, status: int = 200, **headers: str) -> Any:
    named = {name.replace("_", "-"): [value] for name, value in headers.items()}
    content = body if isinstance(body, bytes) else b""
    return SimpleNamespace(
        status_code=status, headers=named, content=content, json=lambda: json.loads(body)
    )


def page(*videos: tuple[str, int], **fields: Any) -> str:
    data = [{"id": name, "created_at": moment} for name, moment in videos]
    ends = {"first_id": videos[0][0], "last_id": videos[-1][0]} if videos else {}
    return json.dumps({"data": data, **ends, **fields})


@pytest.mark.parametrize(
    ("query", "body"),
    [
        ({"limit": 1}, page(("a", 2), ("b", 1))),
        ({}, page(("a", 1), ("b", 2))),
        ({"order": "asc"}, page(("a", 2), ("b", 1))),
        ({}, page(("a", 2), ("a", 2))),
        ({"after": "a"}, page(("a", 2), ("b", 1))),
        ({}, page(("a", 2), ("b", 1), last_id="a")),
    ],
    ids=["limit", "order", "ascending", "twice", "cursor", "ends"],
)
def test_a_page_that_does_not_keep_to_its_query_is_found(query: dict[str, Any], body: str) -> None:
    with pytest.raises(AssertionError):
        page_keeps_to_its_query(CONTEXT, response(body), case("list_videos", **query))


def test_what_keeps_to_its_request_is_right() -> None:
    asked = case("list_videos", limit="2", order="asc", after="z")
    page_keeps_to_its_query(CONTEXT, response(page(("a", 1), ("b", 1))), asked)
    page_keeps_to_its_query(CONTEXT, response("no JSON"), asked)
    video_is_the_one_asked_for(CONTEXT, response('{"id": "a/b"}'), case("retrieve_video"))
    part = response(b"1234567890", 206, content_type="video/mp4", content_range="bytes 0-9/99")
    content_is_of_its_variant(CONTEXT, part, case("download_video_content", variant="video"))


def test_what_does_not_is_found() -> None:
    download = case("download_video_content")
    with pytest.raises(AssertionError, match="b for a/b"):
        video_is_the_one_asked_for(CONTEXT, response('{"id": "b"}'), case("retrieve_video"))
    with pytest.raises(AssertionError, match="image/webp"):
        content_is_of_its_variant(CONTEXT, response(b"x", content_type="image/webp"), download)
    part = response(b"1" * 10, 206, content_type="video/mp4", content_range="bytes 0-7/99")
    with pytest.raises(AssertionError, match="10 bytes"):
        content_is_of_its_variant(CONTEXT, part, download)
    with pytest.raises(AssertionError, match="without a byte"):
        content_is_of_its_variant(CONTEXT, response(b"", content_type="video/mp4"), download)


def test_what_was_seen_is_told_in_one_line_however_the_server_writes_its_json() -> None:
    body = json.dumps({"error": {"message": "no such"}}, indent=2).encode()
    answer = exchange(404, body, content_type="application/json")
    assert answer.summary == '404 application/json { "error": { "message": "no such" } }'
