"""A finished video that the user names, in place of a job of the run's own."""

from __future__ import annotations

from typing import Any, NoReturn

import attrs

from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.plan import JobRequest
from openvideos_contract.outcome import NotRun, shorten
from openvideos_contract.settings.values import ConfigurationError
from openvideos_contract.wire.gate import Gate, video_path

# What only the run that made a video has seen of it; and whatever came "early".
_OF_ITS_MAKING = frozenset({"created", "video", "refusal", "listed"})
_MADE_BEFORE = (
    "the video of --reuse-video was made before the run, which saw nothing of how; "
    "a greater --max-videos lets it make one"
)


class _NothingAsked(dict[str, str]):
    """Stands for the fields of a request that another sent."""

    def __getitem__(self, field: str) -> NoReturn:
        raise NotRun(_MADE_BEFORE)

    def __contains__(self, field: object) -> NoReturn:
        raise NotRun(_MADE_BEFORE)

    def get(self, field: str, default: Any = None) -> NoReturn:
        raise NotRun(_MADE_BEFORE)


@attrs.define(repr=False, eq=False)
class ReusedVideo(Job):
    """The video of `--reuse-video`, for tests that only read it.

    To ask for anything that was seen only while it was made raises NotRun.
    """

    def __getattribute__(self, name: str) -> Any:
        if name in _OF_ITS_MAKING or name.startswith("early_"):
            raise NotRun(_MADE_BEFORE)
        return super().__getattribute__(name)


def reused(gate: Gate, video_id: str) -> ReusedVideo:
    """Return a finished video that was made before the run.

    Args:
        gate: Where the request for it leaves.
        video_id: Its id.

    Raises:
        ConfigurationError: The server does not have it, or it is not completed.
        Nonconformity: No whole answer came.
    """
    answer = gate.send("GET", video_path(video_id))
    status = answer.object.get("status")
    if status != "completed":
        there = f"its status is {status}" if answer.ok else f"the server answers {answer.summary}"
        raise ConfigurationError(
            f"--reuse-video {shorten(video_id, 100)} names no completed video: {there}"
        )
    request = JobRequest("plain", "the video of --reuse-video", "json", _NothingAsked())
    video = ReusedVideo(request, answer, video_id)
    video.polls.append(answer)
    video.ended = answer.object
    return video
