# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

"""The models, each loaded when it is first asked for."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .character import Character
    from .character_reference import CharacterReference
    from .content_variant import ContentVariant
    from .create_character_form import CreateCharacterForm
    from .create_video_form import CreateVideoForm
    from .create_video_json import CreateVideoJson
    from .edit_video_form import EditVideoForm
    from .edit_video_json import EditVideoJson
    from .error_detail import ErrorDetail
    from .error_envelope import Error
    from .extend_video_form import ExtendVideoForm
    from .extend_video_json import ExtendVideoJson
    from .extension_seconds import ExtensionSeconds
    from .input_reference import InputReference
    from .list_order import ListOrder
    from .remix_video_form import RemixVideoForm
    from .remix_video_json import RemixVideoJson
    from .video import Video
    from .video_deleted import VideoDeleted
    from .video_error import VideoError
    from .video_list import VideoList
    from .video_model import VideoModel
    from .video_reference import VideoReference
    from .video_seconds import VideoSeconds
    from .video_size import VideoSize
    from .video_status import VideoStatus
    from .webhook_event import WebhookEvent
    from .webhook_event_data import WebhookEventData
    from .webhook_event_type import WebhookEventType

__all__ = (
    "Character",
    "CharacterReference",
    "ContentVariant",
    "CreateCharacterForm",
    "CreateVideoForm",
    "CreateVideoJson",
    "EditVideoForm",
    "EditVideoJson",
    "Error",
    "ErrorDetail",
    "ExtendVideoForm",
    "ExtendVideoJson",
    "ExtensionSeconds",
    "InputReference",
    "ListOrder",
    "RemixVideoForm",
    "RemixVideoJson",
    "Video",
    "VideoDeleted",
    "VideoError",
    "VideoList",
    "VideoModel",
    "VideoReference",
    "VideoSeconds",
    "VideoSize",
    "VideoStatus",
    "WebhookEvent",
    "WebhookEventData",
    "WebhookEventType",
)

_MODULES = {
    "Character": ".character",
    "CharacterReference": ".character_reference",
    "ContentVariant": ".content_variant",
    "CreateCharacterForm": ".create_character_form",
    "CreateVideoForm": ".create_video_form",
    "CreateVideoJson": ".create_video_json",
    "EditVideoForm": ".edit_video_form",
    "EditVideoJson": ".edit_video_json",
    "ErrorDetail": ".error_detail",
    "Error": ".error_envelope",
    "ExtendVideoForm": ".extend_video_form",
    "ExtendVideoJson": ".extend_video_json",
    "ExtensionSeconds": ".extension_seconds",
    "InputReference": ".input_reference",
    "ListOrder": ".list_order",
    "RemixVideoForm": ".remix_video_form",
    "RemixVideoJson": ".remix_video_json",
    "Video": ".video",
    "VideoDeleted": ".video_deleted",
    "VideoError": ".video_error",
    "VideoList": ".video_list",
    "VideoModel": ".video_model",
    "VideoReference": ".video_reference",
    "VideoSeconds": ".video_seconds",
    "VideoSize": ".video_size",
    "VideoStatus": ".video_status",
    "WebhookEvent": ".webhook_event",
    "WebhookEventData": ".webhook_event_data",
    "WebhookEventType": ".webhook_event_type",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(_MODULES[name], __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
