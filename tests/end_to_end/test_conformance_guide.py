"""The commands of docs/conformance.md run as they stand; its tables are what the suite is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
import yaml

from openvideos_contract.reports.files import FORMS
from openvideos_contract.settings.table import SETTINGS, Setting
from openvideos_emulator import Emulator

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "conformance.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", GUIDE, re.DOTALL)
ADDRESS = "http://127.0.0.1:8000/v1"
ENVIRONMENT = {
    **{
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OPENAI_", "OPENVIDEOS_", "PYTEST_"))
    },
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(speed=1000, media="tiny") as emulator:
        yield emulator


def block(start: str) -> str:
    (found,) = [text for _, text in BLOCKS if text.startswith(start)]
    return str(found)


def shell(
    command: str, folder: Path, emulator: Emulator, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-ec", command.replace(ADDRESS, emulator.base_url)],
        cwd=folder,
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        timeout=100,
    )


def test_each_command_is_one_that_is_run_below_or_by_another_test() -> None:
    commands = [text.split("\n")[0] for kind, text in BLOCKS if kind == "sh"]
    asked = f"openvideos conform --base-url {ADDRESS} --api-key sk-test"
    assert commands == [
        "pip install 'openvideos[contract]'",  # tests/end_to_end/test_readme.py installs it
        f"{asked} --report-dir report",  # what README has, and its test runs
        "openvideos emulator --speed 1000 exec -- "  # what `make demo` runs
        "openvideos conform --dialect openai --report-dir report",
        f"{asked} --dry-run",
        f"{asked} \\",
        f"{asked} --write-baseline mine.overlay.yaml",
        "pytest -p openvideos_contract.plugin --pyargs openvideos_contract \\",
    ]


def test_the_plan_is_printed_and_nothing_is_sent(tmp_path: Path) -> None:
    with Emulator(admin=True) as emulator:
        (command,) = [text for kind, text in BLOCKS if kind == "sh" and "--dry-run" in text]
        done = shell(command, tmp_path, emulator)
        assert not emulator.requests
    assert done.returncode == 0, done.stderr
    assert "720x1280" in done.stdout


def test_a_finished_video_is_read_and_nothing_is_made(emulator: Emulator, tmp_path: Path) -> None:
    with httpx.Client(
        base_url=emulator.base_url, headers={"Authorization": "Bearer sk-test"}
    ) as client:
        video = client.post("/videos", json={"prompt": "A whale"}).json()["id"]
        while client.get(f"/videos/{video}").json()["status"] != "completed":
            pass
        (command,) = [text for _, text in BLOCKS if "--reuse-video" in text]
        # Of what reads, and of what would make videos; the generated requests take the longest.
        command = f"{command.strip()} --only CREATE-001,REMIX-001,LIFE,MEDIA"
        done = shell(command, tmp_path, emulator, VIDEO=video)
        assert done.returncode == 0, done.stdout + done.stderr
        assert re.search(r"media \(\d+ tests\): \d+ passed", done.stdout)
        assert [each["id"] for each in client.get("/videos").json()["data"]] == [video]


def test_a_dialect_is_written_from_a_run_and_wants_reasons(
    emulator: Emulator, tmp_path: Path
) -> None:
    (command,) = [text for _, text in BLOCKS if "--write-baseline" in text]
    # Of one requirement, as other tests run them all; nothing is broken, so nothing is expected.
    done = shell(command.strip() + " --only RETRIEVE-004 --allow-incomplete", tmp_path, emulator)
    assert done.returncode == 0, done.stdout + done.stderr
    written = yaml.safe_load((tmp_path / "mine.overlay.yaml").read_text("utf-8"))
    assert written["x-openvideos"]["expected_failures"] == []


def test_the_dialect_of_the_guide_is_one(tmp_path: Path, emulator: Emulator) -> None:
    (tmp_path / "mine.overlay.yaml").write_text(block("overlay:"), "utf-8")
    command = f"openvideos conform --base-url {ADDRESS} --dialect mine.overlay.yaml --dry-run"
    done = shell(command, tmp_path, emulator)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "core, auth, media" in done.stdout


def test_pytest_runs_the_suite(emulator: Emulator, tmp_path: Path) -> None:
    done = shell(block("pytest -p"), tmp_path, emulator)
    assert done.returncode in {0, 3}, done.stdout + done.stderr
    assert re.search(r"\d+ passed", done.stdout)


def test_the_snippets_for_continuous_integration_name_what_there_is() -> None:
    github, gitlab = (yaml.safe_load(block(start)) for start in ("jobs:", "conformance:"))
    action = yaml.safe_load((ROOT / "action.yml").read_text("utf-8"))
    (step,) = [
        step
        for step in github["jobs"]["conformance"]["steps"]
        if "openvideos" in step.get("uses", "")
    ]
    assert set(step["with"]) <= set(action["inputs"])
    (conform,) = [line for line in gitlab["conformance"]["script"] if "conform" in line]
    flags = {each.flag for each in SETTINGS.values()}
    assert set(re.findall(r"--[\w-]+", conform)) <= flags


def settings_table() -> str:
    """Return the table of settings as the guide must have it."""
    lines: list[str] = []
    group = ""
    for setting in SETTINGS.values():
        if setting.about.group != group:
            group = setting.about.group
            lines += ["", f"**{group}**", "", "| | default | |", "|-|-|-|"]
        lines.append(f"| `{setting.flag}` | {default_of(setting)} | {setting.about.help} |")
    return "\n".join(lines).strip()


def default_of(setting: Setting) -> str:
    match setting.default:
        case None | () | frozenset():
            return ""
        case bool() as default:
            return "on" if default else "off"
        case float() as default:
            return f"{default:g}"
        case tuple() as default:
            return ", ".join(default)
        case default:
            return str(default)


def test_the_table_of_settings_is_what_there_is() -> None:
    (table,) = re.findall(r"<!-- settings -->\n(.*?)\n?<!-- /settings -->", GUIDE, re.DOTALL)
    assert table.strip() == settings_table()


def test_the_files_of_the_table_are_those_that_are_written() -> None:
    rows = re.findall(r"^\| (`\w+\.\w+`.*?) \|", GUIDE, re.MULTILINE)
    told = [name for row in rows for name in re.findall(r"`(\w+\.\w+)`", row)]
    assert sorted(told) == sorted(FORMS)


if __name__ == "__main__":
    print(settings_table())
