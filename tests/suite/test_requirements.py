"""The requirements, and the tests that prove them."""

from __future__ import annotations

import re

import pytest
import yaml

from openvideos_contract.judging import requirements
from openvideos_contract.judging.requirements import Certainty, Level, Requirement
from openvideos_contract.running.runner import self_check
from openvideos_contract.running.session import ORDER, TESTS
from openvideos_contract.settings.configuration import PROFILES


def test_every_requirement_has_a_test_and_every_test_a_requirement() -> None:
    assert self_check() == []


def test_the_self_check_sees_what_is_wrong() -> None:
    def requirement(number: str, level: str = "MUST", certainty: str = "spec") -> Requirement:
        return Requirement(
            id=number,
            profile="core",
            level=level,
            promise="A promise.",
            certainty=certainty,
            source="a source",
        )

    known = [requirement("A-001"), requirement("A-002"), requirement("b-3", "MUST", "house")]
    found = requirements.faults(known, {"first": ["A-001", "A-009"], "second": []})
    assert found == [
        "A-002 is proved by no test",
        "A-009 is named by a test, and no requirement",
        "b-3 is a guess, and may not be a MUST",
        "b-3 is no id such as CREATE-004",
        "b-3 is proved by no test",
        "second names no requirement",
    ]


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


def test_every_test_file_has_its_place_in_the_order() -> None:
    assert set(ORDER) == {file.stem for file in TESTS.glob("test_*.py")}
