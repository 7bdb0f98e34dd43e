"""Writes a dialect from a run: what the server fails today, so that only what is new is told."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import attrs
import yaml

from openvideos_contract.contract import Contract
from openvideos_contract.judging import requirements
from openvideos_contract.judging.expectations import NO_REASON_YET, Expectation
from openvideos_contract.judging.requirements import Level, Requirement
from openvideos_contract.judging.verdict import Result, Status, judge_requirement
from openvideos_contract.settings.configuration import ConfigurationError

_REASON = f"{NO_REASON_YET}: why does this server fail it?"
_HEAD = """\
# What a server fails of the contract, requirement by requirement, as a run found it. Say at each
# `CHANGE ME` why, and give a link where there is one: the file is refused until then.
"""
_PART = "x-openvideos"
# Its lines are indented, or those of a list; lines between them are empty or comments.
_LINES = r"(?:(?:[ \t]*\n|#.*\n)*[ \t-]+\S.*\n)*"
_TOP_LEVEL_PART = re.compile(rf"^{_PART}:.*\n{_LINES}", re.MULTILINE)


def check(path: Path) -> None:
    """Go on if a baseline may be written to `path`; to be asked before the run costs anything.

    Raises:
        ConfigurationError: Something is there already, or the folder is not.
    """
    if path.exists():
        raise ConfigurationError(
            f"--write-baseline: {path} is there already, and is not overwritten: "
            "name another file, or delete it first"
        )
    if not path.parent.is_dir():
        raise ConfigurationError(f"--write-baseline: there is no folder {path.parent}")
    if not os.access(path.parent, os.W_OK):
        raise ConfigurationError(f"--write-baseline: the folder {path.parent} cannot be written to")


def write(
    path: Path,
    contract: Contract,
    results: Sequence[Result],
    *,
    profiles: Sequence[str],
    strict: bool = False,
) -> list[str]:
    """Write the dialect that a run makes, and return the ids that it says nothing of yet.

    The actions and entries of the run's dialect are kept, but for the stale ones.

    Args:
        path: Where; it must not be there yet.
        contract: What the server was held to, with the run's dialect.
        results: What came out, with what the dialect expects in view.
        profiles: Those that were tested; one that the server does not offer is left out.
        strict: Whether a broken SHOULD is a failure as well.

    Raises:
        ConfigurationError: Something is there already, or it cannot be written.
    """
    new = _not_kept(results, strict=strict)
    stale = {result.requirement for result in results if result.status is Status.STALE}
    said = contract.expectations
    kept = [entry for number, entry in said.expected_failures.items() if number not in stale]
    failures = [*kept, *(Expectation(number, _REASON) for number in new)]
    part: dict[str, Any] = {
        "profiles": list(said.profiles or [name for name in profiles if _offered(name, results)]),
        "expected_failures": _entries(failures),
    }
    if said.known_flaky:
        part["known_flaky"] = _entries(said.known_flaky.values())
    text = _text(contract, path.name.split(".")[0], part)
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        check(path)
        raise ConfigurationError(
            f"--write-baseline: {path} cannot be written: {error.strerror}"
        ) from error
    return new


def _not_kept(results: Sequence[Result], *, strict: bool) -> list[str]:
    """Return the requirements that keep a profile from conforming."""
    statuses: dict[str, list[Status]] = {}
    for result in results:
        statuses.setdefault(result.requirement, []).append(result.status)
    return sorted(
        number
        for number, found in statuses.items()
        if _breaks(requirements.load()[number], judge_requirement(found), strict=strict)
    )


def _breaks(requirement: Requirement, outcome: Status, *, strict: bool) -> bool:
    if outcome is Status.FAIL or (strict and outcome is Status.WARN):
        return True
    # What cannot be tested for something that fails, and what every server has to offer.
    left_out = outcome is Status.SKIP and not requirement.where
    return requirement.level is Level.MUST and (left_out or outcome is Status.BLOCKED)


def _offered(profile: str, results: Iterable[Result]) -> bool:
    return {result.status for result in results if result.profile == profile} != {Status.SKIP}


def _entries(expectations: Iterable[Expectation]) -> list[dict[str, str]]:
    ordered = sorted(expectations, key=lambda expectation: expectation.requirement)
    return [
        {name: value for name, value in attrs.asdict(expectation).items() if value}
        for expectation in ordered
    ]


def _text(contract: Contract, name: str, part: dict[str, Any]) -> str:
    """Return the dialect's file; of a file that was there, all but the part keeps its words."""
    told = _dumped({_PART: part})
    if not contract.dialect_text:
        return _HEAD + _dumped(_dialect(name)) + told
    text, found = _TOP_LEVEL_PART.subn(lambda _: told, contract.dialect_text.rstrip() + "\n")
    if found == 0:
        text += told
    wanted = {**contract.dialect, _PART: part}
    return text if _reads_as(text, wanted) else _HEAD + _dumped(wanted)


def _reads_as(text: str, wanted: dict[str, Any]) -> bool:
    try:
        return bool(yaml.safe_load(text) == wanted)
    except yaml.YAMLError:
        return False  # such as where the dialect was written as JSON


def _dialect(name: str) -> dict[str, Any]:
    return {
        "overlay": "1.0.0",
        "info": {"title": name, "version": "1.0.0"},
        # An Overlay has at least one action.
        "actions": [{"target": "$.info", "update": {"x-dialect": name}}],
    }


def _dumped(document: dict[str, Any]) -> str:
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=100)
