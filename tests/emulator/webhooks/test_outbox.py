"""The outbox as a state machine: any order of claims, answers, crashes and turns of the clock."""

import asyncio

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, given, settings
from sqlalchemy import Connection

from openvideos_emulator.webhooks.outbox import (
    Delivery,
    Moment,
    Outcome,
    claim,
    forget,
    is_due,
    record,
)

from .conftest import Outbox

CLAIM_LASTS = 20_000
HOURS_72 = 72 * 3600 * 1000

pauses = st.one_of(st.integers(0, 40_000), st.integers(0, HOURS_72 // 3))
ends = st.sampled_from([500, 302, None, "crash", 503, 429, 404, 204, 410])


@pytest.fixture
def connection(outbox: Outbox) -> Connection:
    return asyncio.run(outbox.database.read(lambda connection: connection))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(steps=st.lists(st.tuples(pauses, ends), min_size=1, max_size=25))
def test_an_event_is_tried_until_it_is_final_by_one_worker_at_a_time(
    outbox: Outbox, connection: Connection, steps: list[tuple[int, int | str | None]]
) -> None:
    forget(connection, None)
    asyncio.run(outbox.queue("http://127.0.0.1:1/"))
    due = now = outbox.clock.now()
    ids: set[str] = set()
    attempts, claimed_until, earliest, final = 0, 0, due, False
    for pause, end in steps:
        now += pause
        moments = [Moment(tenant=None, now=now)]
        assert is_due(connection, moments) == (not final and now >= earliest)
        claimed: list[Delivery] = claim(
            connection, moments, at_most=5, except_urls=[], now=now, until=now + CLAIM_LASTS
        )
        assert bool(claimed) == (not final and now >= max(earliest, claimed_until))
        if not claimed:
            continue
        [delivery] = claimed
        # Nobody else gets it meanwhile.
        assert claim(connection, moments, at_most=5, except_urls=[], now=now, until=now + 1) == []
        attempts += 1
        ids.add(delivery.id)
        assert delivery.attempts == attempts
        if isinstance(end, str):
            claimed_until = now + CLAIM_LASTS
            continue
        again = record(connection, delivery, Outcome(end), now)
        final = again is None
        if end in (204, 410):
            assert final
        elif again is not None:
            assert now < again <= due + HOURS_72
            earliest = again
        else:
            assert now + 5000 * 2 ** (attempts - 1) > due + HOURS_72
    assert len(ids) <= 1
