"""What ends a run early: what was made is deleted all the same, and what is left is named."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from openvideos_contract.running.beside import clean_up
from openvideos_contract.running.conform import conform

OWN = {"own_0", "own_1", "own_2"}


@pytest.fixture(autouse=True)
def as_at_a_terminal() -> Iterator[None]:
    """Signals that whoever runs these tests has ignored, as nohup does, would never come."""
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)
    hang_up = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGINT, interrupt)
    signal.signal(signal.SIGHUP, hang_up)


def run(lenient: Any, **settings: Any) -> int:
    """Run what makes jobs and waits for them, which never end."""
    lenient.status_of_jobs = "queued"
    return conform({"base_url": lenient.base_url, "only": {"LIFE-001"}, **settings}, ["core"])


def at_request(lenient: Any, method: str, number: int, then: Callable[[], None]) -> None:
    """Do something when the server gets the request of a method with this number."""
    answer, seen = lenient.answer, []

    def watched(asked: str, path: str, *rest: Any) -> Any:
        if asked == method:
            seen.append(path)
            if len(seen) == number:
                then()
        return answer(asked, path, *rest)

    lenient.answer = watched


def send(number: int) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_deletes_what_was_made_whatever_else_is_allowed(
    lenient: Any, capsys: pytest.CaptureFixture[str], number: int
) -> None:
    # While the answer to a create is under way, which is waited for.
    at_request(lenient, "POST", 2, lambda: send(number))
    assert run(lenient, allow_incomplete=True) == 130
    assert len(lenient.accepted) >= 2
    assert set(lenient.videos) == OWN
    told = capsys.readouterr()
    assert "left out of this run, or interrupted" in told.out
    assert "once more leaves at once" in told.err


def test_a_second_signal_leaves_at_once_and_names_what_is_left(
    lenient: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    at_request(lenient, "POST", 2, lambda: send(signal.SIGINT))
    at_request(lenient, "DELETE", 1, lambda: send(signal.SIGINT))
    assert run(lenient) == 130
    told = capsys.readouterr().err
    left = set(lenient.videos) - OWN
    assert left
    assert [name for name in left if name not in told] == [], told[-300:]
    run_id = told.partition("--clean-up ")[2].partition("`")[0]
    assert clean_up(run_id, {"base_url": lenient.base_url}) == 0
    assert set(lenient.videos) == OWN
    assert f"nothing of the run {run_id} is left" in capsys.readouterr().out


def test_a_run_that_is_interrupted_before_its_first_test_says_so(
    lenient: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    at_request(lenient, "GET", 1, lambda: send(signal.SIGTERM))
    assert run(lenient) == 130
    assert capsys.readouterr().err.endswith("openvideos conform was interrupted\n")
    assert lenient.accepted == []


def test_a_worker_of_pytest_that_crashes_is_cleaned_up_after(lenient: Any, tmp_path: Any) -> None:
    lenient.status_of_jobs = "queued"
    plain = [sys.executable, "-m", "pytest", "-p", "openvideos_contract.plugin", "-p", "xdist"]
    arguments = ["--pyargs", "openvideos_contract", "-n", "1", "-q", "--max-worker-restart", "0"]
    arguments += ["--openvideos-url", lenient.base_url, "--openvideos-only", "LIFE-001"]
    process = subprocess.Popen(
        [*plain, *arguments, "-p", "no:cacheprovider"],
        cwd=tmp_path,
        env=os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 60
    while len(lenient.accepted) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    worker = _only_child(process.pid)
    os.kill(worker, signal.SIGKILL)
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1, output
    assert "crashed" in output
    # One may have been accepted whose answer the worker did not live to see.
    left = set(lenient.videos) - OWN
    assert len(left) < len(lenient.accepted)
    assert not left or "LEFT OVER" in output


def _only_child(parent: int) -> int:
    import psutil

    (child,) = psutil.Process(parent).children()
    return int(child.pid)
