"""The emulator as an ASGI application: a route for each path of the contract."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import Route, Router

from openvideos_emulator.endpoints import Endpoint
from openvideos_emulator.errors import ApiError, server_failure, unknown_url
from openvideos_emulator.faults import FaultLayer
from openvideos_emulator.limits import RateLimit
from openvideos_emulator.middleware import Authentication, RequestIds, new_request_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from starlette.exceptions import HTTPException
    from starlette.requests import Request
    from starlette.responses import Response

    from openvideos_emulator.contract import Contract
    from openvideos_emulator.faults import Fault
    from openvideos_emulator.keys import Keys
    from openvideos_emulator.service import Service


def create_app(
    service: Service,
    contract: Contract,
    keys: Keys,
    faults: Sequence[Fault] = (),
) -> Starlette:
    """Return the application that serves a contract.

    Args:
        service: The parts that operations work with.
        contract: What there is to answer.
        keys: Who may come in.
        faults: What goes wrong on purpose.
    """
    longest_body = service.settings.max_body_bytes
    routes = [
        Route(resource.path, Endpoint(service, contract, resource, longest_body))
        for resource in contract.resources
    ]
    layers = [Middleware(RequestIds)]
    if faults:
        layers.insert(
            0, Middleware(FaultLayer, faults=faults, contract=contract, longest_body=longest_body)
        )
    app = Starlette(middleware=layers, exception_handlers=_ERROR_HANDLERS)
    # Authentication belongs to the router, so that it comes first and refuses as operations do.
    app.router = Router(
        routes,
        redirect_slashes=False,
        middleware=[
            Middleware(Authentication, keys=keys, worlds=service.worlds),
            *_limits(service),
        ],
    )
    return app


def _limits(service: Service) -> list[Middleware]:
    rpm = service.settings.rpm
    if rpm is None:
        return []
    return [Middleware(RateLimit, database=service.database, requests_a_minute=rpm)]


async def _refused(_request: Request, error: ApiError) -> Response:
    return error.response()


async def _not_found(request: Request, _error: HTTPException) -> Response:
    return unknown_url(request.method, request.scope["path"]).response()


async def _failed(_request: Request, _error: Exception) -> Response:
    # This answer passes no layer. The error itself goes on to the server, which logs it.
    return server_failure(new_request_id()).response()


_ERROR_HANDLERS: Mapping[Any, Any] = {
    ApiError: _refused,
    HTTPStatus.NOT_FOUND: _not_found,
    Exception: _failed,
}
