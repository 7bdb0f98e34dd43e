# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

from typing import Literal

WebhookEventType = Literal["video.completed", "video.failed"]

WEBHOOK_EVENT_TYPE_VALUES: set[WebhookEventType] = {
    "video.completed",
    "video.failed",
}


def check_webhook_event_type(value: str) -> WebhookEventType:
    if value in WEBHOOK_EVENT_TYPE_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {WEBHOOK_EVENT_TYPE_VALUES!r}")
