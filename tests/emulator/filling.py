"""Fills an emulator's database with many jobs, quickly."""

import asyncio
import secrets
import time

from sqlalchemy import Connection, insert, literal, select
from sqlalchemy.types import String

from openvideos_emulator.http.keys import tenant_of
from openvideos_emulator.scene import Part, Scene
from openvideos_emulator.storage import queries
from openvideos_emulator.storage.database import open_database
from openvideos_emulator.storage.tables import videos
from openvideos_emulator.timetable import Job, plan_at_once

_AT_ONCE = 100_000
# So that all numbers have as many digits, and ids are as long as real ones.
_FIRST_NUMBER = 10_000_000
_HEX_BEFORE_IT = 40


def fill(database: str, key: str, number: int) -> str:
    """Store completed jobs of a key, also where an emulator runs on the database.

    Args:
        database: A path or a URL, as `--db` takes it.
        key: The API key.
        number: How many.

    Returns:
        The id of the newest.
    """
    opened = open_database(database)

    async def write() -> str:
        newest = ""
        for start in range(0, number, _AT_ONCE):
            size = min(_AT_ONCE, number - start)
            newest = await opened.write(_add, tenant_of(key.encode()), size)
        await opened.disconnect()
        return newest

    newest = asyncio.run(write())
    opened.close()
    return newest


def _add(connection: Connection, tenant: str, number: int) -> str:
    prefix = f"video_{secrets.token_hex(_HEX_BEFORE_IT // 2)}"
    first = _job(f"{prefix}{_FIRST_NUMBER}")
    scene = Scene(720, 1280, first.id, (Part(first.id, first.prompt, 4.0, 20),))
    queries.add_job(connection, tenant, first, scene, None)
    numbers = select(literal(1).label("n")).cte("numbers", recursive=True)
    numbers = numbers.union_all(select(numbers.c.n + 1).where(numbers.c.n < number - 1))
    others = [column for column in videos.c if column.name not in ("sequence", "id")]
    copies = (
        select(literal(prefix).concat((numbers.c.n + _FIRST_NUMBER).cast(String)), *others)
        .select_from(videos.join(numbers, numbers.c.n < number))
        .where(videos.c.id == first.id)
        .order_by(numbers.c.n)
    )
    names = ["id", *(column.name for column in others)]
    connection.execute(insert(videos).from_select(names, copies))
    return f"{prefix}{_FIRST_NUMBER + number - 1}"


def _job(video_id: str) -> Job:
    return Job(
        id=video_id,
        model="sora-2",
        prompt="A calico cat playing a piano on stage",
        size="720x1280",
        seconds="4",
        remixed_from_video_id=None,
        timetable=plan_at_once(time.time_ns() // 1_000_000),
    )
