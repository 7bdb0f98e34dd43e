"""Carry requests over HTTP, with httpx."""

from __future__ import annotations

import json
import threading
from contextlib import suppress
from contextvars import copy_context
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from ._calls import NotGiven
from ._certificates import certificates_for
from ._errors import APIConnectionError, APITimeoutError, InvalidInput
from ._httpx import httpx
from ._responses import Response
from ._settings import laid_over

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from ._calls import Call
    from ._settings import Settings

HttpClient: TypeAlias = httpx.Client
AsyncHttpClient: TypeAlias = httpx.AsyncClient
TimeLimit: TypeAlias = float | httpx.Timeout | None

_LONGEST_CONNECT = 10.0  # seconds
_MOST_REDIRECTS = 10
_SHORTEST_KEY_TO_MASK = 8  # characters; to mask a shorter one would garble what servers say
_MASK = b"[api key]"

_LIMITS = httpx.Limits(
    max_connections=1000,
    max_keepalive_connections=100,
    # Shorter than the 5 s after which common servers close an idle connection: a create that meets
    # such a closing could not be told from one that was lost.
    keepalive_expiry=4.0,
)

_ENDLESS = 2_000_000.0  # seconds; longer limits are none, as sockets take no larger numbers
_LARGEST_BODY = 256 * 1024 * 1024  # bytes of an answer that is no file, against what never ends

# What a request takes along to another server. Everything else may hold a key.
_NEUTRAL = {
    *("host", "connection", "user-agent", "cookie", "accept", "accept-encoding"),
    *("content-length", "content-type", "transfer-encoding"),
    *("range", "if-range", "if-none-match"),
}

# By one of these an answer tells that it is one of the protocol's.
_KEYS = frozenset({"id", "task_id", "data"})

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    UnicodeError,  # a host's name that cannot be looked up
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

        Some servers repeat the key in their refusal, and some refuse with a status of success.
        """
        httpx_response, key = self._httpx, (settings.api_key or "").encode()
        headers = httpx_response.headers
        if len(key) >= _SHORTEST_KEY_TO_MASK:
            if any(key in value for _, value in headers.raw):
                headers = httpx.Headers([(n, v.replace(key, _MASK)) for n, v in headers.raw])
            if key in content and not (httpx_response.is_success and _is_content(content)):
                content = content.replace(key, _MASK)
        return Response(
            status_code=httpx_response.status_code,
            headers=headers,
            content=content,
            method=httpx_response.request.method,
            url=_shown(httpx_response.request.url),
        )


class _Body:
    """The body of an answer that is read whole."""

    def __init__(self, call: Call[Any]) -> None:
        self._call = call
        self._pieces: list[bytes] = []
        self._size = 0

    def add(self, piece: bytes) -> None:
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size > _LARGEST_BODY and not self._call.brings_file:
            raise APIConnectionError(
                f"{_named(self._call)}: the answer is larger than {_LARGEST_BODY:,} bytes."
            )

    def content(self) -> bytes:
        return b"".join(self._pieces)


class Transport:
    """Sends requests, plainly."""

    def __init__(self, settings: Settings, client: httpx.Client | None) -> None:
        _timeout(settings.timeout, None)  # for its check
        self._settings = settings
        self._owned = client is None
        self._client = client if client is not None else _made(httpx.Client, self._settings)

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
        if self._client.is_closed:
            raise _closed()
        request, elsewhere = _request(self._client, self._settings, call, seconds), False
        try:
            response = self._client.send(request, stream=True, follow_redirects=False)
            for _ in range(_MOST_REDIRECTS):
                following = _following(request, response)
                if following is None:
                    break
                response.close()
                elsewhere = elsewhere or _is_elsewhere(request.url, following.url)
                request = following
                response = self._client.send(
                    request, auth=_auth(elsewhere), stream=True, follow_redirects=False
                )
        except (httpx.HTTPError, UnicodeError) as error:
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
            body = _Body(call)
            while piece := self.read(stream):
                body.add(piece)
                if given_up and given_up.is_set():
                    break
            return stream.response(self._settings, body.content())
        finally:
            self.close_stream(stream)


class AsyncTransport:
    """Sends requests, with `await`."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient | None) -> None:
        _timeout(settings.timeout, None)  # for its check
        self._settings = settings
        self._given = client
        # Connections end with their event loop, so each loop has its own: a request over one that
        # is left of an ended loop would be sent, and its answer never read.
        self._clients: WeakKeyDictionary[object, httpx.AsyncClient] = WeakKeyDictionary()
        self._closed = False

    async def close(self) -> None:
        """Close the connections, unless they are those of a client that the user gave."""
        self._closed = True
        for client in self._clients.values():
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

    def _client_here(self) -> httpx.AsyncClient:
        import asyncio  # who never awaits need not load it

        if self._closed or (self._given and self._given.is_closed):
            raise _closed()
        if self._given:
            return self._given
        loop = asyncio.get_running_loop()
        if loop not in self._clients:
            self._clients[loop] = _made(httpx.AsyncClient, self._settings)
        return self._clients[loop]

    async def open(self, call: Call[Any], seconds: float | None = None) -> Stream:
        """Send a request; return its answer before its body is read."""
        client = self._client_here()
        request, elsewhere = _request(client, self._settings, call, seconds), False
        try:
            response = await client.send(request, stream=True, follow_redirects=False)
            for _ in range(_MOST_REDIRECTS):
                following = _following(request, response)
                if following is None:
                    break
                await response.aclose()
                elsewhere = elsewhere or _is_elsewhere(request.url, following.url)
                request = following
                response = await client.send(
                    request, auth=_auth(elsewhere), stream=True, follow_redirects=False
                )
        except (httpx.HTTPError, UnicodeError) as error:
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
                    body = _Body(call)
                    while piece := await self.read(stream):
                        body.add(piece)
                    return stream.response(self._settings, body.content())
                finally:
                    await self.close_stream(stream)
        except TimeoutError as error:
            raise _too_late(call) from error


