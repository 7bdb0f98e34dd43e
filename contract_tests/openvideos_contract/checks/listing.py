"""What a list holds."""

from __future__ import annotations

from typing import Any

from openvideos_contract.jobs.job import Job
from openvideos_contract.outcome import Blocked, require
from openvideos_contract.wire.exchange import Exchange


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


def require_listed(job: Job, answer: Exchange) -> None:
    """Go on if a list of the newest videos holds a job of the run.

    Raises:
        Blocked: It is no list of videos (LIST-001).
        Nonconformity: It does not.
    """
    found = listed_ids(answer)
    require(
        job.id in found,
        expected=f"the video {job.id}, {job.request.purpose}, among the newest 100",
        seen=f"a list of {len(found)} videos without it",
        exchange=answer,
    )
