"""Send a call until it is answered, or is not to be sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from attrs import evolve

from .._errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    CreateUncertain,
)
from .._flows.flows import Flow, Sleep
from .._protocol.body_types import body_type, could_not_be_read
from .._protocol.coercions import text
from .._protocol.decoding import unwrapped
from .._protocol.status_errors import FIND_IT, status_error
from .logging import log_retry
from .retries import TRANSIENT, pause_before_retry

if TYPE_CHECKING:
    from .._flows.drivers import Context
    from .calls import Call
    from .responses import Response

T = TypeVar("T")

_INTERRUPTED = (
    "The create was interrupted, and a job may have been created all the same: look for it among "
    "the newest of videos.list() before creating it again."
)


class HasContext(Protocol):
    """A resource of either kind, or a job."""

    @property
    def context(self) -> Context:
        """What flows know of the client."""


def execute(resource: HasContext, call: Call[T]) -> Flow[T]:
    """Send a call, again where that is safe and may help; return what its answer means.

    Raises:
        APIError: It was not answered, or by no.
    """
    if call.creates:
        return _creating(resource.context, call)
    return _executed(resource.context, call)


def _creating(context: Context, call: Call[T]) -> Flow[T]:
    began = context.clock.now()
    try:
        with context.memory.noted_while_creating(call.asks_for or {}):
            return (yield from _in_a_readable_body(context, call))
    except CreateUncertain as error:
        if call.asks_for is not None:
            from .._waiting.matching import Wanted  # few creates are lost

            error.wanted = Wanted(began=began, ended=context.clock.now(), **call.asks_for)
        error._context = context  # noqa: SLF001 - for its find()
        raise
    except BaseException as error:
        if not isinstance(error, Exception | GeneratorExit):  # Ctrl-C, or the end of its task
            error.add_note(_INTERRUPTED)
        raise


def _in_a_readable_body(context: Context, call: Call[T]) -> Flow[T]:
    """Send a call, and once more with the other kind of body if the server cannot read the one.

    Which it could read is remembered, so that the next call goes right at once.
    """
    first, second = call, call.alternative
    if second and context.memory.body_type == body_type(second):
        first, second = second, first
    try:
        return (yield from _executed(context, first))
    except APIError as error:
        refusal = error
        if second is None or not refusal.response or not could_not_be_read(refusal.response):
            raise
    try:
        result = yield from _executed(context, second)
    except APIError as error:
        if error.response and could_not_be_read(error.response):
            raise refusal from None
        if error.response and not isinstance(error, CreateUncertain):
            context.memory.body_type = body_type(second)
        raise
    context.memory.body_type = body_type(second)
    return result


def _executed(context: Context, call: Call[T]) -> Flow[T]:
    settings, clock = context.settings, context.clock
    may_double = call.creates and not (call.repeatable or settings.retry_create)
    may_exist: APIError | None = None
    try:
        attempt = 0
        while True:
            outcome: Response | APIConnectionError
            try:
                outcome = yield from call.exchange(call)
            except APIConnectionError as error:
                outcome = error
            else:
                outcome = evolve(outcome, retries_taken=attempt) if attempt else outcome
                if call.answers(outcome):
                    if call.creates:
                        _claim(context, outcome)
                    return decoded(call, outcome)
            pause = pause_before_retry(
                outcome,
                creates=may_double,
                attempt=attempt,
                max_retries=settings.max_retries,
                now=clock.now(),
                chance=clock.random(),
            )
            failed = failure(call, outcome)
            if pause is None:
                if may_exist and _passes(failed):
                    raise _uncertain(failed) from may_exist
                raise failed
            if isinstance(failed, CreateUncertain):
                may_exist = failed
            attempt += 1
            log_retry(call, outcome, pause=pause, retry=attempt)
            yield Sleep(pause)
    finally:
        call.close()


def decoded(call: Call[T], response: Response) -> T:
    """Return what an answer means.

    Raises:
        CreateUncertain: It cannot be read, and may have been about a new job.
        APIResponseValidationError: It cannot be read.
    """
    try:
        return call.decode(response)
    except APIResponseValidationError as error:
        if call.creates:
            raise _uncertain(error) from error
        raise


def failure(call: Call[T], outcome: Response | APIConnectionError) -> APIError:
    """Return the error for a call that was not answered, or by no."""
    if not isinstance(outcome, APIConnectionError):
        return status_error(outcome, creates=call.creates)
    if call.creates and outcome.sent:
        return _uncertain(outcome)
    return outcome


def _claim(context: Context, response: Response) -> None:
    """Note the id of the job that was created: it is not that of another, lost create."""
    sent = unwrapped(response.json_or_none())
    if isinstance(sent, dict):
        for name in ("id", "task_id"):
            video_id = text(sent.get(name))
            if video_id is not None:
                context.memory.claim(video_id)


def _passes(error: APIError) -> bool:
    """Tell whether an error says nothing of how an earlier, lost request of the same kind ended."""
    if not isinstance(error, APIStatusError):
        return True
    return error.status_code >= 500 or error.status_code in {409, *TRANSIENT}


def _uncertain(error: APIError) -> CreateUncertain:
    uncertain = CreateUncertain(str(error), response=error.response, advice=FIND_IT)
    uncertain.__cause__ = error
    return uncertain
