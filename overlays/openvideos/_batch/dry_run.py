"""What a batch would send and cost."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING

from openvideos._cli.output import printable

from .costs import cost_of_line, total

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openvideos._cli.output import Output

    from .lines import Line

_LONGEST_PROMPT = 80  # characters


def cost_of_all(lines: Sequence[Line], price: Decimal | None) -> Decimal | None:
    """Return what all lines cost in US dollars; None where that is not known.

    Args:
        lines: The lines.
        price: The server's own price a second; None for those that OpenAI charged.
    """
    cost = total(cost_of_line(line.fields, price) for line in lines)
    return None if cost is None else Decimal(cost)


def show_dry_run(lines: Sequence[Line], price: Decimal | None, output: Output) -> None:
    """Print what would be sent, and what it would cost.

    Args:
        lines: The lines.
        price: The server's own price a second; None for those that OpenAI charged.
        output: Where to print it.
    """
    costs = [cost_of_line(line.fields, price) for line in lines]
    whole = cost_of_all(lines, price)
    if output.json:
        output.document(
            {
                "cost": None if whole is None else float(whole),
                "lines": [
                    {
                        "line": line.position,
                        "name": line.name,
                        "cost": None if cost is None else float(cost),
                        "fields": dict(line.fields),
                    }
                    for line, cost in zip(lines, costs, strict=True)
                ],
            }
        )
        return
    for line, cost in zip(lines, costs, strict=True):
        shown = "cost unknown" if cost is None else f"{cost} dollars"
        output.data(
            f"line {line.position}: {shown}: {printable(line.fields['prompt'])[:_LONGEST_PROMPT]}"
        )
    output.data(f"{len(lines)} lines: {'cost unknown' if whole is None else f'{whole} dollars'}")
