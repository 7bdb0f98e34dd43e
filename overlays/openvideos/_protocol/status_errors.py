"""Which error an answer is that says no."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    CreateUncertainStatus,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
    UnsupportedByServer,
)
from .error_bodies import ErrorDetails, describe

if TYPE_CHECKING:
    from .._http.responses import Response

_BY_STATUS: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}

# How frameworks and gateways word that they know no such route.
_NO_SUCH_ROUTE = ("404 page not found", "route ", "invalid url", "cannot ")

FIND_IT = (
    "A job may have been created all the same: look for it with this error's find(), or among the "
    "newest of videos.list(), before creating it again."
)
_BUSY = (
    "Nothing was created: the server is busy, or the job that this builds on is not finished. "
    "Create it again later."
)


def status_error(response: Response, *, creates: bool) -> APIStatusError:
    """Return the error that an answer with a status other than 2xx stands for.

    Args:
        response: The answer.
        creates: Whether the request creates something that is billed.
    """
    details = describe(response)
    kind = _kind(response, details, creates=creates)
    facts = [f"HTTP {response.status_code}"]
    facts += [
        f"{name} {value}"
        for name, value in (
            ("param", details.param),
            ("code", details.code),
            ("request", response.request_id),
        )
        if value
    ]
    return kind(
        f"{details.message} ({', '.join(facts)})",
        response=response,
        details=details,
        advice=_advice(kind, response, creates=creates),
    )


def says_unknown(response: Response) -> bool:
    """Tell whether an answer says that there is no such video, and not that there is no route."""
    return response.status_code == 404 and not _is_missing_route(describe(response))


def _kind(response: Response, details: ErrorDetails, *, creates: bool) -> type[APIStatusError]:
    status = response.status_code
    if status in {405, 501} or (status == 404 and _is_missing_route(details)):
        return UnsupportedByServer
    # A 5xx leaves open how far the server came (proxies say 503 of what they sent on, too),
    # and so does 408, by which gateways tell of an upstream that did not answer in time.
    if creates and (status == 408 or status >= 500):
        return CreateUncertainStatus
    if status >= 500:
        return InternalServerError
    return _BY_STATUS.get(status, APIStatusError)


def _is_missing_route(details: ErrorDetails) -> bool:
    if details.body is None or (isinstance(details.body, str) and details.body.startswith("<")):
        return True  # nothing at all, or HTML: a router answered, not the operation
    message = details.message.lower()
    return details.code is None and (
        message.rstrip(".") == "not found" or message.startswith(_NO_SUCH_ROUTE)
    )


def _advice(kind: type[APIStatusError], response: Response, *, creates: bool) -> str:
    if kind is UnsupportedByServer:
        return (
            f"The server has no {response.method} {response.url}: either it does not offer this "
            "operation, or base_url is wrong (it usually ends in /v1)."
        )
    if kind is AuthenticationError:
        return "Give the server's key as api_key=, or in OPENVIDEOS_API_KEY or OPENAI_API_KEY."
    if kind is CreateUncertainStatus:
        return FIND_IT
    if creates and response.status_code == 409:
        return _BUSY
    location = response.headers.get("location", "").partition("?")[0]
    if 300 <= response.status_code < 400 and location:
        return (
            f"{response.method} {response.url} is redirected to {location!r}, which would change "
            "the request: give the server's final address as base_url."
        )
    return ""
