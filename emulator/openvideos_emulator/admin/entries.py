"""A request as the journal shows it: what tells something, at a bounded length, and no secrets."""

from __future__ import annotations

import contextlib
import hashlib
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from openvideos_emulator.http import multipart
from openvideos_emulator.http.bodies import FORM, JSON, parse_json
from openvideos_emulator.http.errors import ApiError
from openvideos_emulator.http.keys import masked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from starlette.types import Scope

    from openvideos_emulator.record import Record

_SECRET_HEADERS = {"authorization", "proxy-authorization", "cookie", "x-api-key", "api-key"}
_SECRET_PARAMETERS = {"api_key", "api-key", "key", "token", "access_token"}
# A prompt of the greatest length stays whole.
_LONGEST_TEXT = 32_000
_LONGEST_BODY = 256 * 1024
_SHOWN_OF_A_LONG_TEXT = 1000


def entry_of(record: Record, scope: Scope, body: bytes) -> dict[str, Any]:
    """Return the journal's entry of a request.

    Args:
        record: What was noted of it.
        scope: Its ASGI scope, as the client sent it.
        body: Its body, as far as it was read.
    """
    headers = _headers(scope)
    return {
        "received": record.received / 1000,
        "method": scope["method"],
        "path": _shortened(scope["path"]),
        "operation": record.operation,
        "query": _query(scope),
        "headers": {name: _shortened(text) for name, text in _without_secrets(headers).items()},
        "body": _bounded(_body(headers.get("content-type", ""), body), body),
        "status": record.status,
        "video_id": record.video_id,
        "faults": [_shortened(fault) for fault in record.faults],
    }


def _headers(scope: Scope) -> dict[str, str]:
    headers: dict[str, str] = {}
    for name, value in scope["headers"]:
        name, text = name.decode("latin-1").lower(), value.decode("latin-1")
        headers[name] = f"{headers[name]}, {text}" if name in headers else text
    return headers


def _without_secrets(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: _masked(text) if name in _SECRET_HEADERS else text for name, text in headers.items()
    }


def _masked(text: str) -> str:
    scheme, space, secret = text.rpartition(" ")
    return f"{scheme}{space}{masked(secret)}"


def _query(scope: Scope) -> dict[str, Any]:
    text = scope["query_string"].decode("latin-1")
    pairs = parse_qsl(text, keep_blank_values=True)
    return _collected(
        (name, masked(value) if name.lower() in _SECRET_PARAMETERS else _shortened(value))
        for name, value in pairs
    )


def _body(content_type: str, body: bytes) -> Any:
    """Return a body's fields; text or a digest where it has none, None where there is no body."""
    if not body:
        return None
    kind = content_type.partition(";")[0].strip().lower()
    # What is not what its content type says is told as what it is.
    with contextlib.suppress(ApiError, multipart.MultipartError):
        if kind == JSON:
            return _short_texts(parse_json(body))
        if kind == FORM:
            parts = multipart.parse(body, content_type)
            return _collected((part.name, _part(part)) for part in parts)
    try:
        return _shortened(body.decode())
    except UnicodeDecodeError:
        return _digest(body)


def _part(part: multipart.Part) -> Any:
    if part.filename is None:
        return _shortened(part.data.decode("utf-8", "replace"))
    about = {"filename": _shortened(part.filename), "content_type": part.content_type}
    return {**about, **_digest(part.data)}


def _digest(data: bytes) -> dict[str, Any]:
    return {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}


def _short_texts(value: Any) -> Any:
    match value:
        case str():
            return _shortened(value)
        case list():
            return [_short_texts(each) for each in value]
        case dict():
            return {_shortened(name): _short_texts(each) for name, each in value.items()}
        case _:
            return value


def _shortened(text: str) -> str:
    if len(text) <= _LONGEST_TEXT:
        return text
    return f"{text[:_SHOWN_OF_A_LONG_TEXT]}… ({len(text)} characters)"


def _bounded(shown: Any, body: bytes) -> Any:
    return shown if len(json.dumps(shown)) <= _LONGEST_BODY else _digest(body)


def _collected(pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """Return values by name, a list of them where a name comes more than once."""
    several: dict[str, list[Any]] = {}
    for name, value in pairs:
        several.setdefault(_shortened(name), []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in several.items()}
