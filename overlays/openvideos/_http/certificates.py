"""Whom https connections trust: what httpx trusts, read when it is needed.

To read it takes longer than anything else in making a client, and most servers that somebody runs
for themselves are asked over plain http.
"""

from __future__ import annotations

import functools
import ssl
from typing import TYPE_CHECKING, Any

from .light_httpx import httpx

if TYPE_CHECKING:
    from collections.abc import Iterable


def certificates_for(base_url: str) -> ssl.SSLContext:
    """Return what the connections of a client use, those to other servers among them.

    Raises:
        OSError: What the environment names as certificates cannot be read, and the server at
            `base_url` needs it. Others that it may redirect to find out when they are asked.
    """
    if base_url.startswith("https:"):
        return _certificates()
    return _CertificatesWhenNeeded(ssl.PROTOCOL_TLS_CLIENT)


@functools.cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()


class _CertificatesWhenNeeded(ssl.SSLContext):
    """Hands each connection on to the certificates that are read with the first one."""

    def set_alpn_protocols(self, alpn_protocols: Iterable[str]) -> None:
        _certificates().set_alpn_protocols(alpn_protocols)

    def wrap_socket(self, *args: Any, **keywords: Any) -> ssl.SSLSocket:
        return _certificates().wrap_socket(*args, **keywords)

    def wrap_bio(self, *args: Any, **keywords: Any) -> ssl.SSLObject:
        return _certificates().wrap_bio(*args, **keywords)
