"""What must work wherever the distribution is installed: `python smoke.py bare|all`."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys
import tempfile
from pathlib import Path

import openvideos

COMMAND = Path(sys.executable).parent / "openvideos"


def command(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([COMMAND, *arguments], capture_output=True, text=True, check=False)


def bare() -> None:
    """With attrs and httpx only: the client works, and the command says what is missing."""
    client = openvideos.OpenVideos(base_url="http://127.0.0.1:9/v1", api_key="sk-secret")
    assert "sk-secret" not in repr(client)
    refused = command("emulator")
    assert refused.returncode != 0
    assert "pip install 'openvideos[cli]'" in refused.stderr, refused.stderr


def everything() -> None:
    """With all extras: a video from the emulator, and the contract itself."""
    from openvideos_emulator import Emulator

    with tempfile.TemporaryDirectory() as folder, Emulator(speed=1000) as emulator:
        client = openvideos.OpenVideos(base_url=emulator.base_url, api_key=emulator.api_key)
        job = client.videos.submit(prompt="a cat", seconds=4)
        job.wait(max_wait=60)
        path = job.download(Path(folder) / "cat.mp4")
        assert path.read_bytes()[4:8] == b"ftyp"
    assert command("spec", "--dialect", "openai").stdout.startswith("openapi: 3.1.0")
    assert command("--version").stdout.strip() == importlib.metadata.version("openvideos")
    assert command("conform", "--help").returncode == 0


if __name__ == "__main__":
    {"bare": bare, "all": everything}[sys.argv[1]]()
    print(openvideos.__file__)
