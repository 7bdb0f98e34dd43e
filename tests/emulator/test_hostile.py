"""What only somebody hostile or unlucky sends, has or does, and what the emulator does then."""

import asyncio
import io
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import av
import httpx
import pytest
import uvicorn
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

import openvideos_spec
from openvideos_emulator import Emulator, SettingsError
from openvideos_emulator.contract import Contract
from openvideos_emulator.faults import load_faults
from openvideos_emulator.http import protocol
from openvideos_emulator.http.protocol import Protocol

COMMAND = [sys.executable, "-m", "openvideos_emulator", "--port", "0"]
KEY = b"Host: x\r\nAuthorization: Bearer k\r\n"
GET = b"GET /v1/videos HTTP/1.1\r\n" + KEY
POST = b"POST /v1/videos HTTP/1.1\r\n" + KEY + b"Content-Type: application/json\r\n"
CLOSE = b"Connection: close\r\n"
BODY = b'{"prompt":"A calico cat"}'
LENGTH = b"Content-Length: %d\r\n" % len(BODY)


def answers(emulator: Emulator, request: bytes) -> list[httpx.Response]:
    """Return what the emulator answers to raw bytes until it closes the connection."""
    address = urlsplit(emulator.base_url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request)
        with connection.makefile("rb") as stream:
            return list(_responses(stream))


def _responses(stream: io.BufferedIOBase) -> Iterator[httpx.Response]:
    while line := stream.readline():
        headers = {}
        while (header := stream.readline()) not in (b"\r\n", b""):
            name, _, value = header.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        content = stream.read(int(headers.pop("content-length", "0")))
        yield httpx.Response(int(line.split()[1]), headers=headers, content=content)


@pytest.mark.parametrize(
    "request_",
    [
        b"\0\1\2\r\n\r\n",
        b"\x16\x03\x01\x00\xa5\x01\x00" + b"x" * 60,
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        b"GET /v1/videos/\xff HTTP/1.1\r\n\r\n",
        b"GET /v1/videos/a b HTTP/1.1\r\n\r\n",
        b"GET /v1/videos/" + b"a" * 100_000 + b" HTTP/1.1\r\n\r\n",
        b"CONNECT x:443 HTTP/1.1\r\n\r\n",
        b"CONNECT /v1/videos HTTP/1.1\r\n\r\n",
        b"GET /v1/videos HTTP/1.1\r\nX: \0\r\n\r\n",
        POST + b"Content-Length: -1\r\n\r\n",
        POST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\n{}",
        POST + LENGTH + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\nzz\r\n",
    ],
)
def test_what_is_no_request_is_refused_in_the_envelope(fast: Emulator, request_: bytes) -> None:
    (answer,) = answers(fast, request_)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["x-request-id"].startswith("req_")
    error = answer.json()["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", None, None)


def test_what_is_no_request_takes_no_earlier_ones_answer(
    fast: Emulator, client: httpx.Client
) -> None:
    key = client.headers["Authorization"].encode()
    request = POST.replace(b"Bearer k", key) + LENGTH + b"\r\n" + BODY
    made = answers(fast, request * 2 + b"\0\r\n\r\n")
    assert made[0].json()["prompt"] == "A calico cat"
    # What came after that was not even begun.
    assert len(client.get("/videos").json()["data"]) == len(made)


def test_a_connection_that_asks_nothing_is_closed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_SECONDS_FOR_HEAD", 0.05)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0.1)
        await JSONResponse(None)(scope, receive, send)

    async def ask(*requests: bytes) -> list[bytes]:
        config = uvicorn.Config(
            app, http=Protocol, log_config=None, lifespan="off", timeout_keep_alive=0
        )
        config.load()
        server = await asyncio.get_running_loop().create_server(
            lambda: Protocol(config, ServerState(), {}), "127.0.0.1"
        )
        async with server:
            port = server.sockets[0].getsockname()[1]
            answers = []
            for request in requests:
                reader, writer = await asyncio.open_connection("127.0.0.1", port)
                writer.write(request)
                answers.append(await asyncio.wait_for(reader.read(), 10))
                writer.close()
            return answers

    whole = GET + CLOSE + b"\r\n"
    silent, begun, slow, slow_and_begun = asyncio.run(ask(b"", GET, whole, GET + b"\r\n" + GET))
    assert (silent, begun) == (b"", b"")
    assert slow.startswith(b"HTTP/1.1 200 ")
    assert slow_and_begun.startswith(b"HTTP/1.1 200 ")


