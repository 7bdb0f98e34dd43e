"""Carry requests over HTTP. The one module that knows httpx."""

from __future__ import annotations

import functools
import threading
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import httpx

from ._calls import NotGiven
from ._errors import APIConnectionError, APITimeoutError, InvalidInput
from ._responses import Response

if TYPE_CHECKING:
    import ssl
    from collections.abc import AsyncIterator, Iterator

    from ._calls import Call
    from ._settings import Settings

HttpClient: TypeAlias = httpx.Client
AsyncHttpClient: TypeAlias = httpx.AsyncClient
TimeLimit: TypeAlias = float | httpx.Timeout | None

_LONGEST_CONNECT = 10.0  # seconds
_MOST_REDIRECTS = 10
_SHORTEST_KEY_TO_MASK = 8  # characters; to mask a shorter one would garble what servers say

_LIMITS = httpx.Limits(
    max_connections=1000,
    max_keepalive_connections=100,
    # Shorter than the 5 s after which common servers close an idle connection: a create that meets
    # such a closing could not be told from one that was lost.
    keepalive_expiry=4.0,
)

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
)

_Client = TypeVar("_Client", httpx.Client, httpx.AsyncClient)


class Stream:
    """An answer whose body is still to be read."""

    def __init__(self, call: Call[Any], response: httpx.Response, chunks: Any) -> None:
        self._call = call
        self._httpx = response
        self._chunks = chunks  # an iterator of bytes, plain or async

    @property
    def received(self) -> int:
        """How many bytes of the body have come, as they are on the wire."""
        return self._httpx.num_bytes_downloaded

    def response(self, settings: Settings, content: bytes = b"") -> Response:
        """Return the answer with this body, without the key where it is an error.

        Some servers repeat the key in their refusal.
        """
        httpx_response, key = self._httpx, settings.api_key
        if not httpx_response.is_success and key and len(key) >= _SHORTEST_KEY_TO_MASK:
            content = content.replace(key.encode(), b"[api key]")
        return Response(
            status_code=httpx_response.status_code,
            headers=httpx_response.headers,
            content=content,
            method=httpx_response.request.method,
            url=_shown(httpx_response.request.url),
        )


class Transport:
    """Sends requests, plainly."""

    def __init__(self, settings: Settings, client: httpx.Client | None) -> None:
        self._settings = settings
        self._owned = client is None
        self._client = client if client is not None else httpx.Client(**_client_options())

    def close(self) -> None:
        """Close the connections, unless they are those of a client that the user gave."""
        if self._owned:
            self._client.close()

    def __del__(self) -> None:
        # Who never closes a client leaves no open sockets behind for that. A client that could not
        # be made, and an interpreter that is about to end, have nothing to close it with.
        with suppress(Exception):
            self.close()

    def open(self, call: Call[Any], seconds: float | None = None) -> Stream:
        """Send a request; return its answer before its body is read."""
        request = _request(self._client, self._settings, call, seconds)
        try:
            response = self._client.send(request, stream=True, follow_redirects=False)
            for _ in range(_MOST_REDIRECTS):
                following = _following(request, response, self._settings, call)
                if following is None:
                    break
                response.close()
                request = following
                response = self._client.send(request, stream=True, follow_redirects=False)
        except httpx.HTTPError as error:
            raise _translated(error, call) from _cause(error)
        return Stream(call, response, response.iter_bytes())

    def read(self, stream: Stream) -> bytes:
        """Return the next piece of a body; empty at its end."""
        chunks: Iterator[bytes] = stream._chunks  # noqa: SLF001 - the two classes are one
        try:
            return next(chunks, b"")
        except httpx.HTTPError as error:
            raise _translated(error, stream._call) from _cause(error)  # noqa: SLF001 - see above

    def close_stream(self, stream: Stream) -> None:
        """Stop reading a body."""
        stream._httpx.close()  # noqa: SLF001 - see above

    def send(self, call: Call[Any], seconds: float | None = None) -> Response:
        """Send a request and read its answer to the end, within `seconds` if given."""
        if seconds is None:
            return self._exchange(call)
        # Time limits of a socket hold for each piece that comes, not for the whole: only somebody
        # else can stop waiting in time. What is left behind ends by those limits, or at the next
        # piece.
        given_up = threading.Event()
        done: SimpleQueue[Response | BaseException] = SimpleQueue()

        def work() -> None:
            try:
                done.put(self._exchange(call, seconds, given_up))
            except BaseException as error:  # noqa: BLE001 - raised again by who waits
                done.put(error)

        threading.Thread(target=copy_context().run, args=(work,), daemon=True).start()
        try:
            outcome = done.get(timeout=seconds)
        except Empty:
            raise _too_late(call) from None
        finally:
            given_up.set()
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def _exchange(
        self,
        call: Call[Any],
        seconds: float | None = None,
        given_up: threading.Event | None = None,
    ) -> Response:
        stream = self.open(call, seconds)
        try:
            pieces = []
            while piece := self.read(stream):
                pieces.append(piece)
                if given_up and given_up.is_set():
                    break
            return stream.response(self._settings, b"".join(pieces))
        finally:
            self.close_stream(stream)


