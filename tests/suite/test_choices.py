"""What a run does with what the user chose: how much is tested, and what is told beforehand."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from openvideos_contract.running.conform import conform


def test_a_dry_run_tells_the_plan_and_sends_nothing(
    lenient: Any, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    settings = {"base_url": lenient.base_url, "max_videos": 5, "dry_run": True, "dialect": "openai"}
    settings |= {"only": {"LIST", "CREATE-001"}, "report_dir": tmp_path / "reports"}
    assert conform(settings, ["core"]) == 0
    told = capsys.readouterr().out
    for line in (
        f"server    {lenient.base_url}",
        "profiles  core",
        "4 s, 720x1280, sora-2",
        " MUST, ",
        "- create: 1\n",
        "- list: ",
        "at most   5 jobs; ",
        "cost      unknown",
    ):
        assert line in told
    assert "- auth: " not in told
    assert lenient.log == []
    assert not (tmp_path / "reports").exists()


def test_the_longest_that_jobs_can_be_is_told_as_far_as_it_is_known(
    lenient: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"base_url": lenient.base_url, "max_videos": 9, "dry_run": True, "seconds": "6"}
    assert conform(settings | {"only": {"LIFE-001"}}, ["core"]) == 0
    told = capsys.readouterr().out
    found = re.search(r"at most   9 jobs; (\d) jobs of (\d+) s in all and (\d) as long as", told)
    assert found, told
    known, seconds, unknown = map(int, found.groups())
    assert seconds == 6 * known
    assert known + unknown == 9


def test_fail_fast_stops_at_the_first_failure_of_what_was_chosen(
    lenient: Any, tmp_path: Path
) -> None:
    settings = {"base_url": lenient.base_url, "only": {"CREATE"}, "fail_fast": True}
    assert conform(settings | {"report_dir": tmp_path}, ["core"]) == 1
    report = json.loads((tmp_path / "report.json").read_text())
    statuses = [result["status"] for result in report["results"]]
    assert sum(status in {"fail", "warn"} for status in statuses[:-1]) == 0
    assert statuses[-1] in {"fail", "warn"}
    assert set(lenient.videos) == {"own_0", "own_1", "own_2"}


def test_a_run_against_a_server_without_keys_is_not_told_to_give_one(
    lenient: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    conform({"base_url": lenient.base_url, "max_videos": 0, "only": {"AUTH"}}, ["auth"])
    told = capsys.readouterr()
    assert "api-key" not in told.out + told.err


def test_a_run_goes_on_where_nothing_it_tells_can_be_written(lenient: Any, tmp_path: Path) -> None:
    arguments = ["--base-url", lenient.base_url, "--profile", "core", "--only", "RETRIEVE-004"]
    command = [sys.executable, "-c", "from openvideos_contract.command import app; app()"]
    with Path("/dev/full").open("w") as full:
        run = subprocess.run(
            [*command, *arguments, "--report-dir", tmp_path],
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert run.stderr == b""
    assert run.returncode == 3  # as other MUSTs were left out
    assert json.loads((tmp_path / "report.json").read_text())["verdicts"] == {"core": "incomplete"}
