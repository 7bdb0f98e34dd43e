"""The paths of the admin API, and what is asked for there."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import attrs
from starlette.requests import ClientDisconnect
from starlette.responses import JSONResponse
from starlette.routing import compile_path

from openvideos_emulator.admin import handlers
from openvideos_emulator.admin.handlers import Asked
from openvideos_emulator.http.bodies import parse_json
from openvideos_emulator.http.errors import ApiError, bad_request, method_not_allowed, unknown_url
from openvideos_emulator.http.keys import Keys
from openvideos_emulator.http.middleware import Responding
from openvideos_emulator.http.validation import Checker

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp

    from openvideos_emulator.contract import Contract
    from openvideos_emulator.service import Service

PREFIX = "/_emulator"
_LONGEST_BODY = 1024 * 1024
_TEXT = {"type": "string", "minLength": 1}
_KEY = {"type": "string", "pattern": r"\S"}
_NUMBER = {"type": "number"}
_PLACE = {"type": "string", "pattern": "^[0-9]{1,15}$"}
_LIMIT = {"type": "string", "pattern": "^([1-9][0-9]{0,3}|10000)$"}
_STATUS = {"type": "string", "pattern": "^[1-5]([0-9]{2}|XX)$"}


class _Action:
    """What is done at a path by a method, and what it must be told."""

    def __init__(
        self,
        handle: Callable[[Asked], Awaitable[dict[str, Any]]],
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        optional: Mapping[str, Any] | None = None,
        takes_anything: bool = False,
        status: int = HTTPStatus.OK,
    ) -> None:
        """Compile what is told.

        Args:
            handle: What does it.
            query: The schemas of what the query can tell, beside `key`; where there is no body.
            body: The schemas of what the body must tell.
            optional: The schemas of what the body can tell, beside `key`.
            takes_anything: Whether the body is checked by `handle`.
            status: The status of the answer.
        """
        self.handle = handle
        self.status = status
        self.has_body = body is not None or takes_anything
        known = {"key": _KEY, **(query or {}), **(body or {}), **(optional or {})}
        schema = {
            "type": "object",
            "properties": known,
            "required": list(body or {}),
            "additionalProperties": False,
        }
        self.checker = None if takes_anything else Checker({"components": {}}, schema)


@attrs.frozen
class _Resource:
    path: str
    actions: Mapping[str, _Action]


def _resources(contract: Contract) -> list[_Resource]:
    # What is searched for with a slip is never found, as if it had never happened.
    journal = {
        "operation": {"enum": sorted(each.id for each in contract.operations)},
        "method": _TEXT,
        "path": _TEXT,
        "status": _STATUS,
        "video_id": _TEXT,
        "prompt": _TEXT,
        "after": _PLACE,
        "limit": _LIMIT,
    }
    events = contract.offered("WebhookEventType")
    webhooks = {"type": {"enum": events}, "video_id": _TEXT}
    return [
        _Resource("/clock", {"GET": _Action(handlers.read_clock)}),
        _Resource(
            "/clock/advance",
            {"POST": _Action(handlers.advance_clock, body={"seconds": _NUMBER})},
        ),
        _Resource(
            "/clock/freeze",
            {"POST": _Action(handlers.freeze_clock, body={}, optional={"at": _NUMBER})},
        ),
        _Resource("/clock/unfreeze", {"POST": _Action(handlers.unfreeze_clock, body={})}),
        _Resource(
            "/progress",
            {
                "GET": _Action(handlers.read_progress),
                "PUT": _Action(handlers.set_progress, body={"progress": _TEXT}),
                "DELETE": _Action(handlers.unset_progress),
            },
        ),
        _Resource(
            "/webhook",
            {
                "GET": _Action(handlers.read_webhook),
                "PUT": _Action(handlers.set_webhook, body={"url": _TEXT, "secret": _TEXT}),
                "DELETE": _Action(handlers.unset_webhook),
            },
        ),
        _Resource("/webhooks", {"GET": _Action(handlers.list_webhooks, query=webhooks)}),
        _Resource(
            "/faults",
            {
                "GET": _Action(handlers.list_faults),
                "POST": _Action(handlers.add_fault, takes_anything=True, status=HTTPStatus.CREATED),
                "DELETE": _Action(handlers.remove_faults),
            },
        ),
        _Resource("/faults/{id}", {"DELETE": _Action(handlers.remove_fault)}),
        _Resource(
            "/requests",
            {
                "GET": _Action(handlers.list_requests, query=journal),
                "DELETE": _Action(handlers.remove_requests),
            },
        ),
        _Resource("/stats", {"GET": _Action(handlers.read_stats)}),
        _Resource("/reset", {"POST": _Action(handlers.reset, body={})}),
    ]


def create_admin(service: Service, contract: Contract, key: str) -> ASGIApp:
    """Return the application that is the admin API.

    Args:
        service: The emulator.
        contract: What it serves.
        key: Who sends it may come in.
    """
    return Responding(_AdminApi(service, contract, key))


class _AdminApi:
    def __init__(self, service: Service, contract: Contract, key: str) -> None:
        self._service = service
        self._contract = contract
        self._keys = Keys([key])
        self._resources = [
            (compile_path(PREFIX + resource.path)[0], resource.actions)
            for resource in _resources(contract)
        ]

    async def __call__(self, request: Request) -> JSONResponse:
        # First of all, so that nobody without the key learns even what there is.
        try:
            self._keys.tenant(request.headers.get("authorization"))
        except ApiError as error:
            error.message += " The admin API takes the emulator's --admin-key only."
            raise
        action, names = self._find(request)
        fields = await _body(request) if action.has_body else _query(request)
        if action.checker is not None:
            action.checker.check(fields)
        asked = Asked(self._service, self._contract, names, fields)
        return JSONResponse(await action.handle(asked), action.status)

    def _find(self, request: Request) -> tuple[_Action, dict[str, str]]:
        path = request.scope["path"]
        for pattern, actions in self._resources:
            if match := pattern.match(path):
                action = actions.get(request.method)
                if action is None:
                    raise method_not_allowed(request.method, path, sorted(actions))
                return action, match.groupdict()
        raise unknown_url(request.method, path)


def _query(request: Request) -> dict[str, Any]:
    given = request.query_params
    return {
        name: values[0] if len(values := given.getlist(name)) == 1 else values for name in given
    }


async def _body(request: Request) -> Any:
    """Return what a JSON body says, whatever its content type; nothing is an empty object."""
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > _LONGEST_BODY:
                raise ApiError(
                    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    f"The request body is too large: at most {_LONGEST_BODY} bytes are accepted.",
                    code="request_too_large",
                    headers={"Connection": "close"},
                )
    except ClientDisconnect as error:
        raise bad_request("The request ended before its body did.") from error
    return parse_json(bytes(body)) if body else {}
