"""Sends one event to its receiver."""

from __future__ import annotations

import asyncio
import importlib.metadata
import ssl
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

from openvideos_emulator.webhooks.envelope import Envelope
from openvideos_emulator.webhooks.outbox import Delivery, Outcome

if TYPE_CHECKING:
    from types import TracebackType

    import httpx

    from openvideos_emulator.faults.deliveries import DeliveryFaults

_NAME = "OpenVideos-Emulator"


class Sender:
    """Sends events straight to their receivers, signed.

    What is only needed for that is loaded at the first event, so that an emulator without
    webhooks starts fast.
    """

    def __init__(self, seconds_for_an_answer: float, faults: DeliveryFaults | None = None) -> None:
        self._seconds_for_an_answer = seconds_for_an_answer
        self._faults = faults
        self._opening: asyncio.Task[httpx.AsyncClient] | None = None

    async def send(self, delivery: Delivery) -> Outcome:
        """Try to deliver an event; what comes of it is returned, whatever it is."""
        try:
            async with asyncio.timeout(self._seconds_for_an_answer):
                return Outcome(await self._post(delivery))
        except TimeoutError:
            return Outcome(None, f"no answer within {self._seconds_for_an_answer:g} s")
        except Exception as error:  # noqa: BLE001 - whatever it is, the event must not stay due
            return Outcome(None, _told(error))

    async def _post(self, delivery: Delivery) -> int:
        """Return the status of the receiver's answer."""
        client = await self._opened()

        import httpx
        import standardwebhooks

        # The machine's time, since the receiver compares it with its own.
        now = datetime.now(UTC)
        envelope = Envelope(
            {
                "content-type": "application/json",
                "webhook-id": delivery.id,
                "webhook-timestamp": str(int(now.timestamp())),
            },
            delivery.event,
        )
        if self._faults is not None:
            envelope = await self._faults.changed(envelope, delivery)
        if envelope.status is not None:
            return envelope.status
        if envelope.is_signed:
            signer = standardwebhooks.Webhook(delivery.secret)
            sent_id = envelope.headers.get("webhook-id", "")
            envelope.headers.setdefault(
                "webhook-signature", signer.sign(sent_id, now, envelope.body)
            )
        url = httpx.URL(delivery.url)
        request = client.stream(
            "POST",
            # A name and password go into a header; the address without them may be logged.
            url.copy_with(userinfo=b""),
            auth=httpx.BasicAuth(url.username, url.password) if url.userinfo else None,
            content=envelope.body.encode(),
            headers=envelope.headers,
        )
        # The answer's body does not matter, and may be endless: it is not read.
        async with request as response:
            return response.status_code

    async def _opened(self) -> httpx.AsyncClient:
        if self._opening is None:
            # Beside the requests, which the imports would hold up.
            self._opening = asyncio.create_task(asyncio.to_thread(_new_client))
        return await asyncio.shield(self._opening)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._opening is not None:
            opening, self._opening = self._opening, None
            await (await opening).aclose()


def _told(error: Exception) -> str:
    import httpx

    name = type(error).__name__
    # The text of others may hold what they were about, such as the address with its password.
    return f"{name}: {error}" if isinstance(error, httpx.TransportError) else name


def _new_client() -> httpx.AsyncClient:
    import httpx
    import standardwebhooks  # noqa: F401 - so that it is loaded too

    return httpx.AsyncClient(
        headers={"user-agent": f"{_NAME}/{importlib.metadata.version('openvideos')}"},
        follow_redirects=False,
        # No proxy, and no connection that the receiver may be about to close.
        trust_env=False,
        limits=httpx.Limits(max_keepalive_connections=0),
        # The system's certificates, or those that SSL_CERT_FILE names.
        verify=ssl.create_default_context(),
        timeout=None,  # noqa: S113 - the whole exchange has one
    )
