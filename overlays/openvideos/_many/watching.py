"""Wait for many jobs at once, with few requests."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import TYPE_CHECKING

from .._errors import InvalidInput, JobError, OpenVideosError
from .._flows.flows import Flow, Tell, Together
from .._http.logging import logger
from .._protocol import operations
from .._protocol.files import checked_id
from .._protocol.models import Video
from .._waiting.cancelling import Cancelled
from .._waiting.job_states import JobState
from .._waiting.jobs import JobHandle
from .._waiting.limits import DEFAULT_MAX_WAIT, check_limits
from .._waiting.looking import look
from .._waiting.polling import Finish, Stop
from .._waiting.waiting import completed
from .job_results import JobResult
from .rounds import Ask, Rest, Turn
from .scheduling import PAGE_SIZE, Awaited, Schedule

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable
    from types import TracebackType
    from typing import Self

    from .._http.requests import HasContext
    from .._protocol.decoding import ListedVideos
    from .._videos import AsyncVideos
    from .._waiting.cancelling import CancelToken
    from .._waiting.jobs import AsyncJob
    from .._waiting.looking import Sight


def attend(
    resource: HasContext,
    schedule: Schedule,
    tell: Callable[[Awaited], Flow[None]],
    cancel: CancelToken | None = None,
) -> Flow[float | None]:
    """Look at all jobs whose time has come; return after how many seconds the next one's comes.

    Args:
        resource: What asks.
        schedule: The jobs.
        tell: Called with each job that went on, and each whose waiting ended.
        cancel: Ends it when it is cancelled.

    Returns:
        The seconds; None where there is nothing to wait for.

    Raises:
        Cancelled: The token was cancelled.
    """
    clock = resource.context.clock
    while True:
        unfit = schedule.trust.unfit
        match schedule.step(clock.monotonic(), clock.random()):
            case Rest(seconds):
                yield from _tell_changes(schedule, tell)
                if seconds is not None:
                    logger.debug("jobs are looked at again in %.3f s", seconds)
                return seconds
            case Turn(after, until):
                logger.debug("a page of the list is looked at, after %s", after)
                schedule.page((yield from _page(resource, after, until, cancel)))
            case Ask(jobs):
                logger.debug("%d jobs are looked at by themselves", len(jobs))
                looks = [_look_by(resource, id_, until, cancel) for id_, until in jobs.items()]
                outcomes = yield Together(looks)
                for outcome in outcomes:
                    if isinstance(outcome, BaseException):
                        raise outcome
                schedule.alone(zip(jobs, outcomes, strict=True))
        if schedule.trust.unfit != unfit:
            logger.debug("the list is not asked any more: %s", schedule.trust.unfit)
        yield from _tell_changes(schedule, tell)


def _tell_changes(schedule: Schedule, tell: Callable[[Awaited], Flow[None]]) -> Flow[None]:
    for awaited in schedule.changes():
        yield from tell(awaited)


def _page(
    resource: HasContext, after: str | None, until: float, cancel: CancelToken | None
) -> Flow[Sight[ListedVideos]]:
    call = operations.list_(after=after, limit=PAGE_SIZE, order="desc")
    left = until - resource.context.clock.monotonic()
    return (yield from look(resource, call, _seconds(left), cancel))


def _look_by(
    resource: HasContext, id_: str, until: float, cancel: CancelToken | None
) -> Flow[Sight[Video] | None]:
    """Look at a job by itself; return None where it is too late for that when its turn comes."""
    left = until - resource.context.clock.monotonic()
    if left <= 0:
        return None
    if cancel and cancel.cancelled:
        raise Cancelled
    return (yield from look(resource, operations.retrieve(id_), _seconds(left), cancel))


def _seconds(left: float) -> float | None:
    return None if left == math.inf else left


def result_of(awaited: Awaited, index: int = 0) -> JobResult:
    """Return what became of a job whose waiting has ended."""
    error: OpenVideosError | None = None
    match awaited.end:
        case Finish(video):
            try:
                completed(video)
            except JobError as job_error:
                error = job_error
        case Stop(stopped):
            error = stopped
    return JobResult(index, awaited.job.id, awaited.job.video, error)


class Listener:
    """Tells a user's function of each change of jobs, once."""

    def __init__(self, function: Callable[[Video], object] | None) -> None:
        self._function = function
        self._told: dict[Awaited, tuple[str, int | None]] = {}

    def tell(self, awaited: Awaited) -> Flow[None]:
        """Tell of a job, where it is not as it was last told."""
        video = awaited.job.video
        if self._function is None or video is None:
            return
        view = (video.status, video.progress)
        if self._told.get(awaited) != view:
            self._told[awaited] = view
            yield Tell(self._function, video)
        if awaited.end:
            self._told.pop(awaited, None)


