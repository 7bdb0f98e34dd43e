"""What both kinds of database promise, and what is PostgreSQL's own."""

import asyncio
import contextlib
import os
import signal
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
import sqlalchemy
from sqlalchemy.engine import make_url

from openvideos_emulator import Emulator, EmulatorError
from openvideos_emulator.storage.database import (
    Database,
    UnreachableDatabaseError,
    UnusableDatabaseError,
    lock,
    open_database,
    upsert,
)
from openvideos_emulator.storage.tables import VERSION, schema_version

from ..filling import fill
from .test_workers import children, eventually

pytestmark = pytest.mark.xdist_group("databases")

MakeDatabase = Callable[[], str]
KEY = {"Authorization": "Bearer sk-0123456789abcdef"}
COUNTERS = sqlalchemy.Table(
    "counters",
    sqlalchemy.MetaData(),
    sqlalchemy.Column("name", sqlalchemy.String, primary_key=True),
    sqlalchemy.Column("count", sqlalchemy.Integer, nullable=False),
)
COUNTER = {"name": "tests"}


def run(database: Database, *works: Callable[[Database], Any]) -> list[Any]:
    """Do works at the same time, and close the database."""

    async def all_works() -> list[Any]:
        try:
            return await asyncio.gather(*(work(database) for work in works))
        finally:
            await database.disconnect()

    try:
        return asyncio.run(all_works())
    finally:
        database.close()


def engine_of(location: str) -> sqlalchemy.Engine:
    url = make_url(location if "://" in location else f"sqlite:///{location}")
    if url.drivername in ("postgres", "postgresql"):
        url = url.set(drivername="postgresql+psycopg")
    return sqlalchemy.create_engine(url, poolclass=sqlalchemy.NullPool)


def count_up(connection: sqlalchemy.Connection) -> int:
    changes = {"count": COUNTERS.c.count + 1}
    return int(upsert(connection, COUNTERS, COUNTER, {"count": 1}, changes=changes)["count"])


def opened_with_counters(location: str) -> Database:
    opened = open_database(location)
    with engine_of(location).begin() as connection:
        COUNTERS.create(connection, checkfirst=True)
    return opened


def test_an_upsert_makes_a_row_once_and_then_changes_it(database: str) -> None:
    counts = run(opened_with_counters(database), *[lambda opened: opened.write(count_up)] * 20)
    assert sorted(counts) == list(range(1, 21))


def test_what_was_read_under_a_lock_stays_true_until_the_end(database: str) -> None:
    def read_then_write(connection: sqlalchemy.Connection) -> None:
        lock(connection, "count")
        count = connection.execute(sqlalchemy.select(COUNTERS.c.count)).scalar()
        upsert(connection, COUNTERS, COUNTER, {"count": (count or 0) + 1})

    run(opened_with_counters(database), *[lambda opened: opened.write(read_then_write)] * 20)
    with engine_of(database).connect() as connection:
        assert connection.execute(sqlalchemy.select(COUNTERS.c.count)).scalar() == 20


def test_what_fails_in_a_transaction_leaves_nothing(database: str) -> None:
    class Refusal(Exception):
        pass

    def refused(connection: sqlalchemy.Connection) -> None:
        count_up(connection)
        raise Refusal

    opened = opened_with_counters(database)

    async def refused_then_counted(opened: Database) -> int:
        with pytest.raises(Refusal):
            await opened.write(refused)
        return await opened.write(count_up)

    assert run(opened, refused_then_counted) == [1]


def open_and_close(location: str) -> None:
    open_database(location).close()


def test_several_that_start_at_once_make_the_tables_once(database: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: open_and_close(database), range(4)))
    with engine_of(database).connect() as connection:
        versions = connection.execute(sqlalchemy.select(schema_version.c.version)).scalars().all()
    assert versions == [VERSION]


