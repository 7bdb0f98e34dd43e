"""Whole runs, by the command, as a user starts it."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest

from openvideos_contract.reports import comparison, files, json_report
from openvideos_emulator import Emulator

# One emulator and one whole run for all, also where tests are spread over processes.
share_emulator = pytest.mark.xdist_group("suite runs")
KEYS = ("sk-first-key-of-the-test", "sk-second-key-of-the-test")
PROFILES = ("core", "remix", "auth", "media", "catalogue", "edits", "characters")
TOO_EARLY = ("CONTENT-003", "CONTENT-004", "REMIX-010", "EDIT-017", "EDIT-018", "EXTEND-017")
COMMAND = (sys.executable, "-c", "from openvideos_contract.command import app; app()")


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(speed=240, api_keys=KEYS, media="tiny") as running:
        yield running


def conform(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *arguments], cwd=folder, capture_output=True, text=True, timeout=100, check=False
    )


def report_in(folder: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((folder / "report.json").read_text())
    return document


@pytest.fixture(scope="module")
def healthy(
    emulator: Emulator, tmp_path_factory: pytest.TempPathFactory
) -> tuple[subprocess.CompletedProcess[str], Path]:
    """A run with everything against the healthy emulator."""
    folder = tmp_path_factory.mktemp("healthy")
    run = conform(
        folder,
        *("--base-url", emulator.base_url, "--api-key", KEYS[0], "--second-api-key", KEYS[1]),
        *("--dialect", "openai", "--report-dir", "reports"),
    )
    return run, folder


Healthy = tuple[subprocess.CompletedProcess[str], Path]


@share_emulator
def test_the_healthy_emulator_conforms_without_a_warning(healthy: Healthy) -> None:
    run, folder = healthy
    assert run.returncode == 0, run.stdout + run.stderr
    report = report_in(folder / "reports")
    assert report["verdicts"] == dict.fromkeys(PROFILES, "conforms")
    others = {
        result["requirement"]: result["status"]
        for result in report["results"]
        if result["status"] != "pass"
    }
    # It takes no urlencoded bodies; and what comes too early may be overtaken by the job's end.
    assert set(others) <= {"CREATE-027", *TOO_EARLY}
    assert set(others.values()) <= {"skip"}


@share_emulator
def test_a_run_says_beforehand_what_it_costs_and_keeps_to_it(healthy: Healthy) -> None:
    run, folder = healthy
    plan = run.stdout.partition("create (")[0]
    jobs = report_in(folder / "reports")["jobs"]
    assert f"at most 12 (--max-videos); a complete run needs {jobs['needed']}" in plan
    assert "8 s, 1280x720" in plan
    assert jobs["spent"] <= jobs["needed"] <= 12
    # The protocol has no deletion of characters.
    assert all(name.startswith("char_") for name in jobs["left_over"])


@share_emulator
def test_a_run_leaves_no_file_but_its_reports(healthy: Healthy) -> None:
    _, folder = healthy
    left = {str(path.relative_to(folder)) for path in folder.rglob("*")}
    assert left == {"reports", *(f"reports/{name}" for name in files.FORMS)}


@share_emulator
def test_the_reports_of_a_run_are_whole_and_as_their_schema_says(healthy: Healthy) -> None:
    _, folder = healthy
    report = report_in(folder / "reports")
    jsonschema_rs.Draft202012Validator(json_report.schema()).validate(report)
    assert comparison.read(folder / "reports" / "report.json") == report
    archive = json.loads((folder / "reports" / "report.har").read_text())["log"]
    assert all(entry["response"]["status"] for entry in archive["entries"])
    assert report["jobs"]["seconds_of_video"] > 0
    page = (folder / "reports" / "report.html").read_text()
    assert page.count('src="data:image/') > 3
    assert "conforms" in (folder / "reports" / "badge.svg").read_text()


@share_emulator
def test_no_report_shows_a_key(healthy: Healthy) -> None:
    run, folder = healthy
    texts = [run.stdout, run.stderr]
    texts += [path.read_text() for path in (folder / "reports").iterdir()]
    assert not any(key in text for key in KEYS for text in texts)


@share_emulator
def test_junit_has_a_suite_for_each_profile(healthy: Healthy) -> None:
    _, folder = healthy
    suites = ElementTree.parse(folder / "reports" / "junit.xml").getroot()  # noqa: S314 - our own
    assert {suite.get("name") for suite in suites} == {f"openvideos.{name}" for name in PROFILES}
    assert all(suite.get("failures") == suite.get("errors") == "0" for suite in suites)


@share_emulator
def test_a_run_deletes_what_it_made(emulator: Emulator, healthy: Healthy) -> None:
    import httpx

    headers = {"Authorization": f"Bearer {KEYS[0]}"}
    listed = httpx.get(f"{emulator.base_url}/videos", headers=headers, trust_env=False).json()
    assert [video["prompt"] for video in listed["data"]] == []


@share_emulator
def test_a_run_that_left_a_must_out_is_incomplete(emulator: Emulator, tmp_path: Path) -> None:
    arguments = ["--base-url", emulator.base_url, "--api-key", KEYS[0], "--max-videos", "0"]
    arguments += ["--only", "LIST-010", "--only", "CREATE-001"]
    run = conform(tmp_path, *arguments)
    assert run.returncode == 3, run.stdout
    assert "--max-videos 0 leaves no room" in run.stdout
    assert "would leave nothing out" in run.stdout
    assert conform(tmp_path, *arguments, "--allow-incomplete").returncode == 0


def test_a_server_that_shows_the_key_in_its_videos_puts_it_in_no_report(
    lenient: Any, tmp_path: Path
) -> None:
    answer = lenient.answer

    def leaking(method: str, path: str) -> tuple[int, Any]:
        status, body = answer(method, path)
        if method == "DELETE":
            return 405, {}
        return status, body | {"prompt": KEYS[0], "id": f"{body.get('id')} {KEYS[0]}"}

    lenient.answer = leaking
    arguments = ["--base-url", lenient.base_url, "--api-key", KEYS[0], "--report-dir", "reports"]
    arguments += [part for number in ("CREATE-004", "LIFE-006") for part in ("--only", number)]
    run = conform(tmp_path, *arguments)
    assert run.returncode == 1, run.stdout + run.stderr
    assert 'the prompt "***"' in run.stdout
    assert "LEFT OVER" in run.stdout
    texts = [path.read_text() for path in (tmp_path / "reports").iterdir()]
    assert not any(KEYS[0] in text for text in [run.stdout, run.stderr, *texts])


def test_an_interrupted_run_deletes_what_it_made(lenient: Any, tmp_path: Path) -> None:
    lenient.status_of_jobs = "queued"  # so that the run waits for the jobs
    process = subprocess.Popen(
        [*COMMAND, "--base-url", lenient.base_url, "--profile", "core", "--only", "LIFE-001"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 30
    while len(lenient.accepted) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=30)
    assert len(lenient.accepted) == 2, output
    assert set(lenient.videos) == {"own_0", "own_1", "own_2"}
    assert process.returncode == 130, output
