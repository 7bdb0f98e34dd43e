"""Carries a request to the server, and the whole answer back."""

from __future__ import annotations

import hashlib
import threading
import time
from datetime import timedelta

import httpx

from openvideos_contract.outcome import shorten
from openvideos_contract.wire.throttle import Throttle

SAFE_TO_REPEAT = frozenset({"GET", "HEAD", "OPTIONS"})
# Every answer is kept in memory to the end of a run: bytes, by whether it is a video or picture.
_LONGEST_ANSWER = {True: 512 * 2**20, False: 8 * 2**20}
# A body from this length on is kept once, however often it was downloaded.
_WORTH_SHARING = 65_536
# Servers close a connection that asks nothing for two seconds and more.
_KEPT_OPEN = 1.5


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
        self.client = httpx.Client(
            timeout=httpx.Timeout(timeout, connect=10.0),
            limits=httpx.Limits(keepalive_expiry=_KEPT_OPEN),
            headers={"User-Agent": user_agent},
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
        started = time.monotonic()
        response = self.client.send(request, stream=True, follow_redirects=request.method == "GET")
        kind = response.headers.get("content-type", "no Content-Type")
        longest = _LONGEST_ANSWER[kind.lower().startswith(("video/", "image/"))]
        try:
            chunks: list[bytes] = []
            first_byte_after = 0.0
            for chunk in response.iter_bytes():
                first_byte_after = first_byte_after or time.monotonic() - started
                chunks.append(chunk)
                if response.num_bytes_downloaded > longest:
                    # No error of the transport, which would be tried again.
                    raise httpx.RequestError(f"more than {longest} bytes of {shorten(kind, 100)}")
                if time.monotonic() - started > self._timeout:
                    raise httpx.ReadTimeout(f"not answered whole within {self._timeout:g} s")
        finally:
            response.close()
        headers = [(k, v) for k, v in response.headers.multi_items() if k != "content-encoding"]
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

    def _kept_once(self, body: bytes) -> bytes:
        """Return a body, the very one of before where it was downloaded before."""
        if len(body) < _WORTH_SHARING:
            return body
        with self._lock:
            return self._bodies.setdefault(hashlib.sha256(body).digest(), body)
