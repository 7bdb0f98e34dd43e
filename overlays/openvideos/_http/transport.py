"""Carry requests over HTTP, with httpx."""

from __future__ import annotations

import functools
import inspect
import json
import threading
from contextvars import copy_context
from datetime import timedelta
from queue import Empty, SimpleQueue
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeAlias

from .._errors import APIConnectionError, APITimeoutError, InvalidInput
from .._settings import laid_over
from .._waiting.cancelling import Cancelled, cancelling
from .calls import NotGiven
from .light_httpx import httpx
from .responses import Response

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping

    from .._settings import Settings
    from .._waiting.cancelling import CancelToken
    from .calls import Call
    from .connections import AsyncConnections, Connections

HttpClient: TypeAlias = httpx.Client
AsyncHttpClient: TypeAlias = httpx.AsyncClient
TimeLimit: TypeAlias = float | httpx.Timeout | None

_LONGEST_CONNECT = 10.0  # seconds
_MOST_REDIRECTS = 10
_MASK = b"[secret]"

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

_NO_ANSWER = (
    httpx.HTTPError,
    httpx.InvalidURL,  # to which a server redirects
    UnicodeError,  # likewise
)
_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    UnicodeError,  # a host's name that cannot be looked up
)


class Stream:
    """An answer whose body is still to be read."""

    def __init__(
        self,
        call: Call[Any],
        settings: Settings,
        response: httpx.Response,
        chunks: Any,
        started: float,
    ) -> None:
        self._call = call
        self._settings = settings
        self._httpx = response
        self._chunks = chunks  # an iterator of bytes, plain or async
        self._started = started

    @property
    def received(self) -> int:
        """How many bytes of the body have come, as they are on the wire."""
        return self._httpx.num_bytes_downloaded

    def response(self, content: bytes = b"") -> Response:
        """Return the answer with this body, without secrets where it is an error.

        Some servers repeat the key in their refusal, some refuse with a status of success, and some
        give an upstream's refusal as the reason why a job failed.
        """
        httpx_response = self._httpx
        headers: Mapping[str, str] = httpx_response.headers
        sent = b"\n".join(value for _, value in httpx_response.headers.raw)
        for secret in self._settings.secrets:
            if secret in sent:
                headers = _masked(headers, secret.decode())
            if secret in content:
                content = _masked_body(content, secret, is_success=httpx_response.is_success)
        return Response(
            status_code=httpx_response.status_code,
            headers=headers,
            content=content,
            method=httpx_response.request.method,
            url=_shown(httpx_response.request.url),
            elapsed=timedelta(seconds=perf_counter() - self._started),
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
                f"{self._call.name}: the answer is larger than {_LARGEST_BODY:,} bytes."
            )

    def content(self) -> bytes:
        return b"".join(self._pieces)


