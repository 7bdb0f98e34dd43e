"""`make bench`: measures the client beside the official SDK and bare httpx.

Each contender runs as a process of its own, in turn with the others and several times over, so
that a slow moment of the machine falls on all of them. What is printed is the median CPU time of
each as a ratio to bare httpx doing the same; `build/bench/client.json` holds the same figures.
"""

from __future__ import annotations

import json
import os
import resource
import statistics
import subprocess
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

from openvideos_emulator import Emulator

ROUNDS = 7
CONTENDERS = Path(__file__).parent / "contenders"
NAMES = ["httpx", "openvideos", "openai"]
MEASURES = {
    "import, client, first decoded Video": 1,
    "500 retrieves over one connection": 500,
}
REPORT = Path("build/bench/client.json")


def main() -> None:
    """Run all measurements, print the table, write the report."""
    console = Console()
    table = Table("measured as CPU time, bare httpx = 1", *NAMES)
    report: dict[str, dict[str, float]] = {}
    with Emulator(canned=True) as emulator:
        environment = {
            **os.environ,
            "OPENAI_BASE_URL": emulator.base_url,
            "OPENAI_API_KEY": emulator.api_key,
        }
        for measure, count in MEASURES.items():
            medians = compare(count, environment)
            report[measure] = {name: medians[name] / medians["httpx"] for name in NAMES}
            table.add_row(measure, *(f"{report[measure][name]:.2f}" for name in NAMES))
    console.print(table)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    console.print(f"{ROUNDS} rounds; written to {REPORT}")


def compare(count: int, environment: dict[str, str]) -> dict[str, float]:
    """Return each contender's median CPU seconds for `count` retrieves, imports included."""
    seconds: dict[str, list[float]] = {name: [] for name in NAMES}
    for _ in range(ROUNDS):
        for name in NAMES:
            seconds[name].append(
                cpu_seconds(CONTENDERS / f"{name}_retrieve.py", count, environment)
            )
    return {name: statistics.median(values) for name, values in seconds.items()}


def cpu_seconds(script: Path, count: int, environment: dict[str, str]) -> float:
    """Run a contender to its end and return the CPU seconds that it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-Wignore", script, str(count)], env=environment, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime - before.ru_utime) + (after.ru_stime - before.ru_stime)


if __name__ == "__main__":
    main()
