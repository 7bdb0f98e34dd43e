"""Real processes of `openvideos batch`, to be killed and interrupted."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

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
    key: str
    _parent: subprocess.Popen[str]
    _process: int = field(default=0, init=False)

    def start(self, arguments: Iterable[object]) -> int:
        """Start a process; return its id."""
        self._process = self._asked(
            start=[str(argument) for argument in arguments],
            log=str(self.log),
            environment={
                "OPENVIDEOS_BASE_URL": self.base_url,
                "OPENVIDEOS_API_KEY": self.key,
            },
        )
        return self._process

    def wait(self) -> int:
        """Return the process's exit code, which is below 0 for a signal, when it has ended."""
        return self._asked(wait=self._process)

    def run(self, arguments: Iterable[object]) -> int:
        """Run a process to its end; return its exit code."""
        self.start(arguments)
        return self.wait()

    def _asked(self, **request: Any) -> int:
        assert self._parent.stdin
        assert self._parent.stdout
        print(json.dumps(request), file=self._parent.stdin, flush=True)
        return int(self._parent.stdout.readline())


@contextmanager
def parent_of_commands() -> Iterator[subprocess.Popen[str]]:
    """Start the process that those of the command are forked from."""
    with subprocess.Popen(
        [sys.executable, str(Path(__file__).with_name("forked_commands.py"))],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={name: value for name, value in os.environ.items() if "API_KEY" not in name},
    ) as parent:
        yield parent


def kill(process: int) -> None:
    """Kill a process that may have ended already, but was not looked after yet."""
    with suppress(ProcessLookupError):
        os.kill(process, signal.SIGKILL)