def test_tables_of_another_version_are_refused_until_they_are_reset(database: str) -> None:
    open_database(database).close()
    with engine_of(database).begin() as connection:
        connection.execute(schema_version.update().values(version=VERSION + 1))
    with pytest.raises(UnusableDatabaseError, match=f"version {VERSION + 1} .*--reset"):
        open_database(database)
    open_database(database, reset=True).close()
    open_database(database).close()


def test_a_lock_that_another_process_holds_does_not_hold_up_the_event_loop(tmp_path: Path) -> None:
    location = str(tmp_path / "emulator.sqlite")
    holder = engine_of(location).execution_options(isolation_level="AUTOCOMMIT")
    opened = opened_with_counters(location)

    async def wait_beside(opened: Database) -> int:
        with holder.connect() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            writing = asyncio.create_task(opened.write(count_up))
            for _ in range(20):
                await asyncio.sleep(0.001)
                # Reads go on, too.
                await opened.read(lambda each: each.execute(sqlalchemy.select(1)).scalar())
            assert not writing.done()
            connection.exec_driver_sql("ROLLBACK")
        return await writing

    assert run(opened, wait_beside) == [1]
    holder.dispose()


def test_other_programs_tables_in_postgresql_stay(make_postgresql: MakeDatabase) -> None:
    location = make_postgresql()
    with engine_of(location).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE theirs (x integer)")
        connection.exec_driver_sql("INSERT INTO theirs VALUES (7)")
    open_database(location).close()
    open_database(location, reset=True).close()
    with engine_of(location).connect() as connection:
        assert connection.exec_driver_sql("SELECT x FROM theirs").scalar() == 7


def test_a_lock_that_does_not_end_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    location = str(tmp_path / "emulator.sqlite")
    opened = opened_with_counters(location)
    monkeypatch.setattr("openvideos_emulator.storage.sqlite._SECONDS_TO_WAIT_FOR_A_LOCK", 0.02)

    async def wait_in_vain(opened: Database) -> None:
        with pytest.raises(UnreachableDatabaseError):
            await opened.write(count_up)

    with sqlite3.connect(location) as holder:
        holder.execute("BEGIN IMMEDIATE")
        run(opened, wait_in_vain)
    holder.close()
    assert "cannot be reached: another process holds it" in caplog.text


@pytest.mark.parametrize("is_made_anew", [False, True])
def test_a_file_that_was_removed_takes_no_more_jobs(
    tmp_path: Path, is_made_anew: bool, caplog: pytest.LogCaptureFixture
) -> None:
    """They would be acknowledged, and gone when the emulator ends."""
    location = str(tmp_path / "emulator.sqlite")
    opened = opened_with_counters(location)
    Path(location).unlink()
    if is_made_anew:
        open_database(location).close()

    async def write_in_vain(opened: Database) -> None:
        with pytest.raises(UnreachableDatabaseError):
            await opened.write(count_up)

    run(opened, write_in_vain)
    assert "its file was removed; start the emulator anew" in caplog.text


@pytest.mark.parametrize("reset", [False, True])
def test_another_programs_file_is_refused_and_stays_as_it_is(tmp_path: Path, reset: bool) -> None:
    database, text = tmp_path / "theirs.sqlite", tmp_path / "text.txt"
    with engine_of(str(database)).begin() as connection:
        connection.exec_driver_sql("CREATE TABLE theirs (x integer)")
    text.write_text("not a database, and long enough to be looked at as one" * 20)
    for file, reason in ((database, "belongs to another program"), (text, "is not a database")):
        before = file.read_bytes()
        with pytest.raises(UnusableDatabaseError, match=f"{file} .*{reason}"):
            open_database(str(file), reset=reset)
        assert file.read_bytes() == before
    assert set(tmp_path.iterdir()) == {database, text}


@pytest.mark.parametrize("scheme", ["postgres", "postgresql", "postgresql+psycopg"])
def test_postgresql_is_named_in_three_ways(make_postgresql: MakeDatabase, scheme: str) -> None:
    location = make_postgresql().replace("postgresql", scheme, 1)
    assert run(opened_with_counters(location), lambda opened: opened.write(count_up)) == [1]


