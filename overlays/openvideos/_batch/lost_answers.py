"""What becomes of the lines whose create lost its answer, written down as it is decided."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, func, select

from openvideos._waiting.matching import Wanted

from .recovery import NEARBY, Adopt, Create, Hold, Repeat, Witness, decide
from .rows import rows_where, wait_for_turn
from .states import State
from .tables import lines, strays

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from openvideos import Video

    from .recovery import Decision, Listing
    from .rows import Row

MOST_LOSSES = 3  # of answers to the create of one line, after which it is left to people
_LATE_BY = 10.0  # seconds in which a list may not yet show a new job


def oldest_uncertain(connection: Connection, _now: float) -> float | None:
    """Return when the first create began whose answer was lost; None where none was."""
    return connection.execute(
        select(func.min(lines.c.intended)).where(
            lines.c.state == State.UNCERTAIN, lines.c.held.is_(False)
        )
    ).scalar()


def recover(
    connection: Connection,
    now: float,
    listing: Listing,
    *,
    settle: float,
    repeat_uncertain: bool,
    cost_of: Callable[[Video, Mapping[str, Any]], str | None],
) -> list[tuple[Row, Decision]]:
    """Decide about all lines whose answer was lost, and write the decisions down.

    Args:
        connection: The connection.
        now: Unix seconds.
        listing: The server's list, asked for before this.
        settle: For how long after an answer was lost the job may appear, in seconds.
        repeat_uncertain: Whether to repeat what would be held.
        cost_of: Tells the cost of a job, by what the server says of it and what was asked for.
    """
    wait_for_turn(connection)
    # One look at all lines: what is read of one is true together with what is read of the others.
    rows = rows_where(connection)
    # Those that are held take part: a job that is found may be theirs.
    uncertain = [row for row in rows if row.state == State.UNCERTAIN]
    if all(row.held for row in uncertain):
        return []
    known = _known_jobs(rows, uncertain, now=now)
    shown = now - min(_LATE_BY, settle / 2)
    claimed = {row.video_id for row in rows if row.video_id}
    claimed |= set(connection.execute(select(strays.c.video_id)).scalars())
    decisions = decide(
        [_create(row, until=(row.lost or now) + settle) for row in uncertain],
        listing=listing,
        claimed=claimed,
        creating=[_create(row, until=now) for row in rows if row.state == State.CREATING],
        witnesses=[
            Witness(row.job_id, row.wanted) for row in known if (row.answered or now) <= shown
        ],
        now=now,
        more_to_come=any((row.answered or 0) > shown for row in known)
        or any(row.state in {State.PENDING, State.CREATING} and not row.held for row in rows),
        repeat_uncertain=repeat_uncertain,
    )
    made = [(row, _bounded(row, decisions[row.position])) for row in uncertain]
    for row, decision in made:
        changes = _changes(row, decision, now=now, cost_of=cost_of)
        if changes:
            connection.execute(
                lines.update()
                .where(
                    lines.c.position == row.position,
                    lines.c.attempt == row.attempt,
                    lines.c.state == State.UNCERTAIN,
                )
                .values(**changes)
            )
    return made


def _bounded(row: Row, decision: Decision) -> Decision:
    """Repeat no create for ever."""
    if isinstance(decision, Repeat) and row.losses > MOST_LOSSES:
        return Hold(f"the answer to its create was lost {row.losses} times since the last start")
    return decision


def _changes(
    row: Row,
    decision: Decision,
    *,
    now: float,
    cost_of: Callable[[Video, Mapping[str, Any]], str | None],
) -> dict[str, Any]:
    match decision:
        case Adopt(video):
            return {
                "state": State.RUNNING,
                "video_id": video.id,
                "answered": now,
                "cost": cost_of(video, row.line.fields),
                "lost": None,
                "held": False,
                "reason": None,
            }
        case Repeat(doubt):
            return {
                "state": State.PENDING,
                "repeats": row.repeats + (doubt is not None),
                "lost": None,
                "held": False,
                "reason": None,
            }
        case Hold(reason):
            return {"held": True, "reason": reason}
    return {}


def _create(row: Row, *, until: float) -> Create:
    wanted = row.wanted
    return Create(
        row.position,
        row.line.wish,
        Wanted(
            began=wanted.began,
            ended=until,
            prompt=wanted.prompt,
            model=wanted.model,
            size=wanted.size,
            seconds=wanted.seconds,
        ),
    )


def _known_jobs(rows: Sequence[Row], uncertain: Sequence[Row], *, now: float) -> list[Row]:
    """Return the lines whose jobs a list must show that shall prove something."""
    since = min(row.intended or now for row in uncertain) - NEARBY
    return [
        row
        for row in rows
        if row.video_id and row.state != State.FAILED and since <= (row.intended or 0)
    ]
