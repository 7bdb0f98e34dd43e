"""Everything that this package raises.

    OpenVideosError
    ├── InvalidInput                        what was given here is wrong; nothing was sent
    │   └── UnknownPrice                    the table of prices does not have it
    ├── APIError                            a request did not succeed
    │   ├── APIConnectionError              no answer, or only a part of one
    │   │   ├── APITimeoutError             not in time
    │   │   └── CreateUncertain             a job may have been created, and nobody said so
    │   │       └── CreateUncertainStatus   likewise: the server answered 5xx, 408
    │   ├── APIResponseValidationError      an answer that means nothing in the protocol
    │   └── APIStatusError                  an answer that says no
    │       ├── BadRequestError             400
    │       ├── AuthenticationError         401
    │       ├── PermissionDeniedError       403
    │       ├── NotFoundError               404
    │       │   └── UnsupportedByServer     the server has no such operation: 404, 405, 501
    │       │       └── VariantUnsupported  likewise: the server does not make this variant
    │       ├── ConflictError               409
    │       ├── UnprocessableEntityError    422
    │       ├── RateLimitError              429
    │       └── InternalServerError         5xx
    ├── JobNotIdentified                    whether a lost create made a job cannot be told
    ├── JobError                            a job did not give its video
    │   ├── WaitTimeout                     it was not finished in time, and runs on
    │   ├── WaitCancelled                   nobody wants to wait for it any more; it runs on
    │   ├── VideoNotReady                   it was not finished when the video was asked for
    │   ├── VideoFailed                     it failed
    │   ├── VideoCancelled                  it was cancelled
    │   ├── VideoExpired                    it, or what it made, is no longer kept
    │   ├── VideoWasDeleted                 it was deleted
    │   └── VideoLost                       the server does not know it any more: 404
    ├── DownloadError                       a file did not arrive
    │   ├── DownloadIncomplete              only a part of it did
    │   ├── ChecksumMismatch                not the bytes that the server says it has
    │   ├── TargetExists                    a file stands there already, and is not to be replaced
    │   └── UnexpectedContent               something else did
    └── WebhookError                        what came is no webhook to act upon
        ├── InvalidWebhookSignatureError    not signed with the secret
        │   └── WebhookTimestampError       signed at another time
        └── InvalidWebhookPayload           signed, but no event

`VideoLost` is a `NotFoundError` too. The names under `APIError` are the official SDK's wherever the
meaning is the same. `ReferenceMayBeDropped` is a warning.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ._flows.drivers import Context
    from ._http.responses import Response
    from ._protocol.error_bodies import ErrorDetails
    from ._protocol.models import Video
    from ._waiting.matching import Wanted


FIND_FOR = 30.0  # seconds for which a job is looked for in the list if nothing else is said


class OpenVideosError(Exception):
    """The root of everything that this package raises."""

    def __reduce__(self) -> tuple[Any, ...]:
        # The constructors take keywords, which an exception's own way to be pickled leaves out.
        return _restore, (type(self), self.args, self.__dict__)


def _restore(
    kind: type[OpenVideosError], args: tuple[Any, ...], state: dict[str, Any]
) -> OpenVideosError:
    error = kind.__new__(kind)
    error.args = args
    error.__dict__.update(state)
    return error


class InvalidInput(OpenVideosError, ValueError):
    """What was given cannot be sent; nothing was. The message says what is possible."""


class UnknownPrice(InvalidInput):
    """The table of prices has none for the model or the size."""


class APIError(OpenVideosError):
    """A request did not succeed.

    Attributes:
        message: What the server said, or what went wrong, without advice.
        code: The server's reason for programs, such as `invalid_value`.
        param: The request field that is at fault.
        type: The server's kind of error, such as `invalid_request_error`.
        body: The answer's body: decoded where it was JSON (of the protocol's envelope, what is
            in its `error`), else its text; None without one.
        response: The answer; None without one.
    """

    def __init__(
        self,
        message: str,
        *,
        response: Response | None = None,
        details: ErrorDetails | None = None,
        advice: str = "",
    ) -> None:
        self.message = details.message if details else message
        self.code = details.code if details else None
        self.param = details.param if details else None
        self.type = details.type if details else None
        self.body: object = details.body if details else None
        if isinstance(self.body, dict) and isinstance(self.body.get("error"), dict):
            self.body = self.body["error"]
        self.response = response
        super().__init__(f"{message} {advice}".rstrip())

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, to quote when asking for help; None where not given."""
        return self.response.request_id if self.response else None


class APIConnectionError(APIError):
    """No answer came, or only a part of one.

    Attributes:
        sent: Whether any of the request may have reached the server.
    """

    def __init__(
        self, message: str = "Connection error.", *, sent: bool = True, **more: Any
    ) -> None:
        super().__init__(message, **more)
        self.sent = sent


class APITimeoutError(APIConnectionError):
    """No answer came in time."""


class CreateUncertain(APIConnectionError):
    """A request that creates a job was sent, and its answer was lost: there may be a job.

    It is not repeated, as that could create, and bill, a second one: `find` looks for the job.

    Attributes:
        wanted: What was asked for, and when; None where it was no job that was to be created.
    """

    wanted: Wanted | None = None
    _context: Context | None = None

    def find(self, *, max_wait: float = FIND_FOR) -> Any:
        """Look for the job in the server's list; to be awaited where the client is async.

        `videos.find(error)` does the same, and its result has a type.

        Args:
            max_wait: For how many seconds to look again, as servers may show a job late.

        Returns:
            The job's handle, a `Job` or `AsyncJob`; None where the list does not show it.

        Raises:
            JobNotIdentified: It cannot be told: there is no list, it does not show enough, more
                than one video could be it, or the one is perhaps of a create that is not answered
                yet.
            APIError: The list was refused.
        """
        from ._videos import videos_of  # it knows these errors

        if self._context is None:
            raise InvalidInput("This error came from another process: give it to videos.find()")
        return videos_of(self._context).find(self, max_wait=max_wait)

    def __reduce__(self) -> tuple[Any, ...]:
        # The client stays where it is.
        state = {name: value for name, value in self.__dict__.items() if name != "_context"}
        return _restore, (type(self), self.args, state)


