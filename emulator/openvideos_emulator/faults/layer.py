"""The seam: an ASGI layer at the emulator's edge that carries faults out."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from starlette.datastructures import MutableHeaders

from openvideos_emulator.faults.exchange import Request, Response
from openvideos_emulator.faults.model import Fault, History
from openvideos_emulator.faults.steps import Templates, change_request, change_response
from openvideos_emulator.middleware import new_request_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from openvideos_emulator.contract import Contract


class FaultLayer:
    """Lets faults happen to the requests and answers of an application."""

    def __init__(
        self, app: ASGIApp, faults: Sequence[Fault], contract: Contract, longest_body: int
    ) -> None:
        self._app = app
        self._longest_body = longest_body
        self._faults = faults
        self._contract = contract
        self._history = History()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass one request on, and its answer back, with what goes wrong on the way."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = await _body(receive, self._longest_body)
        if body is None:
            return
        request = Request(scope, body, self._contract)
        concerned = [fault for fault in self._faults if fault.concerns(request, self._history)]
        operation, video_id = request.operation, request.video_id
        active = [fault for fault in concerned if self._changes_request(fault, request)]
        response = await self._response(request, active, receive)
        video_id = video_id or _made(response)
        if response.status < 300:
            self._history.remember(operation, video_id)
        templates = Templates(request, response)
        for fault in concerned:
            if self._changes_response(fault, request, response, video_id, active):
                for word, argument in fault.answer:
                    if word == "mark":
                        self._history.mark(argument, video_id)
                    else:
                        change_response(response, word, argument, templates)
        await _send(response, send)

    def _changes_request(self, fault: Fault, request: Request) -> bool:
        return bool(fault.request) and self._history.occasion(fault, request, request.video_id)

    def _changes_response(
        self,
        fault: Fault,
        request: Request,
        response: Response,
        video_id: str,
        active: Sequence[Fault],
    ) -> bool:
        if not fault.response_match.holds(response):
            return False
        if fault.request:
            return fault in active
        return self._history.occasion(fault, request, video_id)

    async def _response(
        self, request: Request, active: Sequence[Fault], receive: Receive
    ) -> Response:
        for fault in active:
            for word, argument in fault.request:
                if word == "delay":
                    await asyncio.sleep(argument)
                elif word == "reply":
                    return _replied(request, argument)
                else:
                    change_request(request, word, argument)
        return await self._answered(request, receive)

    async def _answered(self, request: Request, receive: Receive) -> Response:
        response = Response()
        body = bytearray()

        async def catch(message: Message) -> None:
            if message["type"] == "http.response.start":
                response.status = message["status"]
                response.headers = MutableHeaders(raw=message["headers"])
            elif message["type"] == "http.response.body":
                body.extend(message.get("body", b""))

        await self._app(request.scope(), request.receive(receive), catch)
        response.body = bytes(body)
        return response


async def _body(receive: Receive, longest: int) -> bytes | None:
    """Return a request's body, of one that is too long enough to be refused by.

    None where the client has gone before its end, so that nobody waits for an answer.
    """
    body = bytearray()
    more = True
    while more and len(body) <= longest:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def _made(response: Response) -> str:
    """Return the id of the video that an answer shows, empty where it shows none."""
    document: Any = response.document
    found = document.get("id") if isinstance(document, dict) else None
    return found if isinstance(found, str) else ""


def _replied(request: Request, reply: dict[str, Any]) -> Response:
    templates = Templates(request)
    response = Response()
    response.status = reply["status"]
    response.headers["x-request-id"] = new_request_id()
    if "json" in reply:
        response.set_json(templates.fill(reply["json"]))
    else:
        response.set_text(str(templates.fill(reply.get("text", ""))))
    for name, value in reply.get("headers", {}).items():
        response.headers[name] = str(templates.fill(value))
    return response


async def _send(response: Response, send: Send) -> None:
    await asyncio.sleep(response.delay)
    body = response.body
    if body or "content-length" in response.headers:
        response.headers["content-length"] = str(len(body))
    await send(
        {
            "type": "http.response.start",
            "status": response.status,
            "headers": response.headers.raw,
        }
    )
    if response.drop_after is None:
        await send({"type": "http.response.body", "body": body})
        return
    # An answer that is never finished makes the server close the connection.
    await send(
        {"type": "http.response.body", "body": body[: response.drop_after], "more_body": True}
    )
