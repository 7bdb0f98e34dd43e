"""API keys: who may come in, and whose videos are whose."""

from __future__ import annotations

import hashlib
import hmac
from http import HTTPStatus
from typing import TYPE_CHECKING

from openvideos_emulator.http.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterable

_LONG_ENOUGH_TO_SHOW = 16


class Keys:
    """The keys that are accepted: those given, or any that is not empty where none was given.

    Each key is a tenant, named by a digest of the key, so that no key is ever stored.
    """

    def __init__(self, accepted: Iterable[str] = ()) -> None:
        self._tenants = [tenant_of(key.encode()) for key in accepted]

    def tenant(self, authorization: str | None) -> str:
        """Return the tenant that an `Authorization` header belongs to.

        Raises:
            ApiError: 401, the key is missing or wrong.
        """
        key = sent_key(authorization)
        if not key:
            raise _unauthorized("(none); send one as `Authorization: Bearer KEY`")
        tenant = tenant_of(key.encode("latin-1"))
        if self._tenants:
            # Every key is compared, whichever fits, so that the time taken tells nothing.
            matches = [hmac.compare_digest(tenant, known) for known in self._tenants]
            if not any(matches):
                raise _unauthorized(masked(key))
        return tenant


def sent_key(authorization: str | None) -> str:
    """Return the key that an `Authorization` header brings, empty where it brings none."""
    scheme, _, rest = (authorization or "").partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else ""


def tenant_of(key: bytes) -> str:
    """Return the tenant of a key."""
    return hashlib.sha256(key).hexdigest()


def masked(key: str) -> str:
    """Return a key as it may be shown: `sk-12345***6789`, a short one not at all."""
    if len(key) < _LONG_ENOUGH_TO_SHOW or not (key.isascii() and key.isprintable()):
        return "***"
    return f"{key[:8]}***{key[-4:]}"


def _unauthorized(key: str) -> ApiError:
    return ApiError(
        HTTPStatus.UNAUTHORIZED,
        f"Incorrect API key provided: {key}.",
        code="invalid_api_key",
        headers={"WWW-Authenticate": "Bearer"},
    )
