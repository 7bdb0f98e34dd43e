"""Faults by name: `named.yaml` tells what each does, in the words of all faults."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import jsonschema_rs
import yaml

from openvideos_emulator.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_MILLISECONDS = 1000
_PARAMETER = re.compile(r"\{(\w+)\}", re.ASCII)


@attrs.frozen(kw_only=True)
class NamedFault:
    """A fault with a name.

    Attributes:
        name: Its name.
        does: What happens.
        parameters: The JSON Schema of each argument, by name, in the order of `NAME:A:B`.
        match: What it happens to, unless something else is asked for.
        request: What is done to the request, with `{parameter}` for an argument.
        answer: What is done to the answer, likewise.
    """

    name: str
    does: str
    parameters: Mapping[str, Any] = attrs.field(factory=dict)
    match: Mapping[str, Any] = attrs.field(factory=dict)
    request: Sequence[Any] = ()
    answer: Sequence[Any] = ()

    @property
    def operations(self) -> Sequence[str]:
        """The operations that it happens to, empty for any."""
        named = self.match.get("operation", [])
        return [named] if isinstance(named, str) else named

    def from_text(self, text: str) -> dict[str, Any]:
        """Return the arguments that a text such as `1000:64` means, in the parameters' order.

        Raises:
            SettingsError: They are none; the message says why.
        """
        if not self.parameters:
            raise SettingsError(f"fault {self.name}: {self._usage()}")
        # The last one may hold colons itself.
        texts = text.split(":", len(self.parameters) - 1)
        try:
            return {
                name: _CONVERSIONS[self.parameters[name]["type"]](each.strip())
                for name, each in zip(self.parameters, texts, strict=False)
            }
        except ValueError as error:
            raise SettingsError(f"fault {self.name}: {self._usage()}") from error

    def from_json(self, value: Any) -> dict[str, Any]:
        """Return the arguments that a JSON value means: the first alone, or all by their names.

        Raises:
            SettingsError: They are none; the message says why.
        """
        if value is None or value is True:
            return {}
        names = {_plain(name): name for name in self.parameters}
        given = value if isinstance(value, dict) else {next(iter(names), ""): value}
        if any(_plain(name) not in names for name in given):
            raise SettingsError(f"fault {self.name}: {self._usage()}")
        return {
            name: str(each) if self._is_text(name) and isinstance(each, int) else each
            for name, each in ((names[_plain(name)], each) for name, each in given.items())
        }

    def filled(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """Return the fault in the words of all faults, with its arguments.

        Raises:
            SettingsError: An argument is not allowed; the message says what is.
        """
        arguments = {}
        for name, schema in self.parameters.items():
            value = given.get(name, schema["default"])
            try:
                jsonschema_rs.validate(schema, value)
            except (jsonschema_rs.ValidationError, ValueError, OverflowError) as error:
                reason = getattr(error, "message", str(error))
                raise SettingsError(f"fault {self.name}: {name}: {reason}") from error
            arguments[name] = value / _MILLISECONDS if schema.get("in") == "seconds" else value
        parts = {"match": self.match, "request": self.request, "answer": self.answer}
        return {word: _fill(part, arguments) for word, part in parts.items() if part}

    def _is_text(self, name: str) -> bool:
        return bool(self.parameters[name]["type"] == "string")

    def _usage(self) -> str:
        if not self.parameters:
            return "it takes no argument"
        shown = ":".join(each.upper() for each in self.parameters)
        kinds = ", ".join(
            f"{name.upper()} is {'a' if schema['type'] != 'integer' else 'an'} {schema['type']}"
            for name, schema in self.parameters.items()
        )
        return f"its form is {self.name}:{shown}, where {kinds}"


@functools.cache
def named_faults() -> Mapping[str, NamedFault]:
    """Return all faults with a name, by their names in small letters without `_`."""
    text = Path(__file__).with_name("named.yaml").read_text(encoding="utf-8")
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    faults = [NamedFault(**each) for each in yaml.load(text, Loader=loader)]  # noqa: S506 - both build plain data only
    return {_plain(fault.name): fault for fault in faults}


def known(name: str) -> bool:
    """Return whether there is a fault of this name, however its words are parted."""
    return _plain(name) in named_faults()


def find(name: str) -> NamedFault:
    """Return the fault of a name, in capitals or not, its words parted by `_`, `-` or not at all.

    Raises:
        SettingsError: There is none; the message lists those that there are.
    """
    try:
        return named_faults()[_plain(name)]
    except KeyError:
        names = ", ".join(fault.name for fault in named_faults().values())
        raise SettingsError(f"there is no fault {name[:80]!r}; there are {names}") from None


def expanded(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a fault that may be told by a name in the words of all faults.

    Raises:
        SettingsError: There is no fault of that name, or its argument is not allowed.
    """
    if "fault" not in data:
        return dict(data)
    asked = data["fault"]
    if isinstance(asked, dict):
        name, argument = next(iter(asked.items()))
        fault = find(name)
        given = fault.from_json(argument)
    else:
        name, colon, text = str(asked).partition(":")
        fault = find(name)
        given = fault.from_text(text) if colon else {}
    full = fault.filled(given)
    rest = {word: value for word, value in data.items() if word != "fault"}
    return {
        "description": fault.does,
        **full,
        **rest,
        "match": {**full.get("match", {}), **data.get("match", {})},
    }


def _integer(text: str) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,15}", text):
        raise ValueError(text)
    return int(text)


def _number(text: str) -> float:
    if not re.fullmatch(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?", text):
        raise ValueError(text)
    return float(text)


_CONVERSIONS: Mapping[str, Callable[[str], Any]] = {
    "integer": _integer,
    "number": _number,
    "string": str,
}


def _plain(name: str) -> str:
    return re.sub(r"[_\-\s]", "", name).lower()


def _fill(value: Any, arguments: Mapping[str, Any]) -> Any:
    match value:
        case str():
            whole = _PARAMETER.fullmatch(value)
            if whole and whole[1] in arguments:
                return arguments[whole[1]]
            return _PARAMETER.sub(lambda each: str(arguments.get(each[1], each[0])), value)
        case list():
            return [_fill(each, arguments) for each in value]
        case dict():
            return {name: _fill(each, arguments) for name, each in value.items()}
        case _:
            return value