class AsyncTransport:
    """Sends requests, with `await`."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient | None) -> None:
        self._settings = settings
        self._owned = client is None
        self._client = client if client is not None else httpx.AsyncClient(**_client_options())

    async def close(self) -> None:
        """Close the connections, unless they are those of a client that the user gave."""
        if self._owned:
            await self._client.aclose()

    def __del__(self) -> None:
        # As above. To close takes an await, but no waiting: it is driven by hand, as a task made
        # now would come too late where the event loop is about to end.
        with suppress(Exception, StopIteration):
            closing = self.close()
            while closing.send(None) is None:
                pass
            closing.close()

    async def open(self, call: Call[Any], seconds: float | None = None) -> Stream:
        """Send a request; return its answer before its body is read."""
        request = _request(self._client, self._settings, call, seconds)
        try:
            response = await self._client.send(request, stream=True, follow_redirects=False)
            for _ in range(_MOST_REDIRECTS):
                following = _following(request, response, self._settings, call)
                if following is None:
                    break
                await response.aclose()
                request = following
                response = await self._client.send(request, stream=True, follow_redirects=False)
        except httpx.HTTPError as error:
            raise _translated(error, call) from _cause(error)
        return Stream(call, response, response.aiter_bytes())

    async def read(self, stream: Stream) -> bytes:
        """Return the next piece of a body; empty at its end."""
        chunks: AsyncIterator[bytes] = stream._chunks  # noqa: SLF001 - the two classes are one
        try:
            return await anext(chunks, b"")
        except httpx.HTTPError as error:
            raise _translated(error, stream._call) from _cause(error)  # noqa: SLF001 - see above

    async def close_stream(self, stream: Stream) -> None:
        """Stop reading a body."""
        await stream._httpx.aclose()  # noqa: SLF001 - see above

    async def send(self, call: Call[Any], seconds: float | None = None) -> Response:
        """Send a request and read its answer to the end, within `seconds` if given."""
        import asyncio  # who never awaits need not load it

        try:
            async with asyncio.timeout(seconds):
                stream = await self.open(call, seconds)
                try:
                    pieces = []
                    while piece := await self.read(stream):
                        pieces.append(piece)
                    return stream.response(self._settings, b"".join(pieces))
                finally:
                    await self.close_stream(stream)
        except TimeoutError as error:
            raise _too_late(call) from error


def _client_options() -> dict[str, Any]:
    return {"limits": _LIMITS, "headers": {"User-Agent": "openvideos"}, "verify": _certificates()}


@functools.cache
def _certificates() -> ssl.SSLContext:
    # To read them takes longer than anything else in making a client.
    return httpx.create_ssl_context()


def _request(
    client: _Client, settings: Settings, call: Call[Any], seconds: float | None
) -> httpx.Request:
    arguments = dict(call.arguments)
    arguments["url"] = settings.base_url + arguments["url"]
    arguments["headers"] = {**settings.headers, **arguments.get("headers", {})}
    if settings.query:
        arguments["params"] = {**settings.query, **arguments.get("params", {})}
    limit = settings.timeout if isinstance(call.timeout, NotGiven) else call.timeout
    try:
        return client.build_request(timeout=_timeout(limit, seconds), **arguments)
    except httpx.InvalidURL as error:
        raise InvalidInput(f"This makes no address that can be asked: {error}") from None


def _timeout(limit: TimeLimit, seconds: float | None) -> httpx.Timeout:
    if isinstance(limit, httpx.Timeout):
        phases = limit.as_dict()
    else:
        phases = httpx.Timeout(limit).as_dict()
        phases["connect"] = _LONGEST_CONNECT if limit is None else min(limit, _LONGEST_CONNECT)
    if seconds is not None:
        phases = {
            phase: seconds if value is None else min(value, seconds)
            for phase, value in phases.items()
        }
    return httpx.Timeout(**phases)


def _following(
    request: httpx.Request, response: httpx.Response, settings: Settings, call: Call[Any]
) -> httpx.Request | None:
    """Return the request to which a redirect leads; None where that would change its method."""
    following = response.next_request
    if following is None or following.method != request.method:
        return None
    if following.url.netloc != request.url.netloc:
        # httpx takes the Authorization off; a key may stand under another name as well.
        for name in (*settings.headers, *call.own_headers):
            if name.lower() not in {"accept", "range", "if-range", "if-none-match"}:
                following.headers.pop(name, None)
    return following


def _shown(url: httpx.URL) -> str:
    """Return an address without its query, which may hold a signature, and without a password."""
    address = str(url).partition("?")[0]
    if url.userinfo:
        address = address.replace(f"{url.userinfo.decode()}@", "", 1)
    return address


def _translated(error: httpx.HTTPError, call: Call[Any]) -> APIConnectionError:
    what = f"{call.method} {call.arguments['url']}"
    sent = not isinstance(error, _NEVER_SENT)
    if isinstance(error, httpx.TimeoutException):
        phase = {
            httpx.ConnectTimeout: "no connection",
            httpx.PoolTimeout: "no free connection",
            httpx.WriteTimeout: "the request was not taken",
        }.get(type(error), "no answer")
        return APITimeoutError(f"{what}: {phase} in time.", sent=sent)
    if isinstance(error, httpx.LocalProtocolError):
        return APIConnectionError(f"{what}: the request cannot be sent as it is.", sent=sent)
    if isinstance(error, httpx.DecodingError):
        return APIConnectionError(f"{what}: the answer's encoding is broken.", sent=sent)
    said = f" ({error})" if str(error) else ""
    if isinstance(error, httpx.ConnectError):
        return APIConnectionError(
            f"{what}: the server cannot be reached{said}. Does it run? Is base_url its address?",
            sent=sent,
        )
    return APIConnectionError(f"{what}: the connection broke{said}.", sent=sent)


def _cause(error: httpx.HTTPError) -> httpx.HTTPError | None:
    # What it says of a header that cannot be sent shows the header, which may hold the key.
    return None if isinstance(error, httpx.LocalProtocolError) else error


def _too_late(call: Call[Any]) -> APITimeoutError:
    return APITimeoutError(f"{call.method} {call.arguments['url']}: no whole answer in time.")
