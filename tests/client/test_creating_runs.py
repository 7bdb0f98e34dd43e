"""Whole creates in virtual time, whatever the server does: no job is made, and billed, twice."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from attrs import define, field
from hypothesis import given
from hypothesis import strategies as st

from openvideos import (
    APIConnectionError,
    APIError,
    CreateUncertain,
    Response,
    Video,
    Videos,
)
from openvideos._flows.drivers import Driver
from openvideos._settings import settings_from

from .fake_clock import FakeClock

Outcome = Response | APIConnectionError


def answer(status: int, body: Any, **headers: str) -> Response:
    return Response(status, headers, json.dumps(body).encode(), "POST", "http://x/v1/videos")


# What may come of a request, and whether a job may have been made by it.
OUTCOMES: dict[str, tuple[Outcome, bool]] = {
    "made": (answer(200, {"id": "video_1", "status": "queued"}), True),
    "made, and unreadable": (answer(200, {"status": "queued"}), True),
    "lost": (APIConnectionError("cut off"), True),
    "500": (answer(500, {"error": {"message": "'prompt' is required"}}), True),
    "502, try again": (answer(502, {}, **{"retry-after": "1", "x-should-retry": "true"}), True),
    "408": (answer(408, {"error": {"message": "Slow."}}), True),
    "never sent": (APIConnectionError("refused", sent=False), False),
    "too many": (answer(429, {"error": {"message": "Too many running tasks"}}), False),
    "too many, later": (answer(429, {}, **{"retry-after": "2"}), False),
    "down for now": (answer(503, {"error": {"message": "Busy."}}, **{"retry-after": "1"}), True),
    "conflict": (answer(409, {"error": {"message": "Busy."}}, **{"retry-after": "1"}), False),
    "no form": (answer(415, {"detail": "Unsupported media type"}), False),
    "no prompt": (answer(400, {"error": {"message": "'prompt' is required"}}), False),
    "refused": (answer(400, {"error": {"message": "Invalid value: '5'."}}), False),
}


PLAIN = {"refused", "no form", "no prompt"}  # said of one request, it holds for all of them


@define
class Wire:
    """Stands for the network: each request comes to what the script says, then to the last."""

    script: list[str]
    sent: list[str] = field(factory=list)

    def send(self, call: object, seconds: float | None = None, cancel: object = None) -> Response:
        self.sent.append(self.script[min(len(self.sent), len(self.script) - 1)])
        outcome, _ = OUTCOMES[self.sent[-1]]
        if isinstance(outcome, APIConnectionError):
            raise outcome
        return outcome

    @property
    def jobs(self) -> int:
        """How many jobs may have been made."""
        return sum(OUTCOMES[name][1] for name in self.sent)

    @property
    def leaves_open(self) -> bool:
        """Whether a job may have been made, and no later answer says that none could be."""
        is_open = False
        for name in self.sent:
            is_open = (is_open or OUTCOMES[name][1]) and name not in PLAIN
        return is_open


CREATES: list[Callable[..., Video]] = [
    lambda videos, **more: videos.create(prompt="x", **more),
    lambda videos, **more: videos.create(prompt="x", characters=[{"id": "c"}], **more),
    lambda videos, **more: videos.submit(prompt="x", **more).video,
    lambda videos, **more: videos.remix("v", prompt="x", **more),
    lambda videos, **more: videos.edit(prompt="x", video="v", **more),
    lambda videos, **more: videos.extend(prompt="x", video="v", seconds=4, **more),
]


@given(
    script=st.lists(st.sampled_from(sorted(OUTCOMES)), min_size=1, max_size=8),
    create=st.sampled_from(CREATES),
    max_retries=st.integers(0, 6),
    retry_create=st.booleans(),
    key=st.none() | st.just("k"),
)
def test_no_job_is_made_twice_unasked_and_none_is_lost_unsaid(
    script: list[str],
    create: Callable[..., Video],
    max_retries: int,
    retry_create: bool,
    key: str | None,
) -> None:
    wire, clock = Wire(script), FakeClock()
    settings = settings_from(
        base_url="http://127.0.0.1:9/v1",
        max_retries=max_retries,
        retry_create=retry_create,
        environment={},
    )
    videos = Videos(Driver(settings, clock.clock, wire))  # type: ignore[arg-type]  # stands for it
    more = {} if key is None else {"idempotency_key": key}
    outcome: Any
    try:
        outcome = create(videos, **more)
    except APIError as error:
        outcome = error

    assert len(wire.sent) <= 2 * (max_retries + 1)
    asked_for = retry_create or key is not None
    if not asked_for:
        assert wire.jobs <= 1
        # Nothing is sent once a job may have been made.
        assert not any(OUTCOMES[name][1] for name in wire.sent[:-1])
        if wire.jobs and not isinstance(outcome, Video):
            assert isinstance(outcome, CreateUncertain)
    if isinstance(outcome, Video):
        assert (outcome.id, wire.sent[-1]) == ("video_1", "made")
        assert "video_1" in videos.context.memory.claimed
    elif wire.leaves_open:
        assert isinstance(outcome, CreateUncertain)
        assert outcome.wanted is not None
        assert outcome.wanted.prompt == "x"
    elif not wire.jobs:
        assert not isinstance(outcome, CreateUncertain)
