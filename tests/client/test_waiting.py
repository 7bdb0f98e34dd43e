"""Waiting, over real sockets: both kinds of clients, on a clock that does not wait."""

from __future__ import annotations

import logging
import time
from contextlib import ExitStack
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from openvideos import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    InvalidInput,
    NotFoundError,
    UnsupportedByServer,
    VideoCancelled,
    VideoExpired,
    VideoFailed,
    VideoWasDeleted,
    WaitTimeout,
)
from openvideos._flows.clock import Clock

from .conftest import Connect, Serve, by_one_kind
from .fake_clock import FakeClock
from .faulty_server import (
    FaultyServer,
    Reply,
    Request,
    Reset,
    Silence,
    SlowHead,
    refusing_url,
)

QUEUED = {"id": "video_1", "object": "video", "status": "queued", "progress": 0}
RUNNING = {**QUEUED, "status": "in_progress", "progress": 40}
DONE = {**QUEUED, "status": "completed", "progress": 100}
FAILED = {**QUEUED, "status": "failed", "error": {"code": "moderation_blocked", "message": "No."}}


def test_a_job_is_awaited_from_submit_to_its_end(connect: Connect, serve: Serve) -> None:
    server = serve([Reply(QUEUED), Reply(RUNNING), Reply(DONE)])
    job = connect(server.base_url).videos.submit(prompt="a cat")
    assert job.video.status == "queued"
    video = job.wait()
    assert (video.status, video.progress) == ("completed", 100)
    assert [request.method for request in server.requests] == ["POST", "GET", "GET"]


def test_a_job_is_picked_up_by_its_id(connect: Connect, serve: Serve) -> None:
    server = serve([Reply(DONE)])
    job = connect(server.base_url).videos.job("video_1")
    assert (job.id, job.video) == ("video_1", None)
    assert job.wait().status == "completed"
    assert server.requests[0].path == "/v1/videos/video_1"


def test_a_create_that_answers_a_finished_job_is_not_polled(connect: Connect, serve: Serve) -> None:
    server = serve([Reply(DONE, status=202)])
    assert connect(server.base_url).videos.submit(prompt="a cat").wait().status == "completed"
    assert len(server.requests) == 1


def test_a_job_keeps_the_id_that_create_gave(connect: Connect, serve: Serve) -> None:
    server = serve([Reply(QUEUED), Reply({**RUNNING, "id": "other"}), Reply({**DONE, "id": "?"})])
    job = connect(server.base_url).videos.submit(prompt="a cat")
    video = job.wait()
    assert (job.id, video.id, video.raw["id"]) == ("video_1", "video_1", "?")
    assert {request.path for request in server.requests[1:]} == {"/v1/videos/video_1"}


ABSORBED = [
    *(Reply({"error": {"message": "Later."}}, status=status) for status in (408, 409, 425, 429)),
    *(Reply(b"<html><title>Oops</title>", status=status) for status in (500, 502, 503, 504, 529)),
    Reply(b"<html>a proxy's page</html>", headers={"Content-Type": "text/html"}),
    Reply({"unexpected": []}, cut_after=3),
    Reply(RUNNING, headers={"content-encoding": "gzip"}),
    Reply([1, 2]),
    Reply({"error": {"message": "An error, with 200."}}),
    Reset(),
]


@by_one_kind
@pytest.mark.parametrize("fault", ABSORBED, ids=str)
def test_what_passes_by_itself_is_waited_out(connect: Connect, serve: Serve, fault: Any) -> None:
    server = serve([Reply(QUEUED), fault, Reply(DONE)])
    assert connect(server.base_url).videos.submit(prompt="a cat").wait().status == "completed"
    assert len(server.requests) == 3


def test_a_request_that_times_out_is_waited_out(connect: Connect, serve: Serve) -> None:
    server = serve([Silence(), Reply(DONE)])
    job = connect(server.base_url, timeout=0.2).videos.job("video_1")
    assert job.wait().status == "completed"
    assert len(server.requests) == 2


