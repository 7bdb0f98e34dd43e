"""The code of docs/client.md runs as it stands, in its order, as somebody who reads along does."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from openvideos_emulator import Emulator

GUIDE = Path(__file__).parents[2] / "docs" / "client.md"
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", GUIDE.read_text(encoding="utf-8"), re.DOTALL)
ADDRESS = "http://127.0.0.1:8000/v1"


def test_the_code_of_the_guide_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, object] = {}
    with Emulator(speed=1000) as emulator:
        environment = {
            **os.environ,
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "OPENVIDEOS_BASE_URL": emulator.base_url,
            "OPENVIDEOS_API_KEY": emulator.api_key,
            "OPENVIDEOS_JOURNAL": str(tmp_path / "journal"),
        }
        for language, code in BLOCKS:
            here = code.replace(ADDRESS, emulator.base_url)
            if language == "python":
                exec(compile(here, str(GUIDE), "exec"), namespace)  # noqa: S102 - it is our guide
            else:
                subprocess.run(["bash", "-ec", here], env=environment, check=True)
    made = {path.name for path in tmp_path.rglob("*.mp4") if path.read_bytes()[4:8] == b"ftyp"}
    assert {"cat.mp4", "fox.mp4", "boat.mp4", "0.mp4", "streamed.mp4", "official.mp4"} <= made
    assert {"cat-from-shell.mp4"} <= made
    assert len(list((tmp_path / "postcards").glob("*.mp4"))) == 2


def test_the_guide_has_no_block_that_does_not_run() -> None:
    assert {language for language, _ in BLOCKS} == {"python", "sh"}
