"""The journal of requests: who writes it, and how it is kept."""

from __future__ import annotations

import asyncio
import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, select
from starlette.datastructures import Headers

from openvideos_emulator.admin.entries import entry_of
from openvideos_emulator.http.keys import sent_key, tenant_of
from openvideos_emulator.record import Record
from openvideos_emulator.storage.tables import requests
from openvideos_emulator.worlds import ALL

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from openvideos_emulator.contract import Contract
    from openvideos_emulator.storage.database import Database
    from openvideos_emulator.worlds import Worlds

MOST_ENTRIES = 10_000
_REMOVED_TOGETHER = 100
_READ_TOGETHER = 500
_QUICKLY_SHOWN = 256 * 1024


class Journal:
    """The outermost layer of the API: finds a request's world, and makes an entry of it.

    The entry is there before the first byte of the answer is sent.
    """

    def __init__(
        self, app: ASGIApp, contract: Contract, database: Database, worlds: Worlds
    ) -> None:
        self._app = app
        self._contract = contract
        self._database = database
        self._worlds = worlds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on and write it down."""
        key = sent_key(Headers(scope=scope).get("authorization"))
        world = await self._worlds.find(tenant_of(key.encode("latin-1")) if key else ALL)
        # A layer in between may change what it is given; the entry shows what the client sent.
        sent = {**scope, "headers": list(scope["headers"])}
        body = bytearray()
        sequence: int | None = None

        async def keep() -> None:
            nonlocal sequence
            entry = await _entry(record, sent, bytes(body))
            sequence = await self._database.write(keep_entry, world.tenant, sequence, entry)

        record = self._record(scope, world.now(), keep)
        scope["world"], scope["record"], scope["faults"] = world, record, record.faults

        async def listen() -> Message:
            message = await receive()
            body.extend(message.get("body", b""))
            return message

        async def send_written(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                await keep()
            await send(message)

        try:
            await self._app(scope, listen, send_written)
        except Exception:
            record.status = record.status or HTTPStatus.INTERNAL_SERVER_ERROR
            raise
        finally:
            if sequence is None:
                await keep()

    def _record(self, scope: Scope, now: int, keep: Callable[[], Awaitable[None]]) -> Record:
        record = Record(received=now, keep=keep)
        found = self._contract.find(scope["path"], scope["raw_path"])
        if found is not None:
            resource, names = found
            operation = resource.operation(scope["method"])
            record.operation = None if operation is None else operation.id
            record.video_id = names.get("video_id")
        return record


async def _entry(record: Record, scope: Scope, body: bytes) -> dict[str, Any]:
    if len(body) <= _QUICKLY_SHOWN:
        return entry_of(record, scope, body)
    # A long one must not hold up the other requests.
    return await asyncio.to_thread(entry_of, record, scope, body)


def keep_entry(
    connection: Connection, tenant: str, sequence: int | None, entry: dict[str, Any]
) -> int:
    """Store an entry, and remove the oldest where there are too many.

    Args:
        connection: The connection of a write.
        tenant: Whose request it was.
        sequence: The sequence of the entry in whose place it comes, or None.
        entry: The entry.

    Returns:
        The entry's sequence.
    """
    row = {
        "tenant": tenant,
        "entry": json.dumps(entry),
    }
    if sequence is not None:
        mine = requests.c.sequence == sequence
        connection.execute(requests.update().where(mine).values(row))
        return sequence
    new = requests.insert().returning(requests.c.sequence)
    added: int = connection.execute(new, row).scalar_one()
    if added % _REMOVED_TOGETHER == 0:
        oldest = added - MOST_ENTRIES
        connection.execute(requests.delete().where(requests.c.sequence <= oldest))
    return added


def find_entries(
    connection: Connection,
    tenant: str | None,
    *,
    after: int,
    limit: int,
    is_wanted: Callable[[dict[str, Any]], bool],
) -> tuple[list[dict[str, Any]], bool]:
    """Return the oldest entries that are wanted, and whether there are more.

    Args:
        connection: The connection.
        tenant: Whose requests, or None for all.
        after: The sequence after which they start.
        limit: How many to return.
        is_wanted: Tells whether an entry is.
    """
    found: list[dict[str, Any]] = []
    while True:
        query = select(requests.c.sequence, requests.c.entry).where(requests.c.sequence > after)
        if tenant is not None:
            query = query.where(requests.c.tenant == tenant)
        query = query.order_by(requests.c.sequence).limit(_READ_TOGETHER)
        rows = connection.execute(query).all()
        for row in rows:
            entry = json.loads(row.entry)
            if is_wanted(entry):
                if len(found) == limit:
                    return found, True
                found.append({"sequence": row.sequence, **entry})
        if len(rows) < _READ_TOGETHER:
            return found, False
        after = rows[-1].sequence


def remove_entries(connection: Connection, tenant: str | None) -> int:
    """Remove a tenant's entries, or all of them; return how many there were."""
    gone = requests.delete()
    if tenant is not None:
        gone = gone.where(requests.c.tenant == tenant)
    return connection.execute(gone).rowcount
