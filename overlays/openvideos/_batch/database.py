"""Where the ledger is kept, and how it is reached.

Queries are functions of a connection and the time, in `queries.py`. Each runs in a transaction of
its own, in the one thread that holds the connection.
"""

from __future__ import annotations

import asyncio
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy
from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError, NoSuchModuleError

from . import tables

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

_SECONDS_TO_WAIT_FOR_A_LOCK = 30
_LONGEST_SILENCE = "20s"  # between two queries of a transaction
_PLAIN_POSTGRESQL = {"postgres", "postgresql"}
_DRIVERS = {"sqlite": "sqlite+pysqlite", "postgresql": "postgresql+psycopg"}
_MAKING_TABLES = 0x6F76_6261  # an advisory lock of PostgreSQL, for workers that start at once


class UnusableLedgerError(Exception):
    """The ledger cannot be used; the message says why, and what to do."""


class Ledger:
    """An open ledger.

    Attributes:
        location: Where it is, as people may see it.
        shared: Whether several hosts may reach it.
    """

    def __init__(self, engine: Engine) -> None:
        url = engine.url
        self.shared = url.get_backend_name() != "sqlite"
        self.location = url.render_as_string(hide_password=True) if self.shared else url.database
        self._engine = engine
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="openvideos-ledger")

    async def run(
        self, query: Callable[Concatenate[Connection, float, P], T], *args: P.args, **kw: P.kwargs
    ) -> T:
        """Run a query in a transaction. Once begun it ends, also where the task is cancelled."""
        work = partial(self._in_transaction, query, *args, **kw)
        return await asyncio.wrap_future(self._thread.submit(work))

    def run_blocking(
        self, query: Callable[Concatenate[Connection, float, P], T], *args: P.args, **kw: P.kwargs
    ) -> T:
        """Run a query in a transaction."""
        return self._thread.submit(partial(self._in_transaction, query, *args, **kw)).result()

    def _in_transaction(self, query: Callable[..., T], *args: Any, **kw: Any) -> T:
        with self._engine.begin() as connection:
            return query(connection, _now(connection), *args, **kw)

    def close(self) -> None:
        """Close the ledger."""
        self._thread.shutdown()
        self._engine.dispose()


def open_ledger(location: str) -> Ledger:
    """Open a ledger, and make its tables where there are none.

    Args:
        location: The path of an SQLite file, or the URL of an SQLite or PostgreSQL database.

    Raises:
        UnusableLedgerError: It is of another kind or version, or cannot be opened.
    """
    url = _url(location)
    shown = url.render_as_string(hide_password=True)
    try:
        engine = _engine(url)
    except ModuleNotFoundError as error:
        raise UnusableLedgerError(
            f"{shown} needs {error.name}: run pip install 'openvideos[postgresql]'"
        ) from error
    try:
        with engine.begin() as connection:
            _make_tables(connection, shown)
    except DatabaseError as error:
        engine.dispose()
        raise UnusableLedgerError(f"the ledger {shown} cannot be used: {error.orig}") from error
    except UnusableLedgerError:
        engine.dispose()
        raise
    return Ledger(engine)


def _url(location: str) -> URL:
    try:
        url = make_url(location) if "://" in location else URL.create("sqlite", database=location)
        if url.drivername in _PLAIN_POSTGRESQL:
            url = url.set(drivername=_DRIVERS["postgresql"])
        backend = url.get_backend_name()
    except (ArgumentError, NoSuchModuleError, ValueError):
        # The text is not shown: a password may be in it.
        raise UnusableLedgerError(
            "--ledger is neither a path nor a database URL, such as "
            "postgresql+psycopg://user@host/database"
        ) from None
    in_memory = backend == "sqlite" and url.database in (None, "", ":memory:")
    if url.drivername not in {"sqlite", *_DRIVERS.values()} or in_memory:
        raise UnusableLedgerError(
            f"--ledger {url.render_as_string(hide_password=True)}: a ledger is an SQLite file or a "
            "PostgreSQL database; give a path, or a URL that begins with sqlite:/// or "
            "postgresql+psycopg://"
        )
    if backend == "sqlite":
        return url.set(database=str(Path(url.database or "").absolute()))
    return url


def _engine(url: URL) -> Engine:
    if url.get_backend_name() != "sqlite":
        return sqlalchemy.create_engine(url, hide_parameters=True, pool_pre_ping=True)
    engine = sqlalchemy.create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": _SECONDS_TO_WAIT_FOR_A_LOCK, "check_same_thread": False},
    )

    # As SQLAlchemy's documentation has it: the driver begins no transaction of its own, so that
    # each can take the write lock when it begins, and what it has read stays true to its end.
    @event.listens_for(engine, "connect")
    def prepare(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        # What was committed stands in the one file, so that a copy of it forgets nothing, and
        # outlives a power cut too: an intent that is forgotten is billed twice.
        connection.execute("PRAGMA journal_mode = TRUNCATE")
        connection.execute("PRAGMA synchronous = FULL")

    @event.listens_for(engine, "begin")
    def begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return engine


def _make_tables(connection: Connection, shown: str) -> None:
    if connection.dialect.name == "postgresql":
        connection.execute(sqlalchemy.select(sqlalchemy.func.pg_advisory_xact_lock(_MAKING_TABLES)))
    inspector = sqlalchemy.inspect(connection)
    if inspector.has_table(tables.schema_version.name):
        version = connection.execute(sqlalchemy.select(tables.schema_version.c.version)).scalar()
        if version != tables.VERSION:
            raise UnusableLedgerError(
                f"the ledger {shown} has version {version} of the tables, and this openvideos "
                f"needs version {tables.VERSION}: finish the batch with the openvideos that began "
                "it, or give another --ledger"
            )
        return
    if connection.dialect.name == "sqlite" and inspector.get_table_names():
        raise UnusableLedgerError(
            f"the database {shown} belongs to another program; give another --ledger"
        )
    tables.metadata.create_all(connection)
    connection.execute(tables.schema_version.insert().values(version=tables.VERSION))
    connection.execute(tables.batch.insert().values(id=1, name=new_name()))


def new_name() -> str:
    """Return a name that nobody else has."""
    return secrets.token_hex(8)


def _now(connection: Connection) -> float:
    """Return Unix seconds, by the clock that all workers of the ledger share."""
    if connection.dialect.name == "postgresql":
        clock = sqlalchemy.func.extract("epoch", sqlalchemy.func.clock_timestamp())
        # For this transaction: who is frozen in it, or gone with the host, keeps locks no longer.
        bound = sqlalchemy.func.set_config(
            "idle_in_transaction_session_timeout", _LONGEST_SILENCE, True
        )
        return float(connection.execute(sqlalchemy.select(clock, bound)).one()[0])
    return time.time()
