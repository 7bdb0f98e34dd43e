"""`OpenVideos` and `AsyncOpenVideos`: where everything begins."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any, Generic, TypedDict, TypeVar

from attrs import frozen

from ._flows.clock import Clock
from ._flows.drivers import AsyncDriver, Driver
from ._http.calls import NotGiven
from ._http.connections import AsyncConnections, Connections
from ._http.transport import AsyncTransport, Transport
from ._protocol.memory import Memory
from ._settings import DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT, changed, settings_from
from ._videos import AsyncVideos, Videos

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self, Unpack

    from ._http.raw_responses import AsyncVideosWithRawResponse, VideosWithRawResponse
    from ._http.streaming_responses import (
        AsyncVideosWithStreamingResponse,
        VideosWithStreamingResponse,
    )
    from ._http.transport import AsyncHttpClient, HttpClient, TimeLimit
    from ._settings import Settings
    from ._webhooks import Webhooks


V = TypeVar("V", covariant=True)


class Changes(TypedDict, total=False):
    """What a copy of a client may differ in; see `OpenVideos.with_options`."""

    api_key: str | None
    base_url: str | None
    timeout: TimeLimit | NotGiven
    max_retries: int | NotGiven
    retry_create: bool | NotGiven
    default_headers: Mapping[str, str] | None
    set_default_headers: Mapping[str, str] | None
    default_query: Mapping[str, str] | None
    set_default_query: Mapping[str, str] | None
    webhook_secret: str | None


class _ClientBase:
    """What both clients have in common.

    Attributes:
        settings: What the client was made with.
    """

    settings: Settings
    _clock: Clock
    _memory: Memory

    @property
    def base_url(self) -> str:
        """The server's address with its prefix."""
        return self.settings.base_url

    @property
    def api_key(self) -> str | None:
        """The key; None where none is sent."""
        return self.settings.api_key

    @property
    def timeout(self) -> TimeLimit:
        """How long one request may take, in seconds."""
        return self.settings.timeout

    @property
    def webhooks(self) -> Webhooks:
        """What verifies and reads webhooks, with the client's secret. It sends nothing."""
        from ._webhooks import Webhooks  # most clients get none

        return Webhooks(self.settings.webhook_secret, _now=self._clock.now)

    @property
    def max_retries(self) -> int:
        """How often a request that failed is repeated."""
        return self.settings.max_retries

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"


@frozen
class WithVideos(Generic[V]):
    """What a client gives as `with_raw_response` and `with_streaming_response`.

    Attributes:
        videos: The operations on videos.
    """

    videos: V


