# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

"""Contains all the data models used in inputs/outputs"""

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
