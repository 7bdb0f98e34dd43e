"""Makes the tables, and looks whether those that are there are this emulator's."""

from __future__ import annotations

from typing import TYPE_CHECKING

import sqlalchemy

from openvideos_emulator import tables
from openvideos_emulator.database import UnusableDatabaseError

if TYPE_CHECKING:
    from sqlalchemy import Connection


def make_tables(connection: Connection, shown: str, *, reset: bool, shared: bool) -> None:
    """Make the tables where there are none, within a transaction that no other runs beside.

    Args:
        connection: The connection.
        shown: What the database is called in messages.
        reset: Whether to throw away what is in it first.
        shared: Whether other programs may have tables in it.

    Raises:
        UnusableDatabaseError: It has tables of another version, or is another program's.
    """
    if reset:
        tables.metadata.drop_all(connection)
    inspector = sqlalchemy.inspect(connection)
    if not inspector.has_table(tables.schema_version.name):
        if inspector.get_table_names() and not shared:
            raise UnusableDatabaseError(
                f"the database {shown} belongs to another program; give another path"
            )
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
