"""One face for the sync and the async client, so that each test of behaviour holds both to it."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Iterator
from contextlib import AbstractAsyncContextManager
from typing import Any

from openvideos import AsyncPage
from openvideos._client import WithVideos
from openvideos._flows.drivers import AsyncResource

# Async objects, those among them that are contexts, and what holds one.
_ASYNC = (AsyncResource, AsyncPage, AbstractAsyncContextManager, WithVideos)


class Blocking:
    """Makes an async object look sync: what it returns is awaited."""

    def __init__(self, inner: Any, runner: asyncio.Runner) -> None:
        self._inner = inner
        self._runner = runner

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        if inspect.ismethod(value):
            return lambda *args, **keywords: self._result(value, *args, **keywords)
        return self._wrapped(value)

    def __iter__(self) -> Iterator[Any]:
        async def collected() -> list[Any]:
            return [item async for item in self._inner]

        return iter(self._runner.run(collected()))

    def __enter__(self) -> Any:
        return self._result(self._inner.__aenter__)

    def __exit__(self, *error: Any) -> Any:
        return self._result(self._inner.__aexit__, *error)

    def _result(self, method: Any, *args: Any, **keywords: Any) -> Any:
        async def awaited() -> Any:
            result = method(*args, **keywords)
            if inspect.isasyncgen(result):
                return [item async for item in result]
            return await result if isinstance(result, Awaitable) else result

        return self._wrapped(self._runner.run(awaited()))

    def _wrapped(self, value: Any) -> Any:
        if isinstance(value, _ASYNC):
            return Blocking(value, self._runner)
        if isinstance(value, list):
            return [self._wrapped(item) for item in value]
        return value
