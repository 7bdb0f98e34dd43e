"""Look in the server's list for the job of a create whose answer was lost."""

from __future__ import annotations

import math
from email.utils import parsedate_to_datetime
from itertools import pairwise
from typing import TYPE_CHECKING

from attrs import evolve

from .._errors import (
    APIError,
    APIStatusError,
    AuthenticationError,
    InvalidInput,
    JobNotIdentified,
    PermissionDeniedError,
)
from .._flows.flows import Flow, Sleep
from .._protocol import operations
from .._protocol.pages import next_cursor
from .job_states import JobState
from .looking import look
from .matching import TOLERANCE, CannotTell, Found, NoneFound, Several, Wanted, match
from .polling import WAIT_ON

if TYPE_CHECKING:
    from .._errors import CreateUncertain
    from .._http.calls import Call
    from .._http.requests import HasContext
    from .._http.responses import Response
    from .._protocol.decoding import ListedVideos
    from .._protocol.models import Video
    from .matching import Match

_LONGEST_LOOK = 10.0  # seconds
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 8.0
_PAGE = 100  # videos
_MOST_PAGES = 20
_WORKING_ON = 300.0  # seconds for which a server may go on with a create that was given up here


def find_created(
    resource: HasContext, uncertain: CreateUncertain, *, max_wait: object
) -> Flow[JobState | None]:
    """Look for the job of a create whose answer was lost, until the list shows it.

    Raises:
        InvalidInput: `max_wait` is no number of seconds.
        JobNotIdentified: It cannot be told.
        APIError: The list was refused.
    """
    if not (isinstance(max_wait, int | float) and max_wait >= 0):
        raise InvalidInput(f"max_wait is {max_wait!r}; give 0 seconds or more")
    if uncertain.wanted is None:
        raise JobNotIdentified("It was no job that was to be created, and only jobs are listed.")
    clock, memory = resource.context.clock, resource.context.memory
    deadline, pause = clock.monotonic() + max_wait, _FIRST_PAUSE
    while True:
        outcome = yield from _looked(resource, uncertain.wanted)
        match outcome:
            case Found(video):
                yield from _others_answered(resource, video, deadline)
                if memory.claim(video.id):
                    return JobState(video.id, video=video, seen=clock.monotonic())
                continue
            case Several(videos):
                ids = ", ".join(video.id for video in videos)
                raise JobNotIdentified(f"Each of these may be it: {ids}.", candidates=videos)
            case CannotTell(reason, videos):
                raise JobNotIdentified(f"It cannot be told: {reason}.", candidates=videos)
        if clock.monotonic() + pause > deadline:
            break
        yield Sleep(pause)
        pause = min(pause * 2, _LONGEST_PAUSE)
    if isinstance(outcome, NoneFound):
        return None
    raise JobNotIdentified(f"The list cannot be read: {outcome}") from outcome


def _others_answered(resource: HasContext, video: Video, deadline: float) -> Flow[None]:
    """Wait for the answers to other creates that may have made a video, which then claim it.

    Raises:
        JobNotIdentified: They do not come in time.
    """
    clock, memory = resource.context.clock, resource.context.memory
    others = {
        create
        for create, asks_for in memory.creating.items()
        if not isinstance(match([video], Wanted(-math.inf, math.inf, **asks_for)), NoneFound)
    }
    while others & memory.creating.keys():
        if clock.monotonic() >= deadline:
            raise JobNotIdentified(
                f"{video.id} may be of another create of this client, which is not answered yet.",
                candidates=(video,),
            )
        yield Sleep(_FIRST_PAUSE)


def _looked(resource: HasContext, wanted: Wanted) -> Flow[Match | APIError]:
    """Look through the list once, as far back as the request; return what passes by itself.

    Raises:
        JobNotIdentified: There is no list, or it is too long.
        APIError: The list was refused.
    """
    videos: list[Video] = []
    after: str | None = None
    for _ in range(_MOST_PAGES):
        sight = yield from look(resource, _page_and_skew(resource, after), seconds=_LONGEST_LOOK)
        if isinstance(sight.result, APIError):
            if _passes(sight.result):
                return sight.result
            if isinstance(sight.result, AuthenticationError | PermissionDeniedError):
                raise sight.result
            raise JobNotIdentified(
                f"The server has no list to look in: {sight.result}"
            ) from sight.result
        page, skew = sight.result
        videos += page.data
        after = next_cursor(page, after=after, limit=_PAGE)
        if after is None or _reaches_back(page, wanted.began + skew - TOLERANCE):
            ended = wanted.ended + _WORKING_ON
            there = evolve(wanted, began=wanted.began + skew, ended=ended + skew)
            return match(videos, there, claimed=resource.context.memory.claimed)
    raise JobNotIdentified(f"The list is too long: its first {len(videos)} videos are all newer.")


def _page_and_skew(resource: HasContext, after: str | None) -> Call[tuple[ListedVideos, float]]:
    call, now = operations.list_(limit=_PAGE, order="desc", after=after), resource.context.clock.now

    def decode(response: Response) -> tuple[ListedVideos, float]:
        return call.decode(response), _skew(response, now())

    return call.decoded_by(decode)


def _skew(response: Response, now: float) -> float:
    """Return by how many seconds the server's clock is ahead of ours; 0 where it does not say."""
    try:
        return parsedate_to_datetime(response.headers.get("date", "")).timestamp() - now
    except (ValueError, OverflowError):
        return 0.0


def _reaches_back(page: ListedVideos, moment: float) -> bool:
    """Tell whether a page goes from newer to older videos, and beyond a moment."""
    times = [video.created_at for video in page.data]
    known = [time for time in times if time is not None]
    return (
        len(known) == len(times)
        and all(newer >= older for newer, older in pairwise(known))
        and known[-1] < moment
    )


def _passes(error: APIError) -> bool:
    return not isinstance(error, APIStatusError) or error.status_code in WAIT_ON
