"""What the emulator says of requests: readable, or JSON, and never a key."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from contextlib import suppress

import httpx
import pytest

from openvideos_emulator import Emulator
from openvideos_emulator.keys import tenant_of

KEY = "sk-0123456789abcdef0123456789"
NAME = tenant_of(KEY.encode())[:8]


def lines_of(emulator: Emulator, count: int) -> list[str]:
    """Return the lines of the log once there are so many: a line comes after its answer."""
    deadline = time.monotonic() + 5
    while len(lines := emulator.log.splitlines()) < count and time.monotonic() < deadline:
        time.sleep(0.005)
    return lines


def ask(emulator: Emulator, http: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    http.get(f"{emulator.base_url}/videos?after=hunter2&api_key={KEY}", headers=headers)
    http.get(f"{emulator.base_url}/videos/a%0Ab", headers=headers)
    http.delete(f"{emulator.base_url}/videos")


@pytest.fixture(scope="module")
def plain(http: httpx.Client) -> Iterator[Emulator]:
    with Emulator() as emulator:
        ask(emulator, http)
        yield emulator


@pytest.fixture(scope="module")
def in_json(http: httpx.Client) -> Iterator[Emulator]:
    with Emulator(log_format="json") as emulator:
        ask(emulator, http)
        yield emulator


def test_a_request_is_a_line_with_time_status_milliseconds_and_whose_it_was(
    plain: Emulator,
) -> None:
    first, second, third = lines_of(plain, 3)
    time_and, milliseconds = r"\d\d:\d\d:\d\d\.\d{3} ", r" \d+\.\d ms "
    assert re.fullmatch(f"{time_and}GET /v1/videos 400{milliseconds}{NAME}", first)
    assert re.fullmatch(f"{time_and}GET /v1/videos/a%0Ab 404{milliseconds}{NAME}", second)
    assert re.fullmatch(f"{time_and}DELETE /v1/videos 401{milliseconds}-", third)


def test_json_is_an_object_a_line(in_json: Emulator) -> None:
    start, first, _, third = map(json.loads, lines_of(in_json, 4))
    assert start["base_url"] == in_json.base_url
    assert start["level"] == "info"
    told = ("method", "path", "status", "key")
    assert [first[name] for name in told] == ["GET", "/v1/videos", 400, NAME]
    assert [third[name] for name in told] == ["DELETE", "/v1/videos", 401, None]
    assert first["request_id"].startswith("req_")
    assert first["milliseconds"] > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", first["time"])


def test_no_log_has_a_key_or_a_query(plain: Emulator, in_json: Emulator) -> None:
    for log in (plain.log, in_json.log):
        assert "hunter2" not in log
        assert KEY[3:] not in log


def test_quiet_says_nothing_of_requests(http: httpx.Client) -> None:
    with Emulator(quiet=True, log_format="json") as emulator:
        with suppress(httpx.HTTPError):
            ask(emulator, http)
        emulator.kill()
        assert [json.loads(line)["message"] for line in emulator.log.splitlines()] == [
            "the emulator answers"
        ]
