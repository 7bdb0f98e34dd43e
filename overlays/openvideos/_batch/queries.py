"""Everything that is asked of the ledger, as functions of a connection and the time.

Each runs in a transaction of its own. What changes a line says which worker and which attempt it
speaks for, and changes nothing where the line has gone on without it.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import attrs
from attrs import frozen
from sqlalchemy import Connection, and_, func, or_, select, update

from openvideos._matching import Wanted

from .database import UnusableLedgerError
from .lines import Line
from .recovery import KEY_IS_KEPT, Adopt, Create, Hold, Repeat, Witness, decide
from .states import KNOWN_JOB, OVER, State
from .tables import batch, lines, strays, workers

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from openvideos import Video

    from .recovery import Decision, Listing

WITNESSES_SINCE = 600.0  # seconds before a lost create in which known jobs prove the list
_LATE_BY = 10.0  # seconds in which a list may not yet show a new job
_MOST_LOSSES = 3  # of answers to the create of one line, after which it is left to people
_LEASE_IS_OVER = "the worker was taken for dead, and its lines were taken over"


@frozen
class Row:
    """A line as the ledger has it.

    Attributes:
        line: What it asks for.
        state: Where it stands.
        attempt: How often its create was begun.
        intended: When that was for the last time, in Unix seconds; None if it never was.
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


class LeaseLostError(Exception):
    """This worker was taken for dead."""


_COLUMNS = (
    lines.c.position,
    lines.c.fields,
    *(lines.c[name] for name in attrs.fields_dict(Row) if name != "line"),
)
_UNSETTLED = and_(lines.c.held.is_(False), lines.c.state.not_in(OVER))
_NOBODYS = {"worker": None}


# The start


def enter(
    connection: Connection,
    _now: float,
    given: Sequence[Line],
    *,
    base_url: str,
    server_moved: bool = False,
) -> None:
    """Enter the lines of the file that the ledger does not have yet.

    Raises:
        UnusableLedgerError: It is of another file, or of another server.
    """
    _enter_batch(connection, base_url, server_moved=server_moved)
    known = {
        row.position: row.digest
        for row in connection.execute(select(lines.c.position, lines.c.digest))
    }
    digests = {line.position: line.digest for line in given}
    changed = sorted(at for at, digest in known.items() if digests.get(at) != digest)
    if changed:
        shown = ", ".join(map(str, changed[:10])) + (" and others" if len(changed) > 10 else "")
        raise UnusableLedgerError(
            f"the ledger knows other contents of line {shown}: keep the lines of a batch as they "
            "are (new ones may be added at the end), or start another batch with another --ledger"
        )
    new = [line for line in given if line.position not in known]
    if known and new and new[0].position < max(known):
        raise UnusableLedgerError(
            f"line {new[0].position} is new, and not at the end: add new lines at the end"
        )
    if new:
        connection.execute(
            lines.insert(),
            [
                {
                    "position": line.position,
                    "digest": line.digest,
                    "fields": line.to_json(),
                    "state": State.PENDING,
                    "attempt": 0,
                    "keyed": False,
                    "renewals": 0,
                    "losses": 0,
                    "repeats": 0,
                    "held": False,
                }
                for line in new
            ],
        )


def _enter_batch(connection: Connection, base_url: str, *, server_moved: bool) -> None:
    known = connection.execute(select(batch.c.base_url).with_for_update()).scalar_one()
    if known is None or (known != base_url and server_moved):
        connection.execute(batch.update().values(base_url=base_url))
    elif known != base_url:
        raise UnusableLedgerError(
            f"the ledger's jobs are at {known}, not at {base_url}: go on with that server; or, if "
            "it is the same one at another address, say so by --server-moved"
        )


