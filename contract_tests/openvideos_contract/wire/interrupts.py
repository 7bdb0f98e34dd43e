"""Lets a request that may start a job come to its end before Ctrl-C is obeyed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


@contextmanager
def uninterrupted() -> Iterator[None]:
    """Put Ctrl-C off until the block has ended, so that no job is made whose id nobody knows.

    A second Ctrl-C is obeyed at once. Outside the main thread, which alone is interrupted, it does
    nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending = False

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal pending
        if pending:
            raise KeyboardInterrupt
        pending = True

    previous = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
        if pending:
            raise KeyboardInterrupt
