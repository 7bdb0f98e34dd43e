"""What a test can end in other than passing, each an exception that says why."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openvideos_contract.wire.exchange import Exchange


class Nonconformity(AssertionError):
    """The server broke the promise under test: expected, seen, and the exchange that shows it."""

    def __init__(self, *, expected: str, seen: str, exchange: Exchange | None = None) -> None:
        super().__init__(f"expected {expected}; seen {seen}")
        self.expected = expected
        self.seen = seen
        self.exchange = exchange


class NotTested(Exception):
    """The promise could not be put to the test. Never raised as such: one of its kinds is."""


class Unsupported(NotTested):
    """The server does not offer what the promise is about; never counts as passed."""


class Blocked(NotTested):
    """A step that this test stands on failed elsewhere; the reason names it."""


class NotRun(NotTested):
    """Left out: the budget did not allow it, or the user did not want it."""


class BudgetExhausted(NotRun):
    """One more job would have passed `--max-videos`; the request was not sent."""


class Prohibited(Exception):
    """A test asked for what the suite never does, such as deleting a video it did not make."""


def require(
    condition: object, *, expected: str, seen: object, exchange: Exchange | None = None
) -> None:
    """Go on if `condition` holds.

    Args:
        condition: The promise, as found.
        expected: What should have been seen, as a noun phrase.
        seen: What was; anything but a string is shown by its repr, shortened.
        exchange: The request and answer that show it.

    Raises:
        Nonconformity: It does not hold.
    """
    if not condition:
        text = seen if isinstance(seen, str) else repr(seen)
        raise Nonconformity(expected=expected, seen=shorten(text), exchange=exchange)


def printable(text: str) -> str:
    """Return `text` with what would steer a terminal, or turn its text round, written out."""
    return _STEERING.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


# The last of these are halves of characters, which no file in UTF-8 can hold.
_STEERING = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff"
    "\ud800-\udfff]|\r(?!\n)"
)


CUT = " ... "


def shorten(text: str, limit: int = 600) -> str:
    """Return `text`, its middle left out where it is longer than `limit` characters."""
    if len(text) <= limit:
        return text
    half = (limit - len(CUT)) // 2
    return f"{text[:half]}{CUT}{text[-half:]}"
