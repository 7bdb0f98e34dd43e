"""Read the server's list as far back as is needed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from openvideos import (
    APIConnectionError,
    APIResponseValidationError,
    APIStatusError,
    InternalServerError,
    OpenVideosError,
    RateLimitError,
    UnsupportedByServer,
    Video,
)

from .recovery import Listing

if TYPE_CHECKING:
    from openvideos import AsyncVideos

_PAGE = 100
_MOST_VIDEOS = 5_000
_PASSES = (APIConnectionError, APIResponseValidationError, InternalServerError, RateLimitError)


async def read_listing(videos: AsyncVideos, *, since: float) -> Listing:
    """Return what the list shows of the videos that were created since a time.

    Args:
        videos: The operations of the client.
        since: Unix seconds.
    """
    seen: list[Video] = []
    try:
        async for video in videos.list(limit=_PAGE, order="desc"):
            seen.append(video)
            if _is_past(seen, since):
                return Listing(tuple(seen), since=since)
            if len(seen) >= _MOST_VIDEOS:
                return Listing(tuple(seen), since=_reached(seen))
    except UnsupportedByServer as error:
        return Listing(problem=f"the server has no list: {error.message}")
    except OpenVideosError as error:
        status = error.status_code if isinstance(error, APIStatusError) else 0
        return Listing(
            problem=f"the server's list could not be read: {error}",
            passes=isinstance(error, _PASSES) or status in {408, 409, 425},
        )
    return Listing(tuple(seen))


def _is_past(seen: list[Video], since: float) -> bool:
    """Tell whether all further videos are older, which only a list in order can say."""
    if len(seen) % _PAGE:
        return False
    times = [video.created_at for video in seen if video.created_at]
    in_order = len(times) == len(seen) and times == sorted(times, reverse=True)
    return in_order and times[-1] < since


def _reached(seen: list[Video]) -> float:
    return float(max(video.created_at or 0 for video in seen))  # nothing is known of the order
