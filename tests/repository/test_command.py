"""The `openvideos` command: it joins what is installed, and names what is not."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner, Result

import openvideos_spec
from openvideos import _command as command

COMMAND = Path(sys.executable).parent / "openvideos"


def openvideos(*arguments: str) -> Result:
    return CliRunner().invoke(command._application(), arguments)


def test_help_lists_every_subcommand() -> None:
    shown = openvideos("--help")
    assert shown.exit_code == 0
    for name in ("batch", "conform", "create", "emulator", "jobs", "spec", "wait"):
        assert name in shown.stdout
    assert "Not installed" not in shown.stdout


@pytest.mark.parametrize("arguments", [(), ("list",), ("emulator",), ("emulator", "exec")])
def test_help_has_a_short_option(arguments: tuple[str, ...]) -> None:
    assert openvideos(*arguments, "-h").stdout == openvideos(*arguments, "--help").stdout != ""


def test_version_is_the_installed_one() -> None:
    shown = subprocess.run([COMMAND, "--version"], capture_output=True, text=True)
    assert shown.stdout == f"{version('openvideos')}\n"


def test_spec_prints_the_contract_as_it_is_written() -> None:
    assert openvideos("spec").stdout == openvideos_spec.contract_path().read_text(encoding="utf-8")


def test_spec_prints_a_dialect_of_it() -> None:
    printed = yaml.safe_load(openvideos("spec", "--dialect", "openai").stdout)
    assert printed == openvideos_spec.load("openai")


def test_an_unknown_dialect_is_a_usage_error_that_names_the_known_ones() -> None:
    refused = openvideos("spec", "--dialect", "nope")
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert "there is no dialect 'nope': the shipped ones are " in refused.stderr
    assert "openai" in refused.stderr


def test_an_unknown_subcommand_is_a_usage_error() -> None:
    refused = openvideos("emulate")
    assert refused.exit_code == 2
    assert "No such command 'emulate'" in refused.stderr


def test_a_command_whose_extra_is_not_installed_names_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delitem(sys.modules, "openvideos_emulator.process.server", raising=False)
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    monkeypatch.setattr(sys, "argv", ["openvideos", "emulator"])
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 2
    said = "openvideos: emulator needs uvicorn: run pip install 'openvideos[emulator]'\n"
    assert capsys.readouterr().err == said


def test_ctrl_c_before_a_command_is_loaded_ends_quietly(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(command, "_application", interrupted)
    with pytest.raises(SystemExit) as ended:
        command.main()
    assert ended.value.code == 130
