"""Makes the tables, and looks whether those that are there are this emulator's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy

from openvideos_emulator.storage import tables
from openvideos_emulator.storage.database import UnusableDatabaseError

if TYPE_CHECKING:
    from sqlalchemy import Connection


def refuse_another_programs(connection: Connection, shown: str) -> None:
    """Refuse a database that has tables, and none of this emulator's.

    Raises:
        UnusableDatabaseError: It is such a one.
    """
    there = sqlalchemy.inspect(connection).get_table_names()
    if there and tables.schema_version.name not in there:
        raise UnusableDatabaseError(
            f"the database {shown} belongs to another program; give another path"
        )


def make_tables(connection: Connection, shown: str, *, reset: bool) -> None:
    """Make the tables where there are none, within a transaction that no other runs beside.

    Args:
        connection: The connection.
        shown: What the database is called in messages.
        reset: Whether to throw away what is in it first.

    Raises:
        UnusableDatabaseError: It has tables of another version.
    """
    if reset:
        tables.metadata.drop_all(connection)
    if not sqlalchemy.inspect(connection).has_table(tables.schema_version.name):
        tables.metadata.create_all(connection)
        connection.execute(tables.schema_version.insert().values(version=tables.VERSION))
        return
    version = connection.execute(sqlalchemy.select(tables.schema_version.c.version)).scalar()
    if version != tables.VERSION:
        raise UnusableDatabaseError(
            f"the database {shown} has version {version} of the emulator's tables, this "
            f"emulator needs version {tables.VERSION}: start it once with --reset, which throws "
            "away what is in the database, or give another one"
        )
