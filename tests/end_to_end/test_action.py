"""The GitHub Action: its steps are run as a runner would run them, in order, by bash."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import Any

import pytest
import yaml

from openvideos_emulator import Emulator

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
STEPS: list[dict[str, Any]] = ACTION["runs"]["steps"]
# What stands for a checkout of a released version: packages that the steps would have installed.
INSTALLED_BEFORE = {
    "PIP_NO_DEPS": "1",
    "PIP_NO_BUILD_ISOLATION": "off",
    "PYTHONPATH": sysconfig.get_path("purelib"),
}


class Runner:
    """Runs the steps of the action, with the files and expressions that GitHub gives them."""

    def __init__(self, folder: Path, inputs: dict[str, str]) -> None:
        self.folder = folder
        self.output = folder / "output"
        self.summary = folder / "summary"
        given = {name: about.get("default", "") for name, about in ACTION["inputs"].items()}
        self._values = {
            "github.action_path": str(ROOT),
            "runner.temp": str(folder / "temp"),
            **{f"inputs.{name}": value for name, value in {**given, **inputs}.items()},
        }

    def run(self, step: dict[str, Any]) -> subprocess.CompletedProcess[str]:
        environment = {name: self._evaluate(text) for name, text in step["env"].items()}
        return subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]],
            cwd=self.folder,
            env={
                **{k: v for k, v in os.environ.items() if not k.startswith(("OPENVIDEOS", "PIP"))},
                **INSTALLED_BEFORE,
                "GITHUB_OUTPUT": str(self.output),
                "GITHUB_STEP_SUMMARY": str(self.summary),
                **environment,
            },
            capture_output=True,
            text=True,
            check=False,
            timeout=90,
        )

    def _evaluate(self, text: str) -> str:
        return re.sub(r"\$\{\{ ([\w.-]+) \}\}", lambda found: self._values[found[1]], text)


def test_no_input_is_pasted_into_a_script() -> None:
    for step in STEPS:
        assert "${{" not in step["run"]


def test_each_input_is_used_and_told() -> None:
    used = {name for step in STEPS for name in re.findall(r"inputs\.([\w-]+)", str(step["env"]))}
    assert used == set(ACTION["inputs"])
    assert all(about["description"] for about in ACTION["inputs"].values())


@pytest.mark.timeout(180)
def test_the_steps_install_the_suite_and_hold_a_server_to_the_contract(tmp_path: Path) -> None:
    install, conform = STEPS
    with Emulator(speed=1000) as emulator:
        runner = Runner(
            tmp_path,
            {
                "base-url": emulator.base_url,
                "api-key": emulator.api_key,
                "python": sys.executable,
                "max-videos": "1",
                "only": "RETRIEVE-004,ERROR-008",
                "report-dir": "reports of $HOME; `true`",
            },
        )
        installed = runner.run(install)
        assert installed.returncode == 0, installed.stderr
        assert (tmp_path / "temp" / "openvideos" / "bin" / "openvideos").is_file()
        done = runner.run(conform)
    report = json.loads((tmp_path / "reports of $HOME; `true`" / "report.json").read_text("utf-8"))
    assert {
        result["requirement"] for result in report["results"] if result["status"] == "pass"
    } == {
        "RETRIEVE-004",
        "ERROR-008",
    }, done.stdout + done.stderr
    # Most of the profile was left out, which is no conformance.
    assert done.returncode == report["exit_code"] == 3
    assert runner.output.read_text("utf-8") == "exit-code=3\n"
    assert "RETRIEVE-004" in runner.summary.read_text(
        "utf-8"
    ) or "core" in runner.summary.read_text("utf-8")


def test_a_server_that_is_not_there_ends_the_step_with_2(tmp_path: Path) -> None:
    runner = Runner(tmp_path, {"base-url": "http://127.0.0.1:9/v1"})
    # The suite of this environment: the step finds it where the install step would have put it.
    folder = tmp_path / "temp" / "openvideos"
    folder.mkdir(parents=True)
    (folder / "bin").symlink_to(Path(sys.executable).parent)
    done = runner.run(STEPS[1])
    assert done.returncode == 2
    assert runner.output.read_text("utf-8") == "exit-code=2\n"
    assert "http://127.0.0.1:9/v1" in done.stderr
    assert not runner.summary.exists()
