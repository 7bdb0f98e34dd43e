"""What faults must remember: in the database, so that all workers count alike."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import attrs
from sqlalchemy import Connection, bindparam, func, select

from openvideos_emulator.storage.database import upsert
from openvideos_emulator.storage.tables import fault_history

if TYPE_CHECKING:
    from collections.abc import Iterable

    from openvideos_emulator.faults.exchange import Request
    from openvideos_emulator.faults.model import Fault
    from openvideos_emulator.storage.database import Database

OCCASION = "occasion"
"""The kind of what counts how often a fault could happen."""

_MARK, _OPERATION = "mark", "operation"

_FIND_MEMORIES = select(fault_history.c.kind, fault_history.c.name).where(
    fault_history.c.subject == bindparam("video_id")
)


@attrs.frozen
class Memory:
    """What was remembered of one video: its marks, and the operations that it was answered."""

    marks: frozenset[str] = frozenset()
    operations: frozenset[str] = frozenset()


NOTHING = Memory()
"""What is known of a video that nothing was remembered of."""


class History:
    """What has happened so far: how often, and what to which video."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, video_id: str) -> Memory:
        """Return what was remembered of a video."""
        return await self._database.read(_read, video_id)

    async def marked(self, word: str, video_ids: Iterable[str]) -> set[str]:
        """Return which of several videos were given a mark."""
        return await self._database.read(_read_marked, word, list(video_ids))

    async def named(self, words: Iterable[str]) -> dict[str, str]:
        """Return for marks the id of a video that was given each; of several, the least."""
        return await self._database.read(_read_named, list(words))

    async def occasion(self, fault: Fault, request: Request, video_id: str) -> bool:
        """Count an occasion of a fault and return whether the fault happens at it."""
        occasions = fault.occasions
        if not occasions.are_counted:
            return True
        match occasions.per:
            case "video":
                subject, tenant = video_id, request.tenant
            case "key":
                subject, tenant = request.tenant, request.tenant
            case "prompt":
                subject, tenant = f"{request.tenant} {_digest(request.prompt)}", request.tenant
            case _:
                subject, tenant = "", fault.tenant
        number = await self._database.write(_count, OCCASION, fault.id, subject, tenant)
        return occasions.chosen(number)

    async def answered(self, operation: str, video_id: str, tenant: str) -> None:
        """Remember that an operation on a video was answered with 2xx."""
        await self._database.write(_count, _OPERATION, operation, video_id, tenant)

    async def mark(self, word: str, video_id: str, tenant: str) -> None:
        """Remember a word of a video."""
        await self._database.write(_count, _MARK, word, video_id, tenant)


def _read(connection: Connection, video_id: str) -> Memory:
    rows = connection.execute(_FIND_MEMORIES, {"video_id": video_id}).all()
    return Memory(
        marks=frozenset(row.name for row in rows if row.kind == _MARK),
        operations=frozenset(row.name for row in rows if row.kind == _OPERATION),
    )


def _read_marked(connection: Connection, word: str, video_ids: list[str]) -> set[str]:
    query = select(fault_history.c.subject).where(
        fault_history.c.kind == _MARK,
        fault_history.c.name == word,
        fault_history.c.subject.in_(video_ids),
    )
    return set(connection.execute(query).scalars())


def _read_named(connection: Connection, words: list[str]) -> dict[str, str]:
    query = (
        select(fault_history.c.name, func.min(fault_history.c.subject).label("video_id"))
        .where(fault_history.c.kind == _MARK, fault_history.c.name.in_(words))
        .group_by(fault_history.c.name)
    )
    return {row.name: row.video_id for row in connection.execute(query)}


def _count(connection: Connection, kind: str, name: str, subject: str, tenant: str) -> int:
    row = upsert(
        connection,
        fault_history,
        {"kind": kind, "name": name, "subject": subject},
        {"tenant": tenant, "count": 1},
        changes={"count": fault_history.c.count + 1},
    )
    number: int = row["count"]
    return number


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
