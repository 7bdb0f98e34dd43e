"""Carries a request to the server, and the whole answer back."""

from __future__ import annotations

import hashlib
import threading
import time
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from openvideos_contract.outcome import shorten
from openvideos_contract.wire.deadline import Backend, Deadline
from openvideos_contract.wire.throttle import Throttle

SAFE_TO_REPEAT = frozenset({"GET", "HEAD", "OPTIONS"})
# Every answer is kept in memory to the end of a run: bytes, by whether it is a video or picture.
_LONGEST_ANSWER = {True: 512 * 2**20, False: 8 * 2**20}
# A body from this length on is kept once, however often it was downloaded.
_WORTH_SHARING = 65_536
# Servers close a connection that asks nothing for two seconds and more.
_KEPT_OPEN = 1.5
_MOST_REDIRECTS = 10
# What another host than the server may know of a request: any other header may be a key.
_FOR_ANYBODY = frozenset(
    {"accept", "accept-encoding", "connection", "host", "if-range", "range", "user-agent"}
)
# What is packed otherwise, or twice, stays as it is: nobody asked for it, and a little may be much.
_UNPACKED = frozenset({"gzip", "deflate"})


class Transport:
    """Sends requests over connections that are kept open for a moment.

    Args:
        timeout: Seconds within which an answer must be whole.
        rpm: The most requests a minute; None for no limit.
        user_agent: What the server is told.
    """

    def __init__(self, *, timeout: float, rpm: float | None, user_agent: str) -> None:
        self._timeout = timeout
        self._throttle = Throttle(rpm)
        self._bodies: dict[bytes, bytes] = {}
        self._lock = threading.Lock()
        self._deadline = Deadline()
        limits = httpx.Limits(keepalive_expiry=_KEPT_OPEN)
        transport = httpx.HTTPTransport(limits=limits, trust_env=False)
        transport._pool._network_backend = Backend(self._deadline)  # noqa: SLF001 - httpx has no argument for it
        self.client = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=10.0),
            transport=transport,
            headers={"User-Agent": user_agent},
            # A cookie of one answer would be a key of all later requests.
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            trust_env=False,
        )

    def send(self, request: httpx.Request) -> httpx.Response:
        """Return the whole answer to a request.

        Raises:
            httpx.HTTPError: No whole answer came.
        """
        try:
            return self._whole(request)
        except httpx.TimeoutException:
            raise
        except httpx.TransportError:
            # A kept connection may have been closed by the server in the meantime.
            if request.method not in SAFE_TO_REPEAT:
                raise
        time.sleep(0.2)
        return self._whole(request)

    def close(self) -> None:
        """Close the connections."""
        self.client.close()

    def _whole(self, request: httpx.Request) -> httpx.Response:
        self._throttle.wait()
        with self._deadline.within(self._timeout):
            return self._in_time(request)

    def _in_time(self, request: httpx.Request) -> httpx.Response:
        started = time.monotonic()
        response = self._followed(request)
        kind = response.headers.get("content-type", "no Content-Type")
        longest = _LONGEST_ANSWER[kind.lower().startswith(("video/", "image/"))]
        packed = response.headers.get("content-encoding", "").strip().lower()
        try:
            chunks: list[bytes] = []
            length = 0
            first_byte_after = 0.0
            unpack = packed in _UNPACKED
            for chunk in response.iter_bytes() if unpack else response.iter_raw():
                first_byte_after = first_byte_after or time.monotonic() - started
                chunks.append(chunk)
                length += len(chunk)
                if length > longest:
                    # No error of the transport, which would be tried again.
                    raise httpx.RequestError(f"more than {longest} bytes of {shorten(kind, 100)}")
        finally:
            response.close()
        # As bytes: a server may write anything into them.
        headers = [(k, v) for k, v in response.headers.raw if k.lower() != b"content-encoding"]
        whole = httpx.Response(
            response.status_code,
            headers=headers,
            content=self._kept_once(b"".join(chunks)),
            request=request,
            extensions={
                "http_version": response.extensions.get("http_version", b"HTTP/1.1"),
                "first_byte_after": first_byte_after,
            },
        )
        whole.elapsed = timedelta(seconds=time.monotonic() - started)
        return whole

    def _followed(self, request: httpx.Request) -> httpx.Response:
        """Return the answer to a request, its body unread; of a GET, where redirects lead to.

        Nothing that may be a key goes to another host, and no body of a redirect is read.
        """
        own = request.url
        for hop in range(_MOST_REDIRECTS + 1):
            try:
                response = self.client.send(request, stream=True)
            except (httpx.InvalidURL, UnicodeError) as error:
                raise httpx.RequestError(f"no such address: {error}") from error
            except httpx.ConnectError as error:
                if not hop:
                    raise
                raise httpx.RequestError(
                    f"redirected to {request.url.host}, and no connection: {error}"
                ) from error
            following = response.next_request
            if following is None or request.method != "GET":
                return response
            response.close()
            request = following
            if _is_elsewhere(own, request.url):
                for name in set(request.headers) - _FOR_ANYBODY:
                    del request.headers[name]
        raise httpx.TooManyRedirects(f"more than {_MOST_REDIRECTS} redirects")

    def _kept_once(self, body: bytes) -> bytes:
        """Return a body, the very one of before where it was downloaded before."""
        if len(body) < _WORTH_SHARING:
            return body
        with self._lock:
            return self._bodies.setdefault(hashlib.sha256(body).digest(), body)


def _is_elsewhere(own: httpx.URL, url: httpx.URL) -> bool:
    """Return whether a URL is of another server; the same one by https is none."""
    if own.host == url.host and (own.scheme, url.scheme) == ("http", "https"):
        return False
    return (own.scheme, own.host, own.port) != (url.scheme, url.host, url.port)
