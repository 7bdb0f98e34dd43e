"""Do what flows want: once plainly, once with `await`. No rule lives here."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar

from .._errors import InvalidInput
from .._protocol.memory import Memory
from .._waiting.cancelling import unless_cancelled
from .concurrency import run_together, run_together_async
from .flows import Close, Effect, Emit, Flow, Open, Pour, Read, Send, Sleep, Tell, Together, Work

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from .._http.transport import AsyncTransport, Transport
    from .._settings import Settings
    from .clock import Clock

P = ParamSpec("P")
T = TypeVar("T")


class Driver:
    """Runs flows plainly.

    Attributes:
        settings: What the client was made with.
        clock: The source of time.
        transport: What sends requests.
        memory: What was learnt of the server; left out, nothing yet.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        transport: Transport,
        memory: Memory | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.transport = transport
        self.memory = memory or Memory()

    def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end and return its result."""
        try:
            effect = next(flow)
            while True:
                try:
                    result = self._perform(effect)
                except BaseException as error:  # noqa: BLE001 - it is the flow's to judge
                    effect = flow.throw(error)
                else:
                    effect = flow.send(result)
        except StopIteration as stop:
            result_of_flow: T = stop.value
            return result_of_flow

    def iterate(self, flow: Flow[object]) -> Iterator[Any]:
        """Run a flow to its end; yield what it emits."""
        try:
            effect = next(flow)
            while True:
                try:
                    if isinstance(effect, Emit):
                        yield effect.item
                        result = None
                    else:
                        result = self._perform(effect)
                except BaseException as error:  # noqa: BLE001 - it is the flow's to judge
                    effect = flow.throw(error)
                else:
                    effect = flow.send(result)
        except StopIteration:
            return

    def _perform(self, effect: Effect) -> object:
        match effect:
            case Send(call, seconds, cancel):
                return self.transport.send(call, seconds, cancel)
            case Open(call):
                return self.transport.open(call)
            case Read(stream):
                return self.transport.read(stream)
            case Pour(stream, sink, begun):
                return self.transport.pour(stream, lambda data: _told(sink(data)), begun)
            case Work(function):
                return function()
            case Close(stream):
                self.transport.close_stream(stream)
            case Sleep(seconds, cancel) if cancel:
                self.clock.cancellable_sleep(seconds, cancel)
            case Sleep(seconds):
                self.clock.sleep(seconds)
            case Tell(listener, video):
                _told(listener(video))
            case Together():
                return run_together(self.run, effect)
        return None


def _told(result: object) -> None:
    """Make sure that who was told is done with it, as nobody awaits it here.

    Raises:
        InvalidInput: It is not.
    """
    if inspect.iscoroutine(result):
        result.close()
        raise InvalidInput(
            "a coroutine function cannot be told of progress by OpenVideos; it can by "
            "AsyncOpenVideos"
        )


class AsyncDriver:
    """Runs flows with `await`.

    Attributes:
        settings: What the client was made with.
        clock: The source of time.
        transport: What sends requests.
        memory: What was learnt of the server; left out, nothing yet.
    """

    def __init__(
        self,
        settings: Settings,
        clock: Clock,
        transport: AsyncTransport,
        memory: Memory | None = None,
    ) -> None:
        self.settings = settings
        self.clock = clock
        self.transport = transport
        self.memory = memory or Memory()

    async def run(self, flow: Flow[T]) -> T:
        """Run a flow to its end and return its result."""
        try:
            effect = next(flow)
            while True:
                try:
                    result = await self._perform(effect)
                except BaseException as error:  # noqa: BLE001 - it is the flow's to judge
                    effect = flow.throw(error)
                else:
                    effect = flow.send(result)
        except StopIteration as stop:
            result_of_flow: T = stop.value
            return result_of_flow

    async def iterate(self, flow: Flow[object]) -> AsyncIterator[Any]:
        """Run a flow to its end; yield what it emits."""
        try:
            effect = next(flow)
            while True:
                try:
                    if isinstance(effect, Emit):
                        yield effect.item
                        result = None
                    else:
                        result = await self._perform(effect)
                except BaseException as error:  # noqa: BLE001 - it is the flow's to judge
                    effect = flow.throw(error)
                else:
                    effect = flow.send(result)
        except StopIteration:
            return

    async def _perform(self, effect: Effect) -> object:
        match effect:
            case Send(call, seconds, cancel) if cancel:
                return await unless_cancelled(self.transport.send(call, seconds), cancel)
            case Send(call, seconds):
                return await self.transport.send(call, seconds)
            case Open(call):
                return await self.transport.open(call)
            case Read(stream):
                return await self.transport.read(stream)
            case Pour(stream, sink, begun):
                return await self.transport.pour(stream, sink, begun)
            case Work(function):
                import asyncio  # who never awaits need not load it

                return await asyncio.to_thread(function)
            case Close(stream):
                await self.transport.close_stream(stream)
            case Sleep(seconds, cancel) if cancel:
                await unless_cancelled(self.clock.async_sleep(seconds), cancel)
            case Sleep(seconds):
                await self.clock.async_sleep(seconds)
            case Tell(listener, video):
                told = listener(video)
                if inspect.isawaitable(told):
                    await told
            case Together():
                return await run_together_async(self.run, effect)
        return None


class Context(Protocol):
    """What flows know of the client that runs them."""

    @property
    def settings(self) -> Settings:
        """What the client was made with."""

    @property
    def clock(self) -> Clock:
        """The source of time."""

    @property
    def memory(self) -> Memory:
        """What was learnt of the server."""


class Resource:
    """What sync methods hang on."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver

    @property
    def context(self) -> Context:
        """What flows know of the client."""
        return self._driver


class AsyncResource:
    """What async methods hang on."""

    def __init__(self, driver: AsyncDriver) -> None:
        self._driver = driver

    @property
    def context(self) -> Context:
        """What flows know of the client."""
        return self._driver
