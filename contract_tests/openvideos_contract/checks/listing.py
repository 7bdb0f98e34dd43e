"""What a list holds."""

from __future__ import annotations

from typing import Any

from openvideos_contract.jobs.job import Job
from openvideos_contract.outcome import Blocked, NotRun, require
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate, video_path

# The most that a page holds.
LONGEST_PAGE = 100


def listed_videos(answer: Exchange) -> list[dict[str, Any]]:
    """Return the videos of a list, none where it holds none."""
    data = answer.object.get("data")
    return [video for video in data if isinstance(video, dict)] if isinstance(data, list) else []


def listed_ids(answer: Exchange) -> list[str]:
    """Return the ids of the videos of a list.

    Raises:
        Blocked: It is no list of videos (LIST-001).
    """
    if not answer.ok or not isinstance(answer.object.get("data"), list):
        raise Blocked(f"the list cannot be had (LIST-001): {answer.summary}")
    return [str(video.get("id")) for video in listed_videos(answer)]


def require_listed(job: Job, *answers: Exchange) -> None:
    """Go on if each list of the newest videos holds a job of the run.

    One that is full of others, which were made later, is not judged.

    Raises:
        Blocked: One is no list of videos (LIST-001).
        Nonconformity: One does not.
        NotRun: All are full of others.
    """
    judged = [answer for answer in answers if not _is_full_of_later(job, answer)]
    if not judged:
        raise NotRun(f"{LONGEST_PAGE} videos and more were made by others since {job.id}")
    for answer in judged:
        found = listed_ids(answer)
        require(
            job.id in found,
            expected=f"the video {job.id}, {job.request.purpose}, among the newest 100",
            seen=f"a list of {len(found)} videos without it",
            exchange=answer,
        )


def _is_full_of_later(job: Job, answer: Exchange) -> bool:
    """Return whether a page holds as many as it can, none of them made before the job."""
    times = [video.get("created_at") for video in listed_videos(answer)]
    created_at = job.video.get("created_at")
    return (
        len(times) >= LONGEST_PAGE
        and isinstance(created_at, int)
        and all(isinstance(moment, int) and moment >= created_at for moment in times)
        and job.id not in listed_ids(answer)
    )


def require_cursor_there(gate: Gate, cursor: str | None) -> None:
    """Go on unless a walk stood at somebody else's video when that was deleted.

    Raises:
        NotRun: It did; what comes after a deleted video is told by LIST-018.
    """
    if cursor is None or any(made.id == cursor for made in gate.made):
        return
    if gate.send("GET", video_path(cursor)).status == 404:
        raise NotRun(f"somebody else deleted {cursor}, at which the walk stood")
