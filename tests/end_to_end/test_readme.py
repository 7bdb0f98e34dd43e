"""Every command and code block of the README is executed, as a newcomer would type it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from openvideos_emulator import Emulator

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", README, re.DOTALL)
ENVIRONMENT = {
    **os.environ,
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}
CLIENT = "from openvideos import OpenVideos\n\nclient"
TEST = "from openvideos import OpenVideos\n\n\ndef test"
ADDRESS = "http://127.0.0.1:8000/v1"


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(speed=1000, media="tiny") as emulator:
        yield emulator


def block(language: str, start: str) -> str:
    (found,) = [text for kind, text in BLOCKS if kind == language and text.startswith(start)]
    return str(found)


def shell(
    command: str, *, cwd: Path = ROOT, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-ec", command],
        cwd=cwd,
        env={**ENVIRONMENT, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_each_block_is_one_that_is_executed_below() -> None:
    starts = ["make demo", CLIENT, "export OPENVIDEOS", "openvideos emulator", TEST]
    starts += ["openvideos conform", "- run"]
    for (_, text), start in zip(BLOCKS, starts, strict=True):
        assert text.startswith(start)


def test_the_second_command_is_the_run_that_this_test_is_part_of() -> None:
    assert block("sh", "make demo") == "make demo\nmake test\n"
    assert "pytest" in shell("make --dry-run test").stdout


def test_the_client_makes_a_video(
    emulator: Emulator,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    code = block("python", CLIENT)
    assert ADDRESS in code
    exec(compile(code.replace(ADDRESS, emulator.base_url), "README.md", "exec"), {})  # noqa: S102 - it is our README
    printed = capsys.readouterr().out.splitlines()
    assert (tmp_path / "cat.mp4").read_bytes()[4:8] == b"ftyp"
    assert printed[-1] == f"{printed[0]} completed"


def test_the_test_of_an_app_passes(tmp_path: Path) -> None:
    (tmp_path / "test_app.py").write_text(block("python", TEST), encoding="utf-8")
    done = shell("pytest -q test_app.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert "1 passed" in done.stdout


def test_the_command_line_makes_a_video(emulator: Emulator, tmp_path: Path) -> None:
    commands = block("sh", "export OPENVIDEOS")
    assert ADDRESS in commands
    done = shell(
        commands.replace(ADDRESS, emulator.base_url),
        cwd=tmp_path,
        OPENVIDEOS_JOURNAL=str(tmp_path / "journal"),
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "cat-from-shell.mp4").read_bytes()[4:8] == b"ftyp"


def test_the_emulator_starts_and_says_where(tmp_path: Path) -> None:
    command = block("sh", "openvideos emulator").replace("--port 8000", "--port 0").split()
    with subprocess.Popen(
        command, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            assert re.search(r"http://127\.0\.0\.1:\d+/v1", process.stdout.readline())
        finally:
            process.terminate()


def test_the_suite_finds_that_the_emulator_conforms(emulator: Emulator) -> None:
    command = block("sh", "openvideos conform")
    assert ADDRESS in command
    done = shell(command.replace(ADDRESS, emulator.base_url))
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_ci_snippet_installs_the_suite_and_runs_it(emulator: Emulator, tmp_path: Path) -> None:
    install, conform = (step["run"] for step in yaml.safe_load(block("yaml", "- run")))
    done = shell(install, PIP_TARGET=str(tmp_path), PIP_NO_DEPS="1", PIP_NO_BUILD_ISOLATION="off")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "openvideos_contract").is_dir()
    planned = shell(
        f"{conform} --max-videos 0 --allow-incomplete",
        cwd=tmp_path,
        OPENVIDEOS_BASE_URL=emulator.base_url,
        OPENVIDEOS_API_KEY=emulator.api_key,
    )
    assert planned.returncode == 0, planned.stdout + planned.stderr
