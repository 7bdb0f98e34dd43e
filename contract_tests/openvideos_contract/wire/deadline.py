"""Lets no answer take longer than it may, however slowly its bytes come.

A timeout of httpx is one of each step: a server that sends a byte a second is never late.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from ssl import SSLContext
from typing import Any

import httpcore

_PIECE = 65_536


class Deadline(threading.local):
    """When the request that a thread has under way must be answered."""

    def __init__(self) -> None:
        self._until: float | None = None

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Let the block's requests take so many seconds together."""
        self._until = time.monotonic() + seconds
        try:
            yield
        finally:
            self._until = None

    def left(self, timeout: float | None) -> float | None:
        """Return for how many seconds the next step may wait.

        Args:
            timeout: The timeout of the step; None for none.

        Raises:
            httpcore.ReadTimeout: For none.
        """
        if self._until is None:
            return timeout
        left = self._until - time.monotonic()
        if left <= 0:
            raise httpcore.ReadTimeout("not answered whole in time")
        return left if timeout is None else min(timeout, left)


class Backend(httpcore.NetworkBackend):
    """Opens connections that keep to a deadline."""

    def __init__(self, deadline: Deadline) -> None:
        self._deadline = deadline
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        """Open a connection."""
        left = self._deadline.left(timeout)
        stream = self._plain.connect_tcp(host, port, left, local_address, socket_options)
        return _Stream(stream, self._deadline)


class _Stream(httpcore.NetworkStream):
    def __init__(self, plain: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._plain = plain
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._plain.read(max_bytes, self._deadline.left(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        for start in range(0, len(buffer), _PIECE):
            self._plain.write(buffer[start : start + _PIECE], self._deadline.left(timeout))

    def close(self) -> None:
        self._plain.close()

    def start_tls(
        self,
        ssl_context: SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        left = self._deadline.left(timeout)
        secured = self._plain.start_tls(ssl_context, server_hostname, left)
        return _Stream(secured, self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._plain.get_extra_info(info)
