"""From the results of tests to a verdict: pure, no input and no output."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping, Sequence

import attrs

from openvideos_contract.judging.expectations import Expectation, Expectations
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
    FLAKY = "known to be flaky"
    DISABLED = "disabled"


class Verdict(enum.StrEnum):
    """What a run says about a profile."""

    CONFORMS = "conforms"
    DOES_NOT = "does not conform"
    STALE = "better than its dialect says"
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
        exchange: The number of the exchange that shows it, 0 for none.
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
    exchange: int = 0


# Over several tests of a requirement, the first of these that occurs is what counts. A pass stands
# before a skip: a promise that was kept wherever the server offers it is kept.
_PRECEDENCE = (
    Status.FAIL,
    Status.STALE,
    Status.ERROR,
    Status.EXPECTED,
    Status.FLAKY,
    Status.NOT_RUN,
    Status.BLOCKED,
    Status.WARN,
    Status.PASS,
    Status.SKIP,
    Status.DISABLED,
)
_OPEN = frozenset({Status.ERROR, Status.NOT_RUN, Status.BLOCKED, Status.DISABLED})
# What does not say that a promise is kept.
_SILENT = frozenset({Status.SKIP, Status.FLAKY, Status.EXPECTED})


def judge_requirement(statuses: Iterable[Status]) -> Status:
    """Return what came out for a requirement, from its tests; NOT_RUN where there are none."""
    found = set(statuses)
    return next((status for status in _PRECEDENCE if status in found), Status.NOT_RUN)


def expect_failures(
    results: Sequence[Result],
    expectations: Expectations,
    requirements: Mapping[str, Requirement],
) -> list[Result]:
    """Return the results as a dialect sees them.

    A failure that is expected becomes EXPECTED, and one that is known to be flaky FLAKY. An
    expectation that did not come true though its tests ran is STALE: the promise is kept, or does
    not even apply, though others of its profile do. Where a test was left out or broken, nothing is
    said.

    Args:
        results: As they came out.
        expectations: What the dialect says.
        requirements: Those that were tested, by id.
    """
    outcomes: dict[str, set[Status]] = {}
    tested = set()
    for result in results:
        outcomes.setdefault(result.requirement, set()).add(result.status)
        if result.status is not Status.SKIP:
            tested.add(result.profile)
    return [
        _as_expected(
            result,
            expectations,
            outcomes[result.requirement],
            has_condition=bool(requirements[result.requirement].where),
            # Whether a condition of the run holds, such as that a second key is at hand, is not
            # the server's doing, and says nothing of what was expected of it.
            told_by_server=result.profile in tested
            and not requirements[result.requirement].of_the_run,
        )
        for result in results
    ]


def _as_expected(
    result: Result,
    expectations: Expectations,
    outcomes: set[Status],
    *,
    has_condition: bool,
    told_by_server: bool,
) -> Result:
    # What cannot be tested, as it stands on what fails, is not kept either.
    failed = result.status in {Status.FAIL, Status.WARN, Status.BLOCKED}
    flaky = expectations.known_flaky.get(result.requirement)
    if flaky is not None and failed:
        return attrs.evolve(result, status=Status.FLAKY, reason=flaky.told)
    expected = expectations.expected_failures.get(result.requirement)
    if expected is None:
        return result
    if failed:
        return attrs.evolve(result, status=Status.EXPECTED, reason=expected.told)
    if result.status is Status.PASS and outcomes <= {Status.PASS, Status.SKIP}:
        return _stale(result, expected, "the promise is kept")
    if outcomes == {Status.SKIP} and not has_condition:
        # Every server has to offer it.
        return attrs.evolve(result, status=Status.EXPECTED, reason=expected.told)
    if outcomes == {Status.SKIP} and told_by_server:
        return _stale(result, expected, f"the promise does not apply here: {result.reason}")
    return result


def _stale(result: Result, expected: Expectation, why: str) -> Result:
    return attrs.evolve(
        result,
        status=Status.STALE,
        expected=f"a failure, because {expected.reason}",
        seen=f"{why}: take it out of the dialect's expected failures",
    )


def judge_profile(
    requirements: Iterable[Requirement], outcomes: Mapping[str, Status], *, strict: bool = False
) -> Verdict:
    """Return the verdict on a profile.

    Args:
        requirements: Those of the profile.
        outcomes: What came out for each, by id; one that is missing was not run.
        strict: Whether a broken SHOULD counts as a broken MUST does.
    """
    requirements = list(requirements)
    found = {outcomes.get(requirement.id, Status.NOT_RUN) for requirement in requirements}
    if found & ({Status.FAIL, Status.WARN} if strict else {Status.FAIL}):
        return Verdict.DOES_NOT
    if Status.STALE in found:
        return Verdict.STALE
    decided = set()
    for requirement in requirements:
        if requirement.level is not Level.MUST:
            continue
        status = outcomes.get(requirement.id, Status.NOT_RUN)
        if status is Status.SKIP and not requirement.where:
            status = Status.NOT_RUN
        decided.add(status)
    if decided & _OPEN:
        return Verdict.INCOMPLETE
    if decided - _SILENT:
        return Verdict.CONFORMS
    # Nothing that was skipped or excused counts as kept: a profile of nothing else is no claim.
    return Verdict.INCOMPLETE if Status.FLAKY in decided else Verdict.UNSUPPORTED


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
    if found & {Verdict.DOES_NOT, Verdict.STALE}:
        return 1
    unmet = any(verdicts.get(name) is Verdict.UNSUPPORTED for name in claimed)
    if Verdict.INCOMPLETE in found or unmet or Verdict.CONFORMS not in found:
        return 0 if allow_incomplete and found else 3
    return 0
