"""A job, as a handle: it can be waited for, downloaded, and picked up by its id."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from attrs import define

from ._downloads import download
from ._drivers import AsyncResource, Resource
from ._methods import async_method, dressed, sync_method
from ._pauses import poll_after
from ._polling import DEFAULT_MAX_WAIT
from ._requests import execute
from ._waiting import completed, wait_until_final

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from ._calls import Call
    from ._drivers import AsyncDriver, Driver
    from ._flows import Flow
    from ._models import Video
    from ._operations import Variant
    from ._requests import HasContext
    from ._responses import Response

P = ParamSpec("P")


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


def created_job(resource: HasContext, call: Call[Video]) -> Flow[JobState]:
    """Create a job and note how it stands.

    Raises:
        APIError: The request did not succeed.
    """
    clock = resource.context.clock

    def decode(response: Response) -> JobState:
        video, now = call.decode(response), clock.monotonic()
        asked = poll_after(response.headers, clock.now())
        return JobState(video.id, created=now, video=video, asked=asked, seen=now)

    return execute(resource, call.decoded_by(decode))


class JobHandle:
    """What jobs of both kinds of clients have in common."""

    _state: JobState

    @property
    def id(self) -> str:
        """The job's id. Keep it: `videos.job(id)` picks the job up, in another process as well."""
        return self._state.id

    @property
    def video(self) -> Video | None:
        """The job as it was last seen; None if it never was."""
        return self._state.video

    def __repr__(self) -> str:
        status = self.video.status if self.video else "not seen yet"
        return f"<{type(self).__name__} {self.id} ({status})>"


def _wait(  # noqa: D417 - the first argument becomes self
    job: Job | AsyncJob,
    *,
    max_wait: float | None = DEFAULT_MAX_WAIT,
    on_progress: Callable[[Video], object] | None = None,
    interval: float | None = None,
) -> Flow[Video]:
    """Wait until the video is made; return it.

    What passes by itself is waited out: lost connections, a server that is busy or down, answers
    of proxies. Waiting again after an error is always possible.

    Args:
        max_wait: For how many seconds to wait, whatever the server does: an hour if left out; None
            for ever.
        on_progress: Called with the job at each change of its status or progress, which never goes
            back. May be a coroutine function at an async client.
        interval: The pause between two looks, in seconds; left out, what the server asks for (0.5
            to 60 s), else 10 s that grow to 20 s.

    Raises:
        WaitTimeout: It was not finished in time, and runs on.
        VideoFailed: It failed.
        VideoCancelled: It was cancelled.
        VideoExpired: It is no longer kept.
        VideoWasDeleted: It was deleted.
        APIError: The server says that asking for it is of no use: there is no such job, say.
    """
    video = yield from wait_until_final(
        job,
        job._state,  # noqa: SLF001 - a function that becomes a method of the class
        max_wait=max_wait,
        interval=interval,
        on_progress=on_progress,
    )
    return completed(video)


def _download(  # noqa: D417 - the first argument becomes self
    job: Job | AsyncJob,
    path: str | os.PathLike[str],
    *,
    variant: Variant | None = None,
    on_progress: Callable[[int, int | None], object] | None = None,
    overwrite: bool = True,
) -> Flow[Path]:
    """Write what the job made to a file; return its path.

    It is written as it comes, to `<name>.part` beside the target, and gets its name when it is
    whole.

    Args:
        path: The file to write. Its folder must exist.
        variant: `video` (the default), `thumbnail` or `spritesheet`.
        on_progress: Called as the file comes, with how many bytes have come and how many there
            are, None where the server does not say.
        overwrite: Whether a file that stands there already is replaced.

    Raises:
        InvalidInput: The path cannot be written to.
        TargetExists: A file stands there already, and is not to be replaced.
        VideoNotReady: The job is not finished: `wait` first.
        VideoFailed: The job failed; likewise the errors for cancelled, expired and deleted ones.
        DownloadError: The file did not arrive whole, or something else did.
        APIError: The request did not succeed.
    """
    return download(
        job, job.id, path, variant=variant, on_progress=on_progress, overwrite=overwrite
    )


class Job(JobHandle, Resource):
    """A job that makes a video, to be waited for. From `videos.submit` or `videos.job`."""

    def __init__(self, driver: Driver, state: JobState) -> None:
        super().__init__(driver)
        self._state = state

    wait = sync_method(_wait)
    download = sync_method(_download)


class AsyncJob(JobHandle, AsyncResource):
    """A job that makes a video, to be awaited. From `videos.submit` or `videos.job`."""

    def __init__(self, driver: AsyncDriver, state: JobState) -> None:
        super().__init__(driver)
        self._state = state

    wait = async_method(_wait)
    download = async_method(_download)


def sync_submit(create: Callable[P, Call[Video]]) -> Callable[Concatenate[Resource, P], Job]:
    """Return the method that creates a job and returns its handle."""

    def method(self: Resource, /, *args: P.args, **keywords: P.kwargs) -> Job:
        driver = self._driver
        return Job(driver, driver.run(created_job(self, create(*args, **keywords))))

    return dressed(method, create, name="submit", returns="Job", doc=_submit_doc(create))


def async_submit(
    create: Callable[P, Call[Video]],
) -> Callable[Concatenate[AsyncResource, P], Coroutine[Any, Any, AsyncJob]]:
    """Return the method that creates a job and returns its handle, awaited."""

    async def method(self: AsyncResource, /, *args: P.args, **keywords: P.kwargs) -> AsyncJob:
        driver = self._driver
        return AsyncJob(driver, await driver.run(created_job(self, create(*args, **keywords))))

    return dressed(method, create, name="submit", returns="AsyncJob", doc=_submit_doc(create))


def _submit_doc(create: Callable[..., Any]) -> str:
    _, _, details = (create.__doc__ or "").partition("\n")
    return f"Start a job that makes a video; return a handle that can be waited for.\n{details}"
