"""Create and retrieve characters."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from openvideos_emulator.canned import canned_character
from openvideos_emulator.http.errors import character_not_found
from openvideos_emulator.jobs import new_id
from openvideos_emulator.operations.uploads import video_facts_of
from openvideos_emulator.storage import queries
from openvideos_emulator.storage.queries import Character

if TYPE_CHECKING:
    from openvideos_emulator.service import Call, Service


async def create(service: Service, call: Call) -> JSONResponse:
    """Make a character from an uploaded video."""
    await video_facts_of(service, call.fields["video"])
    now = call.now()
    character = Character(new_id("char", now), call.fields["name"], now)
    await service.database.write(queries.add_character, call.tenant, character)
    return JSONResponse(_shown(character))


async def retrieve(service: Service, call: Call) -> JSONResponse:
    """Answer with a character."""
    return JSONResponse(_shown(await find_character(service, call, call.path["character_id"])))


async def find_character(service: Service, call: Call, character_id: str) -> Character:
    """Return the caller's character.

    Raises:
        ApiError: 404, there is no such character, or it is another key's.
    """
    character = await service.database.read(queries.find_character, call.tenant, character_id)
    if character is None and service.settings.canned:
        character = canned_character(character_id)
    if character is None:
        raise character_not_found(character_id)
    return character


def _shown(character: Character) -> dict[str, Any]:
    return {
        "id": character.id,
        "name": character.name,
        "created_at": character.created // 1000,
    }
