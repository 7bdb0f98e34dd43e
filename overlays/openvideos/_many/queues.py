"""Queues: more jobs than a server takes at once, submitted as others end."""

from __future__ import annotations

from collections import deque
from functools import partial
from threading import Lock
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, cast

from attrs import define, field

from .._errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    CreateUncertain,
    CreateUncertainStatus,
    InvalidInput,
    OpenVideosError,
)
from .._flows.flows import Emit, Flow, Sleep, Together
from .._flows.methods import dressed
from .._http.pauses import retry_after
from .._protocol import operations
from .._protocol.files import file_input
from .._protocol.status_errors import FIND_IT, status_error
from .._waiting.limits import DEFAULT_MAX_WAIT, check_limits
from .._waiting.matching import Wanted
from .._waiting.submitting import created_job
from .job_results import JobResult
from .room import Room
from .scheduling import Schedule
from .watching import Listener, attend, result_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from .._client import AsyncOpenVideos, OpenVideos
    from .._flows.drivers import Context
    from .._http.calls import Call
    from .._http.requests import HasContext
    from .._http.responses import Response
    from .._protocol.files import FileInput
    from .._protocol.models import Video
    from .._videos import AsyncVideos, Videos
    from .._waiting.job_states import JobState
    from .scheduling import Awaited

P = ParamSpec("P")

_GRACE = 5.0  # seconds that a create has to tell the job's id when the queue is interrupted

# Which refusals of a create say that the server is busy: one that has too many jobs, one that has
# a job already.
_BUSY = {429, 409}


@define(eq=False)
class _Entry:
    """A job of a queue.

    Attributes:
        index: Its place in the order of submission.
        make: Makes the call that creates it; None once that is over, as it may hold a file.
        sent: When its create was sent, in unix seconds; None if it was not, or was refused.
        asks_for: What the create asks for.
        job: What is known of the job, once it is created.
        busy: Why the server did not take it for now.
        error: Why it could not be created.
        result: What became of it.
    """

    index: int
    make: Callable[[], Call[Video]] | None
    sent: float | None = None
    asks_for: Mapping[str, str] = field(factory=dict)
    job: JobState | None = None
    busy: APIError | None = None
    error: OpenVideosError | None = None
    result: JobResult | None = None


def queue_submit(create: Callable[P, Call[Video]]) -> Callable[Concatenate[_Queue, P], int]:
    """Return the method that puts a job into a queue."""

    def method(self: _Queue, /, *args: P.args, **keywords: P.kwargs) -> int:
        return self._add(create, args, keywords)

    _, _, details = (create.__doc__ or "").partition("\n")
    doc = (
        "Put a job into the queue; return its place in it. Nothing is sent yet.\n\n"
        f"    A file that is given by its path is read when its turn comes.\n{details}"
    )
    return dressed(method, create, name="submit", returns="int", doc=doc)


