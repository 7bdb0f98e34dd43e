"""What ends a run early: Ctrl-C, a request to terminate, or a terminal that is closed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# As a shell tells of a command that Ctrl-C ended.
INTERRUPTED = 130

_ENDING = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
]


@contextmanager
def ended_as_by_ctrl_c() -> Iterator[None]:
    """Take every request to end as Ctrl-C, so that what was made is deleted.

    A signal that somebody has ignored, as `nohup` does, stays so. Outside the main thread, which
    alone is interrupted, it does nothing.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.getsignal(number) for number in _ENDING}
    taken = [number for number, handler in previous.items() if handler is not signal.SIG_IGN]
    for number in taken:
        signal.signal(number, _as_ctrl_c)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, previous[number])


def _as_ctrl_c(number: int, frame: FrameType | None) -> None:
    # Whoever sees to Ctrl-C at this moment, such as a request that must come to its end first.
    handler = signal.getsignal(signal.SIGINT)
    if callable(handler):
        handler(signal.SIGINT, frame)
        return
    raise KeyboardInterrupt
