"""Lets faults happen to the deliveries of webhooks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from openvideos_emulator.faults.exchange import Request
from openvideos_emulator.faults.history import NOTHING, History
from openvideos_emulator.faults.steps import change_request

if TYPE_CHECKING:
    from collections.abc import Sequence

    from openvideos_emulator.contract import Contract
    from openvideos_emulator.faults.model import Fault
    from openvideos_emulator.storage.database import Database
    from openvideos_emulator.webhooks.envelope import Envelope
    from openvideos_emulator.webhooks.outbox import Delivery

_SIGNATURE = "webhook-signature"


class DeliveryFaults:
    """The faults of a file that concern deliveries: those that name a webhook as operation."""

    def __init__(self, faults: Sequence[Fault], contract: Contract, database: Database) -> None:
        webhooks = set(contract.webhooks)
        self._faults = [
            fault for fault in faults if webhooks & set(fault.request_match.operation or ())
        ]
        self._contract = contract
        self._history = History(database)

    async def changed(self, envelope: Envelope, delivery: Delivery) -> Envelope:
        """Return what leaves in the place of a delivery's envelope."""
        if not self._faults:
            return envelope
        request = self._request(envelope, delivery)
        for fault in self._faults:
            if not fault.concerns(request, NOTHING) or not await self._history.occasion(
                fault, request, delivery.video_id
            ):
                continue
            for word, argument in fault.request:
                match word:
                    case "delay":
                        await asyncio.sleep(argument)
                    case "reply":
                        envelope.status = argument["status"]
                    case _:
                        change_request(request, word, argument)
                if word == "remove_header" and _SIGNATURE in argument:
                    envelope.is_signed = False
        envelope.headers = request.headers
        envelope.body = request.body.decode()
        return envelope

    def _request(self, envelope: Envelope, delivery: Delivery) -> Request:
        """Return a delivery in the shape that conditions and steps are about."""
        scope = {
            "type": "http",
            "method": "POST",
            "path": "/",
            "raw_path": b"/",
            "query_string": b"",
            "headers": [
                (name.encode(), value.encode()) for name, value in envelope.headers.items()
            ],
        }
        request = Request(scope, envelope.body.encode(), self._contract)
        request.operation = delivery.type.replace(".", "_")
        request.names = {"video_id": delivery.video_id}
        return request
