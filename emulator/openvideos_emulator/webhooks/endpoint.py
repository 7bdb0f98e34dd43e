"""Where events are sent to, and what they are signed with."""

from __future__ import annotations

import base64
import binascii

import attrs

SECRET_PREFIX = "whsec_"  # noqa: S105 - what secrets begin with, none itself
_SCHEMES = ("http", "https")
_LAST_PORT = 65535


class EndpointError(ValueError):
    """An endpoint that cannot be used; the message says what is allowed.

    Attributes:
        field: Which part is wrong: `url` or `secret`.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def _check_url(_endpoint: object, _attribute: object, url: str) -> None:
    import httpx

    try:
        parsed = httpx.URL(url)
    except (httpx.InvalidURL, TypeError) as error:
        # What is wrong with it is told without it: it may hold a password.
        raise EndpointError("url", f"must be a URL; this is none: {error}") from error
    has_port = parsed.port is None or 0 < parsed.port <= _LAST_PORT
    if parsed.scheme not in _SCHEMES or not parsed.host or not has_port:
        raise EndpointError(
            "url", "must be an http:// or https:// URL, such as http://127.0.0.1:8080/webhooks"
        )


def _check_secret(_endpoint: object, _attribute: object, secret: str) -> None:
    prefix, _, key = secret.partition("_")
    try:
        # Receivers' libraries take it with and without its padding.
        usable = bool(base64.b64decode(key + "=" * (-len(key) % 4), validate=True))
    except (ValueError, binascii.Error):
        usable = False
    if f"{prefix}_" != SECRET_PREFIX or not usable:
        raise EndpointError(
            "secret",
            f"must be {SECRET_PREFIX} and Base64, such as the output of "
            f'`echo "{SECRET_PREFIX}$(openssl rand -base64 32)"`',
        )


@attrs.frozen
class Endpoint:
    """A receiver of events.

    Attributes:
        url: Its address. A name and password in it are sent as Basic authentication.
        secret: What events are signed with: `whsec_` and Base64.

    Raises:
        EndpointError: One of them cannot be used.
    """

    url: str = attrs.field(validator=_check_url, repr=lambda url: repr(shown(url)))
    secret: str = attrs.field(validator=_check_secret, repr=False)


def shown(url: str) -> str:
    """Return a receiver's address as it may be shown: without name, password and query."""
    import httpx

    parsed = httpx.URL(url)
    return str(parsed.copy_with(userinfo=b"", query=None, fragment=None))
