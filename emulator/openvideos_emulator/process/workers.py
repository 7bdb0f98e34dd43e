"""Several processes that answer on one socket.

Each worker is forked from one that answers nothing itself, and is replaced when it ends. A worker
ends when its lifeline breaks: a pipe whose other end only the first process holds, so that it
breaks however that one ends.
"""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import signal
import sys
import time
from collections import deque
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, cast

from openvideos_emulator.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.process import BaseProcess

    Work = Callable[[Callable[[], None], int], None]
    """What a worker does: it is given what to call once it answers, and its lifeline."""

_MOST_DEATHS_PER_WORKER = 5
_SECONDS_OF_DEATHS = 10.0
_SECONDS_TO_STOP = 10.0
_READY = b"."

log = logging.getLogger(__name__)


def supervise(
    count: int,
    work: Work,
    *,
    on_start: Callable[[], None],
    on_end: Callable[[], None],
    ends_with: int | None = None,
) -> None:
    """Keep workers running until a signal raises `SystemExit`, then end them.

    Args:
        count: How many workers.
        work: What each of them does.
        on_start: Called once all of them answer.
        on_end: Called before they are ended.
        ends_with: A file descriptor; when its other end is closed, everything ends.

    Raises:
        SettingsError: The system has no processes of this kind.
        SystemExit: 0 at the end, 1 where workers end as quickly as they are started.
    """
    if "fork" not in multiprocessing.get_all_start_methods():
        raise SettingsError("--workers: this system has one worker only; leave the setting out")
    crew = _Crew(work)
    try:
        for _ in range(count):
            crew.add()
        started = 0
        deaths: deque[float] = deque(maxlen=count * _MOST_DEATHS_PER_WORKER)
        while True:
            watched = [crew.readiness, *crew.workers]
            watched += [] if ends_with is None else [ends_with]
            for event in cast("list[int]", wait(watched)):
                if event == crew.readiness:
                    ready = len(os.read(crew.readiness, count))
                    if started < count <= started + ready:
                        on_start()
                    started += ready
                elif event == ends_with:
                    if not os.read(ends_with, 1):
                        sys.exit(0)
                else:
                    log.warning("%s, and is replaced", crew.bury(event))
                    deaths.append(time.monotonic())
                    if len(deaths) == deaths.maxlen and deaths[-1] - deaths[0] < _SECONDS_OF_DEATHS:
                        log.critical("workers end as quickly as they are started: giving up")
                        sys.exit(1)
                    crew.add()
    finally:
        for stop in (signal.SIGINT, signal.SIGTERM):
            signal.signal(stop, signal.SIG_IGN)
        on_end()
        crew.end()


class _Crew:
    """The workers that there are."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._lifeline, self._holder = os.pipe()
        self.readiness, self._ready = os.pipe()
        self.workers: dict[int, BaseProcess] = {}

    def add(self) -> None:
        """Start one more."""
        worker = multiprocessing.get_context("fork").Process(target=self._live)
        worker.start()
        self.workers[worker.sentinel] = worker

    def bury(self, sentinel: int) -> str:
        """Forget a worker that has ended, and return how it ended."""
        worker = self.workers.pop(sentinel)
        worker.join()
        return f"worker {worker.pid} has ended with code {worker.exitcode}"

    def end(self) -> None:
        """End all, and wait for them."""
        os.close(self._holder)
        deadline = time.monotonic() + _SECONDS_TO_STOP
        for worker in self.workers.values():
            worker.join(max(0.0, deadline - time.monotonic()))
            if worker.exitcode is None:
                worker.kill()
                worker.join()

    def _live(self) -> None:
        os.close(self._holder)
        with contextlib.suppress(BrokenPipeError):
            self._work(self._tell, self._lifeline)

    def _tell(self) -> None:
        os.write(self._ready, _READY)
