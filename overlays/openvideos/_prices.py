"""What a video costs, known before it is made."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Final, TypeAlias

from ._errors import InvalidInput, UnknownPrice

Price: TypeAlias = Decimal | str | float
Prices: TypeAlias = Mapping[str, Price | Mapping[str, Price]]

PRICES: Final[Mapping[str, Mapping[str, Decimal]]] = {
    "sora-2": {
        "720x1280": Decimal("0.10"),
        "1280x720": Decimal("0.10"),
    },
    "sora-2-pro": {
        "720x1280": Decimal("0.30"),
        "1280x720": Decimal("0.30"),
        "1024x1792": Decimal("0.50"),
        "1792x1024": Decimal("0.50"),
    },
}


def estimate_cost(
    model: str, size: str, seconds: str | float, *, prices: Prices | None = None
) -> Decimal:
    """Return what a video will cost, in US dollars.

    Args:
        model: The model.
        size: Width by height in pixels, such as `720x1280`.
        seconds: The length in seconds.
        prices: Dollars a second for each model: a number, or one for each size. Left out, `PRICES`,
            which has those that OpenAI charged. `{**PRICES, "my-model": 0.05}` adds to them.

    Raises:
        UnknownPrice: The table does not have the model or the size. Nothing is guessed.
        InvalidInput: `seconds` or a price is no number.
    """
    length = _amount("seconds", seconds)
    table = PRICES if prices is None else prices
    if model not in table:
        raise UnknownPrice(f"no price is known for the model {model!r}; {_known('models', table)}")
    price = table[model]
    if isinstance(price, Mapping):
        if size not in price:
            raise UnknownPrice(
                f"no price is known for {model} at the size {size!r}; {_known('sizes', price)}"
            )
        price = price[size]
    return length * _amount(f"the price of {model}", price)


def _amount(name: str, value: object) -> Decimal:
    try:
        number = Decimal(str(value))
    except InvalidOperation:
        number = Decimal("NaN")
    if isinstance(value, bool) or not number.is_finite() or number < 0:
        raise InvalidInput(f"{name} is {value!r}; it must be a number, 0 or more")
    return number


def _known(kind: str, names: Mapping[str, object]) -> str:
    return f"known {kind}: {', '.join(names) or 'none'}. Give your own table as prices="
