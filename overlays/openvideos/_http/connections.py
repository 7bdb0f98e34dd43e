"""The connections that clients send their requests over, which copies of a client share."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, TypeVar
from weakref import WeakKeyDictionary

from .._errors import InvalidInput
from .certificates import certificates_for
from .light_httpx import httpx

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop
    from collections.abc import Callable

_LIMITS: Final = httpx.Limits(
    max_connections=1000,
    max_keepalive_connections=100,
    # Shorter than the 5 s after which common servers close an idle connection: a create that meets
    # such a closing could not be told from one that was lost.
    keepalive_expiry=4.0,
)

_PROXIES: Final = "HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY"

_Client = TypeVar("_Client", httpx.Client, httpx.AsyncClient)


class Connections:
    """The connections of sync clients.

    Each process has its own: one that was forked would read the answers of its parent.

    Args:
        base_url: Where most requests go.
        given: A client of the user's own, used in place of any other.

    Raises:
        InvalidInput: The environment names proxies or certificates that cannot be used, or what was
            given is something else.
    """

    def __init__(self, base_url: str, given: httpx.Client | None = None) -> None:
        self._base_url = base_url
        self._given = _checked(given, httpx.Client)
        self._by_process: dict[int, httpx.Client] = {}
        self._closed = False
        self.client()

    @property
    def is_closed(self) -> bool:
        """Whether they were closed."""
        return self._closed or (self._given is not None and self._given.is_closed)

    def client(self) -> httpx.Client:
        """Return what sends requests in this process.

        Raises:
            InvalidInput: It was closed.
        """
        if self.is_closed:
            raise _closed()
        if self._given is not None:
            return self._given
        process = os.getpid()
        client = self._by_process.get(process)
        if client is None:
            made = _made(httpx.Client, self._base_url, _hide_query)
            client = self._by_process.setdefault(process, made)
        return client

    def close(self) -> None:
        """Close the connections, unless they are those of a client that the user gave."""
        self._closed = True
        client = self._by_process.get(os.getpid())
        if client is not None:
            client.close()

    def __del__(self) -> None:
        # Who never closes a client leaves no open sockets behind for that. A client that could not
        # be made, and an interpreter that is about to end, have nothing to close it with.
        with suppress(Exception):
            self.close()


class AsyncConnections:
    """The connections of async clients.

    They end with their event loop, so each loop has its own: a request over one that is left of an
    ended loop would be sent, and its answer never read.

    Args:
        base_url: Where most requests go.
        given: A client of the user's own, used in place of any other.

    Raises:
        InvalidInput: What was given is something else.
    """

    def __init__(self, base_url: str, given: httpx.AsyncClient | None = None) -> None:
        self._base_url = base_url
        self._given = _checked(given, httpx.AsyncClient)
        self._by_loop: WeakKeyDictionary[AbstractEventLoop, httpx.AsyncClient] = WeakKeyDictionary()
        self._closed = False

    @property
    def is_closed(self) -> bool:
        """Whether they were closed."""
        return self._closed or (self._given is not None and self._given.is_closed)

    def client(self) -> httpx.AsyncClient:
        """Return what sends requests in the event loop that runs.

        Raises:
            InvalidInput: It was closed, or cannot be made, as for `Connections`.
        """
        import asyncio  # who never awaits need not load it

        if self.is_closed:
            raise _closed()
        if self._given is not None:
            return self._given
        loop = asyncio.get_running_loop()
        client = self._by_loop.get(loop)
        if client is None:
            self._forget_ended_loops()
            client = _made(httpx.AsyncClient, self._base_url, _async_hide_query)
            self._by_loop[loop] = client
        return client

    def _forget_ended_loops(self) -> None:
        # A connection knows its loop, so none of the two would ever be freed.
        for reference in self._by_loop.keyrefs():
            loop = reference()
            if loop is not None and loop.is_closed():
                self._by_loop.pop(loop, None)

    async def close(self) -> None:
        """Close the connections, unless they are those of a client that the user gave."""
        self._closed = True
        for client in list(self._by_loop.values()):
            with suppress(RuntimeError):  # its event loop has ended, and its connections with it
                await client.aclose()

    def __del__(self) -> None:
        # As above. To close takes an await, but no waiting: it is driven by hand, as a task made
        # now would come too late where the event loop is about to end.
        with suppress(Exception, StopIteration):
            closing = self.close()
            while closing.send(None) is None:
                pass
            closing.close()


class _WithoutQuery(httpx.URL):
    """An address that is shown without its query, which may hold a key or a signature."""

    def __str__(self) -> str:
        return super().__str__().partition("?")[0]

    def __repr__(self) -> str:
        return f"URL({str(self)!r})"


def _hide_query(request: httpx.Request) -> None:
    # httpx logs the address of each request.
    request.url = _WithoutQuery(request.url)


async def _async_hide_query(request: httpx.Request) -> None:
    _hide_query(request)


def _checked(given: _Client | None, kind: type[_Client]) -> _Client | None:
    if given is not None and not isinstance(given, kind):
        raise InvalidInput(
            f"http_client is a {type(given).__module__}.{type(given).__qualname__}; "
            f"it must be an httpx.{kind.__name__}"
        )
    return given


def _made(kind: type[_Client], base_url: str, prepare: Callable[[httpx.Request], Any]) -> _Client:
    try:
        return kind(
            limits=_LIMITS,
            headers={"User-Agent": "openvideos"},
            verify=certificates_for(base_url),
            event_hooks={"request": [prepare]},
        )
    except httpx.InvalidURL:
        # What it says is not shown: it may be a part of a password with a slash in it.
        raise InvalidInput(
            f"What the environment says of proxies ({_PROXIES}) is no address: a host or port "
            "in it is wrong"
        ) from None
    except (ImportError, OSError, ValueError) as error:
        raise InvalidInput(
            f"What the environment says of proxies ({_PROXIES}) or certificates (SSL_CERT_FILE, "
            f"SSL_CERT_DIR) cannot be used: {error}"
        ) from error


def _closed() -> InvalidInput:
    return InvalidInput(
        "This client is closed: use it, its copies and the jobs that it gave before close() and "
        "inside its `with`, or make another"
    )
