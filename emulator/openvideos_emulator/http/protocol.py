"""HTTP/1.1 as uvicorn speaks it, but for what the contract and some clients need otherwise."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from openvideos_emulator.http.errors import ApiError, bad_request
from openvideos_emulator.http.middleware import new_request_id

if TYPE_CHECKING:
    import asyncio

_LONGEST_HEAD = 256 * 1024
_SECONDS_FOR_HEAD = 60.0


class _Trailers(list[tuple[bytes, bytes]]):
    """Takes in the headers that come after a body, and keeps none of them."""

    def append(self, header: tuple[bytes, bytes], /) -> None:
        pass


_TRAILERS = _Trailers()


class Protocol(HttpToolsProtocol):
    """A connection whose every answer is in the envelope, and which never changes protocol.

    An offer of another protocol, as Java's client makes with every request to an `http` URL, is
    passed over (RFC 9110, 7.8). The parser would lose the request's body with it.
    """

    # How many bytes have come that did not end a head, and what ends the wait for the others.
    _waited_for = 0
    _patience: asyncio.TimerHandle | None = None
    # What is being answered, while others of the same connection may wait behind it.
    _answered: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn has it
        """Wait for a request, but not for ever: who asks for nothing takes others' room."""
        super().connection_made(transport)
        self._wait_for_head(0)

    def data_received(self, data: bytes) -> None:
        """Take in what has arrived."""
        self._unset_keepalive_if_required()
        while data:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as upgrade:
                if self.parser.get_method() == b"CONNECT":
                    self.send_400_response("The emulator is no proxy.")
                    return
                data = self._head_without_offer() + data[upgrade.args[0] :]
                self.parser = httptools.HttpRequestParser(self)
            except httptools.HttpParserError:
                self.send_400_response("Invalid HTTP request received.")
                return
            else:
                if self.headers is not _TRAILERS:
                    self._wait_for_head(len(data))
                return

    def on_headers_complete(self) -> None:
        """Start the request, unless it will be parsed again."""
        self._stop_waiting()
        if not self.parser.should_upgrade():
            # Faults can concern the connection itself.
            cast("dict[str, Any]", self.scope)["connection"] = self
            super().on_headers_complete()
            self.headers = _TRAILERS

    def on_message_complete(self) -> None:
        """End the request's body, unless it will be parsed again."""
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request that is being answered, not only the last that has come."""
        super().connection_lost(exc)
        self._stop_waiting()
        if self._answered is not None and not self._answered.response_complete:
            self._answered.disconnected = True
            self._answered.message_event.set()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answered = cycle
        super()._start_asgi_task(cycle, app)

    def send_400_response(self, msg: str) -> None:
        """Answer what is no request, and close the connection."""
        self._refuse(bad_request(msg))

    def _stop_waiting(self) -> None:
        self._waited_for = 0
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None

    def _wait_for_head(self, arrived: int) -> None:
        self._waited_for += arrived
        if self._patience is None:
            self._patience = self.loop.call_later(_SECONDS_FOR_HEAD, self._give_up)
        if self._waited_for > _LONGEST_HEAD:
            self._refuse(
                ApiError(
                    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
                    "The request's headers are too large: at most "
                    f"{_LONGEST_HEAD} bytes are accepted.",
                )
            )

    def _give_up(self) -> None:
        # After an answer that takes long, a connection is not kept long for another request.
        if self._answered is None or self._answered.response_complete:
            self.transport.close()

    def _refuse(self, error: ApiError) -> None:
        self.logger.warning(error.message)
        answered = self._answered
        if (
            answered is not None
            and not answered.response_complete
            and (answered.response_started or not answered.more_body)
        ):
            # What is being answered is another request. The connection is closed after it.
            self.flow.pause_reading()
            answered.keep_alive = False
            return
        response = error.response()
        headers = [
            *self.server_state.default_headers,
            *response.raw_headers,
            (b"x-request-id", new_request_id().encode()),
            (b"connection", b"close"),
        ]
        status = HTTPStatus(error.status)
        lines = [
            f"HTTP/1.1 {status.value} {status.phrase}".encode(),
            *(name + b": " + value for name, value in headers),
        ]
        self.transport.write(b"\r\n".join([*lines, b"", bytes(response.body)]))
        self.transport.close()

    def _head_without_offer(self) -> bytes:
        version = self.parser.get_http_version().encode()
        headers = [(name, value) for name, value in self.headers if name != b"upgrade"]
        lines = [
            self.parser.get_method() + b" " + self.url + b" HTTP/" + version,
            *(name + b": " + value for name, value in headers),
        ]
        return b"\r\n".join([*lines, b"", b""])