class OpenVideos(_ClientBase):
    """A client of a server that speaks the Videos protocol.

    It may be shared between threads, and used in a process that was forked, which then has
    connections of its own. At the level DEBUG, the logger `openvideos` tells each request and each
    decision; `OPENVIDEOS_LOG=debug` in the environment shows that without further ado.

    Args:
        api_key: The server's key; left out, `OPENVIDEOS_API_KEY` or `OPENAI_API_KEY` of the
            environment. Where there is none, or an empty one is given, none is sent.
        base_url: The server's address with its prefix, such as `http://127.0.0.1:8000/v1`; left
            out, `OPENVIDEOS_BASE_URL` or `OPENAI_BASE_URL` of the environment.
        timeout: How long one request may take to connect (10 s at most) and between two signs of
            life, in seconds; None for ever. 600 s if left out.
        max_retries: How often a request that failed is repeated, where that is safe.
        retry_create: Repeat a create like any other request, also where its answer was lost. Only
            for servers that make no second job, and send no second bill, of a repeated create.
        default_headers: Headers of every request.
        default_query: Query parameters of every request.
        webhook_secret: What the server signs webhooks with; left out, `OPENVIDEOS_WEBHOOK_SECRET`
            or `OPENAI_WEBHOOK_SECRET` of the environment.
        http_client: A client of the library httpx to send requests with, for proxies and the like.
            It is yours to close, and to make anew in a process that was forked.

    Attributes:
        videos: The operations on videos.

    Raises:
        InvalidInput: There is no base URL, or something given cannot be used.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: TimeLimit | NotGiven = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        retry_create: bool = False,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, str] | None = None,
        webhook_secret: str | None = None,
        http_client: HttpClient | None = None,
        _clock: Clock | None = None,
    ) -> None:
        settings = settings_from(
            base_url=base_url,
            api_key=api_key,
            timeout=DEFAULT_TIMEOUT if isinstance(timeout, NotGiven) else timeout,
            max_retries=max_retries,
            retry_create=retry_create,
            default_headers=default_headers,
            default_query=default_query,
            webhook_secret=webhook_secret,
        )
        self._clock, self._memory = _clock or Clock(), Memory()
        self._set_up(settings, Connections(settings.base_url, http_client))

    def _set_up(self, settings: Settings, connections: Connections) -> None:
        self.settings = settings
        self._connections = connections
        transport = Transport(settings, connections)
        self.videos = Videos(Driver(settings, self._clock, transport, self._memory))

    def with_options(
        self, *, http_client: HttpClient | None = None, **changes: Unpack[Changes]
    ) -> Self:
        """Return a copy of the client that differs in what is given.

        It shares the connections: to close one is to close both. So
        `client.with_options(timeout=5).videos.retrieve(…)` costs nothing.

        Args:
            http_client: Another client of the library httpx, in place of the shared connections.
            changes: Arguments with which clients are made. `default_headers` and `default_query`
                are laid over those of this client; as `set_default_headers` and
                `set_default_query` they take their place.

        Raises:
            InvalidInput: Something given cannot be used.
        """
        clone = copy.copy(self)
        settings = _changed(self.settings, changes)
        if settings.base_url != self.base_url:
            clone._memory = Memory()  # noqa: SLF001 - it is one of us
        clone._set_up(  # noqa: SLF001 - it is one of us
            settings,
            Connections(settings.base_url, http_client) if http_client else self._connections,
        )
        return clone

    copy = with_options

    @property
    def with_raw_response(self) -> WithVideos[VideosWithRawResponse]:
        """The same operations, each giving its HTTP answer; `parse()` gives what that means."""
        return WithVideos(self.videos.with_raw_response)

    @property
    def with_streaming_response(self) -> WithVideos[VideosWithStreamingResponse]:
        """The same operations, each a context with its HTTP answer, whose body is still unread."""
        return WithVideos(self.videos.with_streaming_response)

    def is_closed(self) -> bool:
        """Tell whether the connections were closed."""
        return self._connections.is_closed

    def close(self) -> None:
        """Close the connections."""
        self._connections.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()


class AsyncOpenVideos(_ClientBase):
    """A client of a server that speaks the Videos protocol, on asyncio.

    Its arguments, attributes and errors are those of `OpenVideos`; its methods are awaited. It
    may serve one event loop after another, and several in several threads: each has connections of
    its own. A process that was forked starts an event loop of its own.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: TimeLimit | NotGiven = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        retry_create: bool = False,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, str] | None = None,
        webhook_secret: str | None = None,
        http_client: AsyncHttpClient | None = None,
        _clock: Clock | None = None,
    ) -> None:
        settings = settings_from(
            base_url=base_url,
            api_key=api_key,
            timeout=DEFAULT_TIMEOUT if isinstance(timeout, NotGiven) else timeout,
            max_retries=max_retries,
            retry_create=retry_create,
            default_headers=default_headers,
            default_query=default_query,
            webhook_secret=webhook_secret,
        )
        self._clock, self._memory = _clock or Clock(), Memory()
        self._set_up(settings, AsyncConnections(settings.base_url, http_client))

    def _set_up(self, settings: Settings, connections: AsyncConnections) -> None:
        self.settings = settings
        self._connections = connections
        transport = AsyncTransport(settings, connections)
        self.videos = AsyncVideos(AsyncDriver(settings, self._clock, transport, self._memory))

    def with_options(
        self, *, http_client: AsyncHttpClient | None = None, **changes: Unpack[Changes]
    ) -> Self:
        """Return a copy of the client that differs in what is given, as `OpenVideos` does.

        Args:
            http_client: Another client of the library httpx, in place of the shared connections.
            changes: Arguments with which clients are made.

        Raises:
            InvalidInput: Something given cannot be used.
        """
        clone = copy.copy(self)
        settings = _changed(self.settings, changes)
        if settings.base_url != self.base_url:
            clone._memory = Memory()  # noqa: SLF001 - it is one of us
        clone._set_up(  # noqa: SLF001 - it is one of us
            settings,
            AsyncConnections(settings.base_url, http_client) if http_client else self._connections,
        )
        return clone

    copy = with_options

    @property
    def with_raw_response(self) -> WithVideos[AsyncVideosWithRawResponse]:
        """The same operations, each giving its HTTP answer; `parse()` gives what that means."""
        return WithVideos(self.videos.with_raw_response)

    @property
    def with_streaming_response(self) -> WithVideos[AsyncVideosWithStreamingResponse]:
        """The same operations, each a context with its HTTP answer, whose body is still unread."""
        return WithVideos(self.videos.with_streaming_response)

    def is_closed(self) -> bool:
        """Tell whether the connections were closed."""
        return self._connections.is_closed

    async def close(self) -> None:
        """Close the connections."""
        await self._connections.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()


def _changed(settings: Settings, changes: Changes) -> Settings:
    for name in changes.keys() - Changes.__optional_keys__:
        raise TypeError(f"with_options() got an unexpected keyword argument {name!r}")
    # What is None is kept, but for the time limit, where that means something.
    given: dict[str, Any] = {
        name: value
        for name, value in changes.items()
        if not isinstance(value, NotGiven) and (value is not None or name == "timeout")
    }
    return changed(settings, **given)
