"""Everything that is asked of the database, as functions of a connection."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import attrs
from sqlalchemy import Integer, bindparam, case, false, select

from openvideos_emulator.scene import Scene
from openvideos_emulator.storage.database import lock
from openvideos_emulator.storage.tables import characters, first_frames, videos
from openvideos_emulator.timetable import Failure, Job, Steps, Timetable

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from openvideos_emulator.fate import WebhookFault
    from openvideos_emulator.storage.database import Database


@attrs.frozen
class Character:
    """A character as its row has it; `created` is in Unix milliseconds."""

    id: str
    name: str
    created: int


@attrs.frozen
class Page:
    """A page of a list."""

    jobs: list[Job]
    has_more: bool


_JOB_COLUMNS = (
    videos.c.id,
    videos.c.created,
    videos.c.started,
    videos.c.climbed,
    videos.c.ended,
    videos.c.expires,
    videos.c.request,
    videos.c.failure,
    videos.c.polls,
    videos.c.polled,
    videos.c.trick,
)
_LIVE_VIDEOS = (videos.c.tenant == bindparam("of_tenant"), videos.c.deleted == false())
_LIVE_VIDEO = (videos.c.id == bindparam("with_id"), *_LIVE_VIDEOS)
_ADD_JOB = videos.insert().inline()
_FIND_JOB = select(*_JOB_COLUMNS).where(*_LIVE_VIDEO)
_FIND_SCENE = select(videos.c.scene).where(*_LIVE_VIDEO)
_FIND_FIRST_FRAME = select(first_frames.c.image).where(
    first_frames.c.video_id == bindparam("with_id")
)
_FIND_PLACE = select(videos.c.sequence).where(
    videos.c.id == bindparam("with_id"), videos.c.tenant == bindparam("of_tenant")
)
_FIND_NEWEST = (
    select(*_JOB_COLUMNS)
    .where(*_LIVE_VIDEOS, videos.c.sequence < bindparam("place"))
    .order_by(videos.c.sequence.desc())
    .limit(bindparam("most", type_=Integer))
)
_FIND_OLDEST = (
    select(*_JOB_COLUMNS)
    .where(*_LIVE_VIDEOS, videos.c.sequence > bindparam("place"))
    .order_by(videos.c.sequence.asc())
    .limit(bindparam("most", type_=Integer))
)
_BEFORE_ALL, _AFTER_ALL = 0, 2**31 - 1
_FIND_CHARACTER = select(characters.c.id, characters.c.name, characters.c.created).where(
    characters.c.id == bindparam("with_id"), characters.c.tenant == bindparam("of_tenant")
)


def add_job(
    connection: Connection, tenant: str, job: Job, scene: Scene, first_frame: bytes | None
) -> None:
    """Store a new job with what its media is made from.

    It comes last in the list of its tenant: one create after the other, so that nobody who has
    seen a job in the list misses one that is before it.
    """
    lock(connection, f"the list of {tenant}")
    request = {
        "model": job.model,
        "prompt": job.prompt,
        "size": job.size,
        "seconds": job.seconds,
        "remixed_from_video_id": job.remixed_from_video_id,
    }
    connection.execute(
        _ADD_JOB,
        {
            "id": job.id,
            "tenant": tenant,
            "deleted": False,
            **attrs.asdict(job.timetable),
            "request": json.dumps(request),
            "failure": None if job.failure is None else json.dumps(attrs.asdict(job.failure)),
            "scene": scene.to_json(),
            "polls": None if job.steps is None else job.steps.needed,
            "polled": None if job.steps is None else job.steps.made,
            "trick": job.trick,
        },
    )
    if first_frame is not None:
        connection.execute(first_frames.insert(), {"video_id": job.id, "image": first_frame})


async def find_job(database: Database, tenant: str, video_id: str) -> Job | None:
    """Return a tenant's job, or None."""
    rows = await database.rows(_FIND_JOB, {"with_id": video_id, "of_tenant": tenant})
    return _job(*rows[0]) if rows else None


