"""Remix, edit and extend: videos made from videos."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import attrs

from openvideos_emulator.catalogue import MOST_EXTENSIONS, MOST_SECONDS, parsed_seconds
from openvideos_emulator.http.bodies import Upload
from openvideos_emulator.http.errors import bad_request, missing_parameter
from openvideos_emulator.jobs import (
    find_first_frame,
    find_job,
    find_scene,
    new_video_id,
    refuse_unless_completed,
    start_job,
)
from openvideos_emulator.operations.uploads import video_facts_of
from openvideos_emulator.scene import Part, Scene, hue_of, other_hue

if TYPE_CHECKING:
    from starlette.responses import JSONResponse

    from openvideos_emulator.service import Call, Service

_SHORTEST = 0.01


@attrs.frozen
class _Source:
    """A video to work from: what it shows, and the model that the new one is made with."""

    scene: Scene
    model: str
    first_frame: bytes | None = None


async def remix(service: Service, call: Call) -> JSONResponse:
    """Make a completed video anew with another prompt."""
    source_id = call.path["video_id"]
    source = await _from_job(service, call, source_id)
    return await _remake(service, call, source, remixed_from=source_id)


async def edit(service: Service, call: Call) -> JSONResponse:
    """Make a changed version of a completed or an uploaded video."""
    return await _remake(service, call, await _source(service, call), remixed_from=None)


async def extend(service: Service, call: Call) -> JSONResponse:
    """Continue a completed or an uploaded video. The new one is the whole, stitched."""
    source = await _source(service, call)
    scene = source.scene
    prompt = call.fields["prompt"]
    added = parsed_seconds(call.fields.get("seconds", service.catalogue.default_extension))
    if len(scene.parts) > MOST_EXTENSIONS:
        raise bad_request(
            f"Invalid 'video': a video can be extended at most {MOST_EXTENSIONS} times.",
            param="video",
            code="invalid_value",
        )
    if scene.seconds + added > MOST_SECONDS:
        raise bad_request(
            f"Invalid 'seconds': an extended video is at most {MOST_SECONDS} seconds long; this "
            f"one has {scene.seconds:g} already.",
            param="seconds",
            code="invalid_value",
        )
    now = call.now()
    video_id = new_video_id(prompt, now)
    part = Part(video_id, prompt, added, hue_of(prompt))
    return await start_job(
        service,
        call,
        video_id=video_id,
        now=now,
        model=source.model,
        prompt=prompt,
        scene=attrs.evolve(scene, parts=(*scene.parts, part)),
        made_seconds=added,
        first_frame=source.first_frame,
    )


async def _remake(
    service: Service, call: Call, source: _Source, *, remixed_from: str | None
) -> JSONResponse:
    prompt, scene = call.fields["prompt"], source.scene
    now = call.now()
    video_id = new_video_id(prompt, now)
    # The source's pattern in another colour, even where the prompt is the same.
    part = Part(video_id, prompt, scene.seconds, other_hue(scene.parts[0].hue, prompt))
    return await start_job(
        service,
        call,
        video_id=video_id,
        now=now,
        model=source.model,
        prompt=prompt,
        scene=attrs.evolve(scene, parts=(part,), first_frame=None),
        made_seconds=scene.seconds,
        remixed_from=remixed_from,
    )


async def _source(service: Service, call: Call) -> _Source:
    video: Any = call.fields.get("video")
    if video is None:
        raise missing_parameter("video")
    if isinstance(video, Upload):
        source = await _from_upload(service, video)
    else:
        source = await _from_job(service, call, video["id"])
    return attrs.evolve(source, model=call.fields.get("model", source.model))


async def _from_job(service: Service, call: Call, video_id: str) -> _Source:
    job = await find_job(service, call, video_id)
    refuse_unless_completed(job, call.now())
    scene = await find_scene(service, call, job)
    return _Source(scene, job.model, await find_first_frame(service, job, scene))


async def _from_upload(service: Service, upload: Upload) -> _Source:
    facts = await video_facts_of(service, upload)
    if facts.seconds > MOST_SECONDS:
        raise bad_request(
            f"Invalid 'video': it is {facts.seconds:g} seconds long, at most {MOST_SECONDS} are "
            "accepted.",
            param="video",
            code="invalid_value",
        )
    size = service.catalogue.nearest(facts.width, facts.height)
    pattern = hashlib.sha256(upload.data).hexdigest()
    seconds = max(_SHORTEST, round(facts.seconds, 2))
    part = Part("(uploaded)", "", seconds, hue_of(pattern))
    scene = Scene(size.width, size.height, pattern=pattern, parts=(part,))
    return _Source(scene, service.catalogue.default_model)
