"""Where the state is kept, and how it is reached.

Queries are functions of a connection, in `queries.py`. This module alone decides where they run:
SQLite's are so quick that a kept connection on the event loop beats any pool of threads. Several
processes may share one file.
"""

from __future__ import annotations

import contextlib
import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy
from sqlalchemy import Connection
from sqlalchemy.engine import URL, RowMapping, make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from openvideos_emulator import tables

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

P = ParamSpec("P")
T = TypeVar("T")
_SECONDS_TO_WAIT_FOR_A_LOCK = 10
_DRIVERS = {"sqlite", "sqlite+pysqlite"}


class UnusableDatabaseError(Exception):
    """The database cannot be used; the message says why, and what to do."""


class UnreachableDatabaseError(Exception):
    """The database cannot be reached now; it may be there again soon."""


class Database:
    """An open database."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def read(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query that changes nothing."""
        return query(self._connection, *args, **kwargs)

    async def write(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query in a transaction, which no crash of the process undoes afterwards."""
        self._connection.exec_driver_sql("BEGIN IMMEDIATE")
        try:
            result = query(self._connection, *args, **kwargs)
            self._connection.exec_driver_sql("COMMIT")
        except BaseException:
            # SQLite itself has rolled back where the disk is full.
            with contextlib.suppress(DatabaseError):
                self._connection.exec_driver_sql("ROLLBACK")
            raise
        return result

    @property
    def folder_for_media(self) -> Path:
        """A folder beside the database, for files that can be made again from it."""
        file = Path(self._connection.engine.url.database or "")
        return file.with_name(f"{file.name}-media")

    def close(self) -> None:
        """Close the database."""
        self._connection.close()
        self._connection.engine.dispose()


def open_database(location: str, *, reset: bool = False) -> Database:
    """Open a database, and make its tables where there are none.

    Args:
        location: A path, or a `sqlite:///` URL.
        reset: Whether to throw away what is in it.

    Raises:
        UnusableDatabaseError: It is of another kind or version, or cannot be opened.
    """
    engine = sqlalchemy.create_engine(
        _url(location),
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        connect_args={"timeout": _SECONDS_TO_WAIT_FOR_A_LOCK},
    )
    try:
        connection = engine.connect()
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        # A killed process loses nothing: what was committed is with the operating system.
        connection.exec_driver_sql("PRAGMA synchronous = NORMAL")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
        if reset:
            tables.metadata.drop_all(connection)
        _make_tables(connection, location)
        connection.exec_driver_sql("COMMIT")
    except DatabaseError as error:
        raise UnusableDatabaseError(
            f"the database {location} cannot be used: {error.orig}"
        ) from error
    return Database(connection)


def _url(location: str) -> URL:
    try:
        url = make_url(location) if "://" in location else URL.create("sqlite", database=location)
    except (ArgumentError, ValueError) as error:
        raise UnusableDatabaseError(
            f"--db is neither a path nor a database URL: {error}"
        ) from error
    if url.drivername not in _DRIVERS or url.query or url.database in (None, "", ":memory:"):
        shown = url.render_as_string(hide_password=True) if "://" in location else location
        raise UnusableDatabaseError(
            f"--db {shown!r}: the state is kept in an SQLite "
            "file; give its path, or a URL such as sqlite:///emulator.sqlite"
        )
    return url.set(database=str(Path(url.database or "").absolute()))


def _make_tables(connection: Connection, location: str) -> None:
    inspector = sqlalchemy.inspect(connection)
    if not inspector.get_table_names():
        tables.metadata.create_all(connection)
        connection.execute(tables.schema_version.insert().values(version=tables.VERSION))
        return
    if not inspector.has_table(tables.schema_version.name):
        raise UnusableDatabaseError(
            f"the database {location} belongs to another program; give another path"
        )
    version = connection.execute(sqlalchemy.select(tables.schema_version.c.version)).scalar()
    if version != tables.VERSION:
        raise UnusableDatabaseError(
            f"the database {location} has version {version} of the emulator's tables, this "
            f"emulator needs version {tables.VERSION}: start it once with --reset, which throws "
            "away what is in the database, or give another path"
        )


def upsert(
    connection: Connection,
    table: sqlalchemy.Table,
    keys: Mapping[str, Any],
    values: Mapping[str, Any],
    *,
    changes: Mapping[str, Any] | None = None,
) -> RowMapping:
    """Change the row with these keys, or make it where there is none, in one step.

    Args:
        connection: The connection of a write.
        table: The table.
        keys: The columns that tell the row, by name: its primary key, or a unique column.
        values: The other columns of a row that is new.
        changes: The columns of a row that is there already, which may be expressions of its
            columns, such as `{"count": table.c.count + 1}`; None is as `values`.

    Returns:
        The row as it is then.
    """
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert
    else:
        from sqlalchemy.dialects.sqlite import insert  # type: ignore[assignment]  # of the same shape
    statement = (
        insert(table)
        .values({**keys, **values})
        .on_conflict_do_update(
            index_elements=list(keys), set_=dict(values if changes is None else changes)
        )
        .returning(*table.c)
    )
    return connection.execute(statement).mappings().one()


def lock(connection: Connection, name: str) -> None:
    """Let no other write that locks the same name go on until this one's transaction has ended.

    What is read after it stays true until then. SQLite has one write at a time anyhow.
    """
    if connection.dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        connection.execute(sqlalchemy.select(sqlalchemy.func.pg_advisory_xact_lock(number)))
