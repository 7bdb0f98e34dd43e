"""The code of docs/emulator.md runs as it stands; its tables are what the emulator is."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import attrs
import pytest

import openvideos_spec
from openvideos_emulator.admin.api import _resources
from openvideos_emulator.configuration import variable_of
from openvideos_emulator.contract import Contract
from openvideos_emulator.settings import SETTINGS, about, flag_of

ROOT = Path(__file__).parents[2]
GUIDE = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
BEFORE, RECIPES = GUIDE.split("## Ten recipes")
ENVIRONMENT = {
    **{
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OPENAI_", "OPENVIDEOS_", "PYTEST_"))
    },
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}


def blocks(language: str, text: str = GUIDE) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", text, re.DOTALL)


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=folder, env=ENVIRONMENT, capture_output=True, text=True, timeout=100
    )


def test_no_block_is_of_a_language_that_does_not_run_below() -> None:
    assert set(re.findall(r"```(\w+)\n", GUIDE)) == {"python", "sh", "toml", "text"}


def test_the_emulator_runs_from_python(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    for code in blocks("python", BEFORE):
        exec(compile(code, "emulator.md", "exec"), namespace)  # noqa: S102 - it is our guide
    assert (tmp_path / "cat.mp4").read_bytes()[4:8] == b"ftyp"


def test_the_recipes_are_tests_that_pass(tmp_path: Path) -> None:
    assert re.findall(r"\n### (\d+)\. ", RECIPES) == [str(number) for number in range(1, 11)]
    pyproject, settings = blocks("toml")
    (tmp_path / "pyproject.toml").write_text(pyproject)
    (tmp_path / "emulator.toml").write_text(settings)
    first, *others = [*blocks("python", RECIPES), blocks("python", BEFORE)[-1]]
    imports = "from openvideos_emulator import Emulator\n"
    (tmp_path / "test_recipes.py").write_text("\n".join([first, imports, *others]))
    (command,) = [each for each in blocks("sh", RECIPES) if each.startswith("pytest")]
    done = run([sys.executable, "-m", *command.split(), "-p", "no:schemathesis"], tmp_path)
    assert re.search(r"= 10 passed in", done.stdout), done.stdout + done.stderr


def test_a_command_of_any_language_finds_the_emulator(tmp_path: Path) -> None:
    (script,) = [each for each in blocks("sh", RECIPES) if "check.sh" in each]
    done = run(["bash", "-ec", script], tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_emulator_starts_as_the_guide_says(tmp_path: Path) -> None:
    (command,) = [each for each in blocks("sh", BEFORE) if "--db" in each]
    with subprocess.Popen(
        command.replace("--port 8000", "--port 0").split(),
        cwd=tmp_path,
        env=ENVIRONMENT,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1\n", process.stdout.readline())
        finally:
            process.terminate()
    assert (tmp_path / "jobs.sqlite").exists()


def settings_table() -> str:
    """Return the table of settings as the guide must have it."""
    lines: list[str] = []
    group = ""
    for setting in SETTINGS.values():
        told = about(setting)
        if told.hidden:
            continue
        if told.group != group:
            group = told.group
            lines += ["", f"**{group}**", "", "| | default | |", "|-|-|-|"]
        lines.append(f"| `{flag_of(setting)}` | {default_of(setting)} | {told.help} |")
    return "\n".join(lines).strip()


def default_of(setting: attrs.Attribute[object]) -> str:
    match setting.default:
        case None | ():
            return ""
        case bool() as default:
            return "on" if default else "off"
        case float() as default:
            return f"{default:g}"
        case default:
            return f"{default}"


def test_the_table_of_settings_is_what_there_is() -> None:
    (table,) = re.findall(r"<!-- settings -->\n(.*?)\n?<!-- /settings -->", GUIDE, re.DOTALL)
    assert table.strip() == settings_table()
    assert variable_of("expires-after") in GUIDE


def test_the_table_of_the_admin_api_is_what_there_is() -> None:
    (table,) = re.findall(r"<!-- admin -->\n(.*?)<!-- /admin -->", GUIDE, re.DOTALL)
    shown = {
        path: set(methods.split()) for path, methods in re.findall(r"\| `(.*?)` \| (.*?) \|", table)
    }
    there_is = _resources(Contract(openvideos_spec.load("openai")))
    assert shown == {each.path: set(each.actions) for each in there_is}


if __name__ == "__main__":
    print(settings_table())
