"""Defects planted in the emulator: the suite finds each and names what it breaks."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from openvideos_emulator import Emulator

ROOT = Path(__file__).parents[2]
OPENVIDEOS = Path(sys.executable).parent / "openvideos"
KEYS = ("sk-first-tenant", "sk-second-tenant")
AREAS = {"shape", "echo", "sequence", "paging", "media", "deletion", "auth", "errors"}


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


DEFECTS: list[dict[str, Any]] = load(Path(__file__).with_name("defects.yaml"))
REQUIREMENTS = load(ROOT / "contract_tests" / "openvideos_contract" / "requirements.yaml")


def conform(
    emulator: Emulator, folder: Path
) -> tuple[subprocess.CompletedProcess[str], dict[str, list[str]]]:
    """Run the suite against an emulator; return also what each requirement that failed has seen."""
    run = subprocess.run(
        [
            *(OPENVIDEOS, "conform", "--base-url", emulator.base_url, "--dialect", "openai"),
            *("--api-key", KEYS[0], "--second-api-key", KEYS[1], "--report-dir", folder),
        ],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    report = folder / "report.json"
    assert report.exists(), run.stdout + run.stderr
    failed: dict[str, list[str]] = {}
    for result in json.loads(report.read_text(encoding="utf-8"))["results"]:
        if result["status"] not in {"pass", "skip"}:
            place = f"{result['requirement']} {result['status']}"
            failed.setdefault(place, []).append(result["seen"] or result["reason"])
    return run, failed


# Three at a time, as a run takes many seconds: each is found by a requirement of its own. That
# nothing is found without them is held by tests/suite/test_runs.py.
RUNS = [DEFECTS[start::4] for start in range(4)]


@pytest.mark.parametrize(
    "defects", RUNS, ids=["+".join(defect["id"] for defect in run) for run in RUNS]
)
def test_planted_defects_are_found_and_named(defects: list[dict[str, Any]], tmp_path: Path) -> None:
    faults = tmp_path / "faults.yaml"
    planted = [fault for defect in defects for fault in defect["faults"]]
    faults.write_text(yaml.safe_dump(planted), encoding="utf-8")
    with Emulator(speed=1000, api_keys=KEYS, faults=faults) as emulator:
        run, failed = conform(emulator, tmp_path)
    instead = "\n".join(f"{place}: {seen}" for place, seen in failed.items()) or "nothing at all"
    for defect in defects:
        expected = [f"{requirement} fail" for requirement in defect["breaks"]]
        found = f"{defect['what']}\nexpected: one of {expected}\nfound: {instead}"
        assert any(place in failed for place in expected), found
    assert run.returncode == 1, run.stdout


def test_no_two_defects_of_a_run_are_found_by_one_requirement() -> None:
    for run in RUNS:
        broken = [requirement for defect in run for requirement in defect["breaks"]]
        assert len(broken) == len(set(broken))


def test_there_are_twelve_defects_in_all_the_areas() -> None:
    assert len({defect["id"] for defect in DEFECTS}) == len(DEFECTS) >= 12
    assert {defect["area"] for defect in DEFECTS} == AREAS


@pytest.mark.parametrize("defect", DEFECTS, ids=[defect["id"] for defect in DEFECTS])
def test_a_defect_names_the_requirements_that_it_breaks(defect: dict[str, Any]) -> None:
    known = {requirement for profile in REQUIREMENTS.values() for requirement in profile}
    assert defect["breaks"]
    assert set(defect["breaks"]) <= known
