"""Holds an emulator with defects to the contract by plain schemathesis, for comparison."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import attrs

import openvideos_spec

from .defects import KEYS, Defect, planted

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
_SECONDS_FOR_A_RUN = 300
_CREATING = {"create_video", "edit_video", "extend_video", "remix_video"}


@attrs.frozen
class Failure:
    """A failure as schemathesis tells it: of which check, at which operation."""

    check: str
    operation: str


@attrs.frozen
class Run:
    """What one run of schemathesis found.

    Attributes:
        failures: Its failures.
        jobs: How many jobs the server was made to start.
        seconds: How long it took.
    """

    failures: frozenset[Failure]
    jobs: int
    seconds: float


class Fuzzer:
    """Runs schemathesis with its defaults, and tells what the healthy emulator is not told."""

    def __init__(self) -> None:
        self._healthy: dict[str, Run] = {}

    def healthy(self, defect: Defect) -> Run:
        """Return what it tells of the emulator without a defect, with the same settings."""
        # Where there are settings only, they are the defect.
        settings = defect.settings if defect.faults else {}
        key = json.dumps(settings, sort_keys=True)
        if key not in self._healthy:
            self._healthy[key] = _run(attrs.evolve(defect, faults=(), settings=settings))
        return self._healthy[key]

    def found(self, defect: Defect) -> tuple[set[Failure], Run]:
        """Return the failures that a defect has and the healthy emulator has not."""
        run = _run(defect)
        return set(run.failures - self.healthy(defect).failures), run


def _run(defect: Defect) -> Run:
    started = time.monotonic()
    # It knows nothing of what is in a file, so that tiny ones do.
    defect = attrs.evolve(defect, settings={**defect.settings, "media": "tiny"})
    with tempfile.TemporaryDirectory() as folder, planted([defect], watched=True) as emulator:
        # What the emulator keeps: the protocol with the catalogue, so that it is not told of
        # refusals that are right.
        contract = Path(folder, "openapi.json")
        contract.write_text(json.dumps(openvideos_spec.load("openai")), encoding="utf-8")
        report = Path(folder, "report.json")
        subprocess.run(
            [
                *(SCHEMATHESIS, "run", contract, "--url", emulator.base_url),
                *("--header", f"Authorization: Bearer {KEYS[0]}"),
                *("--seed", "1", "--generation-database", "none"),
                *("--report", "json", "--report-json-path", report),
            ],
            cwd=folder,
            capture_output=True,
            timeout=_SECONDS_FOR_A_RUN,
            check=False,
        )
        seconds = time.monotonic() - started
        told = json.loads(report.read_text(encoding="utf-8"))
        jobs = sum(
            request.operation in _CREATING for request in emulator.requests.where(status="2XX")
        )
    failures = {
        Failure(failure["title"], operation)
        for failure in told["failures"]
        for operation in failure["operations"]
    }
    return Run(frozenset(failures), jobs, seconds)
