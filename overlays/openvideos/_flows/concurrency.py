"""Run several flows at the same time: in threads, or in tasks."""

from __future__ import annotations

import threading
from contextvars import copy_context
from queue import SimpleQueue
from time import monotonic
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .flows import Flow, Together


def run_together(run: Callable[[Flow[Any]], Any], what: Together) -> list[object]:
    """Run flows in threads; return the result, or the error, of each."""
    if len(what.flows) == 1 and not what.grace:
        return [_outcome(run, what.flows[0])]
    outcomes: list[object] = [None] * len(what.flows)
    waiting = iter(enumerate(what.flows))
    taking, stopped = threading.Lock(), threading.Event()
    ended: SimpleQueue[None] = SimpleQueue()

    def work() -> None:
        while not stopped.is_set():
            with taking:
                number, flow = next(waiting, (0, None))
            if flow is None:
                break
            outcomes[number] = _outcome(run, flow)
            ended.put(None)

    # Not those of a pool, which an interpreter that is about to end would wait for.
    threads = [
        threading.Thread(target=copy_context().run, args=(work,), daemon=True)
        for _ in range(min(what.at_once, len(what.flows)))
    ]
    try:
        for thread in threads:
            thread.start()
        for _ in what.flows:
            ended.get()
    except BaseException:
        stopped.set()
        until = monotonic() + what.grace
        for thread in threads:
            if thread.ident is not None:
                thread.join(max(until - monotonic(), 0))
        raise
    return outcomes


def _outcome(run: Callable[[Flow[Any]], Any], flow: Flow[Any]) -> object:
    try:
        return run(flow)
    except Exception as error:  # noqa: BLE001 - it is for who asked for the flow to judge
        return error


async def run_together_async(
    run: Callable[[Flow[Any]], Awaitable[Any]], what: Together
) -> list[object]:
    """Run flows in tasks; return the result, or the error, of each."""
    import asyncio  # who never awaits need not load it

    outcomes: list[object] = [None] * len(what.flows)
    waiting = iter(enumerate(what.flows))
    stopped = False

    async def work() -> None:
        for number, flow in waiting:
            try:
                outcomes[number] = await run(flow)
            except Exception as error:  # noqa: BLE001 - it is for who asked for the flow to judge
                outcomes[number] = error
            if stopped:
                break

    if not what.flows:
        return []
    tasks = [asyncio.create_task(work()) for _ in range(min(what.at_once, len(what.flows)))]
    try:
        await asyncio.wait(tasks)
    except BaseException:
        stopped = True
        if what.grace:
            await asyncio.wait(tasks, timeout=what.grace)
        raise
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    return outcomes
