"""What a value may be: texts become values here, and values that cannot be right are refused."""

from __future__ import annotations

import base64
import math
import re
import secrets
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from openvideos_contract.settings.about import Kind

Pair = tuple[str, str]
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_SIZE = re.compile(r"[1-9]\d{0,4}x[1-9]\d{0,4}", re.ASCII)
_SECONDS = re.compile(r"\d{1,6}(\.\d{1,6})?", re.ASCII)
_SWITCHES = {"true": True, "yes": True, "on": True, "1": True} | dict.fromkeys(
    ("false", "no", "off", "0"), False
)


class ConfigurationError(ValueError):
    """A setting that cannot be right; the message says which, and what is allowed."""


def read(kind: Kind, text: str) -> Any:
    """Return the value that a text stands for; of a list, its members.

    Raises:
        ValueError: It stands for none; the message says what it must be.
    """
    return _READERS[kind](text)


def _whole_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"must be a whole number, not {text!r}") from None


def _number(text: str) -> float:
    try:
        found = float(text)
    except ValueError:
        found = math.nan
    if not math.isfinite(found):
        raise ValueError(f"must be a number, not {text!r}")
    return found


def _seed(text: str) -> int:
    if text == "random":
        return secrets.randbelow(2**32)
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"must be a whole number or `random`, not {text!r}") from None


def _switch(text: str) -> bool:
    found = _SWITCHES.get(text.lower())
    if found is None:
        raise ValueError(f"must be true or false, not {text!r}")
    return found


def _names(text: str) -> list[str]:
    return [name for part in text.split(",") if (name := part.strip())]


def _headers(text: str) -> list[Pair]:
    return [_pair(line, ":", "a header such as 'Name: value'") for line in text.splitlines()]


def _parameters(text: str) -> list[Pair]:
    return [_pair(line, "=", "a parameter such as name=value") for line in text.splitlines()]


def _pair(line: str, between: str, what: str) -> Pair:
    name, found, value = line.partition(between)
    # The value may be a key, so that it is not told.
    if not found or not name.strip():
        raise ValueError(f"must be {what}; there is no {between!r} after a name")
    return name.strip(), value.strip()


_READERS: Mapping[Kind, Callable[[str], Any]] = {
    Kind.TEXT: str,
    Kind.WHOLE_NUMBER: _whole_number,
    Kind.NUMBER: _number,
    Kind.SEED: _seed,
    Kind.SWITCH: _switch,
    Kind.FILE: Path,
    Kind.NAMES: _names,
    Kind.HEADERS: _headers,
    Kind.PARAMETERS: _parameters,
}


def check_url(_: object, __: object, value: str) -> None:
    """Refuse what is no base URL."""
    # Neither a password nor a parameter that may be a key is told.
    shown = "this" if {"@", "?"} & set(value) else repr(value)
    try:
        parts = urlsplit(value)
        right = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        right = False
    if not right or not value.isprintable() or " " in value:
        raise ConfigurationError(
            f"{shown} is not a base URL: give one such as http://127.0.0.1:8000/v1"
        )
    if parts.query or parts.fragment:
        raise ConfigurationError(
            "--base-url ends before ? and #: give what every request needs as --query NAME=VALUE"
        )


def check_key(_: object, attribute: Any, value: str | None) -> None:
    """Refuse a key that no header can carry."""
    if value is not None and not (value.isascii() and value.isprintable() and value.strip()):
        option = attribute.name.replace("_", "-")
        raise ConfigurationError(f"--{option} must be one line of ASCII characters")


def check_headers(_: object, __: object, pairs: tuple[Pair, ...]) -> None:
    """Refuse headers that cannot be sent."""
    for name, value in pairs:
        if not _TOKEN.fullmatch(name):
            raise ConfigurationError(f"--header: {name!r} is no name of a header")
        if not (value.isascii() and (value.isprintable() or not value)):
            raise ConfigurationError(f"--header {name}: its value must be ASCII characters")


def at_least(least: float) -> Any:
    """Return a validator that refuses numbers below `least`; None is let through."""

    def check(_: object, attribute: Any, value: float | None) -> None:
        if value is not None and not least <= value < math.inf:
            option = attribute.name.replace("_", "-")
            raise ConfigurationError(f"--{option} must be at least {least:g}, not {value:g}")

    return check


def check_size(_: object, __: object, value: str | None) -> None:
    """Refuse what is no size."""
    if value is not None and not _SIZE.fullmatch(value):
        raise ConfigurationError(f"--size must be WIDTHxHEIGHT, such as 720x1280, not {value!r}")


def check_seconds(_: object, __: object, value: str | None) -> None:
    """Refuse what is no length."""
    if value is not None and not (_SECONDS.fullmatch(value) and float(value) > 0):
        raise ConfigurationError(f"--seconds must be a length in seconds, such as 4, not {value!r}")


def check_listen(_: object, __: object, value: str | None) -> None:
    """Refuse what is no HOST:PORT."""
    if value is None:
        return
    host, _, port = value.rpartition(":")
    if not host or not (port.isascii() and port.isdecimal() and int(port) <= 65535):
        raise ConfigurationError(
            f"--webhook-listen must be HOST:PORT, such as 127.0.0.1:9000, not {value!r}"
        )


def check_webhook_secret(_: object, __: object, value: str | None) -> None:
    """Refuse what nothing can be signed with."""
    if value is None:
        return
    try:
        right = value.startswith("whsec_") and bool(
            base64.b64decode(value.removeprefix("whsec_"), validate=True)
        )
    except ValueError:
        right = False
    if not right:
        raise ConfigurationError("--webhook-secret must be whsec_ followed by Base64")
