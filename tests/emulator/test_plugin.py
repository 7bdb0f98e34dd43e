"""The pytest plugin, as a project's tests see it: each run below is a pytest of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = """
import os, ssl, time
import httpx
import pytest

http = httpx.Client(verify=ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))

def create(video_emulator, prompt="A calico cat"):
    headers = {"Authorization": f"Bearer {video_emulator.api_key}"}
    return http.post(f"{video_emulator.base_url}/videos", json={"prompt": prompt}, headers=headers)

def look(video_emulator, video):
    headers = {"Authorization": f"Bearer {video_emulator.api_key}"}
    return http.get(f"{video_emulator.base_url}/videos/{video['id']}", headers=headers)

@pytest.mark.parametrize("number", range(4))
def test_each_test_has_a_world_of_its_own(video_emulator, number):
    assert video_emulator.requests == []
    assert abs(video_emulator.clock.now() - time.time()) < 60
    video = create(video_emulator).json()
    video_emulator.clock.advance(3600)
    assert look(video_emulator, video).json()["status"] == "completed"
    assert [event.type for event in video_emulator.webhooks] == ["video.completed"]
    video_emulator.faults.add("429", operation="retrieve_video")
    assert look(video_emulator, video).status_code == 429
    assert len(video_emulator.requests) == 3

def test_the_environment_leads_to_it(video_emulator):
    assert os.environ["OPENAI_BASE_URL"] == video_emulator.base_url
    assert os.environ["OPENVIDEOS_API_KEY"] == video_emulator.api_key

def test_the_environment_is_as_before():
    assert os.environ.get("OPENAI_BASE_URL") is None

def test_it_is_set_up_as_the_project_says(video_emulator):
    answer = create(video_emulator)
    assert answer.json()["model"] == "wan-2.2"

def test_fails_and_shows_what_was_asked(video_emulator):
    create(video_emulator)
    assert not video_emulator.requests
"""
CONFIG = '[tool.pytest.ini_options]\nvideo_emulator_config = "emulator.toml"\n'


def run(
    folder: Path, *options: str, blocked: str | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("OPENAI_", "OPENVIDEOS_", "PYTEST_"))
    }
    if blocked:
        (folder / "blocked").mkdir()
        module = f"raise ModuleNotFoundError('blocked', name={blocked!r})"
        (folder / "blocked" / f"{blocked}.py").write_text(module)
        environment["PYTHONPATH"] = str(folder / "blocked")
    return subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "no:cacheprovider"),
            *("-p", "no:schemathesis", "-p", "no:hypothesispytest", *options),
        ],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "test_app.py").write_text(PROJECT)
    (tmp_path / "pyproject.toml").write_text(CONFIG)
    (tmp_path / "emulator.toml").write_text('models = ["wan-2.2"]\nspeed = 1\n')
    return tmp_path


def test_each_test_of_a_project_has_its_world_in_parallel_too(project: Path) -> None:
    done = run(project, "-n", "2")
    assert re.search(r"1 failed, 7 passed in", done.stdout), done.stdout + done.stderr
    assert "FAILED test_app.py::test_fails_and_shows_what_was_asked" in done.stdout
    assert re.search(r"-+ video_emulator: requests -+\nPOST /v1/videos 200\n", done.stdout), (
        done.stdout
    )


def test_without_the_extra_the_fixture_names_it_and_other_tests_run(tmp_path: Path) -> None:
    (tmp_path / "test_app.py").write_text(
        "def test_other(): pass\n"
        "def test_one(video_emulator): pass\n"
        "def test_two(video_emulator): pass\n"
    )
    done = run(tmp_path, blocked="uvicorn")
    assert "1 passed, 2 errors" in done.stdout, done.stdout
    assert "needs uvicorn: run pip install 'openvideos[emulator]'" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_setting_that_makes_no_sense_is_told_by_the_fixture(tmp_path: Path) -> None:
    (tmp_path / "test_app.py").write_text(
        "import pytest\n"
        "@pytest.fixture(scope='session')\n"
        "def video_emulator_settings(): return {'speed': 0}\n"
        "def test_one(video_emulator): pass\n"
    )
    done = run(tmp_path)
    assert "--speed must be a number above 0" in done.stdout
    (tmp_path / "test_app.py").write_text("def test_one(video_emulator): pass\n")
    (tmp_path / "pytest.ini").write_text("[pytest]\nvideo_emulator_config = nowhere.toml\n")
    done = run(tmp_path)
    assert "video_emulator_config: --config" in done.stdout
    assert "nowhere.toml cannot be read" in done.stdout


def test_the_plugin_imports_nothing_but_pytest() -> None:
    script = (
        "import sys, pytest\n"
        "before = set(sys.modules)\n"
        "import openvideos_emulator.pytest_plugin\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["openvideos_emulator", "openvideos_emulator.pytest_plugin"]
