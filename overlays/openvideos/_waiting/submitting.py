"""`videos.submit`: create a job and return its handle."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from .._flows.methods import dressed
from .._http.pauses import poll_after
from .._http.requests import execute
from .job_states import JobState

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .._flows.drivers import AsyncResource, Resource
    from .._flows.flows import Flow
    from .._http.calls import Call
    from .._http.requests import HasContext
    from .._http.responses import Response
    from .._protocol.models import Video
    from .jobs import AsyncJob, Job

P = ParamSpec("P")


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


def sync_submit(create: Callable[P, Call[Video]]) -> Callable[Concatenate[Resource, P], Job]:
    """Return the method that creates a job and returns its handle."""

    def method(self: Resource, /, *args: P.args, **keywords: P.kwargs) -> Job:
        from .jobs import Job  # who has no jobs need not load them

        driver = self._driver
        return Job(driver, driver.run(created_job(self, create(*args, **keywords))))

    return dressed(method, create, name="submit", returns="Job", doc=_submit_doc(create))


def async_submit(
    create: Callable[P, Call[Video]],
) -> Callable[Concatenate[AsyncResource, P], Coroutine[Any, Any, AsyncJob]]:
    """Return the method that creates a job and returns its handle, awaited."""

    async def method(self: AsyncResource, /, *args: P.args, **keywords: P.kwargs) -> AsyncJob:
        from .jobs import AsyncJob  # who has no jobs need not load them

        driver = self._driver
        return AsyncJob(driver, await driver.run(created_job(self, create(*args, **keywords))))

    return dressed(method, create, name="submit", returns="AsyncJob", doc=_submit_doc(create))


def _submit_doc(create: Callable[..., Any]) -> str:
    _, _, details = (create.__doc__ or "").partition("\n")
    return f"Start a job that makes a video; return a handle that can be waited for.\n{details}"
