"""Where the state is kept, and how it is reached.

Queries are functions of a connection, in `queries.py`. Where they run is decided here and in the
module of each kind of database alone. Several processes may share one database.
"""

from __future__ import annotations

import abc
import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from sqlalchemy import Connection, Dialect, Select, Table
    from sqlalchemy.engine import RowMapping

P = ParamSpec("P")
T = TypeVar("T")
_SQLITE = {"sqlite", "sqlite+pysqlite"}
_POSTGRESQL = {"postgresql", "postgres", "postgresql+psycopg"}
_PASSWORD_WITH_AT = re.compile(r"[^:]+://[^:/]*:[^@]*@[^?]*@")


class UnusableDatabaseError(Exception):
    """The database cannot be used; the message says why, and what to do."""


class UnreachableDatabaseError(Exception):
    """The database cannot be reached now; it may be there again soon."""


class Database(abc.ABC):
    """An open database.

    Attributes:
        folder_for_media: A folder beside the database, for files that can be made again from it;
            None where the database is in no folder.
    """

    def __init__(self, dialect: Dialect, folder_for_media: Path | None) -> None:
        self.folder_for_media = folder_for_media
        self._dialect = dialect
        self._statements: dict[Select[Any], tuple[str, Mapping[str, Any]]] = {}

    @abc.abstractmethod
    async def rows(
        self, statement: Select[Any], values: Mapping[str, Any]
    ) -> Sequence[tuple[Any, ...]]:
        """Return the rows of a SELECT as the driver has them, several times as quickly as `read`.

        Args:
            statement: The statement, the same object at each call. Its columns are integers and
                text, which need no conversion.
            values: The values of its `bindparam`s.

        Raises:
            UnreachableDatabaseError: The database cannot be reached now.
        """

    @abc.abstractmethod
    async def read(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query that changes nothing.

        Raises:
            UnreachableDatabaseError: The database cannot be reached now.
        """

    @abc.abstractmethod
    async def write(
        self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs
    ) -> T:
        """Run a query in a transaction, which no crash of the process undoes afterwards.

        Raises:
            UnreachableDatabaseError: The database cannot be reached now.
        """

    @abc.abstractmethod
    async def disconnect(self) -> None:
        """Give up what belongs to the event loop, before it ends."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close the database."""

    def _compiled(
        self, statement: Select[Any], values: Mapping[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """Return a statement, compiled once, and all its values as the driver takes them."""
        known = self._statements.get(statement)
        if known is None:
            compiled = statement.compile(dialect=self._dialect)
            known = self._statements[statement] = (compiled.string, compiled.params)
        text, own_values = known
        return text, {**own_values, **values}


def open_database(location: str, *, reset: bool = False) -> Database:
    """Open a database, and make its tables where there are none.

    Args:
        location: A path, or a `sqlite:///` or `postgresql://` URL.
        reset: Whether to throw away what is in it.

    Raises:
        UnusableDatabaseError: It is of another kind or version, or cannot be opened.
    """
    url = _url(location)
    if url.drivername in _SQLITE:
        from openvideos_emulator.storage.sqlite import open_sqlite

        return open_sqlite(url.set(database=str(Path(url.database or "").absolute())), reset=reset)
    from openvideos_emulator.storage.postgresql import open_postgresql

    return open_postgresql(url.set(drivername="postgresql+psycopg"), reset=reset)


def _url(location: str) -> URL:
    if "://" not in location:
        url = URL.create("sqlite", database=location)
    else:
        # What is wrong is not repeated: a password could be in it.
        no_url = UnusableDatabaseError(
            "--db is neither a path nor a database URL such as sqlite:///emulator.sqlite or "
            "postgresql://user:password@host/name; signs in a password are percent-encoded"
        )
        # The rest of such a password would be taken for the host.
        if _PASSWORD_WITH_AT.match(location):
            raise no_url
        try:
            url = make_url(location)
        except (ArgumentError, ValueError):
            raise no_url from None
    if url.drivername in _POSTGRESQL:
        return url
    is_file = url.database not in (None, "", ":memory:") and not (url.query or url.host)
    if url.drivername in _SQLITE and is_file:
        return url
    shown = location
    if "://" in location:
        # Options can be secrets, too.
        shown = url.set(query={}).render_as_string(hide_password=True)
    raise UnusableDatabaseError(
        f"--db {shown!r}: the state is kept in an SQLite file or in PostgreSQL; give a path, or a "
        "URL such as sqlite:///emulator.sqlite (which has no options) or "
        "postgresql://user:password@host/name"
    )


def upsert(
    connection: Connection,
    table: Table,
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
        connection.exec_driver_sql("SELECT pg_advisory_xact_lock(%s)", (number,))
