"""The outbox: what is still to be delivered, by whom, and what became of it.

Everything here is a function of a connection, and a transaction as a whole. Any number of workers
may call them at once.
"""

from __future__ import annotations

import base64
import json
import secrets
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import ColumnElement, Connection, and_, func, or_, select

from openvideos_emulator.storage.tables import deliveries, worlds
from openvideos_emulator.webhooks.endpoint import SECRET_PREFIX, shown
from openvideos_emulator.webhooks.events import event_of, new_webhook_id
from openvideos_emulator.webhooks.schedule import next_attempt
from openvideos_emulator.worlds import HAS_OWN_CLOCK

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

    from openvideos_emulator.timetable import Job
    from openvideos_emulator.worlds import World

_LATE_BY = 60_000
_GONE = 410
# An expression of SQLite can have so many parts, and many more.
_MOMENTS_AT_ONCE = 100
_BYTES_OF_A_SECRET = 32


@attrs.frozen(kw_only=True)
class Moment:
    """What time it is for some of the deliveries.

    Attributes:
        tenant: Whose deliveries, None for all of them.
        now: The time of their world, in Unix milliseconds.
        passes: Whether their time goes on by itself.
        of_others: Whether it is for all but those whose world has a clock of its own.
    """

    tenant: str | None
    now: int
    passes: bool = True
    of_others: bool = False


@attrs.frozen(kw_only=True)
class Delivery:
    """A delivery that was claimed.

    Attributes:
        id: Its `webhook-id`.
        tenant: Whose it is.
        video_id: The video that it tells of.
        type: The type of its event, such as `video.failed`.
        event: The body to send, as JSON.
        url: Where to.
        secret: What to sign it with.
        attempts: How often it was tried, this time included.
        claimed_until: Until when the claim holds, in the machine's Unix milliseconds.
    """

    id: str
    tenant: str
    video_id: str
    type: str
    event: str
    url: str = attrs.field(repr=False)
    secret: str = attrs.field(repr=False)
    attempts: int
    claimed_until: int


@attrs.frozen
class Outcome:
    """What came of an attempt: the status of an answer, or the error that there was instead."""

    status: int | None
    error: str | None = None

    @property
    def acknowledged(self) -> bool:
        """Whether the receiver has the event."""
        return self.status is not None and 200 <= self.status <= 299

    @property
    def final(self) -> bool:
        """Whether the receiver wants no further attempt: 410, as Standard Webhooks has it."""
        return self.acknowledged or self.status == _GONE


def queue_event(connection: Connection, world: World, job: Job, trick: str | None = None) -> None:
    """Store the event of a job's end, to be sent at that time.

    It goes where the world's webhook points to now. Where there is none, it is only stored.

    Args:
        connection: The transaction that stores the job, or its last step.
        world: The world of the job.
        job: The job, whose timetable tells its end.
        trick: What goes wrong with the event on purpose: `duplicate` (sent once more after it was
            acknowledged, with the same `webhook-id`), `late` (sent a minute after the job's end),
            `early` (sent when the job begins), `forged` (another comes beside it, with an id of its
            own and signed with another secret) or `lost` (never sent); None is nothing.
    """
    ended = job.timetable.ended
    if trick == "forged" and world.webhook_url is not None:
        _store(connection, world, job, due=ended, secret=_another_secret(), trick="forged")
    _store(
        connection,
        world,
        job,
        due=_DUE.get(trick, _at_its_end)(job),
        secret=world.webhook_secret,
        trick=trick if trick in ("duplicate", "lost") else None,
    )


def _store(
    connection: Connection,
    world: World,
    job: Job,
    *,
    due: int,
    secret: str | None,
    trick: str | None,
) -> None:
    event = event_of(job)
    is_sent = world.webhook_url is not None and secret is not None and trick != "lost"
    connection.execute(
        deliveries.insert(),
        {
            "id": new_webhook_id(due),
            "tenant": world.tenant,
            "video_id": job.id,
            "type": event["type"],
            "event": json.dumps(event),
            "url": world.webhook_url,
            "secret": secret,
            "trick": trick,
            "due": due,
            "next_attempt": due if is_sent else None,
        },
    )


def _at_its_end(job: Job) -> int:
    return job.timetable.ended


_DUE: Mapping[str | None, Callable[[Job], int]] = {
    "late": lambda job: job.timetable.ended + _LATE_BY,
    "early": lambda job: job.timetable.created,
}


def _another_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_BYTES_OF_A_SECRET)).decode()


def waiting_with_own_clock(connection: Connection) -> list[str]:
    """Return the tenants with anything left to deliver whose world has a clock of its own."""
    query = (
        select(deliveries.c.tenant)
        .join(worlds, worlds.c.tenant == deliveries.c.tenant)
        .where(deliveries.c.next_attempt.is_not(None), HAS_OWN_CLOCK)
        .distinct()
    )
    return list(connection.execute(query).scalars())


def is_due(connection: Connection, moments: Sequence[Moment]) -> bool:
    """Return whether anything is due, claimed or not."""
    return any(
        connection.execute(select(deliveries.c.id).where(due).limit(1)).first() is not None
        for due in _due(moments)
    )


