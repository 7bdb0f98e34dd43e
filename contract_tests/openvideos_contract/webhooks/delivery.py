"""A webhook that came: one attempt of the server to tell of an event."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import attrs

from openvideos_contract.outcome import shorten


@attrs.frozen
class Delivery:
    """One attempt to tell of an event.

    Attributes:
        received_at: The receiver's clock when it had come whole, in Unix seconds.
        headers: Its headers, the names in lower case.
        body: Its body.
        answer: The status that it was answered with.
        flaw: What is wrong with its signature, as it was found on its arrival; empty where nothing
            is, None where no secret is known to verify it with.
    """

    received_at: float
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes = attrs.field(repr=False)
    answer: int
    flaw: str | None

    @property
    def id(self) -> str:
        """Its `webhook-id`, empty where it has none."""
        return self.headers.get("webhook-id", "")

    @property
    def timestamp(self) -> int | None:
        """Its `webhook-timestamp` in Unix seconds, None where that is no whole number."""
        text = self.headers.get("webhook-timestamp", "")
        return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None

    @property
    def acknowledged(self) -> bool:
        """Whether it was answered with a 2xx."""
        return 200 <= self.answer < 300

    @property
    def event(self) -> dict[str, Any]:
        """Its body as a JSON object, empty where it is none."""
        try:
            body = json.loads(self.body)
        except (ValueError, RecursionError):
            return {}
        return body if isinstance(body, dict) else {}

    @property
    def video_id(self) -> str:
        """The video that it tells of, empty where it names none."""
        data = self.event.get("data")
        found = data.get("id") if isinstance(data, dict) else None
        return found if isinstance(found, str) else ""

    @property
    def summary(self) -> str:
        """It in one line, without its signature."""
        headers = {name: self.headers.get(name) for name in ("webhook-id", "webhook-timestamp")}
        told = " ".join(f"{name}: {value}" for name, value in headers.items() if value is not None)
        body = self.body[:2000].decode("utf-8", "replace").strip()
        kind = self.headers.get("content-type", "no Content-Type")
        return shorten(f"{told or 'no webhook-id'} {kind} {body}".strip(), 500)
