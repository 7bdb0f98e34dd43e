"""Faults that are added while the emulator runs: kept in the database, for all workers.

The admin API calls `add_fault`, `list_faults`, `remove_faults`, and `forget` in its reset.
"""

from __future__ import annotations

import functools
import json
import logging
import secrets
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import Connection, select

from openvideos_emulator.faults.history import OCCASION
from openvideos_emulator.faults.loading import parse_faults
from openvideos_emulator.http.keys import tenant_of
from openvideos_emulator.settings import SettingsError
from openvideos_emulator.storage.database import lock, upsert
from openvideos_emulator.storage.tables import fault_history, faults, worlds

if TYPE_CHECKING:
    from openvideos_emulator.contract import Contract
    from openvideos_emulator.faults.model import Fault
    from openvideos_emulator.storage.database import Database

log = logging.getLogger(__name__)

_EVERYONE = ""
_EDITIONS = 2**31 - 1
_REMEMBERED = 4096


async def add_fault(database: Database, contract: Contract, data: Any) -> dict[str, Any]:
    """Add a fault, and return it as it was given, with its id.

    A fault with `match.key` concerns that key only. The key itself is not kept, nor returned.

    Args:
        database: The state.
        contract: What a fault can be about.
        data: One fault, in any form that a file may hold.

    Raises:
        SettingsError: It is no fault, or its id is taken; the message says what is wrong.
    """
    if isinstance(data, dict):
        data = {"id": f"fault_{secrets.token_hex(8)}", **data}
    parse_faults([data], contract)
    kept, tenant = _without_key(data)
    if not await database.write(_add, kept, tenant):
        raise SettingsError(f"fault {kept['id']}: there is a fault with this id already")
    return kept


async def list_faults(database: Database, tenant: str | None = None) -> list[dict[str, Any]]:
    """Return the faults that were added, in order: all, or those that concern one tenant only."""
    rows = await database.read(_find, tenant)
    return [json.loads(definition) for _, definition in rows]


async def remove_faults(
    database: Database, fault_id: str | None = None, tenant: str | None = None
) -> int:
    """Remove one fault, or all of them, or those that concern one tenant only.

    Returns:
        How many there were.
    """
    return await database.write(_remove, fault_id, tenant)


async def load_added(database: Database, contract: Contract) -> list[Fault]:
    """Return all faults that were added, parsed; what can be none any more is left out."""
    loaded = []
    for tenant, definition in await database.read(_find, None):
        try:
            fault = _parsed(definition, contract)
        except SettingsError as error:
            log.warning("a fault in the database is left out: %s", error)
        else:
            loaded.append(attrs.evolve(fault, tenant=tenant))
    return loaded


def forget(connection: Connection, tenant: str | None) -> None:
    """Remove the faults of a tenant, or of all, and what they remember of it."""
    _remove(connection, None, tenant)
    gone = fault_history.delete()
    if tenant is not None:
        gone = gone.where(fault_history.c.tenant == tenant)
    connection.execute(gone)


@functools.lru_cache(_REMEMBERED)
def _parsed(definition: str, contract: Contract) -> Fault:
    # Whenever one is added, all are read again.
    return parse_faults([json.loads(definition)], contract)[0]


def _without_key(data: dict[str, Any]) -> tuple[dict[str, Any], str]:
    match = dict(data.get("match", {}))
    if "key" in match.get("unless", {}):
        raise SettingsError(f"fault {data['id']}/match/unless: a key is possible in a file only")
    key = match.pop("key", None)
    if key is None:
        return data, _EVERYONE
    if not isinstance(key, str) or not key.strip():
        raise SettingsError(
            f"fault {data['id']}/match/key: give one API key here, a fault for each; only a file "
            "can name several, or requests without a key"
        )
    return {**data, "match": match}, tenant_of(key.strip().encode())


def _add(connection: Connection, definition: dict[str, Any], tenant: str) -> bool:
    lock(connection, worlds.name)
    taken = select(faults.c.sequence).where(faults.c.id == definition["id"])
    if connection.execute(taken).first() is not None:
        return False
    row = {"id": definition["id"], "tenant": tenant, "definition": json.dumps(definition)}
    connection.execute(faults.insert(), row)
    _change_edition(connection)
    return True


def _find(connection: Connection, tenant: str | None) -> list[tuple[str, str]]:
    query = select(faults.c.tenant, faults.c.definition).order_by(faults.c.sequence)
    if tenant is not None:
        query = query.where(faults.c.tenant == tenant)
    return [(row.tenant, row.definition) for row in connection.execute(query)]


def _remove(connection: Connection, fault_id: str | None, tenant: str | None) -> int:
    lock(connection, worlds.name)
    conditions = []
    if fault_id is not None:
        conditions.append(faults.c.id == fault_id)
    if tenant is not None:
        conditions.append(faults.c.tenant == tenant)
    gone = list(connection.execute(select(faults.c.id).where(*conditions)).scalars())
    connection.execute(faults.delete().where(faults.c.id.in_(gone)))
    # One that is added with the same id begins to count anew.
    connection.execute(
        fault_history.delete().where(
            fault_history.c.kind == OCCASION, fault_history.c.name.in_(gone)
        )
    )
    _change_edition(connection)
    return len(gone)


def _change_edition(connection: Connection) -> None:
    # Any other number tells the workers to look again. Chosen at random, none ever comes back,
    # not even after a reset.
    edition = 1 + secrets.randbelow(_EDITIONS - 1)
    upsert(
        connection,
        worlds,
        {"tenant": _EVERYONE},
        {"offset": 0, "faults_edition": edition},
        changes={"faults_edition": edition},
    )
