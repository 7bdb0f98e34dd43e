"""What a client is made with: address, key, time limits, headers."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from attrs import field, frozen

from ._errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ._transport import TimeLimit

DEFAULT_TIMEOUT: Final = 600.0
DEFAULT_MAX_RETRIES: Final = 2


@frozen
class Settings:
    """What every request of a client has in common.

    Attributes:
        base_url: The server's address with its prefix, without a slash at the end.
        api_key: The key; None where the server wants none.
        timeout: How long one request may take, in seconds.
        max_retries: How often a request that failed is repeated.
        headers: The headers of every request, the key's among them.
        query: The query parameters of every request.
    """

    base_url: str
    api_key: str | None = field(repr=False)
    timeout: TimeLimit
    max_retries: int
    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(repr=False)


def settings_from(
    *,
    base_url: str | None,
    api_key: str | None,
    timeout: TimeLimit,
    max_retries: int,
    default_headers: Mapping[str, str] | None,
    default_query: Mapping[str, str] | None,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Gather the settings from the arguments and, where they are left out, the environment.

    Raises:
        InvalidInput: There is no base URL, or something given cannot be used.
    """
    if base_url is None:
        base_url = _first(environment, "OPENVIDEOS_BASE_URL", "OPENAI_BASE_URL")
    if api_key is None:
        api_key = _first(environment, "OPENVIDEOS_API_KEY", "OPENAI_API_KEY")
    if max_retries < 0:
        raise InvalidInput(f"max_retries is {max_retries}; it must be 0 or more")
    address, query = _split(base_url)
    key = _checked_key(api_key) if api_key else None
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return Settings(
        base_url=address,
        api_key=key,
        timeout=timeout,
        max_retries=max_retries,
        headers=headers | checked_headers(default_headers),
        query={**query, **(default_query or {})},
    )


def checked_headers(headers: Mapping[str, object] | None) -> dict[str, str]:
    """Return a copy of the headers.

    Raises:
        InvalidInput: A value cannot stand in a header. It is not shown, as it may be a secret.
    """
    checked: dict[str, str] = {}
    for name, value in (headers or {}).items():
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            raise InvalidInput(
                f"the value of the header {name!r} must be text of printable ASCII characters"
            )
        checked[name] = value
    return checked


def _first(environment: Mapping[str, str], *names: str) -> str | None:
    return next((environment[name] for name in names if environment.get(name)), None)


def _checked_key(key: str) -> str:
    if not key.isascii() or not key.isprintable() or key != key.strip():
        # The key itself is not shown.
        raise InvalidInput(
            "api_key must consist of printable ASCII characters, without spaces around them: was "
            "something else copied with it, such as a line break or quotation marks?"
        )
    return key


def _split(base_url: str | None) -> tuple[str, dict[str, str]]:
    how = (
        "Give the server's address as base_url=, or in OPENVIDEOS_BASE_URL or OPENAI_BASE_URL, "
        "with its prefix: for example http://127.0.0.1:8000/v1"
    )
    if not base_url:
        raise InvalidInput(f"There is no base URL. {how}")
    try:
        parts = urlsplit(str(base_url).strip())
        _ = parts.port  # read for its check
    except ValueError as error:
        raise InvalidInput(f"The base URL is no address: {error}. {how}") from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidInput(
            f"The base URL must start with http:// or https:// and name a host. {how}"
        )
    address = urlunsplit((parts.scheme, parts.netloc, parts.path.rstrip("/"), "", ""))
    return address, dict(parse_qsl(parts.query))
