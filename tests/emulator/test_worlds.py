"""Worlds by their rules, whatever is done to them in whatever order."""

from collections import Counter
from collections.abc import Iterator
from typing import cast

import pytest
import sqlalchemy
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from openvideos_emulator.admin import clocks, counts, journal
from openvideos_emulator.scene import Part, Scene
from openvideos_emulator.settings import Settings
from openvideos_emulator.storage import queries
from openvideos_emulator.storage.database import Database
from openvideos_emulator.storage.tables import metadata, requests, worlds
from openvideos_emulator.timetable import Failure, Job, Steps, Timetable
from openvideos_emulator.worlds import ALL, Worlds

from .clocks import NOW, HandClock

TENANTS = [ALL, "one", "two"]


@pytest.fixture(scope="module")
def connection() -> Iterator[Connection]:
    engine = sqlalchemy.create_engine("sqlite://")
    with engine.connect() as connection:
        metadata.create_all(connection)
        yield connection
    engine.dispose()


def worlds_by(clock: HandClock, progress: str = "time") -> Worlds:
    told = Settings(admin=True, admin_key="k", progress=progress)
    # Its connection is given to each call here.
    return Worlds(clock, told, cast("Database", object()))


STEPS = st.one_of(
    st.tuples(st.just("wait"), st.just(ALL), st.integers(0, 100_000)),
    st.tuples(st.just("advance"), st.sampled_from(TENANTS), st.integers(0, 100_000)),
    st.tuples(st.just("freeze"), st.sampled_from(TENANTS), st.integers(0, 100_000)),
    st.tuples(st.just("unfreeze"), st.sampled_from(TENANTS), st.just(0)),
)


@settings(max_examples=25)
@given(st.lists(STEPS, max_size=12))
def test_no_clock_ever_goes_back_and_an_advance_moves_each_by_as_much(
    connection: Connection, steps: list[tuple[str, str, int]]
) -> None:
    connection.execute(worlds.delete())
    clock = HandClock()
    those = worlds_by(clock)

    def times() -> dict[str, int]:
        return {tenant: those.read(connection, tenant).now() for tenant in TENANTS}

    for what, tenant, milliseconds in steps:
        before = times()
        seconds = milliseconds / 1000
        if what == "wait":
            frozen = {each for each in TENANTS if those.read(connection, each).frozen_at}
            clock.time += milliseconds
            for each, now in times().items():
                assert now == before[each] + (0 if each in frozen else milliseconds)
        elif what == "advance":
            clocks.advance(connection, those, tenant, seconds)
            for each, now in times().items():
                assert now == before[each] + (milliseconds if tenant in (ALL, each) else 0)
        elif what == "freeze":
            clocks.freeze(connection, those, tenant, before[tenant] / 1000 + seconds)
            assert times()[tenant] == pytest.approx(before[tenant] + milliseconds, abs=1)
            assert those.read(connection, tenant).frozen_at is not None
        else:
            clocks.unfreeze(connection, those, tenant)
            assert times() == before
        for each, now in times().items():
            # Times in seconds are as exact as floating point is.
            assert now >= before[each] - 1


@st.composite
def jobs(draw: st.DrawFn) -> Job:
    times = sorted(draw(st.lists(st.integers(-50, 50), min_size=4, max_size=4)))
    steps = draw(st.none() | st.builds(Steps, st.integers(1, 3), st.integers(0, 3)))
    return Job(
        id=f"video_{draw(st.uuids())}",
        model="sora-2",
        prompt="p",
        size="720x1280",
        seconds="4",
        remixed_from_video_id=None,
        timetable=Timetable(NOW - 100, *(NOW + time for time in times)),
        failure=draw(st.sampled_from([None, Failure("code", "message")])),
        steps=steps,
    )


@settings(max_examples=25)
@given(st.lists(st.tuples(st.sampled_from(TENANTS[1:]), jobs()), max_size=8))
def test_the_counts_are_those_of_the_videos_as_they_are_shown(
    connection: Connection, stored: list[tuple[str, Job]]
) -> None:
    counts.reset(connection, None)
    scene = Scene(2, 2, pattern="p", parts=(Part("p", "p", 4.0, 0),))
    for tenant, job in stored:
        queries.add_job(connection, tenant, job, scene, b"frame")
    those = worlds_by(HandClock())
    clocks.advance(connection, those, "one", 0.02)
    for whom in (None, *TENANTS[1:]):
        expected = Counter(
            job.status(those.read(connection, whose).now())
            for whose, job in stored
            if whom in (None, whose)
        )
        counted = counts.stats(connection, those, whom)["videos"]
        assert +Counter(counted) == expected
    counts.reset(connection, "one")
    assert not sum(counts.stats(connection, those, "one")["videos"].values())
    left = sum(counts.stats(connection, those, None)["videos"].values())
    assert left == sum(tenant == "two" for tenant, _ in stored)


def test_what_is_said_for_a_key_wins_over_what_is_said_for_all(connection: Connection) -> None:
    connection.execute(worlds.delete())
    those = worlds_by(HandClock(), progress="polls:9")
    assert those.read(connection, "one").progress == "polls:9"
    for tenant, progress in ((ALL, "immediate"), ("one", "polls:2")):
        row = {"tenant": tenant, "offset": 0, "faults_edition": 0, "progress": progress}
        connection.execute(worlds.insert(), row)
    assert those.read(connection, "one").progress == "polls:2"
    assert those.read(connection, "two").progress == "immediate"


def test_the_journal_keeps_the_newest(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection.execute(requests.delete())
    monkeypatch.setattr(journal, "MOST_ENTRIES", 200)
    entry = {"received": 1.0, "operation": None}
    places = [journal.keep_entry(connection, "one", None, entry) for _ in range(500)]
    found, _ = journal.find_entries(
        connection, "one", after=0, limit=1000, is_wanted=lambda _: True
    )
    kept = [each["sequence"] for each in found]
    assert kept == places[-len(kept) :]
    assert 200 <= len(kept) < 300
