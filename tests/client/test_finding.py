"""After a create whose answer was lost: its job is found in the list, or it is said why not."""

from __future__ import annotations

import asyncio
import pickle
import threading
import time
from typing import Any

import pytest

from openvideos import (
    AsyncJob,
    AsyncOpenVideos,
    AuthenticationError,
    CreateUncertain,
    InvalidInput,
    JobNotIdentified,
    OpenVideos,
)
from openvideos._flows.clock import Clock

from .conftest import Connect, Serve, by_one_kind
from .fake_clock import FakeClock
from .faulty_server import Answer, Reply, Request, Reset


class LosesAnswers:
    """A server that makes jobs and loses the answers; its list shows them after some looks."""

    def __init__(self, *, late: int = 0, shows: Any = None, made: bool = True) -> None:
        self.late = late
        self.shows = shows or (lambda job: job)
        self.made = made
        self.jobs: list[dict[str, Any]] = []
        self.answer_next = False
        self.list_answers: list[Answer] = []
        self.lists = 0

    def __call__(self, request: Request) -> Answer:
        if request.method == "POST":
            fields = request.fields()
            job = {
                "id": f"video_{len(self.jobs) + 1}",
                "object": "video",
                "status": "queued",
                "created_at": int(time.time()),
                **fields,
            }
            if self.made:
                self.jobs.append(job)
            return Reply(job) if self.answer_next else Reset()
        self.lists += 1
        if self.list_answers:
            return self.list_answers.pop(0)
        shown = [self.shows(job) for job in reversed(self.jobs)] if self.lists > self.late else []
        return Reply({"object": "list", "data": shown, "has_more": False})


def lost(videos: Any, **fields: Any) -> CreateUncertain:
    with pytest.raises(CreateUncertain, match=r"find\(\)") as caught:
        videos.create(**{"prompt": "a cat", "seconds": 4, **fields})
    return caught.value


def test_the_job_of_a_lost_create_is_found_and_can_be_waited_for(
    connect: Connect, serve: Serve
) -> None:
    server = serve(LosesAnswers())
    videos = connect(server.base_url).videos
    job = videos.find(lost(videos))
    assert (job.id, job.video.prompt) == ("video_1", "a cat")
    assert [request.method for request in server.requests] == ["POST", "GET"]
    assert server.requests[1].query == {"limit": ["100"], "order": ["desc"]}


def test_the_error_itself_finds_the_job(serve: Serve) -> None:
    server = serve(LosesAnswers())
    with OpenVideos(base_url=server.base_url) as client:
        assert lost(client.videos).find().id == "video_1"

    async def main() -> None:
        async with AsyncOpenVideos(base_url=server.base_url) as client:
            with pytest.raises(CreateUncertain) as caught:
                await client.videos.create(prompt="a dog")
            job = await caught.value.find()
            assert isinstance(job, AsyncJob)
            assert job.id == "video_2"

    asyncio.run(main())


