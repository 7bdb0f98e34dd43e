"""From results to a verdict."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos_contract.judging.requirements import Level, Requirement
from openvideos_contract.judging.verdict import (
    Result,
    Status,
    Verdict,
    exit_code,
    expect_failures,
    judge_profile,
    judge_requirement,
)

STATUSES = st.lists(st.sampled_from(Status), max_size=5)


def requirement(number: int, level: Level, where: str = "") -> Requirement:
    return Requirement(
        id=f"A-{number:03}",
        profile="core",
        level=level,
        promise="A promise.",
        certainty="spec",
        source="a source",
        where=where,
    )


@st.composite
def profiles(draw: st.DrawFn) -> tuple[list[Requirement], dict[str, Status]]:
    levels = draw(st.lists(st.sampled_from(Level), min_size=1, max_size=6))
    found = [
        requirement(number, level, draw(st.sampled_from(["", "it is offered"])))
        for number, level in enumerate(levels)
    ]
    outcomes = {one.id: draw(st.sampled_from(Status)) for one in found if draw(st.booleans())}
    return found, outcomes


@given(STATUSES)
def test_a_failure_is_never_outvoted(statuses: list[Status]) -> None:
    if Status.FAIL in statuses:
        assert judge_requirement(statuses) is Status.FAIL


@given(STATUSES)
def test_a_requirement_passes_only_where_a_test_passed(statuses: list[Status]) -> None:
    if judge_requirement(statuses) is Status.PASS:
        assert Status.PASS in statuses
        assert not {Status.FAIL, Status.ERROR, Status.NOT_RUN, Status.BLOCKED} & set(statuses)


def test_a_requirement_without_results_was_not_run() -> None:
    assert judge_requirement([]) is Status.NOT_RUN


@given(profiles())
def test_a_profile_conforms_only_where_every_must_was_kept_or_did_not_apply(
    profile: tuple[list[Requirement], dict[str, Status]],
) -> None:
    found, outcomes = profile
    if judge_profile(found, outcomes) is not Verdict.CONFORMS:
        return
    musts = [one for one in found if one.level is Level.MUST]
    assert musts
    for one in musts:
        status = outcomes[one.id]
        assert status in {Status.PASS, Status.EXPECTED, Status.WARN} or (
            status is Status.SKIP and one.where
        )
    assert any(outcomes[one.id] is not Status.SKIP for one in musts)


@given(profiles())
def test_one_broken_must_is_enough(profile: tuple[list[Requirement], dict[str, Status]]) -> None:
    found, outcomes = profile
    broken = attrs_must(found)
    outcomes = {**outcomes, broken.id: Status.FAIL}
    assert judge_profile([*found, broken], outcomes) is Verdict.DOES_NOT


def attrs_must(found: list[Requirement]) -> Requirement:
    return requirement(len(found), Level.MUST)


def test_a_broken_should_is_a_warning_and_the_profile_conforms() -> None:
    found = [requirement(1, Level.MUST), requirement(2, Level.SHOULD)]
    outcomes = {"A-001": Status.PASS, "A-002": Status.WARN}
    assert judge_profile(found, outcomes) is Verdict.CONFORMS


def test_a_skipped_must_without_a_condition_leaves_the_profile_incomplete() -> None:
    found = [requirement(1, Level.MUST), requirement(2, Level.MUST)]
    outcomes = {"A-001": Status.PASS, "A-002": Status.SKIP}
    assert judge_profile(found, outcomes) is Verdict.INCOMPLETE


def test_a_profile_of_nothing_but_skips_is_not_offered() -> None:
    found = [requirement(1, Level.MUST, "it is offered")]
    assert judge_profile(found, {"A-001": Status.SKIP}) is Verdict.UNSUPPORTED


@pytest.mark.parametrize(
    ("verdicts", "claimed", "code"),
    [
        ([Verdict.CONFORMS], "", 0),
        ([Verdict.CONFORMS, Verdict.UNSUPPORTED], "", 0),
        ([Verdict.CONFORMS, Verdict.UNSUPPORTED], "1", 3),
        ([Verdict.CONFORMS, Verdict.INCOMPLETE], "", 3),
        ([Verdict.INCOMPLETE, Verdict.DOES_NOT], "", 1),
        ([Verdict.UNSUPPORTED], "", 3),
        ([], "", 3),
    ],
)
def test_exit_codes(verdicts: list[Verdict], claimed: str, code: int) -> None:
    by_profile = {str(number): verdict for number, verdict in enumerate(verdicts)}
    assert exit_code(by_profile, claimed=claimed) == code


@given(st.lists(st.sampled_from(Verdict), min_size=1))
def test_allow_incomplete_never_hides_a_failure(verdicts: list[Verdict]) -> None:
    by_profile = {str(number): verdict for number, verdict in enumerate(verdicts)}
    code = exit_code(by_profile, allow_incomplete=True)
    assert code == (1 if Verdict.DOES_NOT in verdicts else 0)


def result(status: Status, number: str = "A-001") -> Result:
    return Result(number, Level.MUST, "core", status, "test")


def test_an_expected_failure_does_not_count_and_a_stale_one_does() -> None:
    expected = {"A-001": "no list", "A-002": "no delete"}
    seen = expect_failures(
        [result(Status.FAIL), result(Status.PASS, "A-002"), result(Status.FAIL, "A-003")], expected
    )
    assert [found.status for found in seen] == [Status.EXPECTED, Status.STALE, Status.FAIL]
    assert seen[0].reason == "no list"


def test_an_expectation_is_kept_where_one_of_several_tests_failed() -> None:
    seen = expect_failures([result(Status.FAIL), result(Status.PASS)], {"A-001": "half of it"})
    assert [found.status for found in seen] == [Status.EXPECTED, Status.PASS]
