"""Refusals: what the emulator answers when a request cannot be granted.

The wording is that of the service which the protocol comes from, or its house style.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_LONGEST_ECHO = 200


class ApiError(Exception):
    """A refusal, answered in the error envelope of the contract.

    Attributes:
        status: The HTTP status.
        message: What was wrong, for people.
        param: The request field that the error is about, or None.
        code: The reason, for programs, or None.
        kind: The envelope's `type`.
        headers: Further headers of the answer.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        param: str | None = None,
        code: str | None = None,
        kind: str = "invalid_request_error",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.param = param
        self.code = code
        self.kind = kind
        self.headers = dict(headers or {})

    def response(self) -> JSONResponse:
        """Return the refusal as an answer."""
        envelope = {
            "error": {
                "message": self.message,
                "type": self.kind,
                "param": self.param,
                "code": self.code,
            }
        }
        return JSONResponse(envelope, self.status, self.headers)


def bad_request(message: str, *, param: str | None = None, code: str | None = None) -> ApiError:
    """Return a 400."""
    return ApiError(HTTPStatus.BAD_REQUEST, message, param=param, code=code)


def invalid_value(param: str, value: str, offered: Sequence[str]) -> ApiError:
    """Return the 400 for a value outside a list [seen]."""
    return bad_request(
        f"Invalid value: '{shortened(value)}'. Supported values are: {joined(offered, 'and')}.",
        param=param,
        code="invalid_value",
    )


def missing_parameter(param: str) -> ApiError:
    """Return the 400 for a required field that is not there [house]."""
    return bad_request(
        f"Missing required parameter: '{param}'.", param=param, code="missing_required_parameter"
    )


def unknown_parameter(param: str) -> ApiError:
    """Return the 400 for a field that the contract does not have [seen]."""
    param = shortened(param)
    return bad_request(f"Unknown parameter: '{param}'.", param=param, code="unknown_parameter")


def invalid_type(param: str, expected: str, got: str) -> ApiError:
    """Return the 400 for a value of another type, both named with their article [seen]."""
    return bad_request(
        f"Invalid type for '{param}': expected {expected}, but got {got} instead.",
        param=param,
        code="invalid_type",
    )


def video_not_found(video_id: str) -> ApiError:
    """Return the 404 for a video that does not exist, or is another key's [seen]."""
    return ApiError(HTTPStatus.NOT_FOUND, f"Video with id '{shortened(video_id)}' not found.")


def character_not_found(character_id: str) -> ApiError:
    """Return the 404 for a character that does not exist, or is another key's [house]."""
    return ApiError(
        HTTPStatus.NOT_FOUND, f"Character with id '{shortened(character_id)}' not found."
    )


def unknown_url(method: str, path: str) -> ApiError:
    """Return the 404 for a path that the contract does not have [house]."""
    return ApiError(HTTPStatus.NOT_FOUND, f"Invalid URL ({method} {shortened(path)})")


def method_not_allowed(method: str, path: str, allowed: Sequence[str]) -> ApiError:
    """Return the 405 for a method that the path does not have [house]."""
    return ApiError(
        HTTPStatus.METHOD_NOT_ALLOWED,
        f"Not allowed to {method} on {shortened(path)}: only {joined(allowed, 'and', quote='')}.",
        headers={"Allow": ", ".join(allowed)},
    )


def server_failure() -> ApiError:
    """Return the 500 for a fault of the emulator's own."""
    return ApiError(
        HTTPStatus.INTERNAL_SERVER_ERROR,
        "The server had an error while processing your request.",
        kind="server_error",
        # The server closes the connection of a request that failed.
        headers={"Connection": "close"},
    )


def service_unavailable() -> ApiError:
    """Return the 503 while the database cannot be reached."""
    return ApiError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The server is currently unable to reach its database. Please try again later.",
        kind="server_error",
        headers={"Retry-After": "1"},
    )


def shutting_down() -> ApiError:
    """Return the 503 for what takes longer than the server waits at its end."""
    return ApiError(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "The server is shutting down. Please try again later.",
        kind="server_error",
        headers={"Retry-After": "1"},
    )


def joined(values: Sequence[str], word: str, *, quote: str = "'") -> str:
    """Return values as English prose: `'4', '8', and '12'`."""
    quoted = [f"{quote}{value}{quote}" for value in values]
    if len(quoted) > 2:
        return f"{', '.join(quoted[:-1])}, {word} {quoted[-1]}"
    return f" {word} ".join(quoted)


def shortened(text: str) -> str:
    """Return text cut to a length that suits an error message."""
    return text if len(text) <= _LONGEST_ECHO else f"{text[:_LONGEST_ECHO]}…"
