"""What happens to every request before its operation, and to every answer after it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from starlette.datastructures import Headers

from openvideos_emulator.contract import PREFIX

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from openvideos_emulator.keys import Keys
    from openvideos_emulator.worlds import Worlds


class RequestIds:
    """Gives every answer an `x-request-id` of its own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and sign its answer."""

        async def send_signed(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"].append((b"x-request-id", new_request_id().encode()))
            await send(message)

        await self._app(scope, receive, send_signed)


class Authentication:
    """Lets nobody without a key see anything of the API, not even what there is.

    The world that the key belongs to is kept in the scope, as `world`.
    """

    def __init__(self, app: ASGIApp, keys: Keys, worlds: Worlds) -> None:
        self._app = app
        self._keys = keys
        self._worlds = worlds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it with 401."""
        if scope["path"].startswith(f"{PREFIX}/"):
            tenant = self._keys.tenant(Headers(scope=scope).get("authorization"))
            world = scope.get("world")
            if world is None or world.tenant != tenant:
                scope["world"] = await self._worlds.find(tenant)
        await self._app(scope, receive, send)


def new_request_id() -> str:
    """Return a new value of `x-request-id`."""
    return f"req_{secrets.token_hex(16)}"
