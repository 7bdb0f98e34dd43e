"""Tells how long the emulator's files take to make on this machine.

Each time is also told as a ratio to the length of the video.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from openvideos_emulator import Emulator

VIDEOS = [("720x1280", 4), ("1280x720", 4), ("1024x1792", 12), ("1792x1024", 12)]
ROUNDS = 3


def main() -> None:
    """Make each video a few times and print the quickest."""
    table = Table("size", "seconds", "files", "made in, s", "a second of it in, s", "kB")
    with tempfile.TemporaryDirectory() as folder:
        for media in ("full", "tiny"):
            database = Path(folder) / f"{media}.sqlite"
            with Emulator(media=media, progress="immediate", db=database) as emulator:
                for size, seconds in VIDEOS:
                    runs = [made(emulator, size, seconds) for _ in range(ROUNDS)]
                    took, length = min(runs)
                    cells = (f"{took:.2f}", f"{took / seconds:.3f}", f"{length / 1000:.0f}")
                    table.add_row(size, str(seconds), media, *cells)
    Console().print(table)


def made(emulator: Emulator, size: str, seconds: int) -> tuple[float, int]:
    """Return in how many seconds a new video is asked for, made and sent, and its bytes."""
    headers = {"Authorization": f"Bearer {emulator.api_key}"}
    with httpx.Client(
        base_url=emulator.base_url, headers=headers, trust_env=False, timeout=60
    ) as client:
        asked = {"prompt": "A calico cat", "model": "sora-2-pro", "size": size}
        video = client.post("/videos", json={**asked, "seconds": str(seconds)}).json()
        client.get(f"/videos/{video['id']}")
        started = time.perf_counter()
        content = client.get(f"/videos/{video['id']}/content")
        took = time.perf_counter() - started
        content.raise_for_status()
        return took, len(content.content)