def _made(kind: type[_Client], settings: Settings) -> _Client:
    try:
        return kind(
            limits=_LIMITS,
            headers={"User-Agent": "openvideos"},
            verify=certificates_for(settings.base_url),
        )
    except (ImportError, OSError, ValueError, httpx.InvalidURL) as error:
        raise InvalidInput(
            "What the environment says of proxies (HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY) "
            f"or certificates (SSL_CERT_FILE, SSL_CERT_DIR) cannot be used: {error}"
        ) from error


def _closed() -> InvalidInput:
    return InvalidInput(
        "This client is closed: use it, and the jobs that it gave, before close() and inside "
        "its `with`, or make another"
    )


def _request(
    client: _Client, settings: Settings, call: Call[Any], seconds: float | None
) -> httpx.Request:
    arguments = dict(call.arguments)
    arguments["url"] = settings.base_url + arguments["url"]
    arguments["headers"] = laid_over(settings.headers, arguments.get("headers", {}))
    if settings.query:
        arguments["params"] = {**settings.query, **arguments.get("params", {})}
    limit = settings.timeout if isinstance(call.timeout, NotGiven) else call.timeout
    timeout = _timeout(limit, seconds)
    try:
        return client.build_request(timeout=timeout, **arguments)
    except (TypeError, ValueError, httpx.InvalidURL) as error:
        raise InvalidInput(f"{_named(call)} cannot be sent: {error}") from None


def _timeout(limit: TimeLimit, seconds: float | None) -> httpx.Timeout:
    phases: dict[str, Any]
    if isinstance(limit, httpx.Timeout):
        phases = limit.as_dict()
    else:
        phases = dict.fromkeys(("connect", "read", "write", "pool"), limit)
    for value in phases.values():
        if value is not None and not (isinstance(value, int | float) and value > 0):
            raise InvalidInput(
                f"timeout is {value!r}; give more than 0 seconds, or None for no limit"
            )
    if not isinstance(limit, httpx.Timeout):
        phases["connect"] = min(limit or _LONGEST_CONNECT, _LONGEST_CONNECT)
    seconds = _ENDLESS if seconds is None else seconds
    shortest = {
        phase: seconds if value is None else min(value, seconds) for phase, value in phases.items()
    }
    return httpx.Timeout(
        **{phase: None if value >= _ENDLESS else value for phase, value in shortest.items()}
    )


def _following(request: httpx.Request, response: httpx.Response) -> httpx.Request | None:
    """Return the request to which a redirect leads; None where that would change its method."""
    following = response.next_request
    if following is None or following.method != request.method:
        return None
    if _is_elsewhere(request.url, following.url):
        for name in following.headers.keys() - _NEUTRAL:
            del following.headers[name]
    return following


def _is_elsewhere(here: httpx.URL, there: httpx.URL) -> bool:
    """Tell whether a redirect leads to another server, or off an encrypted connection."""
    if (here.scheme, here.host, here.port) == (there.scheme, there.host, there.port):
        return False
    is_upgrade = (here.scheme, there.scheme) == ("http", "https")
    return not (is_upgrade and here.host == there.host and here.port is there.port is None)


def _auth(elsewhere: bool) -> Any:
    """Return what httpx shall sign a request with: at another server, nothing."""
    return None if elsewhere else httpx.USE_CLIENT_DEFAULT


def _is_content(body: bytes) -> bool:
    """Tell whether a body that came with success is what was asked for, and no refusal."""
    try:
        sent = json.loads(body.decode())
    except UnicodeDecodeError:
        return True  # a file
    except (ValueError, RecursionError):
        return False
    return isinstance(sent, list) or (isinstance(sent, dict) and not sent.keys().isdisjoint(_KEYS))


def _shown(url: httpx.URL) -> str:
    """Return an address without its query, which may hold a signature, and without a password."""
    address = str(url).partition("?")[0]
    if url.userinfo:
        address = address.replace(f"{url.userinfo.decode()}@", "", 1)
    return address


def _named(call: Call[Any]) -> str:
    return f"{call.method} {call.arguments['url']}"


def _translated(error: httpx.HTTPError | UnicodeError, call: Call[Any]) -> APIConnectionError:
    what = _named(call)
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


def _cause(error: httpx.HTTPError | UnicodeError) -> Exception | None:
    # What it says of a header that cannot be sent shows the header, which may hold the key.
    return None if isinstance(error, httpx.LocalProtocolError) else error


def _too_late(call: Call[Any]) -> APITimeoutError:
    return APITimeoutError(f"{_named(call)}: no whole answer in time.")