def take_up(connection: Connection, _now: float, *, retry_failed: bool) -> None:
    """Take up what an earlier start held, and, if wanted, what failed."""
    connection.execute(lines.update().where(lines.c.held).values(held=False, reason=None))
    connection.execute(lines.update().where(lines.c.losses > 0).values(losses=0))
    if not retry_failed:
        return
    failed_jobs = connection.execute(
        select(lines.c.video_id, lines.c.position, lines.c.attempt).where(
            lines.c.state == State.FAILED, lines.c.video_id.is_not(None)
        )
    ).all()
    for video_id, position, attempt in failed_jobs:
        _set_aside(connection, video_id, position, attempt, reason="it failed, and was made anew")
    connection.execute(
        lines.update()
        .where(lines.c.state == State.FAILED)
        .values(
            state=State.PENDING,
            renewals=lines.c.renewals + 1,
            reason=None,
            video_id=None,
            answered=None,
            cost=None,
            file=None,
        )
    )


def fetch_again(connection: Connection, _now: float, positions: Sequence[int]) -> None:
    """Note that files are not here as they were saved."""
    connection.execute(
        lines.update()
        .where(lines.c.position.in_(positions), lines.c.state == State.SAVED)
        .values(state=State.COMPLETED, **_NOBODYS)
    )


# Workers


def join(
    connection: Connection, now: float, worker: str, *, host: str, process: int, lease: float
) -> None:
    """Let a worker begin."""
    connection.execute(
        workers.insert().values(
            id=worker, host=host, process=process, lease_ends=now + lease, gone=False
        )
    )


def stay(connection: Connection, now: float, worker: str, *, lease: float) -> None:
    """Renew a worker's lease.

    Raises:
        LeaseLostError: It was taken for dead.
    """
    renewed = connection.execute(
        workers.update()
        .where(workers.c.id == worker, workers.c.gone.is_(False))
        .values(lease_ends=now + lease)
    )
    if not renewed.rowcount:
        raise LeaseLostError(_LEASE_IS_OVER)


def leave(connection: Connection, now: float, worker: str) -> None:
    """Let a worker end; others may go on with its lines at once."""
    _take_from(connection, now, worker)


def take_over(
    connection: Connection,
    now: float,
    worker: str,
    *,
    is_dead: Callable[[str, int], bool],
) -> list[Row]:
    """Take the lines of dead workers, and give this one those whose jobs nobody watches."""
    others = connection.execute(
        select(workers).where(workers.c.gone.is_(False), workers.c.id != worker)
    )
    for other in others.all():
        if other.lease_ends < now or is_dead(other.host, other.process):
            _take_from(connection, now, other.id)
    free = connection.execute(
        select(lines.c.position)
        .where(lines.c.worker.is_(None), lines.c.state.in_(KNOWN_JOB), lines.c.held.is_(False))
        .with_for_update(skip_locked=True)
    )
    positions = list(free.scalars())
    if not positions:
        return []
    connection.execute(lines.update().where(lines.c.position.in_(positions)).values(worker=worker))
    return _rows(connection, lines.c.position.in_(positions))


def _take_from(connection: Connection, now: float, worker: str) -> None:
    connection.execute(workers.update().where(workers.c.id == worker).values(gone=True))
    _lose(connection, now, and_(lines.c.worker == worker, lines.c.state == State.CREATING))
    connection.execute(
        lines.update()
        .where(lines.c.worker == worker, lines.c.state.in_(KNOWN_JOB))
        .values(**_NOBODYS)
    )


# Creating


def claim(
    connection: Connection,
    now: float,
    worker: str,
    *,
    max_in_flight: int,
    settle: float,
    keyed: bool,
    lease: float,
) -> Row | None:
    """Write down that the next line is about to be created; return it, None where there is none.

    Only what is written by this may be sent, and only soon.

    Raises:
        LeaseLostError: The worker was taken for dead.
    """
    _in_order(connection)
    stay(connection, now, worker, lease=lease)
    in_flight = connection.execute(
        select(func.count()).where(
            _UNSETTLED,
            lines.c.state != State.PENDING,
            # What is long uncertain makes room: other jobs have to prove the list.
            or_(lines.c.state != State.UNCERTAIN, lines.c.intended > now - settle),
        )
    ).scalar_one()
    if in_flight >= max_in_flight:
        return None
    position = connection.execute(
        select(lines.c.position)
        .where(lines.c.state == State.PENDING, lines.c.held.is_(False))
        .order_by(lines.c.position)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).scalar()
    if position is None:
        return None
    connection.execute(
        lines.update()
        .where(lines.c.position == position)
        .values(
            state=State.CREATING,
            worker=worker,
            attempt=lines.c.attempt + 1,
            intended=now,
            keyed=keyed,
            reason=None,
        )
    )
    return _rows(connection, lines.c.position == position)[0]


