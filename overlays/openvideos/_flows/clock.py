"""Time and chance, as the client sees them."""

from __future__ import annotations

import random
import time
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from .._waiting.cancelling import sleep_unless_cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .._waiting.cancelling import CancelToken


async def _sleep(seconds: float) -> None:
    import asyncio  # who never awaits need not load it

    await asyncio.sleep(seconds)


@frozen
class Clock:
    """The sources of time and chance; a test gives its own.

    Attributes:
        monotonic: Seconds that never go back, from any start.
        now: Unix seconds.
        sleep: Waits for so many seconds.
        cancellable_sleep: Waits for so many seconds, or until a token is cancelled.
        async_sleep: Waits for so many seconds, awaited.
        random: A number from 0 up to 1.
    """

    monotonic: Callable[[], float] = field(default=time.monotonic)
    now: Callable[[], float] = field(default=time.time)
    sleep: Callable[[float], None] = field(default=time.sleep)
    cancellable_sleep: Callable[[float, CancelToken], None] = field(default=sleep_unless_cancelled)
    async_sleep: Callable[[float], Coroutine[Any, Any, None]] = field(default=_sleep)
    random: Callable[[], float] = field(default=random.random)
