"""What the end of a test means for its requirements."""

from __future__ import annotations

import traceback
from collections.abc import Iterable
from typing import Any

import pytest

from openvideos_contract.judging.requirements import Level, Requirement
from openvideos_contract.judging.verdict import Result, Status
from openvideos_contract.outcome import Blocked, Nonconformity, NotRun, Unsupported, shorten
from openvideos_contract.running.items import name_of


def result(
    item: pytest.Item,
    requirement: Requirement,
    failure: BaseException | None,
    seconds: float,
) -> Result:
    """Return what the end of a test means for one of its requirements."""
    found: dict[str, Any] = {}
    match failure:
        case None:
            status = Status.PASS
        case Nonconformity():
            status = Status.FAIL if requirement.level is Level.MUST else Status.WARN
            curl = failure.exchange.curl if failure.exchange else ""
            number = failure.exchange.number if failure.exchange else 0
            found = {"expected": failure.expected, "seen": failure.seen, "curl": curl}
            found["exchange"] = number
        case Unsupported():
            status, found = Status.SKIP, {"reason": str(failure)}
        case Blocked():
            status, found = Status.BLOCKED, {"reason": str(failure)}
        case NotRun() | KeyboardInterrupt():
            status, found = Status.NOT_RUN, {"reason": str(failure) or "interrupted"}
        case _:
            status = Status.ERROR
            found = {
                "reason": shorten(f"{type(failure).__name__}: {failure}"),
                "traceback": "".join(traceback.format_exception(failure)),
            }
    return Result(
        requirement=requirement.id,
        level=requirement.level,
        profile=requirement.profile,
        status=status,
        test=name_of(item),
        seconds=round(seconds, 3),
        **found,
    )


def explain(failure: Nonconformity, proves: Iterable[Requirement]) -> str:
    """Return what a failure shows, for a reader of pytest's own report."""
    lines = [
        f"{requirement.id} {requirement.level}: {requirement.promise}" for requirement in proves
    ]
    lines += [f"  expected: {failure.expected}", f"  seen:     {failure.seen}"]
    if failure.exchange:
        lines.append(f"  again:    {failure.exchange.curl}")
    return "\n".join(lines)
