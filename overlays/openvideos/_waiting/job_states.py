"""What is known of a job here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import define

if TYPE_CHECKING:
    from .._protocol.models import Video


@define
class JobState:
    """What is known of a job here.

    Attributes:
        id: The id that creating it gave, whatever id a gateway answers with later.
        created: When this process created it, on the clock that never goes back; None if it
            did not.
        video: The job as it was last seen; None if it never was.
        asked: For how many seconds the server then asked to be left alone; None if it did not.
        seen: When that was.
    """

    id: str
    created: float | None = None
    video: Video | None = None
    asked: float | None = None
    seen: float = 0.0

    def saw(self, video: Video, *, asked: float | None, now: float) -> None:
        """Note how the job stands."""
        self.video, self.asked, self.seen = video, asked, now
