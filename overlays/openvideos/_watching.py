"""Wait for many jobs at once, with few requests."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._polling import DEFAULT_MAX_WAIT

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from ._jobs import AsyncJob
    from ._models import Video
    from ._videos import AsyncVideos


class AsyncWatcher:
    """Waits for jobs on behalf of many tasks, which share what it sees.

    Args:
        videos: The operations of the client to wait with.
        interval: The pause between two looks at a job, in seconds; left out, what the server asks
            for (0.5 to 60 s), else 10 s that grow to 20 s.
    """

    def __init__(self, videos: AsyncVideos, *, interval: float | None = None) -> None:
        self._videos = videos
        self._interval = interval

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the watching."""

    async def wait(
        self,
        job: AsyncJob | str,
        *,
        max_wait: float | None = DEFAULT_MAX_WAIT,
        on_progress: Callable[[Video], object] | None = None,
    ) -> Video:
        """Wait until a job's video is made; return it. Any number of tasks may wait at once.

        Args:
            job: The job, or its id.
            max_wait: For how many seconds to wait: an hour if left out; None for ever.
            on_progress: Called with the job at each change of its status or progress; may be a
                coroutine function.

        Raises:
            WaitTimeout: It was not finished in time, and runs on.
            VideoFailed: It failed.
            VideoCancelled: It was cancelled.
            VideoExpired: It is no longer kept.
            VideoWasDeleted: It was deleted.
            APIError: The server says that asking for it is of no use.
        """
        handle = self._videos.job(job) if isinstance(job, str) else job
        return await handle.wait(
            max_wait=max_wait, on_progress=on_progress, interval=self._interval
        )