@pytest.mark.parametrize("protocol", [b"h2c", b"websocket", b"TLS/1.0, HTTP/1.1"])
def test_a_request_that_offers_another_protocol_keeps_its_body(
    fast: Emulator, protocol: bytes
) -> None:
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMA\r\n"
    offer += b"Upgrade: " + protocol + b"\r\n"
    # One that is whole and one in chunks, and an ordinary one after them.
    chunked = b"Transfer-Encoding: chunked\r\n\r\n%x\r\n%b\r\n0\r\n\r\n" % (len(BODY), BODY)
    requests = POST + offer + LENGTH + b"\r\n" + BODY + POST + offer + chunked
    made = answers(fast, requests + GET + CLOSE + b"\r\n")
    assert [answer.status_code for answer in made] == [200, 200, 200]
    assert [answer.json()["prompt"] for answer in made[:2]] == ["A calico cat"] * 2


def test_an_offer_that_arrives_in_pieces_is_passed_over(fast: Emulator) -> None:
    address = urlsplit(fast.base_url)
    request = POST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n" + LENGTH + b"\r\n" + BODY
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for place in range(0, len(request), 40):
            connection.sendall(request[place : place + 40])
            time.sleep(0.002)
        assert connection.recv(65536).startswith(b"HTTP/1.1 200")


def form(*fields: tuple[str, str]) -> dict[str, Any]:
    return {"files": [(name, (None, value)) for name, value in fields]}


@pytest.mark.parametrize("path", ["", "/edits", "/extensions", "/characters", "/x/remix"])
@pytest.mark.parametrize("file", [False, True], ids=["text", "file"])
@pytest.mark.parametrize("dialect", ["openai", "none"])
def test_brackets_of_every_odd_shape_are_no_failure(
    fast: Emulator,
    bare: Emulator,
    http: httpx.Client,
    path: str,
    file: bool,
    dialect: str,
) -> None:
    emulator = fast if dialect == "openai" else bare
    shapes = ["{}", "{}[]", "{}[x]", "{}[id]", "{}[][x]", "{}[][id]", "{}[0][id]", "{}[id][x]"]
    shapes += ["{}[", "{}]", "[]", "[x]", "[][x]", "]{}[", "{}[][]"]
    names = ["prompt", "model", "seconds", "size", "input_reference", "video", "characters"]
    base: list[Any] = [("prompt", (None, "x")), ("name", (None, "x")), ("video", ("v.mp4", b"x"))]
    for name in {shape.format(name) for shape in shapes for name in [*names, "name", "other"]}:
        for others in (base, base[:1]):
            part = (name, ("a.bin" if file else None, b"value"))
            response = http.post(
                f"{emulator.base_url}/videos{path}",
                headers={"Authorization": "Bearer k"},
                files=[*others, part],
            )
            assert response.status_code < 500, (name, response.text)


@pytest.mark.parametrize("name", ["characters", "characters[id]", "seconds[x]", "video[]"])
def test_an_open_contract_has_one_way_only_of_writing_what_it_knows(
    bare: Emulator, connect: Callable[..., httpx.Client], name: str
) -> None:
    client = connect(bare)
    path = "/videos/edits" if name.startswith("video") else "/videos"
    refused = client.post(path, **form(("prompt", "x"), (name, "4")))
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == f"Unknown parameter: '{name}'."
    assert client.post("/videos", **form(("prompt", "x"), ("fps[][x]", "4"))).status_code == 200


