"""Whether a request is sent again, and when: the rules by themselves, and on the wire."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos import APIConnectionError, APIStatusError, Response
from openvideos._http.pauses import poll_after, retry_after
from openvideos._http.retries import LONGEST_PAUSE, pause_before_retry

from .conftest import Connect, Serve
from .fake_clock import FakeClock
from .faulty_server import Answer, Reply, Reset

NOW = 1_800_000_000.0


def pause(outcome: Any, **how: Any) -> float | None:
    if isinstance(outcome, int):
        outcome = Response(outcome, how.pop("headers", {}), b"", "GET", "http://127.0.0.1/")
    settings: dict[str, Any] = {"creates": False, "attempt": 0, "max_retries": 2, "chance": 0.0}
    return pause_before_retry(outcome, now=NOW, **{**settings, **how})


@pytest.mark.parametrize("status", [408, 425, 429, 500, 502, 503, 504, 529])
def test_what_reads_is_repeated_after_what_passes(status: int) -> None:
    assert pause(status) == 0.5


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 409, 410, 422, 501])
def test_what_reads_is_not_repeated_after_a_plain_no(status: int) -> None:
    assert pause(status) is None


def test_a_conflict_is_repeated_where_the_server_says_when() -> None:
    assert pause(409, headers={"retry-after": "2"}) == 2


def test_the_servers_word_on_retrying_counts() -> None:
    assert pause(500, headers={"x-should-retry": "false"}) is None
    assert pause(400, headers={"x-should-retry": "true"}) == 0.5
    assert pause(500, headers={"x-should-retry": "perhaps"}) == 0.5


def test_a_server_that_asks_for_more_than_a_minute_is_answered_by_giving_up() -> None:
    assert pause(429, headers={"retry-after": "60"}) == LONGEST_PAUSE
    assert pause(429, headers={"retry-after": "61"}) is None


def test_pauses_double_up_to_eight_seconds_and_differ_between_clients() -> None:
    own = [pause(500, attempt=attempt, max_retries=9999) for attempt in (0, 1, 2, 3, 4, 5, 5000)]
    assert own == [0.5, 1, 2, 4, 8, 8, 8]
    assert pause(500, chance=0.5) == pytest.approx(0.4375)


@given(
    status=st.integers(100, 599),
    asked=st.none() | st.text(max_size=8) | st.floats().map(str),
    should=st.sampled_from([None, "true", "false"]),
)
def test_a_create_is_never_repeated_after_any_answer_but_429(
    status: int, asked: str | None, should: str | None
) -> None:
    headers = {"retry-after": asked, "x-should-retry": should}
    given_headers = {name: value for name, value in headers.items() if value is not None}
    seconds = pause(status, headers=given_headers, creates=True)
    assert seconds is None or (status == 429 and 0 <= seconds <= LONGEST_PAUSE)


@pytest.mark.parametrize("sent", [True, False])
@pytest.mark.parametrize("creates", [True, False])
def test_a_create_is_repeated_after_no_answer_only_if_it_was_never_sent(
    sent: bool, creates: bool
) -> None:
    seconds = pause(APIConnectionError("broken", sent=sent), creates=creates)
    assert (seconds is None) == (creates and sent)


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "5"}, 5),
        ({"retry-after": "0.5"}, 0.5),
        ({"retry-after": format_datetime(datetime.fromtimestamp(NOW + 9, UTC), usegmt=True)}, 9),
        ({"retry-after": format_datetime(datetime.fromtimestamp(NOW - 9, UTC), usegmt=True)}, 0),
        ({"retry-after-ms": "1500", "retry-after": "5"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "5"}, 5),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "Wed, 99 Foo 20226 99:99:99 GMT"}, None),
        ({}, None),
    ],
)
def test_a_servers_pause_is_read_in_all_its_spellings(
    headers: dict[str, str], seconds: float | None
) -> None:
    assert retry_after(headers, NOW) == seconds
    assert poll_after(headers, NOW) == seconds
    assert poll_after({**headers, "openai-poll-after-ms": "250"}, NOW) == 0.25


@given(st.dictionaries(st.sampled_from(["retry-after", "retry-after-ms"]), st.text()))
def test_no_header_whatever_crashes(headers: dict[str, str]) -> None:
    seconds = retry_after(headers, NOW)
    assert seconds is None or seconds >= 0


VIDEO = Reply({"id": "video_1", "status": "queued"})
READS: dict[str, tuple[Callable[[Any], Any], Reply]] = {
    "retrieve": (lambda videos: videos.retrieve("video_1"), VIDEO),
    "list": (lambda videos: videos.list(), Reply({"data": []})),
    "delete": (lambda videos: videos.delete("video_1"), Reply({"deleted": True})),
    "content": (lambda videos: videos.download_content("video_1"), Reply(b"\0\0\0\x18ftypmp42")),
    "character": (lambda videos: videos.get_character("char_1"), Reply({"id": "char_1"})),
}
FAULTS: dict[str, Answer] = {
    "reset": Reset(),
    "cut off": Reply({"id": "video_1"}, cut_after=3),
    "no length, cut off": Reply(
        b"5\r\nab", headers={"transfer-encoding": "chunked", "content-length": ""}
    ),
    "html": Reply(b"<html>", status=502),
    "overloaded": Reply(b"", status=529),
    "too many": Reply({"error": {"message": "Slow down."}}, status=429),
}


@pytest.mark.parametrize("operation", READS)
def test_what_reads_survives_two_faults(connect: Connect, serve: Serve, operation: str) -> None:
    call, good = READS[operation]
    server = serve([FAULTS["reset"], FAULTS["html"], good])
    call(connect(server.base_url).videos)
    assert len(server.requests) == 3


@pytest.mark.parametrize("fault", FAULTS)
def test_what_reads_survives_each_fault_twice_and_not_three_times(
    connect: Connect, serve: Serve, fault: str
) -> None:
    server = serve([FAULTS[fault], FAULTS[fault], VIDEO, FAULTS[fault]])
    videos = connect(server.base_url).videos
    videos.retrieve("video_1")
    assert len(server.requests) == 3
    with pytest.raises((APIConnectionError, APIStatusError)):
        videos.retrieve("video_1")
    assert len(server.requests) == 6


def test_what_reads_and_deletes_carries_neither_a_body_nor_a_content_type(
    connect: Connect, serve: Serve
) -> None:
    for call, good in READS.values():
        server = serve([good])
        call(connect(server.base_url).videos)
        assert server.requests[0].body == b""
        assert "content-type" not in server.requests[0].headers


def test_no_retries_are_made_where_none_are_wanted(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    server = serve([Reset()])
    with pytest.raises(APIConnectionError):
        connect(server.base_url, max_retries=0).videos.retrieve("video_1")
    assert (len(server.requests), clock.sleeps) == (1, [])
