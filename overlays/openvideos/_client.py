"""`OpenVideos` and `AsyncOpenVideos`: where everything begins."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._clock import Clock
from ._drivers import AsyncDriver, Driver
from ._settings import DEFAULT_MAX_RETRIES, DEFAULT_TIMEOUT, settings_from
from ._transport import AsyncTransport, Transport
from ._videos import AsyncVideos, Videos

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType
    from typing import Self

    from ._settings import Settings
    from ._transport import AsyncHttpClient, HttpClient, TimeLimit


class _ClientBase:
    """What both clients have in common.

    Attributes:
        settings: What the client was made with.
    """

    settings: Settings

    @property
    def base_url(self) -> str:
        """The server's address with its prefix."""
        return self.settings.base_url

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base_url={self.base_url!r})"


class OpenVideos(_ClientBase):
    """A client of a server that speaks the Videos protocol. Safe to share between threads.

    Args:
        api_key: The server's key; left out, `OPENVIDEOS_API_KEY` or `OPENAI_API_KEY` of the
            environment. Where there is none, or an empty one is given, none is sent.
        base_url: The server's address with its prefix, such as `http://127.0.0.1:8000/v1`; left
            out, `OPENVIDEOS_BASE_URL` or `OPENAI_BASE_URL` of the environment.
        timeout: How long one request may take to connect (10 s at most) and between two signs of
            life, in seconds; None for ever.
        max_retries: How often a request that failed is repeated, where that is safe.
        retry_create: Repeat a create like any other request, also where its answer was lost. Only
            for servers that make no second job, and send no second bill, of a repeated create.
        default_headers: Headers of every request.
        default_query: Query parameters of every request.
        http_client: A client of the library httpx to send requests with, for proxies and the like.
            It is yours to close.

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
        timeout: TimeLimit = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        retry_create: bool = False,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, str] | None = None,
        http_client: HttpClient | None = None,
        _clock: Clock | None = None,
    ) -> None:
        self.settings = settings_from(
            base_url=base_url,
            api_key=api_key,
            timeout=timeout,
            max_retries=max_retries,
            retry_create=retry_create,
            default_headers=default_headers,
            default_query=default_query,
        )
        self._transport = Transport(self.settings, http_client)
        self.videos = Videos(Driver(self.settings, _clock or Clock(), self._transport))

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

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
    may serve one event loop after another: each has connections of its own.
    """

    def __init__(
        self,
        *,
        api_key: str | None = None,
        base_url: str | None = None,
        timeout: TimeLimit = DEFAULT_TIMEOUT,
        max_retries: int = DEFAULT_MAX_RETRIES,
        retry_create: bool = False,
        default_headers: Mapping[str, str] | None = None,
        default_query: Mapping[str, str] | None = None,
        http_client: AsyncHttpClient | None = None,
        _clock: Clock | None = None,
    ) -> None:
        self.settings = settings_from(
            base_url=base_url,
            api_key=api_key,
            timeout=timeout,
            max_retries=max_retries,
            retry_create=retry_create,
            default_headers=default_headers,
            default_query=default_query,
        )
        self._transport = AsyncTransport(self.settings, http_client)
        self.videos = AsyncVideos(AsyncDriver(self.settings, _clock or Clock(), self._transport))

    async def close(self) -> None:
        """Close the connections."""
        await self._transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()
