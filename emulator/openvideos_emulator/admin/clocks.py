"""Clocks that are turned: one for all worlds, and one for each that was turned by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openvideos_emulator.http.errors import bad_request
from openvideos_emulator.storage.database import lock, upsert
from openvideos_emulator.storage.tables import worlds as table
from openvideos_emulator.worlds import ALL

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from openvideos_emulator.http.errors import ApiError
    from openvideos_emulator.worlds import World, Worlds

_LATEST = 32_503_680_000_000  # the year 3000


def shown(world: World) -> dict[str, Any]:
    """Return a world's clock as the API shows it."""
    machine, now = world.clock.now(), world.now()
    return {
        "now": now / 1000,
        "offset": (now - machine) / 1000,
        "frozen": world.frozen_at is not None,
    }


def advance(connection: Connection, worlds: Worlds, tenant: str, seconds: float) -> None:
    """Turn a world's clock forward, or that of all worlds.

    Raises:
        ApiError: 400, it would go back, or beyond all years.
    """
    lock(connection, table.name)
    world = worlds.read(connection, tenant)
    if seconds < 0:
        raise _goes_back("seconds", world)
    by = round(min(seconds * 1000, _LATEST))
    _check_year("seconds", world.now() + by)
    own = _own_frozen_at(connection, tenant)
    if tenant == ALL:
        frozen = table.c.frozen_at.is_not(None)
        later = {"frozen_at": table.c.frozen_at + by}
        connection.execute(table.update().where(frozen).values(later))
    elif own is not None:
        _set(connection, tenant, frozen_at=own + by)
    if own is None:
        upsert(
            connection,
            table,
            {"tenant": tenant},
            {"offset": by, "faults_edition": 0},
            changes={"offset": table.c.offset + by},
        )


def freeze(connection: Connection, worlds: Worlds, tenant: str, at: float | None) -> None:
    """Stop a world's clock, or that of all worlds.

    Args:
        connection: The connection of a write.
        worlds: The worlds.
        tenant: Whose world.
        at: The time that it tells then, in Unix seconds; None is the time that it is.

    Raises:
        ApiError: 400, it would go back, or beyond all years.
    """
    lock(connection, table.name)
    world = worlds.read(connection, tenant)
    now = world.now()
    time = now if at is None else round(min(at * 1000, _LATEST + 1))
    if time < now:
        raise _goes_back("at", world)
    _check_year("at", time)
    _set(connection, tenant, frozen_at=time)


def unfreeze(connection: Connection, worlds: Worlds, tenant: str) -> None:
    """Let a world's clock, or that of all worlds, go on from where it stands."""
    lock(connection, table.name)
    frozen_at = _own_frozen_at(connection, tenant)
    if frozen_at is not None:
        base = worlds.clock.now() if tenant == ALL else worlds.read(connection, ALL).now()
        _set(connection, tenant, frozen_at=None, offset=frozen_at - base)


def _own_frozen_at(connection: Connection, tenant: str) -> int | None:
    query = table.select().where(table.c.tenant == tenant)
    row = connection.execute(query).first()
    return None if row is None else row.frozen_at


def _set(connection: Connection, tenant: str, **values: int | None) -> None:
    new = {"offset": 0, "faults_edition": 0, **values}
    upsert(connection, table, {"tenant": tenant}, new, changes=values)


def _goes_back(param: str, world: World) -> ApiError:
    return bad_request(
        f"Invalid '{param}': a clock cannot go back, since what has happened has happened; it is "
        f"{world.now() / 1000} now. To begin anew, use POST /_emulator/reset.",
        param=param,
        code="invalid_value",
    )


def _check_year(param: str, now: int) -> None:
    if now > _LATEST:
        raise bad_request(
            f"Invalid '{param}': that is beyond the year 3000.", param=param, code="invalid_value"
        )
