"""What each request to the admin API does."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import attrs
from sqlalchemy import Connection, select

from openvideos_emulator.admin import clocks, counts, journal
from openvideos_emulator.faults import store as faults
from openvideos_emulator.http.errors import ApiError, bad_request, shortened
from openvideos_emulator.http.keys import tenant_of
from openvideos_emulator.progress import check_progress
from openvideos_emulator.settings import SettingsError
from openvideos_emulator.storage.database import upsert
from openvideos_emulator.storage.tables import deliveries, worlds
from openvideos_emulator.webhooks import Endpoint, EndpointError
from openvideos_emulator.webhooks.endpoint import shown as shown_url
from openvideos_emulator.webhooks.outbox import Moment, stored_webhooks
from openvideos_emulator.worlds import ALL

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openvideos_emulator.contract import Contract
    from openvideos_emulator.service import Service

_USUAL_LIMIT = 1000
_LAST_PLACE = 2**31 - 1


@attrs.frozen
class Asked:
    """A request to the admin API that was found to be right.

    Attributes:
        service: The emulator.
        contract: What it serves.
        path: The values of the path's names.
        fields: What the body says, or the query where there is none; anything at all for a fault.
    """

    service: Service
    contract: Contract
    path: Mapping[str, str]
    fields: Any

    @property
    def tenant(self) -> str | None:
        """Whose world it concerns, None for all."""
        key = self.fields.get("key")
        return None if key is None else tenant_of(key.strip().encode())

    @property
    def row(self) -> str:
        """The tenant of the row that concerns these worlds."""
        return ALL if self.tenant is None else self.tenant


async def read_clock(asked: Asked) -> dict[str, Any]:
    """Tell the time."""
    return clocks.shown(await asked.service.worlds.find(asked.row))


async def advance_clock(asked: Asked) -> dict[str, Any]:
    """Turn the clock, and try the webhooks that this makes due."""
    service = asked.service
    seconds = asked.fields["seconds"]
    await service.database.write(clocks.advance, service.worlds, asked.row, seconds)
    return await _after_turning(asked)


async def freeze_clock(asked: Asked) -> dict[str, Any]:
    """Stop the clock."""
    service = asked.service
    at = asked.fields.get("at")
    await service.database.write(clocks.freeze, service.worlds, asked.row, at)
    return await _after_turning(asked)


async def unfreeze_clock(asked: Asked) -> dict[str, Any]:
    """Let the clock go on."""
    service = asked.service
    await service.database.write(clocks.unfreeze, service.worlds, asked.row)
    return await read_clock(asked)


async def _after_turning(asked: Asked) -> dict[str, Any]:
    await asked.service.webhooks.deliver_due(asked.tenant)
    return await read_clock(asked)


async def read_progress(asked: Asked) -> dict[str, Any]:
    """Tell how new jobs progress."""
    return {"progress": (await asked.service.worlds.find(asked.row)).progress}


async def set_progress(asked: Asked) -> dict[str, Any]:
    """Change how new jobs progress."""
    progress = asked.fields["progress"]
    try:
        check_progress(progress)
    except ValueError as error:
        raise bad_request(
            f"Invalid 'progress': {error}.", param="progress", code="invalid_value"
        ) from error
    await asked.service.database.write(_set, asked.row, {"progress": progress})
    return await read_progress(asked)


async def unset_progress(asked: Asked) -> dict[str, Any]:
    """Let new jobs progress as was said before, of all or in the settings."""
    await asked.service.database.write(_set, asked.row, {"progress": None})
    return await read_progress(asked)


async def read_webhook(asked: Asked) -> dict[str, Any]:
    """Tell where events are sent."""
    url = (await asked.service.worlds.find(asked.row)).webhook_url
    return {"url": None if url is None else shown_url(url)}


async def set_webhook(asked: Asked) -> dict[str, Any]:
    """Change where events are sent, and what they are signed with."""
    try:
        endpoint = Endpoint(asked.fields["url"], asked.fields["secret"])
    except EndpointError as error:
        raise bad_request(
            f"Invalid '{error.field}': {error}.", param=error.field, code="invalid_value"
        ) from error
    values = {"webhook_url": endpoint.url, "webhook_secret": endpoint.secret}
    await asked.service.database.write(_set, asked.row, values)
    return await read_webhook(asked)


async def unset_webhook(asked: Asked) -> dict[str, Any]:
    """Let events be sent where was said before, of all or in the settings."""
    values = {"webhook_url": None, "webhook_secret": None}
    await asked.service.database.write(_set, asked.row, values)
    return await read_webhook(asked)


async def list_webhooks(asked: Asked) -> dict[str, Any]:
    """Tell the events that are due."""
    found = await asked.service.database.read(
        _webhooks,
        asked.service,
        asked.tenant,
        asked.fields.get("type"),
        asked.fields.get("video_id"),
    )
    return {"webhooks": found}


async def list_faults(asked: Asked) -> dict[str, Any]:
    """Tell the faults that were added."""
    return {"faults": await faults.list_faults(asked.service.database, asked.tenant)}


async def add_fault(asked: Asked) -> dict[str, Any]:
    """Add a fault."""
    try:
        return await faults.add_fault(asked.service.database, asked.contract, asked.fields)
    except SettingsError as error:
        raise bad_request(f"Invalid fault: {error}.", code="invalid_value") from error


async def remove_faults(asked: Asked) -> dict[str, Any]:
    """Remove all faults that were added, or a key's."""
    return {"removed": await faults.remove_faults(asked.service.database, tenant=asked.tenant)}


