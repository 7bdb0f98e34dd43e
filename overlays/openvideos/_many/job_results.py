"""What became of one of many jobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import frozen

if TYPE_CHECKING:
    from .._errors import OpenVideosError
    from .._protocol.models import Video


@frozen
class JobResult:
    """What became of one of many jobs: its video, or the error in place of it.

    Attributes:
        index: Its place in the order in which the jobs were given.
        id: The job's id, as creating it gave it; None where it could not be created.
        video: The job as it was last seen; None if it never was.
        error: What `Job.wait` would have raised, or what creating the job raised; None if the
            video was made.
    """

    index: int
    id: str | None
    video: Video | None
    error: OpenVideosError | None

    @property
    def ok(self) -> bool:
        """Whether the video was made."""
        return self.error is None

    def unwrap(self) -> Video:
        """Return the job, if it made its video.

        Raises:
            OpenVideosError: It did not: `error`.
        """
        if self.error is not None:
            raise self.error
        assert self.video, "a job without an error was seen"  # noqa: S101 - how results are made
        return self.video
