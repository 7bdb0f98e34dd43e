"""Where settings come from: a flag goes before the environment, and that before a file."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from openvideos_contract.settings.configuration import ConfigurationError
from openvideos_contract.settings.table import PREFIX, SETTINGS, Setting
from openvideos_contract.settings.values import read

CONFIG = f"{PREFIX}CONFIG"
# Every variable of the environment that says something.
VARIABLES = frozenset(
    {CONFIG}.union(*((each.variable, *each.about.shared) for each in SETTINGS.values()))
)
# As a setting with a slip is, and others that begin so are not.
_NEARLY_THE_SAME = 0.85
_KEYS = ("api-key", "second-api-key")


def gather(
    flags: Mapping[str, Any], environment: Mapping[str, str], file: Path | None = None
) -> dict[str, Any]:
    """Return the fields of `Configuration` that somebody set.

    Args:
        flags: By a setting's name: a text, a list of texts, or whether a switch is on; None and
            what is empty are as good as not there.
        environment: All of it.
        file: A TOML file; None for the one that the environment names, if it does.

    Raises:
        ConfigurationError: A name that no setting has, or a value that cannot be right.
    """
    told = {name: _values(SETTINGS[name], flags[name], f"--{name}") for name in flags}
    found = {name: value for name, value in told.items() if value is not None}
    named = file or (Path(environment[CONFIG]) if environment.get(CONFIG) else None)
    below = (from_file(named) if named else {}) | from_environment(environment)
    if {**below, **found}.get("no-auth"):
        # Two flags that contradict each other are told; a key that is lying about is not.
        below = {name: value for name, value in below.items() if name not in _KEYS}
    return {SETTINGS[name].field: value for name, value in (below | found).items()}


def from_environment(environment: Mapping[str, str]) -> dict[str, Any]:
    """Return the settings of an environment by name; an empty variable is as good as none.

    Raises:
        ConfigurationError: A variable is named nearly as a setting is, or cannot be right.
    """
    for variable in sorted(environment):
        if variable.startswith(PREFIX) and variable not in VARIABLES:
            for near in difflib.get_close_matches(variable, VARIABLES, 1, _NEARLY_THE_SAME):
                raise ConfigurationError(f"there is no {variable}; did you mean {near}?")
    found = {}
    for name, setting in SETTINGS.items():
        for variable in (setting.variable, *setting.about.shared):
            value = _values(setting, environment.get(variable), variable)
            if value is not None:
                found[name] = value
                break
    return found


def from_file(file: Path) -> dict[str, Any]:
    """Return the settings of a TOML file by name.

    Raises:
        ConfigurationError: It cannot be read, or has a name that no setting has, or a value that
            cannot be right.
    """
    try:
        # Some editors begin a file with a mark of its encoding.
        document = tomllib.loads(file.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise ConfigurationError(f"--config {file} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise ConfigurationError(f"--config {file} is no TOML: {error}") from error
    found: dict[str, Any] = {}
    for written, value in document.items():
        name = written.replace("_", "-")
        if name not in SETTINGS:
            near = difflib.get_close_matches(name, SETTINGS, 1)
            hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(SETTINGS)}"
            raise ConfigurationError(f"--config {file}: there is no setting {written}; {hint}")
        if name in found:
            raise ConfigurationError(f"--config {file}: {name} is there twice")
        where = f"--config {file}: {name}"
        found[name] = _values(SETTINGS[name], _texts(value, where), where)
    return {name: value for name, value in found.items() if value is not None}


def _texts(value: object, where: str) -> str | list[str]:
    """Return a value of TOML as whoever types a flag writes it."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return value
        case int() | float():
            return str(value)
        case list() if all(isinstance(each, str | int | float) for each in value):
            return [str(each) for each in value]
    raise ConfigurationError(f"{where} must be a text, a number, true, false, or a list of texts")


def _values(setting: Setting, told: str | bool | Iterable[str] | None, where: str) -> Any:
    """Return a setting's value from what was told, None where that is nothing."""
    if told is None or isinstance(told, bool):
        return told
    if setting.is_list:
        lines = [told] if isinstance(told, str) else told
        return tuple(member for line in lines for member in _read(setting, line, where)) or None
    if not isinstance(told, str):
        raise ConfigurationError(f"{where} must be one value, not a list")
    return _read(setting, told, where) if told else None


def _read(setting: Setting, text: str, where: str) -> Any:
    try:
        return read(setting.about.kind, text)
    except ValueError as error:
        raise ConfigurationError(f"{where} {error}") from None
