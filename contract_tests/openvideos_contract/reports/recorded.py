"""Exchanges as the reports show them: plain data, secrets masked, long bodies shortened."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import UTC, datetime
from typing import Any

import attrs
import httpx

from openvideos_contract.wire.exchange import Exchange

LONGEST_BODY = 16_384
LONGEST_TELLING_BODY = 262_144
# Of all bodies together; when it is used up, later ones are shown by their beginnings.
MOST_TEXT = 8 * 2**20
BEGINNING = 1_024
_MEDIA = ("video/", "image/", "audio/")
MASK = "***"


@attrs.frozen
class Body:
    r"""A body as it is shown.

    Attributes:
        media_type: As the Content-Type has it, empty where there is none.
        size: In bytes, whole.
        text: What is shown: bytes that are no UTF-8 are written out as `\x89`.
        left_out: Why the text is not all of the body; empty where it is.
    """

    media_type: str = ""
    size: int = 0
    text: str = ""
    left_out: str = ""


@attrs.frozen(kw_only=True)
class Recorded:
    """A request and its answer, as they are shown.

    Attributes:
        number: Counts the exchanges of a run, from 1; results name it.
        test: The test that sent it.
        started: When it was sent, in UTC, ISO 8601.
        seconds: Until the answer was there.
        method: Of the request.
        url: Of the request.
        request_headers: Name and value, in the order sent.
        request_body: What was sent.
        http_version: Of the answer, such as `HTTP/1.1`.
        status: Of the answer.
        reason: The words after the status.
        response_headers: Name and value, in the order answered.
        response_body: What was answered.
    """

    number: int
    test: str
    started: str
    seconds: float
    method: str
    url: str
    request_headers: tuple[tuple[str, str], ...]
    request_body: Body
    http_version: str
    status: int
    reason: str
    response_headers: tuple[tuple[str, str], ...]
    response_body: Body

    @classmethod
    def from_plain(cls, data: dict[str, Any]) -> Recorded:
        """Return what `attrs.asdict` made plain, also after a way through JSON."""
        values = dict(data)
        for side in ("request", "response"):
            values[f"{side}_headers"] = tuple((n, v) for n, v in data[f"{side}_headers"])
            values[f"{side}_body"] = Body(**data[f"{side}_body"])
        return cls(**values)


def record(exchanges: Iterable[Exchange], *, telling: Container[int] = ()) -> tuple[Recorded, ...]:
    """Return the exchanges of a run as they are shown, numbered from 1.

    Args:
        exchanges: All, in order.
        telling: The numbers of those that show a failure, of which more is shown.
    """
    found = []
    left = MOST_TEXT
    for number, exchange in enumerate(exchanges, start=1):
        limit = LONGEST_BODY if left > 0 else BEGINNING
        if number in telling:
            limit = LONGEST_TELLING_BODY
        shown = _record(exchange, number, limit)
        left -= len(shown.request_body.text) + len(shown.response_body.text)
        found.append(shown)
    return tuple(found)


def _record(exchange: Exchange, number: int, limit: int) -> Recorded:
    request, response = exchange.request, exchange.response
    url = request.url.copy_with(userinfo=b"") if request.url.userinfo else request.url
    return Recorded(
        number=number,
        test=exchange.test,
        started=datetime.fromtimestamp(exchange.sent_at, UTC).isoformat(timespec="milliseconds"),
        seconds=round(response.elapsed.total_seconds(), 4),
        method=request.method,
        url=exchange.masked(str(url)),
        request_headers=_headers(exchange, request.headers),
        request_body=_body(exchange, request.content, request.headers, limit),
        http_version=response.http_version,
        status=response.status_code,
        reason=exchange.masked(response.reason_phrase),
        response_headers=_headers(exchange, response.headers),
        response_body=_body(exchange, response.content, response.headers, limit),
    )


def _headers(exchange: Exchange, headers: httpx.Headers) -> tuple[tuple[str, str], ...]:
    shown = []
    for raw_name, raw_value in headers.raw:
        name, value = raw_name.decode("latin-1"), raw_value.decode("utf-8", "backslashreplace")
        scheme, _, rest = value.partition(" ")
        if name.lower() in {"cookie", "set-cookie"}:
            value = MASK
        elif name.lower() == "authorization" and scheme.lower() == "basic" and rest:
            value = f"{scheme} {MASK}"  # the credentials are in it, in another writing
        shown.append((exchange.masked(name), exchange.masked(value)))
    return tuple(shown)


def _body(exchange: Exchange, content: bytes, headers: httpx.Headers, limit: int) -> Body:
    kind = exchange.masked(headers.get("content-type", ""))
    if kind.lower().startswith(_MEDIA):
        left_out = "a film or a picture" if content else ""
        return Body(kind, len(content), "", left_out)
    # Masked before it is cut, so that no part of a key is left at the cut.
    text = exchange.masked(content.decode("utf-8", "backslashreplace"))
    if len(text) <= limit:
        return Body(kind, len(content), text)
    return Body(kind, len(content), text[:limit], f"all but the first {limit} characters")
