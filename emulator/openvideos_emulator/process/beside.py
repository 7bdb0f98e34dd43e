"""`openvideos emulator exec`: a command, with an emulator for as long as it runs."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from openvideos_emulator.process.running import Emulator

_USAGE_ERROR = 2
_NOT_EXECUTABLE = 126
_NOT_FOUND = 127
_OF_A_SIGNAL = 128
# Windows has no SIGHUP.
_ENDING = [
    getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name)
]
_SET_SIGNAL_OF_PARENTS_DEATH = 1  # PR_SET_PDEATHSIG of Linux' prctl


def run_beside(emulator: Emulator, command: Sequence[str]) -> int:
    """Run a command while an emulator runs, and return what a shell would say of its end.

    That is the command's exit code; 128 and the number of the signal that ended it; 127 where
    there is no such command, 126 where it cannot be executed, 2 where it is an option. Signals that
    ask this process to end are the command's to decide on; the emulator ends after it.

    Args:
        emulator: The emulator, which is started and stopped here.
        command: The command and its arguments.

    Raises:
        EmulatorError: The emulator did not start.
    """
    program = command[0]
    if program.startswith("-"):
        _say(f"{program} stands where the command should: the emulator's options go before exec")
        return _USAGE_ERROR
    if shutil.which(program) is None:
        is_there = os.sep in program and Path(program).exists()
        _say(f"{program} cannot be executed" if is_there else f"there is no command {program}")
        return _NOT_EXECUTABLE if is_there else _NOT_FOUND
    with _Signals() as signals, emulator:
        environment = {**os.environ, **emulator.environment}
        try:
            process = signals.pass_on_to(
                lambda: subprocess.Popen(  # noqa: S603 - it is what the user asks for
                    command, env=environment, preexec_fn=_ending_with_this_process()
                )
            )
        except OSError as error:
            _say(f"{program} cannot be run: {error.strerror}")
            return _NOT_EXECUTABLE
        code = process.wait()
        if emulator.has_ended:
            _say(f"the emulator ended before the command did; {emulator.last_words}")
    return code if code >= 0 else _OF_A_SIGNAL - code


class _Signals:
    """Passes signals on to a command; while there is none yet they end this process."""

    def __init__(self) -> None:
        self._command: subprocess.Popen[bytes] | None = None
        self._is_starting = False
        self._missed: list[int] = []
        self._before: dict[int, Any] = {}
        # A terminal sends Ctrl-C to the command too. Twice would mean something else to many.
        self._passed_over = {signal.SIGINT} if _has_terminal() else set()

    def __enter__(self) -> Self:
        self._before = {each: signal.signal(each, self._handle) for each in _ENDING}
        return self

    def __exit__(self, *_: object) -> None:
        for each, handler in self._before.items():
            signal.signal(each, handler)

    def pass_on_to(self, start: Callable[[], subprocess.Popen[bytes]]) -> subprocess.Popen[bytes]:
        """Start the command that gets the signals from now on."""
        self._is_starting = True
        self._command = start()
        for number in self._missed:
            self._command.send_signal(number)
        return self._command

    def _handle(self, number: int, _frame: object) -> None:
        if not self._is_starting:
            sys.exit(_OF_A_SIGNAL + number)
        if number in self._passed_over:
            return
        if self._command is None:
            self._missed.append(number)
        else:
            self._command.send_signal(number)


def _has_terminal() -> bool:
    if sys.platform == "win32":
        return True
    try:
        os.close(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY))
    except OSError:
        return False
    return True


def _ending_with_this_process() -> Callable[[], None] | None:
    """Return what lets the kernel end a command where this process is killed, and cannot.

    Only Linux knows how; elsewhere a command outlives an `exec` that was killed with SIGKILL.
    """
    if sys.platform != "linux":
        return None
    import ctypes

    this, prctl = os.getpid(), ctypes.CDLL(None).prctl

    def end_with_it() -> None:
        prctl(_SET_SIGNAL_OF_PARENTS_DEATH, signal.SIGTERM)
        if os.getppid() != this:
            # It was killed before.
            os.kill(os.getpid(), signal.SIGTERM)

    return end_with_it


def _say(complaint: str) -> None:
    sys.stderr.write(f"openvideos emulator exec: {complaint}\n")
