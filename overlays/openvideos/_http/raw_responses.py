"""`videos.with_raw_response`: each operation, with its HTTP answer and what that means."""

from __future__ import annotations

import functools
import inspect
from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, Generic, ParamSpec, TypeVar, cast

import attrs

from .._flows.drivers import AsyncResource, Resource
from .._flows.methods import async_method, dressed, sends, sync_method
from .._protocol import operations
from .._protocol.pages import AsyncPage, Page
from .requests import execute
from .responses import Response

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .._protocol.decoding import ListedVideos
    from .calls import Call

P = ParamSpec("P")
T = TypeVar("T")
U = TypeVar("U")


@attrs.frozen(repr=False, eq=False)
class RawResponse(Response, Generic[T]):
    """An HTTP answer, read to its end, and what it means.

    Attributes:
        decode: Makes that of it.
    """

    decode: Callable[[Response], T] = attrs.field(kw_only=True)

    @property
    def http_response(self) -> Response:
        """The answer itself."""
        return self

    def parse(self) -> T:
        """Return what the answer means, as the operation returns it without `with_raw_response`.

        Raises:
            APIResponseValidationError: It means nothing in the protocol.
        """
        return self.decode(self)


def finished(call: Call[T], finish: Callable[[T], U]) -> Call[U]:
    """Return the same request, whose answer means what `finish` makes of what it meant before."""
    return call.decoded_by(lambda response: finish(call.decode(response)))


def raw(operation: Callable[P, Call[T]]) -> Callable[P, Call[RawResponse[T]]]:
    """Return the operation that gives the HTTP answer as well."""

    def raw_operation(*args: P.args, **keywords: P.kwargs) -> Call[RawResponse[T]]:
        return _raw_call(operation(*args, **keywords))

    functools.update_wrapper(raw_operation, operation)
    signature = inspect.signature(operation)
    result = str(signature.return_annotation).replace("Call[", "Call[RawResponse[") + "]"
    cast("Any", raw_operation).__signature__ = signature.replace(return_annotation=result)
    return raw_operation


def _raw_call(call: Call[T]) -> Call[RawResponse[T]]:
    def decode(response: Response) -> RawResponse[T]:
        if not call.creates:
            return _raw(response, call.decode)
        # What cannot be read may hide a job: that must not wait until somebody parses it.
        result = call.decode(response)
        return _raw(response, lambda _: result)

    return call.decoded_by(decode)


def _raw(response: Response, decode: Callable[[Response], T]) -> RawResponse[T]:
    parts = {field.name: getattr(response, field.name) for field in attrs.fields(Response)}
    return RawResponse(**parts, decode=decode)


def _sync_list(
    operation: Callable[P, Call[ListedVideos]],
) -> Callable[Concatenate[Resource, P], RawResponse[Page]]:
    def method(self: Resource, /, *args: P.args, **keywords: P.kwargs) -> RawResponse[Page]:
        driver, again = self._driver, partial(operation, *args, **keywords)
        call = finished(again(), partial(Page, driver, again))
        return driver.run(execute(self, _raw_call(call)))

    return dressed(method, operation, returns="RawResponse[Page]")


def _async_list(
    operation: Callable[P, Call[ListedVideos]],
) -> Callable[Concatenate[AsyncResource, P], Coroutine[Any, Any, RawResponse[AsyncPage]]]:
    async def method(
        self: AsyncResource, /, *args: P.args, **keywords: P.kwargs
    ) -> RawResponse[AsyncPage]:
        driver, again = self._driver, partial(operation, *args, **keywords)
        call = finished(again(), partial(AsyncPage, driver, again))
        return await driver.run(execute(self, _raw_call(call)))

    return dressed(method, operation, returns="RawResponse[AsyncPage]")


class VideosWithRawResponse(Resource):
    """The operations on videos, each giving its HTTP answer."""

    create = sync_method(sends(raw(operations.create)))
    retrieve = sync_method(sends(raw(operations.retrieve)))
    list = _sync_list(operations.list_)
    delete = sync_method(sends(raw(operations.delete)))
    download_content = sync_method(sends(raw(operations.download_content)))
    remix = sync_method(sends(raw(operations.remix)))
    edit = sync_method(sends(raw(operations.edit)))
    extend = sync_method(sends(raw(operations.extend)))
    create_character = sync_method(sends(raw(operations.create_character)))
    get_character = sync_method(sends(raw(operations.get_character)))


class AsyncVideosWithRawResponse(AsyncResource):
    """The operations on videos, awaited, each giving its HTTP answer."""

    create = async_method(sends(raw(operations.create)))
    retrieve = async_method(sends(raw(operations.retrieve)))
    list = _async_list(operations.list_)
    delete = async_method(sends(raw(operations.delete)))
    download_content = async_method(sends(raw(operations.download_content)))
    remix = async_method(sends(raw(operations.remix)))
    edit = async_method(sends(raw(operations.edit)))
    extend = async_method(sends(raw(operations.extend)))
    create_character = async_method(sends(raw(operations.create_character)))
    get_character = async_method(sends(raw(operations.get_character)))
