"""The lines of a batch: what each asks for, read and checked as a whole before anything is sent."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from attrs import frozen

from openvideos._errors import InvalidInput
from openvideos._protocol import operations as operations
from openvideos._protocol.files import checked_text
from openvideos._protocol.media_types import media_type_of_name

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

FIELDS = (
    "prompt",
    "model",
    "seconds",
    "size",
    "input_reference",
    "characters",
    "extra_body",
    "name",
    "id",
)
_NAMES = ("name", "id")
_ADDRESSES = ("http://", "https://", "data:")
_UNSAFE = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]')
_LONGEST_NAME = 150  # bytes, so that a number, an id and an ending fit beside it
_NUMBERED = re.compile(r"\d{4,}-")


class UnusableLinesError(Exception):
    """Lines cannot be used; the message has a line for each, with its number."""


@frozen
class Line:
    """A line of the file.

    Attributes:
        position: Its number in the file, from 1.
        fields: What stands in it.
    """

    position: int
    fields: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """A hash of what stands in it, by which a changed line is known."""
        return _digest(self.fields)

    @property
    def name(self) -> str | None:
        """What its file is called, without an ending; None where that is left to the batch."""
        return next((self.fields[key] for key in _NAMES if key in self.fields), None)

    @property
    def wish(self) -> str:
        """A hash of what it asks for; lines of the same wish are the same to the server."""
        return _digest({key: self.fields[key] for key in self.fields if key not in _NAMES})

    def keywords(self, folder: Path) -> dict[str, Any]:
        """Return the arguments of `videos.create`.

        Args:
            folder: Where the file is, which paths are relative to.
        """
        keywords = {key: self.fields[key] for key in self.fields if key not in _NAMES}
        reference = keywords.get("input_reference")
        if isinstance(reference, str) and not reference.startswith(_ADDRESSES):
            keywords["input_reference"] = folder / reference
        return keywords

    def to_json(self) -> str:
        """Return what stands in it, in one way of writing."""
        return _canonical(self.fields)


def read_lines(file: Path) -> list[Line]:
    """Return the lines of a file of JSON objects, one a line; empty lines are left out.

    Raises:
        UnusableLinesError: The file cannot be read, or a line cannot be used; all that cannot are
            named.
    """
    try:
        text = file.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise UnusableLinesError(f"{file} cannot be read: {error}") from error
    lines: list[Line] = []
    complaints: list[str] = []
    names: dict[str, int] = {}
    # Not splitlines(), which also splits where JSON texts may hold a character as it is.
    for position, content in enumerate(text.split("\n"), start=1):
        if not content.strip():
            continue
        try:
            line = Line(position, _parsed(content))
            _check(line, file.parent)
            _check_name(line, names)
        except InvalidInput as error:
            complaints.append(f"line {position}: {error}")
        else:
            lines.append(line)
    if complaints:
        raise UnusableLinesError("\n".join(complaints))
    if not lines:
        raise UnusableLinesError(
            f'{file} has no lines; write one JSON object a line, such as {{"prompt": "a cat"}}'
        )
    return lines


def _parsed(content: str) -> dict[str, Any]:
    try:
        fields = json.loads(content, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidInput(f"it is no JSON: {error}") from error
    if not isinstance(fields, dict):
        raise InvalidInput('it is no JSON object, such as {"prompt": "a cat"}')
    # None stands for a field that was left out.
    return {key: value for key, value in fields.items() if value is not None}


def _refuse_constant(constant: str) -> None:
    raise ValueError(f"{constant} is no number in JSON")


def _check(line: Line, folder: Path) -> None:
    """Make sure that a line can be sent, by making its request as it will be made.

    Raises:
        InvalidInput: It cannot.
    """
    unknown = sorted(line.fields.keys() - set(FIELDS))
    if unknown:
        raise InvalidInput(
            f"unknown {', '.join(map(repr, unknown))}; known are {', '.join(FIELDS)}. What a "
            "server takes beyond the protocol goes into extra_body"
        )
    if not isinstance(line.fields.get("prompt"), str) or not line.fields["prompt"].strip():
        raise InvalidInput("prompt is missing or empty")
    if not isinstance(line.fields.get("extra_body", {}), dict):
        raise InvalidInput("extra_body must be an object of further fields")
    if not isinstance(line.fields.get("characters", []), list):
        raise InvalidInput('characters must be a list of objects {"id": …}')
    if not isinstance(line.fields.get("input_reference", {}), str | dict):
        raise InvalidInput(
            'input_reference must be the path of a file, a URL, {"image_url": …} or {"file_id": …}'
        )
    operations.create(**line.keywords(folder)).close()


def _check_name(line: Line, names: dict[str, int]) -> None:
    if all(key in line.fields for key in _NAMES):
        raise InvalidInput("it has both name and id; give one, which names the file")
    name = line.name
    if name is None:
        return
    name = checked_text(name, "the name of the file")
    if _UNSAFE.search(name) or name != name.strip() or name.startswith(".") or name.endswith("."):
        raise InvalidInput(
            f'{name!r} cannot name a file: leave out / \\ : * ? " < > | and control characters, '
            "and points and spaces at its ends"
        )
    if not name or len(name.encode()) > _LONGEST_NAME:
        raise InvalidInput(f"the name of the file must have 1 to {_LONGEST_NAME} bytes")
    if _NUMBERED.match(name):
        raise InvalidInput(f"{name!r} begins like the files of lines without a name")
    first = names.setdefault(_without_ending(name).casefold(), line.position)
    if first != line.position:
        raise InvalidInput(f"line {first} names its file {name!r} as well")


def _without_ending(name: str) -> str:
    """Return a name as it is before its file gets an ending, unless it has that already."""
    kind = media_type_of_name(name) or ""
    return name.rpartition(".")[0] if kind.startswith(("video/", "image/")) else name


def _canonical(value: object) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=True, separators=(",", ":"))


def _digest(value: object) -> str:
    return hashlib.sha256(_canonical(value).encode()).hexdigest()