def batch_name(connection: Connection, _now: float) -> str:
    """Return the batch's name, which no other has."""
    return str(connection.execute(select(batch.c.name)).scalar_one())


def answered(
    connection: Connection,
    now: float,
    worker: str,
    position: int,
    *,
    attempt: int,
    video_id: str,
    cost: str | None,
) -> bool:
    """Write down the job that a create made; return whether the line is (still) this worker's.

    The answer counts whenever it comes, also where the worker was taken for dead meanwhile.
    """
    owner = connection.execute(
        select(lines.c.position).where(lines.c.video_id == video_id)
    ).scalar()
    if owner is not None:
        return False  # it was found in the list, for this line or one that asks for the same
    mine = and_(lines.c.worker == worker, lines.c.state == State.CREATING)
    taken = and_(lines.c.state.in_({State.CREATING, State.UNCERTAIN}), ~mine)
    here = and_(lines.c.position == position, lines.c.attempt == attempt)
    values = {
        "state": State.RUNNING,
        "video_id": video_id,
        "answered": now,
        "cost": cost,
        "held": False,
        "reason": None,
    }
    if connection.execute(lines.update().where(here, mine).values(**values)).rowcount:
        return True
    changed = connection.execute(lines.update().where(here, taken).values(**values, **_NOBODYS))
    if not changed.rowcount:
        _set_aside(
            connection, video_id, position, attempt, reason="its answer came after a second create"
        )
    return False


def _set_aside(
    connection: Connection, video_id: str, position: int, attempt: int, *, reason: str
) -> None:
    known = select(strays.c.video_id).where(strays.c.video_id == video_id)
    if connection.execute(known).first() is None:
        connection.execute(
            strays.insert().values(
                video_id=video_id, position=position, attempt=attempt, reason=reason
            )
        )


def not_created(connection: Connection, _now: float, worker: str, position: int) -> None:
    """Put a line back for which certainly no job was created."""
    _change(connection, worker, position, State.CREATING, state=State.PENDING, **_NOBODYS)


def lost(connection: Connection, now: float, worker: str, position: int) -> None:
    """Note that the answer to a create was lost."""
    _lose(
        connection,
        now,
        and_(
            lines.c.position == position,
            lines.c.worker == worker,
            lines.c.state == State.CREATING,
        ),
    )


def _lose(connection: Connection, now: float, which: Any) -> None:
    # The server takes a repeated create with the same key for the same.
    by_key = and_(
        lines.c.keyed, lines.c.intended > now - KEY_IS_KEPT, lines.c.losses <= _MOST_LOSSES
    )
    connection.execute(lines.update().where(which).values(losses=lines.c.losses + 1))
    connection.execute(lines.update().where(which, by_key).values(state=State.PENDING, **_NOBODYS))
    connection.execute(lines.update().where(which).values(state=State.UNCERTAIN, **_NOBODYS))


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
        settle: For how long after a create its job may appear, in seconds.
        repeat_uncertain: Whether to repeat what would be held.
        cost_of: Tells the cost of a job, by what the server says of it and what was asked for.
    """
    _in_order(connection)
    # One look at all lines: what is read of one is true together with what is read of the others.
    rows = _rows(connection, None)
    # Those that are held take part: a job that is found may be theirs.
    uncertain = [row for row in rows if row.state == State.UNCERTAIN]
    if all(row.held for row in uncertain):
        return []
    known = _known_jobs(rows, uncertain, now=now)
    shown = now - min(_LATE_BY, settle / 2)
    claimed = {row.video_id for row in rows if row.video_id}
    claimed |= set(connection.execute(select(strays.c.video_id)).scalars())
    decisions = decide(
        [_create(row, until=min(now, (row.intended or now) + settle)) for row in uncertain],
        listing=listing,
        claimed=claimed,
        creating=[_create(row, until=now) for row in rows if row.state == State.CREATING],
        witnesses=[
            Witness(row.job_id, row.wanted) for row in known if (row.answered or now) <= shown
        ],
        now=now,
        settle=settle,
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
    if isinstance(decision, Repeat) and row.losses > _MOST_LOSSES:
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
                "held": False,
                "reason": None,
            }
        case Repeat(doubt):
            return {
                "state": State.PENDING,
                "repeats": row.repeats + (doubt is not None),
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
    since = min(row.intended or now for row in uncertain) - WITNESSES_SINCE
    return [
        row
        for row in rows
        if row.video_id and row.state != State.FAILED and since <= (row.intended or 0)
    ]


# What comes of a job


def completed(connection: Connection, _now: float, worker: str, position: int) -> bool:
    """Note that a video is made; return whether its line is still this worker's."""
    return _change(connection, worker, position, State.RUNNING, state=State.COMPLETED)