def state_of(job: object) -> JobState:
    """Return what is known of a job that is given as a handle, a video or an id.

    Raises:
        InvalidInput: It is none of these.
    """
    match job:
        case JobHandle():
            return job._state  # noqa: SLF001 - the package's own
        case Video():
            return JobState(checked_id(job.id, "jobs"), video=job)
        case str():
            return JobState(checked_id(job, "jobs"))
    raise InvalidInput(f"jobs holds {job!r}; give jobs, videos or ids")


class AsyncWatcher:
    """Waits for jobs on behalf of many tasks, which share what it sees. An async context manager.

    Args:
        videos: The operations of the client to wait with.
        interval: The pause between two looks at a job, in seconds; left out, what the server asks
            for (0.5 to 60 s), else 10 s that grow to 20 s.
    """

    def __init__(self, videos: AsyncVideos, *, interval: float | None = None) -> None:
        check_limits(max_wait=None, interval=interval)
        self._videos = videos
        self._interval = interval
        self._schedule = Schedule()
        self._news: dict[Awaited, asyncio.Event] = {}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        import asyncio  # who never awaits need not load it

        self._added = asyncio.Event()
        self._task = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """End the watching; whoever still waits is told so."""
        import asyncio  # who never awaits need not load it

        if self._task:
            self._task.cancel()
            await asyncio.wait([self._task])

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
            on_progress: Called with the job at changes of its status or progress; may be a
                coroutine function.

        Raises:
            WaitTimeout: It was not finished in time, and runs on.
            VideoFailed: It failed.
            VideoCancelled: It was cancelled.
            VideoExpired: It is no longer kept.
            VideoWasDeleted: It was deleted.
            APIError: The server says that asking for it is of no use.
            InvalidInput: The watcher is not inside its `async with`, or its client is closed.
        """
        import asyncio  # who never awaits need not load it

        self._check()
        context, driver = self._videos.context, self._videos._driver  # noqa: SLF001 - one package
        awaited = self._schedule.add(
            state_of(job),
            now=context.clock.monotonic(),
            max_wait=max_wait,
            interval=self._interval,
            chance=context.clock.random(),
        )
        listener, news = Listener(on_progress), asyncio.Event()
        self._news[awaited] = news
        self._added.set()
        try:
            while True:
                await driver.run(listener.tell(awaited))
                if awaited.end:
                    return result_of(awaited).unwrap()
                self._check()
                left = awaited.deadline - context.clock.monotonic()
                with suppress(TimeoutError):
                    async with asyncio.timeout(_seconds(left)):
                        await news.wait()
                news.clear()
                self._schedule.expire(awaited, context.clock.monotonic())
        finally:
            del self._news[awaited]
            self._schedule.drop(awaited)

    def _check(self) -> None:
        """Make sure that somebody watches."""
        if self._task is None or (self._task.done() and self._task.cancelled()):
            raise InvalidInput("An AsyncWatcher waits inside its `async with` only")
        if self._task.done() and (error := self._task.exception()):
            raise error

    async def _watch(self) -> None:
        try:
            while True:
                self._added.clear()
                pause = await self._videos._driver.run(  # noqa: SLF001 - one package
                    attend(self._videos, self._schedule, self._tell)
                )
                await self._rest(pause)
        finally:
            for news in self._news.values():
                news.set()

    def _tell(self, awaited: Awaited) -> Flow[None]:
        if awaited in self._news:
            self._news[awaited].set()
        yield from ()

    async def _rest(self, seconds: float | None) -> None:
        """Wait for so many seconds, or until a job is added."""
        import asyncio  # who never awaits need not load it

        clock = self._videos.context.clock
        resting: list[asyncio.Future[object]] = [asyncio.ensure_future(self._added.wait())]
        if seconds is not None:
            resting.append(asyncio.ensure_future(clock.async_sleep(seconds)))
        try:
            await asyncio.wait(resting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in resting:
                each.cancel()
            await asyncio.gather(*resting, return_exceptions=True)
