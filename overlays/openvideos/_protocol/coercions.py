"""The known slips of servers, and what is made of them: one function for each kind of value.

What cannot be understood becomes None; the server's own words stay in `raw`.
"""

from __future__ import annotations

import math
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from .._waiting.statuses import QUEUED, normalised

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_LAST_SECOND = 253_402_300_799  # of the year 9999: a greater number is not in seconds


def text(value: object) -> str | None:
    """Text; a number as its digits; None where empty or of another kind."""
    match value:
        case bool():
            return None
        case str():
            return value or None
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return str(int(value)) if value.is_integer() else str(value)
    return None


def words(value: object) -> str | None:
    """Text, which may be empty."""
    return value if isinstance(value, str) else text(value)


def status(value: object) -> str:
    """A status; `queued` where the server says nothing."""
    return normalised(value) if isinstance(value, str) and value.strip() else QUEUED


def percent(value: object) -> int | None:
    """Whole per cent from 0 to 100; a broken number below 1 is a fraction of the whole."""
    if type(value) is int and 0 <= value <= 100:
        return value  # what most servers send
    number = _number(value.rstrip("% ") if isinstance(value, str) else value)
    if number is None:
        return None
    if 0 < number < 1:
        number *= 100
    return int(min(max(number, 0), 100))


def unix_seconds(value: object) -> int | None:
    """Unix seconds, from seconds, milliseconds (and finer) or an ISO date; None for 0."""
    if value is None or (type(value) is int and 0 < value <= _LAST_SECOND):
        return value  # what most servers send
    number = _number(value)
    if number is None and isinstance(value, str):
        number = _from_iso(value)
    if number is None or number <= 0:
        return None
    while number > _LAST_SECOND:
        number /= 1000
    return int(number)


def truth(value: object) -> bool | None:
    """True or false; None where the server does not say so plainly."""
    return value if isinstance(value, bool) else None


def job_error(value: object) -> dict[str, Any] | None:
    """Why a job failed: an object with `code` and `message`, also where only text was sent."""
    match value:
        case {} if value:
            return {**value, "code": text(value.get("code")), "message": text(value.get("message"))}
        case str() if value:
            return {"code": None, "message": value}
    return None


VIDEO: Mapping[str, Callable[[object], object]] = {
    "id": text,
    "object": text,
    "model": text,
    "status": status,
    "progress": percent,
    "created_at": unix_seconds,
    "completed_at": unix_seconds,
    "expires_at": unix_seconds,
    "prompt": words,
    "size": text,
    "seconds": text,
    "remixed_from_video_id": text,
    "error": job_error,
}
CHARACTER: Mapping[str, Callable[[object], object]] = {
    "id": text,
    "name": words,
    "created_at": unix_seconds,
}
DELETION: Mapping[str, Callable[[object], object]] = {
    "id": text,
    "object": text,
    "deleted": truth,
}

# Other names under which servers send a field.
SYNONYMS = {"id": "task_id", "created_at": "created", "seconds": "duration"}


def coerced(
    fields: Mapping[str, Callable[[object], object]], sent: Mapping[str, Any]
) -> dict[str, Any]:
    """Return what was sent with each field as its type wants it, and absent ones as None."""
    values = dict(sent)
    for name, coerce in fields.items():
        value = coerce(sent.get(name))
        if value is None and name in SYNONYMS:
            value = coerce(sent.get(SYNONYMS[name]))
        values[name] = value
    return values


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _from_iso(value: str) -> float | None:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp()