class Transport:
    """Sends requests, plainly."""

    def __init__(self, settings: Settings, connections: Connections) -> None:
        self._settings = settings
        self._connections = connections
        self._timeout = _timeout(settings.timeout, None)

    def open(self, call: Call[Any], seconds: float | None = None) -> Stream:
        """Send a request; return its answer before its body is read."""
        client, started = self._connections.client(), perf_counter()
        timeout = _timeout_of(call, self._settings, seconds) or self._timeout
        request, elsewhere = _request(client, self._settings, call, timeout)
        try:
            response = client.send(
                request, auth=_auth(elsewhere), stream=True, follow_redirects=False
            )
            for _ in range(_MOST_REDIRECTS):
                following = _following(request, response)
                if following is None:
                    break
                response.close()
                elsewhere = elsewhere or _is_elsewhere(request.url, following.url)
                request = following
                response = client.send(
                    request, auth=_auth(elsewhere), stream=True, follow_redirects=False
                )
        except _NO_ANSWER as error:
            raise _translated(error, call) from _cause(error)
        return Stream(call, self._settings, response, response.iter_bytes(), started)

    def read(self, stream: Stream) -> bytes:
        """Return the next piece of a body; empty at its end."""
        chunks: Iterator[bytes] = stream._chunks  # noqa: SLF001 - the two classes are one
        try:
            return next(chunks, b"")
        except httpx.HTTPError as error:
            raise _translated(error, stream._call) from _cause(error)  # noqa: SLF001 - see above

    def pour(
        self, stream: Stream, sink: Callable[[bytes], object], begun: bytes = b""
    ) -> APIConnectionError | None:
        """Hand what is left of a body to a function; return how it broke off, if it did."""
        piece = begun
        while True:
            if piece:
                sink(piece)
            try:
                piece = self.read(stream)
            except APIConnectionError as error:
                return error
            if not piece:
                return None

    def close_stream(self, stream: Stream) -> None:
        """Stop reading a body."""
        stream._httpx.close()  # noqa: SLF001 - see above

    def send(
        self, call: Call[Any], seconds: float | None = None, cancel: CancelToken | None = None
    ) -> Response:
        """Send a request and read its answer to the end, within `seconds` if given.

        Raises:
            Cancelled: The token was cancelled, and nobody waits for the answer any more.
        """
        if seconds is None and cancel is None:
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
            with cancelling(cancel, lambda: done.put(Cancelled())):
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
        finally:
            self.close_stream(stream)
        return stream.response(body.content())


class AsyncTransport:
    """Sends requests, with `await`."""

    def __init__(self, settings: Settings, connections: AsyncConnections) -> None:
        self._settings = settings
        self._connections = connections
        self._timeout = _timeout(settings.timeout, None)

    async def open(self, call: Call[Any], seconds: float | None = None) -> Stream:
        """Send a request; return its answer before its body is read."""
        client, started = self._connections.client(), perf_counter()
        timeout = _timeout_of(call, self._settings, seconds) or self._timeout
        request, elsewhere = _request(client, self._settings, call, timeout)
        try:
            response = await client.send(
                request, auth=_auth(elsewhere), stream=True, follow_redirects=False
            )
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
        except _NO_ANSWER as error:
            raise _translated(error, call) from _cause(error)
        return Stream(call, self._settings, response, response.aiter_bytes(), started)

    async def read(self, stream: Stream) -> bytes:
        """Return the next piece of a body; empty at its end."""
        chunks: AsyncIterator[bytes] = stream._chunks  # noqa: SLF001 - the two classes are one
        try:
            return await anext(chunks, b"")
        except httpx.HTTPError as error:
            raise _translated(error, stream._call) from _cause(error)  # noqa: SLF001 - see above

    async def pour(
        self, stream: Stream, sink: Callable[[bytes], object], begun: bytes = b""
    ) -> APIConnectionError | None:
        """Hand what is left of a body to a function; return how it broke off, if it did."""
        piece = begun
        while True:
            if piece and inspect.isawaitable(told := sink(piece)):
                await told
            try:
                piece = await self.read(stream)
            except APIConnectionError as error:
                return error
            if not piece:
                return None

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
                finally:
                    await self.close_stream(stream)
        except TimeoutError as error:
            raise _too_late(call) from error
        return stream.response(body.content())


def _request(
    client: httpx.Client | httpx.AsyncClient,
    settings: Settings,
    call: Call[Any],
    timeout: httpx.Timeout,
) -> tuple[httpx.Request, bool]:
    """Return the request, and whether it goes to another server than the client's."""
    arguments = dict(call.arguments)
    try:
        if not arguments["url"].startswith("/"):
            return _request_to_address(client, settings, call, timeout)
        arguments["url"] = _parsed(settings.base_url + arguments["url"])
        arguments["headers"] = laid_over(settings.headers, arguments.get("headers", {}))
        if settings.query:
            arguments["params"] = {**settings.query, **arguments.get("params", {})}
        return client.build_request(timeout=timeout, **arguments), False
    except (TypeError, ValueError, httpx.InvalidURL) as error:
        raise InvalidInput(f"{call.name} cannot be sent: {error}") from None


