"""Where stdout, stderr or stdin are closed, full or no text: what was begun is done anyway."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from openvideos import InvalidInput
from openvideos._cli.output import Output
from openvideos._cli.sources import prompt_text

from .conftest import COMMAND
from .test_making import SMALL


class Full(io.StringIO):
    def write(self, text: str) -> int:
        raise OSError(28, "No space left on device")


def test_a_video_is_saved_though_nobody_hears_of_it(at: None, folder: Path) -> None:
    command = f"{COMMAND} create 'a cat' {' '.join(SMALL)} --output cat.mp4 >&- 2>&-"
    assert subprocess.run(["sh", "-c", command]).returncode == 0
    assert (folder / "cat.mp4").read_bytes()[4:8] == b"ftyp"


@pytest.mark.parametrize("stream", [None, Full()], ids=["closed", "full"])
def test_what_stderr_does_not_take_is_dropped(
    stream: Full | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stderr", stream)
    Output().warn("nobody hears this")


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_full_stdout_is_an_error_in_one_line(unbuffered: str) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [COMMAND, "jobs", "--json"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
        )
    assert ended.returncode == 1
    assert ended.stderr == "openvideos: [Errno 28] No space left on device\n"


@pytest.mark.parametrize(
    "stream", [None, io.TextIOWrapper(io.BytesIO(b"\xff"), "utf-8")], ids=["closed", "no text"]
)
def test_a_prompt_that_cannot_be_read_is_named(
    stream: io.TextIOWrapper | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", stream)
    with pytest.raises(InvalidInput, match="standard input, which is"):
        prompt_text("-")


def test_a_batch_is_made_though_nobody_hears_of_it(at: None, folder: Path) -> None:
    (folder / "jobs.jsonl").write_text('{"prompt": "a cat", "size": "64x64", "seconds": 0.1}\n')
    command = f"{COMMAND} batch jobs.jsonl --out out --interval 0.1 >&- 2>&-"
    assert subprocess.run(["sh", "-c", command]).returncode == 0
    assert [file.suffix for file in (folder / "out").iterdir()].count(".mp4") == 1