class APIResponseValidationError(APIError):
    """An answer of success that means nothing in the protocol, such as a page of HTML."""

    @property
    def status_code(self) -> int:
        """The answer's HTTP status; 0 where there is no answer to tell."""
        return self.response.status_code if self.response else 0


class APIStatusError(APIError):
    """The server answered with an HTTP status that says no."""

    response: Response

    @property
    def status_code(self) -> int:
        """The answer's HTTP status."""
        return self.response.status_code


class BadRequestError(APIStatusError):
    """400: the request breaks a rule, which the message names."""


class AuthenticationError(APIStatusError):
    """401: the key is missing or wrong."""


class PermissionDeniedError(APIStatusError):
    """403: the key may not do this."""


class NotFoundError(APIStatusError):
    """404: there is no such video, or nothing to download from it (yet, or any more)."""


class UnsupportedByServer(NotFoundError):
    """404, 405 or 501: the server does not have the operation itself."""


class VariantUnsupported(UnsupportedByServer):
    """The server makes no such thumbnail or spritesheet; the video itself may well be there.

    It said so with 400, 404 or 501, or sent the video in its place with 200.
    """


class ConflictError(APIStatusError):
    """409: the job's state does not allow it, or the server is busy."""


class UnprocessableEntityError(APIStatusError):
    """422: the request breaks a rule, at servers that do not say 400."""


class RateLimitError(APIStatusError):
    """429: too many requests, or too many jobs at once."""


class InternalServerError(APIStatusError):
    """5xx: the server failed."""


class CreateUncertainStatus(CreateUncertain, InternalServerError):
    """5xx or 408 in answer to a create: there may be a job all the same."""


class JobNotIdentified(OpenVideosError):
    """Whether a create whose answer was lost made a job, and which, cannot be told.

    Attributes:
        candidates: The videos that it might be.
    """

    def __init__(self, message: str, *, candidates: tuple[Video, ...] = ()) -> None:
        super().__init__(message)
        self.candidates = candidates


class JobError(OpenVideosError):
    """A job did not give its video.

    Attributes:
        job_id: The job's id.
        video: The job as it was last seen; None if it never was.
    """

    def __init__(self, message: str, *, job_id: str, video: Video | None) -> None:
        super().__init__(message)
        self.job_id = job_id
        self.video = video


class WaitTimeout(JobError, TimeoutError):
    """The job was not finished within `max_wait`; it runs on, and can be waited for again.

    Attributes:
        elapsed: How long it was waited for, in seconds.
        attempts: How often the server was asked.
        last_error: What went wrong when the server was last asked; None if it answered.
    """

    def __init__(
        self,
        message: str,
        *,
        job_id: str,
        video: Video | None,
        elapsed: float,
        attempts: int,
        last_error: OpenVideosError | None,
    ) -> None:
        super().__init__(message, job_id=job_id, video=video)
        self.elapsed = elapsed
        self.attempts = attempts
        self.last_error = last_error


class WaitCancelled(JobError):
    """The wait was cancelled by its token; the job runs on, and can be waited for again."""


class VideoNotReady(JobError):
    """The video was asked for before the job was finished."""


class VideoFailed(JobError):
    """The job failed.

    Attributes:
        code: The reason for programs, such as `moderation_blocked`; None where not given.
        reason: The reason for people; None where not given.
    """

    def __init__(self, message: str, *, job_id: str, video: Video) -> None:
        super().__init__(message, job_id=job_id, video=video)
        self.code = video.error.code if video.error else None
        self.reason = video.error.message if video.error else None


class VideoCancelled(JobError):
    """The job was cancelled, and makes no video."""


class VideoExpired(JobError):
    """The job, or what it made, is no longer kept by the server."""


class VideoWasDeleted(JobError):
    """The job was deleted, and what it made with it."""


class VideoLost(JobError, NotFoundError):
    """404 for a job that the server knew before: it was restarted, say, or keeps only a few."""

    def __init__(
        self, message: str, *, job_id: str, video: Video | None, response: Response
    ) -> None:
        super().__init__(message, job_id=job_id, video=video)
        self.response = response


class ReferenceMayBeDropped(UserWarning):
    """A reference leaves in a form without being a file, which many servers drop without a word.

    They then make, and bill, a video without it.
    """


class DownloadError(OpenVideosError):
    """A file did not arrive; what stood under its name before still stands there."""


class DownloadIncomplete(DownloadError):
    """The file broke off before its end."""


class ChecksumMismatch(DownloadError):
    """What arrived is not what the server says that it sent."""


class TargetExists(DownloadError, FileExistsError):
    """A file stands there already, and is not to be replaced."""


class UnexpectedContent(DownloadError):
    """Something else than the file asked for was sent, such as a page of HTML."""


class WebhookError(OpenVideosError, ValueError):
    """What came is no webhook to act upon."""


class InvalidWebhookSignatureError(WebhookError):
    """The webhook is not signed with the secret: somebody else may have sent it."""


class WebhookTimestampError(InvalidWebhookSignatureError):
    """The webhook was signed too long ago, or in the future."""


class InvalidWebhookPayload(WebhookError):
    """The webhook is rightly signed, and its body is no event."""
