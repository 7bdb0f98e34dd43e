"""`make demo`: from nothing to a downloaded video and a conformance report."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import av
import pytest

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "build" / "demo"


@pytest.fixture(scope="module")
def output() -> str:
    shutil.rmtree(FOLDER, ignore_errors=True)
    done = subprocess.run(["make", "demo"], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_video_of_the_demo_decodes_to_its_last_frame_at_the_size_and_length_asked_for(
    output: str,
) -> None:
    with av.open(str(FOLDER / "cat.mp4")) as container:
        assert {stream.codec_context.name for stream in container.streams} == {"h264", "aac"}
        picture = container.streams.video[0]
        assert (picture.width, picture.height) == (720, 1280)
        assert container.duration is not None
        assert abs(container.duration / av.time_base - 4.0) <= 0.1
        assert sum(1 for _ in container.decode(picture)) == 120
    with av.open(str(FOLDER / "cat.mp4")) as container:
        assert sum(frame.samples for frame in container.decode(audio=0)) > 0


def test_the_demo_leaves_a_conformance_report_and_says_what_to_try_next(output: str) -> None:
    report = json.loads((FOLDER / "report" / "report.json").read_text(encoding="utf-8"))
    assert {result["status"] for result in report["results"]} <= {"pass", "skip"}
    assert "Next:" in output