def test_a_server_that_is_started_again_is_waited_for(connect: Connect, clock: FakeClock) -> None:
    url = refusing_url()
    with ExitStack() as running:

        class Restarting(FakeClock):
            def sleep(self, seconds: float) -> None:
                super().sleep(seconds)
                if len(self.sleeps) == 3:
                    running.enter_context(FaultyServer([Reply(DONE)], port=urlsplit(url).port))

        restarting = Restarting()
        job = connect(url, _clock=restarting.clock).videos.job("video_1")
        assert job.wait().status == "completed"
    assert len(restarting.sleeps) == 3


@by_one_kind
@pytest.mark.parametrize("status", [400, 401, 402, 403, 404, 405, 410, 422, 501])
def test_what_waiting_cannot_help_is_raised(connect: Connect, serve: Serve, status: int) -> None:
    server = serve([Reply({"error": {"message": "No.", "code": "x"}}, status=status)])
    with pytest.raises(APIStatusError, match="No\\.") as caught:
        connect(server.base_url).videos.job("video_1").wait()
    assert caught.value.status_code == status
    assert len(server.requests) == 1


def test_a_job_that_was_just_created_may_be_unknown_for_ten_seconds(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    missing = Reply({"error": {"message": "Video with id 'video_1' not found."}}, status=404)
    server = serve([Reply(QUEUED), missing, missing, Reply(DONE)])
    assert connect(server.base_url).videos.submit(prompt="x").wait(interval=2).id == "video_1"
    server = serve([Reply(QUEUED), missing])
    start = clock.time
    with pytest.raises(NotFoundError):
        connect(server.base_url).videos.submit(prompt="x").wait(interval=2)
    assert 10 <= clock.time - start <= 12


@by_one_kind
@pytest.mark.parametrize("status", [200, 400, 500, 503])
def test_a_failed_job_is_a_failed_job_whatever_its_http_status(
    connect: Connect, serve: Serve, status: int
) -> None:
    client = connect(serve([Reply(QUEUED), Reply(FAILED, status=status)]).base_url)
    with pytest.raises(VideoFailed, match=r"No\. code moderation_blocked") as caught:
        client.videos.submit(prompt="x").wait()
    assert (caught.value.code, caught.value.reason) == ("moderation_blocked", "No.")
    assert caught.value.job_id == "video_1"
    assert caught.value.video is not None
    assert caught.value.video.status == "failed"


@by_one_kind
@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("canceled", VideoCancelled),
        ("Expired", VideoExpired),
        ("deleted", VideoWasDeleted),
        ("FAILURE", VideoFailed),
    ],
)
def test_each_other_end_has_its_own_error(
    connect: Connect, serve: Serve, word: str, kind: type[Exception]
) -> None:
    client = connect(serve([Reply({**QUEUED, "status": word})]).base_url)
    with pytest.raises(kind, match="video_1"):
        client.videos.job("video_1").wait()


@pytest.mark.parametrize("final", [DONE, FAILED, {**DONE, "status": "cancelled"}])
def test_poll_returns_the_job_however_it_ended(
    connect: Connect, serve: Serve, final: dict[str, Any]
) -> None:
    videos = connect(serve([Reply(QUEUED), Reply(final)]).base_url).videos
    assert videos.poll("video_1", poll_interval_ms=100).status == final["status"]
    videos = connect(serve([Reply(QUEUED), Reply(RUNNING), Reply(final)]).base_url).videos
    assert videos.create_and_poll(prompt="x", poll_interval_ms=100).status == final["status"]


def test_an_unknown_status_keeps_waiting_and_is_named_in_the_end(
    connect: Connect, serve: Serve
) -> None:
    client = connect(serve([Reply({**QUEUED, "status": "daydreaming"})]).base_url)
    with pytest.raises(WaitTimeout, match="'daydreaming', which is not known") as caught:
        client.videos.job("video_1").wait(max_wait=60)
    assert caught.value.attempts > 3


