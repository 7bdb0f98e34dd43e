"""Worlds: what can be different for each API key while the emulator runs.

A key is a world of its own: its videos, its clock, how its jobs progress, its faults, its
webhooks and the journal of its requests.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from openvideos_emulator.clock import Clock


@attrs.frozen(kw_only=True)
class World:
    """One key's world, as it was when a request arrived.

    Attributes:
        tenant: Whose it is, empty for a request without a key.
        clock: The machine's time, which the world's own is told from.
        offset: By how many milliseconds its time is ahead.
        frozen_at: Its time in Unix milliseconds where its clock stands still, else None.
        progress: How its jobs progress: `time`, `immediate` or `polls:N`.
    """

    tenant: str
    clock: Clock
    offset: int = 0
    frozen_at: int | None = None
    progress: str = "time"

    def now(self) -> int:
        """Return the world's time in Unix milliseconds."""
        return self.clock.now() + self.offset if self.frozen_at is None else self.frozen_at
