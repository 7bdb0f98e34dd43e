"""What a job's end is told with."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from openvideos_emulator.timetable import Job

_HEX_AFTER_THE_SECOND = 40


def event_of(job: Job) -> dict[str, Any]:
    """Return the event of a job's end, which happens when its timetable says so."""
    ended = job.timetable.ended
    return {
        "id": _new_id("evt", ended),
        "object": "event",
        "created_at": ended // 1000,
        "type": "video.completed" if job.failure is None else "video.failed",
        "data": {"id": job.id},
    }


def new_webhook_id(due: int) -> str:
    """Return a new `webhook-id` of an event that is due at a time, in Unix milliseconds."""
    return _new_id("wh", due)


def _new_id(prefix: str, when: int) -> str:
    return f"{prefix}_{when // 1000:08x}{secrets.token_hex(_HEX_AFTER_THE_SECOND // 2)}"
