"""`client.videos`: every operation, sync and async, and what is made of several of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from ._downloading.download import download
from ._errors import FIND_FOR, InvalidInput
from ._flows.drivers import AsyncDriver, AsyncResource, Resource
from ._flows.methods import async_method, sends, sync_method
from ._http.calls import NOT_GIVEN, NotGiven, given
from ._many.wait_many import wait_many
from ._protocol import operations
from ._protocol.files import checked_id
from ._protocol.pages import async_list, sync_list
from ._waiting.job_states import JobState
from ._waiting.limits import DEFAULT_MAX_WAIT, check_limits
from ._waiting.submitting import async_submit, created_job, sync_submit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from openvideos_api.models import VideoModel, VideoSeconds, VideoSize

    from ._errors import CreateUncertain
    from ._flows.drivers import Context, Driver
    from ._flows.flows import Flow
    from ._http.calls import Omittable
    from ._http.raw_responses import AsyncVideosWithRawResponse, VideosWithRawResponse
    from ._http.requests import HasContext
    from ._http.streaming_responses import (
        AsyncVideosWithStreamingResponse,
        VideosWithStreamingResponse,
    )
    from ._http.transport import TimeLimit
    from ._protocol.files import ImageInput
    from ._protocol.memory import BodyType
    from ._protocol.models import Character, Video
    from ._waiting.jobs import AsyncJob, Job


def _poll(  # noqa: D417 - the first argument becomes self
    resource: HasContext,
    video_id: str,
    *,
    poll_interval_ms: Omittable[int] = None,
    max_wait: float | None = DEFAULT_MAX_WAIT,
) -> Flow[Video]:
    """Wait until a job is over, and return it, also if it failed: look at its `status`.

    `Job.wait` raises in that case.

    Args:
        video_id: The id that creating it gave.
        poll_interval_ms: The pause between two looks, in milliseconds; left out, what the server
            asks for (0.5 to 60 s), else 10 s that grow to 20 s.
        max_wait: For how many seconds to wait: an hour if left out; None for ever.

    Raises:
        WaitTimeout: It was not over in time, and runs on.
        VideoLost: The server knew it, and does not any more.
        APIError: The server says that asking for it is of no use.
    """
    from ._waiting.waiting import wait_until_final  # who never waits need not load it

    return wait_until_final(
        resource,
        JobState(checked_id(video_id, "video_id")),
        max_wait=max_wait,
        interval=_seconds(poll_interval_ms),
    )


def _create_and_poll(  # noqa: D417 - the first argument becomes self
    resource: HasContext,
    *,
    prompt: str,
    input_reference: Omittable[ImageInput] = None,
    model: Omittable[VideoModel | str] = None,
    seconds: Omittable[VideoSeconds | str | float] = None,
    size: Omittable[VideoSize | str] = None,
    characters: Omittable[Iterable[Mapping[str, str] | Character]] = None,
    poll_interval_ms: Omittable[int] = None,
    max_wait: float | None = DEFAULT_MAX_WAIT,
    idempotency_key: str | None = None,
    body_type: BodyType | None = None,
    extra_headers: Mapping[str, str] | None = None,
    extra_query: Mapping[str, object] | None = None,
    extra_body: Mapping[str, object] | None = None,
    timeout: TimeLimit | NotGiven = NOT_GIVEN,
) -> Flow[Video]:
    """Start a job and wait until it is over; return it, also if it failed: look at its `status`.

    An exception while it waits has the job's id in its notes. `submit` gives a handle instead.

    Args:
        prompt: As for `create`; so are the arguments that are not explained here.
        input_reference: An image to start from.
        model: The model.
        seconds: The length in seconds.
        size: Width by height in pixels.
        characters: Who appears.
        poll_interval_ms: The pause between two looks, in milliseconds; left out, what the server
            asks for (0.5 to 60 s), else 10 s that grow to 20 s.
        max_wait: For how many seconds to wait: an hour if left out; None for ever.
        idempotency_key: Text of your own that stands for this one job.
        body_type: `form` or `json`.
        extra_headers: Further headers.
        extra_query: Further query parameters.
        extra_body: Further fields.
        timeout: How long the create may take, in seconds; left out, the client's own.

    Raises:
        InvalidInput: An argument cannot be sent.
        CreateUncertain: The answer to the create was lost: there may be a job.
        WaitTimeout: It was not over in time, and runs on.
        VideoLost: The server knew it, and does not any more.
        APIError: A request did not succeed.
    """
    from ._waiting.waiting import wait_until_final  # who never waits need not load it

    interval = _seconds(poll_interval_ms)
    check_limits(max_wait=max_wait, interval=interval)
    job = yield from created_job(
        resource,
        operations.create(
            prompt=prompt,
            input_reference=input_reference,
            model=model,
            seconds=seconds,
            size=size,
            characters=characters,
            idempotency_key=idempotency_key,
            body_type=body_type,
            extra_headers=extra_headers,
            extra_query=extra_query,
            extra_body=extra_body,
            timeout=timeout,
        ),
    )
    return (yield from wait_until_final(resource, job, max_wait=max_wait, interval=interval))


def _seconds(milliseconds: object) -> float | None:
    number = given(milliseconds)
    if number is not None and not (isinstance(number, int | float) and number > 0):
        raise InvalidInput(
            f"poll_interval_ms is {number!r}; it must be a number of milliseconds, more than 0"
        )
    return None if number is None else number / 1000


def videos_of(context: Context) -> Videos | AsyncVideos:
    """Return the operations at the client that something came from."""
    if isinstance(context, AsyncDriver):
        return AsyncVideos(context)
    return Videos(cast("Driver", context))


class Videos(Resource):
    """The operations on videos."""

    create = sync_method(sends(operations.create))
    retrieve = sync_method(sends(operations.retrieve))
    list = sync_list(operations.list_)
    delete = sync_method(sends(operations.delete))
    download_content = sync_method(sends(operations.download_content))
    remix = sync_method(sends(operations.remix))
    edit = sync_method(sends(operations.edit))
    extend = sync_method(sends(operations.extend))
    create_character = sync_method(sends(operations.create_character))
    get_character = sync_method(sends(operations.get_character))
    poll = sync_method(_poll)
    create_and_poll = sync_method(_create_and_poll)
    submit = sync_submit(operations.create)
    download = sync_method(download)
    wait_many = sync_method(wait_many)

    @property
    def with_raw_response(self) -> VideosWithRawResponse:
        """The same operations, each giving its HTTP answer; `parse()` gives what that means."""
        # Who never asks for it need not load it.
        from ._http.raw_responses import VideosWithRawResponse

        return VideosWithRawResponse(self._driver)

    @property
    def with_streaming_response(self) -> VideosWithStreamingResponse:
        """The same operations, each a context with its HTTP answer, whose body is still unread."""
        from ._http.streaming_responses import VideosWithStreamingResponse

        return VideosWithStreamingResponse(self._driver)

    def job(self, video_id: str) -> Job:
        """Return the handle of a job that exists already. Nothing is asked of the server.

        Args:
            video_id: The id that creating it gave.
        """
        from ._waiting.jobs import Job  # who has no jobs need not load them

        return Job(self._driver, JobState(checked_id(video_id, "video_id")))

    def find(self, uncertain: CreateUncertain, *, max_wait: float = FIND_FOR) -> Job | None:
        """Look in the server's list for the job of a create whose answer was lost.

        It is the one that no other request of this client made, that was created in the time of the
        request, and that shows the prompt (and model, size and length) where the list shows any. A
        server that still works on the request shows it late, and one that rewrites prompts not as
        it was asked for: None is no proof that there is no job.

        Args:
            uncertain: The error that the create raised.
            max_wait: For how many seconds to look again where the list does not show it.

        Returns:
            The job's handle; None where the list does not show it.

        Raises:
            JobNotIdentified: It cannot be told: there is no list, it does not show enough, more
                than one video could be it, or the one is perhaps of a create that is not answered
                yet.
            APIError: The list was refused.
        """
        # Few creates are lost, and who has no jobs need not load them.
        from ._waiting.finding import find_created
        from ._waiting.jobs import Job

        state = self._driver.run(find_created(self, uncertain, max_wait=max_wait))
        return None if state is None else Job(self._driver, state)


class AsyncVideos(AsyncResource):
    """The operations on videos, awaited."""

    create = async_method(sends(operations.create))
    retrieve = async_method(sends(operations.retrieve))
    list = async_list(operations.list_)
    delete = async_method(sends(operations.delete))
    download_content = async_method(sends(operations.download_content))
    remix = async_method(sends(operations.remix))
    edit = async_method(sends(operations.edit))
    extend = async_method(sends(operations.extend))
    create_character = async_method(sends(operations.create_character))
    get_character = async_method(sends(operations.get_character))
    poll = async_method(_poll)
    create_and_poll = async_method(_create_and_poll)
    submit = async_submit(operations.create)
    download = async_method(download)
    wait_many = async_method(wait_many)

    @property
    def with_raw_response(self) -> AsyncVideosWithRawResponse:
        """The same operations, each giving its HTTP answer; `parse()` gives what that means."""
        # Who never asks for it need not load it.
        from ._http.raw_responses import AsyncVideosWithRawResponse

        return AsyncVideosWithRawResponse(self._driver)

    @property
    def with_streaming_response(self) -> AsyncVideosWithStreamingResponse:
        """The same operations, each a context with its HTTP answer, whose body is still unread."""
        from ._http.streaming_responses import AsyncVideosWithStreamingResponse

        return AsyncVideosWithStreamingResponse(self._driver)

    def job(self, video_id: str) -> AsyncJob:
        """Return the handle of a job that exists already. Nothing is asked of the server.

        Args:
            video_id: The id that creating it gave.
        """
        from ._waiting.jobs import AsyncJob  # who has no jobs need not load them

        return AsyncJob(self._driver, JobState(checked_id(video_id, "video_id")))

    async def find(
        self, uncertain: CreateUncertain, *, max_wait: float = FIND_FOR
    ) -> AsyncJob | None:
        """Look in the server's list for the job of a create whose answer was lost.

        It is the one that no other request of this client made, that was created in the time of the
        request, and that shows the prompt (and model, size and length) where the list shows any. A
        server that still works on the request shows it late, and one that rewrites prompts not as
        it was asked for: None is no proof that there is no job.

        Args:
            uncertain: The error that the create raised.
            max_wait: For how many seconds to look again where the list does not show it.

        Returns:
            The job's handle; None where the list does not show it.

        Raises:
            JobNotIdentified: It cannot be told: there is no list, it does not show enough, more
                than one video could be it, or the one is perhaps of a create that is not answered
                yet.
            APIError: The list was refused.
        """
        # Few creates are lost, and who has no jobs need not load them.
        from ._waiting.finding import find_created
        from ._waiting.jobs import AsyncJob

        state = await self._driver.run(find_created(self, uncertain, max_wait=max_wait))
        return None if state is None else AsyncJob(self._driver, state)
