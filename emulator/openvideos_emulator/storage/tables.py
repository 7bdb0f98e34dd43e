"""The tables. A change to any of them needs another `VERSION`."""

from __future__ import annotations

from sqlalchemy import (
    DDL,
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    event,
)

VERSION = 2

metadata = MetaData()

schema_version = Table(
    "openvideos_schema_version", metadata, Column("version", Integer, nullable=False)
)

# Times are Unix milliseconds. What a client wrote is kept as JSON, which holds any character in
# any database. A deleted video keeps its place, so that a list can go on from it.
videos = Table(
    "openvideos_videos",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("tenant", String, nullable=False),
    Column("deleted", Boolean, nullable=False, default=False),
    Column("created", BigInteger, nullable=False),
    Column("started", BigInteger, nullable=False),
    Column("climbed", BigInteger, nullable=False),
    Column("ended", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("request", Text, nullable=False),
    Column("failure", Text),
    Column("scene", Text, nullable=False),
    # Of a job that progresses by retrieves: how many it takes, and how many there were.
    Column("polls", Integer),
    Column("polled", Integer),
    # What goes wrong on purpose with the event of its end.
    Column("trick", String),
    sqlite_autoincrement=True,
)
# What is deleted is left out by the index, however much of it there is before a page.
Index("openvideos_videos_in_order", videos.c.tenant, videos.c.deleted, videos.c.sequence)
# By an index of the sequence alone, which only SQLite needs, PostgreSQL would look for a page of
# one tenant among the videos of all.
_drop_index = DDL("ALTER TABLE %(table)s DROP CONSTRAINT %(table)s_pkey")  # type: ignore[no-untyped-call]  # as SQLAlchemy has it
event.listen(videos, "after_create", _drop_index.execute_if(dialect="postgresql"))
# What runs now is told from what ended, however much that is.
Index("openvideos_videos_by_end", videos.c.tenant, videos.c.ended)

first_frames = Table(
    "openvideos_first_frames",
    metadata,
    Column("video_id", String, ForeignKey(videos.c.id), primary_key=True),
    Column("image", LargeBinary, nullable=False),
)

characters = Table(
    "openvideos_characters",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("name", Text, nullable=False),
    Column("created", BigInteger, nullable=False),
)

# What the admin API has set: for one key, or for all where the tenant is empty.
worlds = Table(
    "openvideos_worlds",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("offset", BigInteger, nullable=False, default=0),
    Column("frozen_at", BigInteger),
    Column("progress", Text),
    Column("webhook_url", Text),
    Column("webhook_secret", Text),
    # Told by the row of all: which edition of the faults below is in force.
    Column("faults_edition", Integer, nullable=False, default=0),
)

# Faults that the admin API has added; `tenant` is empty where they concern every key.
faults = Table(
    "openvideos_faults",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),
    Column("tenant", String, nullable=False),
    Column("definition", Text, nullable=False),
    sqlite_autoincrement=True,
)

# What faults must remember, so that all workers count alike: how often (`occasion`), which word
# was put on which video (`mark`), which operation it was answered (`operation`).
fault_history = Table(
    "openvideos_fault_history",
    metadata,
    Column("kind", String, primary_key=True),
    Column("name", String, primary_key=True),
    Column("subject", String, primary_key=True),
    # Whose reset forgets it; empty where it is nobody's alone.
    Column("tenant", String, nullable=False),
    Column("count", Integer, nullable=False),
)
Index("openvideos_fault_history_by_subject", fault_history.c.subject)

# The journal of requests, kept with the admin API only.
requests = Table(
    "openvideos_requests",
    metadata,
    Column("sequence", Integer, primary_key=True, autoincrement=True),
    Column("tenant", String, nullable=False),
    Column("entry", Text, nullable=False),
    sqlite_autoincrement=True,
)
Index("openvideos_requests_in_order", requests.c.tenant, requests.c.sequence)

# The outbox: a row for each event of each job, written with the job. `due` (when it was to be sent
# first), `next_attempt` and `delivered` are in the time of the job's world, `claimed_until` in the
# machine's. Without a `next_attempt` there is nothing left to do; without a `url` there never was.
deliveries = Table(
    "openvideos_deliveries",
    metadata,
    Column("id", String, primary_key=True),
    Column("tenant", String, nullable=False),
    Column("video_id", String, nullable=False),
    Column("type", String, nullable=False),
    Column("event", Text, nullable=False),
    Column("url", Text),
    Column("secret", Text),
    Column("trick", String),
    Column("due", BigInteger, nullable=False),
    Column("next_attempt", BigInteger),
    Column("attempts", Integer, nullable=False, default=0),
    Column("claimed_until", BigInteger, nullable=False, default=0),
    Column("delivered", BigInteger),
    Column("last_status", Integer),
    Column("last_error", Text),
)
Index("openvideos_deliveries_to_do", deliveries.c.next_attempt, deliveries.c.tenant)
Index("openvideos_deliveries_in_order", deliveries.c.tenant, deliveries.c.due)

# When a key's bucket of requests is full again, in Unix microseconds.
rates = Table(
    "openvideos_rates",
    metadata,
    Column("tenant", String, primary_key=True),
    Column("full_at", BigInteger, nullable=False),
)
