"""The suite as plain pytest: what its own options do there, alone and in several processes."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import Mock

import httpx
import pytest

from openvideos_contract.settings.sources import VARIABLES
from openvideos_emulator import Emulator

pytestmark = pytest.mark.xdist_group("suite under pytest")
PACKAGE = "openvideos_contract"
Run = Callable[..., tuple[int, str]]


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator(speed=1000, media="tiny", admin=True) as running:
        yield running


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Runs pytest in this process; returns its exit code, and all that it said."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    for name in (*VARIABLES, "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID"):
        monkeypatch.delenv(name, raising=False)

    def start(*arguments: str) -> tuple[int, str]:
        plugins = ("-p", "openvideos_contract.plugin", "-p", "no:cacheprovider")
        how = ("-s", "-q", f"--rootdir={tmp_path}", "-c", os.devnull)
        what = arguments[:1] if arguments[0].endswith(".py") else ("--pyargs", PACKAGE)
        code = pytest.main([*plugins, *how, *what, *arguments])
        said = capsys.readouterr()
        return int(code), said.out + said.err

    return start


def at(emulator: Emulator) -> list[str]:
    return ["--openvideos-url", emulator.base_url, "--openvideos-api-key", emulator.api_key]


def test_several_processes_share_the_jobs_and_write_one_report(
    run: Run, emulator: Emulator, tmp_path: Path
) -> None:
    code, said = run(
        *at(emulator),
        *("-p", "xdist", "-n", "2", "--openvideos-report-dir", "reports"),
        *("-k", "test_a_page_holds_no_more_than_100 or test_list_and_retrieve_say_the_same"),
    )
    assert code == 0, said
    report = json.loads((tmp_path / "reports" / "report.json").read_text())
    found = {number: entry["status"] for number, entry in report["requirements"].items()}
    assert [number for number, status in found.items() if status == "pass"] == [
        "LIST-003",
        "LIST-004",
    ]
    assert found["DELETE-001"] == "disabled"
    # Both tests are about the same three; had each its own process, there would be six.
    assert report["jobs"]["spent"] == 3
    assert len(emulator.requests.where(operation="create_video")) == 3
    assert "core       incomplete" in said
    headers = {"Authorization": f"Bearer {emulator.api_key}"}
    left = httpx.get(f"{emulator.base_url}/videos", headers=headers, trust_env=False).json()
    assert left["data"] == []
    assert emulator.api_key not in said


def test_a_must_that_was_not_tested_fails_unless_that_is_allowed(
    run: Run, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A traceback that nobody sees, with its source, took longer than all tests.
    told = Mock(side_effect=pytest.ExceptionInfo.getrepr, autospec=True)
    monkeypatch.setattr(pytest.ExceptionInfo, "getrepr", lambda *found, **how: told(*found, **how))
    arguments = [*at(emulator), "--openvideos-max-videos", "0", "-k", "test_a_page_holds_no_more"]
    assert run(*arguments)[0] == 1
    assert run(*arguments, "--openvideos-allow-incomplete")[0] == 0
    assert {call.kwargs["style"] for call in told.call_args_list} == {"value"}


def test_what_only_leaves_out_fails_as_it_does_without_pytest(run: Run, emulator: Emulator) -> None:
    assert run(*at(emulator), "--openvideos-only", "RETRIEVE-004")[0] == 1


def test_an_own_fault_shows_no_key_though_pytest_shows_variables(
    run: Run, emulator: Emulator, tmp_path: Path
) -> None:
    file = tmp_path / "test_own_fault.py"
    file.write_text(
        "import pytest\n"
        "@pytest.mark.requirement('RETRIEVE-004')\n"
        "def test_raises(configuration):\n"
        "    key = configuration.api_key\n"
        "    raise RuntimeError(f'near {key}')\n"
    )
    code, said = run(str(file), *at(emulator), "--showlocals")
    assert code == 1
    assert "near ***" in said
    assert emulator.api_key not in said


def test_a_dry_run_tests_nothing(run: Run) -> None:
    url = "http://127.0.0.1:9/v1"
    code, said = run("--openvideos-url", url, "--openvideos-dry-run", "-k", "test_retrieving")
    assert code == 0
    assert "test_errors.py::test_retrieving_an_unknown_id" in said


def test_collecting_needs_no_server(run: Run) -> None:
    code, said = run("--collect-only", "-k", "test_retrieving_an_unknown_id")
    assert code == 0
    assert "test_errors.py::test_retrieving_an_unknown_id" in said


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--openvideos-url", "http://127.0.0.1:9/v1"], "no server answers at http://127"),
        (["--openvideos-url", "127.0.0.1"], "'127.0.0.1' is not a base URL"),
        (
            ["--openvideos-url", "http://127.0.0.1:9/v1", "--openvideos-seed", "x"],
            "--seed must be a whole number or `random`, not 'x'",
        ),
        (
            ["--openvideos-url", "http://127.0.0.1:9", "-p", "xdist", "-n1", "--dist", "loadfile"],
            "share their jobs, which --dist loadfile does not allow",
        ),
    ],
)
def test_what_cannot_run_is_a_usage_error(run: Run, arguments: list[str], sentence: str) -> None:
    code, said = run(*arguments)
    assert code == pytest.ExitCode.USAGE_ERROR
    assert sentence in said


def test_nothing_that_a_server_answers_steers_the_terminal(
    run: Run, serve_raw: Callable[[bytes], str]
) -> None:
    body = '{"error": {"message": "\x9b2J\u202e"}}'.encode()
    head = (
        f"HTTP/1.1 500 -\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    url = serve_raw(head.encode() + body)
    code, said = run("--openvideos-url", url, "-k", "test_a_json_body_creates_a_video")
    assert code == 1
    assert "\\x9b2J\\u202e" in said
    assert not {"\x9b", "\u202e"} & set(said)
