"""The state machine of waiting, by itself: whatever happens, it ends, in time, and asks gently."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    Response,
    Video,
    WaitTimeout,
)
from openvideos._protocol.decoding import video as decode
from openvideos._protocol.status_errors import status_error
from openvideos._waiting.limits import LONGEST_PAUSE, SHORTEST_PAUSE
from openvideos._waiting.polling import Finish, Look, Pause, Poll, Stop


def answer(status: int, body: bytes = b"{}") -> Response:
    return Response(status, {}, body, "GET", "http://127.0.0.1/v1/videos/video_1")


def seen(status: str, progress: Any = None) -> Video:
    body = f'{{"id": "video_1", "status": "{status}", "progress": {progress or 0}}}'
    return decode(answer(200, body.encode()))


def refusal(status: int) -> APIError:
    return status_error(answer(status), creates=False)


ABSORBED = {408, 409, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529}
RAISED = {400, 401, 402, 403, 404, 405, 410, 422, 501, 302, 418}


@pytest.mark.parametrize("status", sorted(ABSORBED))
def test_each_passing_answer_is_waited_out(status: int) -> None:
    poll = Poll("video_1", started=0)
    decision = poll.failed(refusal(status), asked=None, now=1, chance=0.5)
    assert isinstance(decision, Pause)


@pytest.mark.parametrize("status", sorted(RAISED))
def test_each_final_answer_is_raised(status: int) -> None:
    poll = Poll("video_1", started=0)
    error = refusal(status)
    assert poll.failed(error, asked=None, now=1, chance=0.5) == Stop(error)


@pytest.mark.parametrize(
    "error", [APIConnectionError("reset"), APIResponseValidationError("a page of HTML")]
)
def test_no_answer_and_a_meaningless_one_are_waited_out(error: APIError) -> None:
    poll = Poll("video_1", started=0)
    assert isinstance(poll.failed(error, asked=None, now=1, chance=0.5), Pause)


@pytest.mark.parametrize(("age", "waits"), [(0.0, True), (9.9, True), (10.0, False)])
def test_only_a_young_job_of_this_process_may_be_unknown(age: float, waits: bool) -> None:
    poll = Poll("video_1", started=100, created=100)
    decision = poll.failed(refusal(404), asked=None, now=100 + age, chance=0.5)
    assert decision == Pause(1.0) if waits else isinstance(decision, Stop)


def test_pauses_of_our_own_grow_from_ten_to_twenty_seconds_and_differ_between_clients() -> None:
    poll = Poll("video_1", started=0, max_wait=None)
    pauses = []
    now = 0.0
    for _ in range(20):
        assert isinstance(poll.woke(now), Look)
        decision = poll.answered(seen("queued"), asked=None, now=now, chance=0.5)
        assert isinstance(decision, Pause)
        pauses.append(decision.seconds)
        now += decision.seconds
    assert pauses == sorted(pauses)
    assert [pauses[0], pauses[-1]] == pytest.approx([11, 20])
    other = poll.answered(seen("queued"), asked=None, now=now, chance=0.1)
    assert isinstance(other, Pause)
    assert other.seconds == pytest.approx(18.4)


def test_one_more_look_is_taken_shortly_before_the_deadline() -> None:
    poll = Poll("video_1", started=0, max_wait=8, interval=10)
    assert poll.begin(asked=None, seen=0, chance=0) == Look(8)
    assert poll.answered(seen("queued"), asked=None, now=0, chance=0) == Pause(7)
    assert poll.woke(7) == Look(1)
    assert poll.answered(seen("queued"), asked=None, now=7, chance=0) == Pause(1)
    assert isinstance(poll.woke(8), Stop)


def test_a_job_that_was_just_seen_is_not_asked_for_at_once_but_an_old_view_is() -> None:
    fresh = Poll("video_1", started=10, video=seen("queued"))
    assert fresh.begin(asked=4, seen=9, chance=0.5) == Pause(3)
    old = Poll("video_1", started=100, video=seen("queued"))
    assert isinstance(old.begin(asked=4, seen=9, chance=0.5), Look)


def test_no_time_at_all_is_time_for_what_is_known_already() -> None:
    assert isinstance(Poll("v", 0, 0).begin(asked=None, seen=0, chance=0), Stop)
    done = Poll("v", 0, 0, video=seen("completed"))
    assert isinstance(done.begin(asked=None, seen=0, chance=0), Finish)


EVENTS = st.lists(
    st.one_of(
        st.tuples(
            st.sampled_from(["queued", "in_progress", "daydreaming", "completed", "failed"]),
            st.integers(0, 100),
        ),
        st.sampled_from(sorted(ABSORBED | RAISED)),
        st.just("cut"),
    ),
    max_size=30,
)
PAUSES = st.none() | st.floats(0, 1e12)


@given(
    events=EVENTS,
    asked=PAUSES,
    took=st.floats(0, 30),
    interval=st.none() | st.floats(0.01, 60),
    max_wait=st.floats(0, 300),
    created=st.booleans(),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_every_run_ends_in_time_with_bounded_pauses_and_progress_that_never_goes_back(
    events: list[Any],
    asked: float | None,
    took: float,
    interval: float | None,
    max_wait: float,
    created: bool,
    chance: float,
) -> None:
    now = 50.0
    poll = Poll("video_1", now, max_wait, interval, created=now if created else None)
    deadline = now + max_wait
    progress = 0
    looks = 0
    decision = poll.begin(asked=None, seen=0, chance=chance)
    for event in [*events, *["cut"] * 100_000]:
        while isinstance(decision, Pause):
            assert 0 < decision.seconds <= max(LONGEST_PAUSE, interval or 0)
            now += decision.seconds
            assert now <= deadline + 1e-6
            decision = poll.woke(now)
        if not isinstance(decision, Look):
            break
        looks += 1
        assert now < deadline
        assert decision.seconds is not None
        assert now + decision.seconds <= deadline + 1e-6
        now += min(took, decision.seconds)
        if event == "cut":
            error: APIError = APIConnectionError("cut")
            decision = poll.failed(error, asked=None, now=now, chance=chance)
        elif isinstance(event, int):
            decision = poll.failed(refusal(event), asked=asked, now=now, chance=chance)
        else:
            decision = poll.answered(seen(*event), asked=asked, now=now, chance=chance)
            assert poll.video is not None
            assert poll.video.progress is not None
            assert poll.video.progress >= progress
            progress = poll.video.progress
    assert isinstance(decision, Finish | Stop)
    assert poll.attempts == looks
    if isinstance(decision, Stop) and isinstance(decision.error, WaitTimeout):
        assert decision.error.elapsed >= max_wait - 1e-6


@given(asked=st.floats(0, 1e15), interval=st.none() | st.floats(0.01, 1000))
def test_a_servers_pause_is_bounded_and_an_explicit_one_is_kept(
    asked: float, interval: float | None
) -> None:
    poll = Poll("video_1", started=0, max_wait=None, interval=interval)
    decision = poll.answered(seen("queued"), asked=asked, now=0, chance=0.5)
    assert isinstance(decision, Pause)
    if interval is None:
        assert decision.seconds == min(max(asked, SHORTEST_PAUSE), LONGEST_PAUSE)
    else:
        assert decision.seconds == interval
