"""From the results of tests to a verdict: pure, no input and no output."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence

import attrs

from openvideos_contract.judging.requirements import Level, Requirement


class Status(enum.StrEnum):
    """What became of a test, or of a requirement over all its tests."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    WARN = "warn"
    SKIP = "skip"
    BLOCKED = "blocked"
    NOT_RUN = "not run"
    ERROR = "error"
    EXPECTED = "expected failure"
    STALE = "stale expectation"


class Verdict(enum.StrEnum):
    """What a run says about a profile."""

    CONFORMS = "conforms"
    DOES_NOT = "does not conform"
    INCOMPLETE = "incomplete"
    UNSUPPORTED = "not offered"


@attrs.frozen
class Result:
    """What one test found out about one requirement.

    Attributes:
        requirement: Its id.
        level: Its level.
        profile: Its profile.
        status: What came out.
        test: The test.
        expected: What should have been seen, where something else was.
        seen: What was.
        curl: A command that shows it again.
        reason: Why there is no pass and no failure.
        traceback: Where the suite itself failed.
        seconds: How long the test took.
    """

    requirement: str
    level: Level
    profile: str
    status: Status
    test: str
    expected: str = ""
    seen: str = ""
    curl: str = ""
    reason: str = ""
    traceback: str = ""
    seconds: float = 0.0


# Over several tests of a requirement, the first of these that occurs is what counts. A pass stands
# before a skip: a promise that was kept wherever the server offers it is kept.
_PRECEDENCE = (
    Status.FAIL,
    Status.STALE,
    Status.ERROR,
    Status.NOT_RUN,
    Status.BLOCKED,
    Status.WARN,
    Status.EXPECTED,
    Status.PASS,
    Status.SKIP,
)
_BREAKS = frozenset({Status.FAIL, Status.STALE})
_OPEN = frozenset({Status.ERROR, Status.NOT_RUN, Status.BLOCKED})


def judge_requirement(statuses: Iterable[Status]) -> Status:
    """Return what came out for a requirement, from its tests; NOT_RUN where there are none."""
    found = set(statuses)
    return next((status for status in _PRECEDENCE if status in found), Status.NOT_RUN)


def expect_failures(results: Sequence[Result], expected: Mapping[str, str]) -> list[Result]:
    """Return the results as a dialect sees them.

    Args:
        results: As they came out.
        expected: The requirements that are expected to fail, with the reasons. A failure of theirs
            is EXPECTED; where none of its tests failed though they ran, the expectation is STALE.
    """
    outcomes: dict[str, set[Status]] = {}
    for result in results:
        outcomes.setdefault(result.requirement, set()).add(result.status)
    seen = []
    for result in results:
        reason = expected.get(result.requirement)
        changed = result
        if reason is not None:
            if result.status in {Status.FAIL, Status.WARN}:
                changed = attrs.evolve(result, status=Status.EXPECTED, reason=reason)
            elif result.status is Status.PASS and outcomes[result.requirement] <= {
                Status.PASS,
                Status.SKIP,
            }:
                changed = attrs.evolve(
                    result,
                    status=Status.STALE,
                    expected=f"a failure, because {reason}",
                    seen="the promise is kept: take it out of the expected failures",
                )
        seen.append(changed)
    return seen


def judge_profile(requirements: Iterable[Requirement], outcomes: Mapping[str, Status]) -> Verdict:
    """Return the verdict on a profile.

    Args:
        requirements: Those of the profile.
        outcomes: What came out for each, by id; one that is missing was not run.
    """
    decided = set()
    for requirement in requirements:
        status = outcomes.get(requirement.id, Status.NOT_RUN)
        if status in _BREAKS:
            return Verdict.DOES_NOT
        if requirement.level is not Level.MUST:
            continue
        if status is Status.SKIP and not requirement.where:
            status = Status.NOT_RUN
        decided.add(status)
    if decided & _OPEN:
        return Verdict.INCOMPLETE
    # Nothing that was skipped counts as kept: a profile of skips was not tested at all.
    return Verdict.CONFORMS if decided - {Status.SKIP} else Verdict.UNSUPPORTED


COULD_NOT_RUN = 2


def exit_code(
    verdicts: Mapping[str, Verdict],
    *,
    faulty: bool = False,
    claimed: Iterable[str] = (),
    allow_incomplete: bool = False,
) -> int:
    """Return the exit code of a run: 0 conforms, 1 does not, 2 could not run, 3 incomplete.

    Args:
        verdicts: By profile; none at all is incomplete.
        faulty: Whether the suite itself failed somewhere, so that what it found proves nothing.
        claimed: The profiles that were asked for by name: one of these that the server does not
            offer is incomplete.
        allow_incomplete: Whether incomplete is good enough.
    """
    if faulty:
        return COULD_NOT_RUN
    found = set(verdicts.values())
    if Verdict.DOES_NOT in found:
        return 1
    unmet = any(verdicts.get(name) is Verdict.UNSUPPORTED for name in claimed)
    if Verdict.INCOMPLETE in found or unmet or Verdict.CONFORMS not in found:
        return 0 if allow_incomplete and found else 3
    return 0
