"""The examples that the protocol's users know run with only the import and the base URL changed."""

from __future__ import annotations

import gc
import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import SimpleNamespace
from typing import Any

import av
import pytest

from openvideos import BadRequestError, OpenVideos, Video
from openvideos_emulator import Emulator

SEEDS = (Path(__file__).parent / "seeds.md").read_text(encoding="utf-8")
CODE = dict(re.findall(r"## Code: ([^\n]+)\n```python\n(.*?)```", SEEDS, re.DOTALL))
ANSWERS = {
    name: json.loads(text)
    for name, text in re.findall(r"## Answer: ([^\n]+)\n```json\n(.*?)```", SEEDS, re.DOTALL)
}

# What is wrong in the examples themselves: what is written, what is meant, and why.
CORRECTIONS = {
    "create, poll, list and delete": [
        ("seconds=5", "seconds=4", "5 is no length of the catalogue: '4', '8' and '12' are"),
        (
            "\n# Check status",
            "assert video.url is None\n\n# Check status",
            "video.url is no field of the protocol; it is None, so that branch never runs",
        ),
    ],
    "create and remix": [
        ("import OpenVideos", "import OpenVideos\nimport time", "`import time` is missing"),
    ],
}


@pytest.fixture(scope="module")
def canned() -> Iterator[Emulator]:
    with Emulator(canned=True, speed=1000) as emulator:
        yield emulator


@pytest.fixture
def run(canned: Emulator, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Run an example as it would be typed; only the import differs, the URL is set outside."""
    monkeypatch.setenv("OPENVIDEOS_BASE_URL", canned.base_url)
    monkeypatch.setenv("OPENVIDEOS_API_KEY", canned.api_key)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(time, "sleep", lambda seconds: None)

    def run_example(name: str, corrections: list[tuple[str, str, str]] | None = None) -> Any:
        code = CODE[name].replace("OpenAI", "OpenVideos").replace("from openai", "from openvideos")
        for written, meant, _ in corrections or []:
            assert written in code
            code = code.replace(written, meant)
        names: dict[str, Any] = {}
        exec(compile(code, name, "exec"), names)  # noqa: S102 - the examples are in this folder
        return SimpleNamespace(**names)

    return run_example


def test_all_the_examples_are_here() -> None:
    assert len(CODE) == 9
    assert len(ANSWERS) == 3


def test_create(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    video = run("create").video
    assert video.prompt == "x"
    assert capsys.readouterr().out == f"{video.id}\n"


def test_list(run: Any) -> None:
    run("create")
    assert isinstance(run("list").page, Video)


def test_retrieve(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("retrieve").video.status == "completed"
    assert capsys.readouterr().out == "video_123\n"


def test_delete(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("delete").video.deleted is True
    assert capsys.readouterr().out == "video_123\n"


def test_download(run: Any, tmp_path: Path) -> None:
    (tmp_path / "video.mp4").write_bytes(run("download").content)
    decode(tmp_path / "video.mp4")


def test_remix(run: Any) -> None:
    assert run("remix").video.remixed_from_video_id == "video_123"


def test_create_and_remix(run: Any, tmp_path: Path) -> None:
    with pytest.raises(NameError, match="time"):
        run("create and remix")
    run("create and remix", CORRECTIONS["create and remix"])
    decode(tmp_path / "sunset.mp4")
    decode(tmp_path / "storm.mp4")


def test_create_poll_list_and_delete(run: Any, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(BadRequestError, match=r"'5'.*'4', '8', and '12'"):
        run("create, poll, list and delete")
    run("create, poll, list and delete", CORRECTIONS["create, poll, list and delete"])
    out = capsys.readouterr().out
    assert "Final status: completed" in out
    assert "Video URL" not in out
    assert "Deleted: True" in out


@pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")
def test_async(run: Any) -> None:
    assert run("async").video_id.startswith("video_")  # video-gen-1 is one more canned name
    gc.collect()  # the example never closes its client: what it leaves is collected here


def decode(path: Path) -> None:
    with av.open(str(path)) as container:
        assert sum(1 for _ in container.decode(video=0)) > 0


@contextmanager
def server_that_answers(answer: dict[str, Any]) -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:
            """Print nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


@pytest.mark.parametrize("name", ["create", "remix"])
def test_the_answers_shown_decode_with_their_missing_and_unknown_keys(name: str) -> None:
    answer = ANSWERS[name]
    with server_that_answers(answer) as url, OpenVideos(base_url=url) as client:
        video = client.videos.retrieve(answer["id"])
    assert isinstance(video, Video)
    assert (video.id, video.seconds, video.size) == (answer["id"], "8", answer["size"])
    assert video.completed_at is None
    assert video.raw == answer


def test_the_list_shown_decodes_although_its_items_have_four_keys() -> None:
    with server_that_answers(ANSWERS["list"]) as url, OpenVideos(base_url=url) as client:
        page = client.videos.list()
        assert page.data[0].status == "completed"
        assert page.data[0].prompt is None
        assert [video.id for video in page] == ["video_123"]
