"""The curl command of a failure sends the very request again, and shows no key."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos_contract.wire import curl

KEY = "sk-secret-of-the-test"
SECRETS = {"OPENVIDEOS_API_KEY": KEY, "OPENVIDEOS_HEADER_TEAM": "team $HOME secret"}
BEARER = {"Authorization": f"Bearer {KEY}"}

needs_curl = pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")


class Recorder:
    """Keeps the requests that come."""

    def __init__(self) -> None:
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        handler = type("Handler", (_Handler,), {"seen": self.seen})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    seen: list[tuple[str, str, dict[str, str], bytes]]

    def _keep(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.seen.append((self.command, self.path, headers, body))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _keep  # noqa: N815 - names of the base class

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def recorder() -> Iterator[Recorder]:
    server = Recorder()
    yield server
    server.close()


REQUESTS = {
    "a retrieve": httpx.Request("GET", "URL/videos/video_1?variant=thumbnail", headers=BEARER),
    "a head": httpx.Request("HEAD", "URL/videos", headers=BEARER),
    "a delete": httpx.Request("DELETE", "URL/videos/a%2Fb", headers=BEARER),
    "an id of dots": httpx.Request("GET", "URL/videos/../x", headers=BEARER),
    "brackets": httpx.Request("GET", "URL/videos?a[]=1&b={c}", headers=BEARER),
    "json": httpx.Request(
        "POST", "URL/videos", headers=BEARER, json={"prompt": 'it\'s $HOME `x` "q" !\n «雪»'}
    ),
    "json with a key": httpx.Request(
        "POST", "URL/videos", headers=BEARER, json={"prompt": f"$HOME {KEY} `x`"}
    ),
    "a body without a type": httpx.Request("POST", "URL/videos", content=b'{"prompt": "x"}'),
    "bytes": httpx.Request("POST", "URL/videos", content=b"\xff\0@", headers={"Content-Type": "x"}),
    "an at sign": httpx.Request("POST", "URL/videos", content=b"@/etc/passwd"),
    "what would turn text round": httpx.Request(
        "POST", "URL/videos", json={"prompt": "\u202egnp.exe"}
    ),
    "line ends": httpx.Request("POST", "URL/videos", content=b"a\r\nb\n", headers={"A": ""}),
    "a prompt of 32,000 characters": httpx.Request(
        "PUT", "URL/videos", headers=BEARER, json={"prompt": "雪" * 32_000}
    ),
    "a key of the user's": httpx.Request(
        "GET", "URL/videos", headers={"Team": "team $HOME secret", "X": "team $HOME secret!"}
    ),
}


def to(server: Recorder, request: httpx.Request) -> httpx.Request:
    url = str(request.url).replace("URL", server.url)
    headers = [(name, value) for name, value in request.headers.items() if name != "host"]
    return httpx.Request(request.method, url, headers=headers, content=request.read())


def run(command: str) -> None:
    environment = {**os.environ, **SECRETS, "no_proxy": "*"}
    subprocess.run(
        ["sh", "-c", command], env=environment, capture_output=True, check=True, timeout=30
    )


@needs_curl
@pytest.mark.parametrize("name", REQUESTS)
def test_the_command_sends_the_same_request(recorder: Recorder, name: str) -> None:
    request = to(recorder, REQUESTS[name])
    command = curl.command(request, SECRETS)
    assert not any(secret in command for secret in SECRETS.values())
    recorder.seen.clear()
    run(command)
    with httpx.Client(trust_env=False) as client:
        client.send(request)
    (again, first) = recorder.seen
    assert again[0] == first[0]
    assert again[1] == first[1]
    assert again[3] == first[3]
    untold = {"accept", "accept-encoding", "connection", "user-agent", "host", "content-length"}
    assert {k: v for k, v in again[2].items() if k not in untold} == {
        k: v for k, v in first[2].items() if k not in untold
    }


@needs_curl
def test_a_form_is_told_by_its_fields(recorder: Recorder) -> None:
    files = [
        ("prompt", (None, "it's <a>; @b\n--boundary «雪»")),
        ("video[id]", (None, "video_1")),
    ]
    request = httpx.Request("POST", f"{recorder.url}/videos", headers=BEARER, files=files)
    request.read()
    command = curl.command(request, SECRETS)
    assert "--form-string 'video[id]=video_1'" in command
    assert "content-type" not in command
    recorder.seen.clear()
    run(command)
    ((method, _, headers, body),) = recorder.seen
    assert method == "POST"
    boundary = headers["content-type"].partition("boundary=")[2]
    ours = request.headers["content-type"].partition("boundary=")[2]
    assert body.replace(boundary.encode(), ours.encode()) == request.content


def test_a_form_that_is_not_quite_one_is_sent_byte_for_byte() -> None:
    content = b'--x\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nno end\r\n'
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    request = httpx.Request("POST", "http://127.0.0.1/v1/videos", content=content, headers=headers)
    assert curl.command(request, {}).startswith("echo ")


def test_a_key_among_bytes_is_left_out_whatever_its_writing() -> None:
    request = httpx.Request("POST", "http://127.0.0.1/v1/videos", content=b"\0" + KEY.encode())
    command = curl.command(request, SECRETS)
    assert "left out here" in command
    assert "base64" not in command


@given(st.text(max_size=60), st.sampled_from(["", KEY, f" {KEY}", f"{KEY}_1", f"{KEY}{KEY}"]))
def test_no_text_around_a_key_lets_it_out(text: str, secret: str) -> None:
    content = f"{text}{secret}{text}".encode("utf-8", "replace")
    request = httpx.Request("POST", "http://127.0.0.1/v1/videos", content=content)
    assert KEY not in curl.command(request, SECRETS) or KEY in text
