"""One worker: starts jobs, waits for them, saves what they make, and tidies up after the dead.

What it knows is in the ledger, where it is written before it is acted upon: a worker may be killed
at any moment, and others may work on the same ledger.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import time
from typing import TYPE_CHECKING, Any

from attrs import field, frozen
from sqlalchemy.exc import DatabaseError, IntegrityError

from openvideos import (
    APIConnectionError,
    APIError,
    APIStatusError,
    AuthenticationError,
    ConflictError,
    CreateUncertain,
    DownloadError,
    InvalidInput,
    JobError,
    NotFoundError,
    OpenVideosError,
    PermissionDeniedError,
    RateLimitError,
    UnsupportedByServer,
    VideoNotReady,
    WaitTimeout,
)
from openvideos._http.pauses import retry_after
from openvideos._many.room import Room
from openvideos._many.watching import AsyncWatcher
from openvideos._waiting.matching import TOLERANCE

from . import lost_answers, queries
from .costs import cost_of_line
from .database import new_name
from .files import NameTakenError, check_free, final_name, incoming, is_here, move
from .hosts import host_name, is_dead, process_space
from .listing import read_listing
from .queries import LeaseLostError
from .recovery import NEARBY, Adopt, Hold, Repeat
from .states import State

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping
    from decimal import Decimal
    from pathlib import Path

    from openvideos import AsyncJob, AsyncOpenVideos, Video

    from .database import Ledger
    from .rows import Row

_ROUND = 1.0  # seconds between two looks at the ledger, where nothing happens here
_LEASE = 60.0  # seconds without a sign of life, after which another worker goes on
_FRESH = 20.0  # seconds after which an intent is too old to be acted upon: well within the lease
_LOOK_FIRST, _LOOK_LAST = 1.0, 15.0  # seconds between two looks into the server's list
_LIST_BACK = NEARBY + 2 * TOLERANCE  # seconds before the first lost create
_CREATES = 32  # requests at once
_DOWNLOADS = 4  # at once
_TRIES, _PAUSE_BETWEEN_TRIES = 3, 2.0
_UNREACHED_FOR = 60.0  # seconds without any answer ever, after which the address is taken for wrong
_PAUSES_OF_LEDGER = (0.5, 2.0, 5.0)  # seconds, before an answer is written down once more
_PAYMENT_REQUIRED = 402
_WITHOUT_QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached"})


@frozen
class Plan:
    """How a batch is to be made.

    Attributes:
        folder: Where the files go.
        lines_folder: What paths in the lines are relative to.
        max_in_flight: How many jobs of the ledger may be under way at once, over all its workers.
        settle: For how long after an answer was lost the job may appear, in seconds.
        repeat_uncertain: Whether to repeat a create of which it cannot be told what became of it.
        keyed: Whether to send idempotency keys.
        max_wait: For how long to wait for one job, in seconds; None for ever.
        interval: The pause between two looks at a job, in seconds; None for the usual ones.
        price: The server's price a second; None for those that OpenAI charged.
    """

    folder: Path
    lines_folder: Path
    max_in_flight: int
    settle: float
    repeat_uncertain: bool
    keyed: bool
    max_wait: float | None
    interval: float | None
    price: Decimal | None


@frozen
class Moment:
    """When something began, by both clocks: one may be set, the other stands still in a sleep.

    Attributes:
        monotonic: Seconds that never go back.
        unix: Unix seconds.
    """

    monotonic: float = field(factory=time.monotonic)
    unix: float = field(factory=time.time)

    def age(self) -> float:
        """Return for how many seconds it may have been going on."""
        return max(time.monotonic() - self.monotonic, abs(time.time() - self.unix))


@frozen
class Event:
    """Something that people may want to know.

    Attributes:
        position: The line that it is about; None for the whole batch.
        text: What happened.
        is_over: Whether the line is over or held by it.
    """

    position: int | None
    text: str
    is_over: bool = field(default=False)


class StoppedError(Exception):
    """The worker cannot go on; the message says why. `__cause__` is the error, if any."""


class Worker:
    """Works on a ledger until all its lines are over or held.

    Args:
        client: The client. What it sends to create jobs is repeated by the worker alone.
        ledger: The ledger, which has the lines.
        plan: How the batch is to be made.
        tell: Told what happens.
    """

    def __init__(
        self,
        client: AsyncOpenVideos,
        ledger: Ledger,
        plan: Plan,
        tell: Callable[[Event], None],
    ) -> None:
        self._videos = client.videos
        self._creating = client.with_options(max_retries=0, retry_create=False).videos
        self._ledger = ledger
        self._plan = plan
        self._tell = tell
        self._id = ""
        self._batch = ""
        self._room = Room(plan.max_in_flight)
        self._wake = asyncio.Event()
        self._downloads = asyncio.Semaphore(_DOWNLOADS)
        self._tasks: set[asyncio.Task[None]] = set()
        self._creates: set[asyncio.Task[None]] = set()
        self._looking: asyncio.Task[None] | None = None
        self._look_at, self._look_pause = 0.0, _LOOK_FIRST
        self._stopped: BaseException | None = None
        self._is_closing = False
        self._is_lease_lost = False
        self._was_answered = False

    @property
    def creates_under_way(self) -> int:
        """How many creates are not answered yet."""
        return len(self._creates)

    def interrupt(self) -> None:
        """Start nothing more, and end when the creates under way are answered."""
        self._is_closing = True
        self._wake.set()

    async def run(self) -> None:
        """Work.

        Raises:
            StoppedError: It cannot go on.
        """
        self._batch = await self._ledger.run(queries.batch_name)
        await self._join()
        beating = asyncio.create_task(self._beat())
        beating.add_done_callback(self._ended)
        try:
            async with AsyncWatcher(self._videos, interval=self._plan.interval) as watcher:
                try:
                    while await self._round(watcher):
                        await self._pause()
                finally:
                    await self._end_tasks()
        finally:
            beating.cancel()
            await asyncio.gather(beating, return_exceptions=True)
            with contextlib.suppress(DatabaseError):  # which is known by then
                await self._ledger.run(queries.leave, self._id)
        if self._stopped:
            raise self._stopped

    # The loop

    async def _round(self, watcher: AsyncWatcher) -> bool:
        """Do what is to be done; return whether there is more to come."""
        if self._stopped or self._is_closing:
            return False
        if self._is_lease_lost:
            self._end_following()  # others may have taken it over; what they left comes back
            await self._join()
        await self._take_over(watcher)
        standing = await self._ledger.run(queries.standing)
        if standing.pending:
            await self._start_jobs(watcher)
        if standing.uncertain and not self._looking and time.monotonic() >= self._look_at:
            self._looking = self._spawn(self._look_for_lost())
        return standing.unsettled > 0

    async def _pause(self) -> None:
        now = time.monotonic()
        until_look = 0.0 if self._looking else self._look_at - now
        seconds = min(_ROUND, until_look) if until_look > 0 else _ROUND
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._wake.wait(), seconds)
        self._wake.clear()

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._creates.discard(task)
        if task is self._looking:
            self._looking = None
        if not task.cancelled() and (error := task.exception()) and not self._stopped:
            self._stopped = error
        self._wake.set()

    async def _end_tasks(self) -> None:
        """Wait for the answers of creates; end what can be taken up again at any time."""
        self._is_closing = True
        self._end_following()
        while self._tasks:
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _end_following(self) -> None:
        for task in self._tasks - self._creates:
            task.cancel()

    async def _join(self) -> None:
        self._id, self._is_lease_lost = new_name(), False
        await self._ledger.run(
            queries.join, self._id, host=process_space(), process=os.getpid(), lease=_LEASE
        )

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(_LEASE / 4)
            try:
                await self._ledger.run(queries.stay, self._id, lease=_LEASE)
            except LeaseLostError:
                self._is_lease_lost = True
                self._wake.set()

    async def _take_over(self, watcher: AsyncWatcher) -> None:
        for row in await self._ledger.run(queries.take_over, self._id, is_dead=is_dead):
            self._spawn(self._follow(watcher, self._id, row, None))

    async def _start_jobs(self, watcher: AsyncWatcher) -> None:
        running = await self._ledger.run(queries.in_flight, settle=self._plan.settle)
        limit = running + self._room.free(running, time.monotonic())
        while len(self._creates) < _CREATES and not (self._is_closing or self._stopped):
            began = Moment()
            try:
                row = await self._ledger.run(
                    queries.claim,
                    self._id,
                    max_in_flight=limit,
                    settle=self._plan.settle,
                    keyed=self._plan.keyed,
                    lease=_LEASE,
                )
            except LeaseLostError:
                self._is_lease_lost = True
                return
            if row is None:
                return
            self._creates.add(self._spawn(self._make(watcher, self._id, row, began)))

    # A line

    async def _make(self, watcher: AsyncWatcher, worker: str, row: Row, began: Moment) -> None:
        try:
            job = await self._create(row, began)
        except CreateUncertain as error:
            await self._ledger.run(queries.lost, worker, row.position)
            self._look_at, self._look_pause = 0.0, _LOOK_FIRST
            self._say(row, f"the answer was lost, there may be a job: {error.message}")
            if row.keyed or error.response:
                await self._slow_down(error)
        except StoppedError:
            await self._ledger.run(queries.not_created, worker, row.position)
            raise
        except (InvalidInput, _NotAcceptedError) as error:
            await self._fail(worker, row, f"not accepted: {error}")
        except _NotCreatedError as error:
            await self._ledger.run(queries.not_created, worker, row.position)
            if error.refusal:
                await self._slow_down(error.refusal)
        else:
            if await self._write_down(worker, row, job):
                self._creates.discard(_this_task())
                if not self._is_closing:
                    await self._follow(watcher, worker, row, job)

    async def _create(self, row: Row, began: Moment) -> AsyncJob:
        """Send a create, once.

        Raises:
            InvalidInput: It cannot be sent.
            CreateUncertain: Its answer was lost.
            _NotAcceptedError: The server does not take it.
            _NotCreatedError: No job was created, and one may be another time.
            StoppedError: No job was created, nor will be.
        """
        keywords = row.line.keywords(self._plan.lines_folder)
        if row.keyed:
            keywords["idempotency_key"] = f"{self._batch}-{row.position}-{row.renewals}"
        if began.age() > _FRESH:
            raise _NotCreatedError(None)  # the process was paused: others may hold it for dead
        try:
            job = await self._creating.submit(**keywords)
        except (CreateUncertain, InvalidInput):
            raise
        except APIError as error:
            self._was_answered |= error.response is not None
            raise _outcome(error) from error
        self._was_answered = True
        self._room.moved()
        self._wake.set()  # there may be room for more at once
        return job

    async def _write_down(self, worker: str, row: Row, job: AsyncJob) -> bool:
        """Write down a job's id; return whether its line is this worker's to go on with."""
        cost = cost_of_line(row.line.fields, self._plan.price, job.video)
        for pause in (*_PAUSES_OF_LEDGER, None):
            try:
                is_mine = await self._ledger.run(
                    queries.answered,
                    worker,
                    row.position,
                    attempt=row.attempt,
                    video_id=job.id,
                    cost=cost,
                )
            except DatabaseError:
                if pause is None:
                    self._say(row, f"its job {job.id} could not be written into the ledger")
                    raise
                await asyncio.sleep(pause)
            else:
                self._say(row, f"created {job.id}")
                return is_mine
        raise AssertionError  # the loop ends by one of the two

    async def _slow_down(self, error: APIError) -> None:
        running = await self._ledger.run(queries.in_flight, settle=self._plan.settle)
        now = time.monotonic()
        self._room.refused(
            running,
            asked=retry_after(error.response.headers, time.time()) if error.response else None,
            now=now,
            chance=random.random(),  # noqa: S311 - no secret
        )
        self._tell(Event(None, f"no more jobs are started for now: {error.message}"))
        since = self._room.refused_since
        longest = self._plan.max_wait if self._was_answered else _UNREACHED_FOR
        if since is not None and longest is not None and now - since > longest:
            raise StoppedError(f"the server took no job for {longest:g} s: {error}") from error

    async def _follow(
        self, watcher: AsyncWatcher, worker: str, row: Row, job: AsyncJob | None
    ) -> None:
        """Wait for a job, and save what it made."""
        if row.state != State.COMPLETED:
            try:
                await watcher.wait(job or row.job_id, max_wait=self._plan.max_wait)
            except WaitTimeout as error:
                return await self._hold(worker, row, f"it runs on: {error}")
            except AuthenticationError as error:
                raise StoppedError(str(error)) from error
            except OpenVideosError as error:
                if _is_final(error):
                    return await self._fail(worker, row, str(error))
                return await self._hold(worker, row, f"its job cannot be asked for: {error}")
            if not await self._ledger.run(queries.completed, worker, row.position):
                return None
        async with self._downloads:
            return await self._save(worker, row, job.id if job else row.job_id)

    async def _save(self, worker: str, row: Row, video_id: str) -> None:
        if is_here(self._plan.folder, row):  # a crash came between its name and the ledger
            return await self._note_saved(worker, row)
        arriving = incoming(self._plan.folder, row.position, video_id)
        reason: Exception | None = None
        for attempt in range(_TRIES):
            if attempt:
                await asyncio.sleep(_PAUSE_BETWEEN_TRIES)
            try:
                await self._videos.download(video_id, arriving)
                return await self._name(worker, row, arriving, video_id)
            except NameTakenError as error:
                return await self._hold(worker, row, f"made, but not saved: {error}")
            except AuthenticationError as error:
                raise StoppedError(str(error)) from error
            except FileNotFoundError as error:
                reason = error  # another worker, which took this one for dead, gave it its name
            except (InvalidInput, DownloadError, OSError) as error:
                reason = error
                if not isinstance(error, DownloadError) or isinstance(error.__cause__, OSError):
                    await self._hold(worker, row, f"made, but not saved: {error}")
                    raise StoppedError(f"files cannot be written: {error}") from error
            except OpenVideosError as error:
                reason = error
                if _is_final(error) and not isinstance(error, VideoNotReady):
                    gone = f"made, but not to be had any more: {error}"
                    return await self._fail(worker, row, gone)
        return await self._hold(worker, row, f"made, but not saved: {reason}")

    async def _name(self, worker: str, row: Row, arrived: Path, video_id: str) -> None:
        """Give a whole file its name, which the ledger has before the file has it."""
        name = final_name(arrived, row.line, video_id)
        target = self._plan.folder / name
        check_free(target, row)
        size = arrived.stat().st_size
        if await self._ledger.run(queries.named, worker, row.position, file=name, size=size):
            await asyncio.to_thread(move, arrived, target)
            await self._note_saved(worker, row, target)

    async def _note_saved(self, worker: str, row: Row, target: Path | None = None) -> None:
        if await self._ledger.run(queries.saved, worker, row.position, host=host_name()):
            self._over(row, f"saved {target or self._plan.folder / (row.file or '')}")

    async def _fail(self, worker: str, row: Row, reason: str) -> None:
        await self._ledger.run(queries.failed, worker, row.position, reason=reason)
        self._over(row, f"failed: {reason}")

    async def _hold(self, worker: str, row: Row, reason: str) -> None:
        await self._ledger.run(queries.hold, worker, row.position, reason=reason)
        self._over(row, f"held: {reason}")

    # Lost answers

    async def _look_for_lost(self) -> None:
        oldest = await self._ledger.run(lost_answers.oldest_uncertain)
        if oldest is None:
            return
        listing = await read_listing(self._videos, since=oldest - _LIST_BACK)
        try:
            decided = await self._ledger.run(
                lost_answers.recover,
                listing,
                settle=self._plan.settle,
                repeat_uncertain=self._plan.repeat_uncertain,
                cost_of=self._cost_of,
            )
        except IntegrityError:  # another worker's answer came to light at the same time
            return
        for row, decision in decided:
            match decision:
                case Adopt(video):
                    self._say(row, f"its job was found: {video.id}")
                case Repeat(None):
                    self._say(row, "no job was created; again")
                case Repeat(doubt):
                    self._say(row, f"again, though there may be a job: {doubt}")
                case Hold(reason) if not row.held:
                    self._over(row, f"held: {reason}")
        self._look_at = time.monotonic() + min(self._look_pause, self._plan.settle / 2)
        self._look_pause = min(self._look_pause * 1.5, _LOOK_LAST)

    def _cost_of(self, video: Video, fields: Mapping[str, Any]) -> str | None:
        return cost_of_line(fields, self._plan.price, video)

    def _say(self, row: Row, text: str) -> None:
        self._tell(Event(row.position, text))

    def _over(self, row: Row, text: str) -> None:
        self._room.moved()
        self._tell(Event(row.position, text, is_over=True))


class _NotAcceptedError(Exception):
    """The server does not take a create as it is."""


class _NotCreatedError(Exception):
    """No job was created, but one may be another time.

    Attributes:
        refusal: What the server said; None where it was not asked.
    """

    def __init__(self, refusal: APIError | None) -> None:
        super().__init__(str(refusal))
        self.refusal = refusal


def _outcome(error: APIError) -> Exception:
    """Return what a refused create means for the batch."""
    if isinstance(error, AuthenticationError | PermissionDeniedError | UnsupportedByServer):
        return StoppedError(str(error))
    if isinstance(error, APIStatusError) and error.status_code == _PAYMENT_REQUIRED:
        return StoppedError(str(error))
    if isinstance(error, RateLimitError) and error.code in _WITHOUT_QUOTA:
        return StoppedError(str(error))
    # Busy, in the words of different servers; or not reached at all.
    if isinstance(error, RateLimitError | ConflictError | APIConnectionError):
        return _NotCreatedError(error)
    return _NotAcceptedError(str(error))


def _is_final(error: OpenVideosError) -> bool:
    """Tell whether an error is the last word on a job.

    It is not where a proxy or a router says that there is no such address: the server behind it may
    be back soon, and the job runs on.
    """
    if isinstance(error, UnsupportedByServer) or isinstance(error.__cause__, UnsupportedByServer):
        return False
    return isinstance(error, JobError | NotFoundError)


def _this_task() -> asyncio.Task[None]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101 - it is called by tasks only
    return task
