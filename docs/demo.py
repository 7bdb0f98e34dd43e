"""The whole way on real parts: emulator, client, a video on disk, a conformance report.

`make demo` runs this. It starts an emulator of its own on a free port, asks it for a video, waits
with a progress bar, downloads the MP4 to `build/demo/`, and holds the emulator to the contract.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from openvideos import OpenVideos, Video
from openvideos_emulator import Emulator

FOLDER = Path("build/demo")
PROMPT = "A calico cat playing a piano on stage"


def main() -> int:
    """Make a video and a report; return the exit code of the conformance run."""
    console = Console()
    FOLDER.mkdir(parents=True, exist_ok=True)
    with Emulator(speed=20) as emulator:
        console.print(f"An emulator answers at {emulator.base_url}")
        make_video(emulator.base_url, emulator.api_key, console)
    with Emulator(speed=1000) as emulator:
        console.print("\nThe same server, held to the contract:")
        run = subprocess.run(  # noqa: S603 - our own command
            [
                Path(sys.executable).parent / "openvideos",
                "conform",
                f"--base-url={emulator.base_url}",
                f"--api-key={emulator.api_key}",
                f"--report-dir={FOLDER / 'report'}",
                "--dialect=openai",
            ],
            check=False,
        )
    console.print(f"\nThe video is {FOLDER / 'cat.mp4'}, the report is in {FOLDER / 'report'}.")
    console.print("Next: run `make emulator` and point your own app at it, or hold a server of")
    console.print("yours to the contract: `.venv/bin/openvideos conform --base-url URL`.")
    return run.returncode


def make_video(base_url: str, api_key: str, console: Console) -> None:
    """Ask for a video, wait for it with a bar, and download it."""
    client = OpenVideos(base_url=base_url, api_key=api_key)
    with client, Progress(console=console) as bars:
        job = client.videos.submit(prompt=PROMPT, seconds=4)
        bar = bars.add_task(job.id[:14], total=100)

        def show(video: Video) -> None:
            bars.update(bar, completed=video.progress or 0, description=video.status)

        job.wait(max_wait=120, on_progress=show)
        path = job.download(FOLDER / "cat.mp4")
    console.print(f"{path}: {path.stat().st_size:,} bytes of video for “{PROMPT}”")


if __name__ == "__main__":
    raise SystemExit(main())
