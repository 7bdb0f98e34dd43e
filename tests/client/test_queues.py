"""Queues: as many jobs at once as the server takes, and a result for each, whatever happens."""

from __future__ import annotations

import asyncio
import io
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos import (
    AsyncJobQueue,
    AsyncOpenVideos,
    BadRequestError,
    ConflictError,
    CreateUncertain,
    CreateUncertainStatus,
    InternalServerError,
    InvalidInput,
    JobQueue,
    OpenVideos,
    RateLimitError,
    VideoFailed,
    WaitTimeout,
)
from openvideos._many.room import Room

from .conftest import Serve
from .fake_clock import FakeClock
from .faulty_server import FaultyServer, Reply, Request, Reset, Silence
from .many_jobs import ManyJobs


class Queues:
    """Makes queues of one kind, and runs them."""

    def __init__(self, kind: str, clock: FakeClock) -> None:
        self.kind = kind
        self.clock = clock

    def run(self, server: FaultyServer, prompts: list[Any], **how: Any) -> Any:
        """Run a queue to its end; return it and its results as they came."""
        how = {"max_in_flight": 3, "interval": 10, **how}
        jobs = [{"prompt": job} if isinstance(job, str) else job for job in prompts]
        if self.kind == "sync":
            with OpenVideos(base_url=server.base_url, _clock=self.clock.clock) as client:
                queue = JobQueue(client, **how)
                for job in jobs:
                    queue.submit(**job)
                return queue, list(queue)

        async def main() -> Any:
            url = server.base_url
            async with AsyncOpenVideos(base_url=url, _clock=self.clock.clock) as client:
                queue = AsyncJobQueue(client, **how)
                for job in jobs:
                    queue.submit(**job)
                return queue, [result async for result in queue]

        return asyncio.run(main())


@pytest.fixture(params=["sync", "async"])
def queues(request: pytest.FixtureRequest, clock: FakeClock) -> Queues:
    return Queues(request.param, clock)


by_one_kind = pytest.mark.parametrize("queues", ["sync"], indirect=True)


def server_of(clock: FakeClock, **how: Any) -> ManyJobs:
    return ManyJobs(lambda: clock.time, **how)


def test_jobs_are_submitted_as_others_end_and_results_keep_their_order(
    queues: Queues, serve: Serve, clock: FakeClock
) -> None:
    jobs = server_of(clock, most_running=3)
    prompts = [f"{number}{' [fails]' if number == 4 else ''}" for number in range(8)]
    queue, came = queues.run(serve(jobs.answer), prompts)
    assert [result.index for result in queue.results] == list(range(8))
    assert sorted(result.index for result in came) == list(range(8))
    assert came[0].index in {0, 1, 2}
    assert [result.index for result in queue.results if not result.ok] == [4]
    assert isinstance(queue.results[4].error, VideoFailed)
    assert jobs.requests.count("create") == 8
    assert {result.id for result in queue.results} == set(jobs.ends)
    assert 90 <= clock.time <= 140


def test_a_server_that_takes_fewer_is_sent_no_more_than_it_takes(
    queues: Queues, serve: Serve, clock: FakeClock
) -> None:
    jobs = server_of(clock, most_running=2)
    queue, _ = queues.run(
        serve(jobs.answer), [str(number) for number in range(10)], max_in_flight=8
    )
    assert all(result.ok for result in queue.results)
    assert len(jobs.ends) == 10
    assert jobs.requests.count("create") <= 10 + 10
    assert clock.time <= 5 * 60


@by_one_kind
def test_a_busy_server_is_left_alone_for_as_long_as_it_asks(
    queues: Queues, serve: Serve, clock: FakeClock
) -> None:
    jobs = server_of(clock)
    creates: list[float] = []

    def answer(request: Request) -> Any:
        if request.method == "POST":
            creates.append(clock.time)
            if len(creates) == 1:
                busy = {"error": {"message": "Too many running tasks"}}
                return Reply(busy, 429, headers={"Retry-After": "33"})
        return jobs.answer(request)

    queue, _ = queues.run(serve(answer), ["a"])
    assert queue.results[0].ok
    assert creates == [0, 33]


@by_one_kind
@pytest.mark.parametrize(
    "busy", [Reply({"error": {"message": "busy"}}, status) for status in (409, 429)]
)
def test_a_server_that_never_takes_a_job_is_given_up_when_the_time_is_over(
    queues: Queues, serve: Serve, clock: FakeClock, busy: Reply
) -> None:
    server = serve([busy])
    queue, _ = queues.run(server, ["a", "b"], max_wait=600)
    kind = {409: ConflictError, 429: RateLimitError}[busy.status]
    assert [type(result.error) for result in queue.results] == [kind] * 2
    assert 600 <= clock.time <= 700
    assert len(server.requests) < 25


