"""What workers ask of the ledger, as functions of a connection and the time.

Each runs in a transaction of its own. What changes a line says which worker and which attempt it
speaks for, and changes nothing where the line has gone on without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, and_, func, or_, select, update

from .database import UnusableLedgerError
from .lost_answers import MOST_LOSSES
from .recovery import KEY_IS_KEPT
from .rows import UNSETTLED, Row, Standing, Stray, rows_where, wait_for_turn
from .states import KNOWN_JOB, State
from .tables import batch, lines, strays, workers

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .lines import Line

_LEASE_IS_OVER = "the worker was taken for dead, and its lines were taken over"


class LeaseLostError(Exception):
    """This worker was taken for dead."""


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
            lost=None,
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
        if is_dead(other.host, other.process):
            _take_from(connection, min(now, other.lease_ends), other.id)
        elif other.lease_ends < now:
            _take_from(connection, now, other.id)  # it may be alive, and its requests under way
    free = connection.execute(
        select(lines.c.position)
        .where(lines.c.worker.is_(None), lines.c.state.in_(KNOWN_JOB), lines.c.held.is_(False))
        .with_for_update(skip_locked=True)
    )
    positions = list(free.scalars())
    if not positions:
        return []
    connection.execute(lines.update().where(lines.c.position.in_(positions)).values(worker=worker))
    return rows_where(connection, lines.c.position.in_(positions))


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
    wait_for_turn(connection)
    stay(connection, now, worker, lease=lease)
    if in_flight(connection, now, settle=settle) >= max_in_flight:
        return None
    _forget_old_keys(connection, now)
    line = connection.execute(
        select(lines.c.position, lines.c.lost, lines.c.intended)
        .where(lines.c.state == State.PENDING, lines.c.held.is_(False))
        .order_by(lines.c.position)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if line is None:
        return None
    is_again = line.lost is not None  # with the key that it had, or it is billed twice
    connection.execute(
        lines.update()
        .where(lines.c.position == line.position)
        .values(
            state=State.CREATING,
            worker=worker,
            attempt=lines.c.attempt + 1,
            intended=line.intended if is_again else now,
            keyed=keyed or is_again,
            reason=None,
        )
    )
    return rows_where(connection, lines.c.position == line.position)[0]


def _forget_old_keys(connection: Connection, now: float) -> None:
    """Trust to no key any more that the server may have forgotten."""
    connection.execute(
        lines.update()
        .where(
            lines.c.state == State.PENDING,
            lines.c.lost.is_not(None),
            lines.c.intended <= now - KEY_IS_KEPT,
        )
        .values(state=State.UNCERTAIN)
    )


def in_flight(connection: Connection, now: float, *, settle: float) -> int:
    """Return how many jobs may be under way at the server."""
    return connection.execute(
        select(func.count()).where(
            UNSETTLED,
            lines.c.state != State.PENDING,
            # What is long uncertain makes room: other jobs have to prove the list.
            or_(lines.c.state != State.UNCERTAIN, lines.c.lost > now - settle),
        )
    ).scalar_one()


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
    mine = and_(lines.c.worker == worker, lines.c.state == State.CREATING)
    taken = and_(lines.c.state.in_({State.CREATING, State.UNCERTAIN}), ~mine)
    here = and_(lines.c.position == position, lines.c.attempt == attempt)
    owner = connection.execute(
        select(lines.c.position).where(lines.c.video_id == video_id)
    ).scalar()
    if owner is not None:
        # It was found in the list, for this line or one that asks for the same; or the server
        # takes two creates for one, or gives an id a second time.
        reason = f"the server answered with {video_id}, which is the job of line {owner} already"
        connection.execute(
            lines.update()
            .where(here, mine)
            .values(state=State.FAILED, reason=reason, lost=None, **_NOBODYS)
        )
        return False
    values = {
        "state": State.RUNNING,
        "video_id": video_id,
        "answered": now,
        "cost": cost,
        "lost": None,
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
        lines.c.keyed, lines.c.intended > now - KEY_IS_KEPT, lines.c.losses <= MOST_LOSSES
    )
    connection.execute(lines.update().where(which).values(losses=lines.c.losses + 1, lost=now))
    connection.execute(lines.update().where(which, by_key).values(state=State.PENDING, **_NOBODYS))
    connection.execute(lines.update().where(which).values(state=State.UNCERTAIN, **_NOBODYS))


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
            .where(UNSETTLED)
            .group_by(lines.c.state)
        )
    }
    return Standing(
        unsettled=sum(counts.values()),
        pending=counts.get(State.PENDING, 0),
        uncertain=counts.get(State.UNCERTAIN, 0),
    )


def all_rows(connection: Connection, _now: float) -> list[Row]:
    """Return all lines in their order."""
    return rows_where(connection)


def all_strays(connection: Connection, _now: float) -> list[Stray]:
    """Return the jobs that lines had beside their own."""
    found = connection.execute(
        select(strays.c.position, strays.c.video_id, strays.c.reason).order_by(strays.c.position)
    )
    return [Stray(*row) for row in found]


def _change(
    connection: Connection, worker: str, position: int, before: State | None, /, **values: Any
) -> bool:
    change = update(lines).where(lines.c.position == position, lines.c.worker == worker)
    if before is not None:
        change = change.where(lines.c.state == before)
    return connection.execute(change.values(**values)).rowcount > 0
