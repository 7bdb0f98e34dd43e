"""`videos.with_streaming_response`: each operation's HTTP answer, its body still to be read."""

from __future__ import annotations

import inspect
import json
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar

import attrs

from .._downloading.content import START, kind_of
from .._downloading.parts import held_part
from .._downloading.targets import part_place, target_of
from .._downloading.versions import Version
from .._errors import APIConnectionError, InvalidInput
from .._flows.drivers import AsyncResource, Resource
from .._flows.flows import Close, Emit, Flow, open_stream, read
from .._flows.methods import async_method, dressed, sync_method
from .._protocol import operations
from .._protocol.pages import AsyncPage, Page
from .body_pieces import Chunks, Lines, Text
from .raw_responses import finished
from .requests import decoded, execute, failure

if TYPE_CHECKING:
    import os
    from collections.abc import AsyncIterator, Callable, Iterator, Mapping
    from contextlib import AbstractAsyncContextManager, AbstractContextManager

    from .._protocol.decoding import ListedVideos
    from .body_pieces import Cutter
    from .calls import Call
    from .requests import HasContext
    from .responses import Response
    from .transport import Stream

P = ParamSpec("P")
R = TypeVar("R", bound="_Streamed[Any]")
T = TypeVar("T")

_LARGEST_ERROR = 1_000_000  # bytes


