"""Several processes that answer on one socket."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from openvideos_emulator import Emulator

from ..processes import children_of, is_running

WORKERS = 3
COMMAND = [sys.executable, "-m", "openvideos_emulator", "--port", "0", "--workers", "2"]
# Each request is on a connection of its own, which any worker may take.
APART = {"Authorization": "Bearer sk-0123456789abcdef", "Connection": "close"}

# One server of its own is enough: these tests run in one process.
pytestmark = [
    pytest.mark.xdist_group("workers"),
    pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="needs /proc"),
]


def children(emulator: Emulator) -> list[int]:
    return children_of(pid_of(emulator))


def eventually(holds: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def pid_of(emulator: Emulator) -> int:
    assert emulator.pid is not None
    return emulator.pid


@pytest.fixture(scope="module")
def several() -> Iterator[Emulator]:
    with Emulator(workers=WORKERS, speed=100_000) as emulator:
        yield emulator


def test_all_workers_tell_one_truth(several: Emulator, http: httpx.Client) -> None:
    assert len(children(several)) == WORKERS
    url = f"{several.base_url}/videos"
    made = [
        http.post(url, json={"prompt": str(number)}, headers=APART).json()["id"]
        for number in range(6)
    ]
    for video_id in made:
        for _ in range(4):
            assert http.get(f"{url}/{video_id}", headers=APART).status_code == 200
    assert http.delete(f"{url}/{made[0]}", headers=APART).status_code == 200
    for _ in range(8):
        assert http.get(f"{url}/{made[0]}", headers=APART).status_code == 404
        listed = http.get(url, headers=APART).json()["data"]
        assert [video["id"] for video in listed] == made[:0:-1]


def test_a_worker_that_dies_is_replaced(several: Emulator, http: httpx.Client) -> None:
    before = children(several)
    os.kill(before[0], signal.SIGKILL)
    assert eventually(lambda: before[0] not in (now := children(several)) and len(now) == WORKERS)
    assert set(before[1:]) < set(children(several))
    assert http.get(f"{several.base_url}/videos", headers=APART).status_code == 200
    assert f"worker {before[0]} has ended with code -9, and is replaced" in several.log


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_no_worker_is_left_however_the_first_process_ends(how: signal.Signals) -> None:
    with Emulator(workers=2, quiet=True) as emulator:
        workers = children(emulator)
        assert len(workers) == 2
        os.kill(pid_of(emulator), how)
        assert eventually(lambda: not any(map(is_running, workers)))
        assert eventually(lambda: emulator.has_ended)


def test_all_end_when_stdin_closes(tmp_path: Path) -> None:
    port_file = tmp_path / "port"
    with subprocess.Popen(
        [*COMMAND, "--until-stdin-closes", "--port-file", str(port_file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        # Once, by whichever process; and once all of them answer.
        assert line == f"http://127.0.0.1:{port_file.read_text().strip()}/v1\n"
        workers = children_of(process.pid)
        rest, log = process.communicate(timeout=15)
    assert (rest, log, process.returncode) == ("", "", 0)
    assert not any(map(is_running, workers))


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (
            ["--db", "/proc/nowhere/state.sqlite"],
            "sqlite cannot be used: its folder does not exist",
        ),
        (["--port-file", "n" * 250], "name too long"),
        (["--dialect", "klingon"], "klingon"),
    ],
)
def test_what_cannot_be_is_told_once(options: list[str], reason: str) -> None:
    refused = subprocess.run(
        [*COMMAND, *options], capture_output=True, text=True, timeout=30, check=False
    )
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert reason in refused.stderr
    assert refused.stderr.count("\n") == 1


def test_workers_that_only_die_are_given_up(tmp_path: Path) -> None:
    """A worker that ends at once is not started for ever: the whole ends, with a word why."""
    script = tmp_path / "dying.py"
    script.write_text(
        "import logging, os, sys\n"
        "from openvideos_emulator.process.workers import supervise\n"
        "logging.basicConfig()\n"
        "def work(tell, lifeline):\n"
        "    os._exit(3)\n"
        "supervise(2, work, on_start=lambda: print('started'), on_end=lambda: None)\n"
    )
    ended = subprocess.run(
        [sys.executable, str(script)], capture_output=True, text=True, timeout=30, check=False
    )
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert "has ended with code 3" in ended.stderr
    assert "giving up" in ended.stderr
