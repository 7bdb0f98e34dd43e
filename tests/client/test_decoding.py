"""What servers send is read, whatever they left out, added, or spelt in their own way."""

from __future__ import annotations

import copy
import json
import pickle
from contextlib import suppress
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openvideos import (
    APIResponseValidationError,
    Character,
    Response,
    Video,
    VideoDeleted,
)
from openvideos._protocol import decoding as decoding
from openvideos_api.types import UNSET, Unset

from .conftest import Connect, Serve, by_one_kind
from .faulty_server import Reply

FIELDS = [
    "id",
    "object_",
    "model",
    "status",
    "progress",
    "created_at",
    "completed_at",
    "expires_at",
    "prompt",
    "size",
    "seconds",
    "remixed_from_video_id",
    "error",
]


def response(body: Any, headers: dict[str, str] | None = None) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(200, headers or {}, content, "GET", "http://127.0.0.1/v1/videos")


def video(**fields: Any) -> Video:
    return decoding.video(response({"id": "video_1", **fields}))


SPELLINGS = [
    ("seconds", 4, "4"),
    ("seconds", 4.0, "4"),
    ("seconds", 4.04, "4.04"),
    ("seconds", "4.04", "4.04"),
    ("seconds", "", None),
    ("seconds", None, None),
    ("size", "", None),
    ("size", "auto", "auto"),
    ("model", 7, "7"),
    ("model", {"name": "x"}, None),
    ("prompt", "", ""),
    ("progress", 0.5, 50),
    ("progress", None, None),
    ("progress", 41.9, 41),
    ("progress", "41%", 41),
    ("progress", 1, 1),
    ("progress", -3, 0),
    ("progress", 250, 100),
    ("progress", True, None),
    ("progress", [], None),
    ("created_at", 1_800_000_000, 1_800_000_000),
    ("created_at", 1_800_000_000.7, 1_800_000_000),
    ("created_at", 1_800_000_000_000, 1_800_000_000),
    ("created_at", 1_800_000_000_000_000, 1_800_000_000),
    ("created_at", "1800000000", 1_800_000_000),
    ("created_at", "2027-01-15T08:00:00Z", 1_800_000_000),
    ("created_at", "2027-01-15T09:00:00+01:00", 1_800_000_000),
    ("created_at", "2027-01-15T08:00:00", 1_800_000_000),
    ("created_at", "tomorrow", None),
    ("created_at", 0, None),
    ("created_at", -1, None),
    ("expires_at", 253_402_300_799, 253_402_300_799),
    ("object_", "video", None),
]


@pytest.mark.parametrize(("field", "sent", "read"), SPELLINGS, ids=str)
def test_each_known_slip_is_read_as_what_it_means(field: str, sent: Any, read: Any) -> None:
    decoded = video(**{field: sent})
    assert getattr(decoded, field) == read
    assert decoded.raw[field] == sent


def test_a_job_in_an_envelope_has_its_own_status() -> None:
    job = {"task_id": "task_1", "status": "IN_PROGRESS", "created_at": 1_800_000_000}
    for envelope in ({"code": "success", "message": ""}, {"status": "success"}):
        body = json.dumps({**envelope, "data": job}).encode()
        for decoded in (decoding.video(response(body)), decoding.video(response(body), "task_1")):
            assert (decoded.id, decoded.status) == ("task_1", "in_progress")
            assert decoded.raw == job


STATUSES = {
    "queued": "queued pending submitted NOT_START not-start notstarted preparing created starting "
    "unknown throttled",
    "in_progress": "in_progress processing RUNNING generating postprocessing In_Progress",
    "completed": "completed complete SUCCESS succeeded succeed finished done",
    "failed": "failed FAILURE fail error",
    "cancelled": "cancelled canceled",
    "expired": "expired",
    "deleted": "deleted",
}


@pytest.mark.parametrize(
    ("word", "status"), [(word, s) for s, words in STATUSES.items() for word in words.split()]
)
def test_each_word_for_a_status_is_understood(word: str, status: str) -> None:
    assert video(status=word).status == status


@pytest.mark.parametrize("absent", [{}, {"status": None}, {"status": ""}, {"status": 3}])
def test_a_job_without_a_status_has_yet_to_begin(absent: dict[str, Any]) -> None:
    assert video(**absent).status == "queued"


def test_a_word_that_nobody_knows_stands_as_it_was_sent() -> None:
    assert video(status="Daydreaming").status == "Daydreaming"


