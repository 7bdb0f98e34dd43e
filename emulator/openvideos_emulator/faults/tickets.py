"""What lets in without a key who was redirected, to one video only: as signed URLs do."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING
from urllib.parse import quote

from sqlalchemy import Connection, select

from openvideos_emulator.contract import PREFIX
from openvideos_emulator.http.errors import ApiError, unknown_url
from openvideos_emulator.storage.tables import fault_history

if TYPE_CHECKING:
    from starlette.types import Scope

    from openvideos_emulator.storage.database import Database

PATH = "/_files/"
_TICKET = "ticket"


class Tickets:
    """The tickets that were issued: in the database, so that any worker takes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def issue(self, video_id: str, tenant: str) -> str:
        """Return a path of a video's content that needs no key."""
        ticket = secrets.token_urlsafe(32)
        await self._database.write(_add, ticket, video_id, tenant)
        return PATH + ticket

    async def redeemed(self, scope: Scope) -> Scope:
        """Return the scope of the request that one with a ticket stands for.

        Raises:
            ApiError: 404, there is no such ticket; 400, a key was sent to where it is none of
                its business.
        """
        path: str = scope["path"]
        ticket = path.removeprefix(PATH)
        row = await self._database.read(_find, ticket) if ticket.isprintable() else None
        if row is None:
            raise unknown_url(scope["method"], path)
        if any(name == b"authorization" for name, _ in scope["headers"]):
            raise ApiError(
                400,
                "This URL needs no key, and takes none: send no Authorization to another host.",
                code="unexpected_authorization",
            )
        video_id, tenant = row
        meant = f"{PREFIX}/videos/{video_id}/content"
        raw_path = f"{PREFIX}/videos/{quote(video_id, safe='')}/content".encode()
        return {**scope, "path": meant, "raw_path": raw_path, "vouched_tenant": tenant}


def _add(connection: Connection, ticket: str, video_id: str, tenant: str) -> None:
    row = {"kind": _TICKET, "name": ticket, "subject": video_id, "tenant": tenant, "count": 1}
    connection.execute(fault_history.insert(), row)


def _find(connection: Connection, ticket: str) -> tuple[str, str] | None:
    row = connection.execute(
        select(fault_history.c.subject, fault_history.c.tenant).where(
            fault_history.c.kind == _TICKET, fault_history.c.name == ticket
        )
    ).first()
    return None if row is None else (row.subject, row.tenant)
