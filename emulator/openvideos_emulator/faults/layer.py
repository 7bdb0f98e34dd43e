"""The seam: an ASGI layer at the emulator's edge that lets faults happen."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING

from sqlalchemy import Connection, bindparam, select

from openvideos_emulator.faults.asked import (
    ID_ENDING,
    faults_of_header,
    faults_of_prompt,
    may_direct,
)
from openvideos_emulator.faults.exchange import Request
from openvideos_emulator.faults.history import NOTHING, History
from openvideos_emulator.faults.loading import CREATING
from openvideos_emulator.faults.passage import Passage
from openvideos_emulator.faults.store import load_added
from openvideos_emulator.faults.tickets import PATH as PATH_OF_TICKETS
from openvideos_emulator.faults.tickets import Tickets
from openvideos_emulator.http.errors import ApiError, bad_request
from openvideos_emulator.http.middleware import new_request_id
from openvideos_emulator.settings import SettingsError
from openvideos_emulator.storage.tables import videos

if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from starlette.types import ASGIApp, Receive, Scope, Send

    from openvideos_emulator.contract import Contract
    from openvideos_emulator.faults.model import Fault
    from openvideos_emulator.storage.database import Database

HEADER = "X-OpenVideos-Fault"
_HEADER = HEADER.lower().encode()
_TELLING = {_HEADER}
_TELLING_OF_PROMPTS = {_HEADER, b"authorization"}
_WITHOUT_PROMPT = {"GET", "HEAD", "DELETE"}
_FIND_REQUEST = select(videos.c.request).where(
    videos.c.id == bindparam("video_id"), videos.c.tenant == bindparam("of_tenant")
)


class FaultLayer:
    """Lets faults happen to the requests and answers of an application.

    They come from a file, from the admin API, from a request's header, and from directives in the
    prompt of a video. A request that none of these can concern is passed on as it is.
    """

    def __init__(
        self,
        app: ASGIApp,
        faults: Sequence[Fault],
        contract: Contract,
        *,
        database: Database,
        longest_body: int,
        admin: bool = False,
    ) -> None:
        """Lay faults around an application.

        Args:
            app: The application.
            faults: The faults of a file.
            contract: What requests can be about.
            database: Where faults that are added later are, and what has happened so far.
            longest_body: The longest request body that is read, in bytes.
            admin: Whether faults can be added.
        """
        self._app = app
        self._faults = faults
        self._contract = contract
        self._database = database
        self._longest_body = longest_body
        self._always = admin or bool(faults)
        self._history = History(database)
        self._tickets = Tickets(database)
        self._under_way: Counter[str] = Counter()
        self._edition = 0
        self._added: list[Fault] = []

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        """Pass one request on, and its answer back, with what goes wrong on the way."""
        # Every request comes by here, most for nothing: they are looked at quickly.
        path: str = scope["path"]
        if path.startswith(PATH_OF_TICKETS):
            return self._redeem(scope, receive, send)
        if self._always or ID_ENDING in path:
            return self._pass(scope, receive, send)
        # Without a key no job is created, so that no body need be waited for.
        telling = _TELLING if scope["method"] in _WITHOUT_PROMPT else _TELLING_OF_PROMPTS
        for name, _ in scope["headers"]:
            if name in telling:
                return self._pass(scope, receive, send)
        return self._app(scope, receive, send)

    async def _redeem(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            meant = await self._tickets.redeemed(scope)
        except ApiError as error:
            await _refuse(error, scope, receive, send)
        else:
            await self._app(meant, receive, send)

    async def _pass(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await self._let_happen(scope, receive, send)
        except ApiError as error:
            await _refuse(error, scope, receive, send)

    async def _let_happen(self, scope: Scope, receive: Receive, send: Send) -> None:
        if _is_refused_unread(scope, self._longest_body):
            await self._app(scope, receive, send)
            return
        body = await _body(receive, self._longest_body)
        if body is None:
            return
        request = Request(scope, body, self._contract)
        request.beside = set(self._under_way)
        self._under_way[request.operation or ""] += 1
        try:
            await self._let_happen_to(request, scope, receive, send)
        finally:
            self._under_way -= Counter([request.operation or ""])

    async def _let_happen_to(
        self, request: Request, scope: Scope, receive: Receive, send: Send
    ) -> None:
        try:
            faults = await self._all_that_can_concern(request, scope)
        except SettingsError as error:
            await _refuse(bad_request(f"{HEADER}: {error}"), scope, receive, send)
            return
        memory = NOTHING
        if request.video_id and any(fault.needs_memory for fault in faults):
            memory = await self._history.of(request.video_id)
        concerned = [fault for fault in faults if fault.concerns(request, memory)]
        remembered = {operation for fault in faults for operation in fault.following}
        if not concerned and request.operation not in remembered:
            await self._app(scope, request.receive(receive), send)
            return
        passage = Passage(
            request,
            concerned,
            history=self._history,
            tickets=self._tickets,
            remembered=remembered,
            asgi=(scope, receive, send),
        )
        await passage.go(self._app)

    async def _all_that_can_concern(self, request: Request, scope: Scope) -> list[Fault]:
        faults = [*self._faults, *await self._added_now(scope)]
        asked = ",".join(
            value.decode("latin-1") for name, value in scope["headers"] if name == _HEADER
        )
        if asked:
            faults += faults_of_header(asked, request.operation, self._contract)
        faults += await self._directed(request)
        return faults

    async def _added_now(self, scope: Scope) -> list[Fault]:
        """Return the faults that were added, read again where another worker changed them."""
        world = scope.get("world")
        if world is not None and world.faults_edition != self._edition:
            self._added = await load_added(self._database, self._contract)
            self._edition = world.faults_edition
        return self._added

    async def _directed(self, request: Request) -> Sequence[Fault]:
        """Return the faults that a prompt asks for: this request's, or that of its video."""
        if request.operation in CREATING:
            if may_direct(request.body):
                return faults_of_prompt(request.prompt, self._contract)
        elif request.video_id.endswith(ID_ENDING):
            prompt = await self._database.read(_find_prompt, request.video_id, request.tenant)
            return faults_of_prompt(prompt, self._contract)
        return ()


def _is_refused_unread(scope: Scope, longest: int) -> bool:
    """Return whether a request's body is too long by its header."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
    return length.isdigit() and int(length[:20]) > longest


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


async def _refuse(error: ApiError, scope: Scope, receive: Receive, send: Send) -> None:
    response = error.response()
    response.headers["x-request-id"] = new_request_id()
    await response(scope, receive, send)


def _find_prompt(connection: Connection, video_id: str, tenant: str) -> str:
    place = {"video_id": video_id, "of_tenant": tenant}
    request = connection.execute(_FIND_REQUEST, place).scalar()
    return "" if request is None else str(json.loads(request).get("prompt", ""))
