"""A file that comes from one address, however often it breaks off on the way."""

from __future__ import annotations

import enum
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import evolve, frozen

from .._errors import APIConnectionError, APIStatusError, DownloadIncomplete, OpenVideosError
from .._flows.flows import Close, Flow, Sleep, open_stream, pour, read, work
from .._http.logging import logger
from .._http.retries import pause_before_retry
from .._protocol.status_errors import status_error
from .content import START, kind_of, wrong_checksum
from .versions import FINISHED, Other, Piece, place_of, range_headers

if TYPE_CHECKING:
    from collections.abc import Container

    from .._http.calls import Call
    from .._http.requests import HasContext
    from .._http.responses import Response
    from .._http.transport import Stream
    from .parts import Part
    from .targets import Target

# Who is told how many bytes are here, and how many there are, if that is known.
Progress: TypeAlias = Callable[[int, int | None], object]

_LONGEST_ERROR_BODY = 1_000_000  # bytes


class _Again(enum.Enum):
    """What is here does not fit to what the server has: the whole is to be asked for."""

    AGAIN = "again"


_AGAIN: Final = _Again.AGAIN

_MUCH: Final = 1 << 20  # bytes; a connection that brought so many is worth another at once


def tried(
    arrival: Arrival, call: Call[Any], hand_back: Container[int] = ()
) -> Flow[OpenVideosError | None]:
    """Ask one address until the file is here; return what went wrong if it does not get there.

    Args:
        arrival: What is to come.
        call: The request for the whole.
        hand_back: The statuses that are not for this function to judge.
    """
    part, attempt = arrival.part, 0
    furthest = part.position
    while True:
        failure = yield from arrival.fetched(call)
        if failure is None:
            failure = yield from arrival.checked()
            if failure is None:
                return None
        if failure is _AGAIN:
            logger.debug("%s: asked for anew, as what is here is of another version", call.name)
            part.forget()
            continue
        if isinstance(failure, APIStatusError) and failure.status_code in hand_back:
            return failure
        gained = part.position - furthest if part.version.validator is not None else 0
        if gained > 0:
            attempt, furthest = 0, part.position
        pause = pause_after(failure, attempt, arrival.resource)
        if pause is None:
            return failure
        if gained >= _MUCH and not isinstance(failure, APIStatusError):
            pause = 0.0
        attempt += 1
        logger.debug("%s: retry %d in %.3f s, as %s", call.name, attempt, pause, failure)
        yield Sleep(pause)


def pause_after(failure: OpenVideosError, attempt: int, resource: HasContext) -> float | None:
    """Return how many seconds to wait before the next attempt; None to give up.

    Args:
        failure: What went wrong.
        attempt: How many attempts were made before this one.
        resource: Whose settings and clock count.
    """
    clock = resource.context.clock
    outcome: Response | APIConnectionError
    if isinstance(failure, APIStatusError):
        outcome = failure.response
    elif isinstance(failure, APIConnectionError):
        outcome = failure
    else:
        outcome = APIConnectionError(str(failure))
    return pause_before_retry(
        outcome,
        creates=False,
        attempt=attempt,
        max_retries=resource.context.settings.max_retries,
        now=clock.now(),
        chance=clock.random(),
    )


# What went wrong is returned: what the user's own function raises is never taken for it.
_Outcome: TypeAlias = OpenVideosError | _Again | None


@frozen
class Arrival:
    """A file that is to come.

    Attributes:
        resource: Whose server to ask.
        target: Where it goes.
        part: What is here of it.
        variant: What was asked for.
        on_progress: Who is told of how much is here.
    """

    resource: HasContext
    target: Target
    part: Part
    variant: str
    on_progress: Progress | None

    def range_headers(self) -> dict[str, str]:
        """Return the headers that ask for what is missing; none where the whole is asked for."""
        return range_headers(self.part.position, self.part.version)

    def fetched(self, call: Call[Any]) -> Flow[_Outcome]:
        """Ask for what is missing, once, and write what comes."""
        headers = self.range_headers()
        have = self.part.position if headers else 0
        if have:
            logger.debug("%s: carried on from byte %d", call.name, have)
        headers = {**call.arguments.get("headers", {}), **headers}
        try:
            stream = yield from open_stream(
                evolve(call, arguments={**call.arguments, "headers": headers})
            )
        except APIConnectionError as error:
            return error
        try:
            return (yield from self.received(stream, have))
        finally:
            yield Close(stream)

    def received(self, stream: Stream, have: int) -> Flow[_Outcome]:
        """Write what comes; `have` is from which byte on it was asked for."""
        part, response, begun = self.part, stream.response(), b""
        try:
            if not response.is_success and not (have and response.status_code == 416):
                body = yield from _read_at_least(stream, _LONGEST_ERROR_BODY)
                return status_error(stream.response(body), creates=False)
            place = place_of(response, have, part.version)
            if place is FINISHED:
                return None
            if isinstance(place, Other):
                sent = f"{response.url} sent a part that nobody asked for"
                return _AGAIN if have else DownloadIncomplete(sent)
            if not place.start:
                begun = yield from _read_at_least(stream, START)
        except APIConnectionError as error:
            return error
        if not place.start:
            kind = kind_of(self.variant, stream.response(begun))
            self.target.file(kind)  # for its check
            part.begin(place.version, kind)
        broken = yield from pour(stream, self._sink(place.version.length), begun)
        return self._judged(response, place, broken)

    def checked(self) -> Flow[_Outcome]:
        """Compare what is here with the checksum that the server gave, if it gave one."""
        part = self.part
        if part.version.checksum is None:
            return None
        if (yield from work(part.is_what_the_server_has)):
            return None
        url, algorithm = part.version.url, part.version.checksum.algorithm
        part.forget()
        return wrong_checksum(url, algorithm)

    def _sink(self, length: int | None) -> Callable[[bytes], object]:
        part, tell = self.part, self.on_progress
        if tell is None:
            return part.write

        def write_and_tell(data: bytes) -> object:
            part.write(data)
            return tell(part.position, length)

        return write_and_tell

    def _judged(
        self, response: Response, place: Piece, broken: APIConnectionError | None
    ) -> _Outcome:
        position, length = self.part.position, place.version.length
        is_whole = position == length or (length is None and response.status_code != 206)
        if place.end is not None and position > place.end:
            self.part.forget()  # more came than was announced: it cannot be told what
        elif broken is None and is_whole:
            return None
        why = f": {broken}" if broken else ""
        of = "" if length is None else f" of {length}"
        incomplete = DownloadIncomplete(f"{response.url} broke off: {position}{of} bytes came{why}")
        incomplete.__cause__ = broken
        return incomplete


def _read_at_least(stream: Stream, size: int) -> Flow[bytes]:
    data = b""
    while len(data) < size and (piece := (yield from read(stream))):
        data += piece
    return data
