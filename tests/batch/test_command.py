"""`openvideos batch` as a whole, against an emulator on a real socket."""

from __future__ import annotations

import json
import os
import re
import secrets
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from attrs import frozen
from typer.testing import CliRunner

from openvideos import OpenVideos
from openvideos._batch import worker
from openvideos._batch.command import app
from openvideos_emulator import Emulator

from .processes import Commands

A_CAT = {"prompt": "a cat", "size": "64x64", "seconds": 0.1}


@frozen
class Ended:
    """How a command ended."""

    code: int
    data: Any
    said: str


@pytest.fixture
def batch(
    emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ended]:
    """Run the command with `--json` on lines, as a tenant of its own or one with a fault."""
    monkeypatch.setenv("OPENVIDEOS_BASE_URL", emulator.base_url)
    monkeypatch.setenv("OPENVIDEOS_API_KEY", f"sk-{secrets.token_hex(8)}")
    monkeypatch.setattr(worker, "_PAUSE_BETWEEN_TRIES", 0.01)

    def run(*options: object, lines: list[Any] | None = None, key: str | None = None) -> Ended:
        if key:
            monkeypatch.setenv("OPENVIDEOS_API_KEY", key)
        file = tmp_path / "jobs.jsonl"
        if lines is not None:
            file.write_text("\n".join(map(json.dumps, lines)))
        arguments = [file, "--out", tmp_path / "out", "--interval", 0.02, "--json", *options]
        result = CliRunner().invoke(app, [str(argument) for argument in arguments])
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        data = json.loads(result.stdout) if result.stdout else None
        return Ended(result.exit_code, data, result.stderr)

    return run


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return tmp_path / "out"


def jobs_of(emulator: Emulator, key: str | None = None) -> int:
    with OpenVideos(
        base_url=emulator.base_url, api_key=key or os.environ["OPENVIDEOS_API_KEY"]
    ) as client:
        return sum(1 for _ in client.videos.list(limit=100))


Batch = Callable[..., Ended]


def test_each_line_becomes_a_file_with_a_name_that_is_known_beforehand(
    batch: Batch, out: Path
) -> None:
    priced = {**A_CAT, "model": "sora-2", "size": "1280x720", "name": "cat"}
    ended = batch(lines=[priced, A_CAT])
    assert ended.code == 0
    assert ended.data["counts"] == {"saved": 2}
    first, second = ended.data["lines"]
    assert first["path"] == str(out / "cat.mp4")
    assert first["cost"] == 0.01
    assert second["path"] == str(out / f"0002-{second['id']}.mp4")
    assert second["cost"] is None
    assert ended.data["cost"] is None
    assert Path(first["path"]).stat().st_size > 0


def test_the_same_command_again_does_nothing_and_new_lines_are_added(
    batch: Batch, emulator: Emulator
) -> None:
    before = batch(lines=[A_CAT]).data
    assert batch().data == before
    assert len(batch(lines=[A_CAT, A_CAT]).data["lines"]) == 2
    assert jobs_of(emulator) == 2


def test_a_file_that_is_missing_or_cut_is_fetched_again(batch: Batch, emulator: Emulator) -> None:
    lines = batch(lines=[A_CAT, A_CAT]).data["lines"]
    missing, cut = (Path(line["path"]) for line in lines)
    size = missing.stat().st_size
    missing.unlink()
    cut.write_bytes(cut.read_bytes()[:100])
    assert batch().code == 0
    assert missing.stat().st_size == size
    assert cut.stat().st_size > 100
    assert jobs_of(emulator) == 2


def test_a_missing_file_that_the_server_has_no_more_is_a_failure_that_says_so(
    batch: Batch, emulator: Emulator
) -> None:
    [line] = batch(lines=[A_CAT]).data["lines"]
    Path(line["path"]).unlink()
    with OpenVideos() as client:
        client.videos.delete(line["id"])
    ended = batch()
    assert ended.code == 5
    assert "not to be had any more" in ended.data["lines"][0]["reason"]


def test_a_file_of_somebody_else_is_never_written_over(batch: Batch, out: Path) -> None:
    out.mkdir()
    (out / "cat.mp4").write_text("mine")
    ended = batch(lines=[{**A_CAT, "name": "cat"}])
    assert ended.code == 3
    assert ended.data["lines"][0]["status"] == "held"
    assert (out / "cat.mp4").read_text() == "mine"
    (out / "cat.mp4").unlink()
    assert batch().code == 0


