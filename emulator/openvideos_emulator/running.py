"""Runs an emulator from Python, as a process of its own."""

from __future__ import annotations

import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import TracebackType

_SECONDS_TO_START = 30.0
_SECONDS_TO_STOP = 10.0
_LOOK_EVERY = 0.01
_EXIT_OF_A_SIGNAL = 128
_LOOPBACK = "127.0.0.1"


class EmulatorError(Exception):
    """The emulator did not start; the message holds what it said."""


class Emulator:
    """A real emulator process on a free port, for as long as a `with` block lasts.

    ```python
    with Emulator(speed=1000) as emulator:
        client = OpenVideos(base_url=emulator.base_url, api_key=emulator.api_key)
    ```

    Attributes:
        base_url: Where it answers, such as `http://127.0.0.1:40123/v1`.
        api_key: A key that it accepts: the first of those given, else one of its own.
    """

    def __init__(
        self,
        *,
        speed: float = 60.0,
        db: str | Path | None = None,
        reset: bool = False,
        api_keys: Sequence[str] = (),
        dialect: str | Path = "openai",
        canned: bool = False,
        faults: str | Path | None = None,
        host: str = _LOOPBACK,
        port: int = 0,
        quiet: bool = False,
    ) -> None:
        """Describe an emulator; `start`, or a `with` block, starts it.

        Args:
            speed: How many times faster than the real service videos are made.
            db: The SQLite file that keeps its jobs; None keeps them until it stops.
            reset: Whether to empty that file first.
            api_keys: The keys that it accepts; empty accepts any key.
            dialect: The name of a dialect, an Overlay file, or `none`.
            canned: Whether any video and character id exists, completed.
            faults: A file of faults to inject.
            host: The address to listen on.
            port: The port to listen on; 0 picks a free one.
            quiet: Whether to log no requests.
        """
        self.api_key = api_keys[0] if api_keys else f"sk-{secrets.token_hex(16)}"
        self.base_url = ""
        self._options = ["--speed", str(speed), "--dialect", str(dialect), "--port", str(port)]
        self._options += [option for key in api_keys for option in ("--api-key", key)]
        self._options += ["--db", str(db)] if db is not None else []
        self._options += ["--faults", str(faults)] if faults is not None else []
        self._options += ["--host", host] if host != _LOOPBACK else []
        flags = {"--reset": reset, "--canned": canned, "--quiet": quiet}
        self._options += [flag for flag, is_set in flags.items() if is_set]
        # What listens on every address is reached by loopback.
        self._reached_at = _LOOPBACK if host in ("0.0.0.0", "") else host  # noqa: S104 - a comparison
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def start(self) -> Self:
        """Start the process and return once it answers.

        Raises:
            EmulatorError: It ended, or did not answer in time.
        """
        self._folder = tempfile.TemporaryDirectory(prefix="openvideos-")
        port_file = Path(self._folder.name) / "port"
        # What it says goes to a file: a pipe that nobody reads would stop it in the end.
        with self._log_path.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, without a shell
                [
                    sys.executable,
                    "-P",
                    "-m",
                    "openvideos_emulator",
                    *self._options,
                    "--port-file",
                    str(port_file),
                    "--until-stdin-closes",
                ],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=log,
                # What a killed emulator leaves is in the folder that `stop` removes.
                env={**os.environ, "TMPDIR": self._folder.name},
                # A Ctrl-C is for whoever started it, who may still need it to clean up.
                start_new_session=True,
            )
        deadline = time.monotonic() + _SECONDS_TO_START
        while not port_file.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                said = self.log.strip()
                self.stop()
                raise EmulatorError(f"the emulator did not start: {said or 'it said nothing'}")
            time.sleep(_LOOK_EVERY)
        host = f"[{self._reached_at}]" if ":" in self._reached_at else self._reached_at
        self.base_url = f"http://{host}:{int(port_file.read_text())}/v1"
        return self

    def stop(self) -> None:
        """End the process and wait until it has ended. Once it has, this does nothing."""
        if self._process is not None:
            self._process.terminate()
            if self._process.stdin is not None:
                self._process.stdin.close()
            try:
                self._process.wait(_SECONDS_TO_STOP)
            except subprocess.TimeoutExpired:
                self.kill()
            self._process = None
        if self._folder is not None:
            self._folder.cleanup()
            self._folder = None

    def kill(self) -> None:
        """End the process at once (SIGKILL), as a crash would."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    @property
    def pid(self) -> int | None:
        """The process's id, None where there is none."""
        return None if self._process is None else self._process.pid

    @property
    def log(self) -> str:
        """What the emulator has logged so far: a line for each request, and its complaints."""
        return self._log_path.read_text(encoding="utf-8", errors="replace")

    @property
    def _log_path(self) -> Path:
        if self._folder is None:
            raise EmulatorError("the emulator was not started")
        return Path(self._folder.name) / "log"

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        exc_type: type[BaseException] | None,
        exc: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.stop()


def run_beside(emulator: Emulator, command: Sequence[str]) -> int:
    """Run a command while an emulator runs, and return the command's exit code.

    Args:
        emulator: The emulator, which is started and stopped here.
        command: The command and its arguments.

    Raises:
        EmulatorError: The emulator did not start, or there is no such command.
    """
    with emulator:
        found = {
            "OPENVIDEOS_BASE_URL": emulator.base_url,
            "OPENVIDEOS_API_KEY": emulator.api_key,
            "OPENAI_BASE_URL": emulator.base_url,
            "OPENAI_API_KEY": emulator.api_key,
        }
        try:
            process = subprocess.Popen(command, env={**os.environ, **found})  # noqa: S603 - it is what the user asks for
        except OSError as error:
            raise EmulatorError(f"{command[0]} cannot be run: {error.strerror}") from error
        # A terminal sends Ctrl-C to the command too, which decides what it means.
        signal.signal(signal.SIGINT, lambda *_: None)
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        code = process.wait()
    return code if code >= 0 else _EXIT_OF_A_SIGNAL - code
