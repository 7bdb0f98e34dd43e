"""How a batch keeps to what a server takes."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from openvideos._batch.throttle import Throttle


def test_a_refusal_stops_new_jobs_and_a_free_place_lets_one_in() -> None:
    throttle = Throttle(8)
    assert throttle.limit(0) == 8
    throttle.refused(10, in_flight=3, asked=None)
    assert throttle.limit(10) == 0
    throttle.freed()
    assert throttle.limit(10) == 3


def test_what_the_server_asks_for_is_obeyed_though_a_place_is_free() -> None:
    throttle = Throttle(8)
    throttle.refused(10, in_flight=3, asked=30)
    throttle.freed()
    assert (throttle.limit(39), throttle.wait(39)) == (0, 1)
    assert throttle.limit(40) == 3


def test_more_jobs_are_tried_when_there_was_no_refusal_for_a_while() -> None:
    throttle = Throttle(4)
    throttle.refused(0, in_flight=2, asked=None)
    throttle.accepted(30)
    assert throttle.limit(30) == 2
    throttle.accepted(61)
    throttle.accepted(62)
    throttle.accepted(63)
    assert throttle.limit(63) == 4


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["refused", "accepted", "freed"]),
            st.floats(0, 100),
            st.integers(0, 20),
            st.none() | st.floats(-5, 1e9),
        )
    ),
    st.integers(1, 10),
)
def test_the_limit_is_never_above_the_users_and_always_returns(
    events: list[tuple[str, float, int, float | None]], most: int
) -> None:
    throttle, now = Throttle(most), 0.0
    for kind, pause, in_flight, asked in events:
        now += pause
        if kind == "refused":
            throttle.refused(now, in_flight=in_flight, asked=asked)
            assert throttle.limit(now) <= max(1, in_flight)
        elif kind == "accepted":
            throttle.accepted(now)
            assert throttle.refused_for(now) == 0
        else:
            throttle.freed()
        assert 0 <= throttle.limit(now) <= most
        assert throttle.wait(now) <= 3600
        assert 1 <= throttle.limit(now + 3600) <= most
