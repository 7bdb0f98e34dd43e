"""`make mutants`: plants each defect in the emulator and tells what finds it.

`python -m tests.mutants [AREA|ID ...]` does so for some of them. It exits 1 where the suite does
not find one by a right requirement, or finds anything at the healthy emulator.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from .conformance import catch, healthy
from .defects import AREAS, Defect, load_defects
from .fuzzing import Failure, Fuzzer, Run
from .table import Row, write

FOLDER = Path("build/mutants")
Item = TypeVar("Item")
Result = TypeVar("Result")


def main(arguments: Sequence[str]) -> int:
    options = _options(arguments)
    defects = [each for each in load_defects() if _is_chosen(each, options.names)]
    if not defects:
        sys.exit(f"there is no defect or area {options.names[0]!r}; areas: {', '.join(AREAS)}")
    started = time.monotonic()
    false_alarms = _false_alarms(defects, options.at_once)
    rows = _hunted(defects, options.at_once)
    write(rows, false_alarms, FOLDER)
    if not options.only_ours:
        _fuzz(rows, options.at_once, options.minutes)
        write(rows, false_alarms, FOLDER)
    missed = [row for row in rows if row.catch.by is None]
    print(
        f"{len(rows) - len(missed)} of {len(rows)} defects found, "
        f"in {time.monotonic() - started:.0f} s; {FOLDER}/report.md, {FOLDER}/report.json"
    )
    return 1 if missed or false_alarms else 0


def _options(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.mutants", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="AREA|ID", help="only these; all if none")
    parser.add_argument("--only-ours", action="store_true", help="without schemathesis")
    parser.add_argument("--at-once", type=int, default=2, help="how many at once")
    parser.add_argument(
        "--minutes", type=float, default=20, help="how long schemathesis may start further runs"
    )
    return parser.parse_args(arguments)


def _is_chosen(defect: Defect, names: Sequence[str]) -> bool:
    return not names or defect.id in names or defect.area in names


def _false_alarms(defects: Iterable[Defect], at_once: int) -> list[str]:
    """Return what the suite finds at emulators with the defects' settings, but none of them."""
    found = []
    settings = {str(each.settings): each.settings for each in defects if each.faults}
    for alike, broken in _each(healthy, list(settings.values()), at_once):
        for requirement, seen in broken.items():
            found.append(f"{requirement} with {dict(alike) or 'the usual settings'}: {seen}")
            print(f"FALSE ALARM  {found[-1]}", flush=True)
    return found


def _hunted(defects: Sequence[Defect], at_once: int) -> list[Row]:
    rows = []
    for defect, caught in _each(catch, defects, at_once):
        rows.append(Row(defect, caught))
        told = f"{defect.area:12} {defect.id}"
        if caught.by is not None:
            print(f"found   {told}: {caught.by}, in {caught.seconds:.1f} s", flush=True)
            continue
        print(f"MISSED  {told}: {defect.what}", flush=True)
        print(f"        expected one of {', '.join(defect.breaks)}; instead:", flush=True)
        for requirement, seen in caught.instead.items():
            print(f"          {requirement}: {seen[:200]}", flush=True)
    return rows


def _fuzz(rows: Sequence[Row], at_once: int, minutes: float) -> None:
    """Run schemathesis against as many defects as there is time for, one of each area in turn."""
    fuzzer = Fuzzer()
    deadline = time.monotonic() + minutes * 60
    seen: Counter[str] = Counter()
    in_turn = []
    for row in rows:
        in_turn.append((seen[row.defect.area], row))
        seen[row.defect.area] += 1
    in_turn.sort(key=lambda each: each[0])
    for row in rows:
        fuzzer.healthy(row.defect)

    def found(row: Row) -> tuple[set[Failure], Run] | None:
        return None if time.monotonic() > deadline else fuzzer.found(row.defect)

    for row, result in _each(found, [row for _, row in in_turn], at_once):
        if result is not None:
            row.fuzzed, row.fuzzing = result
            told = ", ".join(sorted({each.check for each in row.fuzzed})) or "nothing"
            print(f"schemathesis  {row.defect.id}: {told}", flush=True)


def _each(
    work: Callable[[Item], Result], items: Sequence[Item], at_once: int
) -> Iterator[tuple[Item, Result]]:
    with ThreadPoolExecutor(at_once) as threads:
        yield from zip(items, threads.map(work, items), strict=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
