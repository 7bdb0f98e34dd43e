"""Exit code 2: one clear sentence, within a bounded time, and nothing that costs anything."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openvideos_contract.running.conform import conform

Serve = Callable[[bytes | None], str]
SETTINGS: dict[str, Any] = {"dialect": None, "api_key": "sk-secret", "request_timeout": 1.0}


def run(base_url: str | None, named: tuple[str, ...] = (), **settings: Any) -> int:
    return conform({**SETTINGS, "base_url": base_url, **settings}, list(named))


def http(status: str, kind: str, body: str) -> bytes:
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Connection: close\r\n\r\n{body}".encode()


def error(message: str) -> str:
    return json.dumps({"error": {"message": message, "type": "x", "param": None, "code": None}})


def said(capsys: pytest.CaptureFixture[str]) -> str:
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("openvideos conform could not run: ")
    assert "sk-secret" not in lines[0]
    return lines[0]


def test_a_server_that_is_down(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("http://127.0.0.1:9/v1") == 2
    assert "no server answers at http://127.0.0.1:9/v1" in said(capsys)


def test_a_server_that_resets(capsys: pytest.CaptureFixture[str], serve_raw: Serve) -> None:
    assert run(serve_raw(None)) == 2
    assert "closed the connection without a whole answer" in said(capsys)


def test_a_server_that_hangs(capsys: pytest.CaptureFixture[str], serve_raw: Serve) -> None:
    started = time.monotonic()
    assert run(serve_raw(b"")) == 2
    assert time.monotonic() - started < 5
    assert "did not answer within 1 s" in said(capsys)


def test_a_wrong_key(capsys: pytest.CaptureFixture[str], serve_raw: Serve) -> None:
    body = error("Incorrect API key provided")
    assert run(serve_raw(http("401 Unauthorized", "application/json", body))) == 2
    assert "does not take this key: the server answered 401: Incorrect API key" in said(capsys)


def test_a_server_that_shows_the_key_and_steers_the_terminal(
    capsys: pytest.CaptureFixture[str], serve_raw: Serve
) -> None:
    body = error("\x1b[2J\u202ewrong: sk-secret-of-the-test\r")
    answer = http("401 Unauthorized", "application/json", body)
    assert run(serve_raw(answer), api_key="sk-secret-of-the-test") == 2
    assert "\\x1b[2J\\u202ewrong: ***\\r" in said(capsys)


def test_a_key_that_is_missing(capsys: pytest.CaptureFixture[str], serve_raw: Serve) -> None:
    answer = http("401 Unauthorized", "application/json", error("No key"))
    assert run(serve_raw(answer), api_key=None) == 2
    assert "give --api-key" in said(capsys)


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"headers": (("api-key", "sk-secret"),)}, "in place of a key: the server answered 401"),
        ({"headers": (("api-key", "sk-secret"),)}, "; check --header"),
        ({"query": (("code", "sk-secret"),)}, "; check --query"),
        ({"no_auth": True}, "wants a key: the server answered 401: No key; leave out --no-auth"),
    ],
)
def test_a_key_that_is_sent_elsewhere_or_not_at_all(
    capsys: pytest.CaptureFixture[str], serve_raw: Serve, settings: dict[str, Any], advice: str
) -> None:
    answer = http("401 Unauthorized", "application/json", error("No key"))
    assert run(serve_raw(answer), api_key=None, **settings) == 2
    assert advice in said(capsys)


def test_a_certificate_that_nobody_knows(
    capsys: pytest.CaptureFixture[str], serve_raw: Serve
) -> None:
    # What speaks no TLS is as untrusted as what has a strange certificate.
    url = serve_raw(b"HTTP/1.1 400 Bad Request\r\n\r\n").replace("http:", "https:")
    assert run(url) == 2
    assert "can be trusted" in said(capsys)


def test_a_folder_that_no_report_can_be_written_to(
    capsys: pytest.CaptureFixture[str], lenient: Any, tmp_path: Path
) -> None:
    file = tmp_path / "file"
    file.write_text("in the way")
    assert run(lenient.base_url, report_dir=file / "reports") == 2
    assert "no report can be written to" in said(capsys)
    assert lenient.log == []


def test_a_web_page(capsys: pytest.CaptureFixture[str], serve_raw: Serve) -> None:
    assert run(serve_raw(http("200 OK", "text/html", "<html>hello</html>"))) == 2
    assert "answers with a web page" in said(capsys)


def test_another_service(capsys: pytest.CaptureFixture[str], serve_raw: Serve) -> None:
    answer = http("404 Not Found", "application/json", '{"detail":"Not Found"}')
    assert run(serve_raw(answer)) == 2
    assert "there is no Videos API at" in said(capsys)


def test_another_service_without_json(capsys: pytest.CaptureFixture[str], serve_raw: Serve) -> None:
    assert run(serve_raw(http("200 OK", "text/plain", "hello"))) == 2
    assert "does not answer in JSON" in said(capsys)


def test_a_server_that_redirects_without_an_end(
    capsys: pytest.CaptureFixture[str], serve_raw: Serve
) -> None:
    head = b"HTTP/1.1 307 -\r\nLocation: /v1/videos\r\nContent-Length: 0\r\n"
    assert run(serve_raw(head + b"Connection: close\r\n\r\n")) == 2
    assert "redirects without an end" in said(capsys)


def test_a_server_that_is_asked_too_often(
    capsys: pytest.CaptureFixture[str], serve_raw: Serve
) -> None:
    assert run(serve_raw(http("429 Too Many", "application/json", error("slow down")))) == 2
    assert "is not ready: it answered 429" in said(capsys)


def test_a_server_that_is_not_ready(capsys: pytest.CaptureFixture[str], serve_raw: Serve) -> None:
    assert run(serve_raw(http("503 Unavailable", "application/json", error("loading")))) == 2
    assert "is not ready: it answered 503" in said(capsys)


def test_a_base_url_without_its_prefix(capsys: pytest.CaptureFixture[str], lenient: Any) -> None:
    answer = lenient.answer
    lenient.answer = lambda method, path: (
        answer(method, path) if path.startswith("/v1/") else (404, {"error": {"message": "?"}})
    )
    assert run(lenient.base_url.removesuffix("/v1")) == 2
    assert f"did you mean {lenient.base_url}?" in said(capsys)
    assert lenient.accepted == []


@pytest.mark.parametrize(
    ("settings", "named", "sentence"),
    [
        ({}, ("catalogue",), "the profile catalogue needs --dialect"),
        ({}, ("cores",), "there is no profile 'cores': choose from core, remix"),
        ({"dialect": "nobody"}, (), "there is no dialect 'nobody'"),
        ({"only": frozenset({"CREATE-999"})}, (), "--only: there is no requirement CREATE-999"),
        ({"max_videos": -1}, (), "--max-videos must be at least 0"),
        ({"base_url": "127.0.0.1:8000"}, (), "'127.0.0.1:8000' is not a base URL"),
        ({"base_url": None}, (), "which server? Give --base-url"),
    ],
)
def test_settings_that_cannot_be_right(
    capsys: pytest.CaptureFixture[str],
    settings: dict[str, Any],
    named: tuple[str, ...],
    sentence: str,
) -> None:
    assert run(settings.pop("base_url", "http://127.0.0.1:9/v1"), named, **settings) == 2
    assert sentence in said(capsys)