def test_an_uploaded_video_opens_nothing_else(
    client: httpx.Client, tmp_path: Path, uploaded_video: bytes
) -> None:
    (tmp_path / "secret.mp4").write_bytes(uploaded_video)
    session = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    playlists = [
        b"ffconcat version 1.0\nfile '%b'\n" % bytes(tmp_path / "secret.mp4"),
        b"ffconcat version 1.0\nfile README.md\n",
        b"#EXTM3U\n#EXTINF:1,\nfile://%b\n" % bytes(tmp_path / "secret.mp4"),
        # FFmpeg would listen on that port for 20 seconds.
        session + b"m=video 50004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    ]
    for playlist in playlists:
        began = time.monotonic()
        refused = client.post(
            "/videos/edits",
            files={"prompt": (None, "x"), "video": ("a.mp4", playlist, "video/mp4")},
        )
        assert refused.json()["error"]["code"] == "invalid_video_file"
        assert time.monotonic() - began < 5


@pytest.mark.parametrize("container", ["mp4", "mov", "matroska", "webm"])
def test_videos_of_the_usual_containers_are_taken(client: httpx.Client, container: str) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format=container) as output:
        stream = output.add_stream("libvpx" if container == "webm" else "libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for _ in range(5):
            output.mux(stream.encode(av.VideoFrame(64, 36, "yuv420p")))
        output.mux(stream.encode())
    made = client.post(
        "/videos/edits", files={"prompt": (None, "x"), "video": ("a", file.getvalue())}
    )
    assert made.status_code == 200, made.text


def test_a_video_of_a_thousandth_of_a_second_is_no_video_of_none(
    client: httpx.Client, waiting: Callable[[httpx.Client, str], dict[str, Any]]
) -> None:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=1000)
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        output.mux(stream.encode(av.VideoFrame(64, 36, "yuv420p")))
        output.mux(stream.encode())
    made = client.post(
        "/videos/edits", files={"prompt": (None, "x"), "video": ("a.mp4", file.getvalue())}
    ).json()
    assert made["seconds"] == "0.01"
    waiting(client, made["id"])
    assert client.get(f"/videos/{made['id']}/content").status_code == 200


def test_a_length_that_rounds_to_nothing_is_refused(
    bare: Emulator, connect: Callable[..., httpx.Client]
) -> None:
    refused = connect(bare).post("/videos", json={"prompt": "x", "seconds": "0.004"})
    assert refused.json()["error"]["param"] == "seconds"


def test_a_full_disk_is_an_answer_and_no_end(
    tmp_path: Path,
    connect: Callable[..., httpx.Client],
    waiting: Callable[[httpx.Client, str], dict[str, Any]],
) -> None:
    state = tmp_path / "emulator.sqlite"
    with Emulator(db=state, speed=1e6) as emulator:
        client = connect(emulator)
        made = [client.post("/videos", json={"prompt": "x"}).json()["id"]]
        waiting(client, made[0])
        assert emulator.pid is not None
        # A file may not grow beyond so many bytes: what a full disk is to whoever writes.
        resource.prlimit(emulator.pid, resource.RLIMIT_FSIZE, (150_000, resource.RLIM_INFINITY))
        refused = None
        for _ in range(40):
            response = client.post("/videos", json={"prompt": "x" * 20_000})
            if response.status_code == 200:
                made.append(response.json()["id"])
            else:
                refused = response
        assert refused is not None
        assert refused.status_code == 503
        assert client.get(f"/videos/{made[0]}/content").status_code == 507
        assert client.get(f"/videos/{made[0]}").status_code == 200
        resource.prlimit(
            emulator.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
        )
        made.append(client.post("/videos", json={"prompt": "x"}).json()["id"])
        assert client.get(f"/videos/{made[0]}/content").status_code == 200
        emulator.kill()
    key = client.headers["Authorization"].removeprefix("Bearer ")
    with Emulator(db=state) as emulator:
        page = connect(emulator, key).get("/videos", params={"limit": 100, "order": "asc"}).json()
        assert [video["id"] for video in page["data"]] == made