def test_failures_are_reported_and_the_rest_is_made(batch: Batch) -> None:
    ended = batch(lines=[A_CAT, {**A_CAT, "prompt": "[moderation_blocked]"}, A_CAT])
    assert ended.code == 5
    assert ended.data["counts"] == {"saved": 2, "failed": 1}
    assert "moderation" in ended.data["lines"][1]["reason"]


def test_what_failed_is_made_anew_only_where_that_is_asked_for(
    batch: Batch, emulator: Emulator
) -> None:
    batch(lines=[{**A_CAT, "prompt": "[moderation_blocked]"}])
    assert (batch().code, jobs_of(emulator)) == (5, 1)
    ended = batch("--retry-failed")
    assert (ended.code, jobs_of(emulator)) == (5, 2)
    assert ended.data["other_jobs"][0]["reason"] == "it failed, and was made anew"


def test_what_a_proxy_knows_no_way_to_is_held_and_taken_up_again(
    batch: Batch, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openvideos._waiting.polling.LATE_BY", 0.0)
    for reason in ("cannot be asked for", "not saved"):
        ended = batch("--max-in-flight", 1, lines=[A_CAT], key="sk-proxied")
        assert (ended.code, ended.data["lines"][0]["status"]) == (3, "held")
        assert reason in ended.data["lines"][0]["reason"]
    assert batch().code == 0
    assert jobs_of(emulator) == 1


@pytest.mark.parametrize("fails", ["final_name", "move"])
def test_a_file_that_cannot_get_its_name_is_held_and_said(
    batch: Batch, emulator: Emulator, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(worker, fails, refuse)
        ended = batch(lines=[A_CAT])
    assert ended.code == 1
    assert "files cannot be written" in ended.said
    assert "Permission denied" in ended.data["lines"][0]["reason"]
    assert batch().code == 0
    assert jobs_of(emulator) == 1


def test_too_many_running_tasks_are_waited_out(batch: Batch, emulator: Emulator) -> None:
    ended = batch("--max-in-flight", 3, lines=[A_CAT] * 4, key="sk-too-many")
    assert ended.code == 0
    assert "no more jobs are started for now" in ended.said
    assert jobs_of(emulator) == 4


@pytest.mark.parametrize(
    ("key", "code"), [("sk-bad-key", 4), ("sk-no-quota", 1), ("sk-no-money", 1)]
)
def test_what_no_line_can_get_over_ends_the_batch_and_nothing_is_uncertain(
    batch: Batch, key: str, code: int
) -> None:
    ended = batch(lines=[A_CAT] * 3, key=key)
    assert ended.code == code
    assert ended.data["counts"] == {"pending": 3}
    assert ended.data["cost"] == 0


def test_lost_answers_are_found_in_the_list(batch: Batch, emulator: Emulator) -> None:
    ended = batch("--max-in-flight", 2, lines=[A_CAT] * 3, key="sk-lost")
    assert ended.code == 0
    assert ended.said.count("the answer was lost") == 2
    assert ended.said.count("its job was found") == 2
    assert jobs_of(emulator) == 3


def test_with_idempotency_keys_a_lost_answer_is_sent_again(
    batch: Batch, emulator: Emulator
) -> None:
    ended = batch("--idempotency-key", "--max-in-flight", 1, lines=[A_CAT], key="sk-keyed")
    assert ended.code == 0
    assert ended.said.count("the answer was lost") == 2
    assert "found" not in ended.said


def test_a_job_that_outlasts_max_wait_is_held_and_taken_up_again(
    batch: Batch, emulator: Emulator
) -> None:
    ended = batch("--max-wait", 0.2, lines=[A_CAT], key="sk-never")
    assert ended.code == 3
    assert ended.data["lines"][0]["state"] == "running"
    assert "it runs on" in ended.data["lines"][0]["reason"]
    assert batch("--max-wait", 0.2).data["lines"][0]["id"] == ended.data["lines"][0]["id"]
    assert jobs_of(emulator) == 1


def test_what_cannot_be_downloaded_is_held_and_no_file_is_left(batch: Batch, out: Path) -> None:
    ended = batch(lines=[A_CAT], key="sk-broken")
    assert ended.code == 3
    assert "made, but not saved" in ended.data["lines"][0]["reason"]
    assert list(out.glob("*.mp4")) == []


def test_bad_lines_are_all_named_and_nothing_is_sent(
    batch: Batch, emulator: Emulator, out: Path
) -> None:
    ended = batch(lines=[A_CAT, {"promt": "a cat"}, {**A_CAT, "name": "a/b"}])
    assert ended.code == 2
    assert re.findall(r"line \d", ended.said) == ["line 2", "line 3"]
    assert jobs_of(emulator) == 0
    assert not out.exists()


def test_a_changed_line_is_an_error(batch: Batch, emulator: Emulator) -> None:
    batch(lines=[A_CAT])
    ended = batch(lines=[{**A_CAT, "prompt": "a dog"}])
    assert ended.code == 2
    assert "other contents of line 1" in ended.said
    assert jobs_of(emulator) == 1


def test_a_dry_run_shows_the_cost_and_sends_and_writes_nothing(
    batch: Batch, emulator: Emulator, out: Path
) -> None:
    priced = {"prompt": "a cat", "model": "sora-2", "size": "720x1280", "seconds": 8}
    ended = batch("--dry-run", lines=[priced, priced])
    assert (ended.code, ended.data["cost"]) == (0, 1.6)
    ended = batch("--dry-run", lines=[priced, {"prompt": "a dog"}])
    assert (ended.data["cost"], ended.data["lines"][1]["cost"]) == (None, None)
    assert jobs_of(emulator) == 0
    assert not out.exists()


def test_a_batch_that_costs_too_much_is_not_begun(batch: Batch, emulator: Emulator) -> None:
    priced = {"prompt": "a cat", "model": "sora-2", "size": "720x1280", "seconds": 8}
    ended = batch("--max-cost", "1.59", lines=[priced, priced])
    assert (ended.code, jobs_of(emulator)) == (2, 0)


def test_people_read_a_summary_and_no_key(batch: Batch, emulator: Emulator, tmp_path: Path) -> None:
    key = os.environ["OPENVIDEOS_API_KEY"]
    batch(lines=[A_CAT, {**A_CAT, "prompt": "[moderation_blocked]"}])
    arguments = [tmp_path / "jobs.jsonl", "--out", tmp_path / "out"]
    result = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert result.stdout.startswith("1 saved, 1 failed; cost unknown\nline 2 failed")
    assert key not in result.output
    assert key.encode() not in (tmp_path / "out" / "batch.sqlite3").read_bytes()


def until(log: Path, text: str) -> None:
    deadline = time.monotonic() + 20
    while text.encode() not in (log.read_bytes() if log.exists() else b""):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_ctrl_c_waits_for_the_ids_of_creates_and_the_same_command_goes_on(
    emulator: Emulator, commands: Callable[..., Commands], tmp_path: Path
) -> None:
    file, out, log = tmp_path / "jobs.jsonl", tmp_path / "out", tmp_path / "log.txt"
    file.write_text("\n".join(json.dumps(A_CAT) for _ in range(4)))
    arguments = [file, "--out", out, "--max-in-flight", 2, "--interval", 0.02]
    slow = commands(log, "sk-slow")
    process = slow.start(arguments)
    until(out / "batch.sqlite3", "creating")
    time.sleep(0.1)
    os.kill(process, signal.SIGINT)
    assert slow.wait() == 130
    assert "Waiting for the answers" in log.read_text()
    assert "the same command goes on" in log.read_text()
    assert "2 running, 2 pending" in log.read_text()
    assert slow.run(arguments) == 0
    assert jobs_of(emulator, "sk-slow") == 4


def test_a_second_ctrl_c_leaves_at_once_and_nothing_is_made_twice(
    emulator: Emulator, commands: Callable[..., Commands], tmp_path: Path
) -> None:
    file, out, log = tmp_path / "jobs.jsonl", tmp_path / "out", tmp_path / "log.txt"
    file.write_text(json.dumps({**A_CAT, "prompt": "a dog"}))
    before = jobs_of(emulator, "sk-slow")
    slow = commands(log, "sk-slow")
    process = slow.start([file, "--out", out])
    until(out / "batch.sqlite3", "creating")
    time.sleep(0.2)
    os.kill(process, signal.SIGINT)
    until(log, "Waiting for the answers")
    os.kill(process, signal.SIGINT)
    assert slow.wait() == 130
    assert slow.run([file, "--out", out, "--interval", 0.02]) == 0
    assert "its job was found" in log.read_text()
    assert jobs_of(emulator, "sk-slow") == before + 1
