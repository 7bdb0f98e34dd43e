"""The emulator as an ASGI application.

A request's way: what is beside the API (`/healthz`, `/_emulator`) branches off first. What is left
passes the faults, where there are any, and reaches the API: every answer of it gets an id, every
request a world by its key, and the path leads to an endpoint.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from starlette.routing import Router

from openvideos_emulator.contract import PREFIX
from openvideos_emulator.faults import FaultLayer
from openvideos_emulator.http.endpoints import Endpoint
from openvideos_emulator.http.errors import (
    server_failure,
    service_unavailable,
    shutting_down,
    unknown_url,
)
from openvideos_emulator.http.intake import Intake
from openvideos_emulator.http.middleware import Responding, answer, authenticate
from openvideos_emulator.storage.database import UnreachableDatabaseError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.types import ASGIApp, Receive, Scope, Send

    from openvideos_emulator.contract import Contract
    from openvideos_emulator.faults import Fault
    from openvideos_emulator.http.keys import Keys
    from openvideos_emulator.service import Service
    from openvideos_emulator.storage.database import Database

Background = Callable[[], Awaitable[None]]
"""Work that goes on for as long as the emulator runs; it is cancelled at the end."""

Guard = Callable[["Request"], Awaitable[None]]
"""Looks at a request once its world is known, and raises an `ApiError` to refuse it."""

_SECONDS_UNTIL_STARTED_AGAIN = 1.0
_LONGEST_BODIES_AT_ONCE = 5

log = logging.getLogger(__name__)


def create_app(
    service: Service,
    contract: Contract,
    keys: Keys,
    faults: Sequence[Fault] = (),
    *,
    guards: Sequence[Guard] = (),
    edges: Sequence[Callable[[ASGIApp], ASGIApp]] = (),
    branches: Mapping[str, ASGIApp] | None = None,
    background: Sequence[Background] = (),
) -> ASGIApp:
    """Return the application that serves a contract.

    Args:
        service: The parts that operations work with.
        contract: What there is to answer.
        keys: Who may come in.
        faults: What goes wrong on purpose.
        guards: What else may refuse a request.
        edges: What is laid around the API and its faults, the outermost last.
        branches: What is beside the API, by the first segment of its paths.
        background: What goes on beside the requests.
    """
    app: ASGIApp = Responding(_Api(service, contract, keys, guards))
    app = FaultLayer(
        app,
        faults,
        contract,
        database=service.database,
        longest_body=service.settings.max_body_bytes,
        admin=service.settings.admin,
    )
    for edge in edges:
        app = edge(app)
    most_uploaded = _LONGEST_BODIES_AT_ONCE * service.settings.max_body_bytes
    return _Application(app, branches or {}, background, service.database, most_uploaded)


class _Application:
    """The outermost: starts and ends what goes on beside requests, and parts their ways."""

    def __init__(
        self,
        api: ASGIApp,
        branches: Mapping[str, ASGIApp],
        background: Sequence[Background],
        database: Database,
        most_uploaded: int,
    ) -> None:
        self._api = api
        self._branches = branches
        self._background = background
        self._database = database
        self._intake = Intake(most_uploaded)
        self._lifespan = Router(lifespan=self._at_work)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(scope, receive, send)
            return
        path: str = scope["path"]
        app = self._api
        if not path.startswith(f"{PREFIX}/"):
            app = self._branches.get(path.split("/", 2)[1] if "/" in path else "", app)
        try:
            if scope["method"] == "POST":
                with self._intake.counting(receive) as counted:
                    await app(scope, counted, send)
            else:
                await app(scope, receive, send)
        except UnreachableDatabaseError:
            with contextlib.suppress(RuntimeError):  # where an answer was begun already
                await answer(service_unavailable().response(), scope, receive, send)
        except asyncio.CancelledError:
            with contextlib.suppress(RuntimeError):
                await answer(shutting_down().response(), scope, receive, send)
        except Exception:
            # This answer passes no layer. The error itself goes on to the server, which logs it.
            with contextlib.suppress(RuntimeError):
                await answer(server_failure().response(), scope, receive, send)
            raise

    @contextlib.asynccontextmanager
    async def _at_work(self, _app: object) -> AsyncIterator[None]:
        tasks = [asyncio.create_task(_kept_running(work)) for work in self._background]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._database.disconnect()


async def _kept_running(work: Background) -> None:
    while True:
        try:
            await work()
        except UnreachableDatabaseError:
            # The database itself has told why.
            await asyncio.sleep(_SECONDS_UNTIL_STARTED_AGAIN)
        except Exception:
            log.exception("work in the background failed, and is started again")
            await asyncio.sleep(_SECONDS_UNTIL_STARTED_AGAIN)
        else:
            return


class _Api:
    """The API of the contract."""

    def __init__(
        self, service: Service, contract: Contract, keys: Keys, guards: Sequence[Guard]
    ) -> None:
        self._contract = contract
        self._keys = keys
        self._worlds = service.worlds
        self._guards = guards
        longest_body = service.settings.max_body_bytes
        self._endpoints = {
            resource.path: Endpoint(service, contract, resource, longest_body)
            for resource in contract.resources
        }

    async def __call__(self, request: Request) -> Response:
        scope = request.scope
        path: str = scope["path"]
        # First of all, so that nobody without a key learns even what there is.
        if path.startswith(f"{PREFIX}/"):
            await authenticate(scope, self._keys, self._worlds)
            for guard in self._guards:
                await guard(request)
        found = self._contract.find(path, scope["raw_path"])
        if found is None:
            raise unknown_url(request.method, path)
        resource, scope["path_params"] = found
        return await self._endpoints[resource.path].answer(request)
