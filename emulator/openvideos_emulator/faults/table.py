"""The table of named faults, as documentation shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openvideos_emulator.faults.loading import CREATING
from openvideos_emulator.faults.named import named_faults

if TYPE_CHECKING:
    from openvideos_emulator.faults.named import NamedFault

_HEAD = ("Fault", "What happens", "To")


def table() -> str:
    """Return a Markdown table of all faults that have a name."""
    rows = [_HEAD, ("-", "-", "-")]
    rows += [(_form(fault), fault.does, _target(fault)) for fault in named_faults().values()]
    return "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def _form(fault: NamedFault) -> str:
    # An empty default would say nothing.
    arguments = [
        f":{schema['default']}" if schema["default"] != "" else f":{name.upper()}"
        for name, schema in fault.parameters.items()
    ]
    return f"`{fault.name}{''.join(arguments)}`"


def _target(fault: NamedFault) -> str:
    if not fault.operations:
        return "any request"
    if set(fault.operations) == set(CREATING):
        return "a job"
    return ", ".join(f"`{operation}`" for operation in fault.operations)


if __name__ == "__main__":
    print(table(), end="")  # noqa: T201 - printing is what it is run for
