"""A request on its way through faults, and its answer on the way back."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import attrs
from starlette.datastructures import MutableHeaders

from openvideos_emulator.fate import Fate, fate_of
from openvideos_emulator.faults.exchange import Request, Response
from openvideos_emulator.faults.steps import Templates, change_request, change_response
from openvideos_emulator.faults.transmission import ClientConnection, Transmitter
from openvideos_emulator.http.middleware import new_request_id
from openvideos_emulator.record import keep_record
from openvideos_emulator.timetable import Failure

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from openvideos_emulator.faults.history import History
    from openvideos_emulator.faults.model import Fault
    from openvideos_emulator.faults.tickets import Tickets

_HOST = re.compile(r"(?P<name>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?P<port>:[0-9]{1,5})?")
_LOOPBACK = {"127.0.0.1": "localhost", "[::1]": "localhost"}


class Passage:
    """One request with the faults that concern it, and the answer that comes of it."""

    def __init__(
        self,
        request: Request,
        concerned: Sequence[Fault],
        *,
        history: History,
        tickets: Tickets,
        remembered: Collection[str],
        asgi: tuple[Scope, Receive, Send],
    ) -> None:
        """Prepare to pass a request on.

        Args:
            request: The request.
            concerned: The faults whose conditions on requests it meets.
            history: What has happened so far.
            tickets: What lets in without a key who was redirected.
            remembered: The operations that must be remembered of a video.
            asgi: The scope, receive and send of the request.
        """
        self._request = request
        self._concerned = concerned
        self._history = history
        self._tickets = tickets
        self._remembered = remembered
        self._scope, self._receive, self._send = asgi
        # Whose and what it is before anything is changed.
        self._operation = request.operation
        self._video_id = request.video_id
        self._tenant = request.tenant
        self._active: list[Fault] = []
        self._response = Response()
        self._caught = bytearray()
        self._transmitter: Transmitter | None = None

    async def go(self, app: ASGIApp) -> None:
        """Let the faults happen to the request, have it answered, and to the answer."""
        request = self._request
        scope = self._scope
        await self._look_up_marks()
        for fault in self._concerned:
            # After an answer nothing is asked any more: what comes later has no occasion.
            if not fault.request or not await self._history.occasion(
                fault, request, self._video_id
            ):
                continue
            self._active.append(fault)
            self._note(fault)
            for word, argument in fault.request:
                match word:
                    case "delay":
                        await keep_record(self._scope)
                        await asyncio.sleep(argument)
                    case "job":
                        self._scope["fate"] = _decided(fate_of(self._scope), argument)
                    case "reply":
                        self._response = _replied(request, argument)
                        await self._begin()
                        return
                    case "also":
                        await self._send_also(app, argument)
                    case "connection":
                        await keep_record(self._scope)
                        await ClientConnection(self._scope["connection"], self._receive).end(
                            argument
                        )
                        return
                    case _:
                        change_request(request, word, argument)
                        scope = request.scope()
        await app(scope, request.receive(self._receive), self._take)

    async def _send_also(self, app: ASGIApp, argument: Mapping[str, str]) -> None:
        """Have a request without a body answered whose answer nobody sees."""

        async def nothing() -> Message:
            return {"type": "http.request", "body": b""}

        async def unseen(_: Message) -> None:
            pass

        path = str(Templates(self._request).fill(argument["path"]))
        fields = (b"content-length", b"content-type", b"range", b"if-range", b"if-none-match")
        await app(
            {
                **self._scope,
                "method": argument["method"],
                "path": path,
                "raw_path": quote(path).encode(),
                "query_string": b"",
                "headers": [each for each in self._scope["headers"] if each[0] not in fields],
            },
            nothing,
            unseen,
        )

    async def _take(self, message: Message) -> None:
        """Take in a part of the answer, and send it on."""
        if message["type"] == "http.response.start":
            self._response.status = message["status"]
            self._response.headers = MutableHeaders(raw=list(message["headers"]))
            if not self._response.is_json:
                await self._begin()
            return
        body, more = message.get("body", b""), message.get("more_body", False)
        if self._response.is_json and self._transmitter is None:
            # JSON is short, and only whole it can be read.
            self._caught += body
            if not more:
                self._response.body = bytes(self._caught)
                await self._begin()
        elif self._transmitter is not None and not self._response.is_replaced:
            await self._transmitter.piece(body)
            if not more:
                await self._transmitter.end()

    async def _begin(self) -> None:
        """Let the faults happen to the answer, and send what there is of it."""
        is_whole = self._response.is_json or self._response.is_replaced
        await self._change_response()
        response = self._response
        is_whole = is_whole or response.is_replaced
        body = response.body if is_whole else b""
        length = len(body)
        if not is_whole or self._scope["method"] == "HEAD":
            length = int(response.headers.get("content-length", "-1"))
        self._transmitter = Transmitter(
            response.transmission, self._scope, self._receive, self._send
        )
        response_length = None if length < 0 else length
        await self._transmitter.start(response.status, response.headers, response_length)
        if is_whole:
            response.is_replaced = True
            await self._transmitter.piece(body)
            await self._transmitter.end()

    async def _change_response(self) -> None:
        response = self._response
        video_id = self._video_id or _made(response)
        if self._operation in self._remembered and video_id and response.status < 300:
            await self._history.answered(self._operation or "", video_id, self._tenant)
        await self._look_up_marks()
        for fault in self._concerned:
            if not await self._happens_to(fault, response, video_id):
                continue
            self._note(fault)
            listed = fault.response_match.listed
            if listed is None:
                await self._carry_out(fault, response, video_id)
            else:
                await self._carry_out_in_list(fault, response, listed)

    async def _look_up_marks(self) -> None:
        # Others may have been given one while the request was answered.
        if named := {word for fault in self._concerned for word in fault.named_marks}:
            self._request.marked = await self._history.named(named)

    async def _happens_to(self, fault: Fault, response: Response, video_id: str) -> bool:
        if not fault.response_match.holds(response):
            return False
        if fault.request:
            return fault in self._active
        return await self._history.occasion(fault, self._request, video_id)

    async def _carry_out(self, fault: Fault, response: Response, video_id: str) -> None:
        templates = Templates(self._request, response)
        for word, argument in fault.answer:
            match word:
                case "mark":
                    await self._history.mark(argument, video_id, self._tenant)
                case "redirect":
                    await self._redirect(response, argument)
                case _:
                    change_response(response, word, argument, templates)

    async def _carry_out_in_list(self, fault: Fault, response: Response, mark: str) -> None:
        """Let a fault happen to those items of a list whose videos were given a mark."""
        page = response.document
        items = page.get("data") if isinstance(page, dict) else None
        if not isinstance(items, list):
            return
        ids = [item["id"] for item in items if isinstance(item, dict) and "id" in item]
        marked = await self._history.marked(mark, ids)
        kept = []
        for item in items:
            shown = Response.showing(item)
            if isinstance(item, dict) and item.get("id") in marked:
                await self._carry_out(fault, shown, item["id"])
            if not shown.is_removed:
                kept.append(shown.document)
        page["data"] = kept

    async def _redirect(self, response: Response, host: str) -> None:
        host = host or _other_name(self._scope, self._request.headers.get("host", ""))
        path = await self._tickets.issue(self._video_id, self._tenant)
        query = self._scope["query_string"].decode("latin-1")
        response.status = 302
        for name in list(response.headers):
            if name != "x-request-id":
                del response.headers[name]
        response.headers["location"] = (
            f"{self._scope['scheme']}://{host}{path}{'?' if query else ''}{query}"
        )
        response.body = b""
        response.is_replaced = True

    def _note(self, fault: Fault) -> None:
        """Note in the scope which faults have happened, for those who look at it afterwards."""
        noted: list[str] = self._scope.setdefault("faults", [])
        if fault.id not in noted:
            noted.append(fault.id)


def _decided(fate: Fate, step: Mapping[str, Any]) -> Fate:
    decided = {word: step[word] for word in ("stuck", "slowness", "webhook") if word in step}
    if "fail" in step:
        failure = step["fail"]
        decided["failure"] = Failure(failure["code"], failure["message"])
        decided["refused"] = failure.get("early", False)
    return attrs.evolve(fate, **decided)


def _other_name(scope: Scope, asked: str) -> str:
    """Return another name for the host that was asked for, with its port."""
    host = _HOST.fullmatch(asked)
    if host is None:
        return f"127.0.0.1:{scope['server'][1]}"
    return _LOOPBACK.get(host["name"], "127.0.0.1") + (host["port"] or "")


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
        response.headers[name] = templates.fill_header(value)
    return response
