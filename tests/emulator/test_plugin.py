"""The pytest plugin, as a project's tests see it: each run below is a pytest of its own.

The recipes of docs/emulator.md use it with pytest-xdist.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

pytest_plugins = ["pytester"]

# It uses nothing that imports more when it is used: pytester forgets what a run has imported.
PROJECT = """
import http.client, json, os, time
from urllib.parse import urlsplit
import pytest

def ask(video_emulator, method, path, body=None):
    url = urlsplit(video_emulator.base_url + path)
    headers = {
        "Authorization": f"Bearer {video_emulator.api_key}",
        "Content-Type": "application/json",
    }
    connection = http.client.HTTPConnection(url.netloc)
    connection.request(method, url.path, json.dumps(body) if body else None, headers)
    answer = connection.getresponse()
    status, content = answer.status, json.load(answer)
    connection.close()
    return status, content

def create(video_emulator):
    return ask(video_emulator, "POST", "/videos", {"prompt": "A calico cat"})[1]

def look(video_emulator, video):
    return ask(video_emulator, "GET", f"/videos/{video['id']}")

@pytest.mark.parametrize("number", range(4))
def test_each_test_has_a_world_of_its_own(video_emulator, number):
    assert video_emulator.requests == []
    assert abs(video_emulator.clock.now() - time.time()) < 60
    video = create(video_emulator)
    video_emulator.clock.advance(3600)
    assert look(video_emulator, video)[1]["status"] == "completed"
    assert [event.type for event in video_emulator.webhooks] == ["video.completed"]
    video_emulator.faults.add("429", operation="retrieve_video")
    assert look(video_emulator, video)[0] == 429
    assert len(video_emulator.requests) == 3

def test_what_a_test_left_is_gone_after_it(video_emulator_server):
    stats = video_emulator_server.stats()
    assert (sum(stats["videos"].values()), stats["faults"], stats["requests"]) == (0, 0, 0)

def test_an_emulator_that_a_test_has_ended_is_there_for_the_next(video_emulator_server):
    video_emulator_server.kill()

def test_the_environment_leads_to_it(video_emulator):
    assert os.environ["OPENAI_BASE_URL"] == video_emulator.base_url
    assert os.environ["OPENVIDEOS_API_KEY"] == video_emulator.api_key

def test_the_environment_is_as_before():
    assert os.environ.get("OPENAI_BASE_URL") is None

def test_it_is_set_up_as_the_project_says(video_emulator):
    assert create(video_emulator)["model"] == "wan-2.2"

def test_fails_and_shows_what_was_asked(video_emulator):
    create(video_emulator)
    assert not video_emulator.requests

def test_fails_as_its_app_has_kept_the_key_of_another_test(video_emulator, video_emulator_server):
    create(video_emulator_server)
    assert video_emulator.requests

def test_fails_where_it_says_something_wrong(video_emulator):
    video_emulator.set_progress("never")
"""
CONFIG = '[tool.pytest.ini_options]\nvideo_emulator_config = "emulator.toml"\n'


@pytest.fixture
def project(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> pytest.Pytester:
    for name in os.environ:
        if name.startswith(("OPENAI_", "OPENVIDEOS_")):
            monkeypatch.delenv(name)
    return pytester


def run(project: pytest.Pytester) -> pytest.RunResult:
    return project.runpytest_inprocess("-p", "no:schemathesis", "-p", "no:xdist")


def test_each_test_of_a_project_has_a_world_of_its_own(project: pytest.Pytester) -> None:
    project.makepyfile(PROJECT)
    project.makepyprojecttoml(CONFIG)
    project.makefile(".toml", emulator='models = ["wan-2.2"]\nspeed = 1\n')
    done = run(project)
    done.assert_outcomes(passed=9, failed=3)
    done.stdout.fnmatch_lines(
        ["FAILED *::test_fails_and_shows_what_was_asked*", "* 3 failed, 9 passed in *"]
    )
    done.stdout.re_match_lines_random(
        [
            r"-+ video_emulator: requests -+",
            "POST /v1/videos 200",
            "none with this test's key, and 1 with other keys: an app that keeps its client .*",
            r'>       video_emulator.set_progress\("never"\)',
        ]
    )
    done.stdout.no_fnmatch_line("*self._admin.call*")


def test_without_the_extra_the_fixture_names_it_and_other_tests_run(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = project.mkdir("blocked")
    error = "raise ModuleNotFoundError('blocked', name='uvicorn')"
    (blocked / "uvicorn.py").write_text(error)
    monkeypatch.setenv("PYTHONPATH", str(blocked))
    project.makepyfile(
        "def test_other(): pass\n"
        "def test_one(video_emulator): pass\n"
        "def test_two(video_emulator): pass\n"
    )
    done = run(project)
    done.assert_outcomes(passed=1, errors=2)
    done.stdout.fnmatch_lines(["*needs uvicorn: run pip install 'openvideos?emulator?'"])
    done.stdout.no_fnmatch_line("*Traceback*")


def test_a_setting_that_makes_no_sense_is_told_by_the_fixture(project: pytest.Pytester) -> None:
    project.makeconftest(
        "import pytest\n"
        "@pytest.fixture(scope='session')\n"
        "def video_emulator_settings(): return {'speed': 0}\n"
    )
    project.makepyfile("def test_one(video_emulator): pass")
    run(project).stdout.fnmatch_lines(["*--speed must be a number above 0*"])


def test_a_file_of_settings_that_is_not_there_is_told_by_the_fixture(
    project: pytest.Pytester,
) -> None:
    project.makeini("[pytest]\nvideo_emulator_config = nowhere.toml\n")
    project.makepyfile("def test_one(video_emulator): pass")
    run(project).stdout.fnmatch_lines(["video_emulator_config: *nowhere.toml cannot be read*"])


def test_the_plugin_imports_nothing_but_pytest_of_any_age() -> None:
    script = (
        "import sys, pytest\n"
        "pytest.hookimpl = lambda hookwrapper: lambda hook: hook  # as in pluggy 1.0\n"
        "before = set(sys.modules)\n"
        "import openvideos_emulator.pytest_plugin\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["openvideos_emulator", "openvideos_emulator.pytest_plugin"]
