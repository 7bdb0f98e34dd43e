"""Holds every answer of every test against the contract.

The gate calls `violations` for each answer; the tests of `test_answers.py` judge what it found,
so that a wrong shape is one finding and not a failure of every test that met it.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import attrs
import jsonschema_rs

from openvideos_contract.contract import Contract, Operation
from openvideos_contract.outcome import shorten
from openvideos_contract.wire.exchange import Exchange

# What stands between a client and a server answers these in its own words.
NOT_THE_SERVERS_WORDS = frozenset({408, 413, 414, 431, 502, 503, 504})
# Several parts of a content at once, each with a type of its own (RFC 9110, 14.6).
BYTERANGES = "multipart/byteranges"
# The lines of a stack trace, as Python, JavaScript, Java, Go, Rust and .NET write them.
_STACK_TRACE = re.compile(
    r"Traceback \(most recent call last\)"
    r'|\bFile "[^"\n]+", line \d+, in '
    r"|(?:^|\n)[ \t]*at [\w.$<>]+ ?\([^()\n]+:\d+(?::\d+)?\)"
    r"|\bgoroutine \d+ \[\w"
    r"|\bthread '[^']*' panicked at "
    r"|\b\w+ in \S+\.cs:line \d+"
)


class Kind(enum.StrEnum):
    """What an answer got wrong."""

    STATUS = "status"
    SERVER_ERROR = "server error"
    CONTENT_TYPE = "content type"
    BODY = "body"
    ENVELOPE = "envelope"
    HEADER = "header"
    REQUEST_ID = "request id"
    LEAK = "leak"
    NUMBER = "number"
    MESSAGE = "message"
    EMPTY_PAGE = "empty page"


@attrs.frozen
class Violation:
    """One thing that an answer got wrong.

    Attributes:
        kind: What.
        operation: The operationId; empty where the request calls none.
        expected: What the contract asks for.
        seen: What was there.
        exchange: Where it was seen.
        rule: Which rule of `expected` it breaks, the same in every answer that breaks it.
    """

    kind: Kind
    operation: str
    expected: str
    seen: str
    exchange: Exchange
    rule: str


@attrs.frozen
class _Finding:
    """A violation, wherever it was seen."""

    kind: Kind
    expected: str
    seen: str
    rule: str = ""


def violations(
    contract: Contract, operation: Operation | None, exchange: Exchange
) -> list[Violation]:
    """Return what the answer of `exchange` got wrong, nothing where it keeps the contract."""
    name = operation.id if operation else ""
    return [
        Violation(found.kind, name, found.expected, found.seen, exchange, found.rule)
        for found in _findings(contract, operation, exchange)
    ]


def _findings(
    contract: Contract, operation: Operation | None, exchange: Exchange
) -> Iterator[_Finding]:
    status = exchange.status
    # RFC 9110, 9.1: to a method that a server does not know at all, 501 is the right answer.
    if status >= 500 and not (status == 501 and operation is None):
        yield _Finding(Kind.SERVER_ERROR, "no 5xx, whatever is sent", exchange.summary)
    # A path or method that the API does not have is the router's to refuse: ERROR-008.
    if status >= 400 and status not in NOT_THE_SERVERS_WORDS and operation is not None:
        for expected, seen, rule in envelope_problems(contract, exchange):
            yield _Finding(Kind.ENVELOPE, expected, seen, rule)
        if _message(exchange).strip() == "":
            yield _Finding(Kind.MESSAGE, "a message that says something", exchange.summary)
    if not exchange.header("x-request-id"):
        yield _Finding(Kind.REQUEST_ID, "the header x-request-id", f"{status} without it")
    yield from _leaks(exchange)
    if operation is None:
        return
    response = operation.response(status)
    if response is None:
        described = ", ".join(operation.responses)
        yield _Finding(Kind.STATUS, f"one of {described}", str(status), rule=str(status))
        # A success of another status is a success still, and has to bring the same.
        response = operation.response(200) if exchange.ok else None
        if response is None:
            return
    yield from _headers(contract, response, exchange)
    if status < 300:
        yield from _body(contract, response, exchange)


def envelope_problems(contract: Contract, exchange: Exchange) -> Iterator[tuple[str, str, str]]:
    """Yield what is wrong with the error envelope of an answer: expected, seen, and the rule."""
    expected = (
        'the error envelope {"error": {"message", "type", "param", "code"}} as application/json'
    )
    if exchange.media_type != "application/json":
        yield expected, exchange.summary, ""
        return
    error = {"$ref": "#/components/schemas/Error"}
    for problem, rule in _problems(contract, error, exchange.json()):
        yield expected, f"{exchange.status}, {problem}", rule


def _message(exchange: Exchange) -> str:
    """Return the message of an error; "none" where there is none, which the envelope tells."""
    error = exchange.object.get("error")
    message = error.get("message") if isinstance(error, dict) else None
    return message if isinstance(message, str) else "none"


def _headers(
    contract: Contract, response: Mapping[str, Any], exchange: Exchange
) -> Iterator[_Finding]:
    for name, reference in response.get("headers", {}).items():
        described = contract.resolve(reference)
        text = exchange.header(name)
        if not text:
            if described.get("required"):
                yield _Finding(Kind.HEADER, f"the header {name}", f"{exchange.status} without it")
            continue
        schema = described["schema"]
        value: Any = text
        if contract.resolve(schema).get("type") == "integer" and re.fullmatch(
            r"[0-9]{1,18}", text.strip()
        ):
            value = int(text)
        for problem, rule in _problems(contract, schema, value):
            yield _Finding(
                Kind.HEADER,
                f"a header {name} as the contract describes it",
                f"{text!r}: {problem}",
                rule,
            )


def _body(
    contract: Contract, response: Mapping[str, Any], exchange: Exchange
) -> Iterator[_Finding]:
    content: Mapping[str, Any] = response.get("content", {})
    if not content or exchange.request.method == "HEAD":
        return
    if exchange.status == 206 and exchange.media_type == BYTERANGES:
        return
    if exchange.media_type not in content:
        expected = f"a Content-Type of {', '.join(content)}"
        yield _Finding(Kind.CONTENT_TYPE, expected, exchange.summary)
        return
    if exchange.media_type != "application/json":
        return
    schema = content[exchange.media_type]["schema"]
    name = str(schema.get("$ref", "")).rpartition("/")[2] or "the described schema"
    for problem, rule in _problems(contract, schema, exchange.json()):
        yield _Finding(Kind.BODY, f"a body that is a {name} of the contract", problem, rule)
    yield from _fractions(contract, exchange)
    body = exchange.object
    limit = exchange.request.url.params.get("limit")
    if body.get("data") == [] and body.get("has_more") is True and limit != "0":
        yield _Finding(Kind.EMPTY_PAGE, "has_more false on an empty page", exchange.summary)


def _fractions(contract: Contract, exchange: Exchange) -> Iterator[_Finding]:
    """Yield whole numbers that are written with a fraction: to JSON Schema 50.0 is an integer."""
    body = exchange.object
    data = body.get("data")
    for video in [body, *(data if isinstance(data, list) else [])]:
        for field in contract.whole_numbers:
            value = video.get(field) if isinstance(video, dict) else None
            if isinstance(value, float):
                yield _Finding(
                    Kind.NUMBER, f"{field} written as a whole number", f"{field}: {value}"
                )


def _leaks(exchange: Exchange) -> Iterator[_Finding]:
    if exchange.media_type.startswith(("video/", "image/")):
        return
    text = exchange.content.decode("utf-8", "replace")
    if exchange.shows(text):
        yield _Finding(Kind.LEAK, "no key in an answer", exchange.summary)
    elif exchange.shows("\n".join(exchange.response.headers.values())):
        yield _Finding(Kind.LEAK, "no key in a header of an answer", exchange.summary)
    # In JSON its quotes and line ends are written out.
    read = text.replace('\\"', '"').replace("\\n", "\n").replace("\\t", "\t")
    if exchange.status >= 400 and _STACK_TRACE.search(read):
        yield _Finding(Kind.LEAK, "no stack trace in an answer", exchange.summary)


def _problems(contract: Contract, schema: Any, value: Any) -> Iterator[tuple[str, str]]:
    """Yield what is wrong with a value, once for each rule of its schema, and the rule."""
    try:
        errors = list(contract.validator(schema).iter_errors(value))
    except (jsonschema_rs.ValidationError, ValueError) as error:
        # Such as a number too large for the validator: no value that a contract could mean.
        yield shorten(str(error), 300), ""
        return
    told: dict[str, str] = {}
    for found in errors:
        path = "/".join(str(part) for part in found.instance_path)
        at = f"at {path}: " if path else ""
        rule = "/".join(str(part) for part in found.schema_path)
        if isinstance(found.kind, jsonschema_rs.ValidationErrorKind.Required):
            rule += f" {found.message}"  # which of those that are required
        told.setdefault(rule, at + shorten(found.message, 300))
    for rule, problem in told.items():
        yield problem, rule


def compact(value: Any) -> str:
    """Return `value` as one line of JSON, shortened, for what a report says was seen."""
    return shorten(json.dumps(value, ensure_ascii=False, default=repr), 300)
