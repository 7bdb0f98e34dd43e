"""The tables of the ledger. A change to any of them needs another `VERSION`."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    Text,
)

VERSION = 2

metadata = MetaData()

schema_version = Table(
    "openvideos_batch_version", metadata, Column("version", Integer, nullable=False)
)

# One row. Locking it puts in order what must not happen at once.
batch = Table(
    "openvideos_batch",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", String, nullable=False),  # of chance; idempotency keys begin with it
    Column("base_url", Text),  # null until the first lines are entered
)

# Times are Unix seconds, of the database's clock where it has one.
workers = Table(
    "openvideos_batch_workers",
    metadata,
    Column("id", String, primary_key=True),
    Column("host", String, nullable=False),
    Column("process", Integer, nullable=False),
    Column("lease_ends", Double, nullable=False),
    Column("gone", Boolean, nullable=False),  # its lines were taken over; it may not start any
)

lines = Table(
    "openvideos_batch_lines",
    metadata,
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("digest", String, nullable=False),
    Column("fields", Text, nullable=False),  # JSON
    Column("state", String, nullable=False, index=True),
    Column("worker", String, ForeignKey(workers.c.id)),
    Column("attempt", Integer, nullable=False),  # how often its create was begun
    # When that was; while an earlier one with the same key may have made a job, when that one was.
    Column("intended", Double),
    # Until when an answer may have been under way that was lost; null where what came is known.
    Column("lost", Double),
    Column("keyed", Boolean, nullable=False),  # whether it went with an idempotency key
    Column("renewals", Integer, nullable=False),  # how often it was made anew after failing
    Column("losses", Integer, nullable=False),  # of answers to its create, since the last start
    Column("repeats", Integer, nullable=False),  # how often it was repeated although uncertain
    # No two lines can have the same video, whatever goes wrong.
    Column("video_id", String, unique=True),
    Column("answered", Double),
    Column("cost", String),  # in US dollars, a decimal number; null where nobody knows
    Column("file", Text),
    Column("size", BigInteger),  # of the file, in bytes
    Column("saved_on", String),
    Column("held", Boolean, nullable=False),  # left for the next start
    Column("reason", Text),  # why it failed or is held
)

# Jobs that a line had beside the one that it has. They are nobody's to find in the list.
strays = Table(
    "openvideos_batch_strays",
    metadata,
    Column("video_id", String, primary_key=True),
    Column("position", Integer, ForeignKey(lines.c.position), nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("reason", Text, nullable=False),
)
