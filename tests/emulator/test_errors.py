"""Nothing that a client sends makes the emulator fail, and every refusal is in the envelope."""

import json
import socket
from collections.abc import Callable
from urllib.parse import quote, unquote, urlsplit

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openvideos_emulator import Emulator

LONG = "9" * 10_000


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/videos", "GET, HEAD, POST"),
        ("DELETE", "/videos", "GET, HEAD, POST"),
        ("OPTIONS", "/videos", "GET, HEAD, POST"),
        ("TRACE", "/videos/x", "DELETE, GET, HEAD"),
        ("POST", "/videos/x", "DELETE, GET, HEAD"),
        ("GET", "/videos/edits", "POST"),
        ("GET", "/videos/extensions", "POST"),
        ("DELETE", "/videos/characters", "POST"),
        ("DELETE", "/videos/characters/x", "GET, HEAD"),
        ("GET", "/videos/x/remix", "POST"),
        ("PROPFIND", "/videos/x/content", "GET, HEAD"),
    ],
)
def test_a_method_that_a_path_has_not_is_answered_with_those_it_has(
    client: httpx.Client, method: str, path: str, allowed: str
) -> None:
    response = client.request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == allowed
    assert response.json()["error"]["type"] == "invalid_request_error"


@pytest.mark.parametrize(
    "path",
    ["/", "/video", "/videos/", "/videos/a/b", "/videos/a/content/b", "/videos/a/content%0A"],
)
def test_an_unknown_path_is_not_found(client: httpx.Client, path: str) -> None:
    response = client.get(path)
    assert response.status_code == 404
    assert response.json()["error"]["message"] == f"Invalid URL (GET /v1{unquote(path)})"


def test_a_path_outside_the_prefix_is_not_found(fast: Emulator, http: httpx.Client) -> None:
    response = http.get(fast.base_url.removesuffix("/v1"))
    assert response.status_code == 404
    assert response.json()["error"]["message"] == "Invalid URL (GET /)"


@pytest.mark.parametrize(
    "video_id",
    [
        *("video_x", "a:b", "a=b==", "ünï", "a b", "%", "\0", "edits\n"),
        *("a/b", "a/content", "/", "../edits", "ü%2F", "'; DROP TABLE openvideos_videos; --"),
    ],
)
def test_an_unknown_id_is_not_found_and_named(client: httpx.Client, video_id: str) -> None:
    for path in ("", "/content"):
        response = client.get(f"/videos/{quote(video_id, safe='')}{path}")
        assert response.status_code == 404
        assert response.json()["error"]["message"] == f"Video with id '{video_id}' not found."
    # A request that a fault has looked at is the same.
    response = client.get(
        f"/videos/{quote(video_id, safe='')}", headers={"X-OpenVideos-Fault": "unknown_status"}
    )
    assert response.json()["error"]["message"] == f"Video with id '{video_id}' not found."
    response = client.get(f"/videos/characters/{quote(video_id, safe='')}")
    assert response.json()["error"]["message"] == f"Character with id '{video_id}' not found."


def test_a_huge_id_is_not_found(client: httpx.Client) -> None:
    assert client.get(f"/videos/{LONG}").status_code == 404
    assert client.post(f"/videos/{LONG}/remix", json={"prompt": "x"}).status_code == 404


def exchange(emulator: Emulator, request: bytes) -> bytes:
    """Return what the emulator answers to raw bytes."""
    address = urlsplit(emulator.base_url)
    with socket.create_connection((address.hostname, address.port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
    return answer


@pytest.mark.parametrize(
    "target",
    ["/v1/videos/%", "/v1/videos/%ff%fe", "/v1/videos/%00", "/v1/videos/%2F..%2F", "/v1/videos?%"],
)
def test_bad_percent_encoding_is_no_failure(fast: Emulator, target: str) -> None:
    head = f"GET {target} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nConnection: close\r\n"
    answer = exchange(fast, head.encode() + b"\r\n")
    assert answer.startswith((b"HTTP/1.1 404", b"HTTP/1.1 400"))
    assert b'{"error":{' in answer


@pytest.mark.parametrize(
    ("length", "body"), [(b"Content-Length: 999999999999", b""), (b"Content-Length: 4", b"null")]
)
def test_a_body_that_is_too_large_is_refused_before_it_is_read(
    fast: Emulator, length: bytes, body: bytes
) -> None:
    head = (
        b"POST /v1/videos HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\n"
        b"Content-Type: application/json\r\nConnection: close\r\n" + length + b"\r\n\r\n"
    )
    answer = exchange(fast, head + body)
    assert answer.startswith(b"HTTP/1.1 400" if body else b"HTTP/1.1 413")
    assert b"invalid_request_error" in answer


def test_a_websocket_is_answered_as_any_request(fast: Emulator) -> None:
    answer = exchange(
        fast,
        b"GET /v1/videos HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nConnection: close\r\n"
        b"Upgrade: websocket\r\n\r\n",
    )
    assert answer.startswith(b"HTTP/1.1 200")


header_values = st.text(
    st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60
)
junk_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.text(max_size=8)
            | st.sampled_from(
                ["prompt", "seconds", "size", "model", "input_reference", "video", "id"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
bodies = (
    st.binary(max_size=200)
    | junk_json.map(lambda value: json.dumps(value).encode())
    | st.binary(max_size=60).map(
        lambda data: (
            b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\n'
            + data
            + b"\r\n--b--\r\n"
        )
    )
)
paths = st.sampled_from(
    [
        "/videos",
        "/videos/edits",
        "/videos/extensions",
        "/videos/characters",
        "/videos/x",
        "/videos/x/remix",
        "/videos/x/content",
    ]
) | st.text(max_size=20).map(lambda text: "/videos/" + quote(text, safe="", errors="replace"))


@settings(
    max_examples=300,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    method=st.sampled_from(["GET", "POST", "DELETE", "HEAD", "PUT", "PATCH"]),
    path=paths,
    query=st.text(max_size=30).map(lambda text: quote(text, safe="=&%", errors="replace")),
    content_type=st.sampled_from(["application/json", "multipart/form-data; boundary=b"])
    | header_values,
    range_=header_values,
    body=bodies,
)
def test_junk_never_makes_the_emulator_fail(
    client: httpx.Client,
    method: str,
    path: str,
    query: str,
    content_type: str,
    range_: str,
    body: bytes,
) -> None:
    response = client.request(
        method,
        f"{path}?{query}" if query else path,
        content=body,
        headers=[
            (b"Content-Type", content_type.strip().encode("latin-1")),
            (b"Range", range_.strip().encode("latin-1")),
        ],
    )
    assert response.status_code < 500


def test_several_clients_at_once_get_jobs_of_their_own(
    fast: Emulator, connect: Callable[..., httpx.Client]
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    client = connect(fast)
    with ThreadPoolExecutor(8) as threads:
        made = list(
            threads.map(
                lambda number: client.post("/videos", json={"prompt": str(number)}).json(),
                range(40),
            )
        )
    assert len({video["id"] for video in made}) == 40
    assert [video["prompt"] for video in made] == [str(number) for number in range(40)]
    page = client.get("/videos", params={"limit": 100}).json()
    assert {video["id"] for video in page["data"]} == {video["id"] for video in made}


def test_without_a_key_no_body_is_waited_for(fast: Emulator) -> None:
    address = urlsplit(fast.base_url)
    head = b"POST /v1/videos HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n"
    with socket.create_connection((address.hostname, address.port), timeout=5) as connection:
        connection.sendall(head)
        assert connection.recv(65536).startswith(b"HTTP/1.1 401 ")
