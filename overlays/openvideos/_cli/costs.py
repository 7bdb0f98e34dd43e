"""What a video costs: before, as it is asked for, and after, as it was made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openvideos import InvalidInput, UnknownPrice, estimate_cost

if TYPE_CHECKING:
    from collections.abc import Mapping
    from decimal import Decimal

    from openvideos import Video

    from .journal import Entry
    from .options import CostOptions

EXTEND = "extend"


def cost_of(fields: Mapping[str, Any], price_a_second: Decimal | None) -> Decimal | None:
    """Return what a video costs, in US dollars; None where that is not known.

    Nothing is guessed: what is left to a server's default has no price before the server says it.

    Args:
        fields: What is asked for, by the names of the protocol.
        price_a_second: The server's own price; None for those that OpenAI charged.
    """
    model, size, seconds = (fields.get(name) for name in ("model", "size", "seconds"))
    prices = None
    if price_a_second is not None:
        model, size = str(model), str(size)
        prices = {model: price_a_second}
    if not (model and size and seconds):
        return None
    try:
        return estimate_cost(model=model, size=size, seconds=seconds, prices=prices)
    except InvalidInput:
        return None


def cost_of_job(
    video: Video, *, command: str, asked_seconds: object, price_a_second: Decimal | None
) -> Decimal | None:
    """Return what a finished job costs, in US dollars; None where that is not known.

    Args:
        video: The job.
        command: The command that created it.
        asked_seconds: The length that was asked for.
        price_a_second: The server's own price; None for those that OpenAI charged.
    """
    # The length of an extended video is that of the whole, of which the start was paid before.
    seconds = asked_seconds if command == EXTEND else video.seconds
    return cost_of({"model": video.model, "size": video.size, "seconds": seconds}, price_a_second)


def cost_in_journal(
    video: Video, entry: Entry | None, price_a_second: Decimal | None = None
) -> Decimal | None:
    """Return what a job costs, in US dollars; None where it was not created here, or is not done.

    Args:
        video: The job.
        entry: What the journal knows of it: nothing else tells what was asked for.
        price_a_second: The server's own price; None for those that OpenAI charged.
    """
    if entry is None or video.status != "completed":
        return None
    return cost_of_job(
        video,
        command=entry.command,
        asked_seconds=entry.seconds,
        price_a_second=price_a_second,
    )


def check_limit(cost: Decimal | None, options: CostOptions) -> None:
    """Make sure that a cost is within what may be spent.

    Raises:
        InvalidInput: It is not, or the limit is no amount.
        UnknownPrice: It is not known, and there is a limit.
    """
    limit = options.limit()
    if limit is None:
        return
    if cost is None:
        raise UnknownPrice(
            "what this costs is not known, so --max-cost cannot be kept: give --model, --size and "
            "--seconds where the command has them, and --price where the server has its own"
        )
    if cost > limit:
        raise InvalidInput(f"this costs {cost:.2f} dollars, more than --max-cost {limit:.2f}")
