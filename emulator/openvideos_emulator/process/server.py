"""Runs the emulator on a socket until it is told to stop."""

from __future__ import annotations

import asyncio
import logging
import logging.config
import os
import select
import signal
import socket
import sys
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import attrs
import uvicorn

from openvideos_emulator.assembly import assembled
from openvideos_emulator.contract import PREFIX
from openvideos_emulator.http.protocol import Protocol
from openvideos_emulator.process.logs import AccessLog, log_config, say_where
from openvideos_emulator.settings import Settings, SettingsError
from openvideos_emulator.storage.database import UnusableDatabaseError

if TYPE_CHECKING:
    from collections.abc import Callable

_SECONDS_FOR_LAST_ANSWERS = 1
_SECONDS_BEFORE_ANOTHER = 3
_BACKLOG = 2048
_STDIN = 0

log = logging.getLogger(__name__)


def serve(settings: Settings) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP.

    Prints one line with the base URL, and writes the port file, once the emulator answers.

    Raises:
        SettingsError: A setting cannot be used; a port that is taken is one.
        UnusableDatabaseError: The database cannot be used.
    """
    # Whenever a signal comes, everything is closed on the way out.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: sys.exit(0))
    # So it is where a terminal is closed, unless `nohup` has it go on. Windows has no SIGHUP.
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
        signal.signal(signal.SIGHUP, lambda *_: signal.raise_signal(signal.SIGTERM))
    if settings.port_file is not None:
        _make_way(settings.port_file)
    if settings.log_file is not None:
        _try_log(settings.log_file)
    with (
        _bound(settings) as listener,
        tempfile.TemporaryDirectory(prefix="openvideos-") as folder,
    ):
        home = Path(folder)
        if settings.workers == 1:
            if settings.until_stdin_closes:
                threading.Thread(target=_stop_when_stdin_closes, daemon=True).start()
            _run(settings, home, listener, lambda: _announce(settings, listener))
        else:
            _run_workers(settings, home, listener)


def _run_workers(settings: Settings, home: Path, listener: socket.socket) -> None:
    from openvideos_emulator.process.workers import supervise

    # What cannot be used is told once, and a database is emptied once, before there are workers.
    with assembled(settings, home):
        pass
    logging.config.dictConfig(log_config(settings.log_format, settings.log_file))
    of_a_worker = attrs.evolve(settings, reset=False)

    def work(tell_start: Callable[[], None], lifeline: int) -> None:
        try:
            _run(of_a_worker, home, listener, tell_start, lifeline)
        except (SettingsError, UnusableDatabaseError) as error:
            log.critical("a worker cannot start: %s", error)
            # What it lacks may come back, so that the next one does not come at once.
            select.select([lifeline], [], [], _SECONDS_BEFORE_ANOTHER)
            sys.exit(1)

    supervise(
        settings.workers,
        work,
        on_start=lambda: _announce(settings, listener),
        # Who connects while the last answers are given is refused, and does not wait in vain.
        on_end=listener.close,
        ends_with=_STDIN if settings.until_stdin_closes else None,
    )


def _run(
    settings: Settings,
    home: Path,
    listener: socket.socket,
    on_start: Callable[[], None],
    lifeline: int | None = None,
) -> None:
    """Answer requests until a signal comes, or nobody holds the lifeline's other end any more."""
    with assembled(settings, home) as app:
        config = uvicorn.Config(
            app if settings.quiet else AccessLog(app),
            http=Protocol,
            access_log=False,
            log_config=log_config(settings.log_format, settings.log_file),
            lifespan="on",
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=_SECONDS_FOR_LAST_ANSWERS,
            backlog=_BACKLOG,
        )
        server = _Server(config, on_start, lifeline)
        server.run(sockets=[listener])
        if server.refusal is not None:
            raise server.refusal


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(
        self, config: uvicorn.Config, on_start: Callable[[], None], lifeline: int | None
    ) -> None:
        super().__init__(config)
        self._on_start = on_start
        self._lifeline = lifeline
        self.refusal: SettingsError | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if self.should_exit:
            return
        if self._lifeline is not None:
            asyncio.get_running_loop().add_reader(self._lifeline, self._stop)
        try:
            self._on_start()
        except SettingsError as error:
            # The loop is left in order, so that what has started is ended.
            self.refusal = error
            self.should_exit = True

    def _stop(self) -> None:
        self.should_exit = True


def _announce(settings: Settings, listener: socket.socket) -> None:
    """Tell where the emulator answers."""
    port = listener.getsockname()[1]
    if settings.port_file is not None:
        _write_port(settings.port_file, port)
    base_url = f"http://{_in_url(settings.host)}:{port}{PREFIX}"
    try:
        if sys.stdout is not None:
            # Past its buffer, which would end the interpreter with an error of its own.
            os.write(sys.stdout.fileno(), f"{base_url}\n".encode())
    except OSError as error:
        raise SettingsError(f"stdout takes no base URL: {error.strerror}") from error
    if settings.log_format == "json":
        say_where(base_url)


def _stop_when_stdin_closes() -> None:
    # The file descriptor itself: a thread that waits in sys.stdin would hold up the end.
    while os.read(_STDIN, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _make_way(port_file: Path) -> None:
    """Remove the port file of an earlier run, which a caller could take for this one's."""
    try:
        if port_file.exists() and not port_file.is_file():
            raise SettingsError(f"--port-file {port_file}: it is there, and is no file")
        port_file.unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(f"--port-file {port_file}: {error.strerror}") from error
    if not port_file.parent.is_dir():
        raise SettingsError(f"--port-file {port_file}: its folder does not exist")


def _try_log(file: Path) -> None:
    try:
        file.open("ab").close()
    except OSError as error:
        raise SettingsError(f"--log-file {file}: {error.strerror}") from error


def _bound(settings: Settings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, settings.port))
        # Two that start at once can both bind a port, but only one can listen.
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise SettingsError(
            f"cannot listen on {settings.host} port {settings.port}: {error.strerror}; "
            "--port 0 picks a free port"
        ) from error
    return listener


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _write_port(port_file: Path, port: int) -> None:
    """Write the port file, which is there whole or not at all."""
    part = port_file.with_name(f"{port_file.name}.{os.getpid()}.part")
    try:
        part.write_text(f"{port}\n", encoding="ascii")
        part.replace(port_file)
    except OSError as error:
        raise SettingsError(f"--port-file {port_file}: {error.strerror}") from error
