"""Options that several commands share, written once: a command takes a group as one argument."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, get_type_hints

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable


class OptionGroup:
    """An attrs class whose fields are options, annotated as Typer wants a parameter to be."""


def with_option_groups(command: Callable[..., None]) -> Callable[..., None]:
    """Return the command with the options of its groups in place of the groups.

    A parameter of a command that is annotated with an `OptionGroup` disappears from the command
    line, the group's fields appear there, and the command is given the group made of them.
    """
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, type[Any]] = {}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        kind = hints[name]
        if isinstance(kind, type) and issubclass(kind, OptionGroup):
            groups[name] = kind
            parameters += _parameters(kind)
        else:
            parameters.append(
                parameter.replace(annotation=kind, kind=inspect.Parameter.KEYWORD_ONLY)
            )

    def spread(**values: Any) -> None:
        for name, kind in groups.items():
            values[name] = kind(**{member: values.pop(member) for member in _members(kind)})
        command(**values)

    spread.__name__ = command.__name__
    spread.__doc__ = command.__doc__
    spread.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    spread.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # read by inspect
    return spread


def _parameters(group: type[Any]) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    return [
        inspect.Parameter(
            name, inspect.Parameter.KEYWORD_ONLY, default=member.default, annotation=hints[name]
        )
        for name, member in _members(group).items()
    ]


def _members(group: type[Any]) -> dict[str, Any]:
    return dict(attrs.fields_dict(group))
