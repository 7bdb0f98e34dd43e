"""Real processes of `openvideos batch`, to be killed and interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

from attrs import define, field


@define
class Commands:
    """Starts the command, one process at a time.

    Attributes:
        base_url: The server.
        log: What the processes printed.
        key: The key for the server.
    """

    base_url: str
    log: Path
    key: str = "sk-batch"
    _parent: subprocess.Popen[str] = field(init=False)

    def __enter__(self) -> Self:
        environment = {
            **{name: value for name, value in os.environ.items() if "API_KEY" not in name},
            "OPENVIDEOS_BASE_URL": self.base_url,
            "OPENVIDEOS_API_KEY": self.key,
        }
        self._parent = subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("forked_commands.py"))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        assert self._parent.stdin
        assert self._parent.stdout
        with suppress(BrokenPipeError):
            self._parent.stdin.close()
        if error is not None:
            self._parent.kill()
        self._parent.wait(timeout=30)
        self._parent.stdout.close()

    def start(self, arguments: Iterable[object]) -> int:
        """Start a process; return its id."""
        assert self._parent.stdin
        request = {"arguments": [str(argument) for argument in arguments], "log": str(self.log)}
        print(json.dumps(request), file=self._parent.stdin, flush=True)
        return self._answer()

    def wait(self) -> int:
        """Return the process's exit code, which is below 0 for a signal, when it has ended."""
        return self._answer()

    def run(self, arguments: Iterable[object]) -> int:
        """Run a process to its end; return its exit code."""
        self.start(arguments)
        return self.wait()

    def _answer(self) -> int:
        assert self._parent.stdout
        return int(self._parent.stdout.readline())


def kill(process: int) -> None:
    """Kill a process that may have ended already, but was not looked after yet."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
