"""Completion by the shell, through the lazily joined commands."""

import os
import subprocess

import pytest

from .conftest import COMMAND, Run

SHELLS = ("bash", "zsh", "fish")


def completed(shell: str, words: str) -> str:
    env = {
        **os.environ,
        "_OPENVIDEOS_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": words,
        "COMP_CWORD": str(words.count(" ")),
        "_TYPER_COMPLETE_ARGS": words,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = subprocess.run([COMMAND], capture_output=True, text=True, check=False, env=env)
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_ids_are_completed_from_the_journal(at: None, run: Run, shell: str) -> None:
    id_ = run("create", "a [/odd] cat", "--detach").stdout.strip()
    assert id_ in completed(shell, "openvideos wait video_")


def test_commands_and_options_are_completed() -> None:
    assert completed("bash", "openvideos cr").split() == ["create"]
    assert completed("bash", "openvideos create --max").split() == ["--max-cost", "--max-wait"]


def test_the_script_for_the_shell_is_shown() -> None:
    env = {**os.environ, "_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION": "1"}
    shown = subprocess.run(
        [COMMAND, "--show-completion", "bash"], capture_output=True, text=True, check=False, env=env
    )
    assert shown.returncode == 0
    assert "_OPENVIDEOS_COMPLETE" in shown.stdout
