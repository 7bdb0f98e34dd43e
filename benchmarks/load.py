"""Load from wrk, a generator in C, so that it takes little of the machine it measures on."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

from attrs import frozen

SCRIPT = Path(__file__).with_name("load.lua")
CONNECTIONS = 16


class NoLoadGenerator(Exception):
    """wrk is not on this machine."""


@frozen
class Request:
    """A request that is sent over and over."""

    method: str
    path: str
    content_type: str = ""
    body: str = ""


@frozen
class Result:
    """What a server did under load.

    Attributes:
        rate: Requests a second that were answered with 2xx or 3xx.
        p50: Milliseconds until half of the answers were there.
        p99: Milliseconds until 99 of 100 were there.
        refused: How many answers were no 2xx or 3xx.
        lost: How many requests had no answer.
    """

    rate: float
    p50: float
    p99: float
    refused: int
    lost: int


def load(base_url: str, key: str, request: Request, seconds: int) -> Result:
    """Send a request as often as a server answers it, over sixteen connections.

    Raises:
        NoLoadGenerator: wrk is not installed.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise NoLoadGenerator("there is no wrk on this machine; Debian's package wrk has it")
    environment = {
        "LOAD_METHOD": request.method,
        "LOAD_KEY": key,
        "LOAD_CONTENT_TYPE": request.content_type,
        "LOAD_BODY": request.body,
    }
    command = [wrk, "--threads", "1", "--connections", str(CONNECTIONS)]
    command += ["--duration", f"{seconds}s", "--timeout", "10s", "--script", str(SCRIPT)]
    done = subprocess.run(
        [*command, base_url + request.path],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    line = next(line for line in done.stdout.splitlines() if line.startswith("result "))
    seen = json.loads(line.removeprefix("result "))
    answered = seen["requests"] - seen["refused"]
    return Result(
        rate=answered / (seen["microseconds"] / 1e6),
        p50=seen["p50"] / 1000,
        p99=seen["p99"] / 1000,
        refused=seen["refused"],
        lost=seen["lost"],
    )
