"""The requirements, and the tests that prove them."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from openvideos_contract.judging import frozen, requirements
from openvideos_contract.judging.requirements import Certainty, Level, Requirement
from openvideos_contract.running.items import ORDER, TESTS, is_about
from openvideos_contract.running.runner import proved, self_check
from openvideos_contract.settings.configuration import PROFILES


def test_every_requirement_has_a_test_and_every_test_a_requirement() -> None:
    assert self_check() == []


def requirement(number: str, level: str = "MUST", **fields: Any) -> Requirement:
    fields = {"profile": "core", "certainty": "spec"} | fields
    return Requirement(id=number, level=level, promise="A promise.", source="a source", **fields)


def test_the_self_check_sees_what_is_wrong() -> None:
    known = [
        requirement("A-001"),
        requirement("A-002"),
        requirement("b-3", certainty="house"),
        requirement("C-001", profile="cores"),
        requirement("C-002", of_the_run=True),
    ]
    proved = {"first": ["A-001", "A-009"], "second": [], "third": ["C-001", "C-002"]}
    assert requirements.faults(known, proved) == [
        "A-002 is proved by no test",
        "A-009 is named by a test, and no requirement",
        "C-001 belongs to cores, which is no profile",
        "C-002 is of_the_run, and names no condition",
        "b-3 is a guess, and may not be a MUST",
        "b-3 is no id such as CREATE-004",
        "b-3 is proved by no test",
        "second names no requirement",
    ]


RELEASES = {
    "1.0.0": {"A-001": frozen.Frozen("core", "MUST"), "A-002": frozen.Frozen("core", "SHOULD")}
}
RELEASED = [requirement("A-001"), requirement("A-002", "SHOULD")]


def freezing_faults(*known: Requirement, version: str, retired: tuple[str, ...] = ()) -> list[str]:
    return frozen.faults(known, retired, version=version, releases=RELEASES)


def test_the_requirements_of_a_released_contract_are_settled() -> None:
    assert freezing_faults(*RELEASED, version="1.0.0") == []
    changed = (requirement("A-002"), requirement("A-003", "MAY"))
    after = "after contract 1.0.0 was released: give the contract a new version"
    assert freezing_faults(*changed, version="1.0.0") == [
        f"A-001 was taken out {after}",
        f"A-002 has another level or profile {after}",
        f"A-003 was added {after}",
    ]


def test_a_new_contract_may_change_them_by_rules() -> None:
    added = requirement("A-003", since="1.1.0")
    assert freezing_faults(*RELEASED, added, version="1.1.0") == []
    assert freezing_faults(*RELEASED, version="1.0.1") == []
    assert freezing_faults(RELEASED[0], version="1.1.0", retired=("A-002",)) == []
    assert freezing_faults(*RELEASED, requirement("A-003"), version="1.1.0") == [
        "A-003 is not in contract 1.0.0: it needs `since: 1.1.0`"
    ]
    assert freezing_faults(*RELEASED, requirement("A-003", since="1.0.1"), version="1.0.1") == [
        "A-003 is a MUST that contract 1.0.0 does not have: 1.0.1 must be a new minor version"
    ]
    assert freezing_faults(RELEASED[0], requirement("A-002"), version="1.0.1") == [
        "A-002 is a MUST that contract 1.0.0 does not have: 1.0.1 must be a new minor version"
    ]


def test_an_id_is_never_used_again_and_never_simply_gone() -> None:
    assert freezing_faults(*RELEASED, version="1.1.0", retired=("A-002",)) == [
        "A-002 is retired, and used again"
    ]
    assert freezing_faults(RELEASED[0], version="1.1.0") == [
        "A-002, a requirement of contract 1.0.0, is gone: say under `retired` why"
    ]


@pytest.mark.parametrize("since", ["1.2.0", "2", "later"])
def test_no_requirement_comes_with_a_version_that_is_not_there_yet(since: str) -> None:
    new = requirement("A-003", since=since)
    told = f"A-003 is said to come with contract {since}: "
    found = freezing_faults(*RELEASED, new, version="1.1.0")
    assert f"{told}that is no version up to 1.1.0, the contract's own" in found


def test_an_id_that_is_used_twice_is_an_error() -> None:
    twice = "core:\n  A-001: {}\n  A-001: {}\n"
    with pytest.raises(yaml.YAMLError, match="A-001 is there twice"):
        requirements._unrepeated(twice)
    with pytest.raises(ValueError, match="A-001 twice"):
        requirements._unrepeated("core:\n  A-001: {}\nauth:\n  A-001: {}\n")


def test_every_profile_has_a_must_and_no_requirement_is_outside_them() -> None:
    musts = {found.profile for found in requirements.load().values() if found.level is Level.MUST}
    assert musts == set(PROFILES)


def test_a_promise_is_one_sentence_with_a_source() -> None:
    for requirement in requirements.load().values():
        assert re.fullmatch(r"[A-Za-z_].*[^.]\.", requirement.promise), requirement.id
        assert ". " not in requirement.promise, requirement.id
        assert requirement.source, requirement.id
        assert isinstance(requirement.certainty, Certainty)
    for left_out in requirements.untested():
        for sentence in (left_out.promise, left_out.reason):
            assert re.fullmatch(r"[A-Z].*[^.]\.", sentence), sentence
        assert left_out.source, left_out.promise


def test_a_condition_of_the_run_is_marked_as_one() -> None:
    words = re.compile("second key|job is (seen|deleted)|awaited|429|is asked for|has keys")
    for requirement in requirements.load().values():
        assert requirement.of_the_run == bool(words.search(requirement.where)), requirement.id


def test_every_test_file_has_its_place_in_the_order() -> None:
    assert set(ORDER) == {file.stem for file in TESTS.glob("test_*.py")}


def test_a_file_is_left_aside_only_where_none_of_its_tests_is_chosen() -> None:
    for test, numbers in proved().items():
        file = TESTS / f"{test.partition('::')[0]}.py"
        for number in numbers:
            assert is_about(file, {number}), test
    assert not is_about(TESTS / "test_list.py", {"MEDIA-001"})
