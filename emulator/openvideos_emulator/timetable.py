"""A job's life, as a pure function of its row and the time.

The whole timetable is fixed when the job is created. No thread moves jobs: any process that reads
the row at the same time sees the same Video, and a restart loses nothing.
"""

from __future__ import annotations

import random
from typing import Any

import attrs

SECONDS_UNTIL_EXPIRY = 3600
_USUAL_PIXELS = 720 * 1280
_USUAL_SECONDS = 4.0
_HIGHEST_RUNNING_PROGRESS = 99
# Seen with 4 s at 720p, in seconds after the create: the job starts after a few, its progress
# reaches 99 after 42 and stays there until the job is completed after 55.
_STARTED, _CLIMBED, _ENDED = 4.0, 42.0, 55.0
_REFUSED_AFTER = 9.0
_VARIATION = 0.08
_POLL_EVERY = 5000
_POLL_AT_LEAST = 20


@attrs.frozen
class Failure:
    """Why a job fails: the Video's `error`."""

    code: str
    message: str


@attrs.frozen
class Timetable:
    """When what happens to a job, in Unix milliseconds.

    Attributes:
        created: The job is queued.
        started: It is in progress.
        climbed: Its progress has reached 99, where it stays.
        ended: It is completed or has failed.
        expires: Its assets are gone.
    """

    created: int
    started: int
    climbed: int
    ended: int
    expires: int


@attrs.frozen
class Job:
    """A job as its row has it.

    Attributes:
        id: Its id.
        model: The model that was asked for.
        prompt: The prompt, exactly as it was sent.
        size: The picture's size, such as `720x1280`.
        seconds: The video's length in seconds, as text.
        remixed_from_video_id: The video that it is a remix of, or None.
        timetable: When what happens to it.
        failure: Why it fails in the end, or None where it is completed.
    """

    id: str
    model: str
    prompt: str
    size: str
    seconds: str
    remixed_from_video_id: str | None
    timetable: Timetable
    failure: Failure | None = None

    def status(self, now: int) -> str:
        """Return where the job stands at a time, by the contract's names."""
        timetable = self.timetable
        if now < timetable.started:
            return "queued"
        if now < timetable.ended:
            return "in_progress"
        return "completed" if self.failure is None else "failed"

    def expired(self, now: int) -> bool:
        """Return whether the job's assets are gone at a time."""
        return now >= self.timetable.expires


def plan(
    job_id: str,
    now: int,
    *,
    pixels: int,
    seconds: float,
    professional: bool,
    refused: bool,
    speed: float,
) -> Timetable:
    """Return the timetable of a new job.

    Args:
        job_id: The job's id, which seeds a small variation.
        now: The time, in Unix milliseconds.
        pixels: How many pixels a frame has.
        seconds: How many seconds are to be made.
        professional: Whether a slower, better model makes them.
        refused: Whether the job is refused soon after it has started.
        speed: Divides everything but the time until expiry.
    """
    vary = random.Random(job_id)  # noqa: S311 - a variation that can be repeated, not a secret
    effort = (pixels / _USUAL_PIXELS) * (seconds / _USUAL_SECONDS) * (2 if professional else 1)
    # Twice the work takes less than twice the time.
    pace = effort**0.8 * vary.uniform(1 - _VARIATION, 1 + _VARIATION)
    queue = _STARTED * vary.uniform(1 - _VARIATION, 1 + _VARIATION)
    climbing = (_CLIMBED - _STARTED) * pace
    working = (_REFUSED_AFTER if refused else (_ENDED - _STARTED)) * pace
    # Each state lasts at least a millisecond, however fast: a create is answered with `queued`.
    started = now + max(1, round(queue * 1000 / speed))
    climbed = started + max(1, round(climbing * 1000 / speed))
    ended = started + max(1, round(working * 1000 / speed))
    # The Video tells whole seconds; the assets are gone exactly when it says so.
    expires = (ended // 1000 + SECONDS_UNTIL_EXPIRY) * 1000
    return Timetable(created=now, started=started, climbed=climbed, ended=ended, expires=expires)


def observe(job: Job, now: int) -> dict[str, Any]:
    """Return the job's Video at a time, in Unix milliseconds.

    With time, status and progress only go forward, and what is final stays.
    """
    timetable = job.timetable
    status = job.status(now)
    completed = status == "completed"
    failure = job.failure if status == "failed" else None
    return {
        "id": job.id,
        "object": "video",
        "model": job.model,
        "status": status,
        "progress": 100 if completed else _running_progress(timetable, now),
        "created_at": timetable.created // 1000,
        "completed_at": timetable.ended // 1000 if completed else None,
        "expires_at": timetable.expires // 1000 if completed else None,
        "prompt": job.prompt,
        "size": job.size,
        "seconds": job.seconds,
        "remixed_from_video_id": job.remixed_from_video_id,
        "error": None if failure is None else {"code": failure.code, "message": failure.message},
    }


def poll_after(job: Job, now: int, speed: float) -> int | None:
    """Return after how many milliseconds to ask again, or None where the job is at its end."""
    if now >= job.timetable.ended:
        return None
    return max(_POLL_AT_LEAST, round(_POLL_EVERY / speed))


def _running_progress(timetable: Timetable, now: int) -> int:
    now = min(now, timetable.ended)
    if now <= timetable.started:
        return 0
    done = (now - timetable.started) / (timetable.climbed - timetable.started)
    return min(_HIGHEST_RUNNING_PROGRESS, int(_HIGHEST_RUNNING_PROGRESS * done))