class _Streamed(Generic[T]):
    """What streamed answers of both kinds of clients have in common."""

    _call: Call[T]
    _head: Response
    _stream: Stream | None = None  # None where the body was read already
    _content: bytes | None = None  # once it was read whole
    _is_begun = False
    _is_closed = False

    @property
    def status_code(self) -> int:
        """The HTTP status."""
        return self._head.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """The headers; names are looked up in any case."""
        return self._head.headers

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, to quote when asking for help; None where not given."""
        return self._head.request_id

    @property
    def method(self) -> str:
        """The method of the request."""
        return self._head.method

    @property
    def url(self) -> str:
        """The address that answered, without its query."""
        return self._head.url

    @property
    def retries_taken(self) -> int:
        """How often the request had been sent before."""
        return self._head.retries_taken

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status_code} to {self.method} {self.url}>"


def _opened(self: R, resource: HasContext, call: Call[Any]) -> Flow[R]:
    """Send a call until it is answered, and leave the body of the answer to be read.

    Raises:
        APIError: It was not answered, or by no.
    """

    def exchange(call: Call[Any]) -> Flow[Response]:
        stream = yield from open_stream(call)
        head = stream.response()
        if head.is_success:
            self._stream, self._content = stream, None
            return head
        try:
            content = b""
            while len(content) < _LARGEST_ERROR and (piece := (yield from read(stream))):
                content += piece
        finally:
            yield Close(stream)
        self._content = content
        return stream.response(content)

    def answered(head: Response) -> R:
        self._head = head
        return self

    self._call = call
    return execute(resource, call.decoded_by(answered).exchanged_by(exchange))


def _piece(self: _Streamed[Any]) -> Flow[bytes]:
    assert self._stream is not None  # noqa: S101 - who reads has asked
    try:
        return (yield from read(self._stream))
    except APIConnectionError as error:
        raise failure(self._call, error) from error


def _begin(self: _Streamed[Any]) -> None:
    if self._is_closed:
        raise InvalidInput("this answer is closed: read it inside its `with`")
    if self._is_begun:
        raise InvalidInput(
            "this body was read already, piece by piece; read() it first to have it more than once"
        )
    self._is_begun = True


def _read(self: _Streamed[Any]) -> Flow[bytes]:
    """Return the whole body, which is kept.

    Raises:
        InvalidInput: It was read already, piece by piece.
        APIConnectionError: It broke off.
    """
    if self._content is None:
        _begin(self)
        pieces = []
        while piece := (yield from _piece(self)):
            pieces.append(piece)
        self._content = b"".join(pieces)
    return self._content


def _cut(self: _Streamed[Any], cutter: Cutter[Any]) -> Flow[None]:
    """Emit the body as it comes, cut otherwise."""
    if self._content is None:
        _begin(self)
        while piece := (yield from _piece(self)):
            for part in cutter.feed(piece):
                yield Emit(part)
    else:
        for part in cutter.feed(self._content):
            yield Emit(part)
    for part in cutter.rest():
        yield Emit(part)


def _text(self: _Streamed[Any]) -> Flow[str]:
    """Return the whole body as text; bytes that are no UTF-8 are replaced."""
    content = yield from _read(self)
    return content.decode("utf-8", errors="replace")


def _json(self: _Streamed[Any]) -> Flow[Any]:
    """Return the whole body, decoded.

    Raises:
        ValueError: It is not JSON.
    """
    return json.loads((yield from _read(self)))


def _parse(self: _Streamed[T]) -> Flow[T]:
    """Return what the answer means, as the operation returns it without `with_streaming_response`.

    Raises:
        APIResponseValidationError: It means nothing in the protocol.
    """
    content = yield from _read(self)
    return decoded(self._call, attrs.evolve(self._head, content=content))


def _stream_to_file(  # noqa: D417 - the first argument becomes self
    self: _Streamed[Any], file: str | os.PathLike[str], *, chunk_size: int | None = None
) -> Flow[None]:
    """Write the body to a file as it comes; it gets its name when it is whole.

    Args:
        file: The file to write. Its folder must exist.
        chunk_size: Makes no difference: pieces are written as they come.

    Raises:
        InvalidInput: The path cannot be written to.
        UnexpectedContent: Something else was sent than was asked for.
        APIConnectionError: The body broke off.
        DownloadError: The file cannot be written to its end.
    """
    target, content = target_of(file), self._content
    if content is None:
        _begin(self)
        content = b""
        while len(content) < START and (piece := (yield from _piece(self))):
            content += piece
    if self._call.brings_file:
        variant = self._call.arguments["params"].get("variant", "video")
        kind_of(variant, attrs.evolve(self._head, content=content))
    with held_part(part_place(target), "stream") as part:
        part.begin(Version(), "")
        while content:
            part.write(content)
            content = b"" if self._content else (yield from _piece(self))
        target.place(part)


def _close(self: _Streamed[Any]) -> Flow[None]:
    """Stop reading the body."""
    self._is_closed = True
    if self._stream is not None:
        yield Close(self._stream)


class StreamedResponse(_Streamed[T], Resource):
    """An HTTP answer whose body is still to be read. From `videos.with_streaming_response`.

    Memory does not grow with the body, unless it is read whole.
    """

    read = sync_method(_read)
    text = sync_method(_text)
    json = sync_method(_json)
    stream_to_file = sync_method(_stream_to_file)
    close = sync_method(_close)

    def parse(self) -> T:
        return self._driver.run(_parse(self))

    parse.__doc__ = _parse.__doc__

    def iter_bytes(self, chunk_size: int | None = None) -> Iterator[bytes]:
        """Yield the body in pieces of `chunk_size` bytes; left out, as they come.

        Raises:
            InvalidInput: `chunk_size` is not positive, or the body was read already.
            APIConnectionError: The body broke off.
        """
        return self._driver.iterate(_cut(self, Chunks(chunk_size)))

    def iter_text(self, chunk_size: int | None = None) -> Iterator[str]:
        """Yield the body as text, in pieces as they come."""
        return self._driver.iterate(_cut(self, Text()))

    def iter_lines(self) -> Iterator[str]:
        """Yield the body's lines."""
        return self._driver.iterate(_cut(self, Lines()))


class AsyncStreamedResponse(_Streamed[T], AsyncResource):
    """An HTTP answer whose body is still to be read. From `videos.with_streaming_response`.

    Memory does not grow with the body, unless it is read whole.
    """

    read = async_method(_read)
    text = async_method(_text)
    json = async_method(_json)
    stream_to_file = async_method(_stream_to_file)
    close = async_method(_close)

    async def parse(self) -> T:
        return await self._driver.run(_parse(self))

    parse.__doc__ = _parse.__doc__

    def iter_bytes(self, chunk_size: int | None = None) -> AsyncIterator[bytes]:
        """Yield the body in pieces of `chunk_size` bytes; left out, as they come.

        Raises:
            InvalidInput: `chunk_size` is not positive, or the body was read already.
            APIConnectionError: The body broke off.
        """
        return self._driver.iterate(_cut(self, Chunks(chunk_size)))

    def iter_text(self, chunk_size: int | None = None) -> AsyncIterator[str]:
        """Yield the body as text, in pieces as they come."""
        return self._driver.iterate(_cut(self, Text()))

    def iter_lines(self) -> AsyncIterator[str]:
        """Yield the body's lines."""
        return self._driver.iterate(_cut(self, Lines()))


