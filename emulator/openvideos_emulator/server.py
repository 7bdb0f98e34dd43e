"""Runs the emulator on a socket until it is told to stop."""

from __future__ import annotations

import os
import signal
import socket
import sys
import tempfile
import threading
from typing import TYPE_CHECKING

import uvicorn

from openvideos_emulator.assembly import assembled
from openvideos_emulator.contract import PREFIX
from openvideos_emulator.logs import AccessLog, log_config, say_where
from openvideos_emulator.protocol import Protocol
from openvideos_emulator.settings import Settings, SettingsError

if TYPE_CHECKING:
    from pathlib import Path

_SECONDS_FOR_LAST_ANSWERS = 1
_BACKLOG = 2048
_STDIN = 0


def serve(settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM.

    Prints one line with the base URL, and writes the port file, once the emulator answers.

    Raises:
        SettingsError: A setting cannot be used; a port that is taken is one.
        UnusableDatabaseError: The database cannot be used.
    """
    # Whenever a signal comes, everything is closed on the way out.
    for stop in (signal.SIGINT, signal.SIGTERM):
        signal.signal(stop, lambda *_: sys.exit(0))
    if settings.until_stdin_closes:
        threading.Thread(target=_stop_when_stdin_closes, daemon=True).start()
    if settings.port_file is not None:
        _make_way(settings.port_file)
    with (
        _bound(settings) as listener,
        tempfile.TemporaryDirectory(prefix="openvideos-") as home,
        assembled(settings, Path(home)) as app,
    ):
        config = uvicorn.Config(
            app if settings.quiet else AccessLog(app),
            http=Protocol,
            access_log=False,
            log_config=log_config(settings.log_format),
            lifespan="on",
            server_header=False,
            proxy_headers=False,
            ws="none",
            timeout_graceful_shutdown=_SECONDS_FOR_LAST_ANSWERS,
            backlog=_BACKLOG,
        )
        server = _Server(config, settings)
        server.run(sockets=[listener])
        if server.refusal is not None:
            raise server.refusal


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, settings: Settings) -> None:
        super().__init__(config)
        self._settings = settings
        self.refusal: SettingsError | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        if not sockets or self.should_exit:
            return
        port = sockets[0].getsockname()[1]
        if self._settings.port_file is not None:
            try:
                _write_port(self._settings.port_file, port)
            except SettingsError as error:
                # The loop is left in order, so that what has started is ended.
                self.refusal = error
                self.should_exit = True
                return
        base_url = f"http://{_in_url(self._settings.host)}:{port}{PREFIX}"
        print(base_url, flush=True)  # noqa: T201 - the one line that a caller reads
        if self._settings.log_format == "json":
            say_where(base_url)


def _stop_when_stdin_closes() -> None:
    # The file descriptor itself: a thread that waits in sys.stdin would hold up the end.
    while os.read(_STDIN, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


def _make_way(port_file: Path) -> None:
    """Remove the port file of an earlier run, which a caller could take for this one's."""
    if port_file.exists() and not port_file.is_file():
        raise SettingsError(f"--port-file {port_file}: it is there, and is no file")
    try:
        port_file.unlink(missing_ok=True)
    except OSError as error:
        raise SettingsError(f"--port-file {port_file}: {error.strerror}") from error
    if not port_file.parent.is_dir():
        raise SettingsError(f"--port-file {port_file}: its folder does not exist")


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
