"""Create, list, retrieve and delete videos."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from openvideos_emulator.catalogue import parsed_seconds, parsed_size
from openvideos_emulator.http.errors import ApiError, video_not_found
from openvideos_emulator.jobs import (
    find_job,
    find_scene,
    new_video_id,
    poll_job,
    start_job,
    video_answer,
)
from openvideos_emulator.operations.characters import find_character
from openvideos_emulator.operations.uploads import first_frame_of
from openvideos_emulator.scene import Part, Scene, hue_of
from openvideos_emulator.storage import queries
from openvideos_emulator.timetable import observe

if TYPE_CHECKING:
    from openvideos_emulator.service import Call, Service

_DEFAULT_LIMIT = 20
_FINAL = {"completed", "failed"}


async def create(service: Service, call: Call) -> JSONResponse:
    """Start a job that makes a video from a prompt."""
    fields, catalogue = call.fields, service.catalogue
    prompt = fields["prompt"]
    size = parsed_size(fields.get("size", catalogue.default_size))
    seconds = parsed_seconds(fields.get("seconds", catalogue.default_seconds))
    for character in fields.get("characters", []):
        await find_character(service, call, character["id"])
    first_frame = await first_frame_of(service, fields.get("input_reference"), size)
    now = call.now()
    video_id = new_video_id(prompt, now)
    scene = Scene(
        width=size.width,
        height=size.height,
        pattern=video_id,
        parts=(Part(video_id, prompt, seconds, hue_of(prompt)),),
        first_frame=None if first_frame is None else first_frame.digest,
    )
    return await start_job(
        service,
        call,
        video_id=video_id,
        now=now,
        model=fields.get("model", catalogue.default_model),
        prompt=prompt,
        scene=scene,
        made_seconds=seconds,
        first_frame=None if first_frame is None else first_frame.data,
    )


async def retrieve(service: Service, call: Call) -> JSONResponse:
    """Answer with a job as it is now."""
    job = await poll_job(service, call, call.path["video_id"])
    return video_answer(service, job, call.now())


async def list_page(service: Service, call: Call) -> JSONResponse:
    """Answer with a page of the caller's videos."""
    after, ascending = call.query.get("after"), call.query.get("order") == "asc"
    limit = call.query.get("limit", _DEFAULT_LIMIT)
    page = await queries.list_jobs(
        service.database, call.tenant, limit=limit, ascending=ascending, after=after
    )
    if page is None and service.settings.canned:
        # A canned video is older than any that was made: after it come all of them, or none.
        page = queries.Page([], has_more=False)
        if ascending:
            page = await queries.list_jobs(
                service.database, call.tenant, limit=limit, ascending=True, after=None
            )
    if page is None:
        raise video_not_found(str(after))
    now = call.now()
    data = [observe(job, now) for job in page.jobs]
    return JSONResponse(
        {
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
            "has_more": page.has_more,
        }
    )


async def delete(service: Service, call: Call) -> JSONResponse:
    """Delete a video that is at its end, with its assets."""
    job = await find_job(service, call, call.path["video_id"])
    if job.status(call.now()) not in _FINAL:
        raise ApiError(
            409,
            "Video is still being processed, use GET /v1/videos/{video_id} to check status.",
        )
    scene = await find_scene(service, call, job)
    deleted = await service.database.write(queries.delete_job, call.tenant, job.id)
    if not deleted and not service.settings.canned:
        raise video_not_found(job.id)
    service.studio.forget(scene)
    return JSONResponse({"id": job.id, "object": "video.deleted", "deleted": True})
