"""What a client is made with: address, key, time limits, headers."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl, quote, unquote, urlsplit, urlunsplit

from attrs import field, frozen

from ._errors import InvalidInput
from ._http.logging import log_as_asked

if TYPE_CHECKING:
    from ._http.transport import TimeLimit

DEFAULT_TIMEOUT: Final = 600.0
DEFAULT_MAX_RETRIES: Final = 2

# Names of headers and query parameters whose values are secrets.
_SECRET_NAME = re.compile(
    r"auth|cookie|credential|key|pass|secret|\bsig\b|signature|token", re.IGNORECASE
)
_SHORTEST_SECRET = 8  # characters; to mask a shorter one would garble what servers say

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


@frozen
class Settings:
    """What every request of a client has in common.

    Attributes:
        base_url: The server's address with its prefix, without a slash at the end and without a
            password.
        api_key: The key; None where the server wants none.
        timeout: How long one request may take, in seconds.
        max_retries: How often a request that failed is repeated.
        retry_create: Whether the server is one where a create may be repeated like a read.
        headers: The headers of every request, the key's among them.
        query: The query parameters of every request.
        webhook_secret: What webhooks are signed with; None where not given.
        arguments: What the settings were made of, for others that differ a little.
        secrets: What is masked where a server repeats it.
    """

    base_url: str
    api_key: str | None = field(repr=False)
    timeout: TimeLimit
    max_retries: int
    headers: Mapping[str, str] = field(repr=False)
    query: Mapping[str, str] = field(repr=False)
    retry_create: bool = False
    webhook_secret: str | None = field(default=None, repr=False)
    arguments: Mapping[str, Any] = field(factory=dict, repr=False)
    secrets: tuple[bytes, ...] = field(default=(), repr=False)


def settings_from(
    *,
    base_url: str | None = None,
    api_key: str | None = None,
    timeout: TimeLimit = DEFAULT_TIMEOUT,
    max_retries: int = DEFAULT_MAX_RETRIES,
    retry_create: bool = False,
    default_headers: Mapping[str, str] | None = None,
    default_query: Mapping[str, str] | None = None,
    webhook_secret: str | None = None,
    environment: Mapping[str, str] = os.environ,
) -> Settings:
    """Gather the settings from the arguments and, where they are left out, the environment.

    Raises:
        InvalidInput: There is no base URL, or something given cannot be used.
    """
    log_as_asked(environment)
    if base_url is None:
        base_url = _first(environment, "OPENVIDEOS_BASE_URL", "OPENAI_BASE_URL")
    if api_key is None:
        api_key = _first(environment, "OPENVIDEOS_API_KEY", "OPENAI_API_KEY")
    if webhook_secret is None:
        webhook_secret = _first(environment, "OPENVIDEOS_WEBHOOK_SECRET", "OPENAI_WEBHOOK_SECRET")
    _check_retries(max_retries, retry_create)
    address, address_query, login = _split(base_url)
    key = _checked_key(api_key) if api_key else None
    own_headers = {"Authorization": f"Bearer {key}"} if key else {}
    if login:
        own_headers = {"Authorization": f"Basic {base64.b64encode(login.encode()).decode()}"}
    headers = laid_over(own_headers, checked_headers(default_headers))
    query = {**address_query, **checked_names(default_query, "default_query")}
    return Settings(
        base_url=address,
        api_key=key,
        timeout=timeout,
        max_retries=max_retries,
        retry_create=retry_create,
        headers=headers,
        query=query,
        webhook_secret=webhook_secret,
        secrets=_secrets(key, login.partition(":")[2], headers, query),
        arguments={
            "base_url": base_url,
            "api_key": api_key or "",
            "timeout": timeout,
            "max_retries": max_retries,
            "retry_create": retry_create,
            "default_headers": default_headers or {},
            "default_query": default_query or {},
            "webhook_secret": webhook_secret or "",
        },
    )


def changed(
    settings: Settings,
    *,
    default_headers: Mapping[str, str] | None = None,
    set_default_headers: Mapping[str, str] | None = None,
    default_query: Mapping[str, str] | None = None,
    set_default_query: Mapping[str, str] | None = None,
    **others: Any,
) -> Settings:
    """Return settings that differ in what is given.

    Args:
        settings: What they differ from.
        default_headers: Headers to lay over its own.
        set_default_headers: Headers in place of its own.
        default_query: Query parameters to lay over its own.
        set_default_query: Query parameters in place of its own.
        others: Other arguments of `settings_from`.

    Raises:
        InvalidInput: Something given cannot be used.
    """
    for name, added, replaced in (
        ("default_headers", default_headers, set_default_headers),
        ("default_query", default_query, set_default_query),
    ):
        if added is not None and replaced is not None:
            raise InvalidInput(f"give {name} or set_{name}, not both")
    before = settings.arguments
    headers = laid_over(before["default_headers"], checked_headers(default_headers))
    query = {**before["default_query"], **checked_names(default_query, "default_query")}
    arguments = {
        **before,
        **others,
        "default_headers": headers if set_default_headers is None else set_default_headers,
        "default_query": query if set_default_query is None else set_default_query,
    }
    return settings_from(**arguments)


def _secrets(
    key: str | None, password: str, headers: Mapping[str, str], query: Mapping[str, str]
) -> tuple[bytes, ...]:
    found = {key or "", password}
    for name, value in (*headers.items(), *query.items()):
        if _SECRET_NAME.search(name):
            # With and without the scheme in front of it, and as a query spells it.
            found |= {str(value), str(value).rpartition(" ")[2], quote(str(value), safe="")}
    found = {secret for secret in found if len(secret) >= _SHORTEST_SECRET}
    # Where one is in another, to mask that one is enough.
    return tuple(
        secret.encode()
        for secret in sorted(found)
        if not any(other in secret for other in found - {secret})
    )


def checked_names(values: object, what: str) -> Mapping[str, Any]:
    """Return what goes by names, such as query parameters; nothing where it was left out.

    Raises:
        InvalidInput: It is no mapping, or one from something else than names.
    """
    if values is None:
        return {}
    if not isinstance(values, Mapping) or not all(isinstance(name, str) for name in values):
        raise InvalidInput(
            f"{what} cannot be sent: give names with their values, as in a dictionary"
        )
    return values


def checked_headers(headers: Mapping[Any, object] | None) -> dict[str, str]:
    """Return a copy of the headers.

    Raises:
        InvalidInput: A name or a value cannot stand in a header. Values are not shown, as they may
            be secrets.
    """
    checked: dict[str, str] = {}
    for name, value in checked_names(headers, "headers").items():
        if not _HEADER_NAME.fullmatch(name):
            raise InvalidInput(f"{name!r} cannot be the name of a header")
        if not isinstance(value, str) or not value.isascii() or not value.isprintable():
            raise InvalidInput(
                f"the value of the header {name!r} must be text of printable ASCII characters"
            )
        checked[name] = value
    return checked


def laid_over(headers: Mapping[str, str], others: Mapping[str, str]) -> dict[str, str]:
    """Return headers with others in place of those of the same name, in whatever case."""
    if not others:
        return dict(headers)
    names = {name.lower() for name in others}
    return {**{name: headers[name] for name in headers if name.lower() not in names}, **others}


def _first(environment: Mapping[str, str], *names: str) -> str | None:
    return next((environment[name] for name in names if environment.get(name)), None)


def _check_retries(number: object, retry_create: object) -> None:
    if not isinstance(number, int) or number < 0:
        raise InvalidInput(f"max_retries is {number!r}; it must be a whole number, 0 or more")
    if not isinstance(retry_create, bool):  # text such as "no" would be taken for yes, and billed
        raise InvalidInput(f"retry_create is {retry_create!r}; it must be True or False")


def _checked_key(key: object) -> str:
    if not isinstance(key, str):
        raise InvalidInput(f"api_key must be text, but is of the type {type(key).__name__}")
    if not key.isascii() or not key.isprintable() or key != key.strip():
        # The key itself is not shown.
        raise InvalidInput(
            "api_key must consist of printable ASCII characters, without spaces around them: was "
            "something else copied with it, such as a line break or quotation marks?"
        )
    return key


def _split(base_url: str | None) -> tuple[str, dict[str, str], str]:
    """Return the address, what its query says, and the user's name and password before its host."""
    how = (
        "Give the server's address as base_url=, or in OPENVIDEOS_BASE_URL or OPENAI_BASE_URL, "
        "with its prefix: for example http://127.0.0.1:8000/v1"
    )
    if not base_url:
        raise InvalidInput(f"There is no base URL. {how}")
    text = str(base_url).strip()
    if not text.isprintable() or " " in text:
        raise InvalidInput(f"The base URL holds spaces, line breaks or the like. {how}")
    try:
        parts = urlsplit(text)
        _ = parts.port  # read for its check
    except ValueError:
        # What it says is not shown: it may be a part of a password with a slash in it.
        raise InvalidInput(
            f"The base URL is no address: its host or port is wrong. {how}"
        ) from None
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise InvalidInput(
            f"The base URL must start with http:// or https:// and name a host. {how}"
        )
    login, _, host = parts.netloc.rpartition("@")
    address = urlunsplit((parts.scheme, host, parts.path.rstrip("/"), "", ""))
    return address, dict(parse_qsl(parts.query)), unquote(login)
