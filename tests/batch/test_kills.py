"""A batch that is killed at any moment, and started again: no line is made twice, none is lost."""

from __future__ import annotations

import json
import random
import secrets
import sqlite3
import time
from collections import Counter
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import av
import pytest

from openvideos import OpenVideos
from openvideos._batch.database import open_ledger
from openvideos._batch.queries import all_rows
from openvideos._batch.rows import Row

from .conftest import postgresql_tests
from .processes import Commands, kill

PROMPTS = ("a cat", "a cat", "a dog", "a cat", "a house in the rain")

Start = Callable[[Path, str], Commands]

# So slow are creates then that kills fall before the server has the request, and between its answer
# and the ledger.
SLOW_CREATES = ("--header", "X-Killed: 1")


@pytest.fixture
def killed(commands: Start, tmp_path: Path) -> Commands:
    return commands(tmp_path / "log.txt", f"sk-{secrets.token_hex(8)}")


def add_lines(file: Path, number: int) -> int:
    """Add lines to a batch; return how many it has."""
    before = file.read_text().splitlines() if file.exists() else []
    added = [
        json.dumps({"prompt": PROMPTS[at % len(PROMPTS)], "size": "64x64", "seconds": 0.1})
        for at in range(len(before), len(before) + number)
    ]
    file.write_text("".join(f"{line}\n" for line in (*before, *added)))
    return len(before) + number


def rows_of(location: object) -> list[Row]:
    ledger = open_ledger(str(location))
    try:
        return ledger.run_blocking(all_rows)
    finally:
        ledger.close()


def jobs_at(commands: Commands) -> list[tuple[str, str]]:
    """Return the id and the prompt of each job that the server made."""
    with OpenVideos(base_url=commands.base_url, api_key=commands.key) as client:
        return [(video.id, str(video.prompt)) for video in client.videos.list(limit=100)]


def assert_no_line_was_made_twice(rows: list[Row], made: list[tuple[str, str]]) -> None:
    """Hold each job that the server made to a line, and each line to one job.

    Args:
        rows: The lines.
        made: The id and prompt of each job.
    """
    lines = Counter(row.line.fields["prompt"] for row in rows)
    jobs = Counter(prompt for _, prompt in made)
    assert all(jobs[prompt] <= lines[prompt] for prompt in jobs), (jobs, lines)
    known = [row.video_id for row in rows if row.video_id]
    assert len(known) == len(set(known))
    assert set(known) <= {id_ for id_, _ in made}


def assert_all_files_decode(rows: list[Row], folder: Path) -> None:
    for row in rows:
        if row.state == "saved":
            assert row.file
            with av.open(str(folder / row.file)) as video:
                assert sum(1 for _ in video.decode(video.streams.video[0])) > 0
    saved = {row.file for row in rows if row.state == "saved"}
    assert {file.name for file in folder.glob("*.mp4")} == saved


def until_creating(ledger: Path) -> None:
    """Wait until a create is under way, or for a second."""
    deadline = time.monotonic() + 1
    query = "SELECT 1 FROM openvideos_batch_lines WHERE state = 'creating'"
    while time.monotonic() < deadline:
        with (
            suppress(sqlite3.OperationalError),  # it is not there yet
            closing(sqlite3.connect(f"file:{ledger}?mode=ro", uri=True)) as connection,
        ):
            if connection.execute(query).fetchone():
                return
        time.sleep(0.01)


def run_with_kills(
    commands: Commands, file: Path, out: Path, options: list[object], *, kills: int, seed: int
) -> tuple[int, int]:
    """Kill the command at random moments, every other of them after a create has begun.

    Returns:
        The exit code of a last run to the end, and how many lines there are.
    """
    chance = random.Random(seed)  # noqa: S311 - it is to be the same in each run
    arguments = [file, "--out", out, "--max-in-flight", 3, "--interval", 0.1, *options]
    arguments += SLOW_CREATES
    lines = add_lines(file, 6)
    while kills:
        process = commands.start(arguments)
        if kills % 2:
            until_creating(out / "batch.sqlite3")
        time.sleep(chance.uniform(0, 0.45))
        kill(process)
        if commands.wait() < 0:
            kills -= 1
        else:
            lines = add_lines(file, 1)
    lines = add_lines(file, 2)
    return commands.run(arguments), lines


def test_a_batch_killed_twenty_times_makes_each_line_once(killed: Commands, tmp_path: Path) -> None:
    file, out = tmp_path / "jobs.jsonl", tmp_path / "out"
    code, lines = run_with_kills(killed, file, out, ["--settle", 3], kills=20, seed=1)
    rows, made = rows_of(out / "batch.sqlite3"), jobs_at(killed)
    assert code == 0, killed.log.read_text()[-2000:]
    assert [row.state for row in rows] == ["saved"] * lines
    assert len(made) == lines
    assert_no_line_was_made_twice(rows, made)
    assert_all_files_decode(rows, out)
    assert not any((out / ".incoming").iterdir())


def test_without_a_list_lost_lines_are_held_until_repeating_is_asked_for(
    killed: Commands, tmp_path: Path
) -> None:
    file, out = tmp_path / "jobs.jsonl", tmp_path / "out"
    options: list[object] = ["--header", "X-No-List: 1"]
    code, lines = run_with_kills(killed, file, out, options, kills=3, seed=2)
    rows, made = rows_of(out / "batch.sqlite3"), jobs_at(killed)
    held = [row for row in rows if row.held]
    assert code == 3
    assert held
    assert all("no list" in (row.reason or "") for row in held)
    assert {row.state for row in rows if not row.held} == {"saved"}
    assert_no_line_was_made_twice(rows, made)
    assert_all_files_decode(rows, out)

    options += ["--interval", 0.05, "--on-uncertain", "repeat"]
    assert killed.run([file, "--out", out, *options]) == 0
    rows = rows_of(out / "batch.sqlite3")
    assert [row.state for row in rows] == ["saved"] * lines
    assert {row.position for row in rows if row.repeats} == {row.position for row in held}
    assert len(jobs_at(killed)) == len(made) + len(held)
    assert_all_files_decode(rows, out)


@postgresql_tests
def test_workers_share_a_batch_and_go_on_where_one_is_killed(
    commands: Start, postgresql_url: str, tmp_path: Path
) -> None:
    file, out = tmp_path / "jobs.jsonl", tmp_path / "out"
    lines = add_lines(file, 6)
    arguments: list[object] = [file, "--out", out, "--ledger", postgresql_url]
    arguments += ["--max-in-flight", 4, "--interval", 0.1, "--settle", 3, *SLOW_CREATES]
    killed = commands(tmp_path / "killed.txt", "sk-shared")
    survivor = commands(tmp_path / "survivor.txt", "sk-shared")
    process = killed.start(arguments)
    while not any(row.state == "creating" for row in rows_of(postgresql_url)):
        time.sleep(0.01)
    survivor.start(arguments)
    while killed.log.stat().st_size == 0 if killed.log.exists() else True:
        time.sleep(0.01)
    time.sleep(0.1)
    kill(process)
    assert killed.wait() < 0
    assert survivor.wait() == 0, survivor.log.read_text()[-2000:]
    rows, made = rows_of(postgresql_url), jobs_at(survivor)
    assert [row.state for row in rows] == ["saved"] * lines
    assert len(made) == lines
    assert_no_line_was_made_twice(rows, made)
    assert_all_files_decode(rows, out)