def step_job(
    connection: Connection, tenant: str, video_id: str, *, now: int, expires: int
) -> tuple[Job | None, bool]:
    """Let a tenant's job take a step, where it has steps left.

    Args:
        connection: The connection of a write.
        tenant: Whose job.
        video_id: Its id.
        now: When it ends in case that this is its last step, in Unix milliseconds.
        expires: When its assets are gone then.

    Returns:
        The job, None where there is none; and whether this was its last step.
    """
    is_last = videos.c.polled + 1 >= videos.c.polls
    step = (
        videos.update()
        .where(*_LIVE_VIDEO, videos.c.polled < videos.c.polls)
        .values(
            polled=videos.c.polled + 1,
            ended=case((is_last, now), else_=videos.c.ended),
            expires=case((is_last, expires), else_=videos.c.expires),
        )
    )
    stepped = connection.execute(step, {"with_id": video_id, "of_tenant": tenant}).rowcount == 1
    row = connection.execute(_FIND_JOB, {"with_id": video_id, "of_tenant": tenant}).first()
    job = None if row is None else _job(*row)
    return job, stepped and job is not None and job.at_end(now)


async def find_scene(database: Database, tenant: str, video_id: str) -> Scene | None:
    """Return what a tenant's video shows, or None."""
    rows = await database.rows(_FIND_SCENE, {"with_id": video_id, "of_tenant": tenant})
    return Scene.from_json(rows[0][0]) if rows else None


def find_first_frame(connection: Connection, video_id: str) -> bytes | None:
    """Return the image that a video starts with, or None."""
    image: bytes | None = connection.execute(_FIND_FIRST_FRAME, {"with_id": video_id}).scalar()
    return image


def delete_job(connection: Connection, tenant: str, video_id: str) -> bool:
    """Delete a tenant's video with all that was made for it; return whether it was there."""
    place = {"with_id": video_id, "of_tenant": tenant}
    # Only its place is kept, so that a list can go on from it.
    gone = connection.execute(
        videos.update()
        .where(*_LIVE_VIDEO)
        .values(deleted=True, request="{}", failure=None, scene="{}"),
        place,
    )
    if gone.rowcount == 0:
        return False
    connection.execute(first_frames.delete().where(first_frames.c.video_id == video_id))
    return True


async def list_jobs(
    database: Database, tenant: str, *, limit: int, ascending: bool, after: str | None
) -> Page | None:
    """Return a page of a tenant's jobs, or None where `after` is no video of theirs.

    Jobs are in the order in which they were stored, which no two have in common, whatever the
    clocks of several hosts say. The place of a deleted video is remembered. So a walk through the
    pages is right while videos come and go.
    """
    place = _BEFORE_ALL if ascending else _AFTER_ALL
    if after is not None:
        found = await database.rows(_FIND_PLACE, {"with_id": after, "of_tenant": tenant})
        if not found:
            return None
        place = found[0][0]
    rows = await database.rows(
        _FIND_OLDEST if ascending else _FIND_NEWEST,
        {"of_tenant": tenant, "place": place, "most": limit + 1},
    )
    return Page([_job(*row) for row in rows[:limit]], has_more=len(rows) > limit)


def add_character(connection: Connection, tenant: str, character: Character) -> None:
    """Store a new character."""
    row = {**attrs.asdict(character), "tenant": tenant, "name": json.dumps(character.name)}
    connection.execute(characters.insert(), row)


def find_character(connection: Connection, tenant: str, character_id: str) -> Character | None:
    """Return a tenant's character, or None."""
    row = connection.execute(
        _FIND_CHARACTER, {"with_id": character_id, "of_tenant": tenant}
    ).first()
    return None if row is None else Character(row.id, json.loads(row.name), row.created)


def _job(
    video_id: str,
    created: int,
    started: int,
    climbed: int,
    ended: int,
    expires: int,
    request: str,
    failure: str | None,
    polls: int | None,
    polled: int | None,
    trick: WebhookFault | None,
) -> Job:
    asked = json.loads(request)
    return Job(
        id=video_id,
        timetable=Timetable(created, started, climbed, ended, expires),
        failure=None if failure is None else Failure(**json.loads(failure)),
        steps=None if polls is None else Steps(polls, polled or 0),
        trick=trick,
        **asked,
    )
