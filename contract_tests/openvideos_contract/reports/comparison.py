"""What changed between two runs, from their `report.json`: pure but for reading the files."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import jsonschema_rs

from openvideos_contract.judging.verdict import Status, Verdict
from openvideos_contract.outcome import printable, shorten
from openvideos_contract.reports.json_report import schema
from openvideos_contract.settings.configuration import ConfigurationError

_FAILED = frozenset({Status.FAIL, Status.STALE, Status.ERROR})
# How bad a state is: only a step upwards makes something worse.
_BADNESS = dict.fromkeys(_FAILED, 2) | {Status.WARN: 1}
# What is not tested any more, or expected by now, is not mended.
_SHOWN_TO_BE_BETTER = frozenset({Status.PASS, Status.WARN})
_BADNESS_OF_VERDICTS = {
    Verdict.CONFORMS: 0,
    Verdict.UNSUPPORTED: 1,
    Verdict.INCOMPLETE: 1,
    Verdict.STALE: 2,
    Verdict.DOES_NOT: 2,
}


@attrs.frozen
class Change:
    """One thing that is not as it was.

    Attributes:
        name: The id of a requirement, or the name of a profile.
        before: Its state in the first run; None where it was not there.
        after: Its state in the second run; None where it is not there.
        told: The level and the promise of a requirement; empty for a profile.
        seen: What the second run saw where it fails; empty elsewhere.
    """

    name: str
    before: Status | Verdict | None
    after: Status | Verdict | None
    told: str = ""
    seen: str = ""


@attrs.frozen(kw_only=True)
class Comparison:
    """What changed between two runs.

    Attributes:
        notes: What makes the runs different to begin with, such as another contract.
        verdicts: The profiles whose verdict is another, or that only one of the runs tested.
        worse: The requirements that are newly broken, in the order of the second run.
        better: Those that were broken, and now are not.
        other: Those whose state changed in another way.
        added: Those that only the second run knows.
        removed: Those that only the first run knows.
    """

    notes: tuple[str, ...]
    verdicts: tuple[Change, ...]
    worse: tuple[Change, ...]
    better: tuple[Change, ...]
    other: tuple[Change, ...]
    added: tuple[Change, ...]
    removed: tuple[Change, ...]

    @property
    def worsened(self) -> bool:
        """Whether a requirement is newly broken, or a verdict that both runs have is worse."""
        return bool(self.worse) or any(
            _BADNESS_OF_VERDICTS[Verdict(change.after)]
            > _BADNESS_OF_VERDICTS[Verdict(change.before)]
            for change in self.verdicts
            if change.before is not None and change.after is not None
        )

    @property
    def exit_code(self) -> int:
        """0 where nothing is worse, 1 where something is."""
        return int(self.worsened)


def read(path: Path) -> dict[str, Any]:
    """Return the report in a file.

    Raises:
        ConfigurationError: It cannot be read, or is no `report.json` of this format.
    """
    try:
        document = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigurationError(
            f"--compare: {path} cannot be read ({error.strerror or error}): "
            "give two files report.json"
        ) from error
    except ValueError as error:
        raise ConfigurationError(f"--compare: {path} is no JSON: give a report.json") from error
    problem = next(jsonschema_rs.Draft202012Validator(schema()).iter_errors(document), None)
    if problem is not None:
        where = "/".join(map(str, problem.instance_path)) or "the document"
        why = shorten(problem.message, 200)
        raise ConfigurationError(
            f"--compare: {path} is no report.json of this version of the suite, in {where}: {why}"
        )
    found: dict[str, Any] = document
    return found


def compare(before: Mapping[str, Any], after: Mapping[str, Any]) -> Comparison:
    """Return what changed from one report to another, each as `report.json` has it."""
    old, new = before["requirements"], after["requirements"]
    changes = [
        _change(number, old[number]["status"], new[number]["status"], after)
        for number in new
        if number in old and old[number]["status"] != new[number]["status"]
    ]
    worse = [one for one in changes if _badness(one.after) > _badness(one.before)]
    better = [
        one
        for one in changes
        if _badness(one.after) < _badness(one.before) and one.after in _SHOWN_TO_BE_BETTER
    ]
    return Comparison(
        notes=tuple(_notes(before, after)),
        verdicts=tuple(_verdicts(before["verdicts"], after["verdicts"])),
        worse=tuple(worse),
        better=tuple(better),
        other=tuple(one for one in changes if one not in worse and one not in better),
        added=tuple(
            _change(number, None, new[number]["status"], after)
            for number in new
            if number not in old
        ),
        removed=tuple(
            _change(number, old[number]["status"], None, before)
            for number in old
            if number not in new
        ),
    )


def text(comparison: Comparison) -> str:
    """Return a comparison for people; nothing in it steers a terminal."""
    blocks = [f"note: {note}" for note in comparison.notes]
    for title, changes in (
        ("Verdicts", comparison.verdicts),
        ("Newly broken", comparison.worse),
        ("No longer broken", comparison.better),
        ("Changed otherwise", comparison.other),
        ("Only in the second run", comparison.added),
        ("Only in the first run", comparison.removed),
    ):
        if changes:
            blocks.append("\n".join([f"{title}:", *map(_line, changes)]))
    if not any((*comparison.verdicts, *comparison.worse, *comparison.better, *comparison.other)):
        blocks.append("Nothing changed in what both runs tested.")
    blocks.append("Something is worse." if comparison.worsened else "Nothing is worse.")
    return printable("\n\n".join(blocks))


def _badness(status: Status | Verdict | None) -> int:
    return 0 if status is None else _BADNESS.get(Status(status), 0)


def _change(
    number: str, before: str | None, after: str | None, report: Mapping[str, Any]
) -> Change:
    requirement = report["requirements"][number]
    seen = next(
        (
            result["seen"] or result["reason"]
            for result in report["results"]
            if result["requirement"] == number and result["status"] == after
        ),
        "",
    )
    return Change(
        name=number,
        before=None if before is None else Status(before),
        after=None if after is None else Status(after),
        told=f"{requirement['level']}: {requirement['promise']}",
        seen=seen if after in _BADNESS else "",
    )


def _verdicts(before: Mapping[str, str], after: Mapping[str, str]) -> list[Change]:
    return [
        Change(
            profile,
            Verdict(before[profile]) if profile in before else None,
            Verdict(after[profile]) if profile in after else None,
        )
        for profile in {**before, **after}
        if before.get(profile) != after.get(profile)
    ]


def _notes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """Return what is not the same about the runs themselves, which explains much of the rest."""
    found = [
        f"the {name} is another: {was} in the first run, {now} in the second"
        for name, was, now in (
            ("version of the suite", before["suite"]["version"], after["suite"]["version"]),
            (
                "version of the contract",
                before["contract"]["version"],
                after["contract"]["version"],
            ),
            (
                "dialect",
                before["contract"]["dialect"] or "none",
                after["contract"]["dialect"] or "none",
            ),
            ("server", before["configuration"]["base_url"], after["configuration"]["base_url"]),
        )
        if was != now
    ]
    contract = ("version", "dialect")
    same = all(before["contract"][part] == after["contract"][part] for part in contract)
    if same and before["contract"]["digest"] != after["contract"]["digest"]:
        found.append(
            "the contract is another in its text "
            f"({before['contract']['digest']}, {after['contract']['digest']})"
        )
    return found


def _line(change: Change) -> str:
    step = f"{change.before or 'not there'} -> {change.after or 'not there'}"
    line = f"  {change.name:<12} {step}"
    if change.told:
        line += f"\n    {change.told}"
    if change.seen:
        line += f"\n    seen {shorten(change.seen, 300)}"
    return line
