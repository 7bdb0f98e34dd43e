"""Receives webhooks: a small HTTP server that the suite starts, and that keeps what comes.

Whatever is about a video of somebody else is acknowledged and left alone. Of what is about the
run's own, the first is answered 500 on purpose, so that it has to come again; everything else is
acknowledged, by one 2xx and another.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Callable, Collection, Iterable
from typing import TYPE_CHECKING

import standardwebhooks
from werkzeug import Request, Response
from werkzeug.exceptions import HTTPException
from werkzeug.serving import WSGIRequestHandler, make_server

from openvideos_contract.settings.configuration import Configuration, ConfigurationError
from openvideos_contract.webhooks.delivery import Delivery
from openvideos_contract.webhooks.signatures import flaw

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment
    from werkzeug.serving import BaseWSGIServer

REFUSAL = 500
ACKNOWLEDGEMENTS = (200, 202, 204)
# A webhook may come before the answer to the create that its video is of. So, until one that was
# refused is known to be about a video of the run, the next one is refused, too; of those about
# videos that are not known to be, so many.
_MOST_REFUSALS = 3
_LONGEST_BODY = 2**20
_MOST_DELIVERIES = 10_000
# Of all together, as each is kept to the end of the run and looked through again and again.
_MOST_BYTES = 32 * 2**20
_SECONDS_FOR_A_REQUEST = 10


class Receiver:
    """Receives webhooks from its start to its end, at whatever path they come to."""

    def __init__(self, configuration: Configuration, is_own: Callable[[str], bool]) -> None:
        """Prepare to receive; nothing is opened yet.

        Args:
            configuration: Where to listen, and the secret to verify with.
            is_own: Whether the run made the video of an id.
        """
        host, _, port = (configuration.webhook_listen or "127.0.0.1:0").rpartition(":")
        self._address = (host.removeprefix("[").removesuffix("]"), int(port))
        secret = configuration.webhook_secret
        self._verifier = None if secret is None else standardwebhooks.Webhook(secret)
        self._is_own = is_own
        self._deliveries: list[Delivery] = []
        self._room = _MOST_BYTES
        self._arrived = threading.Condition()
        self._server: BaseWSGIServer | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """Where webhooks are received."""
        host, port = self._address
        return f"http://{f'[{host}]' if ':' in host else host}:{port}/"

    @property
    def verifies(self) -> bool:
        """Whether the secret is known with which webhooks are signed."""
        return self._verifier is not None

    def start(self) -> None:
        """Begin to receive, unless that was done before.

        Raises:
            ConfigurationError: The address cannot be listened at.
        """
        if self._server is not None:
            return
        host, port = self._address
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            with socket.create_server((host, port), family=family, backlog=64) as listener:
                self._address = (host, listener.getsockname()[1])
                self._server = make_server(
                    *self._address,
                    self._answer,
                    threaded=True,
                    request_handler=_Handler,
                    fd=listener.fileno(),
                )
        except OSError as error:
            # Python repeats the address behind what the system says.
            why = str(error.strerror or error).partition(" (while")[0]
            raise ConfigurationError(
                f"--webhook-listen {host}:{port} cannot be listened at: {why}"
            ) from error
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.05,), name="webhooks", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Receive no more."""
        if self._server is None or self._thread is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self._server = self._thread = None

    def deliveries(self, video_id: str) -> list[Delivery]:
        """Return what came about a video, in order."""
        with self._arrived:
            return [found for found in self._deliveries if found.video_id == video_id]

    def mentioning(self, video_ids: Collection[str]) -> list[Delivery]:
        """Return what has the id of one of these videos anywhere in it, in order."""
        texts = [json.dumps(video_id)[1:-1].encode() for video_id in video_ids]
        with self._arrived:
            return [
                found for found in self._deliveries if any(text in found.body for text in texts)
            ]

    def refused(self) -> list[Delivery]:
        """Return what was answered 500 on purpose and is about a video of the run, in order."""
        with self._arrived:
            return [
                found
                for found in self._deliveries
                if found.answer == REFUSAL and self._is_own(found.video_id)
            ]

    def wait(
        self, wanted: Callable[[Delivery], bool], video_id: str, until: float
    ) -> Delivery | None:
        """Return the first delivery about a video that is wanted, None where none comes in time.

        Args:
            wanted: Whether it is that.
            video_id: The video.
            until: When to give up, in Unix seconds; what is there already is found even later.
        """
        while True:
            with self._arrived:
                for found in self._deliveries:
                    if found.video_id == video_id and wanted(found):
                        return found
                left = until - time.time()
                if left <= 0:
                    return None
                self._arrived.wait(left)

    def _answer(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        request.max_content_length = _LONGEST_BODY
        if request.method != "POST":
            text = "Webhooks are received here, by POST.\n"
            return Response(text, status=405, headers={"Allow": "POST"})(environ, start)
        try:
            body = request.get_data(cache=False)
        except HTTPException as error:
            return error(environ, start)
        headers = {name.lower(): value for name, value in request.headers.items()}
        return Response(status=self._keep(headers, body).answer)(environ, start)

    def _keep(self, headers: dict[str, str], body: bytes) -> Delivery:
        wrong = None if self._verifier is None else flaw(self._verifier, headers, body)
        delivery = Delivery(time.time(), headers, body, REFUSAL, wrong)
        with self._arrived:
            if not self._to_be_refused(delivery):
                kind = len({found.id for found in self._deliveries}) % len(ACKNOWLEDGEMENTS)
                answer = ACKNOWLEDGEMENTS[kind]
                delivery = Delivery(delivery.received_at, headers, body, answer, wrong)
            if len(self._deliveries) < _MOST_DELIVERIES and self._room >= len(body):
                self._room -= len(body)
                self._deliveries.append(delivery)
            self._arrived.notify_all()
        return delivery

    def _to_be_refused(self, delivery: Delivery) -> bool:
        if not delivery.id or not delivery.video_id:
            return False
        refused = [found for found in self._deliveries if found.answer == REFUSAL]
        return (
            (self._is_own(delivery.video_id) or len(refused) < _MOST_REFUSALS)
            and not any(self._is_own(found.video_id) for found in refused)
            and all(found.id != delivery.id for found in self._deliveries)
        )


class _Handler(WSGIRequestHandler):
    timeout = _SECONDS_FOR_A_REQUEST

    def log(self, type: str, message: str, *args: object) -> None:
        """Say nothing: what comes is told by the tests."""

    def version_string(self) -> str:
        return "openvideos-conform"
