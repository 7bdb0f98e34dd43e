"""Settings from the environment and from a file, and back to a file."""

from __future__ import annotations

import difflib
import json
import tomllib
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from openvideos_emulator.settings import (
    BARE_PROTOCOL,
    SETTINGS,
    Settings,
    SettingsError,
    about,
    is_list,
)

if TYPE_CHECKING:
    from pathlib import Path

PREFIX = "OPENVIDEOS_EMULATOR_"
# As a setting with a slip is, and others that begin so are not.
_NEARLY_THE_SAME = 0.85


def variable_of(name: str) -> str:
    """Return the environment's name of a setting, such as `OPENVIDEOS_EMULATOR_PORT`."""
    return PREFIX + name.replace("-", "_").upper()


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of an environment as texts, by name. An empty one is as good as none.

    Raises:
        SettingsError: A variable is named nearly as a setting is.
    """
    for variable in environment:
        # Others may begin so too: `exec` sets some, and Kubernetes.
        name = variable.removeprefix(PREFIX).replace("_", "-").lower()
        if variable.startswith(PREFIX) and name not in SETTINGS:
            for near in difflib.get_close_matches(name, SETTINGS, 1, _NEARLY_THE_SAME):
                raise SettingsError(
                    f"there is no setting {variable}; did you mean {variable_of(near)}?"
                )
    found = {name: environment.get(variable_of(name)) for name in SETTINGS}
    return {name: value for name, value in found.items() if value}


def to_environment(settings: Settings) -> dict[str, str]:
    """Return the environment that holds settings."""
    texts = {name: _as_text(value) for name, value in _values(settings).items()}
    return {variable_of(name): text for name, text in texts.items() if text}


def without_settings(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without any setting of an emulator."""
    return {name: value for name, value in environment.items() if not name.startswith(PREFIX)}


def from_file(file: Path) -> dict[str, Any]:
    """Return the settings of a TOML file, by name.

    Raises:
        SettingsError: It cannot be read, or has a name that no setting has, or twice the same.
    """
    try:
        # Some editors begin a file with a mark of its encoding.
        found = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise SettingsError(f"--config {file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"--config {file} is no TOML: {error}") from error
    named: dict[str, Any] = {}
    for written, value in found.items():
        name = written.replace("_", "-")
        if name not in SETTINGS:
            near = difflib.get_close_matches(name, SETTINGS, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(_shown())}"
            raise SettingsError(f"--config {file}: there is no setting {name!r}; {hint}")
        if name in named:
            raise SettingsError(f"--config {file}: {name} stands there twice")
        _check_kind(file, name, value)
        named[name] = value
    return named


def to_file(settings: Settings) -> str:
    """Return the TOML file that holds settings, but for secrets, which it only names."""
    lines = ["# The settings in force. Secrets are left out."]
    values = _values(settings)
    for name in _shown():
        value = values[name]
        if value is None or value == ():
            lines.append(f"# {name} is not set")
        elif about(SETTINGS[name]).secret or _holds_password(value):
            lines.append(f"# {name} is set, and secret: give it as {variable_of(name)}")
        else:
            lines.append(f"{name} = {_as_toml(value)}")
    return "\n".join([*lines, ""])


def _shown() -> list[str]:
    return [name for name, setting in SETTINGS.items() if not about(setting).hidden]


def _check_kind(file: Path, name: str, value: object) -> None:
    kinds: tuple[type, ...]
    if is_list(SETTINGS[name]):
        kinds, wanted = (str, list), "a list of texts or numbers"
    else:
        kinds, wanted = _KINDS.get(SETTINGS[name].type, ((str,), "a text"))
    each_kind = {type(each) for each in value} if isinstance(value, list) else set()
    if type(value) not in kinds or not each_kind <= {str, int, float}:
        got = "" if about(SETTINGS[name]).secret else f"; got {value!r}"
        raise SettingsError(f"--config {file}: {name} must be {wanted}{got}")


_KINDS: Mapping[Any, tuple[tuple[type, ...], str]] = {
    bool: ((bool,), "true or false"),
    int: ((int,), "an integer"),
    int | None: ((int,), "an integer"),
    float: ((int, float), "a number"),
}


def _values(settings: Settings) -> dict[str, Any]:
    values = {name: getattr(settings, each.name) for name, each in SETTINGS.items()}
    values["dialect"] = settings.dialect or BARE_PROTOCOL
    return values


def _as_text(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool():
            return str(value).lower()
        case str():
            return value
        case Sequence():
            return ",".join(value)
        case _:
            return str(value)


def _as_toml(value: Any) -> str:
    match value:
        case bool() | int() | float():
            return _as_text(value)
        case str():
            # JSON's strings are TOML's, but for one character that TOML wants escaped.
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case Sequence():
            return f"[{', '.join(map(_as_toml, value))}]"
        case _:
            return _as_toml(str(value))


def _holds_password(value: Any) -> bool:
    return isinstance(value, str) and "://" in value and ("@" in value or "?" in value)
