"""How long a server asks to be left alone, by its headers."""

from __future__ import annotations

import math
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


def poll_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return after how many seconds to ask for the job again; None where the server does not say.

    Args:
        headers: The answer's headers.
        now: Unix seconds, for a `Retry-After` that is a date.
    """
    asked = _number(headers.get("openai-poll-after-ms"))
    return asked / 1000 if asked is not None else retry_after(headers, now)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return after how many seconds to try again; None where the server does not say.

    `retry-after-ms` counts before `Retry-After`, which is in seconds or a date. What is garbage or
    negative is as good as not said.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    asked = headers.get("retry-after")
    seconds = _number(asked)
    if seconds is not None or asked is None:
        return seconds
    try:
        moment = parsedate_to_datetime(asked).timestamp()
    except (ValueError, OverflowError):
        return None
    return max(moment - now, 0)


def _number(value: str | None) -> float | None:
    try:
        number = float(value or "")
    except ValueError:
        return None
    return number if math.isfinite(number) and number >= 0 else None
