"""A job's life, as a pure function of its row and the time.

The whole timetable is fixed when the job is created. No thread moves jobs: any process that reads
the row at the same time sees the same Video, and a restart loses nothing. Only a job that
progresses by retrieves is moved by them.
"""

from __future__ import annotations

import math
import random
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from openvideos_emulator.fate import WebhookFault

NEVER = 253_402_300_799_000
"""A time that does not come: the end of the year 9999, in Unix milliseconds."""

SECONDS_UNTIL_EXPIRY = 3600.0
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
class Steps:
    """How far a job is that progresses by retrieves.

    Attributes:
        needed: How many retrieves it takes.
        made: How many there were.
    """

    needed: int
    made: int = 0


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
        steps: How far it is, or None where it goes by the clock.
        trick: What goes wrong on purpose with the event of its end, or None.
    """

    id: str
    model: str
    prompt: str
    size: str
    seconds: str
    remixed_from_video_id: str | None
    timetable: Timetable
    failure: Failure | None = None
    steps: Steps | None = None
    trick: WebhookFault | None = None

    def status(self, now: int) -> str:
        """Return where the job stands at a time, by the contract's names."""
        if not self.at_end(now):
            return "in_progress" if self._has_started(now) else "queued"
        return "completed" if self.failure is None else "failed"

    def at_end(self, now: int) -> bool:
        """Return whether the job is completed or has failed at a time."""
        if self.steps is None:
            return now >= self.timetable.ended
        return self.steps.made >= self.steps.needed

    def expired(self, now: int) -> bool:
        """Return whether the job's assets are gone at a time."""
        return now >= self.timetable.expires

    def _has_started(self, now: int) -> bool:
        if self.steps is None:
            return now >= self.timetable.started
        return self.steps.made > 0


def plan(
    job_id: str,
    now: int,
    *,
    pixels: int,
    seconds: float,
    professional: bool,
    refused: bool,
    speed: float,
    expires_after: float = SECONDS_UNTIL_EXPIRY,
) -> Timetable:
    """Return the timetable of a new job that goes by the clock.

    Args:
        job_id: The job's id, which seeds a small variation.
        now: The time, in Unix milliseconds.
        pixels: How many pixels a frame has.
        seconds: How many seconds are to be made.
        professional: Whether a slower, better model makes them.
        refused: Whether the job is refused soon after it has started.
        speed: Divides everything but the time until expiry.
        expires_after: How many seconds its assets are kept.
    """
    vary = random.Random(job_id)  # noqa: S311 - a variation that can be repeated, not a secret
    effort = (pixels / _USUAL_PIXELS) * (seconds / _USUAL_SECONDS) * (2 if professional else 1)
    # Twice the work takes less than twice the time.
    pace = effort**0.8 * vary.uniform(1 - _VARIATION, 1 + _VARIATION)
    queue = _STARTED * vary.uniform(1 - _VARIATION, 1 + _VARIATION)
    climbing = (_CLIMBED - _STARTED) * pace
    working = (_REFUSED_AFTER if refused else (_ENDED - _STARTED)) * pace
    started = _later(now, queue / speed)
    climbed = _later(started, climbing / speed)
    ended = _later(started, working / speed)
    return Timetable(now, started, climbed, ended, expiry(ended, expires_after))


def _later(time: int, seconds: float) -> int:
    # Each state lasts at least a millisecond, however fast: a create is answered with `queued`.
    return time + max(1, round(min(seconds * 1000, NEVER - time)))


def plan_at_once(now: int, *, expires_after: float = SECONDS_UNTIL_EXPIRY) -> Timetable:
    """Return the timetable of a new job that is at its end as soon as it is there."""
    return Timetable(now, now, now, now, expiry(now, expires_after))


def without_end(timetable: Timetable) -> Timetable:
    """Return a timetable whose end does not come, or is not known yet."""
    return attrs.evolve(timetable, ended=NEVER, expires=NEVER)


def expiry(ended: int, expires_after: float) -> int:
    """Return when the assets of a job that ended at a time are gone.

    The Video tells whole seconds; the assets are gone exactly when it says so.
    """
    return (ended // 1000 + math.ceil(expires_after)) * 1000


def observe(job: Job, now: int) -> dict[str, Any]:
    """Return the job's Video at a time, in Unix milliseconds.

    With time, and with each step of a job that has steps, status and progress only go forward,
    and what is final stays.
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
        "progress": 100 if completed else _running_progress(job, now),
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
    if job.at_end(now):
        return None
    if job.timetable.started == job.timetable.created:
        # It goes by retrieves, or is done with the next: the clock has no part in it.
        return _POLL_AT_LEAST
    return max(_POLL_AT_LEAST, round(_POLL_EVERY / speed))


def _running_progress(job: Job, now: int) -> int:
    return min(_HIGHEST_RUNNING_PROGRESS, int(_HIGHEST_RUNNING_PROGRESS * _done(job, now)))


def _done(job: Job, now: int) -> float:
    """Return how much of its work a job has done, from 0 to 1 or beyond."""
    timetable, steps = job.timetable, job.steps
    if steps is not None:
        return steps.made / steps.needed
    now = min(now, timetable.ended)
    if timetable.climbed <= timetable.started:
        return float(timetable.started <= now < timetable.ended)
    return max(0, now - timetable.started) / (timetable.climbed - timetable.started)
