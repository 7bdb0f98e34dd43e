"""Whole waits in virtual time, whatever the server does: what holds for every run of both clients.

A request never leaves after the deadline, nor while another is under way for the job; no pause is
longer than the bound; progress never goes back; each run ends; both kinds of clients do the same.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Coroutine
from itertools import pairwise
from typing import Any

from attrs import define, field, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from openvideos import (
    APIConnectionError,
    APIError,
    APITimeoutError,
    AsyncJob,
    CancelToken,
    Job,
    JobError,
    Response,
    Video,
    WaitCancelled,
    WaitTimeout,
)
from openvideos._flows.drivers import AsyncDriver, Driver
from openvideos._protocol.decoding import stored_video
from openvideos._settings import settings_from
from openvideos._waiting.cancelling import Cancelled
from openvideos._waiting.job_states import JobState
from openvideos._waiting.limits import LONGEST_PAUSE

from .fake_clock import FakeClock

SETTINGS = settings_from(base_url="http://127.0.0.1:9/v1", environment={})
STATUSES = ["queued", "in_progress", "daydreaming", "NOT_START", "completed", "failed", "expired"]
EPSILON = 1e-6


@frozen
class Event:
    """What comes of one request.

    Attributes:
        answer: A job's status and progress, an HTTP status that says no, or no answer at all.
        took: After how many seconds.
        headers: With which headers.
    """

    answer: tuple[str, int | None] | int | None
    took: float
    headers: dict[str, str] = field(factory=dict)

    def outcome(self) -> Response | APIError:
        match self.answer:
            case None:
                return APIConnectionError("cut off")
            case int(status):
                body: Any = {"error": {"message": "No.", "code": "x"}}
            case (word, progress):
                status, body = 200, {"id": "video_1", "status": word, "progress": progress}
        return Response(status, self.headers, json.dumps(body).encode(), "GET", "http://x/v1")


@define
class Wire:
    """Stands for the network: answers by the script, then never again, and keeps to the limits."""

    events: list[Event]
    clock: FakeClock
    deadline: float | None
    cancel: CancelToken | None
    cancelled_at: float | None
    under_way: bool = False
    sent: list[float] = field(factory=list)

    def exchange(self, seconds: float | None) -> Response:
        assert not self.under_way
        now = self.clock.time
        assert self.deadline is None or now < self.deadline
        assert seconds is not None
        assert self.deadline is None or now + seconds <= self.deadline + EPSILON
        self.under_way = True
        self.sent.append(now)
        index = len(self.sent) - 1
        event = self.events[index] if index < len(self.events) else Event(None, 1.0)
        self.clock.time += min(event.took, seconds)
        self.under_way = False
        if self.cancel and self.cancelled_at is not None and self.clock.time >= self.cancelled_at:
            self.cancel.cancel()
            raise Cancelled
        outcome = APITimeoutError("late") if event.took > seconds else event.outcome()
        if isinstance(outcome, APIError):
            raise outcome
        return outcome


class Transport:
    def __init__(self, wire: Wire) -> None:
        self.wire = wire

    def send(self, call: object, seconds: float | None, cancel: object = None) -> Response:
        return self.wire.exchange(seconds)


class AsyncTransport(Transport):
    async def send(  # type: ignore[override]  # awaited, as the driver does
        self, call: object, seconds: float | None, cancel: object = None
    ) -> Response:
        return self.wire.exchange(seconds)


def awaited(work: Coroutine[Any, Any, Any]) -> Any:
    """Run what never waits for anything without an event loop, which takes longer than the work."""
    try:
        work.send(None)
    except StopIteration as stop:
        return stop.value
    raise AssertionError("it waited")


def iterated(job: Job, told: Callable[[Video], object], **how: Any) -> Video | None:
    for video in job.updates(**how):
        told(video)
    return job.video


async def iterated_async(job: AsyncJob, told: Callable[[Video], object], **how: Any) -> Any:
    async for video in job.updates(**how):
        told(video)
    return job.video


EVENTS = st.lists(
    st.builds(
        Event,
        answer=st.tuples(st.sampled_from(STATUSES[:4]), st.none() | st.integers(-5, 120))
        | st.sampled_from([None, 404, 408, 409, 429, 500, 503, 529])
        | st.tuples(st.sampled_from(STATUSES), st.integers(0, 100))
        | st.sampled_from([400, 401, 410, 501]),
        took=st.sampled_from([0.0, 0.1, 5.0, 61.0, 1e9]),
        headers=st.sampled_from(
            [
                {},
                {"openai-poll-after-ms": "1"},
                {"openai-poll-after-ms": "1e15"},
                {"retry-after": "7"},
                {"retry-after": "-1"},
            ]
        ),
    ),
    max_size=12,
)


@settings(max_examples=200)
@given(
    events=EVENTS,
    max_wait=st.none() | st.floats(0, 400),
    interval=st.none() | st.floats(0.1, 100),
    created=st.booleans(),
    known=st.none() | st.integers(0, 100),
    slow=st.sampled_from([0.0, 3.0, 1000.0]),
    iterates=st.booleans(),
    cancelled_at=st.none() | st.floats(0, 200),
)
def test_every_run_of_both_clients_keeps_the_rules_and_goes_the_same_way(
    events: list[Event],
    max_wait: float | None,
    interval: float | None,
    created: bool,
    known: int | None,
    slow: float,
    iterates: bool,
    cancelled_at: float | None,
) -> None:
    if max_wait is None:  # a wait for ever ends with the job only
        events = [*events, Event(("completed", 100), 0.1)]
    runs = []
    for kind in (Job, AsyncJob):
        clock = FakeClock()
        # A token of the sync kind only: with one, the async kind takes an event loop.
        token = CancelToken() if kind is Job and cancelled_at is not None else None
        wire = Wire(events, clock, max_wait, token, cancelled_at)
        told: list[Video] = []
        made = Job if kind is Job else AsyncJob
        driver: Any = (
            Driver(SETTINGS, clock.clock, Transport(wire))  # type: ignore[arg-type]  # stands for it
            if kind is Job
            else AsyncDriver(SETTINGS, clock.clock, AsyncTransport(wire))  # type: ignore[arg-type]  # as above
        )
        state = JobState("video_1", created=0.0 if created else None, seen=-math.inf)
        if known is not None:
            state.video = stored_video({"status": "queued", "progress": known}, "video_1")
        job: Any = made(driver, state)

        def listen(video: Video, told: list[Video] = told, clock: FakeClock = clock) -> None:
            told.append(video)
            clock.time += slow

        how: dict[str, Any] = {"max_wait": max_wait, "interval": interval, "cancel": token}
        outcome: Any
        try:
            if iterates:
                run = iterated if kind is Job else iterated_async
                outcome = run(job, listen, **how)
            else:
                outcome = job.wait(on_progress=listen, **how)
            outcome = outcome if kind is Job else awaited(outcome)
        except (JobError, APIError) as error:
            outcome = error

        check_run(outcome, job.video, told, clock, how)
        if token is None:
            runs.append((type(outcome), wire.sent, clock.sleeps, [video.status for video in told]))
    assert runs[1:] == runs[:-1]


def check_run(
    outcome: Any, video: Video | None, told: list[Video], clock: FakeClock, how: dict[str, Any]
) -> None:
    interval, max_wait = how["interval"], how["max_wait"]
    assert all(0 < pause <= max(LONGEST_PAUSE, interval or 0) for pause in clock.sleeps)
    progress = [each.progress for each in told if each.progress is not None]
    assert progress == sorted(progress)
    changes = [(each.status, each.progress) for each in told]
    assert all(one != other for one, other in pairwise(changes))
    match outcome:
        case Video():
            assert outcome.status == "completed"
            assert told[-1] == outcome == video
        case WaitTimeout():
            assert max_wait is not None
            assert outcome.elapsed >= max_wait - EPSILON
            assert outcome.video == video
        case WaitCancelled():
            assert how["cancel"].cancelled
        case JobError():
            assert outcome.video == video
        case APIError():
            assert "videos.job('video_1')" in outcome.__notes__[0]
        case _:
            raise AssertionError(outcome)