@functools.lru_cache(maxsize=1024)
def _parsed(address: str) -> httpx.URL:
    # A job is asked for at the same address again and again, and to parse it takes longer than to
    # decode the answer.
    return httpx.URL(address)


def _request_to_address(
    client: httpx.Client | httpx.AsyncClient,
    settings: Settings,
    call: Call[Any],
    timeout: httpx.Timeout,
) -> tuple[httpx.Request, bool]:
    """Return the request for an address that a server gave, which may be another server's.

    That one gets none of the headers and parameters of the user's, as they may hold a key.
    """
    headers = dict(call.arguments.get("headers", {}))
    try:
        url = httpx.URL(call.arguments["url"])
        elsewhere = _is_elsewhere(httpx.URL(settings.base_url), url)
    except (httpx.InvalidURL, UnicodeError) as error:
        raise _translated(error, call) from error
    if not elsewhere:
        headers = laid_over(settings.headers, headers)
        return client.build_request(call.method, url, headers=headers, timeout=timeout), False
    headers = laid_over({"User-Agent": "openvideos", "Accept": "*/*"}, headers)
    request = httpx.Request(
        call.method, url, headers=headers, extensions={"timeout": timeout.as_dict()}
    )
    return request, True


def _timeout_of(call: Call[Any], settings: Settings, seconds: float | None) -> httpx.Timeout | None:
    """Return the time limits of a call; None where they are those of any call."""
    if isinstance(call.timeout, NotGiven):
        return None if seconds is None else _timeout(settings.timeout, seconds)
    return _timeout(call.timeout, seconds)


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


def _masked(headers: Mapping[str, str], secret: str) -> httpx.Headers:
    pairs = httpx.Headers(headers).multi_items()
    return httpx.Headers([(name, value.replace(secret, _MASK.decode())) for name, value in pairs])


def _masked_body(body: bytes, secret: bytes, *, is_success: bool) -> bytes:
    """Return a body without a secret.

    Of what was asked for, only why jobs failed is masked: an id or a prompt may be the same word.
    """
    sent = None
    if is_success:
        try:
            sent = json.loads(body.decode())
        except UnicodeDecodeError:
            return body  # a file
        except (ValueError, RecursionError):
            pass
    if isinstance(sent, dict) and not sent.keys().isdisjoint(_KEYS):
        listed = sent.get("data")
        videos = [sent, *(listed if isinstance(listed, list) else [listed])]
    elif isinstance(sent, list):
        videos = sent
    else:
        return body.replace(secret, _MASK)
    failed = [video for video in videos if isinstance(video, dict) and video.get("error")]
    for video in failed:
        reason = json.dumps(video["error"], ensure_ascii=False)
        video["error"] = json.loads(reason.replace(secret.decode(), _MASK.decode()))
    return json.dumps(sent).encode() if failed else body


def _shown(url: httpx.URL) -> str:
    """Return an address without its query, which may hold a signature, and without a password."""
    address = str(url).partition("?")[0]
    if url.userinfo:
        address = address.replace(f"{url.userinfo.decode()}@", "", 1)
    return address


def _translated(
    error: httpx.HTTPError | httpx.InvalidURL | UnicodeError, call: Call[Any]
) -> APIConnectionError:
    what = call.name
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
    if isinstance(error, httpx.InvalidURL | UnicodeError):
        return APIConnectionError(f"{what}: leads to what is no address{said}.", sent=sent)
    if isinstance(error, httpx.ConnectError):
        return APIConnectionError(
            f"{what}: the server cannot be reached{said}. Does it run? Is base_url its address?",
            sent=sent,
        )
    return APIConnectionError(f"{what}: the connection broke{said}.", sent=sent)


def _cause(error: Exception) -> Exception | None:
    # What it says of a header that cannot be sent shows the header, which may hold the key.
    return None if isinstance(error, httpx.LocalProtocolError) else error


def _too_late(call: Call[Any]) -> APITimeoutError:
    return APITimeoutError(f"{call.name}: no whole answer in time.")
