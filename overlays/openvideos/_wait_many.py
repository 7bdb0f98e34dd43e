"""`videos.wait_many`: wait for many jobs at once."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, TypeAlias

from ._errors import InvalidInput
from ._flows import Flow, Sleep
from ._polling import DEFAULT_MAX_WAIT, check_limits

if TYPE_CHECKING:
    from collections.abc import Callable

    from ._job_results import JobResult
    from ._jobs import AsyncJob, Job
    from ._models import Video
    from ._requests import HasContext

    AnyJob: TypeAlias = str | Job | AsyncJob | Video


def wait_many(  # noqa: D417 - the first argument becomes self
    resource: HasContext,
    jobs: Iterable[AnyJob],
    *,
    max_wait: float | None = DEFAULT_MAX_WAIT,
    interval: float | None = None,
    on_update: Callable[[Video], object] | None = None,
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

    Raises:
        InvalidInput: An argument means nothing.
    """
    # Who never waits for many need not load it.
    from ._scheduling import Schedule
    from ._watching import Listener, attend, result_of, state_of

    check_limits(max_wait=max_wait, interval=interval)
    states = [state_of(job) for job in _several(jobs)]
    clock, schedule, listener = resource.context.clock, Schedule(), Listener(on_update)
    now, chance = clock.monotonic(), clock.random()
    awaited = [
        schedule.add(state, now=now, max_wait=max_wait, interval=interval, chance=chance)
        for state in states
    ]
    try:
        while (pause := (yield from attend(resource, schedule, listener.tell))) is not None:
            yield Sleep(pause)
    except BaseException as error:
        left = sum(each.end is None for each in awaited)
        error.add_note(
            f"{left} of {len(awaited)} jobs were not over. They run on: wait_many() can be called "
            "again with the same jobs or ids."
        )
        raise
    return [result_of(each, index) for index, each in enumerate(awaited)]


def _several(jobs: object) -> Iterable[object]:
    if isinstance(jobs, str) or not isinstance(jobs, Iterable):
        raise InvalidInput(f"jobs is {jobs!r}; give a list of jobs, videos or ids")
    return jobs
