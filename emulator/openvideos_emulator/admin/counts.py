"""How many there are of everything, and how to be rid of it all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import ColumnElement, Connection, Table, and_, case, func, not_, select

from openvideos_emulator.admin import journal
from openvideos_emulator.faults import store as faults
from openvideos_emulator.storage.database import lock
from openvideos_emulator.storage.tables import (
    characters,
    deliveries,
    first_frames,
    rates,
    requests,
    videos,
    worlds,
)
from openvideos_emulator.storage.tables import faults as added_faults
from openvideos_emulator.webhooks import outbox
from openvideos_emulator.worlds import ALL

if TYPE_CHECKING:
    from openvideos_emulator.worlds import Worlds

_STATUSES = ("queued", "in_progress", "completed", "failed")


def stats(connection: Connection, all_worlds: Worlds, tenant: str | None) -> dict[str, Any]:
    """Return how many there are of everything, of one tenant or of all.

    Args:
        connection: The connection.
        all_worlds: What time it is for whom.
        tenant: Whose, or None for all.
    """
    counts = dict.fromkeys(_STATUSES, 0)
    for whose, now in _times(connection, all_worlds, tenant):
        status = _status_at(now)
        query = select(status, func.count()).where(whose, videos.c.deleted.is_(False))
        for name, count in connection.execute(query.group_by(status)):
            counts[name] += count
    return {
        "videos": counts,
        "characters": _count(connection, characters, tenant),
        "faults": _count(connection, added_faults, tenant),
        "requests": _count(connection, requests, tenant),
        "webhooks": {
            "delivered": _count(
                connection, deliveries, tenant, deliveries.c.delivered.is_not(None)
            ),
            "waiting": _count(
                connection, deliveries, tenant, deliveries.c.next_attempt.is_not(None)
            ),
        },
    }


def reset(connection: Connection, tenant: str | None) -> None:
    """Make a tenant's world, or everything, as if nothing had happened yet."""
    lock(connection, worlds.name)
    for table in (first_frames, videos, characters, rates, worlds):
        connection.execute(table.delete().where(*_gone(table, tenant)))
    # Faults last: with them goes a note in the row of all worlds, by which workers learn of it.
    journal.remove_entries(connection, tenant)
    outbox.forget(connection, tenant)
    faults.forget(connection, tenant)


def _gone(table: Table, tenant: str | None) -> list[ColumnElement[bool]]:
    """Return the conditions on a table's rows that a reset removes."""
    if table is first_frames:
        of_whom = [] if tenant is None else [videos.c.tenant == tenant]
        return [first_frames.c.video_id.in_(select(videos.c.id).where(*of_whom))]
    conditions = [] if tenant is None else [table.c.tenant == tenant]
    if table is videos:
        # What another worker has stored since its first frames were removed comes after.
        conditions.append(videos.c.id.not_in(select(first_frames.c.video_id)))
    return conditions


def _count(
    connection: Connection, table: Table, tenant: str | None, *conditions: ColumnElement[bool]
) -> int:
    query = select(func.count()).select_from(table).where(*conditions)
    if tenant is not None:
        query = query.where(table.c.tenant == tenant)
    return connection.execute(query).scalar_one()


def _times(
    connection: Connection, all_worlds: Worlds, tenant: str | None
) -> list[tuple[ColumnElement[bool], int]]:
    """Return what time it is for whom."""
    if tenant is not None:
        return [(videos.c.tenant == tenant, all_worlds.read(connection, tenant).now())]
    turned = select(worlds.c.tenant).where(worlds.c.tenant != ALL)
    times: list[tuple[ColumnElement[bool], int]] = [
        (videos.c.tenant == name, all_worlds.read(connection, name).now())
        for name in connection.execute(turned).scalars().all()
    ]
    others = not_(videos.c.tenant.in_(turned))
    return [*times, (others, all_worlds.read(connection, ALL).now())]


def _status_at(now: int) -> ColumnElement[str]:
    """Return what `Job.status` says, for the database to count by."""
    by_steps = videos.c.polls.is_not(None)
    return case(
        (and_(by_steps, videos.c.polled == 0), "queued"),
        (and_(by_steps, videos.c.polled < videos.c.polls), "in_progress"),
        (and_(not_(by_steps), videos.c.started > now), "queued"),
        (and_(not_(by_steps), videos.c.ended > now), "in_progress"),
        (videos.c.failure.is_(None), "completed"),
        else_="failed",
    )
