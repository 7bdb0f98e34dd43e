"""What every operation has at hand, and what it is called with."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from openvideos_emulator.catalogue import Catalogue
    from openvideos_emulator.clock import Clock
    from openvideos_emulator.database import Database
    from openvideos_emulator.media.studio import Studio


@attrs.frozen
class Service:
    """The parts of a running emulator.

    Attributes:
        database: The state.
        studio: The maker of assets.
        catalogue: What can be asked for.
        clock: The time.
        speed: How many times faster than the real service jobs are made.
        canned: Whether any video and character id exists, completed.
    """

    database: Database
    studio: Studio
    catalogue: Catalogue
    clock: Clock
    speed: float
    canned: bool


@attrs.frozen
class Call:
    """A request that was found to keep the contract.

    Attributes:
        request: The request itself.
        tenant: Whose it is.
        path: The values of the path's names, such as `video_id`.
        query: The query's parameters, integers as integers.
        fields: The body's fields, None where the operation takes no body.
    """

    request: Request
    tenant: str
    path: Mapping[str, str]
    query: Mapping[str, Any]
    fields: Any


Handler = Callable[[Service, Call], Awaitable["Response"]]