@pytest.mark.parametrize(
    ("sent", "code", "message"),
    [
        ("it broke", None, "it broke"),
        ({"message": "it broke"}, None, "it broke"),
        ({"code": 500, "message": "it broke"}, "500", "it broke"),
        ({"code": "x", "param": "size"}, "x", None),
    ],
)
def test_the_reason_of_a_failure_is_read_in_all_its_forms(
    sent: Any, code: str | None, message: str | None
) -> None:
    error = video(status="failed", error=sent).error
    assert error is not None
    assert (error.code, error.message) == (code, message)


@pytest.mark.parametrize("sent", [None, {}, "", [], False, 3])
def test_no_reason_is_no_reason(sent: Any) -> None:
    assert video(error=sent).error is None


def test_other_names_of_a_field_are_known() -> None:
    decoded = decoding.video(response({"task_id": "task_1", "created": 9, "duration": 4.0}))
    assert (decoded.id, decoded.created_at, decoded.seconds) == ("task_1", 9, "4")


def test_three_fields_are_enough() -> None:
    decoded = video(status="processing", created_at=9)
    values = {name: getattr(decoded, name) for name in FIELDS}
    assert {name for name, value in values.items() if value is not None} == {
        "id",
        "status",
        "created_at",
    }


def test_what_the_protocol_does_not_know_is_kept_and_can_be_read() -> None:
    decoded = video(quality="standard", usage={"seconds": 4})
    extended: Any = decoded
    assert extended.quality == "standard"
    assert decoded["usage"] == {"seconds": 4}
    assert decoded.to_dict()["quality"] == "standard"
    with pytest.raises(AttributeError, match="'progres', and the server sent none"):
        _ = extended.progres


@pytest.mark.parametrize(
    "sent",
    [
        {"url": "https://x/1.mp4"},
        {"metadata": {"url": "https://x/1.mp4"}},
        {"videos": [{"type": "url", "url": "https://x/1.mp4"}]},
        {"data": [{"url": "https://x/1.mp4"}]},
    ],
)
def test_an_address_of_the_file_is_found_where_a_server_gives_one(sent: dict[str, Any]) -> None:
    assert video(**sent).url == "https://x/1.mp4"


@pytest.mark.parametrize(
    "sent", [{}, {"url": None}, {"metadata": {"url": "it failed"}}, {"videos": []}, {"data": "x"}]
)
def test_where_there_is_no_address_there_is_none(sent: dict[str, Any]) -> None:
    assert video(**sent).url is None


def test_a_video_is_written_out_by_the_names_of_the_official_sdk() -> None:
    decoded = video(status="queued", prompt="日本", quality="hd")
    assert decoded.model_dump() == decoded.to_dict()
    assert decoded.model_dump(exclude_none=True) == {
        "id": "video_1",
        "status": "queued",
        "prompt": "日本",
        "quality": "hd",
    }
    assert json.loads(decoded.to_json()) == decoded.to_dict()
    assert "日本" in decoded.to_json()
    assert "\n" not in decoded.model_dump_json()
    assert decoded.model_dump(mode="json") == dict(decoded) == decoded.to_dict()
    assert video(object="video").object == "video"
    assert decoding.deletion(response({"object": "video.deleted"}), "x").object == "video.deleted"


def test_a_video_survives_copying_and_pickling() -> None:
    decoded = video(status="failed", error="x", quality="hd")
    twin: Any
    for twin in (copy.deepcopy(decoded), pickle.loads(pickle.dumps(decoded))):  # noqa: S301 - our own
        assert twin == decoded
        assert twin.raw == decoded.raw
        assert twin.quality == "hd"


def test_the_request_id_comes_along() -> None:
    headers = {"x-request-id": "req_1"}
    body = {"id": "x", "data": [{"id": "y"}]}
    assert decoding.video(response(body, headers)).request_id == "req_1"
    assert decoding.video(response(body, headers))._request_id == "req_1"
    assert decoding.video_list(response(body, headers)).request_id == "req_1"
    assert decoding.character(response(body, headers)).request_id == "req_1"
    assert decoding.deletion(response(body, headers), "x").request_id == "req_1"


DELETIONS = [
    ({"id": "video_1", "object": "video.deleted", "deleted": True}, True),
    ({"deleted": True}, True),
    ({"deleted": False}, False),
    ({"id": "video_1", "object": "video", "status": "deleted"}, True),
    ({"id": "video_1", "object": "video", "status": "in_progress"}, False),
    ({"status": "success"}, True),
    ({}, True),
    (b"", True),
    (b"OK", True),
    ([], True),
]


@pytest.mark.parametrize(("sent", "deleted"), DELETIONS, ids=str)
def test_a_deletion_is_done_unless_the_answer_says_otherwise(sent: Any, deleted: bool) -> None:
    decoded = decoding.deletion(response(sent), "video_1")
    assert isinstance(decoded, VideoDeleted)
    assert (decoded.id, decoded.deleted) == ("video_1", deleted)


