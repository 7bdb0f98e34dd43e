"""A token that ends waits from elsewhere."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Iterator
    from typing import Any

T = TypeVar("T")


class CancelToken:
    """Ends waits from elsewhere: another thread, another task, a signal's handler, a button.

    One token may end many waits, of sync and of async clients. The jobs run on.
    """

    # Without a lock, so that the handler of a signal may cancel whatever its thread was at: who
    # listens is noted before the flag is read, and told after it is set.

    def __init__(self) -> None:
        self._cancelled = False
        self._listeners: dict[object, Callable[[], None]] = {}

    def __repr__(self) -> str:
        return f"<CancelToken, {'cancelled' if self._cancelled else 'not cancelled'}>"

    @property
    def cancelled(self) -> bool:
        """Whether `cancel` was called."""
        return self._cancelled

    def cancel(self) -> None:
        """End every wait that has this token, at once and for good."""
        self._cancelled = True
        for tell in tuple(self._listeners.values()):
            tell()

    @contextmanager
    def _listening(self, tell: Callable[[], None]) -> Iterator[None]:
        key = object()
        self._listeners[key] = tell
        try:
            if self._cancelled:
                tell()
            yield
        finally:
            del self._listeners[key]


class Cancelled(Exception):  # it does not leave the package
    """Something was ended by its token."""


@contextmanager
def cancelling(token: CancelToken | None, tell: Callable[[], None]) -> Iterator[None]:
    """Have a function called when a token is cancelled, if there is one."""
    if token is None:
        yield
    else:
        with token._listening(tell):  # noqa: SLF001 - the two are one
            yield


def sleep_unless_cancelled(seconds: float, token: CancelToken) -> None:
    """Wait for so many seconds.

    Raises:
        Cancelled: The token was cancelled.
    """
    woken: SimpleQueue[None] = SimpleQueue()
    with cancelling(token, lambda: woken.put(None)), suppress(Empty):
        woken.get(timeout=seconds)
    if token.cancelled:
        raise Cancelled


async def unless_cancelled(work: Coroutine[Any, Any, T], token: CancelToken) -> T:
    """Await something.

    Raises:
        Cancelled: The token was cancelled; the work was ended.
    """
    import asyncio  # who never awaits need not load it

    loop, task = asyncio.get_running_loop(), asyncio.ensure_future(work)

    def tell() -> None:
        with suppress(RuntimeError):  # the event loop has ended, and the task with it
            loop.call_soon_threadsafe(task.cancel)

    with cancelling(token, tell):
        try:
            return await task
        except asyncio.CancelledError:
            current = asyncio.current_task()
            if token.cancelled and not (current and current.cancelling()):
                raise Cancelled from None
            raise
