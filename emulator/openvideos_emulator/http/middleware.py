"""What happens to every request before its operation, and to every answer after it."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.datastructures import Headers
from starlette.requests import Request

from openvideos_emulator.http.errors import ApiError

if TYPE_CHECKING:
    from starlette.responses import Response
    from starlette.types import Receive, Scope, Send

    from openvideos_emulator.http.keys import Keys
    from openvideos_emulator.worlds import Worlds

Respond = Callable[[Request], Awaitable["Response"]]
"""Answers a request, or raises an `ApiError`."""


class Responding:
    """A function that answers requests, as an ASGI application.

    Its refusals are in the error envelope, and every answer has an `x-request-id` of its own.
    """

    def __init__(self, respond: Respond) -> None:
        self._respond = respond

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        try:
            response = await self._respond(Request(scope, receive))
        except ApiError as error:
            response = error.response()
        if told := scope.get("answer_headers"):
            response.headers.update(told)
        await answer(response, scope, receive, send)


async def answer(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Send an answer, with an `x-request-id` of its own."""
    response.raw_headers.append((b"x-request-id", new_request_id().encode()))
    await response(scope, receive, send)


async def authenticate(scope: Scope, keys: Keys, worlds: Worlds) -> None:
    """Keep the world that a request's key belongs to in its scope, as `world`.

    Raises:
        ApiError: 401, the key is missing or wrong.
    """
    # Who was redirected has no key, but a ticket that a fault has checked.
    tenant = scope.get("vouched_tenant") or keys.tenant(Headers(scope=scope).get("authorization"))
    world = scope.get("world")
    if world is None or world.tenant != tenant:
        scope["world"] = await worlds.find(tenant)


def new_request_id() -> str:
    """Return a new value of `x-request-id`."""
    return f"req_{secrets.token_hex(16)}"
