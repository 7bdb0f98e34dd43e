"""Shows that the suite finds nothing at a healthy emulator: `python -m tests.mutants.quiet`.

Fifty seeds of what is generated (requests and sequences of calls), each on an emulator of its own,
and a whole run in each of the settings in which a healthy server looks different. A warning counts
as well as a failure, and so does a MUST that was left out: a quiet run that tested nothing proves
nothing. Exits 1 where one was not quiet, and says which seed or which settings show it again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

from openvideos_emulator import Emulator

from .conformance import OPENVIDEOS, webhook_address
from .defects import KEYS, SECRET

# What is generated from a seed: bodies, queries, paths, and sequences of calls.
GENERATED = (
    *("CREATE-021", "CREATE-022", "RETRIEVE-006", "LIST-014", "LIST-019", "LIST-020"),
    *("CONTENT-018", "LIFE-012", "LIFE-017", "REMIX-006", "CATALOGUE-011", "CATALOGUE-012"),
    # What all answers to that were like.
    *(
        "ERROR-001",
        "ERROR-002",
        "ERROR-003",
        "ERROR-005",
        "RETRIEVE-002",
        "LIST-002",
        "CONTENT-002",
    ),
)
QUICK: Mapping[str, Any] = {"speed": 1000, "media": "tiny"}
# How a server can look and be healthy: each is tested whole.
SETTINGS: Mapping[str, Mapping[str, Any]] = {
    "as the guide starts it": {"speed": 1000},
    "slow jobs": {"speed": 30, "media": "tiny"},
    "progress by polls": {"progress": "polls:3", "media": "tiny"},
    "two workers": {"speed": 1000, "media": "tiny", "workers": 2},
    "everything is done at once": {"progress": "immediate", "media": "tiny"},
    "open to any model, size and length": {**QUICK, "dialect": "none"},
}
LONGEST_RUN = 600
STATUSES_OF_A_QUIET_RUN = frozenset({"pass", "skip", "disabled"})


def noise(
    settings: Mapping[str, Any], options: Sequence[str] = (), *, only: Sequence[str] = ()
) -> dict[str, str]:
    """Return what a run finds at a healthy emulator: what was seen of each requirement.

    Args:
        settings: Of the emulator.
        options: Of `openvideos conform`, beside those of every run.
        only: The requirements to test, each of which has to pass; none for a whole run, of which
            nothing may be left out.
    """
    chosen = [part for number in only for part in ("--only", number)]
    # Whatever is foreign to a server that is open to all is taken, and costs a job.
    dialect = ("--max-videos", "20") if "dialect" in settings else ("--dialect", "openai")
    with webhook_address() as address, tempfile.TemporaryDirectory() as folder:
        webhook: dict[str, Any] = {"webhook": f"http://{address}/", "webhook_secret": SECRET}
        with Emulator(**settings, **webhook, api_keys=KEYS) as emulator:
            run = subprocess.run(
                [
                    *(str(OPENVIDEOS), "conform", "--base-url", emulator.base_url, *options),
                    *(*dialect, *chosen, "--profile", "all", "--report-dir", folder),
                    *("--api-key", KEYS[0], "--second-api-key", KEYS[1]),
                    *("--webhook-listen", address, "--webhook-secret", SECRET),
                ],
                capture_output=True,
                text=True,
                timeout=LONGEST_RUN,
                check=False,
            )
        path = Path(folder, "report.json")
        report = json.loads(path.read_text("utf-8")) if path.exists() else {"results": []}
    found = {
        f"{result['requirement']} {result['status']}": result["seen"] or result["reason"]
        for result in report["results"]
        if result["status"] not in STATUSES_OF_A_QUIET_RUN
    }
    passed = {one["requirement"] for one in report["results"] if one["status"] == "pass"}
    found |= {f"{number} did not pass": "" for number in only if number not in passed}
    if not report["results"] or (not only and run.returncode):
        found[f"exit code {run.returncode}"] = (run.stdout + run.stderr)[-2000:]
    return found


def main() -> int:
    """Run what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m tests.mutants.quiet")
    parser.add_argument("--seeds", type=int, default=50, help="how many seeds of what is generated")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=len(SETTINGS), help="how many whole runs")
    parser.add_argument("--at-once", type=int, default=2, help="how many runs at the same time")
    asked = parser.parse_args()
    seeds = range(asked.first_seed, asked.first_seed + asked.seeds)
    tasks: list[tuple[str, Callable[[], dict[str, str]]]] = [
        (f"seed {seed}", partial(noise, QUICK, ["--seed", str(seed)], only=GENERATED))
        for seed in seeds
    ]
    # More runs than there are settings go through them again.
    kinds = list(SETTINGS.items())
    tasks += [
        (f"whole run {number + 1}, {name}", partial(noise, settings))
        for number in range(asked.runs)
        for name, settings in [kinds[number % len(kinds)]]
    ]
    started = time.monotonic()
    loud = 0
    with ThreadPoolExecutor(asked.at_once) as runs:
        for (name, _), found in zip(tasks, runs.map(lambda task: task[1](), tasks), strict=True):
            loud += bool(found)
            sys.stdout.write(f"{name}: {'quiet' if not found else 'NOT QUIET'}\n")
            for requirement, seen in found.items():
                sys.stdout.write(f"  {requirement}: {seen}\n")
            sys.stdout.flush()
    minutes = (time.monotonic() - started) / 60
    sys.stdout.write(f"{len(tasks) - loud} of {len(tasks)} runs were quiet, in {minutes:.1f} min\n")
    return 1 if loud else 0


if __name__ == "__main__":
    sys.exit(main())
