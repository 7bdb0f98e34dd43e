"""Ctrl-C, on commands as processes of their own: it detaches, and says how to go on."""

import json
import os
import pty
import signal
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from openvideos._cli.interrupts import Interrupts, NothingWasCreated
from openvideos_emulator import Emulator

from ..client.faulty_server import Reply, Request, Silence
from .conftest import COMMAND, FAST, KEY, Process, Run, Serve, forwarded, until

Start = Callable[..., Process]

QUEUED = {"id": "video_1", "object": "video", "status": "queued", "progress": 0}


def posts(server: object) -> int:
    return [request.method for request in server.requests].count("POST")  # type: ignore[attr-defined] # a FaultyServer


def test_ctrl_c_while_waiting_detaches_and_wait_last_finishes_the_job(
    start: Start, fast: Emulator, serve: Serve, run: Run, folder: Path
) -> None:
    is_over = threading.Event()

    def script(request: Request) -> Reply:
        reply = forwarded(request, fast)
        if is_over.is_set():
            return reply
        return Reply({**json.loads(reply.body), "status": "queued", "progress": 0})

    server = ("--base-url", serve(script).base_url)
    small = ("--model", "wan", "--seconds", "1", "--size", "64x64")
    process = start("create", "a cat", *small, *FAST, "--json", *server)
    process.wait_for("queued")
    process.interrupt()
    ended = process.ended()
    assert ended.code == 130
    document = ended.json()
    id_ = document["id"]
    assert (document["status"], document["path"]) == ("queued", None)
    assert f"{id_} is left running: openvideos wait {id_}" in ended.stderr
    assert f"To cancel it: openvideos delete {id_}" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert KEY not in ended.stderr
    assert not list(folder.iterdir())
    assert run("get", id_, *server).code == 0, "the job is still there"
    is_over.set()
    finished = run("wait", "--last", *FAST, *server)
    assert (finished.code, finished.stdout) == (0, f"{id_}.mp4\n")


def test_ctrl_c_while_the_create_is_under_way_waits_for_the_id(
    start: Start, serve: Serve, run: Run
) -> None:
    interrupted: list[bool] = []

    def script(request: Request) -> Reply:
        if request.method == "POST":
            process.interrupt()
            process.wait_for("waiting for the job's id")
            interrupted.append(True)
        return Reply(QUEUED)

    server = serve(script)
    process = start("create", "a cat", "--json", "--base-url", server.base_url)
    until(lambda: bool(interrupted))
    ended = process.ended()
    assert (ended.code, ended.json()["id"]) == (130, "video_1")
    assert "video_1 is left running" in ended.stderr
    assert run("jobs", "--last", "--quiet").stdout == "video_1\n"


def test_a_second_ctrl_c_leaves_at_once_and_the_journal_knows_of_the_job(
    start: Start, serve: Serve, run: Run
) -> None:
    server = serve([Silence()])
    process = start("create", "a cat", "--base-url", server.base_url)
    until(lambda: posts(server) == 1)
    process.interrupt()
    process.wait_for("waiting for the job's id")
    process.interrupt()
    assert process.ended().code in {130, -2}, "a shell shows 130 for both"
    assert run("jobs", "--last", "--json").json()["status"] == "uncertain"


def test_ctrl_c_between_two_attempts_creates_nothing(start: Start, serve: Serve, run: Run) -> None:
    server = serve([Reply({"error": {"message": "Later."}}, 429, {"retry-after": "30"})])
    process = start("create", "a cat", "--base-url", server.base_url)
    until(lambda: posts(server) == 1)
    process.interrupt()
    ended = process.ended()
    assert ended.code == 130
    assert "nothing was created" in ended.stderr
    assert posts(server) == 1
    assert run("jobs", "--json").json() == []


def test_ctrl_c_during_a_refused_attempt_keeps_the_next_from_being_made() -> None:
    said: list[str] = []
    with Interrupts(said.append, creates=True) as interrupts, interrupts.creating():
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(NothingWasCreated):
            interrupts.sleep(60)
    assert len(said) == 1


def test_cancelling_is_an_option_that_says_what_became_of_the_job(
    start: Start, slow: Emulator, run: Run
) -> None:
    server = ("--base-url", slow.base_url)
    process = start("create", "a cat", *FAST, "--delete-on-interrupt", "--quiet", *server)
    until(lambda: run("jobs", "--quiet").stdout != "")
    id_ = run("jobs", "--last", "--quiet").stdout.strip()
    until(lambda: run("jobs", "--last", "--json").json()["status"] == "queued")
    process.interrupt()
    ended = process.ended()
    assert ended.code == 130
    said_deleted = f"{id_} is deleted." in ended.stderr
    said_refused = f"{id_} could not be deleted" in ended.stderr
    assert said_deleted != said_refused
    assert (run("get", id_, *server).code == 1) is said_deleted


def test_ctrl_c_while_several_jobs_are_awaited_names_those_that_are_left(
    start: Start, slow: Emulator, run: Run
) -> None:
    server = ("--base-url", slow.base_url)
    ids = [run("create", "a cat", "--detach", *server).stdout.strip() for _ in range(2)]
    process = start("wait", *ids, "--interval", "0.2", "--json", *server)
    process.wait_for(f"{ids[1]}: queued")
    process.interrupt()
    ended = process.ended()
    assert ended.code == 130
    assert f"2 left running: openvideos wait {ids[0]} {ids[1]} --base-url" in ended.stderr
    assert [document["id"] for document in ended.json()] == ids


def test_a_terminal_gets_a_bar_on_stderr_and_data_only_on_stdout(
    fast: Emulator, folder: Path
) -> None:
    terminal, end = pty.openpty()
    small = ("--model", "wan", "--seconds", "1", "--size", "64x64")
    process = subprocess.Popen(
        [COMMAND, "create", "a cat", *small, *FAST, "--base-url", fast.base_url],
        stdout=subprocess.PIPE,
        stderr=end,
        env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40"},
    )
    os.close(end)
    said = _all_of(terminal)
    stdout, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    (file,) = folder.iterdir()
    assert stdout.decode() == f"{file.name}\n"
    assert "\x1b[" in said, "a bar moves"
    assert "completed" in said
    assert "\x1b[?25h" in said, "the cursor is shown again"


def test_a_terminal_gets_a_table_whose_ids_are_whole(fast: Emulator, run: Run) -> None:
    id_ = run("create", "a cat", "--detach", "--base-url", fast.base_url).stdout.strip()
    terminal, end = pty.openpty()
    process = subprocess.Popen(
        [COMMAND, "jobs"], stdout=end, env={**os.environ, "TERM": "xterm", "COLUMNS": "150"}
    )
    os.close(end)
    said = _all_of(terminal)
    assert process.wait(30) == 0
    assert "status" in said
    assert id_ in said


def _all_of(terminal: int) -> str:
    said = b""
    try:
        while piece := os.read(terminal, 65_536):
            said += piece
    except OSError:
        pass  # how a pseudo terminal ends
    os.close(terminal)
    return said.decode()
