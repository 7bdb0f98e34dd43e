"""A create is repeated where the user says that this makes no second job, and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from openvideos import BadRequestError, CreateUncertain, InvalidInput

from .conftest import Connect, Serve, by_one_kind
from .fake_clock import FakeClock
from .faulty_server import Answer, Reply, Reset

VIDEO = Reply({"id": "video_1", "status": "queued"})
LOST: dict[str, Answer] = {
    "reset": Reset(),
    "cut off": Reply({"id": "video_1", "status": "queued"}, cut_after=5),
    "502": Reply(b"<html>", 502),
}
CREATES: dict[str, Callable[..., Any]] = {
    "create": lambda videos, **more: videos.create(prompt="x", **more),
    "submit": lambda videos, **more: videos.submit(prompt="x", **more),
    "remix": lambda videos, **more: videos.remix("video_1", prompt="x", **more),
    "edit": lambda videos, **more: videos.edit(prompt="x", video="video_1", **more),
    "extend": lambda videos, **more: videos.extend(prompt="x", video="v", seconds=4, **more),
}


@pytest.mark.parametrize("create", CREATES)
def test_a_create_with_a_key_is_sent_again_with_the_same_key(
    connect: Connect, serve: Serve, create: str
) -> None:
    server = serve([LOST["reset"], LOST["502"], VIDEO])
    made = CREATES[create](connect(server.base_url).videos, idempotency_key="line-7")
    assert made.id == "video_1"
    assert [each.headers["idempotency-key"] for each in server.requests] == ["line-7"] * 3


def test_a_create_that_is_awaited_takes_a_key_and_a_body_type_too(
    connect: Connect, serve: Serve
) -> None:
    server = serve([LOST["reset"], Reply({"id": "video_1", "status": "completed"})])
    videos = connect(server.base_url).videos
    videos.create_and_poll(prompt="x", idempotency_key="k", body_type="json")
    assert [each.json() for each in server.requests] == [{"prompt": "x"}] * 2
    assert {each.headers["idempotency-key"] for each in server.requests} == {"k"}


@pytest.mark.parametrize("lost", LOST)
def test_a_client_that_was_told_so_repeats_creates(
    connect: Connect, serve: Serve, lost: str
) -> None:
    server = serve([LOST[lost], VIDEO])
    assert connect(server.base_url, retry_create=True).videos.create(prompt="x").id == "video_1"
    assert len(server.requests) == 2
    assert "idempotency-key" not in server.requests[0].headers


@by_one_kind
def test_without_either_no_key_is_sent_and_nothing_repeated(connect: Connect, serve: Serve) -> None:
    server = serve([LOST["reset"], VIDEO])
    with pytest.raises(CreateUncertain):
        connect(server.base_url).videos.create(prompt="x", idempotency_key=None)
    assert len(server.requests) == 1
    assert "idempotency-key" not in server.requests[0].headers


@by_one_kind
@pytest.mark.parametrize(
    "last",
    [Reset(), Reply({"error": {"message": "Too many running tasks"}}, 429), Reply(b"", 503)],
    ids=["lost too", "refused for now", "busy"],
)
def test_a_create_that_was_lost_once_stays_uncertain_until_one_is_answered(
    connect: Connect, serve: Serve, clock: FakeClock, last: Answer
) -> None:
    server = serve([LOST["reset"], last])
    with pytest.raises(CreateUncertain, match=r"find\(\)") as caught:
        connect(server.base_url).videos.create(prompt="x", idempotency_key="k")
    assert len(server.requests) == 3
    assert caught.value.wanted is not None
    assert caught.value.wanted.prompt == "x"
    assert caught.value.wanted.ended - caught.value.wanted.began == sum(clock.sleeps)


@by_one_kind
def test_a_plain_no_to_the_repetition_is_a_plain_no(connect: Connect, serve: Serve) -> None:
    server = serve([LOST["reset"], Reply({"error": {"message": "Invalid value."}}, 400)])
    with pytest.raises(BadRequestError):
        connect(server.base_url, retry_create=True).videos.create(prompt="x")


@by_one_kind
@pytest.mark.parametrize("key", ["a\nb", "ä", 7])
def test_a_key_that_cannot_be_sent_is_refused(connect: Connect, serve: Serve, key: Any) -> None:
    server = serve([VIDEO])
    with pytest.raises(InvalidInput, match="Idempotency-Key"):
        connect(server.base_url).videos.create(prompt="x", idempotency_key=key)
    assert server.requests == []


@by_one_kind
def test_what_an_uncertain_create_asked_for_is_known(connect: Connect, serve: Serve) -> None:
    videos = connect(serve([Reset()]).base_url).videos
    with pytest.raises(CreateUncertain) as caught:
        videos.create(
            prompt="a cat", model="m", seconds=4, size="1x1", extra_body={"model": "n", "fps": 1}
        )
    wanted = caught.value.wanted
    assert wanted is not None
    assert (wanted.prompt, wanted.model, wanted.seconds, wanted.size) == ("a cat", "n", "4", "1x1")
