"""A request and its answer, as faults look at them and change them."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlencode

import jsonpath_rfc9535
from starlette.datastructures import MutableHeaders

from openvideos_emulator.faults.transmission import Transmission
from openvideos_emulator.http import multipart
from openvideos_emulator.http.bodies import FORM, JSON, parse_json
from openvideos_emulator.http.errors import ApiError
from openvideos_emulator.http.keys import sent_key, tenant_of

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from starlette.types import Message, Receive, Scope

    from openvideos_emulator.contract import Contract


class Request:
    """A request whose body was read."""

    def __init__(self, scope: Scope, body: bytes, contract: Contract) -> None:
        self._scope = scope
        self.body = body
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            # Of several the first counts, as it does everywhere.
            self.headers.setdefault(name.decode("latin-1"), value.decode("latin-1"))
        self.query = dict(
            parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        )
        found = contract.find(self.path, scope["raw_path"])
        operation = found[0].operation(self.method) if found else None
        self.operation = operation.id if operation else None
        self.names = found[1] if found else {}
        # What the seam knows beside: the operations under way, and the videos with a mark.
        self.beside: Collection[str] = ()
        self.marked: Mapping[str, str] = {}
        self._fields: dict[str, Any] | None = None
        self._parts: list[multipart.Part] = []

    @property
    def key(self) -> str:
        """The API key, empty where there is none."""
        return sent_key(self.headers.get("authorization"))

    @property
    def tenant(self) -> str:
        """Whose it is, empty where it has no key."""
        return tenant_of(self.key.encode("latin-1")) if self.key else ""

    @property
    def prompt(self) -> str:
        """The prompt, empty where it has none."""
        return str(self.fields().get("prompt", ""))

    @property
    def content_type(self) -> str:
        """The content type without its parameters."""
        kind, _, _ = self.headers.get("content-type", "").partition(";")
        return kind.strip().lower()

    @property
    def video_id(self) -> str:
        """The id of the video that it is about by its path, empty where it is none."""
        return self.names.get("video_id", "")

    def fields(self) -> dict[str, Any]:
        """Return the top fields of a JSON body, or the fields of a form; else nothing."""
        if self._fields is None:
            self._fields = self._read_fields()
        return self._fields

    def set_field(self, name: str, value: Any) -> None:
        """Put a field into the body."""
        self.fields()[name] = value
        self._parts = [part for part in self._parts if part.name != name]
        self._parts.append(multipart.Part(name, str(value).encode()))
        self._write_fields()

    def remove_field(self, name: str) -> None:
        """Take a field out of the body."""
        self.fields().pop(name, None)
        self._parts = [part for part in self._parts if part.name != name]
        self._write_fields()

    def rename_field(self, name: str, other: str) -> None:
        """Give a field of the body another name."""
        fields = self.fields()
        if name not in fields:
            return
        fields[other] = fields.pop(name)
        for part in self._parts:
            if part.name == name:
                part.name = other
        self._write_fields()

    def scope(self) -> Scope:
        """Return the ASGI scope of the request as it is now."""
        self.headers["content-length"] = str(len(self.body))
        if not self.body:
            del self.headers["content-length"]
        return {
            **self._scope,
            "method": self.method,
            "path": self.path,
            "raw_path": self._raw_path(),
            "query_string": urlencode(self.query).encode(),
            "headers": [
                (name.encode("latin-1"), value.encode("latin-1"))
                for name, value in self.headers.items()
            ],
        }

    def _raw_path(self) -> bytes:
        if self.path == self._scope["path"]:
            return bytes(self._scope["raw_path"])
        return quote(self.path).encode()

    def receive(self, rest: Receive) -> Receive:
        """Return an ASGI receive that gives the body as it is now, and then the rest."""
        messages: list[Message] = [{"type": "http.request", "body": self.body}]

        async def give() -> Message:
            return messages.pop() if messages else await rest()

        return give

    def _read_fields(self) -> dict[str, Any]:
        try:
            if self.content_type == JSON:
                value = parse_json(self.body)
                return value if isinstance(value, dict) else {}
            if self.content_type == FORM:
                self._parts = multipart.parse(self.body, self.headers["content-type"])
        except (ApiError, multipart.MultipartError):
            return {}
        return {
            part.name: part.data.decode("utf-8", "replace")
            for part in self._parts
            if part.filename is None
        }

    def _write_fields(self) -> None:
        if self.content_type == JSON:
            self.body = json.dumps(self.fields()).encode()
        elif self.content_type == FORM:
            self.body, self.headers["content-type"] = multipart.encode(self._parts)


class Response:
    """An answer: its body whole where it was caught so, else none of it.

    What is done to the bytes of a body, and to the connection, is noted in `transmission` and done
    while the answer is sent, so that no long one is held.
    """

    def __init__(self) -> None:
        self.status: int = HTTPStatus.OK
        self.headers = MutableHeaders()
        self.transmission = Transmission()
        self.is_replaced = False
        self.is_removed = False
        self._body = b""
        self._document: Any = None
        self._is_read = False

    @classmethod
    def showing(cls, document: Any) -> Response:
        """Return an answer that shows JSON."""
        response = cls()
        response.document = document
        return response

    @property
    def is_json(self) -> bool:
        """Whether the body is JSON by its content type."""
        return self.headers.get("content-type", "").startswith(JSON)

    @property
    def body(self) -> bytes:
        """The body's bytes, with what was done to its JSON."""
        if self._is_read and self._document is not None:
            return json.dumps(self._document, ensure_ascii=False).encode("utf-8", "replace")
        return self._body

    @body.setter
    def body(self, body: bytes) -> None:
        self._body, self._document, self._is_read = body, None, False

    @property
    def document(self) -> Any:
        """The body's JSON, which can be changed in place; None where it is none."""
        if not self._is_read:
            self._is_read = True
            if self.is_json:
                try:
                    self._document = json.loads(self._body)
                except ValueError:
                    self._document = None
        return self._document

    @document.setter
    def document(self, document: Any) -> None:
        self._document, self._is_read = document, True

    def set_json(self, document: Any) -> None:
        """Put JSON in the place of the body."""
        self.headers["content-type"] = JSON
        self.document = document
        self.is_replaced = True

    def set_text(self, text: str) -> None:
        """Put text, which is HTML where it looks like it, in the place of the body."""
        kind = "text/html" if text.lstrip().startswith("<") else "text/plain"
        self.headers["content-type"] = f"{kind}; charset=utf-8"
        self.body = text.encode("utf-8", "replace")
        self.is_replaced = True

    def find(self, path: str) -> Sequence[jsonpath_rfc9535.JSONPathNode]:
        """Return the nodes of the body's JSON that a JSONPath matches."""
        if not isinstance(self.document, dict | list):
            return []
        return jsonpath_rfc9535.find(path, self.document)
