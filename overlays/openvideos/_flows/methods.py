"""Make the sync and the async method out of what is written once."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar, cast

from .._http.requests import execute

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from .._http.calls import Call
    from .._http.requests import HasContext
    from .drivers import AsyncDriver, AsyncResource, Driver, Resource
    from .flows import Flow

P = ParamSpec("P")
S = TypeVar("S")
T = TypeVar("T")


def sync_method(flow: Callable[Concatenate[S, P], Flow[T]]) -> Callable[Concatenate[S, P], T]:
    """Return the method that runs a flow plainly."""

    def method(self: S, /, *args: P.args, **keywords: P.kwargs) -> T:
        return _driver(self).run(flow(self, *args, **keywords))

    return dressed(method, flow)


def async_method(
    flow: Callable[Concatenate[S, P], Flow[T]],
) -> Callable[Concatenate[S, P], Coroutine[Any, Any, T]]:
    """Return the method that runs a flow with `await`."""

    async def method(self: S, /, *args: P.args, **keywords: P.kwargs) -> T:
        return await _async_driver(self).run(flow(self, *args, **keywords))

    return dressed(method, flow)


def _driver(resource: object) -> Driver:
    return cast("Resource", resource)._driver  # noqa: SLF001 - these become methods of it


def _async_driver(resource: object) -> AsyncDriver:
    return cast("AsyncResource", resource)._driver  # noqa: SLF001 - these become methods of it


def sends(operation: Callable[P, Call[T]]) -> Callable[Concatenate[HasContext, P], Flow[T]]:
    """Return the flow that sends an operation's call."""

    def flow(resource: HasContext, /, *args: P.args, **keywords: P.kwargs) -> Flow[T]:
        return execute(resource, operation(*args, **keywords))

    return dressed(flow, operation)


_Function = TypeVar("_Function", bound="Callable[..., Any]")


def dressed(
    method: _Function,
    source: Callable[..., Any],
    *,
    name: str | None = None,
    returns: str | None = None,
    doc: str | None = None,
) -> _Function:
    """Give a method the name, docstring and signature of what it is made of, for help() and IDEs.

    Args:
        method: The method.
        source: What it is made of: an operation, or a flow, whose first parameter is the resource.
        name: Its name; left out, the source's.
        returns: What it returns; left out, what is in the brackets of the source's `Call[…]` or
            `Flow[…]`.
        doc: Its docstring; left out, the source's.
    """
    signature = inspect.signature(source)
    result = str(signature.return_annotation)
    parameters = list(signature.parameters.values())
    if not result.startswith("Call["):
        del parameters[0]
    if result.startswith(("Call[", "Flow[")):
        result = result[len("Call[") : -len("]")]
    method.__name__ = method.__qualname__ = name or source.__name__.strip("_")
    method.__doc__ = doc or source.__doc__
    cast("Any", method).__signature__ = signature.replace(
        parameters=[_SELF, *parameters], return_annotation=returns or result
    )
    return method


_SELF = inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY)
