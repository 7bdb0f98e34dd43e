"""The lines of a batch as the ledger has them."""

from __future__ import annotations

import json
from typing import Any

import attrs
from attrs import frozen
from sqlalchemy import Connection, and_, select

from openvideos._waiting.matching import Wanted

from .lines import Line
from .states import OVER, State
from .tables import batch, lines


@frozen
class Row:
    """A line as the ledger has it.

    Attributes:
        line: What it asks for.
        state: Where it stands.
        attempt: How often its create was begun.
        intended: When that was, in Unix seconds; None if it never was. While an earlier create with
            the same idempotency key may have made a job, when that was.
        lost: Until when an answer may have been under way that was lost, in Unix seconds; None
            where it is known what came of all creates.
        keyed: Whether its create went with an idempotency key.
        renewals: How often it was made anew after it had failed.
        losses: How often the answer to its create was lost since the last start.
        repeats: How often its create was repeated although there might have been a job.
        video_id: Its job.
        answered: When the job became known, in Unix seconds.
        cost: What it costs in US dollars, as a decimal number; None where nobody knows.
        file: The name of its file.
        size: The file's size in bytes.
        saved_on: The host that saved it.
        held: Whether it is left for the next start.
        reason: Why it failed or is held.
    """

    line: Line
    state: State
    attempt: int
    intended: float | None
    lost: float | None
    keyed: bool
    renewals: int
    losses: int
    repeats: int
    video_id: str | None
    answered: float | None
    cost: str | None
    file: str | None
    size: int | None
    saved_on: str | None
    held: bool
    reason: str | None

    @property
    def position(self) -> int:
        """The line's number in the file."""
        return self.line.position

    @property
    def job_id(self) -> str:
        """The id of its job, which it must have."""
        if self.video_id is None:
            raise ValueError(f"line {self.position} has no job")
        return self.video_id

    @property
    def wanted(self) -> Wanted:
        """What a video must look like to be of its last create, once that was answered or lost."""
        fields = self.line.fields
        seconds = fields.get("seconds")
        return Wanted(
            began=self.intended or 0.0,
            ended=self.answered or self.intended or 0.0,
            prompt=fields["prompt"],
            model=fields.get("model"),
            size=fields.get("size"),
            seconds=None if seconds is None else str(seconds),
        )


@frozen
class Standing:
    """How many lines are where.

    Attributes:
        unsettled: Those that are neither over nor held.
        pending: Those for which nothing was sent yet.
        uncertain: Those whose answer was lost, and which are not held.
    """

    unsettled: int
    pending: int
    uncertain: int


@frozen
class Stray:
    """A job that a line had beside the one that it has.

    Attributes:
        position: The line.
        video_id: The job.
        reason: How that came.
    """

    position: int
    video_id: str
    reason: str


UNSETTLED = and_(lines.c.held.is_(False), lines.c.state.not_in(OVER))
_COLUMNS = (
    lines.c.position,
    lines.c.fields,
    *(lines.c[name] for name in attrs.fields_dict(Row) if name != "line"),
)


def rows_where(connection: Connection, which: Any = None) -> list[Row]:
    """Return lines in their order: all, or those that fit."""
    query = select(*_COLUMNS).order_by(lines.c.position)
    if which is not None:
        query = query.where(which)
    return [
        Row(Line(position, json.loads(fields)), State(state), *others)
        for position, fields, state, *others in connection.execute(query)
    ]


def wait_for_turn(connection: Connection) -> None:
    """Wait until no other worker claims or recovers lines. SQLite lets only one write anyway."""
    connection.execute(select(batch.c.id).with_for_update())
