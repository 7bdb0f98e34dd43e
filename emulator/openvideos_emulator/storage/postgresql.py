"""PostgreSQL: a server of its own, reached by a few kept connections of each process.

psycopg waits on the event loop itself, which costs less than to hand queries to threads.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import attrs
import sqlalchemy
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from openvideos_emulator.storage.database import (
    Database,
    UnreachableDatabaseError,
    UnusableDatabaseError,
)
from openvideos_emulator.storage.schema import make_tables

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence

    from psycopg import AsyncCursor
    from sqlalchemy import Connection, Select
    from sqlalchemy.engine import URL
    from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

P = ParamSpec("P")
T = TypeVar("T")
_MOST_CONNECTIONS = 8
# A server that is cut off is found out within half a minute, and not waited for.
_CONNECTING = {
    "connect_timeout": 5,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
}
# A process that is cut off or stands still in the middle of a write gives up its locks after this.
_MILLISECONDS_TO_BE_IDLE_IN_A_WRITE = 10_000
_LOCK_OF_THE_TABLES = 7_086_201_325_118_405_120
_MOST_TRIES = 5
_TO_BE_TRIED_AGAIN = {"40001", "40P01"}  # serialization failure, deadlock
# Insufficient resources, such as a full disk; a standby; what an operator has stopped.
_OUT_OF_SERVICE = ("53", "25006", "57")

log = logging.getLogger(__name__)


@attrs.frozen
class _Link:
    """A connection, and a kept cursor of the driver's own beneath it."""

    connection: AsyncConnection
    cursor: AsyncCursor[tuple[Any, ...]]

    @property
    def lost(self) -> bool:
        return self.cursor.connection.closed


class PostgresqlDatabase(Database):
    """An open PostgreSQL database."""

    def __init__(self, engine: AsyncEngine) -> None:
        super().__init__(engine.dialect, None)
        self._engine = engine
        self._room = asyncio.Semaphore(_MOST_CONNECTIONS)
        self._idle: list[_Link] = []
        self._is_away = False

    async def rows(
        self, statement: Select[Any], values: Mapping[str, Any]
    ) -> Sequence[tuple[Any, ...]]:
        """Return the rows of a SELECT as the driver has them."""
        query = self._compiled(statement, values)

        async def run(link: _Link) -> list[tuple[Any, ...]]:
            await link.cursor.execute(*query)
            return await link.cursor.fetchall()

        return await self._run(run)

    async def read(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query that changes nothing."""
        return await self._run(lambda link: link.connection.run_sync(query, *args, **kwargs))

    async def write(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query in a transaction."""

        async def transaction(link: _Link) -> T:
            await link.cursor.execute("BEGIN")
            try:
                result = await link.connection.run_sync(query, *args, **kwargs)
            except Exception:
                if not link.lost:
                    await link.cursor.execute("ROLLBACK")
                raise
            try:
                await link.cursor.execute("COMMIT")
            except Exception as error:
                # It may have been done or not, so it is not done again.
                raise UnreachableDatabaseError("the connection broke off in a commit") from error
            return result

        return await self._run(transaction)

    async def disconnect(self) -> None:
        """Close all connections."""
        await self._close_idle()

    def close(self) -> None:
        """Close the database, which has no connections by now."""

    async def _run(self, work: Callable[[_Link], Awaitable[T]]) -> T:
        """Do some work on a connection, again where nothing of it was done."""
        async with self._room:
            for tries_left in reversed(range(_MOST_TRIES)):
                link = self._idle.pop() if self._idle else await self._connect()
                try:
                    result = await work(link)
                except Exception as error:
                    if link.lost:
                        # The others have most likely gone with it.
                        await _close(link)
                        await self._close_idle()
                    else:
                        self._idle.append(link)
                    if isinstance(error, UnreachableDatabaseError):
                        raise
                    to_be_tried_again = link.lost or _state(error) in _TO_BE_TRIED_AGAIN
                    if not (to_be_tried_again and tries_left):
                        if link.lost or (_state(error) or "").startswith(_OUT_OF_SERVICE):
                            raise self._unreachable(error) from error
                        raise
                except BaseException:
                    # Given up in the middle: what would come next on it is not known.
                    await asyncio.shield(_close(link))
                    raise
                else:
                    self._idle.append(link)
                    self._is_away = False
                    return result
        raise AssertionError("the last try returns or raises")

    async def _connect(self) -> _Link:
        try:
            connection = await self._engine.connect()
            await connection.exec_driver_sql(
                f"SET idle_in_transaction_session_timeout = {_MILLISECONDS_TO_BE_IDLE_IN_A_WRITE}"
            )
        except DBAPIError as error:
            raise self._unreachable(error) from error
        raw = await connection.get_raw_connection()
        driver: Any = raw.driver_connection
        _take_any_text(driver)
        return _Link(connection, driver.cursor())

    def _unreachable(self, error: Exception) -> UnreachableDatabaseError:
        # Told once, however many requests find it out.
        if not self._is_away:
            cause = error.orig if isinstance(error, DBAPIError) else error
            log.warning("the database cannot be reached: %s", _one_line(str(cause)))
        self._is_away = True
        return UnreachableDatabaseError("the database cannot be reached")

    async def _close_idle(self) -> None:
        idle, self._idle = self._idle, []
        for link in idle:
            await _close(link)


def _take_any_text(driver: Any) -> None:
    """Let an id that a client made up hold a NUL, as it may in SQLite: it is nobody's."""
    from psycopg.types.string import StrDumperUnknown

    class AnyText(StrDumperUnknown):
        def dump(self, obj: str) -> Any:
            # PostgreSQL's text holds no NUL. What is stored has none: it is JSON.
            return super().dump(obj.replace("\0", "\ufffd"))

    driver.adapters.register_dumper(str, AnyText)


async def _close(link: _Link) -> None:
    with contextlib.suppress(DBAPIError):
        await link.connection.invalidate()
        await link.connection.close()


def _state(error: Exception) -> str | None:
    cause = error.orig if isinstance(error, DBAPIError) else error
    state: str | None = getattr(cause, "sqlstate", None)
    return state


def open_postgresql(url: URL, *, reset: bool) -> PostgresqlDatabase:
    """Open a PostgreSQL database, as `open_database` does."""
    # Options can be secrets, too.
    shown = url.set(query={}).render_as_string(hide_password=True)
    options: dict[str, Any] = {
        "hide_parameters": True,
        "poolclass": NullPool,
        "connect_args": _CONNECTING,
    }
    try:
        from sqlalchemy.ext.asyncio import create_async_engine

        engine = create_async_engine(url, isolation_level="AUTOCOMMIT", **options)
        maker = sqlalchemy.create_engine(url, **options)
    except ImportError as error:
        raise UnusableDatabaseError(
            f"the database {shown} needs a driver: pip install 'openvideos[postgresql]'"
        ) from error
    try:
        with maker.begin() as connection:
            # Several processes may start at once.
            lock = sqlalchemy.func.pg_advisory_xact_lock(_LOCK_OF_THE_TABLES)
            connection.execute(sqlalchemy.select(lock))
            make_tables(connection, shown, reset=reset)
    except (DBAPIError, TypeError, ValueError) as error:
        # Not only the server refuses: a host or an option can be no such thing.
        reason = _one_line(str(error.orig if isinstance(error, DBAPIError) else error))
        raise UnusableDatabaseError(f"the database {shown} cannot be used: {reason}") from error
    return PostgresqlDatabase(engine)


def _one_line(text: str) -> str:
    return " ".join(text.split())