def test_a_job_that_the_list_shows_late_is_looked_for_again(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    videos = connect(serve(LosesAnswers(late=3)).base_url).videos
    assert videos.find(lost(videos)).id == "video_1"
    assert clock.sleeps == [1, 2, 4]


def test_a_job_that_was_never_made_is_looked_for_in_a_bounded_time(
    connect: Connect, serve: Serve, clock: FakeClock
) -> None:
    server = LosesAnswers(made=False)
    videos = connect(serve(server).base_url).videos
    error = lost(videos)
    assert videos.find(error) is None
    assert sum(clock.sleeps) <= 30
    looks = server.lists
    assert videos.find(error, max_wait=0) is None
    assert server.lists == looks + 1
    with pytest.raises(InvalidInput, match="max_wait is -1"):
        videos.find(error, max_wait=-1)


def test_the_jobs_of_other_requests_of_this_client_are_not_taken(
    connect: Connect, serve: Serve
) -> None:
    server = LosesAnswers()
    videos = connect(serve(server).base_url).videos
    server.answer_next = True
    for _ in range(3):
        videos.create(prompt="a cat", seconds=4)
    server.answer_next = False
    error = lost(videos)
    assert videos.find(error).id == "video_4"
    # What was found is of this request, and of no other from then on.
    server.made = False
    assert videos.find(lost(videos), max_wait=0) is None


def test_ids_that_are_numbers_are_those_of_other_requests_too(
    connect: Connect, serve: Serve
) -> None:
    made = {"id": 7, "status": "queued", "prompt": "a cat", "created_at": int(time.time())}
    server = serve([Reset(), Reply(made), Reply({"data": [made], "has_more": False})])
    videos = connect(server.base_url).videos
    error = lost(videos)
    assert videos.create(prompt="a cat").id == "7"
    assert videos.find(error, max_wait=0) is None


def test_the_job_of_a_create_that_is_not_answered_yet_is_not_taken(serve: Serve) -> None:
    """Where the list shows no prompts, a job looks like that of any create of its time."""
    asked, answered = threading.Event(), threading.Event()
    made: list[dict[str, Any]] = []

    def answer(request: Request) -> Answer:
        if request.method == "GET":
            return Reply({"data": made, "has_more": False})
        if request.fields()["prompt"] == "lost":
            return Reset()
        made.append({"id": "video_1", "status": "queued", "created_at": int(time.time())})
        asked.set()
        answered.wait(5)
        return Reply(made[0])

    clock = Clock(sleep=lambda _: answered.set())
    with OpenVideos(base_url=serve(answer).base_url, _clock=clock) as client:
        with pytest.raises(CreateUncertain) as caught:
            client.videos.create(prompt="lost")
        other = threading.Thread(target=client.videos.create, kwargs={"prompt": "another"})
        other.start()
        asked.wait(5)
        with pytest.raises(JobNotIdentified, match="video_1 may be of another create"):
            client.videos.find(caught.value, max_wait=0)
        assert client.videos.find(caught.value, max_wait=1.5) is None
        other.join()


@by_one_kind
def test_a_job_whose_time_or_prompt_is_another_is_not_taken(connect: Connect, serve: Serve) -> None:
    for other in ({"created_at": int(time.time()) - 3600}, {"prompt": "a dog"}):
        server = LosesAnswers(shows=lambda job, other=other: {**job, **other})
        videos = connect(serve(server).base_url).videos
        assert videos.find(lost(videos), max_wait=0) is None


def test_several_that_might_be_it_are_told_and_none_is_taken(
    connect: Connect, serve: Serve
) -> None:
    server = LosesAnswers()
    videos = connect(serve(server).base_url).videos
    error = lost(videos)
    lost(connect(serve(server).base_url).videos)  # somebody else's, with the same prompt
    with pytest.raises(JobNotIdentified, match="video_2, video_1") as caught:
        videos.find(error)
    assert [video.id for video in caught.value.candidates] == ["video_2", "video_1"]


@by_one_kind
def test_a_list_that_does_not_show_times_cannot_tell(connect: Connect, serve: Serve) -> None:
    server = LosesAnswers(shows=lambda job: {**job, "created_at": 0})
    videos = connect(serve(server).base_url).videos
    with pytest.raises(JobNotIdentified, match="does not show when video_1 was created"):
        videos.find(lost(videos))


@by_one_kind
@pytest.mark.parametrize("status", [404, 405, 501, 400])
def test_a_server_without_a_list_cannot_tell(connect: Connect, serve: Serve, status: int) -> None:
    server = LosesAnswers()
    videos = connect(serve(server).base_url).videos
    error = lost(videos)
    server.list_answers = [Reply({"detail": "Not Found"}, status=status)]
    with pytest.raises(JobNotIdentified, match="no list to look in"):
        videos.find(error)
    assert server.lists == 1


@by_one_kind
def test_a_list_that_fails_for_a_while_is_read_again_and_one_that_fails_for_good_is_told(
    connect: Connect, serve: Serve
) -> None:
    server = LosesAnswers()
    videos = connect(serve(server).base_url).videos
    error = lost(videos)
    server.list_answers = [Reply(b"<html>", 502), Reset(), Reply({"error": {"message": "x"}}, 429)]
    assert videos.find(error).id == "video_1"
    error = lost(videos)
    server.list_answers = [Reply(b"<html>", 502)] * 50
    with pytest.raises(JobNotIdentified, match=r"cannot be read.*502"):
        videos.find(error)
    server.list_answers = [Reply({"error": {"message": "No key."}}, 401)]
    with pytest.raises(AuthenticationError):
        videos.find(error)


@by_one_kind
@pytest.mark.parametrize("order", ["desc", "asc"])
def test_the_list_is_read_back_to_the_time_of_the_request_and_no_further(
    connect: Connect, serve: Serve, order: str
) -> None:
    now = int(time.time())
    made = {"id": "it", "status": "queued", "created_at": now, "prompt": "a cat"}
    old = [
        {"id": f"old_{age}", "status": "completed", "created_at": now - 100 * age - 100}
        for age in range(250)
    ]
    listed = [made, *old] if order == "desc" else [*reversed(old), made]

    def answer(request: Request) -> Answer:
        if request.method == "POST":
            return Reset()
        after = request.query.get("after", [""])[0]
        start = next((i + 1 for i, video in enumerate(listed) if video["id"] == after), 0)
        page = listed[start : start + 100]
        return Reply({"data": page, "has_more": start + 100 < len(listed)})

    server = serve(answer)
    videos = connect(server.base_url).videos
    assert videos.find(lost(videos)).id == "it"
    assert len(server.requests) - 1 == (1 if order == "desc" else 3)


@by_one_kind
def test_a_list_without_an_end_is_given_up(connect: Connect, serve: Serve) -> None:
    def answer(request: Request) -> Answer:
        if request.method == "POST":
            return Reset()
        name = f"v{len(server.requests)}"
        page = [{"id": name, "created_at": time.time() + 900, "prompt": "a dog"}]
        return Reply({"data": page, "has_more": True})

    server = serve(answer)
    videos = connect(server.base_url).videos
    with pytest.raises(JobNotIdentified, match="too long"):
        videos.find(lost(videos))
    assert len(server.requests) == 1 + 20


@by_one_kind
def test_a_clock_that_is_wrong_here_is_put_right_by_the_servers(
    connect: Connect, serve: Serve
) -> None:
    # The clock of these tests is far from the server's, whose Date tells by how much.
    videos = connect(serve(LosesAnswers()).base_url).videos
    error = lost(videos)
    assert error.wanted is not None
    assert abs(error.wanted.began - time.time()) > 3600
    assert videos.find(error).id == "video_1"


def test_a_lost_remix_is_found_by_its_prompt_and_a_character_is_not_looked_for(
    connect: Connect, serve: Serve
) -> None:
    made = {"id": "remix_1", "status": "queued", "created_at": int(time.time()), "prompt": "a dog"}

    def answer(request: Request) -> Answer:
        return Reset() if request.method == "POST" else Reply({"data": [made]})

    videos = connect(serve(answer).base_url).videos
    with pytest.raises(CreateUncertain) as caught:
        videos.remix("video_1", prompt="a dog")
    assert videos.find(caught.value).id == "remix_1"
    with pytest.raises(CreateUncertain) as caught:
        videos.create_character(name="Tom", video=b"\0\0\0\x18ftypmp42")
    with pytest.raises(JobNotIdentified, match="only jobs are listed"):
        videos.find(caught.value)


def test_an_error_from_another_process_is_looked_into_by_a_client_of_this_one(
    connect: Connect, serve: Serve
) -> None:
    videos = connect(serve(LosesAnswers()).base_url).videos
    error = pickle.loads(pickle.dumps(lost(videos)))  # noqa: S301 - our own
    with pytest.raises(InvalidInput, match=r"videos\.find"):
        error.find()
    assert videos.find(error).id == "video_1"
