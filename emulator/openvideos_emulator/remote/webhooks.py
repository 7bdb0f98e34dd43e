"""The events that were due to be sent."""

from __future__ import annotations

import base64
import secrets
from typing import TYPE_CHECKING, Any

import attrs

from openvideos_emulator.remote.admin_api import fields
from openvideos_emulator.remote.records import Records, record

if TYPE_CHECKING:
    from collections.abc import Mapping

    from openvideos_emulator.remote.admin_api import AdminApi

__tracebackhide__ = True  # pytest shows a failure where a test has called
_BYTES_OF_A_SECRET = 24


@attrs.frozen
class RecordedWebhook:
    """An event that was due to be sent.

    Attributes:
        id: Its `webhook-id`.
        type: `video.completed` or `video.failed`.
        video_id: The video that it is about.
        created_at: When it came about, in Unix seconds of the video's world.
        event: What is sent.
        url: Where it is sent to, None where nobody wants it.
        attempts: How often it was tried.
        delivered_at: When it was acknowledged, else None.
        last_status: The status of the last answer, if there was one.
        last_error: What was wrong with the last attempt, if something was.
    """

    id: str
    type: str
    video_id: str
    created_at: float
    event: Mapping[str, Any]
    url: str | None
    attempts: int
    delivered_at: float | None
    last_status: int | None
    last_error: str | None

    def __str__(self) -> str:
        became = "delivered" if self.delivered_at else self.last_error or "not delivered"
        return f"{self.type} {self.video_id} {became}"


class Webhooks(Records[RecordedWebhook]):
    """The events that were due so far, oldest first."""

    def __init__(self, admin: AdminApi, key: str | None, filters: Mapping[str, Any]) -> None:
        super().__init__(self._read)
        self._admin = admin
        self._key = key
        self._filters = filters

    def where(self, *, type: str | None = None, video_id: str | None = None) -> Webhooks:
        """Return those of these events that fit.

        Args:
            type: `video.completed` or `video.failed`.
            video_id: The video that it is about.
        """
        given = fields(type=type, video_id=video_id)
        return Webhooks(self._admin, self._key, {**self._filters, **given})

    def send_to(self, url: str, secret: str | None = None) -> str:
        """Send the events of videos that are made from now on to a URL.

        Args:
            url: An http or https URL.
            secret: What they are signed with: `whsec_` and Base64; None makes a new one.

        Returns:
            The secret.
        """
        if secret is None:
            random = secrets.token_bytes(_BYTES_OF_A_SECRET)
            secret = f"whsec_{base64.b64encode(random).decode()}"
        self._admin.call("PUT", "/webhook", fields(key=self._key, url=url, secret=secret))
        return secret

    def send_nowhere(self) -> None:
        """Take back what `send_to` has set."""
        self._admin.call("DELETE", "/webhook", query={"key": self._key})

    def _read(self) -> list[RecordedWebhook]:
        answer = self._admin.call("GET", "/webhooks", query={"key": self._key, **self._filters})
        return [record(RecordedWebhook, each) for each in answer["webhooks"]]
