"""SQLite: one file.

Its queries are so quick that a kept connection on the event loop beats any pool of threads. Where
another process holds the file for a moment, the event loop does not wait with it.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import random
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import sqlalchemy
from sqlalchemy.exc import DatabaseError, OperationalError

from openvideos_emulator.storage.database import (
    Database,
    UnreachableDatabaseError,
    UnusableDatabaseError,
)
from openvideos_emulator.storage.schema import make_tables, refuse_another_programs

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection, Select
    from sqlalchemy.engine import URL

P = ParamSpec("P")
T = TypeVar("T")
_SECONDS_TO_WAIT_FOR_A_LOCK = 10.0
_MILLISECONDS_TO_WAIT_ON_THE_LOOP = 1
_LONGEST_PAUSE = 0.004
_PRIMARY_CODE = 0xFF
# The disk is full or fails, or takes nothing any more.
_FAILURES_OF_THE_DISK = {
    sqlite3.SQLITE_FULL,
    sqlite3.SQLITE_IOERR,
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
}

log = logging.getLogger(__name__)


class SqliteDatabase(Database):
    """An open SQLite file."""

    def __init__(self, connection: Connection) -> None:
        self._file = Path(connection.engine.url.database or "")
        super().__init__(connection.dialect, self._file.with_name(f"{self._file.name}-media"))
        self._opened = self._file.stat()
        self._connection = connection
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)  # noqa: S101 - it was opened so below
        self._driver = driver

    async def rows(
        self, statement: Select[Any], values: Mapping[str, Any]
    ) -> Sequence[tuple[Any, ...]]:
        """Return the rows of a SELECT as the driver has them."""
        query = self._compiled(statement, values)
        return await _patiently(lambda: self._driver.execute(*query).fetchall())

    async def read(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query that changes nothing."""
        self._refuse_if_removed()
        return await _patiently(lambda: query(self._connection, *args, **kwargs))

    async def write(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query in a transaction."""

        def transaction() -> T:
            self._driver.execute("BEGIN IMMEDIATE")
            try:
                result = query(self._connection, *args, **kwargs)
                self._driver.execute("COMMIT")
            except BaseException:
                # SQLite itself has rolled back where the disk is full.
                with contextlib.suppress(sqlite3.Error):
                    self._driver.execute("ROLLBACK")
                raise
            return result

        self._refuse_if_removed()
        return await _patiently(transaction)

    async def disconnect(self) -> None:
        """Nothing of a file belongs to the event loop."""

    def close(self) -> None:
        """Close the file."""
        self._connection.close()
        self._connection.engine.dispose()

    def _refuse_if_removed(self) -> None:
        """Refuse to go on with a file without a name: what is written to it is lost at the end."""
        try:
            is_there = os.path.samestat(self._opened, self._file.stat())
        except FileNotFoundError:
            is_there = False
        if not is_there:
            raise _unreachable("its file was removed; start the emulator anew")


def open_sqlite(url: URL, *, reset: bool) -> SqliteDatabase:
    """Open an SQLite file, as `open_database` does."""
    engine = sqlalchemy.create_engine(
        url,
        isolation_level="AUTOCOMMIT",
        hide_parameters=True,
        paramstyle="named",
        connect_args={"timeout": _SECONDS_TO_WAIT_FOR_A_LOCK},
    )
    shown = str(url.database)
    with contextlib.ExitStack() as where_it_fails:
        where_it_fails.callback(engine.dispose)
        try:
            connection = where_it_fails.enter_context(engine.connect())
            # First of all, as what comes next changes the file.
            refuse_another_programs(connection, shown)
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
            # A killed process loses nothing: what was committed is with the operating system.
            connection.exec_driver_sql("PRAGMA synchronous = NORMAL")
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            make_tables(connection, shown, reset=reset)
            connection.exec_driver_sql("COMMIT")
            connection.exec_driver_sql(f"PRAGMA busy_timeout = {_MILLISECONDS_TO_WAIT_ON_THE_LOOP}")
        except DatabaseError as error:
            has_folder = Path(shown).parent.is_dir()
            reason = error.orig if has_folder else "its folder does not exist"
            raise UnusableDatabaseError(f"the database {shown} cannot be used: {reason}") from error
        where_it_fails.pop_all()
    return SqliteDatabase(connection)


async def _patiently(run: Callable[[], T]) -> T:
    """Run something again for as long as another process holds the file."""
    deadline = None
    while True:
        try:
            return run()
        except (sqlite3.OperationalError, OperationalError) as error:
            cause = error.orig if isinstance(error, OperationalError) else error
            code = getattr(cause, "sqlite_errorcode", sqlite3.SQLITE_OK) & _PRIMARY_CODE
            if code in _FAILURES_OF_THE_DISK:
                raise _unreachable(str(cause)) from error
            if code != sqlite3.SQLITE_BUSY:
                raise
            now = time.monotonic()
            deadline = deadline or now + _SECONDS_TO_WAIT_FOR_A_LOCK
            if now > deadline:
                raise _unreachable("another process holds it") from error
        await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE))  # noqa: S311 - no secret


def _unreachable(reason: str) -> UnreachableDatabaseError:
    message = f"the database cannot be reached: {reason}"
    log.warning(message)
    return UnreachableDatabaseError(message)