def test_what_is_deleted_while_it_is_made_leaves_nothing(
    tmp_path: Path,
    connect: Callable[..., httpx.Client],
    waiting: Callable[[httpx.Client, str], dict[str, Any]],
) -> None:
    state = tmp_path / "emulator.sqlite"
    with Emulator(db=state, speed=1e6) as emulator, ThreadPoolExecutor(2) as threads:
        client = connect(emulator)
        video_id = client.post("/videos", json={"prompt": "x", "seconds": "12"}).json()["id"]
        waiting(client, video_id)
        media = tmp_path / "emulator.sqlite-media"
        downloads = [
            threads.submit(client.get, f"/videos/{video_id}/content", params={"variant": variant})
            for variant in ("video", "thumbnail")
        ]
        while not list(media.glob("*.part")):
            time.sleep(0.001)
        assert client.delete(f"/videos/{video_id}").status_code == 200
        assert {download.result().status_code for download in downloads} == {404}
        assert list(media.iterdir()) == []


def test_a_cut_body_starts_no_job_where_there_are_faults(
    tmp_path: Path, connect: Callable[..., httpx.Client]
) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text("- {id: none, match: {prompt: none}, answer: [{status: 503}]}")
    with Emulator(faults=faults) as emulator:
        head = POST + b"Transfer-Encoding: chunked\r\n\r\n"
        address = urlsplit(emulator.base_url)
        with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
            connection.sendall(head + b"%x\r\n%b\r\n" % (len(BODY), BODY))
        # Another request is answered after the first one's end was seen.
        client = connect(emulator, "k")
        for _ in range(5):
            assert client.get("/videos").json()["data"] == []
        assert "Traceback" not in emulator.log


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--api-key", b"\xff"], "--api-key must be one line of text"),
        (["--db", ""], "--db must not be empty"),
        (["--db", ":memory:"], "SQLite"),
        (["--db", "sqlite+nobody:///x.sqlite"], "SQLite"),
        (["--db", "sqlite:///x.sqlite?mode=memory"], "SQLite"),
        (["--db", "taken.sqlite"], "where media are kept, cannot be made"),
        (["--port-file", "/dev/null"], "is no file"),
        (["--port-file", "n" * 250], "name too long"),
    ],
)
def test_an_odd_setting_is_one_clear_line(tmp_path: Path, options: list[Any], reason: str) -> None:
    (tmp_path / "taken.sqlite-media").touch()
    refused = subprocess.run(
        [*COMMAND, *options], cwd=tmp_path, capture_output=True, text=True, timeout=20, check=False
    )
    assert refused.returncode == 2
    assert refused.stdout == ""
    assert reason in refused.stderr
    assert refused.stderr.count("\n") == 1
    assert Path("/dev/null").is_char_device()


@pytest.mark.parametrize(
    "text",
    [
        "- {id: a, answer: [{set: {at: $.x, to: 2026-01-01}}]}",
        "- {id: a, answer: [{set: {at: $.x, to: .nan}}]}",
        "- {id: a, 1: 2}",
        "- &a [*a]",
        '- {id: a, answer: [{set_header: {x: "1\\n2"}}]}',
        '- {id: a, answer: [{set_header: {"x y": "1"}}]}',
        '- {id: a, request: [{reply: {status: 200, headers: {x: "日本"}}}]}',
    ],
)
def test_faults_that_could_not_happen_are_one_clear_line(tmp_path: Path, text: str) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as refused:
        load_faults(faults, Contract(openvideos_spec.load()))
    assert str(refused.value).startswith(f"--faults: {faults}: ")
    assert "\n" not in str(refused.value)


def test_of_two_that_start_at_once_on_one_port_one_says_that_it_is_taken() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "openvideos_emulator", "--port", str(port)]
    both = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(2)
    ]
    try:
        deadline = time.monotonic() + 20
        while all(process.poll() is None for process in both):
            assert time.monotonic() < deadline
            time.sleep(0.02)
        loser = next(process for process in both if process.poll() is not None)
        _, said = loser.communicate(timeout=10)
        assert loser.returncode == 2
        assert "--port 0 picks a free port" in said
        assert said.count("\n") == 1
    finally:
        for process in both:
            process.kill()
            process.communicate()
