"""What servers write into the body of an error, in all its known shapes."""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from attrs import evolve, frozen

if TYPE_CHECKING:
    from .._http.responses import Response

_LONGEST = 500  # characters of a text body that are worth showing


@frozen
class ErrorDetails:
    """The parts of an error body; None where the server does not say.

    Attributes:
        message: What went wrong, for people; never empty.
        type: The kind of error.
        param: The request field that is at fault.
        code: The reason, for programs.
        body: The whole body: decoded JSON or text; None where there is none.
    """

    message: str
    type: str | None = None
    param: str | None = None
    code: str | None = None
    body: object = None


def describe(response: Response) -> ErrorDetails:
    """Read an error body: the protocol's envelope, or any other shape that servers are known for.

    JSON in the envelope, flat, in `detail` (text or a list), an `error` that is text, an upstream's
    answer inside the message; plain text; HTML; nothing at all.
    """
    data = response.json_or_none()
    if data is None:
        return ErrorDetails(_from_text(response), body=response.text or None)
    details = _from_json(data) or ErrorDetails(_cut(response.text))
    return evolve(details, body=data)


def is_error_body(data: object) -> bool:
    """Tell whether decoded JSON is an error and nothing else."""
    if not isinstance(data, dict) or "id" in data or "task_id" in data:
        return False
    return _from_json(data) is not None


def _from_json(data: object) -> ErrorDetails | None:
    try:
        return _in_a_known_shape(data)
    except RecursionError:
        return None  # nobody nests an error so deep


def _in_a_known_shape(data: Any) -> ErrorDetails | None:
    match data:
        case {"error": {"message": _} as error}:
            return _from_fields(error)
        case {"error": str(message)} if message:
            return _from_fields({**data, "message": data.get("message") or message})
        case {"detail": str(message)} if message:
            return ErrorDetails(message)
        case {"detail": [{"msg": _}, *_] as problems}:
            return _from_problems(problems)
        case {"detail": dict(detail)}:
            return _in_a_known_shape(detail)
        case {"message": _}:
            return _from_fields(data)
        case str(message) if message:
            return ErrorDetails(message)
    return None


def _from_fields(fields: dict[str, Any]) -> ErrorDetails:
    message = fields["message"]
    if not isinstance(message, str):
        message = json.dumps(message)
    details = ErrorDetails(
        message=message or "The server gave no reason.",
        type=_word(fields.get("type")),
        param=_word(fields.get("param")),
        code=_word(fields.get("code")),
    )
    return _from_upstream(details) or details


def _from_upstream(details: ErrorDetails) -> ErrorDetails | None:
    """Unpack an upstream's error envelope that a gateway put into its message as text."""
    start = details.message.find('{"error"')
    if start < 0:
        return None
    try:
        upstream, _ = json.JSONDecoder().raw_decode(details.message, start)
    except (ValueError, RecursionError):
        return None
    return _from_json(upstream)


def _from_problems(problems: list[Any]) -> ErrorDetails:
    """Read the list of problems of a validating framework, each with its place in the request."""
    lines, places = [], []
    for problem in problems:
        if isinstance(problem, dict):
            where = problem.get("loc")
            place = ".".join(map(str, where[1:])) if isinstance(where, list) else ""
            lines.append(f"{place}: {problem.get('msg')}" if place else str(problem.get("msg")))
            places.append(place)
    return ErrorDetails("; ".join(lines), param=places[0] or None)


def _from_text(response: Response) -> str:
    text = response.text.strip()
    if not text:
        return _phrase(response.status_code)
    if text.startswith("<"):
        title = re.search(r"<title[^>]*>(.*?)</title>", text, re.IGNORECASE | re.DOTALL)
        named = f" titled {title[1].strip()!r}" if title else ""
        return f"The server sent a page of HTML{named} where JSON was due."
    return _cut(text)


def _phrase(status: int) -> str:
    try:
        return f"{HTTPStatus(status).phrase}."
    except ValueError:
        return "The server gave no reason."


def _word(value: object) -> str | None:
    return None if value is None or value == "" else str(value)


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"
