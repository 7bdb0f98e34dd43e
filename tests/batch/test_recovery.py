"""What becomes of a create whose answer was lost: the decision alone, without server or ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos import Video
from openvideos._batch.recovery import (
    Adopt,
    Create,
    Decision,
    Hold,
    Listing,
    LookAgain,
    Repeat,
    Witness,
    decide,
)
from openvideos._http.responses import Response
from openvideos._protocol.decoding import video as decoded
from openvideos._waiting.matching import Wanted

START = 1_800_000_000.0
SETTLE = 300.0
LATER = START + SETTLE + 1


def a_video(id_: str, prompt: str | None = "a cat", *, created: float = START) -> Video:
    body = {"id": id_, "status": "queued", "created_at": int(created), "model": "sora-2"}
    if prompt is not None:
        body["prompt"] = prompt
    return decoded(Response(200, {}, json.dumps(body).encode(), "GET", "http://server/v1"))


def a_create(position: int, prompt: str = "a cat", *, wish: str | None = None) -> Create:
    wanted = Wanted(began=START, ended=START + SETTLE, prompt=prompt)
    return Create(position, prompt if wish is None else wish, wanted)


WITNESS = Witness("known", Wanted(began=START - 60, ended=START - 59, prompt="a house"))
KNOWN = a_video("known", "a house", created=START - 60)


def decisions(
    lost: Iterable[Create],
    listed: Iterable[Video] = (),
    *,
    listing: Listing | None = None,
    claimed: Iterable[str] = ("known",),
    creating: Iterable[Create] = (),
    witnesses: Iterable[Witness] = (WITNESS,),
    now: float = LATER,
    **more: Any,
) -> dict[int, Decision]:
    return decide(
        list(lost),
        listing=listing or Listing((KNOWN, *listed)),
        claimed=set(claimed),
        creating=list(creating),
        witnesses=list(witnesses),
        now=now,
        **{"more_to_come": False, "repeat_uncertain": False, **more},
    )


def test_the_one_job_that_it_can_be_is_adopted() -> None:
    job = a_video("lost")
    assert decisions([a_create(1)], [job], now=START + 1) == {1: Adopt(job)}


def test_jobs_of_the_same_wish_are_shared_out_one_to_a_line() -> None:
    jobs = [a_video("b", created=START + 1), a_video("a")]
    assert decisions([a_create(1), a_create(2)], jobs) == {1: Adopt(jobs[1]), 2: Adopt(jobs[0])}


def test_a_job_is_given_to_one_of_two_lines_and_the_other_is_looked_for() -> None:
    job = a_video("a")
    assert decisions([a_create(1), a_create(2)], [job], now=START + 1) == {
        1: Adopt(job),
        2: LookAgain(),
    }
    assert decisions([a_create(1), a_create(2)], [job])[2] == Repeat()


def test_more_jobs_than_lines_are_held() -> None:
    made = decisions([a_create(1)], [a_video("a"), a_video("b")], now=START + 1)
    assert made == {1: Hold("2 jobs at the server could be it: a, b")}


def test_jobs_of_different_wishes_that_the_list_does_not_tell_apart_are_held() -> None:
    made = decisions([a_create(1, "a cat"), a_create(2, "a dog")], [a_video("a", None)])
    assert made[1] == made[2]
    assert made[1] == Hold("it cannot be told which of the lines 1, 2 these jobs are of: a")


def test_a_job_that_may_be_of_a_create_under_way_is_not_taken() -> None:
    made = decisions([a_create(1)], [a_video("a")], creating=[a_create(2)])
    assert made == {1: LookAgain()}


def test_a_create_under_way_for_something_else_does_not_disturb() -> None:
    made = decisions([a_create(1)], [a_video("a")], creating=[a_create(2, "a dog")])
    assert made == {1: Adopt(a_video("a"))}


def test_nothing_is_repeated_before_a_slow_server_can_be_done() -> None:
    assert decisions([a_create(1)], now=START + SETTLE - 1) == {1: LookAgain()}
    assert decisions([a_create(1)], now=START + SETTLE) == {1: Repeat()}


@pytest.mark.parametrize("by", [-500, 500])
def test_nothing_is_repeated_where_a_clock_was_set_since_the_list_was_proved(by: float) -> None:
    job = a_video("a", created=START + by)
    assert decisions([a_create(1)], [job])[1] == Hold(
        "jobs at the server could be it but for their time, and clocks may be wrong: a"
    )
    assert decisions([a_create(1)], [job], claimed=["known", "a"])[1] == Repeat()


@pytest.mark.parametrize(
    ("witnesses", "listing", "reason"),
    [
        pytest.param([], Listing((KNOWN,)), "not proved", id="none of ours are known"),
        pytest.param([WITNESS], Listing(()), "neither known", id="one of ours is missing"),
        pytest.param(
            [WITNESS],
            Listing((a_video("known", "a house", created=START - 7260),)),
            "would not have shown known",
            id="its clock is off by two hours",
        ),
        pytest.param(
            [WITNESS],
            Listing((a_video("known", "A fine house, 4k", created=START - 60),)),
            "would not have shown known",
            id="it shows prompts as the server rewrote them",
        ),
        pytest.param(
            [WITNESS], Listing((KNOWN,), since=START - 30), "reach back", id="it is too short"
        ),
    ],
)
def test_a_list_that_is_not_proved_proves_nothing(
    witnesses: list[Witness], listing: Listing, reason: str
) -> None:
    made = decisions([a_create(1)], witnesses=witnesses, listing=listing)[1]
    assert isinstance(made, Hold)
    assert reason in made.reason
    # Other jobs of the batch may yet prove it.
    more = decisions([a_create(1)], witnesses=witnesses, listing=listing, more_to_come=True)
    assert more == {1: LookAgain()}


def test_without_a_list_a_line_is_held_at_once() -> None:
    listing = Listing(problem="the server has no list")
    assert decisions([a_create(1)], listing=listing, now=START) == {
        1: Hold("the server has no list")
    }


def test_a_list_that_is_down_is_asked_again_for_a_while() -> None:
    listing = Listing(problem="HTTP 503", passes=True)
    assert decisions([a_create(1)], listing=listing, now=START + 1) == {1: LookAgain()}
    assert decisions([a_create(1)], listing=listing) == {1: Hold("HTTP 503")}


def test_what_would_be_held_is_repeated_where_that_is_asked_for() -> None:
    listing = Listing(problem="the server has no list")
    made = decisions([a_create(1)], listing=listing, repeat_uncertain=True)
    assert made == {1: Repeat(doubt="the server has no list")}


PROMPTS = st.sampled_from(["a cat", "a dog"])


@given(
    prompts=st.lists(PROMPTS, min_size=1, max_size=6),
    listed=st.lists(st.tuples(PROMPTS | st.none(), st.integers(-90, 90)), max_size=6),
    claimed=st.sets(st.integers(0, 5)),
    creating=st.lists(PROMPTS, max_size=2),
    proved=st.booleans(),
    age=st.sampled_from([1.0, SETTLE + 1]),
    more_to_come=st.booleans(),
)
def test_whatever_the_list_shows_no_line_gets_what_is_not_its_own(
    prompts: list[str],
    listed: list[tuple[str | None, int]],
    claimed: set[int],
    creating: list[str],
    proved: bool,
    age: float,
    more_to_come: bool,
) -> None:
    videos = [a_video(str(at), p, created=START + by) for at, (p, by) in enumerate(listed)]
    taken = {"known", *(str(number) for number in claimed)}
    lost = [a_create(position, prompt) for position, prompt in enumerate(prompts)]
    made = decisions(
        lost,
        videos,
        claimed=taken,
        creating=[a_create(100 + at, prompt) for at, prompt in enumerate(creating)],
        witnesses=[WITNESS] if proved else [],
        now=START + age,
        more_to_come=more_to_come,
    )
    assert made.keys() == set(range(len(prompts)))
    adopted = [decision.video for decision in made.values() if isinstance(decision, Adopt)]
    assert len({video.id for video in adopted}) == len(adopted)
    assert not taken & {video.id for video in adopted}
    for position, decision in made.items():
        if isinstance(decision, Adopt):
            assert decision.video.prompt in (prompts[position], None)
        free = [
            video
            for video in videos
            if video.id not in taken and video.prompt in (prompts[position], None)
        ]
        if isinstance(decision, Repeat):
            # Never too early, never unproved, and only where each job that it could be is taken.
            assert age > SETTLE
            assert proved
            assert {video.id for video in free} <= {video.id for video in adopted}
