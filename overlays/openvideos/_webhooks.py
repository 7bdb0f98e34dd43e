"""Webhooks: whether one is the server's, and what it says."""

from __future__ import annotations

import hmac
import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from attrs import field, frozen

from ._errors import (
    InvalidInput,
    InvalidWebhookPayload,
    InvalidWebhookSignatureError,
    WebhookTimestampError,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from standardwebhooks import Webhook

TOLERANCE: Final = 300  # seconds

_PREFIX: Final = "whsec_"
_SIGNED_BY: Final = ("webhook-id", "webhook-timestamp", "webhook-signature")


@frozen
class WebhookData:
    """What an event is about.

    Attributes:
        id: The job's id: `videos.job(id)` picks it up.
    """

    id: str


@frozen
class WebhookEvent:
    """What a webhook tells.

    Attributes:
        id: The event's id, the same each time that it is delivered.
        created_at: When it happened, in Unix seconds; None where not given.
        type: What happened.
        raw: The server's own words.
    """

    id: str
    created_at: int | None
    type: str
    raw: Mapping[str, Any] = field(repr=False)

    @property
    def object(self) -> str:
        """Always `event`."""
        return "event"


@frozen
class VideoCompletedEvent(WebhookEvent):
    """`video.completed`: a job made its video.

    Attributes:
        data: Which job.
    """

    data: WebhookData


@frozen
class VideoFailedEvent(WebhookEvent):
    """`video.failed`: a job failed.

    Attributes:
        data: Which job.
    """

    data: WebhookData


@frozen
class UnknownEvent(WebhookEvent):
    """An event of another type, rightly signed.

    Attributes:
        data: What it is about, as it was sent; None where nothing was.
    """

    data: Any


Event: TypeAlias = VideoCompletedEvent | VideoFailedEvent | UnknownEvent

_VIDEO_EVENTS: Final[Mapping[str, type[VideoCompletedEvent | VideoFailedEvent]]] = {
    "video.completed": VideoCompletedEvent,
    "video.failed": VideoFailedEvent,
}


class Webhooks:
    """Verifies and reads webhooks. From `client.webhooks`, or made by itself: it sends nothing.

    Args:
        secret: What the server signs with, usually `whsec_…`; left out, it is given with each call.
    """

    def __init__(self, secret: str | None = None, *, _now: Callable[[], float] = time.time) -> None:
        self._secret = secret
        self._now = _now

    def unwrap(
        self, payload: str | bytes, headers: Mapping[str, str], *, secret: str | None = None
    ) -> Event:
        """Verify a webhook and return what it tells.

        Servers deliver a webhook again until it is answered by 2xx, and now and then after that:
        the header `webhook-id` tells whether you had it before.

        Args:
            payload: The body, exactly as it came.
            headers: The headers; their names in any case.
            secret: What the server signs with; left out, the client's.

        Raises:
            InvalidWebhookSignatureError: It is not signed with this secret.
            WebhookTimestampError: It is older than 5 minutes, or from the future.
            InvalidWebhookPayload: It is rightly signed, but no event.
            InvalidInput: There is no secret, or it is none, or the payload was parsed already.
        """
        self.verify_signature(payload, headers, secret=secret)
        return _event(payload)

    def verify_signature(
        self,
        payload: str | bytes,
        headers: Mapping[str, str],
        *,
        secret: str | None = None,
        tolerance: float = TOLERANCE,
    ) -> None:
        """Raise an error unless a webhook is signed with the secret, and of this moment.

        Args:
            payload: The body, exactly as it came.
            headers: The headers; their names in any case.
            secret: What the server signs with; left out, the client's.
            tolerance: By how many seconds it may be older or newer than now.

        Raises:
            InvalidWebhookSignatureError: It is not signed with this secret.
            WebhookTimestampError: It is too old, or from the future.
            InvalidInput: There is no secret, or it is none, or the payload was parsed already.
        """
        webhook = _webhook(secret or self._secret)
        sent = {str(name).lower(): value for name, value in headers.items()}
        for name in _SIGNED_BY:
            if not sent.get(name):
                raise InvalidWebhookSignatureError(f"the webhook has no header {name!r}")
        moment = _moment(sent["webhook-timestamp"])
        age = self._now() - moment.timestamp()
        if not abs(age) <= tolerance:
            how = f"{age:.0f} s old" if age > 0 else f"from {-age:.0f} s ahead"
            raise WebhookTimestampError(
                f"the webhook is {how}, and up to {tolerance:g} s are allowed: is it an old one "
                "that somebody sent again, or is a clock wrong?"
            )
        try:
            expected = webhook.sign(sent["webhook-id"], moment, _text(payload)).encode()
        except UnicodeError:
            raise InvalidWebhookSignatureError(
                "the webhook's body or its header 'webhook-id' is no text of UTF-8"
            ) from None
        signatures = sent["webhook-signature"].encode(errors="replace").split()
        if not any(hmac.compare_digest(expected, given) for given in signatures):
            raise InvalidWebhookSignatureError(
                "the webhook is not signed with this secret: is it another endpoint's, or was the "
                "body changed before it came here (it must be the bytes as they came)?"
            )

    def __repr__(self) -> str:
        return f"<Webhooks {'with' if self._secret else 'without'} a secret>"


def _webhook(secret: str | None) -> Webhook:
    if not secret:
        raise InvalidInput(
            "There is no webhook secret. Give it as secret=, to the client as webhook_secret=, or "
            "in OPENVIDEOS_WEBHOOK_SECRET or OPENAI_WEBHOOK_SECRET"
        )
    try:
        from standardwebhooks import Webhook
    except ModuleNotFoundError as error:
        raise InvalidInput(
            "webhooks need the package standardwebhooks: run pip install 'openvideos[webhooks]'"
        ) from error
    try:
        # Without the prefix it is no base64: as in the official SDK, it is the key itself.
        return Webhook(secret if secret.startswith(_PREFIX) else secret.encode())
    except Exception:  # noqa: BLE001 - of whatever kind, and it may show the secret
        raise InvalidInput(f"the webhook secret is no base64 after {_PREFIX!r}") from None


def _moment(timestamp: str) -> datetime:
    try:
        return datetime.fromtimestamp(int(timestamp), UTC)
    except (ValueError, OverflowError, OSError):
        raise InvalidWebhookSignatureError(
            f"the header 'webhook-timestamp' is {timestamp!r}; it must be Unix seconds"
        ) from None


def _text(payload: object) -> str:
    if isinstance(payload, str):
        return payload
    if isinstance(payload, bytes | bytearray):
        return payload.decode()
    raise InvalidInput(
        f"the payload is of the type {type(payload).__name__}; it must be the body as it came, in "
        "text or bytes, and not what was parsed of it"
    )


def _event(payload: str | bytes) -> Event:
    try:
        sent = json.loads(payload)
    except (ValueError, RecursionError):
        raise InvalidWebhookPayload("the webhook's body is not JSON") from None
    match sent:
        case {"id": str(id_), "type": str(kind)}:
            created_at = sent.get("created_at")
            created_at = created_at if isinstance(created_at, int) else None
        case _:
            raise InvalidWebhookPayload("the webhook's body is no event with an id and a type")
    event = _VIDEO_EVENTS.get(kind)
    if event is None:
        return UnknownEvent(id_, created_at, kind, sent, sent.get("data"))
    match sent.get("data"):
        case {"id": str(video_id)} if video_id:
            return event(id_, created_at, kind, sent, WebhookData(video_id))
    raise InvalidWebhookPayload(f"the webhook's body is a {kind!r} that names no video")
