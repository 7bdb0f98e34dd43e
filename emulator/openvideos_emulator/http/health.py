"""`/healthz`: whether the emulator can do its work."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import Connection, select
from starlette.responses import JSONResponse

from openvideos_emulator.http.errors import method_not_allowed, unknown_url
from openvideos_emulator.http.middleware import Responding

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import ASGIApp

    from openvideos_emulator.storage.database import Database

PATH = "/healthz"
_METHODS = ["GET", "HEAD"]


def create_health(database: Database) -> ASGIApp:
    """Return the application that tells whether the database answers; it asks for no key."""

    async def respond(request: Request) -> JSONResponse:
        path = request.scope["path"]
        if path != PATH:
            raise unknown_url(request.method, path)
        if request.method not in _METHODS:
            raise method_not_allowed(request.method, path, _METHODS)
        await database.read(_ask)
        return JSONResponse({"status": "ok"})

    return Responding(respond)


def _ask(connection: Connection) -> None:
    connection.execute(select(1))
