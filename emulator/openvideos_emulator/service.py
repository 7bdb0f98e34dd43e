"""What every operation has at hand, and what it is called with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from openvideos_emulator.catalogue import Catalogue
    from openvideos_emulator.media.studio import Studio
    from openvideos_emulator.settings import Settings
    from openvideos_emulator.storage.database import Database
    from openvideos_emulator.webhooks.dispatcher import Dispatcher
    from openvideos_emulator.worlds import World, Worlds


@attrs.frozen
class Service:
    """The parts of a running emulator.

    Attributes:
        database: The state.
        studio: The maker of assets.
        catalogue: What can be asked for.
        settings: What the emulator was told.
        worlds: What can be different for each key.
        webhooks: What delivers the events of jobs.
    """

    database: Database
    studio: Studio
    catalogue: Catalogue
    settings: Settings
    worlds: Worlds
    webhooks: Dispatcher


@attrs.frozen
class Call:
    """A request that was found to keep the contract.

    Attributes:
        request: The request itself.
        world: The world of whose it is.
        path: The values of the path's names, such as `video_id`.
        query: The query's parameters, integers as integers.
        fields: The body's fields, None where the operation takes no body.
    """

    request: Request
    world: World
    path: Mapping[str, str]
    query: Mapping[str, Any]
    fields: Any

    @property
    def tenant(self) -> str:
        """Whose it is."""
        return self.world.tenant

    def now(self) -> int:
        """Return the time in the caller's world, in Unix milliseconds."""
        return self.world.now()


Handler = Callable[[Service, Call], Awaitable["Response"]]
