"""Runs an emulator from Python, as a process of its own."""

from __future__ import annotations

import functools
import inspect
import os
import secrets
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, Self
from urllib.parse import urlsplit

from openvideos_emulator.configuration import to_environment, without_settings
from openvideos_emulator.remote import AdminApi, EmulatorError, RemoteWorld
from openvideos_emulator.settings import SETTINGS, Settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_SECONDS_TO_START = 30.0
_SECONDS_TO_STOP = 10.0
_LOOK_EVERY = 0.01
_LAST_LINES = 20
_ANY_PORT = 0
# What listens on every address is reached by loopback.
_REACHED_AT = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - a comparison

Keywords = ParamSpec("Keywords")


def _with_keywords_of(
    settings: Callable[Keywords, Settings],
) -> Callable[[Callable[[Any, Settings], None]], Callable[Concatenate[Any, Keywords], None]]:
    """Let what takes settings take their keywords, with their names and types."""

    def decorate(
        init: Callable[[Any, Settings], None],
    ) -> Callable[Concatenate[Any, Keywords], None]:
        @functools.wraps(init)
        def wrapped(self: Any, /, *args: Keywords.args, **keywords: Keywords.kwargs) -> None:
            keywords.setdefault("port", _ANY_PORT)
            keywords.setdefault("admin_key", new_key())
            init(self, settings(*args, **keywords))

        shown = inspect.signature(Settings.__init__)
        port = shown.parameters["port"].replace(default=_ANY_PORT)
        parameters = {**shown.parameters, "port": port}.values()
        wrapped.__signature__ = shown.replace(parameters=list(parameters))  # type: ignore[attr-defined] # functions have it, unknown to mypy
        return wrapped

    return decorate


class Emulator(RemoteWorld):
    """A real emulator process on a free port, for as long as a `with` block lasts.

    ```python
    with Emulator(speed=1000) as emulator:
        client = OpenVideos(base_url=emulator.base_url, api_key=emulator.api_key)
    ```

    Attributes:
        base_url: Where it answers, such as `http://127.0.0.1:40123/v1`.
        api_key: A key that it accepts: the first of those given, else one of its own.
    """

    @_with_keywords_of(Settings)
    def __init__(self, settings: Settings) -> None:
        """Describe an emulator; `start`, or a `with` block, starts it.

        It takes every setting by keyword, such as `expires_after=60`: `openvideos emulator --help`
        tells what each means. What is not given is at its default, whatever the environment of
        this process says; but the port is a free one.

        Raises:
            SettingsError: A setting makes no sense.
        """
        key = settings.api_keys[0] if settings.api_keys else new_key()
        super().__init__("", key, AdminApi("", None, self._why_gone), None)
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Describe the emulator that has these settings."""
        return cls(**{str(each.alias): getattr(settings, each.name) for each in SETTINGS.values()})

    def start(self) -> Self:
        """Start the process and return once it answers. While it runs, this does nothing.

        One that has ended is started anew, on another port unless one was given.

        Raises:
            EmulatorError: It ended, or did not answer in time.
        """
        if self._process is not None and not self.has_ended:
            return self
        self.stop()
        try:
            self.base_url = self._started()
        except BaseException:
            self.stop()
            raise
        key = self._settings.admin_key if self._settings.admin else None
        self._admin = AdminApi(self.base_url, key, self._why_gone)
        return self

    def _started(self) -> str:
        """Start the process, and return its base URL once it answers."""
        self._folder = tempfile.TemporaryDirectory(
            prefix="openvideos-",
            # Where the process was killed by others, its workers may still be at their last work.
            ignore_cleanup_errors=True,
        )
        # What it says goes to files: a pipe that nobody reads would stop it in the end.
        address = Path(self._folder.name) / "address"
        with address.open("wb") as stdout, self._log_path.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "openvideos_emulator", "--until-stdin-closes"],
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=log,
                env={
                    **without_settings(os.environ),
                    # Secrets too: no list of processes shows the environment.
                    **to_environment(self._settings),
                    # What a killed emulator leaves is in the folder that `stop` removes.
                    "TMPDIR": self._folder.name,
                },
                # A Ctrl-C is for whoever started it, who may still need it to clean up.
                start_new_session=True,
            )
        deadline = time.monotonic() + _SECONDS_TO_START
        while not (said := address.read_text(encoding="utf-8")).endswith("\n"):
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise EmulatorError(f"the emulator did not start; {self.last_words}")
            time.sleep(_LOOK_EVERY)
        host = _REACHED_AT.get(self._settings.host, self._settings.host)
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{urlsplit(said.strip()).port}/v1"

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
        """End the process and its workers at once (SIGKILL), as a crash would."""
        if self._process is not None and not self.has_ended:
            if sys.platform == "win32":
                self._process.kill()
            else:
                # It leads a session of its own, where its workers are.
                os.killpg(self._process.pid, signal.SIGKILL)
            self._process.wait()

    @property
    def pid(self) -> int | None:
        """The process's id, None where there is none."""
        return None if self._process is None else self._process.pid

    @property
    def has_ended(self) -> bool:
        """Whether the process was started, and has ended."""
        return self._process is not None and self._process.poll() is not None

    def world(self, key: str | None = None) -> RemoteWorld:
        """Return the world of one key, of which no other key sees anything.

        Args:
            key: The key; None makes a new one, unless only the given `api_keys` are accepted.

        Raises:
            EmulatorError: It is not there yet, or the key is missing.
        """
        if not self.base_url:
            raise EmulatorError(f"the emulator has no worlds yet: {self._why_gone()}")
        if key is None:
            if self._settings.api_keys:
                raise EmulatorError("say which of the given api_keys: no other key is accepted")
            key = new_key()
        return RemoteWorld(self.base_url, key, self._admin, key)

    @property
    def environment(self) -> dict[str, str]:
        """What a command needs to find the emulator and, where it is offered, its admin API."""
        found = super().environment
        if self._settings.admin and self._settings.admin_key is not None:
            found["OPENVIDEOS_EMULATOR_ADMIN_URL"] = self._admin.url
            found["OPENVIDEOS_EMULATOR_ADMIN_KEY"] = self._settings.admin_key
        return found

    def _why_gone(self) -> str:
        if self._process is None:
            return "it is not running; `with Emulator() as emulator:` starts it, and ends it"
        if not self.has_ended:
            return f"its process {self._process.pid} is there all the same"
        return f"it ended with exit code {self._process.returncode}; {self.last_words}"

    @property
    def last_words(self) -> str:
        """What the emulator has logged last, as a part of a sentence."""
        last = "\n".join(self.log.strip().splitlines()[-_LAST_LINES:])
        return f"it said last:\n{last}" if last else "it said nothing"

    @property
    def log(self) -> str:
        """What the emulator has logged so far: a line for each request, and its complaints."""
        said = self._log_path.read_bytes()
        if self._settings.log_file is not None and self._settings.log_file.is_file():
            said += self._settings.log_file.read_bytes()
        return said.decode(errors="replace")

    @property
    def _log_path(self) -> Path:
        if self._folder is None:
            raise EmulatorError("the emulator is not running, and its log is no longer there")
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


def new_key() -> str:
    """Return a key that nobody else has."""
    return f"sk-{secrets.token_hex(16)}"
