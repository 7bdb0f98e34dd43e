"""`videos.wait_many`: wait for many jobs at once."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TYPE_CHECKING, TypeAlias

from .._errors import InvalidInput, WaitCancelled
from .._flows.flows import Flow, Sleep
from .._waiting.cancelling import Cancelled
from .._waiting.limits import DEFAULT_MAX_WAIT, check_limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from .._http.requests import HasContext
    from .._protocol.models import Video
    from .._waiting.cancelling import CancelToken
    from .._waiting.jobs import AsyncJob, Job
    from .job_results import JobResult
    from .scheduling import Awaited

    AnyJob: TypeAlias = str | Job | AsyncJob | Video


def wait_many(  # noqa: D417 - the first argument becomes self
    resource: HasContext,
    jobs: Iterable[AnyJob],
    *,
    max_wait: float | None = DEFAULT_MAX_WAIT,
    interval: float | None = None,
    on_update: Callable[[Video], object] | None = None,
    cancel: CancelToken | None = None,
) -> Flow[list[JobResult]]:
    """Wait until many jobs are over; return what became of each, in the order given.

    How they stand is read from pages of the server's list, a hundred at once, as far as that list
    can be trusted to tell; else each job is asked for by itself. One job's failure leaves the
    waiting for the others alone: look at each result's `ok`, or `unwrap()` it.

    Args:
        jobs: Jobs, or their ids, in any number; one may be there twice.
        max_wait: For how many seconds to wait, whatever the server does: an hour if left out; None
            for ever. Jobs that were not over by then have the error `WaitTimeout`, and run on.
        interval: The pause between two looks at a job, in seconds; left out, what the server asks
            for (0.5 to 60 s), else 10 s that grow to 20 s.
        on_update: Called with a job at each change of its status or progress, which never goes
            back. May be a coroutine function at an async client.
        cancel: Ends the waiting when it is cancelled. Jobs that were not over by then have the
            error `WaitCancelled`, and run on.

    Raises:
        InvalidInput: An argument means nothing.
    """
    # Who never waits for many need not load it.
    from .._waiting.polling import Stop
    from .scheduling import Schedule
    from .watching import Listener, attend, result_of, state_of

    check_limits(max_wait=max_wait, interval=interval)
    states = [state_of(job) for job in _several(jobs)]
    clock, schedule, listener = resource.context.clock, Schedule(), Listener(on_update)
    now, chance = clock.monotonic(), clock.random()
    awaited = [
        schedule.add(state, now=now, max_wait=max_wait, interval=interval, chance=chance)
        for state in states
    ]
    try:
        attended = partial(attend, resource, schedule, listener.tell, cancel)
        while (pause := (yield from attended())) is not None:
            yield Sleep(pause, cancel)
    except Cancelled:
        for each in awaited:
            each.end = each.end or Stop(_cancelled(each))
    except BaseException as error:
        left = sum(each.end is None for each in awaited)
        error.add_note(
            f"{left} of {len(awaited)} jobs were not over. They run on: wait_many() can be called "
            "again with the same jobs or ids."
        )
        raise
    return [result_of(each, index) for index, each in enumerate(awaited)]


def _cancelled(awaited: Awaited) -> WaitCancelled:
    id_, video = awaited.job.id, awaited.job.video
    seen = awaited.poll.last_seen()
    return WaitCancelled(
        f"The wait for {id_} was cancelled ({seen}). It runs on: wait for it again, or with "
        f"videos.job({id_!r}) in another process.",
        job_id=id_,
        video=video,
    )


def _several(jobs: object) -> Iterable[object]:
    if isinstance(jobs, str) or not isinstance(jobs, Iterable):
        raise InvalidInput(f"jobs is {jobs!r}; give a list of jobs, videos or ids")
    return jobs