def milliseconds_until_next(connection: Connection, moments: Sequence[Moment]) -> int | None:
    """Return how long it is until something that is not due yet will be, or None for never."""
    waits = []
    for moment in moments:
        if moment.passes:
            query = select(func.min(deliveries.c.next_attempt)).where(
                deliveries.c.next_attempt > moment.now, *_of(moment)
            )
            following = connection.execute(query).scalar()
            if following is not None:
                waits.append(following - moment.now)
    return min(waits, default=None)


def claim(
    connection: Connection,
    moments: Sequence[Moment],
    *,
    at_most: int,
    except_urls: Collection[str],
    now: int,
    until: int,
) -> list[Delivery]:
    """Claim what is due: nobody else gets it before the claim ends.

    Args:
        connection: The connection.
        moments: What time it is.
        at_most: How many to claim.
        except_urls: Receivers for which nothing is claimed.
        now: The machine's time, in Unix milliseconds.
        until: When the claim ends, likewise.
    """
    claimed: list[Delivery] = []
    for due in _due(moments):
        free = (
            select(deliveries.c.id)
            .where(
                due,
                deliveries.c.claimed_until <= now,
                deliveries.c.url.not_in(list(except_urls)),
            )
            .order_by(deliveries.c.next_attempt)
            .limit(at_most - len(claimed))
            # PostgreSQL only: what another worker is claiming is passed over.
            .with_for_update(skip_locked=True)
            .cte("free")
        )
        taken = (
            deliveries.update()
            .where(deliveries.c.id.in_(select(free.c.id)))
            .values(claimed_until=until, attempts=deliveries.c.attempts + 1)
            .returning(*(deliveries.c[field.name] for field in attrs.fields(Delivery)))
        )
        claimed += [Delivery(**row) for row in connection.execute(taken).mappings()]
    return claimed


def record(connection: Connection, delivery: Delivery, outcome: Outcome, now: int) -> int | None:
    """Record what came of an attempt; return when the next one is, or None for none.

    Args:
        connection: The connection.
        delivery: What was tried.
        outcome: What came of it.
        now: The time of the delivery's world, in Unix milliseconds.
    """
    mine = deliveries.c.id == delivery.id
    if not outcome.acknowledged:
        # Once the claim has ended, it is another's to say how it goes on.
        mine = and_(mine, deliveries.c.claimed_until == delivery.claimed_until)
    row = connection.execute(select(deliveries.c.due, deliveries.c.trick).where(mine)).first()
    if row is None:
        return None
    changes: dict[str, Any] = {"claimed_until": 0, "last_status": outcome.status}
    changes["last_error"] = outcome.error
    again: int | None = None
    if outcome.acknowledged:
        changes["delivered"] = now
        if row.trick == "duplicate":
            changes["trick"], again = None, row.due
    elif not outcome.final and row.trick != "forged":
        again = next_attempt(row.due, delivery.attempts, now)
    connection.execute(deliveries.update().where(mine).values(next_attempt=again, **changes))
    return again


def stored_webhooks(
    connection: Connection,
    moment: Moment,
    *,
    type: str | None = None,
    video_id: str | None = None,
) -> list[dict[str, Any]]:
    """Return the events that are due or were, in their order, as the admin API shows them.

    Args:
        connection: The connection.
        moment: Whose, and until when.
        type: The events of this type only, such as `video.failed`.
        video_id: The events of this video only.
    """
    table = deliveries.c
    query = select(deliveries).where(table.due <= moment.now, *_of(moment))
    if type is not None:
        query = query.where(table.type == type)
    if video_id is not None:
        query = query.where(table.video_id == video_id)
    rows = connection.execute(query.order_by(table.due, table.id)).all()
    return [
        {
            "id": row.id,
            "type": row.type,
            "video_id": row.video_id,
            "created_at": event["created_at"],
            "event": event,
            "url": None if row.url is None else shown(row.url),
            "attempts": row.attempts,
            "delivered_at": None if row.delivered is None else row.delivered / 1000,
            "last_status": row.last_status,
            "last_error": row.last_error,
        }
        for row, event in ((row, json.loads(row.event)) for row in rows)
    ]


def forget(connection: Connection, tenant: str | None) -> None:
    """Remove the events of a tenant, or all of them."""
    of_whom = () if tenant is None else (deliveries.c.tenant == tenant,)
    connection.execute(deliveries.delete().where(*of_whom))


def _due(moments: Sequence[Moment]) -> Iterator[ColumnElement[bool]]:
    """Yield conditions of what is due, none of which is too long for a database."""
    for start in range(0, len(moments), _MOMENTS_AT_ONCE):
        yield or_(
            *(
                and_(deliveries.c.next_attempt <= moment.now, *_of(moment))
                for moment in moments[start : start + _MOMENTS_AT_ONCE]
            )
        )


def _of(moment: Moment) -> tuple[ColumnElement[bool], ...]:
    if moment.of_others:
        return (deliveries.c.tenant.not_in(select(worlds.c.tenant).where(HAS_OWN_CLOCK)),)
    return () if moment.tenant is None else (deliveries.c.tenant == moment.tenant,)
