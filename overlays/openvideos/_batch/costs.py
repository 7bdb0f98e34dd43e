"""What a line costs, as far as it is known."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from openvideos._cli.costs import cost_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from openvideos import Video


def cost_of_line(
    fields: Mapping[str, Any], price: Decimal | None, video: Video | None = None
) -> str | None:
    """Return what a line costs in US dollars, as a decimal number; None where nobody knows.

    Args:
        fields: What it asks for.
        price: The server's own price a second; None for those that OpenAI charged.
        video: Its job, where the server has said what it makes of what was left to it.
    """
    asked = dict(fields)
    if video:
        made = {"model": video.model, "size": video.size, "seconds": video.seconds}
        asked = {name: made[name] or fields.get(name) for name in made}
    cost = cost_of(asked, price)
    return None if cost is None else f"{cost:f}"


def total(costs: Iterable[str | None]) -> str | None:
    """Return the sum of costs; None where one is not known."""
    known = Decimal(0)
    for cost in costs:
        if cost is None:
            return None
        known += Decimal(cost)
    return f"{known:f}"
