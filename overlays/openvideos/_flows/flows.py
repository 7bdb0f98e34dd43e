"""How behaviour is written once for the sync and the async client.

A flow is a generator: it yields what it wants done, is sent the result (or the error is thrown
into it), and returns its own result. So it holds every rule and does no I/O. `drivers.py` does
what flows want, once with and once without `await`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

from attrs import frozen

from .._errors import APIConnectionError
from .._http.logging import log_answer, log_no_answer, log_request

if TYPE_CHECKING:
    from .._http.calls import Call
    from .._http.responses import Response
    from .._http.transport import Stream
    from .._protocol.models import Video
    from .._waiting.cancelling import CancelToken

T = TypeVar("T")

# What an effect has for it to be equal or printed is made when the client is imported, and nobody
# compares or prints one.


@frozen(eq=False, repr=False)
class Send:
    """Send a request and read its answer to the end, within `seconds` if given.

    A token that is cancelled ends it with `Cancelled`.
    """

    call: Call[Any]
    seconds: float | None = None
    cancel: CancelToken | None = None


@frozen(eq=False, repr=False)
class Open:
    """Send a request, and leave the body of its answer to be read piece by piece."""

    call: Call[Any]


@frozen(eq=False, repr=False)
class Read:
    """Read the next piece of a body; nothing at its end."""

    stream: Stream


@frozen(eq=False, repr=False)
class Pour:
    """Hand what is left of a body to a function, piece by piece, and await what it returns.

    The result is the error with which the body broke off; None where it came to its end. What the
    function raises is raised, so the two cannot be taken for each other.

    Attributes:
        stream: The body.
        sink: The function.
        begun: What was read of the body before; it is handed over first.
    """

    stream: Stream
    sink: Callable[[bytes], object]
    begun: bytes = b""


@frozen(eq=False, repr=False)
class Work:
    """Do what takes long without waiting for anybody: on asyncio, in a thread."""

    function: Callable[[], object]


@frozen(eq=False, repr=False)
class Close:
    """Stop reading a body."""

    stream: Stream


@frozen(eq=False, repr=False)
class Sleep:
    """Wait for so many seconds; a token that is cancelled ends it with `Cancelled`."""

    seconds: float
    cancel: CancelToken | None = None


@frozen(eq=False, repr=False)
class Tell:
    """Call the user's function, and await what it returns where that can be awaited."""

    listener: Callable[[Video], object]
    video: Video


@frozen(eq=False, repr=False)
class Emit:
    """Hand something to the user who iterates over what the flow does."""

    item: object


@frozen(eq=False, repr=False)
class Together:
    """Run flows at the same time; the result is a list of what each returned, or raised.

    Where this is interrupted no further flow is begun, and those that were have `grace` seconds to
    end; for what they did meanwhile they must keep a note of their own.
    """

    flows: Sequence[Flow[Any]]
    at_once: int = 16
    grace: float = 0.0


Effect: TypeAlias = Together | Send | Open | Read | Pour | Work | Close | Sleep | Tell | Emit
Flow: TypeAlias = Generator[Effect, Any, T]


def send(
    call: Call[Any], *, seconds: float | None = None, cancel: CancelToken | None = None
) -> Flow[Response]:
    """Send a request; return its answer, whatever its status.

    Raises:
        APIConnectionError: No whole answer came.
    """
    log_request(call)
    try:
        response: Response = yield Send(call, seconds, cancel)
    except APIConnectionError as error:
        log_no_answer(call, error)
        raise
    log_answer(call, response)
    return response


def open_stream(call: Call[Any]) -> Flow[Stream]:
    """Send a request; return its answer before its body is read.

    Raises:
        APIConnectionError: No answer came.
    """
    log_request(call)
    try:
        stream: Stream = yield Open(call)
    except APIConnectionError as error:
        log_no_answer(call, error)
        raise
    log_answer(call, stream.response())
    return stream


def read(stream: Stream) -> Flow[bytes]:
    """Return the next piece of a body; empty at its end.

    Raises:
        APIConnectionError: The body broke off.
    """
    piece: bytes = yield Read(stream)
    return piece


def pour(
    stream: Stream, sink: Callable[[bytes], object], begun: bytes = b""
) -> Flow[APIConnectionError | None]:
    """Hand what is left of a body to a function; return the error with which it broke off, if any.

    What the function raises is raised.
    """
    broken: APIConnectionError | None = yield Pour(stream, sink, begun)
    return broken


def work(function: Callable[[], T]) -> Flow[T]:
    """Do what takes long, without holding up other tasks; return its result."""
    result: T = yield Work(function)
    return result
