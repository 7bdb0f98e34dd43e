"""A receiver on a real socket, and an outbox whose clock a test turns."""

import contextlib
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import attrs
import pytest
import trustme
from sqlalchemy import Connection, select

from openvideos_emulator.settings import Settings
from openvideos_emulator.storage.database import Database, open_database
from openvideos_emulator.storage.tables import deliveries
from openvideos_emulator.timetable import Failure, Job, Timetable
from openvideos_emulator.webhooks.dispatcher import Dispatcher
from openvideos_emulator.webhooks.outbox import queue_event
from openvideos_emulator.worlds import World, Worlds

from ..clocks import HandClock

SECRET = "whsec_b3BlbnZpZGVvcyBlbXVsYXRvciB0ZXN0IHNlY3JldA=="


@attrs.frozen
class Received:
    """A request that a receiver got."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


Answer = Callable[[Received], int | None]


class _Server(ThreadingHTTPServer):
    request_queue_size = 128
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """Say nothing of those that end a connection early."""


class Receiver:
    """A receiver of webhooks: an HTTP server on a thread.

    Attributes:
        answer: Decides the status of an answer; None closes the connection without one.
        received: What came, in order.
    """

    def __init__(self, authority: trustme.CA | None = None) -> None:
        """Start to listen, with TLS where an authority is given."""
        self.answer: Answer = lambda _: 204
        self.received: list[Received] = []
        self.headers: dict[str, str] = {}
        self._news = threading.Condition()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["content-length"])
                body = self.rfile.read(length)
                if len(body) < length:
                    return  # whoever sent it has died meanwhile
                headers = {name.lower(): value for name, value in self.headers.items()}
                status = receiver._take(Received(self.path, headers, body))
                with contextlib.suppress(OSError):
                    if status is not None:
                        self.send_response(status)
                        for name, value in receiver.headers.items():
                            self.send_header(name, value)
                        self.send_header("content-length", "0")
                        self.end_headers()

            do_GET = do_POST  # noqa: N815 - http.server calls it so

            def log_message(self, *_: object) -> None:
                pass

        self._server = _Server(("127.0.0.1", 0), Handler)
        if authority is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            authority.issue_cert("127.0.0.1").configure_cert(context)
            self._server.socket = context.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        scheme = "http" if authority is None else "https"
        self.url = f"{scheme}://127.0.0.1:{self._server.server_port}/webhooks"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.01}
        )
        self._thread.start()

    def _take(self, received: Received) -> int | None:
        with self._news:
            self.received.append(received)
            self._news.notify_all()
        return self.answer(received)

    def wait_for(self, count: int, seconds: float = 20) -> list[Received]:
        """Return what came once there is so much of it."""
        with self._news:
            came = self._news.wait_for(lambda: len(self.received) >= count, seconds)
        assert came, f"{len(self.received)} of {count} webhooks came in {seconds} s"
        return list(self.received)

    def hold(self, status: int = 204) -> threading.Event:
        """Answer only once the event that is returned is set."""
        released = threading.Event()

        def answer(_: Received) -> int:
            released.wait(20)
            return status

        self.answer = answer
        return released

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@pytest.fixture
def receivers() -> Iterator[Callable[..., Receiver]]:
    """Make receivers."""
    made: list[Receiver] = []

    def make(authority: trustme.CA | None = None) -> Receiver:
        made.append(Receiver(authority))
        return made[-1]

    yield make
    for receiver in made:
        receiver.close()


@pytest.fixture
def receiver(receivers: Callable[..., Receiver]) -> Receiver:
    return receivers()


@attrs.frozen
class Outbox:
    """An outbox in a database of its own, and a dispatcher that delivers from it when told."""

    database: Database
    clock: HandClock
    worlds: Worlds
    dispatcher: Dispatcher

    async def queue(
        self,
        url: str,
        *,
        due_in: float = 0,
        failed: bool = False,
        trick: str | None = None,
        count: int = 1,
        tenants: int = 1,
    ) -> str:
        """Store events of jobs that end in so many seconds; return the last video's id.

        There are so many jobs of each of so many tenants.
        """
        ended = self.clock.now() + round(due_in * 1000)
        worlds = [
            World(
                tenant=f"tenant-{number}",
                clock=self.clock,
                webhook_url=url,
                webhook_secret=SECRET,
            )
            for number in range(tenants)
        ]
        jobs = [
            Job(
                id=f"video_{secrets.token_hex(24)}",
                model="sora-2",
                prompt="A calico cat",
                size="720x1280",
                seconds="4",
                remixed_from_video_id=None,
                timetable=Timetable(ended - 3, ended - 2, ended - 1, ended, ended + 3_600_000),
                failure=Failure("moderation_blocked", "It was blocked.") if failed else None,
            )
            for _ in range(count)
        ]

        def store(connection: Connection) -> None:
            for world in worlds:
                for job in jobs:
                    queue_event(connection, world, job, trick)

        await self.database.write(store)
        return jobs[-1].id

    async def deliver_due(self) -> None:
        await self.dispatcher.deliver_due(None)

    async def rows(self) -> list[dict[str, object]]:
        """Return the outbox's rows in the order of their due times."""

        def read(connection: Connection) -> list[dict[str, object]]:
            found = connection.execute(select(deliveries).order_by(deliveries.c.due)).mappings()
            return [dict(row) for row in found]

        return await self.database.read(read)


@pytest.fixture
def outboxes(tmp_path: Path) -> Iterator[Callable[..., Outbox]]:
    """Make outboxes on one database, as several workers have them."""
    clock = HandClock(time.time_ns() // 1_000_000)  # now, for the receivers' sake
    with contextlib.ExitStack() as opened:

        def make(seconds_for_an_answer: float = 5, *, own_clocks: bool = False) -> Outbox:
            database = open_database(str(tmp_path / "emulator.sqlite"))
            opened.callback(database.close)
            worlds = Worlds(
                clock, Settings(admin=own_clocks, admin_key="sk-of-the-admin"), database
            )
            dispatcher = Dispatcher(
                database,
                worlds,
                own_clocks=own_clocks,
                seconds_for_an_answer=seconds_for_an_answer,
            )
            return Outbox(database, clock, worlds, dispatcher)

        yield make


@pytest.fixture
def outbox(outboxes: Callable[..., Outbox]) -> Outbox:
    return outboxes()