@contextmanager
def _open(resource: Resource, operation: Callable[[], Call[T]]) -> Iterator[StreamedResponse[T]]:
    streamed: StreamedResponse[T] = StreamedResponse(resource._driver)  # noqa: SLF001 - one of us
    try:
        yield streamed._driver.run(_opened(streamed, resource, operation()))  # noqa: SLF001 - same
    finally:
        streamed.close()


@asynccontextmanager
async def _async_open(
    resource: AsyncResource, operation: Callable[[], Call[T]]
) -> AsyncIterator[AsyncStreamedResponse[T]]:
    driver = resource._driver  # noqa: SLF001 - one of us
    streamed: AsyncStreamedResponse[T] = AsyncStreamedResponse(driver)
    try:
        yield await driver.run(_opened(streamed, resource, operation()))
    finally:
        await streamed.close()


def _streamed(
    operation: Callable[P, Call[T]],
) -> Callable[Concatenate[Resource, P], AbstractContextManager[StreamedResponse[T]]]:
    def method(
        self: Resource, /, *args: P.args, **keywords: P.kwargs
    ) -> AbstractContextManager[StreamedResponse[T]]:
        return _open(self, partial(operation, *args, **keywords))

    return dressed(method, operation, returns=_named("StreamedResponse", operation))


def _async_streamed(
    operation: Callable[P, Call[T]],
) -> Callable[Concatenate[AsyncResource, P], AbstractAsyncContextManager[AsyncStreamedResponse[T]]]:
    def method(
        self: AsyncResource, /, *args: P.args, **keywords: P.kwargs
    ) -> AbstractAsyncContextManager[AsyncStreamedResponse[T]]:
        return _async_open(self, partial(operation, *args, **keywords))

    return dressed(method, operation, returns=_named("AsyncStreamedResponse", operation))


def _streamed_list(
    operation: Callable[P, Call[ListedVideos]],
) -> Callable[Concatenate[Resource, P], AbstractContextManager[StreamedResponse[Page]]]:
    def method(
        self: Resource, /, *args: P.args, **keywords: P.kwargs
    ) -> AbstractContextManager[StreamedResponse[Page]]:
        again = partial(operation, *args, **keywords)
        page = partial(Page, self._driver, again)
        return _open(self, lambda: finished(again(), page))

    return dressed(method, operation, returns="StreamedResponse[Page]")


def _async_streamed_list(
    operation: Callable[P, Call[ListedVideos]],
) -> Callable[
    Concatenate[AsyncResource, P], AbstractAsyncContextManager[AsyncStreamedResponse[AsyncPage]]
]:
    def method(
        self: AsyncResource, /, *args: P.args, **keywords: P.kwargs
    ) -> AbstractAsyncContextManager[AsyncStreamedResponse[AsyncPage]]:
        again = partial(operation, *args, **keywords)
        page = partial(AsyncPage, self._driver, again)
        return _async_open(self, lambda: finished(again(), page))

    return dressed(method, operation, returns="AsyncStreamedResponse[AsyncPage]")


def _named(kind: str, operation: Callable[..., Any]) -> str:
    return str(inspect.signature(operation).return_annotation).replace("Call", kind, 1)


class VideosWithStreamingResponse(Resource):
    """The operations on videos, each a context with its HTTP answer."""

    create = _streamed(operations.create)
    retrieve = _streamed(operations.retrieve)
    list = _streamed_list(operations.list_)
    delete = _streamed(operations.delete)
    download_content = _streamed(operations.download_content)
    remix = _streamed(operations.remix)
    edit = _streamed(operations.edit)
    extend = _streamed(operations.extend)
    create_character = _streamed(operations.create_character)
    get_character = _streamed(operations.get_character)


class AsyncVideosWithStreamingResponse(AsyncResource):
    """The operations on videos, each an async context with its HTTP answer."""

    create = _async_streamed(operations.create)
    retrieve = _async_streamed(operations.retrieve)
    list = _async_streamed_list(operations.list_)
    delete = _async_streamed(operations.delete)
    download_content = _async_streamed(operations.download_content)
    remix = _async_streamed(operations.remix)
    edit = _async_streamed(operations.edit)
    extend = _async_streamed(operations.extend)
    create_character = _async_streamed(operations.create_character)
    get_character = _async_streamed(operations.get_character)
