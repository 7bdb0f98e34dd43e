"""However a wait ends before its job does, the job is kept in sight, or deleted where asked for."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable

import pytest

from openvideos import (
    AsyncOpenVideos,
    AuthenticationError,
    CancelToken,
    InvalidInput,
    OpenVideos,
    Video,
    WaitCancelled,
)
from openvideos._flows.clock import Clock

from .conftest import Connect, Serve
from .fake_clock import FakeClock
from .faulty_server import Answer, FaultyServer, Reply, Request, Silence

QUEUED = {"id": "video_1", "object": "video", "status": "queued", "progress": 0}
RUNNING = {**QUEUED, "status": "in_progress", "progress": 40}
DONE = {**QUEUED, "status": "completed", "progress": 100}
PICKED_UP = "videos.job('video_1')"


def notes(error: BaseException) -> str:
    return "\n".join(getattr(error, "__notes__", []))


def after(seconds: float, act: Callable[[], object]) -> threading.Timer:
    timer = threading.Timer(seconds, act)
    timer.start()
    return timer


@pytest.mark.parametrize("stuck", [Reply(RUNNING), Silence()], ids=["in a pause", "in a request"])
def test_a_token_ends_a_wait_at_once_and_the_job_runs_on(
    connect: Connect, serve: Serve, stuck: Answer
) -> None:
    job = connect(serve([stuck]).base_url, _clock=Clock()).videos.job("video_1")
    token = CancelToken()
    start = time.monotonic()
    timer = after(0.1, token.cancel)
    with pytest.raises(WaitCancelled, match="was cancelled") as caught:
        job.wait(cancel=token, interval=60)
    assert 0.1 <= time.monotonic() - start < 2
    assert caught.value.job_id == "video_1"
    assert PICKED_UP in str(caught.value)
    timer.join()


def test_a_token_that_is_cancelled_already_sends_nothing_and_knows_what_is_known(
    connect: Connect, serve: Serve
) -> None:
    server = serve([Reply(DONE)])
    videos = connect(server.base_url).videos
    token = CancelToken()
    token.cancel()
    assert token.cancelled
    with pytest.raises(WaitCancelled):
        videos.job("video_1").wait(cancel=token)
    assert server.requests == []
    done = videos.submit(prompt="x")
    assert done.wait(cancel=token).status == "completed"


def test_a_listener_may_cancel(connect: Connect, serve: Serve) -> None:
    token = CancelToken()
    job = connect(serve([Reply(RUNNING)]).base_url, _clock=Clock()).videos.job("video_1")
    start = time.monotonic()
    with pytest.raises(WaitCancelled):
        job.wait(cancel=token, interval=5, on_progress=lambda _: token.cancel())
    assert time.monotonic() - start < 2


def test_what_is_no_token_is_refused(connect: Connect, serve: Serve) -> None:
    server = serve([Reply(DONE)])
    with pytest.raises(InvalidInput, match="type Event; give a CancelToken"):
        connect(server.base_url).videos.job("video_1").wait(cancel=threading.Event())
    assert server.requests == []


def test_one_token_ends_many_waits(serve: Serve) -> None:
    server = serve([Reply(RUNNING)])
    token = CancelToken()

    async def main() -> list[object]:
        async with AsyncOpenVideos(base_url=server.base_url) as client:
            waits = [client.videos.job(f"v{n}").wait(cancel=token) for n in range(5)]
            asyncio.get_running_loop().call_later(0.1, token.cancel)
            return list(await asyncio.gather(*waits, return_exceptions=True))

    assert [type(outcome) for outcome in asyncio.run(main())] == [WaitCancelled] * 5
    assert repr(token) == "<CancelToken, cancelled>"


def test_a_signals_handler_may_cancel(serve: Serve) -> None:
    token = CancelToken()
    before = signal.signal(signal.SIGALRM, lambda *_: token.cancel())
    try:
        with OpenVideos(base_url=serve([Reply(RUNNING)]).base_url) as client:
            signal.setitimer(signal.ITIMER_REAL, 0.1)
            with pytest.raises(WaitCancelled):
                client.videos.job("video_1").wait(cancel=token)
    finally:
        signal.signal(signal.SIGALRM, before)


class Interrupts(FakeClock):
    """A clock in whose sleep Ctrl-C is pressed."""

    def sleep(self, seconds: float) -> None:
        raise KeyboardInterrupt


def test_ctrl_c_leaves_the_job_running_and_says_how_to_pick_it_up(serve: Serve) -> None:
    server = serve([Reply(QUEUED), Reply(RUNNING)])
    with OpenVideos(base_url=server.base_url, _clock=Interrupts().clock) as client:
        job = client.videos.submit(prompt="x")
        with pytest.raises(KeyboardInterrupt) as caught:
            job.wait()
        assert PICKED_UP in notes(caught.value)
        with pytest.raises(KeyboardInterrupt) as caught:
            client.videos.create_and_poll(prompt="x")
        assert PICKED_UP in notes(caught.value)
    assert {request.method for request in server.requests} <= {"GET", "POST"}


def test_a_task_that_is_cancelled_leaves_the_job_running_and_says_how_to_pick_it_up(
    serve: Serve,
) -> None:
    server = serve([Reply(RUNNING)])

    async def main() -> None:
        async with AsyncOpenVideos(base_url=server.base_url) as client:
            job = client.videos.job("video_1")
            for token in (None, CancelToken()):
                task = asyncio.create_task(job.wait(cancel=token))
                await asyncio.sleep(0.05)
                task.cancel()
                with pytest.raises(asyncio.CancelledError) as caught:
                    await task
                assert PICKED_UP in notes(caught.value)

    asyncio.run(main())
    assert {request.method for request in server.requests} == {"GET"}


def test_a_create_that_is_interrupted_says_that_there_may_be_a_job(serve: Serve) -> None:
    def interrupting(request: Request) -> Answer:
        signal.pthread_kill(waiting, signal.SIGINT)
        return Silence()

    waiting = threading.get_ident()

    with (
        OpenVideos(base_url=serve(interrupting).base_url) as client,
        pytest.raises(KeyboardInterrupt) as caught,
    ):
        client.videos.create(prompt="x")
    assert "may have been created" in notes(caught.value)

    async def main() -> None:
        async with AsyncOpenVideos(base_url=serve([Silence()]).base_url) as client:
            with pytest.raises(TimeoutError) as caught:
                await asyncio.wait_for(client.videos.submit(prompt="x"), 0.05)
            assert "may have been created" in notes(caught.value.__cause__ or caught.value)

    asyncio.run(main())


def deleting(answer: Answer) -> Callable[[Request], Answer]:
    def script(request: Request) -> Answer:
        return answer if request.method == "DELETE" else Reply(RUNNING)

    return script


def methods(server: FaultyServer) -> list[str]:
    return [request.method for request in server.requests]


DELETED = Reply({"id": "video_1", "object": "video.deleted", "deleted": True})
BUSY = Reply({"error": {"message": "It is running."}}, 409)


@pytest.mark.parametrize(
    ("answer", "note"),
    [
        (DELETED, "video_1 was deleted at the server"),
        (BUSY, f"could not be deleted (It is running. (HTTP 409)). The job runs on: .*{PICKED_UP}"),
    ],
    ids=["deleted", "refused"],
)
def test_a_job_is_deleted_on_ctrl_c_where_that_is_asked_for(
    serve: Serve, answer: Answer, note: str
) -> None:
    server = serve(deleting(answer))
    with (
        OpenVideos(base_url=server.base_url, _clock=Interrupts().clock) as client,
        pytest.raises(KeyboardInterrupt) as caught,
    ):
        client.videos.job("video_1").wait(delete_on_cancel=True)
    assert all(part in notes(caught.value) for part in note.split(".*"))
    assert methods(server) == ["GET", "DELETE"]


def test_a_job_is_deleted_when_its_token_or_its_task_is_cancelled_where_that_is_asked_for(
    connect: Connect, serve: Serve
) -> None:
    server = serve(deleting(DELETED))
    token = CancelToken()
    timer = after(0.05, token.cancel)
    with pytest.raises(WaitCancelled) as caught:
        connect(server.base_url, _clock=Clock()).videos.job("video_1").wait(
            cancel=token, delete_on_cancel=True
        )
    timer.join()
    assert "was deleted at the server" in notes(caught.value)
    assert methods(server)[-1] == "DELETE"

    async def main() -> None:
        async with AsyncOpenVideos(base_url=server.base_url) as client:
            task = asyncio.create_task(client.videos.job("video_1").wait(delete_on_cancel=True))
            await asyncio.sleep(0.05)
            task.cancel()
            with pytest.raises(asyncio.CancelledError) as caught:
                await task
            assert "was deleted at the server" in notes(caught.value)

    asyncio.run(main())


def test_a_deletion_that_hangs_takes_a_bounded_time(
    connect: Connect, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openvideos._waiting.waiting._LONGEST_DELETION", 0.2)
    server = serve(deleting(Silence()))
    token = CancelToken()
    start = time.monotonic()
    timer = after(0.05, token.cancel)
    with pytest.raises(WaitCancelled) as caught:
        connect(server.base_url, _clock=Clock()).videos.job("video_1").wait(
            cancel=token, delete_on_cancel=True
        )
    timer.join()
    assert time.monotonic() - start < 2
    assert "could not be deleted" in notes(caught.value)


@pytest.mark.parametrize("answer", [Reply({"error": {"message": "Bad key."}}, 401), Reply(RUNNING)])
def test_what_is_no_cancelling_deletes_nothing(
    connect: Connect, serve: Serve, answer: Answer
) -> None:
    server = serve([answer])
    with pytest.raises((AuthenticationError, TimeoutError)):
        connect(server.base_url).videos.job("video_1").wait(max_wait=5, delete_on_cancel=True)
    assert set(methods(server)) == {"GET"}


def test_an_error_of_the_listener_has_the_jobs_id_in_its_notes(
    connect: Connect, serve: Serve
) -> None:
    def listen(video: Video) -> None:
        raise RuntimeError("the listener's own")

    job = connect(serve([Reply(QUEUED), Reply(DONE)]).base_url).videos.submit(prompt="x")
    with pytest.raises(RuntimeError) as caught:
        job.wait(on_progress=listen, delete_on_cancel=True)
    assert PICKED_UP in notes(caught.value)
    assert job.wait().status == "completed"


def test_a_coroutine_function_cannot_listen_at_a_sync_client(serve: Serve) -> None:
    async def listen(video: Video) -> None:
        """Never awaited."""

    with (
        OpenVideos(base_url=serve([Reply(QUEUED)]).base_url) as client,
        pytest.raises(InvalidInput, match="AsyncOpenVideos"),
    ):
        client.videos.job("video_1").wait(on_progress=listen)