async def remove_fault(asked: Asked) -> dict[str, Any]:
    """Remove a fault."""
    fault_id = asked.path["id"]
    removed = await faults.remove_faults(asked.service.database, fault_id, asked.tenant)
    if not removed:
        raise ApiError(
            HTTPStatus.NOT_FOUND,
            f"Fault with id '{shortened(fault_id)}' not found: only those that were added here "
            "can be removed.",
        )
    return {"removed": removed}


async def list_requests(asked: Asked) -> dict[str, Any]:
    """Tell what came in."""
    fields = asked.fields
    found, has_more = await asked.service.database.read(
        journal.find_entries,
        asked.tenant,
        after=min(int(fields.get("after", 0)), _LAST_PLACE),
        limit=int(fields.get("limit", _USUAL_LIMIT)),
        is_wanted=lambda entry: _is_wanted(entry, fields),
    )
    return {"requests": found, "has_more": has_more}


async def remove_requests(asked: Asked) -> dict[str, Any]:
    """Empty the journal."""
    removed = await asked.service.database.write(journal.remove_entries, asked.tenant)
    return {"removed": removed}


async def read_stats(asked: Asked) -> dict[str, Any]:
    """Tell how many there are of everything."""
    service = asked.service
    return await service.database.read(counts.stats, service.worlds, asked.tenant)


async def reset(asked: Asked) -> dict[str, Any]:
    """Forget everything, and tell what is left."""
    await asked.service.database.write(counts.reset, asked.tenant)
    return await read_stats(asked)


def _set(connection: Connection, row: str, values: Mapping[str, str | None]) -> None:
    new = {"offset": 0, "faults_edition": 0, **values}
    upsert(connection, worlds, {"tenant": row}, new, changes=values)


def _webhooks(
    connection: Connection,
    service: Service,
    tenant: str | None,
    kind: str | None,
    video_id: str | None,
) -> list[dict[str, Any]]:
    if tenant is None:
        tenants = connection.execute(select(deliveries.c.tenant).distinct()).scalars().all()
    else:
        tenants = [tenant]
    found: list[dict[str, Any]] = []
    for each in tenants:
        now = service.worlds.read(connection, each).now()
        moment = Moment(tenant=each, now=now)
        found += stored_webhooks(connection, moment, type=kind, video_id=video_id)
    return found if tenant is not None else sorted(found, key=lambda event: event["created_at"])


def _is_wanted(entry: dict[str, Any], wanted: Mapping[str, str]) -> bool:
    return (
        all(
            wanted.get(name) in (None, entry[name])
            for name in ("operation", "method", "path", "video_id")
        )
        and _has_status(entry["status"], wanted.get("status"))
        and wanted.get("prompt", "") in _prompt(entry["body"])
    )


def _has_status(status: int | None, wanted: str | None) -> bool:
    return wanted is None or wanted in (str(status), f"{(status or 0) // 100}XX")


def _prompt(body: Any) -> str:
    prompt = body.get("prompt") if isinstance(body, dict) else None
    return prompt if isinstance(prompt, str) else ""