class _Queue:
    """What queues of both kinds of clients have in common: everything but `await`."""

    _resource: HasContext

    def __init__(
        self,
        *,
        max_in_flight: int,
        max_wait: float | None,
        interval: float | None,
        on_update: Callable[[Video], object] | None,
    ) -> None:
        check_limits(max_wait=max_wait, interval=interval)
        self._room = Room(max_in_flight)
        self._refusal: APIError | None = None
        self._max_wait = max_wait
        self._interval = interval
        self._listener = Listener(on_update)
        self._schedule = Schedule()
        self._entries: list[_Entry] = []
        self._waiting: deque[_Entry] = deque()
        self._starting: list[_Entry] = []
        self._running: dict[Awaited, _Entry] = {}
        self._ended: deque[JobResult] = deque()
        self._turn = Lock()  # what two did at once could create a job twice

    submit = queue_submit(operations.create)

    @property
    def results(self) -> list[JobResult]:
        """What became of the jobs that have ended, in the order of submission."""
        return [entry.result for entry in self._entries if entry.result]

    @property
    def running(self) -> list[str]:
        """The ids of the jobs that run, as far as is known."""
        return [awaited.job.id for awaited in self._running]

    def __len__(self) -> int:
        """Return how many jobs were submitted."""
        return len(self._entries)

    def __bool__(self) -> bool:
        return True

    def __repr__(self) -> str:
        return (
            f"<{type(self).__name__} of {len(self)} jobs: {len(self._waiting)} waiting, "
            f"{len(self._running)} running, {len(self.results)} ended>"
        )

    def _add(self, create: Callable[..., Call[Video]], args: Any, keywords: Any) -> int:
        if "input_reference" in keywords:
            keywords["input_reference"] = _kept(keywords["input_reference"])
        make = partial(create, *args, **keywords)
        make().close()  # for its checks, which are better known now
        entry = _Entry(len(self._entries), make)
        self._entries.append(entry)
        self._waiting.append(entry)
        return entry.index

    def _work(self) -> Flow[None]:
        """Emit what became of each job."""
        while (result := (yield from self._next_result())) is not None:
            yield Emit(result)

    def _next_result(self) -> Flow[JobResult | None]:
        """Create jobs as there is room, and wait for them, until one has ended; None at the end."""
        clock = self._resource.context.clock
        if not self._turn.acquire(blocking=False):
            raise InvalidInput(
                "The queue is at work already, in another thread or task: run it once"
            )
        try:
            while True:
                self._note_starts()
                self._note_ends()
                if self._ended:
                    return self._ended.popleft()
                starts = self._next_starts()
                if starts:
                    yield Together([self._create(entry) for entry in starts], grace=_GRACE)
                    continue
                if not self._waiting and not self._running and not self._ended:
                    return None
                tell = self._listener.tell
                pauses = [(yield from attend(self._resource, self._schedule, tell))]
                if self._waiting:
                    pauses.append(self._room.pause(len(self._running), clock.monotonic()))
                if not any(awaited.end for awaited in self._running):
                    yield Sleep(min((pause for pause in pauses if pause is not None), default=0.0))
        except BaseException as error:
            error.add_note(
                f"{len(self._running)} jobs of the queue run on ({', '.join(self.running)}). "
                "Iterate over it, or run() it, again to go on."
            )
            raise
        finally:
            self._turn.release()

    def _next_starts(self) -> list[_Entry]:
        """Take what may be created now from those that wait."""
        now = self._resource.context.clock.monotonic()
        since, limit = self._room.refused_since, self._max_wait
        if since is not None and limit is not None and not self._running and now - since >= limit:
            for entry in self._waiting:
                self._end(entry, self._refusal)
            self._waiting.clear()
        number = min(self._room.free(len(self._running), now), len(self._waiting))
        self._starting = [self._waiting.popleft() for _ in range(number)]
        for entry in self._starting:
            entry.sent = entry.busy = None
        return self._starting

    def _create(self, entry: _Entry) -> Flow[None]:
        clock = self._resource.context.clock
        assert entry.make, "what was created is not created again"  # noqa: S101 - never twice
        try:
            entry.sent = clock.now()  # from here on it is uncertain, whatever interrupts it
            call = entry.make()
            entry.asks_for = call.asks_for or {}
            call = call.exchanged_by(_telling_busy(call))
            entry.job = yield from created_job(self._resource, call)
        except CreateUncertain as error:
            entry.error = error
        except APIStatusError as error:
            if error.status_code in _BUSY:
                entry.busy = error
            else:
                entry.error = error
        except APIConnectionError as error:
            entry.busy = error  # nothing was sent: the server is not there for now
        except OpenVideosError as error:
            entry.error = error

    def _note_starts(self) -> None:
        """Note what came of creating jobs, also where that was interrupted."""
        context = self._resource.context
        now, chance = context.clock.monotonic(), context.clock.random()
        starting, self._starting = self._starting, []
        again: list[_Entry] = []
        for entry in starting:
            if entry.job:
                entry.make = None
                self._room.moved()
                awaited = self._schedule.add(
                    entry.job,
                    now=now,
                    max_wait=self._max_wait,
                    interval=self._interval,
                    chance=chance,
                )
                self._running[awaited] = entry
            elif entry.error:
                self._end(entry, entry.error)
            elif entry.busy or entry.sent is None:
                again.append(entry)
            else:
                self._end(entry, _interrupted(entry, context))
        self._waiting.extendleft(reversed(again))
        refusals = [error for entry in starting if (error := entry.busy or _trouble(entry.error))]
        if refusals:
            answers = [error.response for error in refusals if error.response]
            asked = [retry_after(answer.headers, context.clock.now()) for answer in answers]
            self._refusal = refusals[0]
            self._room.refused(
                len(self._running),
                asked=max((pause for pause in asked if pause is not None), default=None),
                now=now,
                chance=chance,
            )

    def _note_ends(self) -> None:
        """Note what became of the jobs that ran."""
        for awaited in [awaited for awaited in self._running if awaited.end]:
            self._room.moved()
            entry = self._running.pop(awaited)
            entry.result = result_of(awaited, entry.index)
            self._ended.append(entry.result)

    def _end(self, entry: _Entry, error: OpenVideosError | None) -> None:
        entry.make = None
        entry.result = JobResult(entry.index, None, None, error)
        self._ended.append(entry.result)


