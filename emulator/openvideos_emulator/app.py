"""The emulator as an ASGI application: from a request to the operation that answers it."""

from __future__ import annotations

import logging
import re
import secrets
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs

from openvideos_emulator.bodies import BodyReader
from openvideos_emulator.contract import PREFIX, Contract, Operation
from openvideos_emulator.errors import (
    ApiError,
    method_not_allowed,
    server_failure,
    unknown_url,
)
from openvideos_emulator.operations import HANDLERS
from openvideos_emulator.service import Call, Handler, Service, header
from openvideos_emulator.validation import Checker, query_schema

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.types import Message, Receive, Scope, Send

    from openvideos_emulator.answers import Answer
    from openvideos_emulator.keys import Keys

_log = logging.getLogger("openvideos_emulator")
_NUMBER = re.compile(r"-?[0-9]{1,18}")


class App:
    """Answers every request: by its operation, or by a refusal in the error envelope."""

    def __init__(
        self,
        service: Service,
        contract: Contract,
        keys: Keys,
        *,
        longest_body: int,
    ) -> None:
        """Prepare the operations of a contract.

        Args:
            service: The parts that operations work with.
            contract: What there is to answer.
            keys: Who may come in.
            longest_body: The longest request body that is read, in bytes.
        """
        self._service = service
        self._contract = contract
        self._keys = keys
        self._endpoints = {
            operation.id: _Endpoint(contract, operation, HANDLERS[operation.id], longest_body)
            for operation in contract.operations
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            return
        started = False
        request_id = f"req_{secrets.token_hex(16)}".encode()

        async def send_signed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"].append((b"x-request-id", request_id))
            await send(message)

        try:
            answer = await self._answer(scope, receive)
            await answer.send(send_signed)
        except ApiError as error:
            await error.answer().send(send_signed)
        except Exception:
            _log.exception("%s %r failed", scope["method"], scope["path"])
            if started:
                raise
            await server_failure().answer().send(send_signed)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        method: str = scope["method"]
        path: str = scope["path"]
        headers: dict[bytes, bytes] = dict(scope["headers"])
        if not path.startswith(f"{PREFIX}/"):
            raise unknown_url(method, path)
        tenant = self._keys.tenant(headers.get(b"authorization"))
        found = self._contract.find(path)
        if found is None:
            raise unknown_url(method, path)
        resource, names = found
        operation = resource.operation(method)
        if operation is None:
            raise method_not_allowed(method, path, resource.allowed)
        endpoint = self._endpoints[operation.id]
        call = Call(
            tenant=tenant,
            path=names,
            query=endpoint.query(scope["query_string"]),
            fields=await endpoint.fields(headers, receive),
            headers=headers,
            method=method,
        )
        return await endpoint.handler(self._service, call)


class _Endpoint:
    """One operation with what its requests are checked by."""

    def __init__(
        self, contract: Contract, operation: Operation, handler: Handler, longest_body: int
    ) -> None:
        self.handler = handler
        schema = query_schema(operation.query, closed=contract.refuses_unknown)
        self._query = Checker(contract.document, schema)
        self._integers = {
            name
            for name, field in operation.query.items()
            if contract.resolve(field).get("type") == "integer"
        }
        self._body = BodyReader(contract, operation, longest_body) if operation.bodies else None

    def query(self, text: bytes) -> dict[str, Any]:
        """Return the query's parameters."""
        if not text:
            return {}
        values: dict[str, Any] = {}
        for name, given in parse_qs(text.decode("latin-1"), keep_blank_values=True).items():
            value = given[0] if len(given) == 1 else given
            values[name] = _number(value) if name in self._integers else value
        self._query.check(values)
        return values

    async def fields(self, headers: Mapping[bytes, bytes], receive: Receive) -> Any:
        """Return the body's fields."""
        if self._body is None:
            return None
        return await self._body.read(
            header(headers, "content-type"), header(headers, "content-length"), receive
        )


def _number(value: str | list[str]) -> int | str | list[str]:
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return int(value)
    return value
