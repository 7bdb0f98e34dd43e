"""What a client must tolerate of the servers that there are, rule by rule, as they really answer.

Each rule by its number, over a real socket. Rules 9 to 15, of downloads, and 20, of lists, have
their tests beside those of their subjects; the last test here sees to it that none is without.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openvideos import (
    APIStatusError,
    ConflictError,
    CreateUncertain,
    NotFoundError,
    OpenVideos,
    RateLimitError,
    ReferenceMayBeDropped,
    UnsupportedByServer,
    VideoCancelled,
    VideoExpired,
    VideoFailed,
    VideoLost,
    VideoWasDeleted,
    WaitTimeout,
)

from .conftest import Connect, Serve, by_one_kind
from .fake_clock import FakeClock
from .faulty_server import Answer, Reply, Request, Reset

QUEUED = {"id": "video_1", "object": "video", "status": "queued", "progress": 0}
RUNNING = {**QUEUED, "status": "in_progress", "progress": 40}
DONE = {**QUEUED, "status": "completed", "progress": 100}


@pytest.mark.parametrize(
    "answer",
    [
        Reply({"id": "7f0c", "object": "video", "status": "queued", "duration": None}, 202),
        Reply({"task_id": "task_1", "status": "NOT_START"}, 200),
        Reply({"task_id": "task_1", "status": "queued", "message": "accepted"}, 200),
        Reply({"id": "v", "status": "processing", "url": None}, 201),
        Reply({"id": "v"}, 200),
    ],
    ids=["202", "task_id", "task_id and message", "three fields", "an id alone"],
)
def test_rule_01_any_2xx_with_an_id_is_a_job(connect: Connect, serve: Serve, answer: Reply) -> None:
    video = connect(serve([answer]).base_url).videos.create(prompt="x")
    assert video.id == answer.body.get("id", answer.body.get("task_id"))
    assert video.status in {"queued", "in_progress"}
    assert video.model is None


LOOSE: list[dict[str, Any]] = [
    {"seconds": 4, "size": "", "progress": None, "created_at": 0, "error": "Out of memory."},
    {"seconds": 4.04, "size": None, "progress": 0.5, "created": 1_800_000_000, "error": {}},
    {"duration": 4.0, "size": "auto", "progress": "50%", "error": {"message": "No."}},
    {"seconds": "", "expires_at": 253402300799, "error": {"code": 500, "message": "No."}},
]


@pytest.mark.parametrize("fields", LOOSE, ids=str)
def test_rule_02_every_field_but_the_id_may_be_anything_or_missing(
    connect: Connect, serve: Serve, fields: dict[str, Any]
) -> None:
    sent = {"id": "v", "status": "failed", "inference_time_s": 3.5, **fields}
    video = connect(serve([Reply(sent)]).base_url).videos.retrieve("v")
    assert video.seconds in {"4", "4.04", None}
    assert video.progress in {50, None}
    assert video.created_at in {1_800_000_000, None}
    assert video.error is None or video.error.message in {"Out of memory.", "No."}
    assert video.error is None or video.error.code in {"500", None}
    assert (video.raw, video.inference_time_s) == (sent, 3.5)


NASTY = ["openai:video_a", "a" * 264 + "==", "models/veo/operations/1", "a b", "7F0C-é"]


@pytest.mark.parametrize("video_id", NASTY, ids=lambda value: value[:12])
def test_rule_03_the_id_of_the_create_is_the_id_and_one_segment_of_a_path(
    connect: Connect, serve: Serve, video_id: str
) -> None:
    renamed = {**DONE, "id": "another-and-unusable"}
    server = serve([Reply({**QUEUED, "id": video_id}), Reply(renamed), Reply(renamed)])
    videos = connect(server.base_url).videos
    job = videos.submit(prompt="x")
    assert job.wait().id == job.id == video_id
    assert videos.retrieve(video_id).id == video_id
    for request in server.requests[1:]:
        assert request.path.count("/") == 3
        assert "/" not in request.path.removeprefix("/v1/videos/")


WORDS = {
    "queued": "queued pending submitted NOT_START notstarted preparing created starting unknown",
    "in_progress": "in_progress IN_PROGRESS processing running generating postprocessing",
    "completed": "completed complete SUCCESS succeeded succeed finished done",
    "failed": "failed FAILURE fail error",
    "cancelled": "cancelled canceled",
    "expired": "expired",
    "deleted": "deleted",
}


def test_rule_04_each_word_for_a_status_is_understood(connect: Connect, serve: Serve) -> None:
    pairs = [(word, status) for status, words in WORDS.items() for word in words.split()]
    answers: list[Answer] = [Reply({**QUEUED, "status": word}) for word, _ in pairs]
    videos = connect(serve(answers).base_url).videos
    assert [videos.retrieve("v").status for _ in pairs] == [status for _, status in pairs]


@by_one_kind
@pytest.mark.parametrize(
    ("word", "kind"),
    [("canceled", VideoCancelled), ("expired", VideoExpired), ("deleted", VideoWasDeleted)],
)
def test_rule_04_other_ends_have_errors_of_their_own(
    connect: Connect, serve: Serve, word: str, kind: type[Exception]
) -> None:
    with pytest.raises(kind):
        connect(serve([Reply({**QUEUED, "status": word})]).base_url).videos.job("v").wait()


def test_rule_04_a_word_that_nobody_knows_is_waited_on_and_named_in_the_end(
    connect: Connect, serve: Serve
) -> None:
    videos = connect(serve([Reply({**QUEUED, "status": "Upscaling"})]).base_url).videos
    with pytest.raises(WaitTimeout, match="'Upscaling', which is not known"):
        videos.job("v").wait(max_wait=100)


@pytest.mark.parametrize("status", [500, 422, 400])
def test_rule_05_an_error_status_that_carries_the_job_is_its_state(
    connect: Connect, serve: Serve, status: int
) -> None:
    failed = {**QUEUED, "status": "failed", "error": {"code": 500, "message": "CUDA is out."}}
    server = serve([Reply(QUEUED), Reply(failed, status)])
    videos = connect(server.base_url).videos
    with pytest.raises(VideoFailed, match=r"CUDA is out\."):
        videos.submit(prompt="x").wait()
    assert len(server.requests) == 2
    assert videos.retrieve("video_1").status == "failed"
    assert videos.poll("video_1").status == "failed"


@by_one_kind
def test_rule_05_an_error_with_an_id_and_a_status_of_its_own_is_not_the_job(
    connect: Connect, serve: Serve
) -> None:
    error = {"id": "req_1", "status": "error", "error": {"message": "upstream is busy"}}
    for refusal in (Reply(error, 502), Reply({**error, "id": None}, 429)):
        videos = connect(serve([refusal, Reply(DONE)]).base_url).videos
        assert videos.job("video_1").wait().status == "completed"
    unnamed = {"id": "video_1", "status": "failed", "error": "CUDA is out."}
    with pytest.raises(VideoFailed, match=r"CUDA is out\."):
        connect(serve([Reply(unnamed, 500)]).base_url).videos.job("video_1").wait()


def test_rule_06_a_create_that_answers_a_finished_job_is_not_polled(
    connect: Connect, serve: Serve
) -> None:
    at_once = {
        "id": "req_1",
        "object": "video",
        "created": 1_800_000_000,
        "status": "completed",
        "data": [{"url": "https://example.com/video.mp4"}],
        "inference_time_s": 12.5,
    }
    server = serve([Reply(at_once)])
    videos = connect(server.base_url).videos
    assert videos.submit(prompt="x").wait().url == "https://example.com/video.mp4"
    assert videos.create_and_poll(prompt="x").created_at == 1_800_000_000
    assert [request.method for request in server.requests] == ["POST", "POST"]


@by_one_kind
def test_rule_07_progress_promises_nothing(connect: Connect, serve: Serve) -> None:
    full = {**RUNNING, "progress": 100}
    server = serve([Reply(full), Reply({**RUNNING, "progress": None}), Reply(DONE)])
    assert connect(server.base_url).videos.job("v").wait().status == "completed"
    assert len(server.requests) == 3
    done = {"id": "v", "status": "completed"}
    assert connect(serve([Reply(done)]).base_url).videos.job("v").wait().progress is None
    failed = {**RUNNING, "status": "failed", "progress": 99}
    with pytest.raises(VideoFailed):
        connect(serve([Reply(failed)]).base_url).videos.job("v").wait()


def test_rule_08_where_no_header_says_how_often_to_ask_the_client_has_its_own_way(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    server = serve([*[Reply(RUNNING)] * 30, Reply(DONE)])
    connect(server.base_url).videos.job("v").wait()
    assert clock.sleeps == sorted(clock.sleeps)
    assert [clock.sleeps[0], clock.sleeps[-1]] == pytest.approx([11, 20])
    del clock.sleeps[:]
    asked = Reply(RUNNING, headers={"openai-poll-after-ms": "2000"})
    connect(serve([asked, asked, Reply(DONE)]).base_url).videos.job("v").wait()
    assert clock.sleeps == [2, 2]


ERRORS: list[tuple[Any, str, str | None]] = [
    ({"error": {"message": "No.", "type": "x", "param": "size", "code": "c"}}, "No.", "c"),
    ({"error": {"message": "No.", "code": 400}}, "No.", "400"),
    ({"detail": "No."}, "No.", None),
    ({"detail": [{"loc": ["body", "size"], "msg": "No."}]}, "size: No.", None),
    ({"object": "error", "message": "No.", "type": "x", "code": 400}, "No.", "400"),
    ({"code": "task_failed", "message": "No.", "data": None}, "No.", "task_failed"),
    ({"error": "No."}, "No.", None),
    (b"No.", "No.", None),
    (
        {"error": {"message": 'OpenAI: {"error": {"message": "No.", "code": "c"}}', "code": "400"}},
        "No.",
        "c",
    ),
]


@by_one_kind
@pytest.mark.parametrize(("body", "message", "code"), ERRORS, ids=lambda value: str(value)[:50])
def test_rule_16_an_error_is_read_in_every_shape(
    connect: Connect, serve: Serve, body: Any, message: str, code: str | None
) -> None:
    with pytest.raises(APIStatusError) as caught:
        connect(serve([Reply(body, 400)]).base_url).videos.create(prompt="x")
    assert (caught.value.message, caught.value.code) == (message, code)


MISSING: list[Answer] = [
    Reply({"detail": "Not Found"}, 404),
    Reply({"detail": "Method Not Allowed"}, 405),
    Reply({"error": {"message": "Not implemented"}}, 501),
    Reply(b"404 page not found", 404),
]


@by_one_kind
@pytest.mark.parametrize("answer", MISSING, ids=str)
def test_rule_17_a_missing_operation_is_told_from_an_unknown_id(
    connect: Connect, serve: Serve, answer: Answer
) -> None:
    videos = connect(serve([answer]).base_url).videos
    attempts: tuple[Callable[[], object], ...] = (
        lambda: videos.remix("v", prompt="x"),
        lambda: videos.edit(prompt="x", video="v"),
        lambda: videos.extend(prompt="x", video="v", seconds=4),
        lambda: videos.list(),
        lambda: videos.delete("v"),
    )
    for attempt in attempts:
        with pytest.raises(UnsupportedByServer, match="does not offer this operation"):
            attempt()
    unknown = Reply({"detail": "Video not found"}, 404)
    with pytest.raises(NotFoundError) as caught:
        connect(serve([unknown]).base_url).videos.retrieve("v")
    assert not isinstance(caught.value, UnsupportedByServer)


GONE: dict[str, list[Answer]] = {
    "the protocol's": [Reply({"id": "v", "object": "video.deleted", "deleted": True})],
    "the video, deleted": [Reply({"id": "v", "object": "video", "status": "deleted"})],
    "deleted alone": [Reply({"deleted": True})],
    "nothing": [Reply(b"", 204)],
    "lost, then unknown": [Reset(), Reply({"detail": "Video not found"}, 404)],
    "502, then unknown": [Reply(b"<html>", 502), Reply({"error": {"message": "No v."}}, 404)],
}


@pytest.mark.parametrize("case", GONE)
def test_rule_18_a_deletion_is_done_in_each_of_these_ways(
    connect: Connect, serve: Serve, case: str
) -> None:
    server = serve(GONE[case])
    deleted = connect(server.base_url).videos.delete("v")
    assert (deleted.id, deleted.deleted) == ("v", True)
    for request in server.requests:
        assert (request.method, request.body) == ("DELETE", b"")
        assert "content-type" not in request.headers


def test_rule_18_a_deletion_is_not_done_in_any_of_these(connect: Connect, serve: Serve) -> None:
    said = {"id": "v", "object": "video.deleted", "deleted": False}
    assert connect(serve([Reply(said)]).base_url).videos.delete("v").deleted is False
    refusals: list[tuple[list[Answer], type[Exception]]] = [
        ([Reply({"detail": "Method Not Allowed"}, 405)], UnsupportedByServer),
        ([Reply({"error": {"message": "It is running."}}, 409)], ConflictError),
        ([Reply({"detail": "Video not found"}, 404)], NotFoundError),
        ([Reset(), Reply({"detail": "Not Found"}, 404)], UnsupportedByServer),
    ]
    for answers, kind in refusals:
        with pytest.raises(kind):
            connect(serve(answers).base_url).videos.delete("v")


def test_rule_19_a_deletion_is_not_taken_for_the_end_of_the_work(
    connect: Connect, serve: Serve
) -> None:
    def answer(request: Request) -> Answer:
        if request.method == "DELETE":
            return Reply({**RUNNING, "status": "deleted"})
        return Reply({**RUNNING, "status": "deleted" if len(server.requests) > 2 else "completed"})

    server = serve(answer)
    videos = connect(server.base_url).videos
    assert videos.delete("v").deleted is True
    assert len(server.requests) == 1
    assert "works on, unseen" in (OpenVideos(base_url="http://x").videos.delete.__doc__ or "")
    # What the server says of the job afterwards is what counts, whatever was deleted.
    assert videos.job("v").wait().status == "completed"
    with pytest.raises(VideoWasDeleted):
        videos.job("v").wait()


def test_rule_21_what_a_server_wants_beyond_the_protocol_goes_along_with_everything(
    connect: Connect, serve: Serve
) -> None:
    server = serve([Reply(QUEUED), Reply(RUNNING), Reply(DONE)])
    videos = connect(
        server.base_url,
        default_query={"custom_llm_provider": "openai"},
        default_headers={"X-Tenant": "7"},
    ).videos
    videos.submit(prompt="x", extra_body={"fps": 24}, extra_query={"trace": "1"}).wait()
    for request in server.requests:
        assert request.query["custom_llm_provider"] == ["openai"]
        assert request.headers["x-tenant"] == "7"
    assert server.requests[0].fields() == {"prompt": "x", "fps": "24"}
    assert server.requests[0].query["trace"] == ["1"]


def test_rule_22_a_form_is_the_rule_and_json_where_the_server_reads_no_form(
    connect: Connect, serve: Serve
) -> None:
    def reads_json_only(request: Request) -> Answer:
        if request.headers["content-type"] != "application/json":
            return Reply(b"Expected request with `Content-Type: application/json`", 415)
        return Reply(QUEUED)

    server = serve(reads_json_only)
    videos = connect(server.base_url).videos
    for _ in range(3):
        videos.create(prompt="x", seconds=4)
    is_json = [each.headers["content-type"] == "application/json" for each in server.requests]
    assert is_json == [False, True, True, True]

    loses = serve([Reply({"error": {"message": "'prompt' is required"}}, 502), Reply(QUEUED)])
    with pytest.raises(CreateUncertain):
        connect(loses.base_url).videos.create(prompt="x")
    assert len(loses.requests) == 1


def test_rule_23_a_reference_is_sent_so_that_it_is_not_lost_or_with_a_warning(
    connect: Connect, serve: Serve
) -> None:
    server = serve([Reply(QUEUED)])
    videos = connect(server.base_url).videos
    url = "https://example.com/cat.png"
    videos.create(prompt="x", input_reference=url)
    assert server.requests[0].json()["input_reference"] == {"image_url": url}
    videos.create(prompt="x", input_reference=("cat.png", b"\x89PNG\r\n\x1a\n"))
    assert server.requests[1].parts()[1][:3] == ("input_reference", "cat.png", "image/png")
    with pytest.warns(ReferenceMayBeDropped, match="without a word"):
        videos.create(prompt="x", input_reference=url, body_type="form")
    assert server.requests[2].fields()["input_reference[image_url]"] == url


@by_one_kind
@pytest.mark.parametrize("seconds", [4, "4", 5, 4.5, "auto"])
def test_rule_24_seconds_leave_as_text_and_values_are_the_servers_to_judge(
    connect: Connect, serve: Serve, seconds: Any
) -> None:
    server = serve([Reply(QUEUED)])
    videos = connect(server.base_url).videos
    videos.create(prompt="x", seconds=seconds, size="1023x7", model="any")
    videos.create(prompt="x", seconds=seconds, body_type="json")
    assert server.requests[0].fields() == {
        "prompt": "x",
        "model": "any",
        "seconds": str(seconds),
        "size": "1023x7",
    }
    assert server.requests[1].json() == {"prompt": "x", "seconds": str(seconds)}


@pytest.mark.parametrize(
    ("status", "kind"), [(409, ConflictError), (503, CreateUncertain), (429, RateLimitError)]
)
def test_rule_25_a_busy_server_has_several_words_and_no_5xx_repeats_a_create(
    connect: Connect, serve: Serve, status: int, kind: type[APIStatusError]
) -> None:
    headers = {"retry-after": "1", "x-should-retry": "true"}
    server = serve([Reply({"error": {"message": "One at a time."}}, status, headers)])
    with pytest.raises(kind, match=r"One at a time\.") as caught:
        connect(server.base_url).videos.create(prompt="x")
    assert len(server.requests) == (3 if status == 429 else 1)
    assert ("Nothing was created: the server is busy" in str(caught.value)) == (status == 409)


@pytest.mark.parametrize("prefix", ["/openai/v1", "/api/inference", ""])
def test_rule_26_the_address_is_free_and_the_key_goes_as_the_server_wants_it(
    connect: Connect, serve: Serve, prefix: str
) -> None:
    server = serve([Reply(DONE)])
    url = server.base_url.removesuffix("/v1") + prefix
    connect(url).videos.retrieve("v")
    connect(url, api_key="", default_headers={"api-key": "k"}).videos.retrieve("v")
    connect(url, api_key="").videos.retrieve("v")
    bearer, header, none = (request.headers for request in server.requests)
    assert {request.path for request in server.requests} == {f"{prefix}/videos/v"}
    assert bearer["authorization"] == "Bearer sk-test-key"
    assert (header["api-key"], "authorization" in header) == ("k", False)
    assert "authorization" not in none


def test_rule_27_a_job_that_the_server_has_forgotten_is_lost_with_its_last_state(
    connect: Connect, serve: Serve
) -> None:
    forgotten = Reply({"detail": "Video not found"}, 404)
    videos = connect(serve([Reply(RUNNING), forgotten]).base_url).videos
    with pytest.raises(VideoLost, match=r"video_1.*in_progress, 40 %.*Video not found") as caught:
        videos.job("video_1").wait()
    error = caught.value
    assert (error.job_id, error.status_code) == ("video_1", 404)
    assert error.video is not None
    assert error.video.progress == 40
    assert isinstance(error, NotFoundError)
    for routeless in (b"<html>404", b"404 page not found", {"detail": "Not Found"}):
        server = serve([Reply(RUNNING), Reply(routeless, 404)])
        with pytest.raises(VideoLost, match="knows video_1 no more"):
            connect(server.base_url).videos.job("video_1").wait()
    with pytest.raises(NotFoundError) as unknown:
        connect(serve([forgotten]).base_url).videos.job("never_seen").wait()
    assert not isinstance(unknown.value, VideoLost)


def test_every_rule_has_its_test() -> None:
    tests = "".join(path.read_text("utf-8") for path in Path(__file__).parent.glob("test_*.py"))
    found = {int(number) for number in re.findall(r"^def test_rule_(\d\d)_", tests, re.MULTILINE)}
    assert found == set(range(1, 28))
