"""`openvideos emulator exec`: the command decides how it ends, and nothing is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from openvideos_emulator.process.beside import _Signals

from .processes import children_of, is_running

EXEC = [sys.executable, "-m", "openvideos_emulator", "exec", "--"]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Start exec with a command; what is left of it at the end is killed."""
    started = []

    def start(*command: str, **options: object) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [*EXEC, *command],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "TMPDIR": str(tmp_path)},
            start_new_session=True,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def ends(*pids: int) -> bool:
    deadline = time.monotonic() + 10
    while any(map(is_running, pids)):
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


@linux_only
def test_signals_are_passed_on_and_the_code_is_the_commands(
    run: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    script = (
        "trap 'echo INT' INT; trap 'exit 55' TERM; echo $$; while :; do sleep 60 & wait $!; done"
    )
    process = run("sh", "-c", script)
    assert process.stdout is not None
    command = int(process.stdout.readline())
    below = children_of(process.pid)
    assert command in below
    assert len(below) == 2
    process.send_signal(signal.SIGINT)
    assert process.stdout.readline() == "INT\n"
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 55
    assert ends(*below)
    assert list(tmp_path.iterdir()) == []


def test_a_signal_that_comes_while_the_command_is_started_is_passed_on_too() -> None:
    def start() -> subprocess.Popen[bytes]:
        process = subprocess.Popen(["sleep", "60"])
        os.kill(os.getpid(), signal.SIGTERM)
        return process

    before = signal.getsignal(signal.SIGTERM)
    with _Signals() as signals:
        assert signals.pass_on_to(start).wait(10) == -signal.SIGTERM
    assert signal.getsignal(signal.SIGTERM) is before


@linux_only
def test_where_exec_itself_is_killed_both_end(run: Callable[..., subprocess.Popen[str]]) -> None:
    process = run("sh", "-c", "echo $OPENVIDEOS_BASE_URL; exec sleep 60")
    assert process.stdout is not None
    assert process.stdout.readline()
    below = children_of(process.pid)
    assert len(below) == 2
    process.kill()
    assert ends(*below)


@linux_only
def test_where_the_emulator_dies_the_command_goes_on_and_it_is_told_at_the_end(
    run: Callable[..., subprocess.Popen[str]],
) -> None:
    process = run("sh", "-c", "echo $$; cat; echo grumble >&2; kill -KILL $$")
    assert process.stdout is not None
    command = int(process.stdout.readline())
    (emulator,) = set(children_of(process.pid)) - {command}
    os.kill(emulator, signal.SIGKILL)
    assert ends(emulator)
    # Its stdin, its output and its end are the command's own.
    said, complaints = process.communicate("one\ntwo\n", timeout=10)
    assert said == "one\ntwo\n"
    assert process.returncode == 128 + signal.SIGKILL
    grumble, complaint = complaints.split("\n", 1)
    assert grumble == "grumble"
    assert "the emulator ended before the command did" in complaint


def test_what_cannot_be_run_is_told_as_a_shell_does(
    run: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    missing, folder = run("there-is-no-such-command"), run(str(tmp_path))
    option = run("--admin", "true")
    assert missing.communicate(timeout=10)[1] == (
        "openvideos emulator exec: there is no command there-is-no-such-command\n"
    )
    assert missing.returncode == 127
    assert folder.communicate(timeout=10)[1] == (
        f"openvideos emulator exec: {tmp_path} cannot be executed\n"
    )
    assert folder.returncode == 126
    assert "--admin stands where the command should" in option.communicate(timeout=10)[1]
    assert option.returncode == 2


def test_an_emulator_that_does_not_start_runs_no_command(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    options = ["--dialect", "nobody", "exec", "--", "touch", str(mark)]
    done = subprocess.run([*EXEC[:3], *options], capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "there is no dialect 'nobody'" in done.stderr
    assert not mark.exists()


@linux_only
def test_a_terminals_ctrl_c_reaches_the_command_once() -> None:
    script = (
        "import signal\n"
        "signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})\n"
        "print('ready', flush=True)\n"
        "count, wait = 0, 5\n"
        "while signal.sigtimedwait({signal.SIGINT}, wait):\n"
        "    count, wait = count + 1, 0.3\n"
        "print('times', count, flush=True)\n"
    )
    in_a_terminal = (
        "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", in_a_terminal, *EXEC, sys.executable, "-c", script],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stdin is not None
    try:
        assert process.stdout.readline() == b"ready\r\n"
        process.stdin.write(b"\x03")
        process.stdin.flush()
        said, _ = process.communicate(timeout=10)
    finally:
        process.kill()
        process.wait()
    assert b"times 1" in said
    assert process.returncode == 0
