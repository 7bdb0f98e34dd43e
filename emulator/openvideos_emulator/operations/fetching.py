"""Fetches what an `image_url` names, from public addresses only (`--allow-fetch`).

A client that names a URL makes this server send a request, so the request must not reach what the
client cannot reach itself. Each host is resolved once, all its addresses are looked at, and the
connection goes to one of those: a name that means something else a moment later changes nothing.
A redirect is a request like any other.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import TYPE_CHECKING

import httpx

from openvideos_emulator.http.errors import ApiError, bad_request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Address = ipaddress.IPv4Address | ipaddress.IPv6Address
    Resolver = Callable[[str, int], Awaitable[list[Address]]]

_PARAM = "input_reference.image_url"
_LONGEST = 20 * 1024 * 1024
_SECONDS = 10.0
_MOST_REDIRECTS = 3
_PORTS = {"http": 80, "https": 443}
# Identity, because what is compressed can be any length.
_HEADERS = {"User-Agent": "openvideos-emulator", "Accept-Encoding": "identity"}
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


class FetchError(Exception):
    """A URL that is not fetched, or cannot be; the message says why."""


async def resolved(host: str, port: int) -> list[Address]:
    """Return the addresses of a host, as the operating system knows them.

    Raises:
        FetchError: It has none.
    """
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise FetchError("its host is not known") from error
    return [ipaddress.ip_address(address[0]) for *_, address in found]


def is_public(address: Address) -> bool:
    """Return whether anybody could reach an address: whether it is on the open internet."""
    if isinstance(address, ipaddress.IPv6Address):
        # What leads to an IPv4 address is as public as that.
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
        if address in _NAT64 or address.sixtofour is not None or address.teredo is not None:
            return False
        if address.is_site_local:
            return False
    return address.is_global and not (address.is_multicast or address.is_reserved)


class Fetcher:
    """Fetches from public addresses."""

    def __init__(
        self,
        resolve: Resolver = resolved,
        transport: httpx.AsyncBaseTransport | None = None,
        *,
        longest: int = _LONGEST,
        seconds: float = _SECONDS,
    ) -> None:
        """Describe how to fetch.

        Args:
            resolve: Returns the addresses of a host, for a port.
            transport: Carries out a request whose host is an address; httpx's own where None.
            longest: The most bytes that are read.
            seconds: How long a fetch may take in all.
        """
        self._resolve = resolve
        self._transport = transport
        self._longest = longest
        self._seconds = seconds

    async def fetch(self, url: str, refuse_type: Callable[[str], None]) -> tuple[bytes, str]:
        """Return the body of a URL's answer, and its content type.

        Args:
            url: An http or https URL.
            refuse_type: Raises for a content type that is not wanted, before the body is read.

        Raises:
            ApiError: 400, it was not fetched.
        """
        try:
            async with asyncio.timeout(self._seconds):
                return await self._fetch(url, refuse_type)
        except TimeoutError as error:
            raise _refused(f"it took longer than {self._seconds:g} seconds") from error
        except FetchError as error:
            raise _refused(str(error)) from error
        except httpx.TooManyRedirects as error:
            raise _refused(f"it was redirected more than {_MOST_REDIRECTS} times") from error
        # What httpx or a name's encoding finds wrong can hold the URL, and so a password.
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError) as error:
            raise _refused(f"there was no answer to it ({type(error).__name__})") from None

    async def _fetch(self, url: str, refuse_type: Callable[[str], None]) -> tuple[bytes, str]:
        inner = self._transport
        if inner is None:
            # Reading the certificates that are trusted takes a while.
            inner = await asyncio.to_thread(httpx.AsyncHTTPTransport, trust_env=False)
        client = httpx.AsyncClient(
            transport=_PublicTransport(inner, self._resolve),
            headers=_HEADERS,
            follow_redirects=True,
            max_redirects=_MOST_REDIRECTS,
            timeout=self._seconds,
            # A proxy would resolve the host once more.
            trust_env=False,
        )
        async with client, client.stream("GET", url) as response:
            if response.status_code != httpx.codes.OK:
                raise FetchError(f"it was answered with {response.status_code}")
            if response.headers.get("content-encoding", "identity") != "identity":
                raise FetchError("its answer is compressed")
            kind = response.headers.get("content-type", "")
            refuse_type(kind)
            body = bytearray()
            async for piece in response.aiter_raw():
                body += piece
                if len(body) > self._longest:
                    raise FetchError(f"it has more than {self._longest} bytes")
            return bytes(body), kind


class _PublicTransport(httpx.AsyncBaseTransport):
    """Sends each request, redirected ones too, to an address that was looked at."""

    def __init__(self, inner: httpx.AsyncBaseTransport, resolve: Resolver) -> None:
        self._inner = inner
        self._resolve = resolve

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request."""
        url = request.url
        if url.scheme not in _PORTS or not url.host:
            raise FetchError("only http and https URLs are fetched")
        port = _PORTS[url.scheme] if url.port is None else url.port
        if not 0 < port < 65536:
            raise FetchError("there is no such port")
        addresses = await self._resolve(url.raw_host.decode(), port)
        if not addresses or not all(map(is_public, addresses)):
            raise FetchError("its host is not on the public internet")
        # The name stays in the header Host, and is what a certificate is checked for.
        return await self._inner.handle_async_request(
            httpx.Request(
                request.method,
                url.copy_with(host=str(addresses[0])),
                headers=request.headers,
                stream=request.stream,
                extensions={**request.extensions, "sni_hostname": url.raw_host.decode()},
            )
        )

    async def aclose(self) -> None:
        """Close what is underneath."""
        await self._inner.aclose()


def _refused(reason: str) -> ApiError:
    return bad_request(
        f"Invalid '{_PARAM}': the image could not be downloaded: {reason}.",
        param=_PARAM,
        code="invalid_image_url",
    )
