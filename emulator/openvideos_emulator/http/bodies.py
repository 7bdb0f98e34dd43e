"""Turns a request's body into fields: the same ones, whichever content type brought them."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, NoReturn

import attrs
from starlette.requests import ClientDisconnect

from openvideos_emulator.http import multipart
from openvideos_emulator.http.errors import (
    ApiError,
    bad_request,
    invalid_type,
    joined,
    shortened,
    unknown_parameter,
)
from openvideos_emulator.http.validation import Checker

if TYPE_CHECKING:
    from collections.abc import Container, Mapping

    from starlette.requests import Request

    from openvideos_emulator.contract import Contract, Operation

JSON = "application/json"
FORM = "multipart/form-data"
_QUICKLY_PARSED = 256 * 1024
# The longest text is an image in a data: URL, of at most 20 MiB.
_LONGEST_TEXT = 32 * 1024 * 1024
# Each takes a hundred bytes or more of memory, for as few as two of the body.
_MOST_VALUES = 100_000
# What looks at values calls itself for those within.
_DEEPEST = 100
# A string may lack its end: nothing of it is to be looked at twice.
_STRING = rb'"(?:[^"\\]++|\\.)*+"?'
_VALUE = re.compile(_STRING + rb"|[\[{,]", re.DOTALL)
_BRACKET = re.compile(_STRING + rb"|[\[{\]}]", re.DOTALL)


@attrs.frozen
class Upload:
    """A file that came with a form.

    Attributes:
        data: Its bytes.
        content_type: The content type that the client gave it, or None.
    """

    data: bytes = attrs.field(repr=False)
    content_type: str | None = None


class BodyReader:
    """Reads the bodies of one operation, checked against the contract."""

    def __init__(self, contract: Contract, operation: Operation, longest: int) -> None:
        """Compile the operation's schemas.

        Args:
            contract: The contract.
            operation: An operation that takes a body.
            longest: The longest body that is read, in bytes.
        """
        self._longest = {JSON: min(longest, _LONGEST_TEXT), FORM: longest}
        self._checkers = {
            kind: Checker(contract.document, schema) for kind, schema in operation.bodies.items()
        }
        self._form = _FormFields(contract, operation)

    async def read(self, request: Request) -> Any:
        """Return the fields of a request's body: text, lists, objects and `Upload`s.

        Raises:
            ApiError: 400 where the body breaks the contract, 413 where it is too long.
        """
        encoding = request.headers.get("content-encoding", "")
        if encoding.lower() not in ("", "identity"):
            raise bad_request(
                f"Unsupported content encoding: '{shortened(encoding)}'. Send the body as it is.",
                code="unsupported_content_encoding",
            )
        content_type = request.headers.get("content-type")
        kind = (content_type or "").partition(";")[0].strip().lower()
        checker = self._checkers.get(kind)
        if checker is None:
            offered = joined(list(self._checkers), "or")
            raise bad_request(
                f"Unsupported content type: this API method only accepts {offered} requests, but "
                f"you specified {_named(content_type)}.",
                code="unsupported_content_type",
            )
        body = await _received(request, self._longest[kind])

        def parse() -> Any:
            if kind == JSON:
                fields = parse_json(body)
                checker.check(fields)
                return fields
            return self._form.parse(body, content_type or "", checker)

        # A long one must not hold up the other requests.
        return parse() if len(body) <= _QUICKLY_PARSED else await asyncio.to_thread(parse)


async def _received(request: Request, longest: int) -> bytearray:
    length = request.headers.get("content-length", "")
    if length.isdecimal() and int(length[:20]) > longest:
        raise _too_long(longest)
    body = bytearray()
    try:
        async for piece in request.stream():
            body += piece
            if len(body) > longest:
                raise _too_long(longest)
    except ClientDisconnect as error:
        raise bad_request("The request ended before its body did.") from error
    return body


def _too_long(longest: int) -> ApiError:
    return ApiError(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        f"The request body is too large: at most {longest} bytes are accepted.",
        code="request_too_large",
        headers={"Connection": "close"},
    )


def parse_json(body: bytes | bytearray) -> Any:
    """Return what a JSON body says.

    Raises:
        ApiError: 400, it is not JSON as RFC 8259 has it, or has far too many values or levels.
    """
    if len(body) > _QUICKLY_PARSED and _has_too_many_values(body):
        raise bad_request(
            f"We could not parse the JSON body of your request: at most {_MOST_VALUES} values are "
            "accepted."
        )
    if _is_too_deep(body):
        raise bad_request(
            f"We could not parse the JSON body of your request: at most {_DEEPEST} levels are "
            "accepted."
        )
    try:
        return _refuse_surrogates(json.loads(body.decode(), parse_constant=_refuse_constant))
    except json.JSONDecodeError as error:
        raise _not_json(f", from line {error.lineno}, column {error.colno} on") from error
    except (ValueError, RecursionError) as error:
        raise _not_json() from error


def _not_json(where: str = "") -> ApiError:
    return bad_request(
        f"We could not parse the JSON body of your request: it is not valid JSON{where}."
    )


def _has_too_many_values(body: bytes | bytearray) -> bool:
    # Looked at before anything is made of them, and no further than need be.
    return next(itertools.islice(_VALUE.finditer(body), _MOST_VALUES, None), None) is not None


def _is_too_deep(body: bytes | bytearray) -> bool:
    if body.count(b"[") + body.count(b"{") <= _DEEPEST:
        return False
    depth = 0
    for found in _BRACKET.finditer(body):
        if found[0] in b"[{":
            depth += 1
        elif found[0] in b"]}":
            depth -= 1
        if depth > _DEEPEST:
            return True
    return False


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _refuse_surrogates(value: Any) -> Any:
    """Refuse half characters, which no UTF-8 answer could echo."""
    json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    return value


class _FormFields:
    """Knows from the contract which fields of a form are files, and which may be repeated."""

    def __init__(self, contract: Contract, operation: Operation) -> None:
        properties = contract.resolve(operation.bodies.get(FORM, {})).get("properties", {})
        as_json = contract.resolve(operation.bodies.get(JSON, {})).get("properties", {})
        resolved = {name: contract.resolve(field) for name, field in properties.items()}
        self._known = set(properties)
        self._outer = {_outer(name) for name in properties}
        self._files = {name for name, field in resolved.items() if field.get("format") == "binary"}
        self._lists = {name for name, field in resolved.items() if field.get("type") == "array"}
        # Objects of which a form, as JSON, brings one field only.
        self._single = {
            name
            for name, field in as_json.items()
            if contract.resolve(field).get("maxProperties") == 1
        }

    def parse(self, body: bytearray, content_type: str, checker: Checker) -> dict[str, Any]:
        """Return the fields of a form, nested as they are in JSON."""
        try:
            parts = multipart.parse(body, content_type)
        except multipart.MultipartError as error:
            raise bad_request(
                f"We could not parse the multipart body of your request: {error}."
            ) from error
        if sum(len(part.data) for part in parts if part.name not in self._files) > _LONGEST_TEXT:
            raise _too_long(_LONGEST_TEXT)
        fields: dict[str, Any] = {}
        unknown: dict[str, str] = {}
        for part in parts:
            if part.name not in self._known:
                unknown[part.name] = ""
                continue
            value = self._value(part)
            if part.name in self._lists:
                fields.setdefault(part.name, []).append(value)
            elif part.name in fields:
                raise invalid_type(part.name, "one value", "several")
            else:
                fields[part.name] = value
        shown = {name: "" if isinstance(value, Upload) else value for name, value in fields.items()}
        checker.check({**shown, **unknown})
        for name in unknown:
            # An open contract has further fields, but no other way of writing those it knows.
            if _outer(name) in self._outer:
                raise unknown_parameter(shortened(name))
        return _nested(fields, self._single)

    def _value(self, part: multipart.Part) -> str | Upload:
        if part.name in self._files:
            return Upload(part.data, part.content_type)
        if part.filename is not None:
            raise invalid_type(part.name, "a string", "a file")
        try:
            return part.data.decode()
        except UnicodeDecodeError as error:
            raise bad_request(
                f"Invalid '{part.name}': expected text in UTF-8.",
                param=part.name,
                code="invalid_value",
            ) from error


def _nested(fields: Mapping[str, Any], single: Container[str]) -> dict[str, Any]:
    """Return fields with bracketed names as the objects and lists that these stand for.

    `video[id]` becomes `{"video": {"id": …}}`, `characters[][id]` becomes
    `{"characters": [{"id": …}, …]}`.

    Args:
        fields: The fields as the form names them.
        single: The objects that have one field only.
    """
    nested: dict[str, Any] = {}
    for name, value in fields.items():
        match = re.fullmatch(r"([^\[\]]+)(\[\])?\[([^\[\]]+)\]", name)
        if match is None:
            outer, inner = name, value
        else:
            outer = match[1]
            inner = [{match[3]: each} for each in value] if match[2] else {match[3]: value}
        present = nested.get(outer)
        if isinstance(present, dict) and isinstance(inner, dict) and outer not in single:
            inner = {**present, **inner}
        elif present is not None:
            raise bad_request(
                f"Invalid '{outer}': it was given in more than one way; give exactly one.",
                param=outer,
                code="invalid_value",
            )
        nested[outer] = inner
    return nested


def _outer(name: str) -> str:
    return name.partition("[")[0]


def _named(content_type: str | None) -> str:
    return "none" if content_type is None else f"'{content_type[:100]}'"
