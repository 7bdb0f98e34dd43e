"""What a video will cost is known before it is made, or said to be unknown."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos import PRICES, InvalidInput, UnknownPrice, estimate_cost
from openvideos._prices import Prices


@pytest.mark.parametrize(
    ("model", "size", "seconds", "cost"),
    [
        ("sora-2", "720x1280", "4", "0.40"),
        ("sora-2", "1280x720", 12, "1.20"),
        ("sora-2-pro", "1280x720", 8, "2.40"),
        ("sora-2-pro", "1792x1024", "20", "10.00"),
        ("sora-2-pro", "1024x1792", 4.5, "2.25"),
    ],
)
def test_the_cost_is_exact(model: str, size: str, seconds: str | float, cost: str) -> None:
    assert estimate_cost(model, size, seconds) == Decimal(cost)
    assert estimate_cost(model=model, size=size, seconds=seconds) == Decimal(cost)


@pytest.mark.parametrize(
    ("model", "size", "told"),
    [
        ("wan-2", "720x1280", "sora-2, sora-2-pro"),
        ("sora-2-2025-12-08", "720x1280", "prices="),
        ("sora-2", "1024x1792", "720x1280, 1280x720"),
        ("sora-2", "", "sizes"),
    ],
)
def test_what_is_not_in_the_table_is_an_error_that_says_what_is(
    model: str, size: str, told: str
) -> None:
    with pytest.raises(UnknownPrice, match=told):
        estimate_cost(model=model, size=size, seconds=4)


def test_the_table_can_be_replaced_and_added_to() -> None:
    own: Prices = {"wan-2": 0.05, "wan-3": {"832x480": "0.02"}}
    assert estimate_cost(model="wan-2", size="any", seconds=4, prices=own) == Decimal("0.20")
    assert estimate_cost(model="wan-3", size="832x480", seconds=5, prices=own) == Decimal("0.10")
    with pytest.raises(UnknownPrice):
        estimate_cost(model="sora-2", size="720x1280", seconds=4, prices=own)
    with_ours = estimate_cost(
        model="sora-2", size="720x1280", seconds=4, prices={**PRICES, "wan-2": 0.05}
    )
    assert with_ours == Decimal("0.4")


@pytest.mark.parametrize("seconds", ["", "four", None, True, -1, "nan", float("inf"), [4]])
def test_a_length_that_is_no_number_is_refused(seconds: Any) -> None:
    with pytest.raises(InvalidInput, match="seconds is"):
        estimate_cost(model="sora-2", size="720x1280", seconds=seconds)


@pytest.mark.parametrize("price", ["free", None, -0.1, float("nan")])
def test_a_price_that_is_no_number_is_refused(price: Any) -> None:
    with pytest.raises(InvalidInput, match="price of wan-2"):
        estimate_cost(model="wan-2", size="x", seconds=4, prices={"wan-2": price})


@given(st.integers(0, 120), st.integers(0, 120))
def test_costs_add_up_to_the_cent(first: int, second: int) -> None:
    def cost(seconds: int) -> Decimal:
        return estimate_cost(model="sora-2", size="720x1280", seconds=seconds)

    assert cost(first) + cost(second) == cost(first + second)
    told_as_text = estimate_cost(model="sora-2", size="720x1280", seconds=str(first))
    assert cost(first) == told_as_text
