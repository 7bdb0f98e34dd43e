"""What the emulator says of requests: readable, or JSON, and never a key."""

from __future__ import annotations

import json
import re
import secrets
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from openvideos_emulator import Emulator, EmulatorError
from openvideos_emulator.http.keys import tenant_of

KEY = f"sk-{secrets.token_hex(16)}"
NAME = tenant_of(KEY.encode())[:8]
STRANGE = f"/stranger-{NAME}"


def lines_of(emulator: Emulator) -> list[str]:
    """Return the lines of `ask` once they are there: a line comes after its answer."""
    deadline = time.monotonic() + 5
    lines: list[str] = []
    while len(lines) < 3 and time.monotonic() < deadline:
        lines = [line for line in emulator.log.splitlines() if NAME in line]
        time.sleep(0.005)
    return lines


def ask(emulator: Emulator, http: httpx.Client) -> list[str]:
    headers = {"Authorization": f"Bearer {KEY}"}
    http.get(f"{emulator.base_url}/videos?after=hunter2&api_key={KEY}", headers=headers)
    http.get(f"{emulator.base_url}/videos/a%0Ab", headers=headers)
    http.delete(f"{emulator.base_url}{STRANGE}")
    return lines_of(emulator)


@pytest.fixture(scope="module")
def in_json(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    file = tmp_path_factory.mktemp("logs") / "emulator.log"
    with Emulator(log_format="json", log_file=file) as emulator:
        yield emulator
        assert file.read_text() == emulator.log, "nothing of it is on stderr"


def test_a_request_is_a_line_with_time_status_milliseconds_and_whose_it_was(
    fast: Emulator, http: httpx.Client
) -> None:
    first, second, third = ask(fast, http)
    time_and, milliseconds = r"\d\d:\d\d:\d\d\.\d{3} ", r" \d+\.\d ms "
    assert re.fullmatch(f"{time_and}GET /v1/videos 400{milliseconds}{NAME}", first)
    assert re.fullmatch(f"{time_and}GET /v1/videos/a%0Ab 404{milliseconds}{NAME}", second)
    assert re.fullmatch(f"{time_and}DELETE /v1{STRANGE} 401{milliseconds}-", third)


def test_json_is_an_object_a_line(in_json: Emulator, http: httpx.Client) -> None:
    first, _, third = map(json.loads, ask(in_json, http))
    told = ("method", "path", "status", "key")
    assert [first[name] for name in told] == ["GET", "/v1/videos", 400, NAME]
    assert [third[name] for name in told] == ["DELETE", f"/v1{STRANGE}", 401, None]
    assert first["request_id"].startswith("req_")
    assert first["milliseconds"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", first["time"])
    start = json.loads(in_json.log.splitlines()[0])
    assert (start["level"], start["base_url"]) == ("info", in_json.base_url)


def test_a_log_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(
        EmulatorError, match=f"said last:\n.*--log-file {tmp_path}: Is a directory$"
    ):
        Emulator(log_file=tmp_path).start()


def test_no_log_has_a_key_or_a_query(fast: Emulator, in_json: Emulator, http: httpx.Client) -> None:
    for emulator in (fast, in_json):
        ask(emulator, http)
        assert "hunter2" not in emulator.log
        assert KEY[3:] not in emulator.log
