"""What is noted of a request while it is answered, for the journal of the admin API."""

from __future__ import annotations

from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.types import Scope


@attrs.define
class Record:
    """Notes of a request; the ASGI scope has them as `record` where a journal is kept.

    Attributes:
        received: The time in the request's world when it came, in Unix milliseconds.
        keep: Writes what is noted so far into the journal, in the place of what was there.
        operation: The operation of the contract that it asks for, or None.
        video_id: The video that it is about, or that it has made; None where it is about none.
        faults: The ids of the faults that have happened to it.
        status: The status of its answer, or None where it has none.
    """

    received: int
    keep: Callable[[], Awaitable[None]]
    operation: str | None = None
    video_id: str | None = None
    faults: list[str] = attrs.field(factory=list)
    status: int | None = None


async def keep_record(scope: Scope, status: int | None = None) -> None:
    """Have a request in the journal now, since its answer takes long or goes a way of its own.

    Args:
        scope: The scope of the request.
        status: The status of the answer that it gets, None where it gets none, or not yet.
    """
    record: Record | None = scope.get("record")
    if record is not None:
        record.status = status
        await record.keep()
