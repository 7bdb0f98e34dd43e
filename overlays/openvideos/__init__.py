"""A client for servers that speak the OpenAI-compatible Videos protocol."""

import importlib
import typing

from ._client import AsyncOpenVideos, OpenVideos
from ._errors import (
    APIConnectionError,
    APIError,
    APIResponseValidationError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ChecksumMismatch,
    ConflictError,
    CreateUncertain,
    CreateUncertainStatus,
    DownloadError,
    DownloadIncomplete,
    InternalServerError,
    InvalidInput,
    InvalidWebhookPayload,
    InvalidWebhookSignatureError,
    JobError,
    JobNotIdentified,
    NotFoundError,
    OpenVideosError,
    PermissionDeniedError,
    RateLimitError,
    ReferenceMayBeDropped,
    TargetExists,
    UnexpectedContent,
    UnknownPrice,
    UnprocessableEntityError,
    UnsupportedByServer,
    VariantUnsupported,
    VideoCancelled,
    VideoExpired,
    VideoFailed,
    VideoLost,
    VideoNotReady,
    VideoWasDeleted,
    WaitCancelled,
    WaitTimeout,
    WebhookError,
    WebhookTimestampError,
)
from ._http.calls import NOT_GIVEN, NotGiven, Omit, not_given, omit
from ._http.responses import Response
from ._protocol.models import Character, Video, VideoDeleted
from ._protocol.pages import AsyncPage, AsyncPages, Page
from ._videos import AsyncVideos, Videos
from ._waiting.cancelling import CancelToken

if typing.TYPE_CHECKING:
    __version__: str

    from ._downloading.content import VideoContent
    from ._http.raw_responses import RawResponse
    from ._http.streaming_responses import AsyncStreamedResponse, StreamedResponse
    from ._many.job_results import JobResult
    from ._many.queues import AsyncJobQueue, JobQueue
    from ._prices import PRICES, estimate_cost
    from ._waiting.jobs import AsyncJob, Job
    from ._webhooks import UnknownEvent, VideoCompletedEvent, VideoFailedEvent, Webhooks

__all__ = [
    "NOT_GIVEN",
    "PRICES",
    "APIConnectionError",
    "APIError",
    "APIResponseValidationError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncJob",
    "AsyncJobQueue",
    "AsyncOpenVideos",
    "AsyncPage",
    "AsyncPages",
    "AsyncStreamedResponse",
    "AsyncVideos",
    "AuthenticationError",
    "BadRequestError",
    "CancelToken",
    "Character",
    "ChecksumMismatch",
    "ConflictError",
    "CreateUncertain",
    "CreateUncertainStatus",
    "DownloadError",
    "DownloadIncomplete",
    "InternalServerError",
    "InvalidInput",
    "InvalidWebhookPayload",
    "InvalidWebhookSignatureError",
    "Job",
    "JobError",
    "JobNotIdentified",
    "JobQueue",
    "JobResult",
    "NotFoundError",
    "NotGiven",
    "Omit",
    "OpenVideos",
    "OpenVideosError",
    "Page",
    "PermissionDeniedError",
    "RateLimitError",
    "RawResponse",
    "ReferenceMayBeDropped",
    "Response",
    "StreamedResponse",
    "TargetExists",
    "UnexpectedContent",
    "UnknownEvent",
    "UnknownPrice",
    "UnprocessableEntityError",
    "UnsupportedByServer",
    "VariantUnsupported",
    "Video",
    "VideoCancelled",
    "VideoCompletedEvent",
    "VideoContent",
    "VideoDeleted",
    "VideoExpired",
    "VideoFailed",
    "VideoFailedEvent",
    "VideoLost",
    "VideoNotReady",
    "VideoWasDeleted",
    "Videos",
    "WaitCancelled",
    "WaitTimeout",
    "WebhookError",
    "WebhookTimestampError",
    "Webhooks",
    "estimate_cost",
    "not_given",
    "omit",
]

# Loaded when they are first asked for, as most programs need none of them.
_LATER = {
    "AsyncJob": "._waiting.jobs",
    "Job": "._waiting.jobs",
    "PRICES": "._prices",
    "VideoContent": "._downloading.content",
    "estimate_cost": "._prices",
    "AsyncJobQueue": "._many.queues",
    "AsyncStreamedResponse": "._http.streaming_responses",
    "JobQueue": "._many.queues",
    "JobResult": "._many.job_results",
    "RawResponse": "._http.raw_responses",
    "StreamedResponse": "._http.streaming_responses",
    "UnknownEvent": "._webhooks",
    "VideoCompletedEvent": "._webhooks",
    "VideoFailedEvent": "._webhooks",
    "Webhooks": "._webhooks",
}


def __getattr__(name: str) -> object:
    value: object
    if name == "__version__":
        from importlib.metadata import version

        value = version(__name__)
    elif name in _LATER:
        value = getattr(importlib.import_module(_LATER[name], __name__), name)
    else:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
