"""A clock that only moves when somebody sleeps."""

from __future__ import annotations

from attrs import define, field

from openvideos._flows.clock import Clock
from openvideos._waiting.cancelling import Cancelled, CancelToken

EPOCH = 1_800_000_000.0


@define
class FakeClock:
    """Time that passes by sleeping only.

    Attributes:
        time: Seconds since the start.
        sleeps: What was slept, in order.
    """

    time: float = 0.0
    sleeps: list[float] = field(factory=list)

    @property
    def clock(self) -> Clock:
        return Clock(
            monotonic=lambda: self.time,
            now=lambda: EPOCH + self.time,
            sleep=self.sleep,
            cancellable_sleep=self.cancellable_sleep,
            async_sleep=self.async_sleep,
            random=lambda: 0.5,
        )

    def sleep(self, seconds: float) -> None:
        assert seconds >= 0
        self.sleeps.append(seconds)
        self.time += seconds

    def cancellable_sleep(self, seconds: float, token: CancelToken) -> None:
        self.sleep(seconds)
        if token.cancelled:
            raise Cancelled

    async def async_sleep(self, seconds: float) -> None:
        self.sleep(seconds)
