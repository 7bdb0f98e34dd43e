"""A program for the official SDK does the same with this one, when its import line is changed."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
from pathlib import Path

from openvideos_emulator import Emulator

from .faulty_server import refusing_url

SCRIPT = Path(__file__).with_name("official_script.py").read_text(encoding="utf-8")
KEYS = ("sk-of-the-official-sdk", "sk-of-openvideos")  # each sees its own videos only


def test_a_script_for_the_official_sdk_runs_with_its_import_line_changed(tmp_path: Path) -> None:
    scripts = (SCRIPT, with_our_import(SCRIPT))
    with Emulator(speed=500, api_keys=KEYS) as emulator, socket.create_server(("", 0)) as silent:
        addresses = (refusing_url(), f"http://127.0.0.1:{silent.getsockname()[1]}/v1")
        running = []
        for number, (script, key) in enumerate(zip(scripts, KEYS, strict=True)):
            folder = tmp_path / str(number)
            folder.mkdir()
            (folder / "script.py").write_text(script, encoding="utf-8")
            running.append(
                subprocess.Popen(
                    [sys.executable, folder / "script.py", folder, *addresses],
                    env={
                        **os.environ,
                        "OPENAI_BASE_URL": emulator.base_url,
                        "OPENAI_API_KEY": key,
                    },
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                )
            )
        done = [process.communicate(timeout=100) for process in running]
    (official, official_error), (ours, our_error) = done
    assert [process.returncode for process in running] == [0, 0], official_error + our_error
    assert our_error == ""
    assert ours.splitlines() == official.splitlines()
    assert len(ours.splitlines()) > 90


def with_our_import(script: str) -> str:
    """Change the one import statement that names the official SDK."""
    (statement,) = re.findall(r"^from openai import \(.*?\)$", script, re.MULTILINE | re.DOTALL)
    ours = (
        statement.replace("from openai", "from openvideos")
        .replace(" AsyncOpenAI,", " AsyncOpenVideos as AsyncOpenAI,")
        .replace(" OpenAI,", " OpenVideos as OpenAI,")
        .replace(" OpenAIError,", " OpenVideosError as OpenAIError,")
    )
    return script.replace(statement, ours)
