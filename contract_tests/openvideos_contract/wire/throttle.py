"""Keeps a run to so many requests a minute."""

from __future__ import annotations

import threading
import time


class Throttle:
    """Spaces requests evenly.

    Args:
        rpm: The most requests a minute; None for no limit.
    """

    def __init__(self, rpm: float | None) -> None:
        self._pause = 0.0 if rpm is None else 60.0 / rpm
        self._next = 0.0
        self._lock = threading.Lock()

    def wait(self) -> None:
        """Wait until one more request may be sent."""
        if not self._pause:
            return
        with self._lock:
            now = time.monotonic()
            turn = max(now, self._next)
            self._next = turn + self._pause
        time.sleep(turn - now)
