"""The ledger, in SQLite and in PostgreSQL: what no crash and no second worker may undo."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy.exc import DatabaseError

from openvideos._batch import database, lost_answers, queries
from openvideos._batch.database import Ledger, UnusableLedgerError, open_ledger
from openvideos._batch.lines import Line
from openvideos._batch.recovery import Listing
from openvideos._batch.rows import Row, wait_for_turn
from openvideos._batch.states import State
from openvideos._batch.tables import VERSION, lines

from .conftest import postgresql_tests
from .test_recovery import a_video

SERVER = "http://127.0.0.1:1/v1"
LEASE = 60.0


def enter(ledger: Ledger, *prompts: str, base_url: str = SERVER, **more: Any) -> None:
    lines = [Line(position, {"prompt": prompt}) for position, prompt in enumerate(prompts, 1)]
    ledger.run_blocking(queries.enter, lines, base_url=base_url, **more)


def join(ledger: Ledger, *workers: str, lease: float = LEASE) -> None:
    for worker in workers:
        ledger.run_blocking(queries.join, worker, host=f"{worker}'s", process=1, lease=lease)


def claim(ledger: Ledger, worker: str, **more: Any) -> Row | None:
    options = {"max_in_flight": 100, "settle": 300.0, "keyed": False, "lease": LEASE, **more}
    return ledger.run_blocking(queries.claim, worker, **options)


def answer(ledger: Ledger, worker: str, position: int, video_id: str, *, attempt: int = 1) -> bool:
    return ledger.run_blocking(
        queries.answered, worker, position, attempt=attempt, video_id=video_id, cost="0.40"
    )


def take_over(ledger: Ledger, worker: str, dead: Iterable[str] = ()) -> list[int]:
    hosts = {f"{name}'s" for name in dead}
    rows = ledger.run_blocking(
        queries.take_over, worker, is_dead=lambda host, _process: host in hosts
    )
    return [row.position for row in rows]


def recover(ledger: Ledger, *listed: Any, settle: float = 300.0, **more: Any) -> None:
    listing = more.pop("listing", Listing(tuple(listed)))
    options = {"repeat_uncertain": False, "cost_of": lambda _video, _fields: None, **more}
    ledger.run_blocking(lost_answers.recover, listing, settle=settle, **options)


def states(ledger: Ledger) -> list[tuple[State, str | None]]:
    return [(row.state, row.video_id) for row in ledger.run_blocking(queries.all_rows)]


def age(ledger: Ledger, seconds: float) -> None:
    """Let time pass for all creates."""
    times = (lines.c.intended, lines.c.lost, lines.c.answered)
    values = {time.name: time - seconds for time in times}
    ledger.run_blocking(lambda connection, _now: connection.execute(lines.update().values(values)))


def now(ledger: Ledger) -> float:
    return ledger.run_blocking(lambda _connection, now: now)


def test_what_is_claimed_is_written_down_before_it_is_sent(ledger: Ledger) -> None:
    enter(ledger, "a cat")
    join(ledger, "ann")
    row = claim(ledger, "ann")
    assert row is not None
    assert (row.state, row.attempt) == (State.CREATING, 1)
    assert row.intended == pytest.approx(now(ledger), abs=60)
    assert claim(ledger, "ann") is None


def test_many_workers_claim_each_line_once_and_keep_the_limit_together(
    ledger: Ledger, location: str
) -> None:
    enter(ledger, *("a cat" for _ in range(24)))
    names = [f"worker {number}" for number in range(4)]
    join(ledger, *names)
    claimed: list[int] = []

    def work(name: str) -> None:
        own = open_ledger(location)
        try:
            while row := claim(own, name, max_in_flight=18):
                claimed.append(row.position)
        finally:
            own.close()

    threads = [threading.Thread(target=work, args=[name]) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(claimed) == list(range(1, 19))


def test_the_lines_of_a_dead_worker_are_taken_over_and_its_creates_are_uncertain(
    ledger: Ledger,
) -> None:
    enter(ledger, "a cat", "a dog", "a cow")
    join(ledger, "ann", "bob")
    claim(ledger, "ann")
    claim(ledger, "ann")
    answer(ledger, "ann", 1, "video_1")
    assert take_over(ledger, "bob") == []
    assert take_over(ledger, "bob", dead=["ann"]) == [1]
    assert states(ledger) == [
        (State.RUNNING, "video_1"),
        (State.UNCERTAIN, None),
        (State.PENDING, None),
    ]
    assert take_over(ledger, "bob", dead=["ann"]) == []


def test_a_worker_whose_lease_ran_out_may_start_nothing(ledger: Ledger) -> None:
    enter(ledger, "a cat", "a dog")
    join(ledger, "ann", lease=-1)
    join(ledger, "bob")
    take_over(ledger, "bob")
    with pytest.raises(queries.LeaseLostError):
        claim(ledger, "ann")
    with pytest.raises(queries.LeaseLostError):
        ledger.run_blocking(queries.stay, "ann", lease=LEASE)
    assert states(ledger)[0] == (State.PENDING, None)


def test_a_slow_workers_answer_counts_though_it_was_taken_for_dead(ledger: Ledger) -> None:
    enter(ledger, "a cat")
    join(ledger, "ann", "bob")
    claim(ledger, "ann")
    take_over(ledger, "bob", dead=["ann"])
    assert states(ledger) == [(State.UNCERTAIN, None)]
    assert answer(ledger, "ann", 1, "video_1") is False
    assert states(ledger) == [(State.RUNNING, "video_1")]
    assert take_over(ledger, "bob") == [1]


def test_an_answer_after_the_second_create_is_kept_as_another_job(ledger: Ledger) -> None:
    enter(ledger, "a cat")
    join(ledger, "ann", "bob")
    claim(ledger, "ann")
    take_over(ledger, "bob", dead=["ann"])
    recover(ledger, listing=Listing(problem="no list"), repeat_uncertain=True)
    again = claim(ledger, "bob")
    assert again is not None
    assert (again.attempt, again.repeats) == (2, 1)
    assert answer(ledger, "bob", 1, "video_2", attempt=2) is True
    assert answer(ledger, "ann", 1, "video_1", attempt=1) is False
    assert states(ledger) == [(State.RUNNING, "video_2")]
    [stray] = ledger.run_blocking(queries.all_strays)
    assert (stray.position, stray.video_id) == (1, "video_1")


def test_a_job_that_was_found_is_not_given_to_a_second_line(ledger: Ledger) -> None:
    enter(ledger, "a cat", "a cat")
    join(ledger, "ann", "bob")
    claim(ledger, "ann")
    claim(ledger, "ann")
    take_over(ledger, "bob", dead=["ann"])
    job = a_video("video_2", created=now(ledger))
    recover(ledger, job)
    assert states(ledger) == [(State.RUNNING, "video_2"), (State.UNCERTAIN, None)]
    # It was the second line's: its answer comes late, and the first line keeps what it has.
    assert answer(ledger, "ann", 2, "video_2") is False
    recover(ledger, job)
    assert states(ledger) == [(State.RUNNING, "video_2"), (State.UNCERTAIN, None)]
    assert ledger.run_blocking(queries.all_strays) == []


def test_a_lost_create_is_repeated_only_when_a_proved_list_shows_nothing(ledger: Ledger) -> None:
    enter(ledger, "a cat", "a dog")
    join(ledger, "ann")
    claim(ledger, "ann")
    ledger.run_blocking(queries.lost, "ann", 1)
    claim(ledger, "ann")
    answer(ledger, "ann", 2, "video_2")
    recover(ledger)
    assert states(ledger)[0] == (State.UNCERTAIN, None)
    recover(ledger, settle=0)
    [row, _] = ledger.run_blocking(queries.all_rows)
    assert (row.state, row.held) == (State.UNCERTAIN, True)
    assert "video_2" in str(row.reason)
    ledger.run_blocking(queries.take_up, retry_failed=False)
    recover(ledger, a_video("video_2", "a dog", created=now(ledger)), settle=0)
    assert states(ledger)[0] == (State.PENDING, None)


def test_a_job_may_appear_for_as_long_after_the_loss_as_is_said(ledger: Ledger) -> None:
    enter(ledger, "a cat", "a dog")
    join(ledger, "ann")
    claim(ledger, "ann")
    claim(ledger, "ann")
    answer(ledger, "ann", 2, "video_2")
    known = a_video("video_2", "a dog", created=now(ledger) - 400)
    age(ledger, 400.0)
    ledger.run_blocking(queries.lost, "ann", 1)  # the server did not answer for so long
    recover(ledger, known)
    assert states(ledger)[0] == (State.UNCERTAIN, None)
    age(ledger, 301.0)
    recover(ledger, a_video("video_2", "a dog", created=now(ledger) - 701))
    assert states(ledger)[0] == (State.PENDING, None)


@pytest.mark.parametrize("is_known_dead", [False, True])
def test_what_a_worker_sent_that_may_be_alive_may_arrive_from_now_on(
    ledger: Ledger, *, is_known_dead: bool
) -> None:
    enter(ledger, "a cat")
    join(ledger, "bob")
    join(ledger, "ann")
    claim(ledger, "ann", lease=-1000.0)
    take_over(ledger, "bob", dead=["ann"] if is_known_dead else [])
    [row] = ledger.run_blocking(queries.all_rows)
    assert row.lost == pytest.approx(now(ledger) - 1000 * is_known_dead, abs=60)


def test_an_id_that_a_line_has_already_is_no_second_lines_job(ledger: Ledger) -> None:
    enter(ledger, "a cat", "a cat")
    join(ledger, "ann")
    claim(ledger, "ann")
    claim(ledger, "ann")
    answer(ledger, "ann", 1, "video_1")
    assert answer(ledger, "ann", 2, "video_1") is False
    assert states(ledger) == [(State.RUNNING, "video_1"), (State.FAILED, None)]
    [_, second] = ledger.run_blocking(queries.all_rows)
    assert second.reason == "the server answered with video_1, which is the job of line 1 already"


def test_a_create_is_not_repeated_for_ever(ledger: Ledger) -> None:
    enter(ledger, "a cat")
    join(ledger, "ann")
    repeats = 0
    while claim(ledger, "ann"):
        ledger.run_blocking(queries.lost, "ann", 1)
        recover(ledger, listing=Listing(problem="no list"), repeat_uncertain=True)
        repeats += 1
    [row] = ledger.run_blocking(queries.all_rows)
    assert repeats == 4
    assert row.held
    assert "lost 4 times" in str(row.reason)


def test_with_a_key_a_lost_create_is_simply_sent_again(ledger: Ledger) -> None:
    enter(ledger, "a cat")
    join(ledger, "ann")
    claim(ledger, "ann", keyed=True)
    ledger.run_blocking(queries.lost, "ann", 1)
    assert states(ledger) == [(State.PENDING, None)]


def test_a_lost_create_goes_out_with_the_key_that_it_had_or_not_at_all(ledger: Ledger) -> None:
    enter(ledger, "a cat")
    join(ledger, "ann")
    claim(ledger, "ann", keyed=True)
    ledger.run_blocking(queries.lost, "ann", 1)
    age(ledger, 8 * 3600.0)
    again = claim(ledger, "ann", keyed=False)
    assert again is not None
    assert again.keyed
    ledger.run_blocking(queries.not_created, "ann", 1)
    age(ledger, 8 * 3600.0)
    assert claim(ledger, "ann", keyed=True) is None
    assert states(ledger) == [(State.UNCERTAIN, None)]
    recover(ledger, a_video("video_1", created=now(ledger) - 16 * 3600))
    assert states(ledger) == [(State.RUNNING, "video_1")]


def test_what_is_long_uncertain_does_not_stop_the_rest(ledger: Ledger) -> None:
    enter(ledger, "a cat", "a dog")
    join(ledger, "ann")
    claim(ledger, "ann", max_in_flight=1)
    ledger.run_blocking(queries.lost, "ann", 1)
    assert claim(ledger, "ann", max_in_flight=1) is None
    assert claim(ledger, "ann", max_in_flight=1, settle=0.0)


def test_new_lines_go_to_the_end_and_known_ones_stay_as_they_are(ledger: Ledger) -> None:
    enter(ledger, "a cat", "a dog")
    enter(ledger, "a cat", "a dog", "a cow")
    assert len(states(ledger)) == 3
    for changed in (["a cat", "a hen", "a cow"], ["a cat", "a dog"]):
        with pytest.raises(UnusableLedgerError, match="other contents of line"):
            enter(ledger, *changed)


def test_a_batch_stays_at_its_server(ledger: Ledger) -> None:
    enter(ledger, "a cat")
    with pytest.raises(UnusableLedgerError, match="--server-moved"):
        enter(ledger, "a cat", base_url="http://127.0.0.1:2/v1")
    enter(ledger, "a cat", base_url="http://127.0.0.1:2/v1", server_moved=True)
    enter(ledger, "a cat", base_url="http://127.0.0.1:2/v1")


def test_what_failed_is_made_anew_where_that_is_asked_for(ledger: Ledger) -> None:
    enter(ledger, "a cat")
    join(ledger, "ann")
    claim(ledger, "ann")
    answer(ledger, "ann", 1, "video_1")
    ledger.run_blocking(queries.failed, "ann", 1, reason="moderation")
    ledger.run_blocking(queries.take_up, retry_failed=True)
    row = claim(ledger, "ann")
    assert row is not None
    assert (row.attempt, row.renewals, row.video_id) == (2, 1, None)
    [stray] = ledger.run_blocking(queries.all_strays)
    assert stray.video_id == "video_1"


def test_a_ledger_of_another_version_is_not_touched(location: str, ledger: Ledger) -> None:
    def make_older(connection: sqlalchemy.Connection, _now: float) -> None:
        connection.exec_driver_sql("UPDATE openvideos_batch_version SET version = 0")

    ledger.run_blocking(make_older)
    with pytest.raises(UnusableLedgerError, match=rf"has version 0.*needs version {VERSION}"):
        open_ledger(location)


@pytest.mark.parametrize("location", ["sqlite"], indirect=True)
def test_a_copy_of_the_file_alone_has_every_create_that_was_begun(
    location: str, ledger: Ledger, tmp_path: Path
) -> None:
    enter(ledger, "a cat")
    join(ledger, "ann")
    claim(ledger, "ann")
    copy = open_ledger(str(shutil.copy(location, tmp_path / "copy.sqlite3")))
    assert states(copy) == [(State.CREATING, None)]
    copy.close()


def test_another_programs_database_is_not_touched(tmp_path: Path) -> None:
    file = tmp_path / "other.sqlite3"
    engine = sqlalchemy.create_engine(f"sqlite:///{file}")
    with engine.begin() as connection:
        connection.exec_driver_sql("CREATE TABLE mine (id INTEGER)")
    engine.dispose()
    with pytest.raises(UnusableLedgerError, match="belongs to another program"):
        open_ledger(str(file))


@pytest.mark.parametrize(
    "location",
    [
        "mysql://user:secret@host/db",
        "sqlite://",
        "sqlite:///:memory:",
        "nonsense://user:secret@host",
        "postgresql+psycopg://user:secret@127.0.0.1:1/nowhere",
    ],
)
def test_a_ledger_that_cannot_be_is_a_clear_error_without_its_password(location: str) -> None:
    with pytest.raises(UnusableLedgerError) as caught:
        open_ledger(location)
    assert "secret" not in str(caught.value)


@postgresql_tests
def test_a_worker_that_is_frozen_in_a_transaction_does_not_hold_up_the_others(
    postgresql_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_LONGEST_SILENCE", "200ms")
    frozen, other = open_ledger(postgresql_url), open_ledger(postgresql_url)
    has_turn, thawed = threading.Event(), threading.Event()

    def freeze(connection: sqlalchemy.Connection, _now: float) -> None:
        wait_for_turn(connection)
        has_turn.set()
        thawed.wait(10)

    def run() -> None:
        with pytest.raises(DatabaseError):
            frozen.run_blocking(freeze)

    enter(other, "a cat")
    join(other, "bob")
    freezing = threading.Thread(target=run)
    freezing.start()
    has_turn.wait(10)
    assert claim(other, "bob")
    assert freezing.is_alive()
    thawed.set()
    freezing.join()
    frozen.close()
    other.close()


@postgresql_tests
def test_workers_may_begin_at_once(postgresql_url: str) -> None:
    errors: list[Exception] = []

    def begin() -> None:
        try:
            ledger = open_ledger(postgresql_url)
            enter(ledger, "a cat")
            ledger.close()
        except Exception as error:  # noqa: BLE001 - it is shown by the assertion
            errors.append(error)

    threads = [threading.Thread(target=begin) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
