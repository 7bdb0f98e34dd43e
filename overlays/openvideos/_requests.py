"""Send a call until it is answered, or is not to be sent again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeVar

from ._errors import APIConnectionError, APIError, APIResponseValidationError, CreateUncertain
from ._flows import Flow, Sleep, send
from ._retries import pause_before_retry
from ._status_errors import ASK_THE_LIST, status_error

if TYPE_CHECKING:
    from ._calls import Call
    from ._drivers import Context
    from ._responses import Response

T = TypeVar("T")


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
    context = resource.context
    try:
        attempt = 0
        while True:
            outcome: Response | APIConnectionError
            try:
                outcome = yield from send(call)
            except APIConnectionError as error:
                outcome = error
            else:
                if call.answers(outcome):
                    return decoded(call, outcome)
            pause = pause_before_retry(
                outcome,
                creates=call.creates,
                attempt=attempt,
                max_retries=context.settings.max_retries,
                now=context.clock.now(),
                chance=context.clock.random(),
            )
            if pause is None:
                raise failure(call, outcome)
            yield Sleep(pause)
            attempt += 1
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


def _uncertain(error: APIError) -> CreateUncertain:
    uncertain = CreateUncertain(str(error), response=error.response, advice=ASK_THE_LIST)
    uncertain.__cause__ = error
    return uncertain