def test_a_server_in_trouble_is_sent_each_job_once_and_the_others_when_it_is_over(
    queues: Queues, serve: Serve, clock: FakeClock
) -> None:
    jobs, creates = server_of(clock), []

    def answer(request: Request) -> Any:
        if request.method == "POST":
            creates.append((request.fields()["prompt"], clock.time))
            if clock.time < 20:
                return Reply(b"upstream connect error", 503)
        return jobs.answer(request)

    queue, _ = queues.run(serve(answer), [str(number) for number in range(30)], max_in_flight=1)
    lost = [result.index for result in queue.results if not result.ok]
    assert [type(queue.results[index].error) for index in lost] == [CreateUncertainStatus] * len(
        lost
    )
    assert lost == list(range(len(lost)))
    assert 1 <= len(lost) <= 10
    assert [prompt for prompt, _ in creates] == [str(number) for number in range(30)]


@by_one_kind
def test_a_server_that_is_down_for_good_ends_the_queue_and_says_which_jobs_were_never_sent(
    queues: Queues, serve: Serve
) -> None:
    server = serve([Reply(b"upstream connect error", 503)])
    prompts = [str(number) for number in range(100)]
    queue, _ = queues.run(server, prompts, max_in_flight=1, max_wait=600)
    kinds = [type(result.error) for result in queue.results]
    sent = len(server.requests)
    assert sent < 40
    assert kinds == [CreateUncertainStatus] * sent + [InternalServerError] * (100 - sent)


def test_what_fails_leaves_the_others_alone_and_a_lost_create_is_not_sent_again(
    queues: Queues, serve: Serve, clock: FakeClock
) -> None:
    jobs = server_of(clock)

    def answer(request: Request) -> Any:
        if request.method == "POST":
            prompt = request.fields()["prompt"]
            if prompt == "lost":
                jobs.requests.append("lost")
                return Reset()
            if prompt == "bad":
                return Reply({"error": {"message": "No such size."}}, 400)
        return jobs.answer(request)

    queue, _ = queues.run(serve(answer), ["a", "lost", "bad", "b"])
    kinds = [type(result.error) for result in queue.results]
    assert kinds == [type(None), CreateUncertain, BadRequestError, type(None)]
    assert jobs.requests.count("lost") == 1
    lost = queue.results[1].error
    assert lost.wanted.prompt == "lost"


@by_one_kind
def test_a_job_that_takes_too_long_is_a_result_and_makes_room(
    queues: Queues, serve: Serve, clock: FakeClock
) -> None:
    jobs = server_of(clock, duration=1000)
    queue, _ = queues.run(serve(jobs.answer), ["a", "b"], max_in_flight=1, max_wait=50)
    assert [type(result.error) for result in queue.results] == [WaitTimeout, WaitTimeout]
    assert clock.time == pytest.approx(100, abs=2)
    assert queue.results[0].id == "video_1"


@by_one_kind
def test_a_create_that_answers_a_finished_job_is_a_result_at_once(
    queues: Queues, serve: Serve, clock: FakeClock
) -> None:
    server = serve([Reply({"id": "video_1", "status": "completed"})])
    queue, _ = queues.run(server, ["a", "b"])
    assert all(result.ok for result in queue.results)
    assert [request.method for request in server.requests] == ["POST", "POST"]
    assert clock.time == 0


@by_one_kind
def test_a_file_is_sent_whole_though_its_create_was_refused_before(
    queues: Queues, serve: Serve, clock: FakeClock, tmp_path: Path
) -> None:
    jobs = server_of(clock, most_running=1)
    arrived: list[bytes] = []

    def answer(request: Request) -> Any:
        if request.method == "POST":
            content = next(part[3] for part in request.parts() if part[0] == "input_reference")
            arrived.append(content)
        return jobs.answer(request)

    class Once(io.RawIOBase):
        """Can be read once."""

        left = b"from a stream"

        def readable(self) -> bool:
            return True

        def readinto(self, buffer: Any) -> int:
            piece, self.left = self.left[: len(buffer)], self.left[len(buffer) :]
            buffer[: len(piece)] = piece
            return len(piece)

    path = tmp_path / "reference.bin"
    path.write_bytes(b"from a path")
    references = [path, Once(), ("name", io.BytesIO(b"from memory"), "image/png"), b"bytes"]
    prompts = [{"prompt": "x", "input_reference": reference} for reference in references]
    queue, _ = queues.run(serve(answer), prompts, max_in_flight=4)
    assert all(result.ok for result in queue.results)
    assert set(arrived) == {b"from a path", b"from a stream", b"from memory", b"bytes"}
    assert len(arrived) > 4


def test_what_cannot_be_sent_is_refused_when_it_is_submitted(serve: Serve) -> None:
    server = serve([Reply({})])
    with OpenVideos(base_url=server.base_url) as client:
        queue = JobQueue(client, max_in_flight=1)
        with pytest.raises(InvalidInput, match="prompt"):
            queue.submit(prompt=7)  # type: ignore[arg-type]  # that is what is refused
        with pytest.raises(InvalidInput, match="max_in_flight is 0"):
            JobQueue(client, max_in_flight=0)
        assert queue.run() == []
    assert server.requests == []


