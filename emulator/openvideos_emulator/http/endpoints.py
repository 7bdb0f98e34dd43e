"""What a route leads to: the operations of one path, with what their requests are checked by."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from openvideos_emulator.http.bodies import BodyReader
from openvideos_emulator.http.errors import method_not_allowed
from openvideos_emulator.http.validation import Checker, query_schema
from openvideos_emulator.operations import HANDLERS
from openvideos_emulator.service import Call, Service
from openvideos_emulator.settings import SettingsError

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from openvideos_emulator.contract import Contract, Operation, Resource

_NUMBER = re.compile(r"-?[0-9]{1,18}")


class Endpoint:
    """One path of the contract, which takes every method and refuses those that it lacks."""

    def __init__(
        self, service: Service, contract: Contract, resource: Resource, longest_body: int
    ) -> None:
        """Prepare to answer.

        Raises:
            SettingsError: The path has an operation that nothing here answers.
        """
        self._operations = {
            method: _CheckedOperation(service, contract, operation, longest_body)
            for method, operation in resource.operations.items()
        }
        if "GET" in self._operations:
            self._operations["HEAD"] = self._operations["GET"]

    async def answer(self, request: Request) -> Response:
        """Answer a request by its operation.

        Raises:
            ApiError: The request does not keep the contract, or cannot be granted.
        """
        operation = self._operations.get(request.method)
        if operation is None:
            path = request.scope["path"]
            raise method_not_allowed(request.method, path, sorted(self._operations))
        return await operation.answer(request)


class _CheckedOperation:
    """One operation, called with requests that keep the contract only."""

    def __init__(
        self, service: Service, contract: Contract, operation: Operation, longest_body: int
    ) -> None:
        self._service = service
        if operation.id not in HANDLERS:
            raise SettingsError(
                f"--dialect: the emulator cannot answer the operation {operation.id!r}, only "
                f"{', '.join(HANDLERS)}"
            )
        self._handler = HANDLERS[operation.id]
        schema = query_schema(operation.query, closed=contract.refuses_unknown)
        self._query_checker = Checker(contract.document, schema)
        self._integers = {
            name
            for name, field in operation.query.items()
            if contract.resolve(field).get("type") == "integer"
        }
        self._body = BodyReader(contract, operation, longest_body) if operation.bodies else None

    async def answer(self, request: Request) -> Response:
        call = Call(
            request=request,
            world=request.scope["world"],
            path=request.path_params,
            query=self._query(request),
            fields=None if self._body is None else await self._body.read(request),
        )
        return await self._handler(self._service, call)

    def _query(self, request: Request) -> dict[str, Any]:
        if not request.scope["query_string"]:
            return {}
        given: dict[str, list[str]] = {}
        for name, value in request.query_params.multi_items():
            given.setdefault(name, []).append(value)
        values = {
            name: self._read(name, several[0]) if len(several) == 1 else several
            for name, several in given.items()
        }
        self._query_checker.check(values)
        return values

    def _read(self, name: str, value: str) -> int | str:
        return int(value) if name in self._integers and _NUMBER.fullmatch(value) else value
