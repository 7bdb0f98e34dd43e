"""New jobs, found jobs, and the answers that show them."""

from __future__ import annotations

import math
import secrets
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from openvideos_emulator.canned import canned_job, canned_scene
from openvideos_emulator.catalogue import (
    failure_of,
    is_professional,
    parsed_size,
    seconds_text,
)
from openvideos_emulator.fate import Fate, fate_of
from openvideos_emulator.faults.asked import with_ending
from openvideos_emulator.http.errors import ApiError, video_not_found
from openvideos_emulator.http.limits import refuse_beyond
from openvideos_emulator.progress import BY_TIME, MOST_POLLS, polls_of
from openvideos_emulator.storage import queries
from openvideos_emulator.timetable import (
    NEVER,
    Job,
    Steps,
    Timetable,
    expiry,
    observe,
    plan,
    plan_at_once,
    poll_after,
    without_end,
)
from openvideos_emulator.webhooks.outbox import queue_event

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from openvideos_emulator.record import Record
    from openvideos_emulator.scene import Scene
    from openvideos_emulator.service import Call, Service
    from openvideos_emulator.worlds import World

_HEX_AFTER_THE_SECOND = 40


def new_id(prefix: str, now: int) -> str:
    """Return a new id: 48 hexadecimal digits, the first eight of them the second [seen]."""
    return f"{prefix}_{now // 1000:08x}{secrets.token_hex(_HEX_AFTER_THE_SECOND // 2)}"


def new_video_id(prompt: str, now: int) -> str:
    """Return the id of a new video, which tells whether its prompt holds a directive."""
    return with_ending(new_id("video", now), prompt)


async def start_job(
    service: Service,
    call: Call,
    *,
    video_id: str,
    now: int,
    model: str,
    prompt: str,
    scene: Scene,
    made_seconds: float,
    remixed_from: str | None = None,
    first_frame: bytes | None = None,
) -> JSONResponse:
    """Store a new job and return the answer that shows it.

    Args:
        service: The emulator.
        call: The request.
        video_id: The job's id.
        now: When it is created, in Unix milliseconds.
        model: The model.
        prompt: The prompt.
        scene: What the video shows.
        made_seconds: How many seconds of it are made by this job.
        remixed_from: The video that it is a remix of, or None.
        first_frame: The image that the video starts with, or None.
    """
    size = f"{scene.width}x{scene.height}"
    fate = fate_of(call.request.scope)
    failure = fate.failure or failure_of(model, size)
    timetable = plan(
        video_id,
        now,
        pixels=scene.width * scene.height,
        seconds=made_seconds,
        professional=is_professional(model),
        refused=fate.refused,
        speed=service.settings.speed / fate.slowness,
        expires_after=service.settings.expires_after,
    )
    timetable, steps = _progressing(call.world.progress, timetable, fate, service)
    job = Job(
        id=video_id,
        model=model,
        prompt=prompt,
        size=size,
        seconds=seconds_text(scene.seconds),
        remixed_from_video_id=remixed_from,
        timetable=timetable,
        failure=failure,
        steps=steps,
        trick=fate.webhook,
    )
    await service.database.write(_store, service, call.world, job, scene, first_frame)
    service.webhooks.wake()
    record: Record | None = call.request.scope.get("record")
    if record is not None:
        record.video_id = video_id
    # As it was a moment before: however fast it is made, its create is answered with `queued`.
    return video_answer(service, job, now - 1)


async def poll_job(service: Service, call: Call, video_id: str) -> Job:
    """Return the caller's job, which takes a step where it progresses by retrieves.

    Raises:
        ApiError: 404, there is no such job, or it is another key's.
    """
    job = await find_job(service, call, video_id)
    now = call.now()
    if job.steps is None or job.at_end(now):
        return job
    stepped = await service.database.write(_step, service, call.world, video_id, now)
    if stepped is None:
        raise video_not_found(video_id)
    service.webhooks.wake()
    return stepped


async def find_job(service: Service, call: Call, video_id: str) -> Job:
    """Return the caller's job.

    Raises:
        ApiError: 404, there is no such job, or it is another key's.
    """
    job = await queries.find_job(service.database, call.tenant, video_id)
    if job is None and service.settings.canned:
        job = canned_job(service.catalogue, video_id)
    if job is None:
        raise video_not_found(video_id)
    return job


async def find_scene(service: Service, call: Call, job: Job) -> Scene:
    """Return what a job's video shows.

    Raises:
        ApiError: 404, the job was deleted meanwhile.
    """
    scene = await queries.find_scene(service.database, call.tenant, job.id)
    if scene is None and service.settings.canned:
        scene = canned_scene(job, parsed_size(job.size))
    if scene is None:
        raise video_not_found(job.id)
    return scene


async def find_first_frame(service: Service, job: Job, scene: Scene) -> bytes | None:
    """Return the image that a job's video starts with, None where it starts with none.

    Raises:
        ApiError: 404, the job was deleted meanwhile.
    """
    if scene.first_frame is None:
        return None
    first_frame = await service.database.read(queries.find_first_frame, job.id)
    if first_frame is None:
        raise video_not_found(job.id)
    return first_frame


def video_answer(service: Service, job: Job, now: int) -> JSONResponse:
    """Return the answer that shows a job as it is at a time."""
    wait = poll_after(job, now, service.settings.speed)
    headers = None if wait is None else {"openai-poll-after-ms": str(wait)}
    return JSONResponse(observe(job, now), headers=headers)


def _progressing(
    progress: str, timetable: Timetable, fate: Fate, service: Service
) -> tuple[Timetable, Steps | None]:
    """Return how a job progresses whose timetable by the clock is known."""
    now = timetable.created
    if progress != BY_TIME:
        timetable = plan_at_once(now, expires_after=service.settings.expires_after)
    polls = polls_of(progress)
    # What is stuck has no steps to its end: it is at 99 at once where time does not matter.
    if polls is None or fate.stuck:
        return (without_end(timetable) if fate.stuck else timetable), None
    return without_end(timetable), Steps(math.ceil(min(polls * fate.slowness, MOST_POLLS)))


def _store(
    connection: Connection,
    service: Service,
    world: World,
    job: Job,
    scene: Scene,
    first_frame: bytes | None,
) -> None:
    settings = service.settings
    if settings.max_running is not None:
        refuse_beyond(connection, world.tenant, job.timetable.created, settings.max_running)
    queries.add_job(connection, world.tenant, job, scene, first_frame)
    if job.timetable.ended < NEVER:
        _announce_end(connection, service, world, job)


def _step(
    connection: Connection, service: Service, world: World, video_id: str, now: int
) -> Job | None:
    expires = expiry(now, service.settings.expires_after)
    job, is_at_end = queries.step_job(connection, world.tenant, video_id, now=now, expires=expires)
    if job is not None and is_at_end:
        _announce_end(connection, service, world, job)
    return job


def _announce_end(connection: Connection, service: Service, world: World, job: Job) -> None:
    # With the admin API, tests look at what would be sent where nobody receives it.
    if world.webhook_url is not None or service.settings.admin:
        queue_event(connection, world, job, job.trick)


def refuse_unless_completed(job: Job, now: int) -> None:
    """Refuse to work from a video that is not there yet, or never will be.

    Raises:
        ApiError: 409.
    """
    status = job.status(now)
    if status == "failed":
        raise ApiError(409, "Video generation failed, so there is no video to work from.")
    if status != "completed":
        raise ApiError(
            409, "Video is not completed yet, use GET /v1/videos/{video_id} to check status."
        )
