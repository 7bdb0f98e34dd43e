"""The emulator's only source of the time."""

from __future__ import annotations

import time
from typing import Protocol


class Clock(Protocol):
    """Tells what time it is."""

    def now(self) -> int:
        """Return the time in Unix milliseconds."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Return the time in Unix milliseconds."""
        return time.time_ns() // 1_000_000
