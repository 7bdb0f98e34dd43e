"""What a client sends is bounded in what it is made into: memory, time, parts, headers."""

import contextlib
import re
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from openvideos_emulator import Emulator

# One server of its own is enough: these tests run in one process.
pytestmark = pytest.mark.xdist_group("bounds")

PART = b'--b\r\nContent-Disposition: form-data; name="%b"\r\n\r\n%b\r\n'
FORM = {"Content-Type": "multipart/form-data; boundary=b"}
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    # With the admin API, what is sent is looked at once more.
    with Emulator(speed=100_000, admin=True, admin_key="a" * 20) as emulator:
        yield emulator


@pytest.fixture
def client(emulator: Emulator, connect: Callable[..., httpx.Client]) -> httpx.Client:
    return connect(emulator)


def peak(emulator: Emulator) -> int:
    """Return how many bytes of memory an emulator has had at most."""
    status = Path(f"/proc/{emulator.pid}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) * 1024


def forgotten_peak(emulator: Emulator) -> int:
    """Let an emulator forget how much memory it has had at most; return how much it has."""
    Path(f"/proc/{emulator.pid}/clear_refs").write_text("5")
    return peak(emulator)


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs /proc")
@pytest.mark.parametrize("value", [b"{}", b"1", b'{"":0}'])
def test_many_small_values_take_little_more_memory_than_their_text(
    emulator: Emulator, client: httpx.Client, value: bytes
) -> None:
    before = forgotten_peak(emulator)
    body = b'{"prompt":[' + (value + b",") * (10_000_000 // (len(value) + 1)) + b"0]}"
    refused = client.post("/videos", content=body, headers=JSON)
    assert refused.status_code == 400
    assert "at most 100000 values" in refused.json()["error"]["message"]
    assert peak(emulator) - before < 8 * len(body)


@pytest.mark.parametrize(
    "text", [b'"' + b'\\"' * 5_000_000, b'"' * 5_000_001, b"\\" * 10_000_000], ids=range(3)
)
def test_text_without_an_end_is_looked_at_once(client: httpx.Client, text: bytes) -> None:
    began = time.monotonic()
    assert client.post("/videos", content=text, headers=JSON).status_code == 400
    assert time.monotonic() - began < 10


@pytest.mark.parametrize("depth", [101, 600, 40_000])
@pytest.mark.parametrize(("opening", "closing"), [("[", "]"), ('{"a":', "}")])
def test_json_is_nested_only_so_deeply(
    client: httpx.Client, depth: int, opening: str, closing: str
) -> None:
    nested = opening * (depth - 1) + "1" + closing * (depth - 1)
    refused = client.post("/videos", content=f'{{"prompt":{nested}}}', headers=JSON)
    assert refused.status_code == 400
    assert "at most 100 levels are accepted" in refused.json()["error"]["message"]


def test_brackets_side_by_side_or_within_a_string_are_no_levels(client: httpx.Client) -> None:
    body = {"prompt": "[{" * 500, "model": "sora-2"}
    assert client.post("/videos", json=body).status_code == 200
    refused = client.post("/videos", json={"prompt": [[{}]] * 500})
    assert refused.json()["error"]["code"] == "invalid_type"


def test_values_within_a_string_are_not_counted(client: httpx.Client) -> None:
    body = {"prompt": "x", "input_reference": {"image_url": "data:," + '[{",' * 100_000}}
    refused = client.post("/videos", json=body)
    assert refused.json()["error"]["param"] == "input_reference.image_url"


def test_a_query_of_many_parameters_holds_nobody_up(client: httpx.Client) -> None:
    query = "&".join(f"{number:x}" for number in range(12_000))
    began = time.monotonic()
    assert client.get(f"/videos?{query}").status_code == 400
    assert time.monotonic() - began < 1


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs /proc")
def test_an_image_that_is_escaped_takes_little_more_memory_than_its_text(
    emulator: Emulator, client: httpx.Client
) -> None:
    before = forgotten_peak(emulator)
    url = "data:image/png," + "%41" * 2_000_000
    refused = client.post("/videos", json={"prompt": "x", "input_reference": {"image_url": url}})
    assert refused.json()["error"]["code"] == "invalid_image_file"
    assert peak(emulator) - before < 10 * len(url)


def test_a_form_of_many_parts_is_refused(client: httpx.Client) -> None:
    for name in (b"prompt", b"characters[][id]", b"other"):
        body = PART % (name, b"x") * 2000 + b"--b--\r\n"
        refused = client.post("/videos", content=body, headers=FORM)
        assert refused.status_code == 400
        assert "at most 1000 parts are accepted" in refused.json()["error"]["message"]


@pytest.mark.parametrize("content_type", [JSON, FORM], ids=["json", "form"])
def test_text_is_at_most_so_long(client: httpx.Client, content_type: dict[str, str]) -> None:
    text = b"a" * (32 * 1024 * 1024 + 1)
    body = text if content_type is JSON else PART % (b"prompt", text) + b"--b--\r\n"
    refused = client.post("/videos", content=body, headers=content_type)
    assert refused.status_code == 413
    assert refused.json()["error"]["code"] == "request_too_large"


@pytest.mark.parametrize(
    "head", [b"X: " + b"a" * 1_000_000, b"X: a\r\n" * 200_000, b"X" * 1_000_000], ids=range(3)
)
def test_headers_without_an_end_are_refused(emulator: Emulator, head: bytes) -> None:
    address = urlsplit(emulator.base_url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        # It is closed while more is sent; the answer was before that.
        with contextlib.suppress(ConnectionError):
            connection.sendall(b"GET /v1/videos HTTP/1.1\r\nHost: x\r\n" + head)
        answer = connection.recv(65536)
    assert answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))
    assert b'{"error":{' in answer


def test_what_is_uploaded_at_once_is_bounded_together(connect: Callable[..., httpx.Client]) -> None:
    with Emulator(max_body_bytes=100_000) as emulator, contextlib.ExitStack() as uploads:
        address, client = urlsplit(emulator.base_url), connect(emulator)
        head = b"POST /v1/videos HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\n"
        head += b"Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n"
        for _ in range(5):  # which is how many of the longest may be there
            upload = uploads.enter_context(
                socket.create_connection((address.hostname, address.port))
            )
            upload.sendall(head + b" " * 99_000)
        deadline = time.monotonic() + 10
        large, small = b" " * 90_000, b'{"prompt": "x"}'
        while (answer := client.post("/videos", content=large, headers=JSON)).status_code != 503:
            assert time.monotonic() < deadline
        assert answer.headers["retry-after"] == "1"
        assert client.post("/videos", content=small, headers=JSON).status_code == 200
        uploads.close()
        while client.post("/videos", content=large + small, headers=JSON).status_code != 200:
            assert time.monotonic() < deadline


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs /proc")
def test_trailers_are_not_kept(emulator: Emulator) -> None:
    address, before = urlsplit(emulator.base_url), forgotten_peak(emulator)
    trailers = b"X: a\r\n" * 1_000_000
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(
            b"POST /v1/videos HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\n"
            b"Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
            b'e\r\n{"prompt":"x"}\r\n0\r\n' + trailers + b"\r\n"
        )
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    assert peak(emulator) - before < 5 * len(trailers)