def test_jobs_may_be_submitted_while_the_queue_runs_and_it_may_be_left_and_taken_up(
    serve: Serve, clock: FakeClock
) -> None:
    jobs = server_of(clock)
    with OpenVideos(base_url=serve(jobs.answer).base_url, _clock=clock.clock) as client:
        queue = JobQueue(client, max_in_flight=2, interval=10)
        queue.submit(prompt="a")
        queue.submit(prompt="b")
        first = next(iter(queue))
        assert queue.submit(prompt="c") == 2
        assert len(queue.results) >= 1
        rest = list(queue)
        assert sorted([first.index, *(each.index for each in rest)]) == [0, 1, 2]
        assert "3 jobs: 0 waiting, 0 running, 3 ended" in repr(queue)
        assert jobs.requests.count("create") == 3


def test_a_queue_that_is_run_twice_at_once_creates_no_job_twice(
    serve: Serve, clock: FakeClock
) -> None:
    jobs = server_of(clock)

    async def main() -> None:
        url = serve(jobs.answer).base_url
        async with AsyncOpenVideos(base_url=url, _clock=clock.clock) as client:
            queue = AsyncJobQueue(client, max_in_flight=2, interval=10)
            for number in range(3):
                queue.submit(prompt=str(number))
            results, refusal = await asyncio.gather(
                queue.run(), queue.run(), return_exceptions=True
            )
            assert isinstance(refusal, InvalidInput)
            assert isinstance(results, list)
            assert all(result.ok for result in results)
            assert await queue.run() == results
            assert jobs.requests.count("create") == 3

    asyncio.run(main())


def test_an_interrupted_queue_loses_no_job_and_goes_on(serve: Serve, clock: FakeClock) -> None:
    jobs = server_of(clock)
    told: list[str] = []

    def interrupt(video: Any) -> None:
        told.append(video.id)
        if len(told) == 2:
            raise KeyboardInterrupt

    with OpenVideos(base_url=serve(jobs.answer).base_url, _clock=clock.clock) as client:
        queue = JobQueue(client, max_in_flight=4, interval=10, on_update=interrupt)
        for number in range(6):
            queue.submit(prompt=str(number))
        with pytest.raises(KeyboardInterrupt) as caught:
            queue.run()
        assert "4 jobs of the queue run on (video_" in "".join(caught.value.__notes__)
        assert len(queue.running) == 4
        assert all(result.ok for result in queue.run())
        assert jobs.requests.count("create") == 6


def test_a_create_that_is_cancelled_half_way_still_tells_its_id(
    serve: Serve, clock: FakeClock
) -> None:
    jobs = server_of(clock)

    def answer(request: Request) -> Any:
        reply = jobs.answer(request)
        if request.method == "POST":
            return Reply(reply.body, pieces=20, pause=0.05)  # type: ignore[union-attr]  # a reply
        return reply

    async def main() -> None:
        url = serve(answer).base_url
        async with AsyncOpenVideos(base_url=url, _clock=clock.clock) as client:
            queue = AsyncJobQueue(client, max_in_flight=2, interval=10)
            for number in range(2):
                queue.submit(prompt=str(number))
            task = asyncio.create_task(queue.run())
            while jobs.requests.count("create") < 2:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert all(result.ok for result in await queue.run())
            assert jobs.requests.count("create") == 2

    asyncio.run(main())


def test_a_create_that_never_answers_is_uncertain_when_it_is_cancelled(
    serve: Serve, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openvideos._many.queues._GRACE", 0.05)
    server = serve([Silence()])

    async def main() -> None:
        async with AsyncOpenVideos(base_url=server.base_url, _clock=clock.clock) as client:
            queue = AsyncJobQueue(client, max_in_flight=1)
            queue.submit(prompt="a")
            task = asyncio.create_task(queue.run())
            while not server.requests:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            (result,) = await queue.run()
            assert isinstance(result.error, CreateUncertain)
            assert result.error.wanted is not None
            assert result.error.wanted.prompt == "a"

    asyncio.run(main())
    assert len(server.requests) == 1


@given(
    most=st.integers(1, 30),
    takes=st.lists(st.integers(0, 30), min_size=1, max_size=20),
    asked=st.none() | st.floats(0, 1000),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_room_is_never_more_than_wanted_shrinks_to_what_runs_and_comes_back(
    most: int, takes: list[int], asked: float | None, chance: float
) -> None:
    room, now, running = Room(most), 0.0, 0
    for capacity in [*takes, *[100] * 200]:
        running = min(running, capacity)
        free = room.free(running, now)
        assert 0 <= free <= 16
        assert running + free <= most
        refused = max(running + free - capacity, 0)
        running += free - refused
        if free > refused:
            room.moved()
            assert room.refused_since is None
        if refused:
            room.refused(running, asked=asked, now=now, chance=chance)
            assert room.limit == max(running, 1)
        pause = room.pause(running, now)
        if pause is None:
            assert running == most
            break
        assert 0 <= pause <= 66
        now += pause
    assert running == most


def test_the_error_of_a_refusal_says_what_the_server_said(serve: Serve, clock: FakeClock) -> None:
    busy = Reply({"error": {"message": "Too many running tasks"}}, 429)
    queue, _ = Queues("sync", clock).run(serve([busy]), ["a"], max_wait=10)
    with pytest.raises(RateLimitError, match="Too many running tasks"):
        queue.results[0].unwrap()
