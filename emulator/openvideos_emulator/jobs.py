"""New jobs, found jobs, and the answers that show them."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from openvideos_emulator import queries
from openvideos_emulator.canned import canned_job, canned_scene
from openvideos_emulator.catalogue import (
    failure_of,
    is_professional,
    is_refused_early,
    parsed_size,
    seconds_text,
)
from openvideos_emulator.errors import ApiError, video_not_found
from openvideos_emulator.timetable import Job, observe, plan, poll_after

if TYPE_CHECKING:
    from openvideos_emulator.scene import Scene
    from openvideos_emulator.service import Call, Service

_HEX_AFTER_THE_SECOND = 40


def new_id(prefix: str, now: int) -> str:
    """Return a new id: 48 hexadecimal digits, the first eight of them the second [seen]."""
    return f"{prefix}_{now // 1000:08x}{secrets.token_hex(_HEX_AFTER_THE_SECOND // 2)}"


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
    failure = failure_of(model, size, prompt)
    job = Job(
        id=video_id,
        model=model,
        prompt=prompt,
        size=size,
        seconds=seconds_text(scene.seconds),
        remixed_from_video_id=remixed_from,
        timetable=plan(
            video_id,
            now,
            pixels=scene.width * scene.height,
            seconds=made_seconds,
            professional=is_professional(model),
            refused=is_refused_early(failure),
            speed=service.settings.speed,
        ),
        failure=failure,
    )
    await service.database.write(queries.add_job, call.tenant, job, scene, first_frame)
    return video_answer(service, job, now)


async def find_job(service: Service, call: Call, video_id: str) -> Job:
    """Return the caller's job.

    Raises:
        ApiError: 404, there is no such job, or it is another key's.
    """
    job = await service.database.read(queries.find_job, call.tenant, video_id)
    if job is None and service.settings.canned:
        job = canned_job(service.catalogue, video_id)
    if job is None:
        raise video_not_found(video_id)
    return job


async def find_scene(service: Service, call: Call, job: Job) -> tuple[Scene, bytes | None]:
    """Return what a job's video shows, and the image that it starts with.

    Raises:
        ApiError: 404, the job was deleted meanwhile.
    """
    scene = await service.database.read(queries.find_scene, call.tenant, job.id)
    if scene is None and service.settings.canned:
        scene = canned_scene(job, parsed_size(job.size))
    if scene is None:
        raise video_not_found(job.id)
    if scene.first_frame is None:
        return scene, None
    return scene, await service.database.read(queries.find_first_frame, job.id)


def video_answer(service: Service, job: Job, now: int) -> JSONResponse:
    """Return the answer that shows a job as it is at a time."""
    wait = poll_after(job, now, service.settings.speed)
    headers = None if wait is None else {"openai-poll-after-ms": str(wait)}
    return JSONResponse(observe(job, now), headers=headers)


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
