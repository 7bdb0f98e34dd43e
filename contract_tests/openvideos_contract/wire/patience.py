"""How long a busy server is waited for, and what counts as busy."""

from __future__ import annotations

import re
import threading
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx

# A reading that is put off for longer is given up, whatever a job may take.
_LONGEST_FOR_READING = 120.0
_LONGEST_PAUSE = 30.0
# What a server that makes one video at a time says of itself, in its own words.
_BUSY = re.compile(
    r"busy|overload|capacity|too many|try again|retry|"
    r"(already|still|currently|another)\W+(\w+\W+){0,3}(running|progress|generat|process|load)",
    re.IGNORECASE,
)
# What no waiting helps against.
_EXHAUSTED = re.compile(r"quota|billing|credit", re.IGNORECASE)


class Patience:
    """Says whether to ask a busy server again.

    Args:
        limit: Seconds for which the start of a job is waited for.
    """

    def __init__(self, limit: float) -> None:
        self._limits = {True: limit, False: min(limit, _LONGEST_FOR_READING)}
        self._lost: set[bool] = set()
        self._lock = threading.Lock()

    def shorten(self, limit: float) -> None:
        """Wait for nothing any longer than `limit` seconds."""
        self._limits = {kind: min(longest, limit) for kind, longest in self._limits.items()}

    def pause(self, answer: httpx.Response, since: float, tries: int, starts_job: bool) -> float:
        """Return how many seconds to wait before asking again; 0 to give up.

        Args:
            answer: What a busy server said.
            since: The monotonic clock when it was asked first.
            tries: How often it was asked.
            starts_job: Whether the request starts a job.
        """
        if starts_job in self._lost:
            return 0.0  # it was waited for before, as long as may be
        hint = hint_of(answer)
        pause = min(0.5 * 1.5**tries, 10.0) if hint is None else max(hint, 0.05)
        left = self._limits[starts_job] - (time.monotonic() - since)
        if pause > left or _EXHAUSTED.search(_text(answer)):
            with self._lock:
                self._lost.add(starts_job)
            return 0.0
        return min(pause, _LONGEST_PAUSE)


def is_busy(answer: httpx.Response, *, meant_to_start_job: bool) -> bool:
    """Return whether an answer says nothing but that the server is busy.

    Args:
        answer: The answer.
        meant_to_start_job: Whether the request should start a job: only then do 409 and 503 mean
            that another is under way, where the answer says so.
    """
    if answer.status_code == httpx.codes.TOO_MANY_REQUESTS:
        return True
    if not meant_to_start_job or answer.status_code not in {409, 503}:
        return False
    return hint_of(answer) is not None or _BUSY.search(_text(answer)) is not None


def hint_of(answer: httpx.Response) -> float | None:
    """Return after how many seconds the server asks to come back, None where it does not say."""
    milliseconds = number_in(answer, "retry-after-ms")
    if milliseconds is not None:
        return milliseconds / 1000
    seconds = number_in(answer, "retry-after")
    if seconds is not None:
        return seconds
    text = answer.headers.get("retry-after", "").strip()
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def number_in(answer: httpx.Response, header: str) -> float | None:
    """Return the number in a header of an answer, None where there is none."""
    text = answer.headers.get(header, "").strip()
    return float(text) if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text) else None


def _text(answer: httpx.Response) -> str:
    """Return the body of an answer as a text, whatever charset it names."""
    return answer.content.decode("utf-8", "replace")