def test_a_wait_that_ran_out_tells_what_it_saw_and_can_be_repeated(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    broken = Reply({"error": {"message": "Down."}}, status=503)
    server = serve([Reply(QUEUED), Reply(RUNNING), broken])
    job = connect(server.base_url).videos.submit(prompt="x")
    with pytest.raises(WaitTimeout, match=r"last seen in_progress, 40 %.*Down\.") as caught:
        job.wait(max_wait=30)
    error = caught.value
    assert (error.job_id, error.video, error.elapsed) == ("video_1", job.video, 30)
    assert error.attempts == len(server.requests) - 1
    assert isinstance(error, TimeoutError)
    server.script = [Reply(DONE)]
    assert job.wait(max_wait=30).status == "completed"


def test_an_hour_is_the_default_deadline(connect: Connect, clock: FakeClock) -> None:
    with pytest.raises(WaitTimeout, match="cannot be reached"):
        connect(refusing_url()).videos.job("video_1").wait()
    assert clock.time == 3600


@pytest.mark.parametrize(
    "stuck",
    [Silence(), SlowHead(), Reply(DONE, pieces=1, pause=0.05)],
    ids=["silent", "slow at the head", "slow at the body"],
)
def test_the_deadline_cuts_the_request_in_flight(
    connect: Connect, serve: Serve, stuck: Any
) -> None:
    client = connect(serve([stuck]).base_url, _clock=Clock())
    start = time.monotonic()
    with pytest.raises(WaitTimeout, match="in time"):
        client.videos.job("video_1").wait(max_wait=0.3)
    assert 0.3 <= time.monotonic() - start < 1


def test_a_pause_is_what_the_server_asks_for_anew_each_time(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    asked = ["2000", "garbage", "100", "999999999", "-5", "nan"]
    answers = [Reply(RUNNING, headers={"openai-poll-after-ms": value}) for value in asked]
    client = connect(serve([*answers, Reply(DONE)]).base_url)
    client.videos.job("video_1").wait()
    assert clock.sleeps == [
        2,
        pytest.approx(12.1),
        0.5,
        60,
        pytest.approx(16.1051),
        pytest.approx(17.71561),
    ]


def test_an_explicit_interval_counts_before_the_servers(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    running = Reply(RUNNING, headers={"openai-poll-after-ms": "2000"})
    connect(serve([running, Reply(DONE)]).base_url).videos.job("video_1").wait(interval=0.25)
    assert clock.sleeps == [0.25]


@pytest.mark.parametrize("headers", [{"Retry-After": "7"}, {"retry-after-ms": "7000"}])
def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(
    connect: Connect, serve: Serve, clock: FakeClock, headers: dict[str, str]
) -> None:
    busy = Reply({"error": {"message": "Too many."}}, status=429, headers=headers)
    connect(serve([busy, Reply(DONE)]).base_url).videos.job("video_1").wait()
    assert clock.sleeps == [7]


def test_progress_is_told_at_each_change_and_never_goes_back(
    connect: Connect, serve: Serve
) -> None:
    progress = [0, 40, 40, 20, None, 0.6, 99]
    answers = [Reply({**RUNNING, "progress": value}) for value in progress]
    told: list[tuple[str, int]] = []
    client = connect(serve([*answers, Reply({**DONE, "progress": 3})]).base_url)
    client.videos.job("video_1").wait(on_progress=lambda v: told.append((v.status, v.progress)))
    running = [("in_progress", value) for value in (0, 40, 60, 99)]
    assert told == [*running, ("completed", 99)]


def test_an_async_listener_is_awaited(serve: Serve, clock: FakeClock) -> None:
    import asyncio

    from openvideos import AsyncOpenVideos, Video

    told: list[str] = []

    async def listen(video: Video) -> None:
        await asyncio.sleep(0)
        told.append(video.status)

    async def main() -> None:
        server = serve([Reply(QUEUED), Reply(DONE)])
        async with AsyncOpenVideos(base_url=server.base_url, _clock=clock.clock) as client:
            await client.videos.job("video_1").wait(on_progress=listen)

    asyncio.run(main())
    assert told == ["queued", "completed"]


def test_an_error_of_the_listener_leaves_the_job_to_be_waited_for_again(
    connect: Connect, serve: Serve
) -> None:
    def listen(video: Any) -> None:
        raise RuntimeError("the listener's own")

    job = connect(serve([Reply(QUEUED), Reply(DONE)]).base_url).videos.submit(prompt="x")
    with pytest.raises(RuntimeError, match="the listener's own"):
        job.wait(on_progress=listen)
    assert job.wait().status == "completed"


@pytest.mark.parametrize(
    "arguments", [{"interval": 0}, {"interval": -1}, {"max_wait": -1}, {"max_wait": float("nan")}]
)
def test_a_time_that_means_nothing_is_refused(
    connect: Connect, serve: Serve, arguments: dict[str, float]
) -> None:
    server = serve([Reply(DONE)])
    with pytest.raises(InvalidInput, match=r"must be more|give 0"):
        connect(server.base_url).videos.job("video_1").wait(**arguments)
    assert server.requests == []


def test_a_wrong_key_and_a_wrong_address_end_the_waiting_at_once(
    connect: Connect, serve: Serve
) -> None:
    def answer(request: Request) -> Reply:
        if "key" in request.path:
            return Reply({"error": {"message": "Incorrect API key provided."}}, status=401)
        return Reply({"detail": "Not Found"}, status=404)

    videos = connect(serve(answer).base_url).videos
    with pytest.raises(AuthenticationError, match="OPENVIDEOS_API_KEY"):
        videos.job("key").wait()
    with pytest.raises(UnsupportedByServer, match="usually ends in /v1"):
        videos.job("video_1").wait()
    with pytest.raises(BadRequestError):
        connect(serve([Reply({"detail": "no"}, status=400)]).base_url).videos.job("x").wait()


@pytest.mark.parametrize("timeout", [None, 600, httpx.Timeout(600)], ids=str)
def test_one_look_that_trickles_does_not_take_the_whole_wait(
    connect: Connect, serve: Serve, monkeypatch: pytest.MonkeyPatch, timeout: Any
) -> None:
    monkeypatch.setattr("openvideos._waiting.looking._LONGEST_LOOK", 0.1)
    server = serve([Reply(RUNNING, pieces=1, pause=0.05), Reply(DONE)])
    client = connect(server.base_url, _clock=Clock(), timeout=timeout)
    began = time.monotonic()
    video = client.videos.job("video_1").wait(max_wait=None, interval=0.01)
    assert video.status == "completed"
    assert time.monotonic() - began < 3
    assert len(server.requests) == 2


def test_the_id_of_a_job_is_in_the_notes_of_what_ends_its_wait(
    connect: Connect, serve: Serve
) -> None:
    server = serve([Reply(QUEUED), Reply({"error": {"message": "Bad key."}}, status=401)])
    with pytest.raises(AuthenticationError) as caught:
        connect(server.base_url).videos.create_and_poll(prompt="x")
    assert "videos.job('video_1')" in "".join(caught.value.__notes__)


def test_each_decision_of_a_wait_is_told_to_the_log_with_its_reason(
    connect: Connect, serve: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, "openvideos")
    busy = Reply({"error": {"message": "a private matter"}}, 503, {"Retry-After": "7"})
    client = connect(serve([Reply(RUNNING), busy, Reply(DONE)]).base_url)
    client.videos.job("video_1").wait(max_wait=100)
    with pytest.raises(VideoFailed):
        connect(serve([Reply(FAILED)]).base_url).videos.job("video_2").wait()
    missing = Reply({"error": {"message": "x", "code": "y"}}, 404)
    with pytest.raises(NotFoundError):
        connect(serve([missing]).base_url).videos.job("video_3").wait()
    told = [record.getMessage() for record in caplog.records if record.name == "openvideos"]
    assert [line for line in told if line.startswith("video_")] == [
        "video_1: looked at (look 1, 100.000 s before the deadline)",
        "video_1: looked at again in 11.000 s (in_progress)",
        "video_1: looked at (look 2, 89.000 s before the deadline)",
        "video_1: looked at again in 7.000 s (InternalServerError)",
        "video_1: looked at (look 3, 82.000 s before the deadline)",
        "video_1: over after 3 looks, completed",
        "video_2: looked at (look 1, 3600.000 s before the deadline)",
        "video_2: over after 1 looks, failed",
        "video_3: looked at (look 1, 3600.000 s before the deadline)",
        "video_3: given up after 1 looks (NotFoundError)",
    ]
    assert "a private matter" not in "".join(told)
