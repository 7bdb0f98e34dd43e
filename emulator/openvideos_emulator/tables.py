"""The tables. A change to any of them needs another `VERSION`."""

from __future__ import annotations

from sqlalchemy import (
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
)

VERSION = 1

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
    sqlite_autoincrement=True,
)
Index("openvideos_videos_in_order", videos.c.tenant, videos.c.created, videos.c.sequence)

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