@pytest.mark.parametrize(
    "location",
    [
        "postgresql://user:hunter2@127.0.0.1:1/name",
        "postgresql://user:hunter2@127.0.0.1:port/name",
        "postgresql+asyncpg://user:hunter2@host/name",
        "mysql://user:hunter2@host/name",
        "mysql://host/name?password=hunter2",
        "sqlite://user:hunter2@host/name",
        "postgresql://user:hunter2@" + "h" * 300 + "/name",
        "postgresql://user:hunter2@127.0.0.1:99999/name",
        "postgresql://user:p@hunter2@127.0.0.1:1/name",
        "postgresql://user:p@ss/hunter2@127.0.0.1:1/name",
        "postgresql://127.0.0.1:1/name?password=hunter2",
    ],
)
def test_a_database_that_cannot_be_used_is_told_without_its_password(location: str) -> None:
    with pytest.raises(UnusableDatabaseError) as refused:
        open_database(location)
    assert "hunter2" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_missing_driver_is_told_by_the_extra_that_brings_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(UnusableDatabaseError, match=r"pip install 'openvideos\[postgresql\]'"):
        open_database("postgresql://user@host/name")


def end_connections(location: str) -> None:
    with engine_of(location).connect() as connection:
        connection.exec_driver_sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )


def test_connections_that_were_lost_are_made_anew(make_postgresql: MakeDatabase) -> None:
    location = make_postgresql()
    opened = opened_with_counters(location)

    async def lose_and_go_on(opened: Database) -> list[int]:
        counts = []
        for _ in range(3):
            counts += await asyncio.gather(*(opened.write(count_up) for _ in range(4)))
            end_connections(location)
        return sorted(counts)

    assert run(opened, lose_and_go_on) == [list(range(1, 13))]


def test_who_stands_still_in_a_write_does_not_hold_up_others_for_ever(
    make_postgresql: MakeDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "openvideos_emulator.storage.postgresql._MILLISECONDS_TO_BE_IDLE_IN_A_WRITE", 50
    )
    location = make_postgresql()
    standing, done = threading.Event(), threading.Event()

    def stand_still(connection: sqlalchemy.Connection) -> int:
        lock(connection, "count")
        standing.set()
        # The event loop stands, too: as if the process were stopped.
        assert done.wait(10)
        return count_up(connection)

    def pass_by(connection: sqlalchemy.Connection) -> int:
        lock(connection, "count")
        return count_up(connection)

    frozen, other = opened_with_counters(location), opened_with_counters(location)
    with ThreadPoolExecutor(1) as thread:
        stopped = thread.submit(run, frozen, lambda opened: opened.write(stand_still))
        assert standing.wait(10)
        assert run(other, lambda opened: opened.write(pass_by)) == [1]
        done.set()
        # What it had begun is done again.
        assert stopped.result() == [2]


def test_a_standby_is_told_and_no_fault_of_the_emulator(
    make_postgresql: MakeDatabase, caplog: pytest.LogCaptureFixture
) -> None:
    location = make_postgresql()
    opened = opened_with_counters(location)
    with engine_of(location).begin() as connection:
        name = make_url(location).database
        connection.exec_driver_sql(f"ALTER DATABASE {name} SET default_transaction_read_only = on")

    async def write_in_vain(opened: Database) -> None:
        with pytest.raises(UnreachableDatabaseError):
            await opened.write(count_up)

    run(opened, write_in_vain, write_in_vain)
    assert caplog.text.count("cannot be reached: cannot execute INSERT in a read-only") == 1