@pytest.mark.parametrize("sent", [{"error": {"message": "No."}}, {"error": "No."}, b"<html>"])
def test_an_error_in_place_of_a_deletion_is_no_deletion(sent: Any) -> None:
    with pytest.raises(APIResponseValidationError, match="error all the same"):
        decoding.deletion(response(sent), "video_1")


def test_a_wrong_byte_in_a_prompt_costs_no_job() -> None:
    decoded = decoding.video(response(b'{"id": "video_1", "prompt": "caf\xe9"}'))
    assert (decoded.id, decoded.prompt) == ("video_1", "caf\ufffd")


@pytest.mark.parametrize(
    "sent", [b"<html>", b"", b"\xff", [], 7, None, "x", {"error": {"message": "no"}}, {"x": 1}]
)
def test_an_answer_that_is_no_video_is_told_so(sent: Any) -> None:
    with pytest.raises(APIResponseValidationError, match="speaks the Videos protocol"):
        decoding.video(response(sent))


def test_a_page_may_be_a_bare_list_or_lack_everything_but_ids() -> None:
    for body in ([{"id": "a"}], {"data": [{"id": "a"}]}):
        page = decoding.video_list(response(body))
        assert [item.id for item in page.data] == ["a"]
        assert (page.first_id, page.last_id, page.has_more) == (None, None, None)
    assert decoding.video_list(response({"data": None})).data == []
    for broken in ({"data": "x"}, {"data": [1]}, b"<html>", {}, {"id": "a", "status": "queued"}):
        with pytest.raises(APIResponseValidationError):
            decoding.video_list(response(broken))


JSON: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
NAMES = st.sampled_from([*(name.rstrip("_") for name in FIELDS), "task_id", "created", "duration"])


@settings(max_examples=50)
@given(st.dictionaries(NAMES, JSON, max_size=6))
def test_no_value_of_any_field_crashes_and_all_come_out_typed(fields: dict[str, Any]) -> None:
    decoded = decoding.video(response({"id": "x", **fields}), known_id="video_1")
    assert isinstance(decoded.status, str)
    for name in ("progress", "created_at", "completed_at", "expires_at"):
        value = getattr(decoded, name)
        assert value is None or type(value) is int
    for name in ("object_", "model", "prompt", "size", "seconds", "remixed_from_video_id"):
        value = getattr(decoded, name)
        assert value is None or isinstance(value, str)
    assert decoded.error is None or decoded.error.message is None or decoded.error.message
    assert not any(isinstance(getattr(decoded, name), Unset) for name in FIELDS)
    decoded.to_json()


@given(st.one_of(st.binary(), JSON.map(lambda value: json.dumps(value).encode())))
def test_no_body_crashes_any_decoder(body: bytes) -> None:
    deletion = partial(decoding.deletion, video_id="video_1")
    for decode in (decoding.video, decoding.video_list, decoding.character, deletion):
        with suppress(APIResponseValidationError):
            decode(response(body))
    decoding.carries_video(response(body), "video_1")


def test_what_stands_for_absence_below_never_comes_up(connect: Connect, serve: Serve) -> None:
    videos = connect(serve([Reply({"id": "video_1"})]).base_url).videos
    character = videos.get_character("char_1")
    assert isinstance(character, Character)
    for model in (videos.retrieve("video_1"), character, videos.delete("video_1")):
        assert UNSET not in model.to_dict().values()
        copy.deepcopy(model)


def test_a_retrieved_job_keeps_the_id_that_was_asked_for(connect: Connect, serve: Serve) -> None:
    videos = connect(serve([Reply({"id": "internal", "status": "queued"})]).base_url).videos
    retrieved = videos.retrieve("video_1")
    assert (retrieved.id, retrieved.raw["id"]) == ("video_1", "internal")


NASTY = ["a/b", "openai:video_1", "dmlkZW8=" * 33 + "==", "100%", "a b", "ü", "a?b#c", "%2F"]


@by_one_kind
@pytest.mark.parametrize("video_id", NASTY)
def test_any_id_is_one_segment_of_the_path(connect: Connect, serve: Serve, video_id: str) -> None:
    from urllib.parse import unquote

    server = serve([Reply({"id": "video_1"})])
    videos = connect(server.base_url).videos
    videos.retrieve(video_id)
    videos.remix(video_id, prompt="x")
    for request, ending in zip(server.requests, ["", "/remix"], strict=True):
        segments = request.target.removesuffix(ending).split("/")
        assert len(segments) == 4
        assert unquote(segments[-1]) == video_id
