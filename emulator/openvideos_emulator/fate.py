"""What is decided about a job when it is created, because a fault says so.

A fault's `job` step leaves it in the ASGI scope as `fate`. The job's timetable is planned by it,
and so are its webhooks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import attrs

if TYPE_CHECKING:
    from starlette.types import Scope

    from openvideos_emulator.timetable import Failure

WebhookFault = Literal["duplicate", "late", "early", "forged", "lost"]


@attrs.frozen(kw_only=True)
class Fate:
    """What is to go wrong with a job.

    Attributes:
        failure: Why the job fails in the end, or None where nothing was decided.
        refused: Whether it fails early, before much work went into it.
        stuck: Whether its progress stays at 99 for ever.
        slowness: By which factor it takes longer than others.
        webhook: What goes wrong with the events of the job: `duplicate` (sent twice), `late`
            (sent a minute after it became due), `early` (sent when the job begins), `forged`
            (another comes beside it, signed with another secret), `lost` (never sent), or None.
    """

    failure: Failure | None = None
    refused: bool = False
    stuck: bool = False
    slowness: float = 1.0
    webhook: WebhookFault | None = None


USUAL = Fate()
"""The fate of a job that no fault concerns."""


def fate_of(scope: Scope) -> Fate:
    """Return the fate of the job that a request creates."""
    fate: Fate = scope.get("fate", USUAL)
    return fate
