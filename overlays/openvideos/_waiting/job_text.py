"""A job as text, to be kept and picked up by another process, also by one of another version."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from .._errors import InvalidInput
from .._protocol.decoding import stored_video
from .._protocol.files import checked_id
from .job_states import JobState

if TYPE_CHECKING:
    from .._flows.clock import Clock

_KIND = "openvideos.job"
# Raised only where an older reader would misread the text; new keys are ignored by older readers.
_VERSION = 1
_LATEST_CREATION = 60.0  # seconds by which the clock of another host may be ahead of ours


def job_text(state: JobState, *, base_url: str, clock: Clock) -> str:
    """Return a job as JSON. It holds no key."""
    video = state.video
    created = None
    if state.created is not None:
        created = clock.now() - (clock.monotonic() - state.created)
    return json.dumps(
        {
            "object": _KIND,
            "version": _VERSION,
            "id": state.id,
            "base_url": base_url,
            "created_at": created,
            "progress": video.progress if video else None,
            "video": video.raw if video else None,
        },
        ensure_ascii=False,
    )


def job_state(text: str, *, base_url: str, clock: Clock) -> JobState:
    """Read a job that `job_text` wrote.

    Args:
        text: The text.
        base_url: The address of the server that will be asked for the job.
        clock: The source of time.

    Raises:
        InvalidInput: It is no such text, a newer version's, or of a job at another server.
    """
    kept = _kept(text)
    video_id = checked_id(kept.get("id"), "the job's id")
    home = kept.get("base_url")
    if home != base_url:
        raise InvalidInput(
            f"The job {video_id} is at {home}, but this client speaks to {base_url}. Where that is "
            f"the same server, videos.job({video_id!r}) picks it up"
        )
    state = JobState(video_id, created=_created(kept.get("created_at"), clock), seen=-math.inf)
    sent = kept.get("video")
    if isinstance(sent, dict):
        state.video = stored_video(sent, video_id)
        progress = kept.get("progress")
        if isinstance(progress, int) and 0 <= progress <= 100:
            state.video.progress = max(progress, state.video.progress or 0)
    return state


def _kept(text: object) -> dict[str, Any]:
    try:
        kept = json.loads(text) if isinstance(text, str | bytes) else None
    except (ValueError, RecursionError):
        kept = None
    if not isinstance(kept, dict) or kept.get("object") != _KIND:
        raise InvalidInput("This is no job: give the text that a job's to_json() returned")
    version = kept.get("version")
    if not isinstance(version, int) or version > _VERSION:
        raise InvalidInput(
            f"This job was written by a newer openvideos, in the version {version!r} of its text; "
            f"this one reads up to {_VERSION}. videos.job(id) picks it up by its id, which is "
            f"{kept.get('id')!r}"
        )
    return kept


def _created(moment: object, clock: Clock) -> float | None:
    """Return when a job was created, on the clock that never goes back."""
    if isinstance(moment, bool) or not isinstance(moment, int | float):
        return None
    age = clock.now() - moment
    return clock.monotonic() - max(age, 0) if age > -_LATEST_CREATION else None
