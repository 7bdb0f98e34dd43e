"""Worlds: what can be different for each API key while the emulator runs.

A key is a world of its own: its videos, its clock, how its jobs progress, its faults, its
webhooks and the journal of its requests. The admin API changes worlds, in the database, so that
all workers see the same; without it every world is as the settings say.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, TypeVar

import attrs
from sqlalchemy import Connection, Row, bindparam, or_, select

from openvideos_emulator.storage.tables import worlds

if TYPE_CHECKING:
    from typing import Any

    from openvideos_emulator.clock import Clock
    from openvideos_emulator.settings import Settings
    from openvideos_emulator.storage.database import Database

T = TypeVar("T")

ALL = ""
"""The tenant whose row concerns all worlds; also whose a request without a key is."""

HAS_OWN_CLOCK = or_(worlds.c.offset != 0, worlds.c.frozen_at.is_not(None))
"""Whether a row of a world makes its time another than that of all."""

_KEPT = 4096
_FIND_ROWS = select(worlds).where(worlds.c.tenant.in_(bindparam("tenants", expanding=True)))


@attrs.frozen(kw_only=True)
class World:
    """One key's world, as it was when a request arrived.

    Attributes:
        tenant: Whose it is, empty for a request without a key.
        clock: The machine's time, which the world's own is told from.
        offset: By how many milliseconds its time is ahead.
        frozen_at: Its time in Unix milliseconds where its clock stands still, else None.
        progress: How its jobs progress: `time`, `immediate` or `polls:N`.
        webhook_url: Where its events are sent, or None.
        webhook_secret: What they are signed with, or None.
        faults_edition: Grows with each change of the faults that the admin API has added.
    """

    tenant: str
    clock: Clock
    offset: int = 0
    frozen_at: int | None = None
    progress: str = "time"
    webhook_url: str | None = None
    webhook_secret: str | None = attrs.field(default=None, repr=False)
    faults_edition: int = 0

    def now(self) -> int:
        """Return the world's time in Unix milliseconds."""
        return self.clock.now() + self.offset if self.frozen_at is None else self.frozen_at


class Worlds:
    """Finds the world of a tenant."""

    def __init__(self, clock: Clock, settings: Settings, database: Database) -> None:
        """Prepare to look in the database, where the admin API can have changed something.

        Args:
            clock: The machine's time.
            settings: What holds in each world for which nothing else was said.
            database: Where it was said.
        """
        self.clock = clock
        self._settings = settings
        self._database = database if settings.admin else None
        # Asked for with each request.
        self._usual = functools.lru_cache(_KEPT)(self._made)

    async def find(self, tenant: str) -> World:
        """Return a tenant's world as it is now."""
        if self._database is None:
            return self._usual(tenant)
        return await self._database.read(self.read, tenant)

    def read(self, connection: Connection, tenant: str) -> World:
        """Return a tenant's world as a transaction sees it."""
        if self._database is None:
            return self._usual(tenant)
        rows = connection.execute(_FIND_ROWS, {"tenants": [ALL, tenant]}).all()
        of_all = next((row for row in rows if row.tenant == ALL), None)
        own = None if tenant == ALL else next((row for row in rows if row.tenant == tenant), None)
        return self._combined(tenant, of_all, own)

    def _made(self, tenant: str) -> World:
        settings = self._settings
        return World(
            tenant=tenant,
            clock=self.clock,
            progress=settings.progress,
            webhook_url=settings.webhook,
            webhook_secret=settings.webhook_secret,
        )

    def _combined(self, tenant: str, of_all: Row[Any] | None, own: Row[Any] | None) -> World:
        world = self._usual(tenant)
        # First what concerns all, then what wins over it. Offsets add up.
        for row in (of_all, own):
            if row is None:
                continue
            frozen_at = row.frozen_at
            if frozen_at is None and world.frozen_at is not None:
                frozen_at = world.frozen_at + row.offset
            world = attrs.evolve(
                world,
                offset=world.offset + row.offset,
                frozen_at=frozen_at,
                progress=_or(row.progress, world.progress),
                webhook_url=_or(row.webhook_url, world.webhook_url),
                webhook_secret=_or(row.webhook_secret, world.webhook_secret),
            )
        return (
            world if of_all is None else attrs.evolve(world, faults_edition=of_all.faults_edition)
        )


def _or(value: T | None, otherwise: T) -> T:
    return otherwise if value is None else value
