"""Whether a request that failed is sent again, and after which pause."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import APIConnectionError
from .pauses import retry_after

if TYPE_CHECKING:
    from .responses import Response

LONGEST_PAUSE = 60.0  # seconds; a server that asks for more is answered by giving up
_FIRST_PAUSE = 0.5
_LONGEST_OWN_PAUSE = 8.0
TRANSIENT = frozenset({408, 425, 429})


def pause_before_retry(
    outcome: Response | APIConnectionError,
    *,
    creates: bool,
    attempt: int,
    max_retries: int,
    now: float,
    chance: float,
) -> float | None:
    """Return how many seconds to wait before a request is sent again; None to give up.

    What creates a job is repeated only where none can have been created: the server was not
    reached, or answered 429.

    Args:
        outcome: What came of the request.
        creates: Whether the request creates something that is billed.
        attempt: How often it was sent before this time.
        max_retries: How often it may be repeated.
        now: Unix seconds.
        chance: A number from 0 up to 1, which spreads the pauses of many clients.
    """
    if attempt >= max_retries:
        return None
    asked = None
    if isinstance(outcome, APIConnectionError):
        if creates and outcome.sent:
            return None
    else:
        asked = retry_after(outcome.headers, now)
        if not _may_be_repeated(outcome, creates=creates, asked=asked is not None):
            return None
    if asked is not None:
        return asked if asked <= LONGEST_PAUSE else None
    # Doubled each time (bounded before the power, as a float overflows), less up to a quarter.
    own_pause: float = min(_FIRST_PAUSE * 2 ** min(attempt, 10), _LONGEST_OWN_PAUSE)
    return own_pause * (1 - chance / 4)


def _may_be_repeated(response: Response, *, creates: bool, asked: bool) -> bool:
    status = response.status_code
    should = response.headers.get("x-should-retry")
    if should == "false" or (creates and status != 429):
        return False
    if should == "true" or status in TRANSIENT:
        return True
    if status == 409:
        return asked  # busy only for now, where the server says for how long
    return status >= 500 and status != 501
