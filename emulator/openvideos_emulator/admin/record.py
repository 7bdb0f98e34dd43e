"""What is noted of a request while it is answered."""

from __future__ import annotations

import attrs


@attrs.define
class Record:
    """Notes for the journal; the ASGI scope has them as `record` where a journal is kept.

    Attributes:
        received: The time in the request's world when it came, in Unix milliseconds.
        operation: The operation of the contract that it asks for, or None.
        video_id: The video that it is about, or that it has made; None where it is about none.
        faults: The ids of the faults that have happened to it.
        status: The status of its answer, or None where it has none.
    """

    received: int
    operation: str | None = None
    video_id: str | None = None
    faults: list[str] = attrs.field(factory=list)
    status: int | None = None
