"""From results to a verdict."""

from __future__ import annotations

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos_contract.judging.expectations import Expectation, Expectations
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
        assert status in {Status.PASS, Status.EXPECTED, Status.FLAKY, Status.WARN} or (
            status is Status.SKIP and one.where
        )
    assert any(outcomes[one.id] in {Status.PASS, Status.WARN} for one in musts)


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


@pytest.mark.parametrize("status", [Status.SKIP, Status.EXPECTED])
def test_a_profile_of_nothing_but_skips_or_expected_failures_is_not_offered(
    status: Status,
) -> None:
    found = [requirement(1, Level.MUST, "it is offered")]
    assert judge_profile(found, {"A-001": status}) is Verdict.UNSUPPORTED


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
    assert code == (1 if {Verdict.DOES_NOT, Verdict.STALE} & set(verdicts) else 0)


def result(status: Status, number: str = "A-001") -> Result:
    return Result(number, Level.MUST, "core", status, "test")


def expectations(failing: str = "", flaky: str = "") -> Expectations:
    return Expectations(
        expected_failures={number: Expectation(number, "no list") for number in failing.split()},
        known_flaky={number: Expectation(number, "at times") for number in flaky.split()},
    )


def seen_by(
    said: Expectations,
    *results: Result,
    where: str = "it is offered",
    of_the_run: bool = False,
) -> list[Status]:
    condition = attrs.evolve(requirement(1, Level.MUST, where), of_the_run=of_the_run)
    known = {found.requirement: condition for found in results}
    return [found.status for found in expect_failures(results, said, known)]


def test_an_expected_failure_does_not_count_and_a_stale_one_does() -> None:
    results = (result(Status.FAIL), result(Status.PASS, "A-002"), result(Status.FAIL, "A-003"))
    found = seen_by(expectations("A-001 A-002"), *results)
    assert found == [Status.EXPECTED, Status.STALE, Status.FAIL]


def test_a_broken_should_can_be_expected_too() -> None:
    assert seen_by(expectations("A-001"), result(Status.WARN)) == [Status.EXPECTED]


def test_an_expectation_is_kept_where_one_of_several_tests_failed() -> None:
    found = seen_by(expectations("A-001"), result(Status.FAIL), result(Status.PASS))
    assert found == [Status.EXPECTED, Status.PASS]


@pytest.mark.parametrize("status", [Status.NOT_RUN, Status.ERROR])
def test_an_expectation_that_was_not_tested_is_not_stale(status: Status) -> None:
    found = seen_by(expectations("A-001"), result(status), result(Status.PASS))
    assert found == [status, Status.PASS]


def test_what_cannot_be_tested_for_what_fails_is_expected_too() -> None:
    results = (result(Status.BLOCKED), result(Status.PASS), result(Status.BLOCKED, "A-002"))
    found = seen_by(expectations("A-001"), *results)
    assert found == [Status.EXPECTED, Status.PASS, Status.BLOCKED]


def test_what_every_server_has_to_offer_can_be_expected_not_to_be_there() -> None:
    skipped, kept = result(Status.SKIP), result(Status.PASS, "A-002")
    found = seen_by(expectations("A-001"), skipped, kept, where="")
    assert found == [Status.EXPECTED, Status.PASS]


def test_an_expectation_that_does_not_apply_is_stale_where_its_profile_was_tested() -> None:
    skipped, kept = result(Status.SKIP), result(Status.PASS, "A-002")
    said = expectations("A-001")
    assert seen_by(said, skipped, kept) == [Status.STALE, Status.PASS]
    assert seen_by(said, skipped) == [Status.SKIP]
    assert seen_by(said, skipped, kept, of_the_run=True) == [Status.SKIP, Status.PASS]


def test_a_known_flaky_failure_decides_nothing() -> None:
    said = expectations(flaky="A-001")
    assert seen_by(said, result(Status.FAIL), result(Status.PASS)) == [Status.FLAKY, Status.PASS]
    assert seen_by(said, result(Status.PASS)) == [Status.PASS]
    assert seen_by(said, result(Status.BLOCKED)) == [Status.FLAKY]
    found = [requirement(1, Level.MUST), requirement(2, Level.MUST)]
    flaky = {"A-001": Status.FLAKY}
    assert judge_profile(found, {**flaky, "A-002": Status.PASS}) is Verdict.CONFORMS
    assert judge_profile(found, {**flaky, "A-002": Status.FAIL}) is Verdict.DOES_NOT
    assert judge_profile(found[:1], flaky) is Verdict.INCOMPLETE


def test_a_failure_that_is_known_settles_what_was_only_partly_tested() -> None:
    for known in (Status.EXPECTED, Status.FLAKY):
        assert judge_requirement([known, Status.NOT_RUN, Status.BLOCKED, Status.PASS]) is known
    assert judge_requirement([Status.EXPECTED, Status.ERROR]) is Status.ERROR


def test_a_stale_expectation_is_told_apart_from_a_broken_promise() -> None:
    found = [requirement(1, Level.MUST), requirement(2, Level.MUST)]
    stale = {"A-001": Status.STALE}
    assert judge_profile(found, {**stale, "A-002": Status.PASS}) is Verdict.STALE
    assert judge_profile(found, {**stale, "A-002": Status.FAIL}) is Verdict.DOES_NOT
    assert exit_code({"core": Verdict.STALE}, allow_incomplete=True) == 1


def test_a_broken_should_fails_the_profile_only_where_the_run_is_strict() -> None:
    found = [requirement(1, Level.MUST), requirement(2, Level.SHOULD)]
    outcomes = {"A-001": Status.PASS, "A-002": Status.WARN}
    assert judge_profile(found, outcomes, strict=True) is Verdict.DOES_NOT
    outcomes["A-002"] = Status.NOT_RUN
    assert judge_profile(found, outcomes, strict=True) is Verdict.CONFORMS


def test_a_must_that_the_user_left_out_leaves_the_profile_incomplete() -> None:
    found = [requirement(1, Level.MUST), requirement(2, Level.MUST)]
    outcomes = {"A-001": Status.PASS, "A-002": Status.DISABLED}
    assert judge_profile(found, outcomes) is Verdict.INCOMPLETE
