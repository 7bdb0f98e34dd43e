"""A clock for tests."""

import attrs

NOW = 1_795_000_000_000


@attrs.define
class HandClock:
    """A clock that goes on only where a test turns it.

    Attributes:
        time: What it shows, in Unix milliseconds.
    """

    time: int = NOW

    def now(self) -> int:
        return self.time

    def turn(self, seconds: float) -> None:
        self.time += round(seconds * 1000)
