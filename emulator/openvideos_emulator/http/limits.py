"""Limits of a key: how many requests a minute, and how many jobs at once.

Both are kept in the database, so that they hold over all workers, and go by the time of the key's
world, so that a test can turn its clock instead of waiting.
"""

from __future__ import annotations

import math
from http import HTTPStatus
from typing import TYPE_CHECKING

import attrs
from sqlalchemy import Connection, func, select

from openvideos_emulator.http.errors import ApiError
from openvideos_emulator.storage.database import lock, upsert
from openvideos_emulator.storage.tables import rates, videos

if TYPE_CHECKING:
    from starlette.requests import Request

    from openvideos_emulator.storage.database import Database
    from openvideos_emulator.worlds import World

_MINUTE = 60_000_000
_MICROSECONDS = 1000  # of a millisecond
_LONGEST_WAIT = 24 * 3600 * 1000


@attrs.frozen
class Bucket:
    """A key's requests: as many at once as a minute has, then each as it comes back.

    Attributes:
        size: How many requests it holds, which come back within a minute.
        full_at: When it is full again, in Unix microseconds.
    """

    size: int
    full_at: int = 0

    @property
    def interval(self) -> int:
        """After how many microseconds a request comes back."""
        return max(1, _MINUTE // self.size)

    def missing(self, now: int) -> int:
        """Return how many microseconds it takes until the bucket is full."""
        missing = self.full_at - now
        # More than a minute is missing only where the clock was turned back.
        return missing if 0 < missing <= self.size * self.interval else 0

    def remaining(self, now: int) -> int:
        """Return how many requests it holds."""
        return self.size - math.ceil(self.missing(now) / self.interval)

    def wait(self, now: int) -> int:
        """Return how many microseconds it takes until it holds a request."""
        return max(0, self.missing(now) - (self.size - 1) * self.interval)

    def taken(self, now: int) -> Bucket:
        """Return the bucket with a request less."""
        return attrs.evolve(self, full_at=now + self.missing(now) + self.interval)


class RateLimit:
    """Takes each request from its key's bucket, and refuses it with 429 where that is empty.

    Every answer tells what is left.
    """

    def __init__(self, database: Database, requests_a_minute: int) -> None:
        self._database = database
        self._size = requests_a_minute

    async def __call__(self, request: Request) -> None:
        """Let a request go on, or refuse it.

        Raises:
            ApiError: 429, the key has sent too many.
        """
        world: World = request.scope["world"]
        now = world.now() * _MICROSECONDS
        bucket, wait = await self._database.write(take_request, world.tenant, self._size, now)
        request.scope["answer_headers"] = {
            "x-ratelimit-limit-requests": str(bucket.size),
            "x-ratelimit-remaining-requests": str(bucket.remaining(now)),
            "x-ratelimit-reset-requests": f"{bucket.missing(now) / 1e6:.3f}s",
        }
        if wait:
            raise _too_many_requests(bucket.size, wait)


def take_request(connection: Connection, tenant: str, size: int, now: int) -> tuple[Bucket, int]:
    """Take a request from a key's bucket.

    Args:
        connection: The connection of a write.
        tenant: Whose bucket.
        size: How many requests it holds.
        now: The time in Unix microseconds.

    Returns:
        The bucket, and after how many microseconds it holds a request: 0 where one was taken.
    """
    lock(connection, f"rate {tenant}")
    full_at = connection.execute(select(rates.c.full_at).where(rates.c.tenant == tenant)).scalar()
    bucket = Bucket(size, full_at or 0)
    if wait := bucket.wait(now):
        return bucket, wait
    bucket = bucket.taken(now)
    upsert(connection, rates, {"tenant": tenant}, {"full_at": bucket.full_at})
    return bucket, 0


def refuse_beyond(connection: Connection, tenant: str, now: int, most: int) -> None:
    """Refuse a new job where a key has as many running as it may.

    Args:
        connection: The connection of the write that would store the job.
        tenant: Whose jobs.
        now: The time in their world, in Unix milliseconds.
        most: How many may run at once.

    Raises:
        ApiError: 429.
    """
    lock(connection, f"jobs {tenant}")
    running, first_ends = connection.execute(
        select(func.count(), func.min(videos.c.ended)).where(
            videos.c.tenant == tenant, videos.c.ended > now, videos.c.deleted.is_(False)
        )
    ).one()
    if running >= most:
        wait = first_ends - now
        raise ApiError(
            HTTPStatus.TOO_MANY_REQUESTS,
            "Too many running tasks",
            code="rate_limit_exceeded",
            # A job that is stuck never makes room.
            headers=_retry_after(wait) if wait < _LONGEST_WAIT else None,
        )


def _too_many_requests(size: int, wait: int) -> ApiError:
    milliseconds = math.ceil(wait / _MICROSECONDS)
    return ApiError(
        HTTPStatus.TOO_MANY_REQUESTS,
        f"Rate limit reached on requests per min (RPM): Limit {size}, Used {size}, Requested 1. "
        f"Please try again in {milliseconds / 1000:g}s.",
        code="rate_limit_exceeded",
        kind="requests",
        headers=_retry_after(milliseconds),
    )


def _retry_after(milliseconds: int) -> dict[str, str]:
    return {
        "Retry-After": str(math.ceil(milliseconds / 1000)),
        "retry-after-ms": str(milliseconds),
    }
