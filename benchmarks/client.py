"""Measures the client beside the official SDK and bare httpx.

Each contender runs in a process of its own, in turn with the others and several times over, so
that a slow moment of the machine falls on all of them. Each figure is the median, printed as a
ratio to the first contender of its line; memory is printed as it is. `build/bench/client.json`
holds the medians and the ratios.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen
from rich.console import Console
from rich.table import Table

from openvideos_emulator import Emulator

from .server import serving

REPORT = Path("build/bench/client.json")
DOWNLOAD = 256 * 1024 * 1024  # bytes
JOBS = 1000
SPEED_OF_JOBS = 2  # a job of 4 seconds' length then takes about half a minute

HTTPX, OPENVIDEOS, OPENAI = "httpx_bare", "openvideos_client", "openai_sdk"
UNITS = {"cpu": "CPU", "wall": "time", "memory": "memory, MiB", "requests": "requests"}


@frozen
class Measure:
    """What is measured.

    Attributes:
        title: Its name.
        functions: Who does it, by which function. The first is the one that others are compared to.
        costs: Which costs are shown.
        count: How often the work is done in one run.
        rounds: How many runs the median is taken of.
        goals: By cost: how many times whose cost `openvideos` may have at most.
    """

    title: str
    functions: Mapping[str, str]
    costs: tuple[str, ...] = ("cpu", "wall")
    count: int = 1
    rounds: int = 7
    goals: Mapping[str, tuple[float, str]] = field(factory=dict)


def by_all(function: str) -> dict[str, str]:
    """Return that every contender has a function of this name."""
    return dict.fromkeys((HTTPX, OPENVIDEOS, OPENAI), function)


# Against a server that costs as little as it can.
MEASURES = [
    Measure(
        "import, client, first decoded Video",
        by_all("first_video"),
        costs=("cpu",),
        rounds=15,
        goals={"cpu": (0.25, OPENAI)},
    ),
    Measure("retrieve", by_all("retrieve"), count=500, goals={"cpu": (0.7, OPENAI)}),
    Measure("retrieve, async", by_all("retrieve_async"), count=500),
    Measure("retrieve, 50 tasks", by_all("retrieve_by_tasks"), count=1000),
    Measure("a page of 100", by_all("pages"), count=30),
    Measure(
        f"download of {DOWNLOAD >> 20} MiB",
        by_all("download"),
        costs=("wall", "cpu", "memory"),
        count=3,
        goals={"wall": (1.0, HTTPX)},
    ),
    Measure(
        "the same, resumed in the middle",
        {HTTPX: "download", OPENVIDEOS: "download_resumed"},
        costs=("wall", "cpu", "memory"),
        count=3,
        goals={"wall": (1.0, HTTPX)},
    ),
]

# Against an emulator, with jobs that take their time.
WAITING = Measure(
    f"waiting for {JOBS:,} jobs, each looked at every second",
    {OPENAI: "wait", OPENVIDEOS: "wait"},
    costs=("requests", "cpu"),
    count=JOBS,
    rounds=1,
    goals={"requests": (1 / 20, OPENAI)},
)


def main() -> None:
    """Run all measurements, print the table, write the report."""
    console = Console()
    table = Table("", "httpx", "openvideos", "openai", "goal", title="medians, as ratios")
    report = {}
    with tempfile.TemporaryDirectory() as folder:
        content = Path(folder) / "content.mp4"
        with content.open("wb") as file:  # piece by piece, as what is started here counts as theirs
            for _ in range(DOWNLOAD >> 20):
                file.write(os.urandom(1 << 20))
        with serving(content) as base_url:
            environment = {"OPENAI_BASE_URL": base_url, "OPENAI_API_KEY": "sk-none"}
            for measure in MEASURES:
                medians = compare(measure, environment, target=Path(folder) / "target.mp4")
                report[measure.title] = shown(measure, medians, table)
                console.print(f"measured: {measure.title}")
        with Emulator(speed=SPEED_OF_JOBS) as emulator:
            environment = {
                "OPENAI_BASE_URL": emulator.base_url,
                "OPENAI_API_KEY": emulator.api_key,
            }
            medians = compare(WAITING, environment, target=Path(folder) / "target.mp4")
            report[WAITING.title] = shown(WAITING, medians, table)
    console.print(table)
    REPORT.parent.mkdir(parents=True, exist_ok=True)
    REPORT.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    console.print(f"written to {REPORT}")


def compare(
    measure: Measure, environment: Mapping[str, str], target: Path
) -> dict[str, dict[str, float]]:
    """Return each contender's median costs."""
    runs: dict[str, list[dict[str, float]]] = defaultdict(list)
    for _ in range(measure.rounds):
        for contender, function in measure.functions.items():
            target.unlink(missing_ok=True)
            runs[contender].append(
                costs(contender, function, measure.count, {**environment, "TARGET": str(target)})
            )
    return {
        contender: {
            cost: statistics.median(run[cost] for run in runs[contender]) for cost in measure.costs
        }
        for contender in measure.functions
    }


def costs(
    contender: str, function: str, count: int, environment: Mapping[str, str]
) -> dict[str, float]:
    """Let a contender do its work in a process of its own; return what it cost."""
    # With bytecode, as every program has it that is started a second time.
    inherited = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.contenders", contender, function, str(count)],
        env={**inherited, **environment},
        stdout=subprocess.PIPE,
        check=True,
    )
    measured: dict[str, float] = json.loads(done.stdout)
    return measured


def shown(measure: Measure, medians: dict[str, dict[str, float]], table: Table) -> object:
    """Add the lines of a measure to the table; return them for the report."""
    reference = next(iter(measure.functions))
    ratios: dict[str, dict[str, float]] = defaultdict(dict)
    for cost in measure.costs:
        line = {}
        for contender, costs_of_it in medians.items():
            ratios[contender][cost] = costs_of_it[cost] / medians[reference][cost]
            line[contender] = (
                f"{costs_of_it[cost]:.0f}" if cost == "memory" else f"{ratios[contender][cost]:.3g}"
            )
        goal = ""
        if cost in measure.goals:
            most, rival = measure.goals[cost]
            ratio = medians[OPENVIDEOS][cost] / medians[rival][cost]
            goal = f"{ratio:.3g} of {rival}, at most {most:.3g}"
        names = (HTTPX, OPENVIDEOS, OPENAI)
        title = f"{measure.title}: {UNITS[cost]}"
        table.add_row(title, *(line.get(name, "") for name in names), goal)
    return {"medians": medians, "ratios": ratios}
