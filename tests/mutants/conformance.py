"""Holds an emulator with defects to the conformance suite."""

from __future__ import annotations

import contextlib
import json
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import attrs

from .defects import KEYS, SECRET, Defect, planted

OPENVIDEOS = Path(sys.executable).with_name("openvideos")
_SECONDS_FOR_A_RUN = 240
_ANY_ANSWERS = {"CREATE", "RETRIEVE"}
_BROKEN = {"fail", "warn"}
_OPTIONS = (
    *("--dialect", "openai", "--profile", "all", "--allow-incomplete"),
    *("--api-key", KEYS[0], "--second-api-key", KEYS[1], "--webhook-secret", SECRET),
    *("--job-timeout", "5", "--request-timeout", "10", "--webhook-timeout", "5"),
)


@attrs.frozen
class Outcome:
    """What a run of the suite found.

    Attributes:
        broken: What was seen of each requirement that failed or was warned of.
        jobs: How many jobs the server accepted.
        seconds: How long it took.
        exit_code: What the command exited with.
        said: What it printed.
    """

    broken: dict[str, str]
    jobs: int
    seconds: float
    exit_code: int
    said: str


@attrs.frozen
class Catch:
    """What came of the hunt for one defect.

    Attributes:
        by: The requirement that found it, None where none of the right ones did.
        instead: What else failed, by requirement.
        jobs: How many jobs that took.
        seconds: How long it took.
    """

    by: str | None
    instead: dict[str, str]
    jobs: int
    seconds: float


def catch(defect: Defect) -> Catch:
    """Run the suite against a defect, until a requirement that it breaks fails.

    Where none does, everything is tested, which a promise of any answer may need, and to tell
    what was seen instead.
    """
    with webhook_address() as address:
        webhook = f"http://{address}/"
        with planted([defect], webhook=webhook) as emulator:
            only = [*defect.breaks, *_seen_in(defect.breaks)]
            first = conform(emulator.base_url, only, listen=address, stop_early=True)
        found = [each for each in defect.breaks if each in first.broken]
        if found:
            return Catch(found[0], {}, first.jobs, first.seconds)
        with planted([defect], webhook=webhook) as emulator:
            second = conform(emulator.base_url, listen=address)
    jobs, seconds = first.jobs + second.jobs, first.seconds + second.seconds
    found = [each for each in defect.breaks if each in second.broken]
    seen = second.broken or {f"exit code {second.exit_code}": _end_of(second.said)}
    return Catch(found[0] if found else None, {} if found else seen, jobs, seconds)


def healthy(settings: Mapping[str, Any]) -> dict[str, str]:
    """Return what the suite finds at an emulator with some settings and no defect: nothing."""
    none = Defect(id="none", area="", what="", breaks=(), faults=(), settings=settings)
    with webhook_address() as address, planted([none], webhook=f"http://{address}/") as emulator:
        outcome = conform(emulator.base_url, listen=address)
    if outcome.exit_code == 0:
        return outcome.broken
    return {**outcome.broken, f"exit code {outcome.exit_code}": _end_of(outcome.said)}


def conform(
    base_url: str,
    only: Iterable[str] = (),
    *,
    listen: str | None = None,
    stop_early: bool = False,
) -> Outcome:
    """Run `openvideos conform` against a server.

    Args:
        base_url: The server's address.
        only: The requirements or areas to test; none for all.
        listen: Where the suite waits for webhooks.
        stop_early: Whether it stops at the first that fails.
    """
    options: list[str] = ["--base-url", base_url, *_OPTIONS]
    options += [part for each in only for part in ("--only", each)]
    options += ["--webhook-listen", listen] if listen else []
    options += ["--fail-fast"] if stop_early else []
    started = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        run = subprocess.run(
            [OPENVIDEOS, "conform", *options, "--report-dir", folder],
            capture_output=True,
            text=True,
            timeout=_SECONDS_FOR_A_RUN,
            check=False,
        )
        seconds = time.monotonic() - started
        path = Path(folder, "report.json")
        report = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    broken: dict[str, str] = {}
    for result in report.get("results", ()):
        if result["status"] in _BROKEN:
            broken.setdefault(result["requirement"], result["seen"] or result["reason"])
    jobs = report.get("jobs", {}).get("spent", 0)
    return Outcome(broken, jobs, seconds, run.returncode, run.stdout + run.stderr)


@contextlib.contextmanager
def webhook_address() -> Iterator[str]:
    """Yield an address of this machine at which nobody listens."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{taken.getsockname()[1]}"
    yield address


def _seen_in(requirements: Iterable[str]) -> set[str]:
    """Return the areas whose tests show answers for what is promised of every answer."""
    return _ANY_ANSWERS if any(each.startswith("ERROR-") for each in requirements) else set()


def _end_of(said: str) -> str:
    return " ".join(said.split())[-300:]
