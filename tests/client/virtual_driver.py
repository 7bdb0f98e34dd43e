"""Runs flows against a server in the same process, in virtual time, and notes what they do."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlencode

from attrs import define, field

from openvideos import APIConnectionError, APITimeoutError, Response
from openvideos._flows.clock import Clock
from openvideos._flows.flows import Flow, Send, Sleep, Tell, Together
from openvideos._protocol.memory import Memory
from openvideos._settings import Settings

from .fake_clock import FakeClock
from .faulty_server import Answer, Reply, Request
from .many_jobs import replied


@define
class VirtualDriver:
    """Runs flows. It is also what they know of the client.

    Attributes:
        server: Answers requests.
        time: The time.
        settings: What the client was made with.
        took: How long the next request takes, in seconds.
        sends: What was sent, each as the time, its limit and its path.
        sleeps: What was slept.
        most_at_once: How many flows ran together at most.
    """

    server: Callable[[Request], Answer]
    time: FakeClock
    settings: Settings
    took: Callable[[], float] = lambda: 0.0
    memory: Memory = field(factory=Memory)
    sends: list[tuple[float, float | None, str]] = field(factory=list)
    sleeps: list[float] = field(factory=list)
    most_at_once: int = 0
    _in_flight: set[str] = field(factory=set)

    @property
    def context(self) -> VirtualDriver:
        return self

    @property
    def clock(self) -> Clock:
        return self.time.clock

    def run(self, flow: Flow[Any]) -> Any:
        try:
            effect = next(flow)
            while True:
                try:
                    result = self._perform(effect)
                except Exception as error:  # noqa: BLE001 - it is the flow's to judge
                    effect = flow.throw(error)
                else:
                    effect = flow.send(result)
        except StopIteration as stop:
            return stop.value

    def _perform(self, effect: Any) -> Any:
        match effect:
            case Send(call, seconds):
                return self._send(call, seconds)
            case Sleep(seconds):
                self.sleeps.append(seconds)
                self.time.time += seconds
            case Tell(listener, video):
                listener(video)
            case Together(flows, at_once):
                return self._together(flows, at_once)
            case _:
                raise AssertionError(effect)
        return None

    def _together(self, flows: Any, at_once: int) -> list[Any]:
        self.most_at_once = max(self.most_at_once, min(len(flows), at_once))
        outcomes = []
        begin = end = self.time.time
        for number, flow in enumerate(flows):
            if number % at_once == 0:
                begin, self._in_flight = end, set()
            self.time.time = begin
            outcomes.append(self.run(flow))
            end = max(end, self.time.time)
        self.time.time, self._in_flight = end, set()
        return outcomes

    def _send(self, call: Any, seconds: float | None) -> Response:
        path = call.arguments["url"]
        assert path not in self._in_flight, f"{path} is asked for twice at a time"
        self._in_flight.add(path)
        self.sends.append((self.time.time, seconds, path))
        took = self.took()
        if seconds is not None and took >= seconds:
            self.time.time += seconds
            raise APITimeoutError("too late")
        self.time.time += took
        query = urlencode(call.arguments.get("params", {}))
        answer = self.server(Request(call.method, f"/v1{path}?{query}", {}, b""))
        if not isinstance(answer, Reply):
            raise APIConnectionError("cut off")
        if path == "/videos":
            self._in_flight.discard(path)
        return Response(answer.status, answer.headers, replied(answer), call.method, path)
