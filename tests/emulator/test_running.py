"""The process: how it starts, what it keeps, how it ends."""

import gc
import io
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from typer.testing import CliRunner

from openvideos_emulator import Emulator, EmulatorError
from openvideos_emulator.command import app
from openvideos_emulator.http.keys import tenant_of
from openvideos_emulator.storage.database import open_database

from .conftest import NO_TLS

COMMAND = [sys.executable, "-m", "openvideos_emulator"]
KEY = {"Authorization": "Bearer sk-0123456789abcdef"}


def run(*options: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *map(str, options)], capture_output=True, text=True, timeout=30, check=False
    )


def test_it_prints_one_line_with_its_base_url_once_it_answers(
    tmp_path: Path, http: httpx.Client
) -> None:
    port_file = tmp_path / "port"
    with subprocess.Popen(
        [*COMMAND, "--port", "0", "--port-file", str(port_file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            port = port_file.read_text()
            assert line == f"http://127.0.0.1:{port.strip()}/v1\n"
            assert http.get(f"{line.strip()}/videos", headers=KEY).status_code == 200
        finally:
            process.terminate()
            rest, log = process.communicate(timeout=10)
    assert rest == ""
    assert "GET /v1/videos" in log
    assert process.returncode == 0


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_it_stops_at_once_and_without_a_database_leaves_nothing_behind(
    tmp_path: Path, stop: signal.Signals
) -> None:
    port_file, folder = tmp_path / "port", tmp_path / "temporary"
    folder.mkdir()
    process = subprocess.Popen(
        [*COMMAND, "--port", "0", "--port-file", str(port_file), "--quiet"],
        env={**os.environ, "TMPDIR": str(folder)},
    )
    try:
        while not port_file.exists():
            time.sleep(0.01)
        url = f"http://127.0.0.1:{port_file.read_text().strip()}/v1/videos"
        # A connection that is kept alive does not hold it up.
        with httpx.Client(headers=KEY, verify=NO_TLS) as client:
            assert client.get(url).status_code == 200
            assert list(folder.iterdir())
            began = time.monotonic()
            process.send_signal(stop)
            assert process.wait(10) == 0
        assert time.monotonic() - began < 3
    finally:
        process.kill()
        process.wait()
    assert list(folder.iterdir()) == []


def accepts_connections(base_url: str) -> bool:
    url = httpx.URL(base_url)
    try:
        socket.create_connection((url.host, url.port), timeout=10).close()
    except ConnectionRefusedError:
        return False
    return True


def test_it_stops_at_once_while_videos_are_made(connect: Callable[..., httpx.Client]) -> None:
    with Emulator(speed=1e6, workers=2) as emulator:
        client = connect(emulator)
        long = {"prompt": "x", "model": "sora-2-pro", "size": "1792x1024", "seconds": "12"}
        ids = [client.post("/videos", json=long).json()["id"] for _ in range(4)]
        time.sleep(0.05)
        with ThreadPoolExecutor(4) as threads:
            downloads = [
                threads.submit(client.get, f"/videos/{video_id}/content") for video_id in ids
            ]
            time.sleep(0.3)
            assert emulator.pid is not None
            began = time.monotonic()
            os.kill(emulator.pid, signal.SIGTERM)
            while accepts_connections(emulator.base_url):
                time.sleep(0.01)
            assert not all(download.done() for download in downloads)
            answers = [download.result() for download in downloads]
            while not emulator.has_ended:
                time.sleep(0.01)
        assert time.monotonic() - began < 4
        refused = [answer.json()["error"] for answer in answers if answer.status_code != 200]
        assert {error["message"] for error in refused} <= {
            "The server is shutting down. Please try again later."
        }
        assert "Traceback" not in emulator.log


def test_killed_and_started_again_it_knows_every_job(
    tmp_path: Path, connect: Callable[..., httpx.Client], uploaded_video: bytes
) -> None:
    state = tmp_path / "emulator.sqlite"
    with Emulator(db=state, speed=2000, media="tiny") as emulator:
        client = connect(emulator)
        made = [client.post("/videos", json={"prompt": str(n)}).json()["id"] for n in range(20)]
        character = client.post(
            "/videos/characters",
            files={"name": (None, "Mossy"), "video": ("m.mp4", uploaded_video, "video/mp4")},
        ).json()
        client.delete(f"/videos/{made.pop()}")
        time.sleep(0.1)
        content = client.get(f"/videos/{made[0]}/content")
        assert content.status_code == 200
        emulator.kill()
    with Emulator(db=state, speed=2000, media="tiny") as emulator:
        again = connect(emulator, client.headers["Authorization"].removeprefix("Bearer "))
        page = again.get("/videos", params={"order": "asc"}).json()
        assert [video["id"] for video in page["data"]] == made
        assert [video["prompt"] for video in page["data"]] == [str(n) for n in range(19)]
        assert again.get(f"/videos/characters/{character['id']}").json() == character
        repeated = again.get(f"/videos/{made[0]}/content")
        assert repeated.headers["etag"] == content.headers["etag"]
        assert repeated.content == content.content


def test_no_acknowledged_job_is_lost_when_it_is_killed_at_work(tmp_path: Path) -> None:
    state = tmp_path / "emulator.sqlite"
    acknowledged: list[str] = []

    def create() -> None:
        with httpx.Client(base_url=emulator.base_url, headers=KEY, verify=NO_TLS) as client:
            while True:
                try:
                    response = client.post("/videos", json={"prompt": "x"})
                except httpx.TransportError:
                    return
                acknowledged.append(response.json()["id"])

    with Emulator(db=state) as emulator:
        threads = [threading.Thread(target=create) for _ in range(3)]
        for thread in threads:
            thread.start()
        while len(acknowledged) < 60:
            time.sleep(0.005)
        emulator.kill()
        for thread in threads:
            thread.join()
    with (
        Emulator(db=state) as emulator,
        httpx.Client(base_url=emulator.base_url, headers=KEY, verify=NO_TLS) as client,
    ):
        for video_id in acknowledged:
            assert client.get(f"/videos/{video_id}").status_code == 200


def test_two_processes_on_one_database_tell_one_truth(
    tmp_path: Path, connect: Callable[..., httpx.Client]
) -> None:
    state = tmp_path / "emulator.sqlite"
    with (
        Emulator(db=state, media="tiny") as one,
        Emulator(db=f"sqlite:///{state}", speed=1e9, media="tiny") as other,
    ):
        here, there = connect(one, "k"), connect(other, "k")
        made = [(here, there)[n % 2].post("/videos", json={"prompt": "x"}).json() for n in range(6)]
        ids = [video["id"] for video in made]
        for client in (here, there):
            page = client.get("/videos", params={"order": "asc"}).json()
            assert [video["id"] for video in page["data"]] == ids
        assert here.get(f"/videos/{ids[1]}").json()["status"] == "completed"
        files = [client.get(f"/videos/{ids[1]}/content").content for client in (here, there)]
        assert files[0] == files[1]
        assert there.delete(f"/videos/{ids[1]}").status_code == 200
        assert here.get(f"/videos/{ids[1]}").status_code == 404
        assert here.get(f"/videos/{ids[1]}/content").status_code == 404


def test_a_database_of_another_version_is_named_with_the_way_out(
    tmp_path: Path, connect: Callable[..., httpx.Client]
) -> None:
    state = tmp_path / "emulator.sqlite"
    open_database(str(state)).close()
    with sqlite3.connect(state) as database:
        row = ("char_1", tenant_of(b"k"), '"Mossy"', 0)
        database.execute("INSERT INTO openvideos_characters VALUES (?, ?, ?, ?)", row)
        database.execute("UPDATE openvideos_schema_version SET version = 99")
    database.close()
    refused = run("--db", state, "--port", "0")
    assert refused.returncode == 2
    assert "has version 99" in refused.stderr
    assert "--reset" in refused.stderr
    with Emulator(db=state, reset=True) as emulator:
        assert connect(emulator, "k").get("/videos/characters/char_1").status_code == 404


def test_a_failure_of_its_own_is_answered_in_the_envelope_and_logged(
    tmp_path: Path, connect: Callable[..., httpx.Client]
) -> None:
    state, faults = tmp_path / "emulator.sqlite", tmp_path / "faults.yaml"
    faults.write_text("- {id: a, match: {key: nobody}, answer: [{status: 418}]}")
    with Emulator(db=state, faults=faults) as emulator:
        client = connect(emulator)
        with sqlite3.connect(state) as database:
            database.execute("DROP TABLE openvideos_videos")
        database.close()
        for _ in range(2):
            failed = client.get("/videos/video_x")
            assert failed.status_code == 500
            assert failed.json()["error"]["type"] == "server_error"
            assert "openvideos_videos" not in failed.text
        assert "no such table: openvideos_videos" in emulator.log


@pytest.fixture
def as_before() -> Iterator[None]:
    """Take back what a command does with the process that it takes for its own."""
    handlers = {
        each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    }
    yield
    gc.unfreeze()
    for each, handler in handlers.items():
        signal.signal(each, handler)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--speed", "0"], "--speed must be a number above 0"),
        (["--speed", "nan"], "--speed must be a number above 0"),
        (["--port", "70000"], "--port must be 0"),
        (["--api-key", ""], "--api-key must not be empty"),
        (["--dialect", "nobody"], "there is no dialect 'nobody'"),
        (["--db", "postgresql://user:hunter2@127.0.0.1:1/name"], "cannot be used: connection"),
        (["--db", "/nowhere/at/all.sqlite"], "/nowhere/at/all.sqlite"),
        (["--port-file", "/nowhere/at/all"], "--port-file /nowhere/at/all"),
        (["--faults", "/nowhere.yaml"], "/nowhere.yaml cannot be read"),
    ],
)
@pytest.mark.usefixtures("as_before")
def test_a_setting_that_makes_no_sense_is_one_clear_line(options: list[str], reason: str) -> None:
    refused = CliRunner().invoke(app, ["--port", "0", *options])
    assert refused.exit_code == 2
    assert refused.stdout == ""
    assert reason in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert "hunter2" not in refused.stderr


def test_a_port_that_is_taken_is_one_clear_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        refused = run("--port", str(taken.getsockname()[1]))
    assert refused.returncode == 2
    assert "--port 0 picks a free port" in refused.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no stdout that is full")
def test_a_stdout_that_is_full_is_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    # As most run it: with a buffer, which Python would empty once more at its end.
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)
    with Path("/dev/full").open("wb") as full:
        refused = subprocess.run(
            [*COMMAND, "--port", "0"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=30
        )
    assert refused.returncode == 2
    assert refused.stderr == (
        "openvideos emulator: stdout takes no base URL: No space left on device\n"
    )


def test_a_killed_emulator_leaves_nothing_behind_once_it_is_stopped(
    tmp_path: Path, http: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with Emulator(workers=2) as emulator:
        http.post(f"{emulator.base_url}/videos", headers=KEY, json={"prompt": "x"})
        assert any(tmp_path.rglob("*.sqlite"))
        emulator.kill()
        with pytest.raises(httpx.TransportError):
            http.get(f"{emulator.base_url}/videos", headers=KEY)
    assert list(tmp_path.iterdir()) == []


def test_an_emulator_that_does_not_start_says_why() -> None:
    with pytest.raises(EmulatorError, match="there is no dialect 'nobody'"):
        Emulator(dialect="nobody").start()


@pytest.mark.xdist_group("bare protocol")
def test_the_bare_protocol_takes_any_model_size_and_length(
    bare_client: httpx.Client,
    waiting: Callable[[httpx.Client, str], dict[str, Any]],
    uploaded_video: bytes,
) -> None:
    asked = {"prompt": "x", "model": "wan-2", "size": "320x240", "seconds": "1.5", "fps": 24}
    created = bare_client.post("/videos", json=asked)
    assert created.status_code == 200, created.text
    video = waiting(bare_client, created.json()["id"])
    assert {name: video[name] for name in ("model", "size", "seconds")} == {
        "model": "wan-2",
        "size": "320x240",
        "seconds": "1.5",
    }
    data = bare_client.get(f"/videos/{video['id']}/content").content
    with av.open(io.BytesIO(data), "r") as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == (320, 240)
        assert file.duration == 1_500_000
    for wrong in ({"size": "axb"}, {"size": "99999x99999"}, {"size": "321x241"}):
        assert bare_client.post("/videos", json={**asked, **wrong}).status_code == 400
    for wrong in ({"seconds": "0"}, {"seconds": "121"}, {"seconds": "abc"}):
        assert bare_client.post("/videos", json={**asked, **wrong}).status_code == 400
    files: Any = {
        "prompt": (None, "x"),
        "video": ("a.mp4", uploaded_video),
        "video_mask": ("mask.bin", b"\xff"),
    }
    assert bare_client.post("/videos/edits", files=files).json()["size"] == "320x180"


def test_exec_runs_a_command_beside_it_and_ends_as_the_command_does(http: httpx.Client) -> None:
    script = (
        "import json, os, sys, urllib.request\n"
        "url, key = os.environ['OPENAI_BASE_URL'], os.environ['OPENAI_API_KEY']\n"
        "assert url == os.environ['OPENVIDEOS_BASE_URL']\n"
        "assert key == os.environ['OPENVIDEOS_API_KEY']\n"
        "headers = {'Authorization': 'Bearer ' + key}\n"
        "page = urllib.request.urlopen(urllib.request.Request(url + '/videos', headers=headers))\n"
        "print(url, json.load(page)['object'])\n"
        "sys.exit(7)\n"
    )
    done = run("exec", "--", sys.executable, "-c", script)
    assert done.returncode == 7, done.stderr
    url, kind = done.stdout.split()
    assert kind == "list"
    with pytest.raises(httpx.ConnectError):
        http.get(url)
    assert run("exec", "--", "there-is-no-such-command").returncode == 127


def test_an_emulator_ends_when_whoever_started_it_is_killed(
    tmp_path: Path, http: httpx.Client
) -> None:
    script = (
        "import time\n"
        "from openvideos_emulator import Emulator\n"
        "with Emulator() as emulator:\n"
        "    print(emulator.base_url, flush=True)\n"
        "    time.sleep(60)\n"
    )
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, env=environment
    ) as parent:
        assert parent.stdout is not None
        url = parent.stdout.readline().decode().strip()
        assert answers(http, url)
        parent.kill()
    deadline = time.monotonic() + 10
    while answers(http, url):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def answers(http: httpx.Client, url: str) -> bool:
    try:
        return http.get(f"{url}/videos", headers=KEY).status_code == 200
    except httpx.TransportError:
        return False