def _trouble(error: OpenVideosError | None) -> APIError | None:
    """Return what a server in trouble answered: what was not sent yet can wait until that is over.

    What was sent is not sent again, as it may have made a job.
    """
    if isinstance(error, CreateUncertainStatus):
        return status_error(error.response, creates=False)
    return None


def _telling_busy(call: Call[Any]) -> Callable[[Call[Any]], Flow[Response]]:
    """Return how to send a call so that a busy server is an error at once: the queue waits."""

    def exchange(sent: Call[Any]) -> Flow[Response]:
        response = yield from call.exchange(sent)
        if response.status_code in _BUSY:
            raise status_error(response, creates=True)
        return response

    return exchange


def _interrupted(entry: _Entry, context: Context) -> CreateUncertain:
    error = CreateUncertain("The create was interrupted before it was answered.", advice=FIND_IT)
    began = entry.sent or 0.0
    error.wanted = Wanted(began=began, ended=context.clock.now(), **entry.asks_for)
    error._context = context  # noqa: SLF001 - for its find()
    return error


def _kept(value: object) -> object:
    """Return a file so that it can be read when its turn comes, perhaps more than once."""
    content = value[1] if isinstance(value, tuple) and len(value) > 1 else value
    if not hasattr(content, "read"):
        return value
    upload = file_input(cast("FileInput", value), "input_reference")
    try:
        return upload.file.file_name, upload.file.payload.read(), upload.file.mime_type
    finally:
        for file in upload.to_close:
            file.close()


class JobQueue(_Queue):
    """Creates jobs, so many at once at most, waits for them, and creates the next as others end.

    A server that takes fewer at once ("Too many running tasks") is sent no more than it takes. One
    job's failure leaves the others alone. A create whose answer was lost is not sent again: its
    result's error is `CreateUncertain`, whose `find()` looks for the job.

    Iterating gives each job's result when it has ended; between two of them, nothing is created
    and looked at. Who stops, or is interrupted, can iterate again to go on.

    Args:
        client: The client to make videos with.
        max_in_flight: How many jobs may run at once.
        max_wait: For how many seconds to wait for each job from its creation, and for a server that
            takes none at all: an hour if left out; None for ever.
        interval: The pause between two looks at a job, in seconds; left out, what the server asks
            for (0.5 to 60 s), else 10 s that grow to 20 s.
        on_update: Called with a job at each change of its status or progress.

    Raises:
        InvalidInput: An argument means nothing.
    """

    def __init__(
        self,
        client: OpenVideos,
        *,
        max_in_flight: int,
        max_wait: float | None = DEFAULT_MAX_WAIT,
        interval: float | None = None,
        on_update: Callable[[Video], object] | None = None,
    ) -> None:
        super().__init__(
            max_in_flight=max_in_flight,
            max_wait=max_wait,
            interval=interval,
            on_update=on_update,
        )
        self._resource: Videos = client.videos

    def __iter__(self) -> Iterator[JobResult]:
        return self._resource._driver.iterate(self._work())  # noqa: SLF001 - one package

    def run(self) -> list[JobResult]:
        """Make all jobs; return what became of each, in the order of submission."""
        for _ in self:
            pass
        return self.results


class AsyncJobQueue(_Queue):
    """Creates jobs, so many at once at most, waits for them, and creates the next as others end.

    Its arguments and its ways are those of `JobQueue`; it is iterated over with `async for`, and
    `run` is awaited. `on_update` may be a coroutine function. `submit` is not awaited.
    """

    def __init__(
        self,
        client: AsyncOpenVideos,
        *,
        max_in_flight: int,
        max_wait: float | None = DEFAULT_MAX_WAIT,
        interval: float | None = None,
        on_update: Callable[[Video], object] | None = None,
    ) -> None:
        super().__init__(
            max_in_flight=max_in_flight,
            max_wait=max_wait,
            interval=interval,
            on_update=on_update,
        )
        self._resource: AsyncVideos = client.videos

    def __aiter__(self) -> AsyncIterator[JobResult]:
        return self._resource._driver.iterate(self._work())  # noqa: SLF001 - one package

    async def run(self) -> list[JobResult]:
        """Make all jobs; return what became of each, in the order of submission."""
        async for _ in self:
            pass
        return self.results
