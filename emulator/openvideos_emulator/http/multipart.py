"""Reads and writes multipart/form-data. (The parsing itself is python-multipart's.)."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import attrs
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header

if TYPE_CHECKING:
    from collections.abc import Iterable

    from python_multipart.multipart import MultipartCallbacks

_MOST_PARTS = 1000
# So long a piece is copied at a time.
_PIECE = 256 * 1024


class MultipartError(ValueError):
    """A body that is no multipart/form-data; the message says why."""


@attrs.define
class Part:
    """One part of a form.

    Attributes:
        name: The field's name.
        data: The part's bytes.
        filename: The file's name where the part was sent as a file, else None.
        content_type: The part's own content type, or None.
    """

    name: str
    data: bytes
    filename: str | None = None
    content_type: str | None = None


def parse(body: bytes | bytearray, content_type: str) -> list[Part]:
    """Return the parts of a form, in order.

    Args:
        body: The whole body.
        content_type: The `Content-Type` header, which holds the boundary.

    Raises:
        MultipartError: The boundary is missing, the body is malformed or cut off, or has far too
            many parts.
    """
    _, options = parse_options_header(content_type.encode("latin-1", "replace"))
    boundary = options.get(b"boundary")
    if not boundary:
        raise MultipartError("the Content-Type has no boundary")
    collector = _Collector()
    try:
        parser = MultipartParser(boundary, collector.callbacks())
        with memoryview(body) as view:
            for start in range(0, len(body), _PIECE):
                parser.write(bytes(view[start : start + _PIECE]))
        parser.finalize()
    except FormParserError as error:
        raise MultipartError(str(error)) from error
    if not collector.ended:
        raise MultipartError("the closing boundary is missing")
    return collector.parts


def encode(parts: Iterable[Part]) -> tuple[bytes, str]:
    """Return a form's body and its `Content-Type`."""
    boundary = secrets.token_hex(16)
    body = bytearray()
    for part in parts:
        body += f'--{boundary}\r\nContent-Disposition: form-data; name="{part.name}"'.encode()
        if part.filename is not None:
            body += f'; filename="{part.filename}"'.encode()
        if part.content_type is not None:
            body += f"\r\nContent-Type: {part.content_type}".encode()
        body += b"\r\n\r\n" + part.data + b"\r\n"
    body += f"--{boundary}--\r\n".encode()
    return bytes(body), f"multipart/form-data; boundary={boundary}"


class _Collector:
    """Gathers what the parser calls back with."""

    def __init__(self) -> None:
        self.parts: list[Part] = []
        self.ended = False
        self._name = bytearray()
        self._value = bytearray()
        self._headers: dict[bytes, bytes] = {}
        self._data = bytearray()

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._name.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._end_header,
            "on_part_data": lambda data, start, end: self._data.extend(data[start:end]),
            "on_part_end": self._end,
            "on_end": self._finish,
        }

    def _begin(self) -> None:
        if len(self.parts) == _MOST_PARTS:
            raise MultipartError(f"at most {_MOST_PARTS} parts are accepted")
        self._headers, self._data = {}, bytearray()

    def _end_header(self) -> None:
        self._headers[bytes(self._name).lower()] = bytes(self._value)
        self._name, self._value = bytearray(), bytearray()

    def _end(self) -> None:
        disposition, options = parse_options_header(self._headers.get(b"content-disposition"))
        if disposition != b"form-data" or b"name" not in options:
            raise MultipartError("a part has no `Content-Disposition: form-data` with a name")
        content_type = self._headers.get(b"content-type")
        filename = options.get(b"filename")
        self.parts.append(
            Part(
                name=_text(options[b"name"], "the name of a part"),
                data=bytes(self._data),
                filename=None if filename is None else filename.decode("utf-8", "replace"),
                content_type=None if content_type is None else content_type.decode("latin-1"),
            )
        )

    def _finish(self) -> None:
        self.ended = True


def _text(data: bytes, what: str) -> str:
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise MultipartError(f"{what} is not UTF-8") from error
