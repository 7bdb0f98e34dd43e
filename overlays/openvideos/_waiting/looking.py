"""Ask the server once how things stand, where an error is an answer like any other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

from attrs import frozen

from .._errors import APIError
from .._flows.flows import Flow, send
from .._http.pauses import poll_after, retry_after
from .._protocol.status_errors import status_error

if TYPE_CHECKING:
    from .._http.calls import Call
    from .._http.requests import HasContext
    from .._protocol.models import Video
    from .cancelling import CancelToken
    from .polling import Decision, Poll

T = TypeVar("T")

_LONGEST_LOOK = 60.0  # seconds; a look that hangs is only one of many


@frozen
class Sight(Generic[T]):
    """What came of a look.

    Attributes:
        result: What the answer means, or the error that came instead.
        asked: For how many seconds the server asks to be left alone; None if it does not.
        time: When that was, on the clock that never goes back.
    """

    result: T | APIError
    asked: float | None
    time: float


def look(
    resource: HasContext, call: Call[T], seconds: float | None, cancel: CancelToken | None = None
) -> Flow[Sight[T]]:
    """Send a call once, and wait for its answer for so many seconds at most."""
    clock = resource.context.clock
    seconds = _LONGEST_LOOK if seconds is None else min(seconds, _LONGEST_LOOK)
    try:
        response = yield from send(call, seconds=seconds, cancel=cancel)
        if not call.answers(response):
            raise status_error(response, creates=False)
        result = call.decode(response)
    except APIError as error:
        asked = retry_after(error.response.headers, clock.now()) if error.response else None
        return Sight(error, asked, clock.monotonic())
    return Sight(result, poll_after(response.headers, clock.now()), clock.monotonic())


def judged(poll: Poll, sight: Sight[Video], *, chance: float) -> Decision:
    """Decide what a look at a job means for the waiting for it.

    Args:
        poll: The waiting.
        sight: What came of the look.
        chance: A number from 0 up to 1.
    """
    result, asked, now = sight.result, sight.asked, sight.time
    if isinstance(result, APIError):
        return poll.failed(result, asked=asked, now=now, chance=chance)
    return poll.answered(result, asked=asked, now=now, chance=chance)
