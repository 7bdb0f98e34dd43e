"""Videos and characters that exist because somebody asks for them (`--canned`).

Generated tests of client libraries ask for `video_123`, which nobody made.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openvideos_emulator.offers import with_schemas
from openvideos_emulator.scene import Part, Scene, hue_of
from openvideos_emulator.storage.queries import Character
from openvideos_emulator.timetable import Job, Timetable

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openvideos_emulator.catalogue import Catalogue, Size

_CREATED = 1_759_551_938_000
_ENDED = _CREATED + 55_000
_NEVER = 4_102_444_800_000  # the year 2100
_PROMPT = "A calico cat playing a piano on stage"
_NAME = "Mossy"


def opened(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return a contract that also takes what generated tests fill requests with.

    They name the model `string`, and refer to an image by `image_url` and `file_id` at once, the
    first of which says `image_url`.
    """
    known = {"$ref": "#/components/schemas/VideoModel"}
    return with_schemas(
        document,
        {
            "AnyVideoModel": {"anyOf": [known, {"type": "string", "minLength": 1}]},
            "InputReference": {"minProperties": None, "maxProperties": None},
            "ImageUrl": {"format": None},
        },
    )


def canned_job(catalogue: Catalogue, video_id: str) -> Job:
    """Return the completed job of any id, always the same."""
    return Job(
        id=video_id,
        model=catalogue.default_model,
        prompt=_PROMPT,
        size=catalogue.default_size,
        seconds=catalogue.default_seconds,
        remixed_from_video_id=None,
        timetable=Timetable(_CREATED, _CREATED + 4_000, _CREATED + 42_000, _ENDED, _NEVER),
    )


def canned_scene(job: Job, size: Size) -> Scene:
    """Return what the video of a canned job shows."""
    part = Part(job.id, job.prompt, float(job.seconds), hue_of(job.prompt))
    return Scene(size.width, size.height, pattern=job.id, parts=(part,))


def canned_character(character_id: str) -> Character:
    """Return the character of any id, always the same."""
    return Character(character_id, _NAME, _CREATED)
