"""What is told of a setting; noted beside each field of `Configuration`."""

from __future__ import annotations

import enum
from collections.abc import Mapping

import attrs


class Kind(enum.Enum):
    """How a text becomes a value; each is named as `--help` shows what is to be given."""

    TEXT = "TEXT"
    WHOLE_NUMBER = "INTEGER"
    NUMBER = "NUMBER"
    SEED = "INTEGER|random"
    SWITCH = ""
    FILE = "PATH"
    NAMES = "NAME,..."
    HEADERS = "'NAME: VALUE'"
    PARAMETERS = "NAME=VALUE"


# Each may be given several times.
LISTS = frozenset({Kind.NAMES, Kind.HEADERS, Kind.PARAMETERS})

SERVER = "The server"
COST = "What it may cost"
TESTED = "What is tested"
ASKED = "What is asked for"
TIME = "Time"
WEBHOOKS = "Webhooks"
RESULT = "The result"


@attrs.frozen
class About:
    """What is told of a setting.

    Attributes:
        group: The group that `--help` shows it in.
        help: What it does.
        kind: How a text becomes its value.
        name: Its name where that is not the field's, with hyphens: `header` for `headers`.
        value: What `--help` calls its value, where the kind does not say enough.
        shared: Variables of the environment, beside its own, that other programs know too.
        secret: Whether it is never shown.
    """

    group: str
    help: str
    kind: Kind = Kind.TEXT
    name: str = ""
    value: str = ""
    shared: tuple[str, ...] = ()
    secret: bool = False


def about(
    group: str,
    text: str,
    kind: Kind = Kind.TEXT,
    *,
    name: str = "",
    value: str = "",
    shared: tuple[str, ...] = (),
    secret: bool = False,
) -> Mapping[str, About]:
    """Return the metadata of a field that is a setting; see `About`."""
    return {"about": About(group, text, kind, name, value, shared, secret)}
