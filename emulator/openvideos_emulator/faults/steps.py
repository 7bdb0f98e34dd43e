"""What a fault does to a request and to an answer: one small function for each word."""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from openvideos_emulator.faults.exchange import Request, Response

if TYPE_CHECKING:
    from openvideos_emulator.faults.transmission import Ending, Garbage

RequestStep = Callable[[Request, Any], None]
ResponseStep = Callable[[Response, Any, "Templates"], None]

_PLACEHOLDER = re.compile(r"\{(?P<name>[\w.-]+?)(?P<added>[+-]\d{1,9})?\}", re.ASCII)
_NOT_IN_A_HEADER = re.compile(r"[^\t -~\x80-\xff]")
_SHORT = 1000
_LEAF = re.compile(r"(.+)(?:\.(\w+)|\['([^']+)'\])$", re.ASCII)


class Templates:
    """Fills texts with what is known of a request and its answer."""

    def __init__(self, request: Request, response: Response | None = None) -> None:
        self._request = request
        self._response = response

    def fill(self, value: Any) -> Any:
        """Return a value with the texts in it filled."""
        match value:
            case str():
                return self._fill_text(value)
            case list():
                return [self.fill(each) for each in value]
            case dict():
                return {name: self.fill(each) for name, each in value.items()}
            case _:
                return value

    def fill_header(self, text: str) -> str:
        """Return a header's value filled, without the signs that no header can have."""
        return _NOT_IN_A_HEADER.sub("?", str(self._fill_text(text)))

    def _fill_text(self, text: str) -> Any:
        if whole := _PLACEHOLDER.fullmatch(text):
            return self._value(whole)
        return _PLACEHOLDER.sub(lambda each: str(self._value(each)), text)

    def _value(self, placeholder: re.Match[str]) -> Any:
        value = self._lookup(placeholder["name"], placeholder[0])
        if placeholder["added"] is None:
            return value
        try:
            return int(value) + int(placeholder["added"])
        except (TypeError, ValueError):
            return placeholder[0]

    def _lookup(self, name: str, otherwise: str) -> Any:
        source, _, rest = name.partition(".")
        if not rest:
            return self._request.names.get(name, otherwise)
        if source == "query":
            return self._request.query.get(rest, otherwise)
        if source == "body":
            return self._request.fields().get(rest, otherwise)
        if source == "header":
            return self._request.headers.get(rest.lower(), otherwise)
        if source == "marked":
            return self._request.marked.get(rest, otherwise)
        node = self._response.document if source == "answer" and self._response else None
        for key in rest.split("."):
            if not isinstance(node, Mapping) or key not in node:
                return otherwise
            node = node[key]
        return node


def change_request(request: Request, word: str, argument: Any) -> None:
    """Carry out a step on a request, other than those that the passage itself takes."""
    _REQUEST_STEPS[word](request, argument)


def change_response(response: Response, word: str, argument: Any, templates: Templates) -> None:
    """Carry out a step on an answer, other than those that the passage itself takes."""
    _RESPONSE_STEPS[word](response, argument, templates)


def json_paths(word: str, argument: Any) -> list[str]:
    """Return the JSONPaths that a step on an answer holds."""
    match word:
        case "remove" | "reverse":
            return [argument]
        case "copy":
            return [argument["from"], argument["to"]]
        case "set" | "rename" | "map" | "convert":
            return [argument["at"]]
        case _:
            return []


def _names(argument: str | list[str]) -> list[str]:
    return [argument] if isinstance(argument, str) else argument


def _method(request: Request, method: str) -> None:
    request.method = method


def _path(request: Request, path: str) -> None:
    request.path = Templates(request).fill(path)


