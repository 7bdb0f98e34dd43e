"""Flows that run at the same time: so many at once, in order, and without loss when interrupted."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from typing import Any

import pytest

from openvideos._flows.concurrency import run_together, run_together_async
from openvideos._flows.flows import Together


def flows(number: int) -> list[Any]:
    return list(range(number))  # any value stands for a flow here


class Gauge:
    """Counts how many run at once."""

    def __init__(self) -> None:
        self.running = self.most = 0
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        with self._lock:
            self.running += 1
            self.most = max(self.most, self.running)

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self.running -= 1


def together(kind: str, work: Any, what: Together) -> list[Any]:
    """Run `work(flow)` for each flow."""
    if kind == "threads":
        return run_together(work, what)

    async def run(flow: Any) -> Any:
        await asyncio.sleep(0)
        return work(flow)

    return asyncio.run(run_together_async(run, what))


@pytest.mark.parametrize("kind", ["threads", "tasks"])
def test_results_keep_their_order_and_an_error_stands_in_its_place(kind: str) -> None:
    error = ValueError("third")

    def work(flow: Any) -> Any:
        if flow == 3:
            raise error
        return flow * 2

    assert together(kind, work, Together(flows(5), at_once=2)) == [0, 2, 4, error, 8]
    assert together(kind, work, Together([], at_once=2)) == []
    assert together(kind, work, Together(flows(1), at_once=2)) == [0]


def test_no_more_run_at_once_than_is_allowed() -> None:
    gauge = Gauge()

    def run(flow: Any) -> None:
        with gauge:
            time.sleep(0.01)

    run_together(run, Together(flows(30), at_once=4))
    assert gauge.most == 4

    async def run_async(flow: Any) -> None:
        with gauge:
            await asyncio.sleep(0.001)

    gauge.most = 0
    asyncio.run(run_together_async(run_async, Together(flows(30), at_once=4)))
    assert gauge.most == 4


def test_a_thread_that_is_interrupted_begins_nothing_more_and_lets_what_has_begun_end() -> None:
    begun: list[int] = []
    ended: list[int] = []
    main = threading.main_thread().ident
    assert main is not None

    def run(flow: Any) -> None:
        begun.append(flow)
        if flow == 1:
            signal.pthread_kill(main, signal.SIGINT)
        time.sleep(0.1)
        ended.append(flow)

    with pytest.raises(KeyboardInterrupt):
        run_together(run, Together(flows(50), at_once=2, grace=5))
    assert len(begun) <= 4
    assert sorted(begun) == sorted(ended)


def test_a_task_that_is_cancelled_begins_nothing_more_and_lets_what_has_begun_end() -> None:
    begun: list[int] = []
    ended: list[int] = []

    async def run(flow: Any) -> None:
        begun.append(flow)
        await asyncio.sleep(0.05)
        ended.append(flow)

    async def main(grace: float) -> None:
        begun.clear()
        ended.clear()
        what = Together(flows(50), at_once=2, grace=grace)
        task = asyncio.create_task(run_together_async(run, what))
        await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert len(asyncio.all_tasks()) == 1

    asyncio.run(main(5))
    assert begun == ended == [0, 1]
    asyncio.run(main(0))
    assert (begun, ended) == ([0, 1], [])
