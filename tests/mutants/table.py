"""Writes what found which defect: as JSON, and as a table in Markdown."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import attrs

from .conformance import Catch
from .defects import AREAS, Defect
from .fuzzing import Failure, Run


@attrs.define
class Row:
    """What came of one defect.

    Attributes:
        defect: The defect.
        catch: What the suite made of it.
        fuzzed: What schemathesis told of it, but not of the healthy emulator.
        fuzzing: The run of schemathesis; None where it was left out.
    """

    defect: Defect
    catch: Catch
    fuzzed: set[Failure] = attrs.field(factory=set)
    fuzzing: Run | None = None


def write(rows: Sequence[Row], false_alarms: Sequence[str], folder: Path) -> None:
    """Write report.json and report.md into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    report = {"defects": [_data(row) for row in rows], "false_alarms": list(false_alarms)}
    (folder / "report.json").write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
    (folder / "report.md").write_text(_markdown(rows, false_alarms), encoding="utf-8")


def _data(row: Row) -> dict[str, Any]:
    data = {
        "id": row.defect.id,
        "area": row.defect.area,
        "what": row.defect.what,
        "breaks": list(row.defect.breaks),
        "suite": attrs.asdict(row.catch),
        "schemathesis": None,
    }
    if row.fuzzing is not None:
        data["schemathesis"] = {
            "found": sorted({each.check for each in row.fuzzed}),
            "failures": sorted(f"{each.check}: {each.operation}" for each in row.fuzzed),
            "jobs": row.fuzzing.jobs,
            "seconds": row.fuzzing.seconds,
        }
    return data


def _markdown(rows: Sequence[Row], false_alarms: Sequence[str]) -> str:
    lines = ["# Defects, and what finds them", ""]
    lines += [f"- false alarm: {each}" for each in false_alarms]
    lines += ["| Area | Defects | Suite | Schemathesis |", "| - | - | - | - |"]
    for area in [*AREAS, None]:
        among = [row for row in rows if area is None or row.defect.area == area]
        if among:
            found = sum(row.catch.by is not None for row in among)
            lines.append(f"| {area or 'all'} | {len(among)} | {found} | {_fuzzed(among)} |")
    jobs = sum(row.catch.jobs for row in rows)
    seconds = sum(row.catch.seconds for row in rows)
    lines += ["", f"Suite: {jobs} jobs, {seconds:.0f} s of runs."]
    runs = [row.fuzzing for row in rows if row.fuzzing is not None]
    if runs:
        jobs, seconds = sum(run.jobs for run in runs), sum(run.seconds for run in runs)
        lines.append(f"Schemathesis: {jobs} jobs, {seconds:.0f} s of runs.")
    lines += ["", "| Defect | What is wrong | Suite | Jobs | s | Schemathesis | Jobs | s |"]
    lines.append("| - | - | - | - | - | - | - | - |")
    lines += [_line(row) for row in rows]
    return "\n".join(lines) + "\n"


def _fuzzed(rows: Sequence[Row]) -> str:
    run = [row for row in rows if row.fuzzing is not None]
    return f"{sum(bool(row.fuzzed) for row in run)} of {len(run)} run" if run else "not run"


def _line(row: Row) -> str:
    caught = row.catch
    missed = "**missed**" + (f" (instead {', '.join(caught.instead)})" if caught.instead else "")
    cells = [row.defect.id, row.defect.what, caught.by or missed]
    cells += [str(caught.jobs), f"{caught.seconds:.1f}"]
    if row.fuzzing is None:
        cells += ["not run", "", ""]
    else:
        checks = ", ".join(sorted({each.check for each in row.fuzzed})) or "-"
        cells += [checks, str(row.fuzzing.jobs), f"{row.fuzzing.seconds:.1f}"]
    return f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