def named(
    connection: Connection, _now: float, worker: str, position: int, *, file: str, size: int
) -> bool:
    """Note the name that a whole file is about to get, by which it is known after a crash."""
    return _change(connection, worker, position, State.COMPLETED, file=file, size=size)


def saved(connection: Connection, _now: float, worker: str, position: int, *, host: str) -> bool:
    """Note that a file stands under its name."""
    return _change(
        connection,
        worker,
        position,
        State.COMPLETED,
        state=State.SAVED,
        saved_on=host,
        reason=None,
        **_NOBODYS,
    )


def failed(connection: Connection, _now: float, worker: str, position: int, *, reason: str) -> None:
    """Note that a line gives no file."""
    _change(connection, worker, position, None, state=State.FAILED, reason=reason, **_NOBODYS)


def hold(connection: Connection, _now: float, worker: str, position: int, *, reason: str) -> None:
    """Leave a line to the next start."""
    _change(connection, worker, position, None, held=True, reason=reason, **_NOBODYS)


# Looking


def standing(connection: Connection, _now: float) -> Standing:
    """Return how many lines are where."""
    counts = {
        row.state: row.number
        for row in connection.execute(
            select(lines.c.state, func.count().label("number"))
            .where(_UNSETTLED)
            .group_by(lines.c.state)
        )
    }
    return Standing(
        unsettled=sum(counts.values()),
        pending=counts.get(State.PENDING, 0),
        uncertain=counts.get(State.UNCERTAIN, 0),
    )


def oldest_uncertain(connection: Connection, _now: float) -> float | None:
    """Return when the first create began whose answer was lost; None where none was."""
    return connection.execute(
        select(func.min(lines.c.intended)).where(
            lines.c.state == State.UNCERTAIN, lines.c.held.is_(False)
        )
    ).scalar()


def all_rows(connection: Connection, _now: float) -> list[Row]:
    """Return all lines in their order."""
    return _rows(connection, None)


def all_strays(connection: Connection, _now: float) -> list[Stray]:
    """Return the jobs that lines had beside their own."""
    found = connection.execute(
        select(strays.c.position, strays.c.video_id, strays.c.reason).order_by(strays.c.position)
    )
    return [Stray(*row) for row in found]


def _rows(connection: Connection, which: Any) -> list[Row]:
    query = select(*_COLUMNS).order_by(lines.c.position)
    if which is not None:
        query = query.where(which)
    return [
        Row(Line(position, json.loads(fields)), State(state), *others)
        for position, fields, state, *others in connection.execute(query)
    ]


def _in_order(connection: Connection) -> None:
    """Wait until no other worker claims or recovers lines. SQLite lets only one write anyway."""
    connection.execute(select(batch.c.id).with_for_update())


def _change(
    connection: Connection, worker: str, position: int, before: State | None, /, **values: Any
) -> bool:
    change = update(lines).where(lines.c.position == position, lines.c.worker == worker)
    if before is not None:
        change = change.where(lines.c.state == before)
    return connection.execute(change.values(**values)).rowcount > 0
