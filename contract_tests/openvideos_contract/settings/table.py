"""The table of all settings: every name that one has is made here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from openvideos_contract.settings.about import LISTS, About
from openvideos_contract.settings.configuration import Configuration

PREFIX = "OPENVIDEOS_CONFORM_"


@attrs.frozen
class Setting:
    """One setting, of one name: `--max-videos`, and `max-videos` in a file.

    Attributes:
        name: With hyphens.
        field: The field of `Configuration` that holds it.
        about: What is told of it.
        default: Its value where nobody says more; None where there is none.
    """

    name: str
    field: str
    about: About
    default: Any

    @property
    def flag(self) -> str:
        """Its flag, `--max-videos`."""
        return f"--{self.name}"

    @property
    def opposite(self) -> str:
        """The flag that turns a switch off, `--no-strict` or `--auth`."""
        bare = self.name.removeprefix("no-")
        return f"--{bare}" if bare != self.name else f"--no-{self.name}"

    @property
    def variable(self) -> str:
        """Its variable of the environment, `OPENVIDEOS_CONFORM_MAX_VIDEOS`."""
        return PREFIX + self.name.replace("-", "_").upper()

    @property
    def is_list(self) -> bool:
        """Whether it may be given several times."""
        return self.about.kind in LISTS


def _settings() -> Mapping[str, Setting]:
    found = {}
    for field in attrs.fields(Configuration):
        told: About | None = field.metadata.get("about")
        if told is not None:
            name = told.name or field.name.replace("_", "-")
            default = None if field.default is attrs.NOTHING else field.default
            found[name] = Setting(name, field.name, told, default)
    return found


SETTINGS: Mapping[str, Setting] = _settings()
"""All settings by name, in the order in which they are told."""
