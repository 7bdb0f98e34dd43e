"""A job, as a handle: it can be waited for, downloaded, and picked up by its id."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, ParamSpec

from .._errors import InvalidInput
from .._flows.drivers import AsyncDriver, AsyncResource, Driver, Resource
from .._flows.flows import Emit, Flow, Tell
from .._flows.methods import async_method, sync_method
from .job_text import job_state, job_text
from .limits import DEFAULT_MAX_WAIT
from .waiting import completed, wait_until_final

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path
    from typing import Self

    from .._client import AsyncOpenVideos, OpenVideos
    from .._flows.drivers import Context
    from .._protocol.models import Video
    from .._protocol.operations import Variant
    from .cancelling import CancelToken
    from .job_states import JobState

P = ParamSpec("P")


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

    def _text(self, context: Context) -> str:
        return job_text(self._state, base_url=context.settings.base_url, clock=context.clock)

    def __repr__(self) -> str:
        status = self.video.status if self.video else "not seen yet"
        return f"<{type(self).__name__} {self.id} ({status})>"


def _wait(  # noqa: D417 - the first argument becomes self
    job: Job | AsyncJob,
    *,
    max_wait: float | None = DEFAULT_MAX_WAIT,
    on_progress: Callable[[Video], object] | None = None,
    interval: float | None = None,
    cancel: CancelToken | None = None,
    delete_on_cancel: bool = False,
) -> Flow[Video]:
    """Wait until the video is made; return it.

    What passes by itself is waited out: lost connections, a server that is busy or down, answers
    of proxies. Waiting again after an error is always possible. Whatever ends the waiting before
    the job is over, such as Ctrl-C, a task's cancelling or an error of `on_progress`, leaves the
    job running, and has its id in its notes.

    Args:
        max_wait: For how many seconds to wait, whatever the server does: an hour if left out; None
            for ever.
        on_progress: Called with the job at each change of its status or progress, which never goes
            back. May be a coroutine function at an async client.
        interval: The pause between two looks, in seconds; left out, what the server asks for (0.5
            to 60 s), else 10 s that grow to 20 s.
        cancel: A token that ends the waiting from elsewhere, at once.
        delete_on_cancel: Whether to delete the job when the waiting is cancelled, by Ctrl-C, its
            task or the token. It is tried for 5 s; the exception's notes say what came of it.

    Raises:
        WaitTimeout: It was not finished in time, and runs on.
        WaitCancelled: The token was cancelled.
        VideoFailed: It failed.
        VideoCancelled: It was cancelled.
        VideoExpired: It is no longer kept.
        VideoWasDeleted: It was deleted.
        VideoLost: The server knew it, and does not any more.
        APIError: The server says that asking for it is of no use: there is no such job, say.
    """
    video = yield from wait_until_final(
        job,
        job._state,  # noqa: SLF001 - a function that becomes a method of the class
        max_wait=max_wait,
        interval=interval,
        tell=partial(Tell, on_progress) if on_progress else None,
        cancel=cancel,
        delete_on_cancel=delete_on_cancel,
    )
    return completed(video)


def _updates(
    job: Job | AsyncJob, max_wait: float | None, interval: float | None, cancel: CancelToken | None
) -> Flow[None]:
    video = yield from wait_until_final(
        job,
        job._state,  # noqa: SLF001 - the two are one
        max_wait=max_wait,
        interval=interval,
        tell=Emit,
        cancel=cancel,
    )
    completed(video)


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
    whole. What breaks off is carried on from, and so is what a killed process left behind.

    Args:
        path: The file to write, whose folder must exist; or a folder, in which the file gets the
            id as its name, and the ending of what arrives.
        variant: `video` (the default), `thumbnail` or `spritesheet`.
        on_progress: Called as the file comes, with how many bytes of it are here and how many
            there are, None where the server does not say. May be a coroutine function at an async
            client.
        overwrite: Whether a file that stands there already is replaced.

    Raises:
        InvalidInput: The path cannot be written to.
        TargetExists: A file stands there already, and is not to be replaced.
        VideoNotReady: The job is not finished: `wait` first.
        VideoFailed: The job failed; likewise the errors for cancelled, expired and deleted ones.
        VariantUnsupported: The server makes no such thumbnail or spritesheet.
        DownloadError: The file did not arrive whole, or something else did.
        APIError: The request did not succeed.
    """
    from .._downloading.downloads import downloaded  # who never downloads need not load it

    return downloaded(
        job,
        job.id,
        path,
        variant=variant,
        on_progress=on_progress,
        overwrite=overwrite,
        seen=job.video,
    )