def _set_request_header(request: Request, headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        request.headers[name.lower()] = Templates(request).fill_header(value)


def _remove_request_header(request: Request, names: str | list[str]) -> None:
    for name in _names(names):
        request.headers.pop(name.lower(), None)


def _set_query(request: Request, query: Mapping[str, str]) -> None:
    filled = Templates(request).fill(dict(query))
    request.query.update({name: str(value) for name, value in filled.items()})


def _remove_query(request: Request, names: str | list[str]) -> None:
    for name in _names(names):
        request.query.pop(name, None)


def _set_field(request: Request, fields: Mapping[str, Any]) -> None:
    for name, value in fields.items():
        request.set_field(name, Templates(request).fill(value))


def _remove_field(request: Request, names: str | list[str]) -> None:
    for name in _names(names):
        request.remove_field(name)


def _rename_field(request: Request, names: Mapping[str, str]) -> None:
    for name, other in names.items():
        request.rename_field(name, other)


_REQUEST_STEPS: Mapping[str, RequestStep] = {
    "method": _method,
    "path": _path,
    "set_header": _set_request_header,
    "remove_header": _remove_request_header,
    "set_query": _set_query,
    "remove_query": _remove_query,
    "set_field": _set_field,
    "remove_field": _remove_field,
    "rename_field": _rename_field,
}


def _status(response: Response, status: int, _: Templates) -> None:
    response.status = status


def _set_header(response: Response, headers: Mapping[str, str], templates: Templates) -> None:
    for name, value in headers.items():
        response.headers[name] = templates.fill_header(value)


def _remove_header(response: Response, names: str | list[str], _: Templates) -> None:
    for name in _names(names):
        del response.headers[name]


def _set(response: Response, argument: Mapping[str, Any], templates: Templates) -> None:
    _put(response, argument["at"], templates.fill(argument["to"]))


def _remove(response: Response, path: str, _: Templates) -> None:
    # From the last match to the first, so that removing one list item leaves the others in place.
    for node in reversed(response.find(path)):
        if node.parent is not None:
            del _holder(node)[node.location[-1]]
        else:
            response.is_removed = True


def _reverse(response: Response, path: str, _: Templates) -> None:
    for node in response.find(path):
        if isinstance(node.value, list):
            node.value.reverse()


def _rename(response: Response, argument: Mapping[str, str], _: Templates) -> None:
    for node in response.find(argument["at"]):
        if node.parent is not None and isinstance(_holder(node), dict):
            holder = _holder(node)
            holder[argument["to"]] = holder.pop(node.location[-1])


def _copy(response: Response, argument: Mapping[str, str], _: Templates) -> None:
    for node in response.find(argument["from"])[:1]:
        _put(response, argument["to"], node.value)


def _map(response: Response, argument: Mapping[str, Any], _: Templates) -> None:
    for node in response.find(argument["at"]):
        _replace(response, node, argument["values"].get(str(node.value), node.value))


def _convert(response: Response, argument: Mapping[str, str], _: Templates) -> None:
    convert = CONVERSIONS[argument["to"]]
    for node in response.find(argument["at"]):
        # What cannot be converted stays as it is.
        with contextlib.suppress(TypeError, ValueError, OverflowError, AttributeError, IndexError):
            _replace(response, node, convert(node.value))


def _wrap(response: Response, key: str, _: Templates) -> None:
    if response.document is not None:
        response.document = {key: response.document}


def _unwrap(response: Response, key: str, _: Templates) -> None:
    if isinstance(response.document, dict) and key in response.document:
        response.document = response.document[key]


def _json(response: Response, value: Any, templates: Templates) -> None:
    response.set_json(templates.fill(value))


def _text(response: Response, text: str, templates: Templates) -> None:
    response.set_text(str(templates.fill(text)))


def _cut_body(response: Response, length: int, _: Templates) -> None:
    response.transmission.cut = length


def _corrupt_body(response: Response, argument: Mapping[str, int], _: Templates) -> None:
    start = argument["at"]
    response.transmission.corrupted.append((start, start + argument["length"]))


def _content_length(response: Response, argument: Mapping[str, int], _: Templates) -> None:
    response.transmission.added_length = argument["add"]


def _drop_after(response: Response, length: int, _: Templates) -> None:
    response.transmission.ending, response.transmission.ends_after = "close", length


def _reset_after(response: Response, length: int, _: Templates) -> None:
    response.transmission.ending, response.transmission.ends_after = "reset", length


def _connection(response: Response, ending: Ending, _: Templates) -> None:
    response.transmission.ending, response.transmission.ends_after = ending, None


def _garbage(response: Response, instead_of: Garbage, _: Templates) -> None:
    response.transmission.garbage = instead_of


def _dribble(response: Response, argument: Mapping[str, Any], _: Templates) -> None:
    response.transmission.chunks = argument["chunks"]
    response.transmission.seconds_for_body = argument["seconds"]


def _slow_head(response: Response, seconds: float, _: Templates) -> None:
    response.transmission.seconds_for_head = seconds


def _delay(response: Response, seconds: float, _: Templates) -> None:
    response.transmission.delay += seconds


_RESPONSE_STEPS: Mapping[str, ResponseStep] = {
    "status": _status,
    "set_header": _set_header,
    "remove_header": _remove_header,
    "set": _set,
    "remove": _remove,
    "reverse": _reverse,
    "rename": _rename,
    "copy": _copy,
    "map": _map,
    "convert": _convert,
    "wrap": _wrap,
    "unwrap": _unwrap,
    "json": _json,
    "text": _text,
    "cut_body": _cut_body,
    "corrupt_body": _corrupt_body,
    "content_length": _content_length,
    "drop_after": _drop_after,
    "reset_after": _reset_after,
    "connection": _connection,
    "garbage": _garbage,
    "dribble": _dribble,
    "slow_head": _slow_head,
    "delay": _delay,
}

CONVERSIONS: Mapping[str, Callable[[Any], Any]] = {
    "integer": lambda value: int(float(value)),
    "number": float,
    "string": str,
    "milliseconds": lambda value: round(value * 1000.0),
    "iso_time": lambda value: datetime.fromtimestamp(value, UTC).isoformat(),
    "fraction": lambda value: value / 100,
    "trimmed": lambda value: value.strip(),
    "one_line": lambda value: " ".join(value.split()),
    "first_line": lambda value: value.splitlines()[0],
    "ascii": lambda value: value.encode("ascii", "replace").decode(),
    "html": html.escape,
    "shortened": lambda value: value[:_SHORT],
}


def _holder(node: Any) -> Any:
    return node.parent.value


def _replace(response: Response, node: Any, value: Any) -> None:
    if node.parent is None:
        response.document = value
    else:
        _holder(node)[node.location[-1]] = value


def _put(response: Response, path: str, value: Any) -> None:
    nodes = response.find(path)
    for node in nodes:
        _replace(response, node, value)
    leaf = _LEAF.fullmatch(path)
    if nodes or leaf is None:
        return
    for parent in response.find(leaf[1]):
        if isinstance(parent.value, dict):
            parent.value[leaf[2] or leaf[3]] = value