def test_a_full_disk_beneath_sqlite_is_told_and_no_fault_of_the_emulator(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    opened = opened_with_counters(str(tmp_path / "emulator.sqlite"))

    def fill_up(connection: sqlalchemy.Connection) -> None:
        count_up(connection)
        connection.exec_driver_sql("PRAGMA max_page_count = 1")
        connection.exec_driver_sql("CREATE TABLE more AS SELECT zeroblob(100000)")

    async def fill_then_count(opened: Database) -> int:
        with pytest.raises(UnreachableDatabaseError):
            await opened.write(fill_up)
        # Nothing of it is there, and it goes on where there is room.
        await opened.read(lambda each: each.exec_driver_sql("PRAGMA max_page_count = 10000"))
        return await opened.write(count_up)

    assert run(opened, fill_then_count) == [1]
    assert "cannot be reached: database or disk is full" in caplog.text


def test_a_commit_whose_answer_was_lost_is_not_done_again(make_postgresql: MakeDatabase) -> None:
    location = make_postgresql()
    opened = opened_with_counters(location)

    async def lose_at_commit(opened: Database) -> int:
        done = []

        def lose(connection: sqlalchemy.Connection) -> None:
            done.append(count_up(connection))
            end_connections(location)

        with pytest.raises(UnreachableDatabaseError):
            await opened.write(lose)
        return len(done)

    assert run(opened, lose_at_commit) == [1]


@contextlib.contextmanager
def shut(location: str, beside: str) -> Iterator[None]:
    """Let nobody into a database for a while: what is seen of a server that restarts."""
    name = make_url(location).database
    with engine_of(beside).connect() as connection:
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
        connection.execute(
            sqlalchemy.text(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = :name"
            ),
            {"name": name},
        )
        yield
        connection.exec_driver_sql(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")


def test_a_lost_server_is_a_503_until_it_is_there_again(
    make_postgresql: MakeDatabase, postgresql_server: str, http: httpx.Client
) -> None:
    location = make_postgresql()
    with Emulator(db=location, workers=2, speed=100_000) as emulator:
        url = f"{emulator.base_url}/videos"
        made = http.post(url, json={"prompt": "x"}, headers=KEY).json()["id"]
        with shut(location, postgresql_server):
            for refused in (
                http.get(f"{url}/{made}", headers=KEY),
                http.get(url, headers=KEY),
                http.post(url, json={"prompt": "x"}, headers=KEY),
                http.get(emulator.base_url.replace("/v1", "/healthz")),
            ):
                assert refused.status_code == 503
                assert refused.json()["error"]["type"] == "server_error"
                assert refused.headers["retry-after"] == "1"
                assert refused.headers["x-request-id"].startswith("req_")
            # A worker that dies meanwhile cannot be replaced yet; that is not the end of all.
            os.kill(children(emulator)[0], signal.SIGKILL)
            assert eventually(lambda: "a worker cannot start: the database" in emulator.log)
            # Each worker tells the reason, once.
            reasons = emulator.log.count("the database cannot be reached: connection")
            assert 1 <= reasons <= 2
        assert http.get(f"{url}/{made}", headers=KEY).status_code == 200
        assert http.post(url, json={"prompt": "x"}, headers=KEY).status_code == 200
        assert "Traceback" not in emulator.log


def test_a_reset_with_several_workers_empties_once(tmp_path: Path, http: httpx.Client) -> None:
    """What one worker stores after its start is not thrown away by the start of another."""
    database = str(tmp_path / "emulator.sqlite")
    fill(database, "sk-0123456789abcdef", 3)
    with Emulator(db=database, reset=True, workers=3, quiet=True) as emulator:
        made = http.post(f"{emulator.base_url}/videos", json={"prompt": "x"}, headers=KEY).json()
        worker = children(emulator)[0]
        os.kill(worker, signal.SIGKILL)
        while worker in children(emulator):
            time.sleep(0.01)
        listed = http.get(f"{emulator.base_url}/videos", headers=KEY).json()["data"]
        assert [video["id"] for video in listed] == [made["id"]]


def test_a_database_that_is_not_there_is_one_clear_line() -> None:
    with pytest.raises(EmulatorError, match="cannot be used: connection") as refused:
        Emulator(db="postgresql://user:hunter2@127.0.0.1:1/name").start()
    assert "hunter2" not in str(refused.value)