class Job(JobHandle, Resource):
    """A job that makes a video, to be waited for. From `videos.submit` or `videos.job`."""

    def __init__(self, driver: Driver, state: JobState) -> None:
        super().__init__(driver)
        self._state = state

    wait = sync_method(_wait)
    download = sync_method(_download)

    def updates(
        self,
        *,
        max_wait: float | None = DEFAULT_MAX_WAIT,
        interval: float | None = None,
        cancel: CancelToken | None = None,
    ) -> Iterator[Video]:
        """Iterate over the job's changes of status and progress with `for`, until it is over.

        The first is how it is known already, if it is; the last is how it ended. Then errors are
        raised as by `wait`, so that a loop that ends has its video. Progress never goes back.

        Args:
            max_wait: For how many seconds to wait: an hour if left out; None for ever.
            interval: The pause between two looks, in seconds; left out, as with `wait`.
            cancel: A token that ends the waiting from elsewhere, at once.

        Raises:
            WaitTimeout: It was not finished in time, and runs on.
            WaitCancelled: The token was cancelled.
            JobError: It failed, or was cancelled, deleted or lost, or has expired.
            APIError: The server says that asking for it is of no use.
        """
        return self._driver.iterate(_updates(self, max_wait, interval, cancel))

    def to_json(self) -> str:
        """Return the job as text without the key, for `Job.from_json` in another process."""
        return self._text(self._driver)

    @classmethod
    def from_json(cls, client: OpenVideos, text: str) -> Self:
        """Pick up a job that `to_json` wrote, whoever's. Nothing is asked of the server.

        Args:
            client: A client of the same server.
            text: What `to_json` returned.

        Raises:
            InvalidInput: It is no such text, a newer version's, or of a job at another server.
        """
        driver = getattr(getattr(client, "videos", None), "_driver", None)
        if not isinstance(driver, Driver):
            raise InvalidInput("Job.from_json takes a client of the kind OpenVideos")
        settings = driver.settings
        return cls(driver, job_state(text, base_url=settings.base_url, clock=driver.clock))


class AsyncJob(JobHandle, AsyncResource):
    """A job that makes a video, to be awaited. From `videos.submit` or `videos.job`."""

    def __init__(self, driver: AsyncDriver, state: JobState) -> None:
        super().__init__(driver)
        self._state = state

    wait = async_method(_wait)
    download = async_method(_download)

    def updates(
        self,
        *,
        max_wait: float | None = DEFAULT_MAX_WAIT,
        interval: float | None = None,
        cancel: CancelToken | None = None,
    ) -> AsyncIterator[Video]:
        """Iterate over the job's changes of status and progress with `async for`, until it is over.

        The first is how it is known already, if it is; the last is how it ended. Then errors are
        raised as by `wait`, so that a loop that ends has its video. Progress never goes back.

        Args:
            max_wait: For how many seconds to wait: an hour if left out; None for ever.
            interval: The pause between two looks, in seconds; left out, as with `wait`.
            cancel: A token that ends the waiting from elsewhere, at once.

        Raises:
            WaitTimeout: It was not finished in time, and runs on.
            WaitCancelled: The token was cancelled.
            JobError: It failed, or was cancelled, deleted or lost, or has expired.
            APIError: The server says that asking for it is of no use.
        """
        return self._driver.iterate(_updates(self, max_wait, interval, cancel))

    def to_json(self) -> str:
        """Return the job as text without the key, for `AsyncJob.from_json` in another process."""
        return self._text(self._driver)

    @classmethod
    def from_json(cls, client: AsyncOpenVideos, text: str) -> Self:
        """Pick up a job that `to_json` wrote, whoever's. Nothing is asked of the server.

        Args:
            client: A client of the same server.
            text: What `to_json` returned.

        Raises:
            InvalidInput: It is no such text, a newer version's, or of a job at another server.
        """
        driver = getattr(getattr(client, "videos", None), "_driver", None)
        if not isinstance(driver, AsyncDriver):
            raise InvalidInput("AsyncJob.from_json takes a client of the kind AsyncOpenVideos")
        settings = driver.settings
        return cls(driver, job_state(text, base_url=settings.base_url, clock=driver.clock))
