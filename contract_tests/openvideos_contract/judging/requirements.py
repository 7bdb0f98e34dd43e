"""The numbered promises of `requirements.yaml`."""

from __future__ import annotations

import enum
import functools
import re
from collections.abc import Iterable, Mapping
from importlib import resources
from typing import TYPE_CHECKING, Any

import attrs
import yaml

from openvideos_contract.settings.configuration import PROFILES

# The id of a requirement: its area, and its number in it.
ID = re.compile(r"[A-Z]+-\d{3}")


class Level(enum.StrEnum):
    """What it means to break a promise."""

    MUST = "MUST"
    SHOULD = "SHOULD"
    MAY = "MAY"


class Certainty(enum.StrEnum):
    """How sure a promise is; see the head of `requirements.yaml`."""

    SPEC = "spec"
    DOCS = "docs"
    RUN = "run"
    SEEN = "seen"
    RFC = "rfc"
    HOUSE = "house"


@attrs.frozen
class Requirement:
    """One promise.

    Attributes:
        id: Its number, such as `CREATE-004`; never used again.
        profile: The profile that it belongs to.
        level: What breaking it means.
        promise: One sentence.
        certainty: How sure it is.
        source: Where it comes from.
        where: The condition under which it applies; empty where it always does.
        of_the_run: Whether that condition is a matter of the run, such as its options or how soon
            a job is done, and not of the server.
        since: The version of the contract that it came with.
    """

    id: str
    profile: str
    level: Level = attrs.field(converter=Level)
    promise: str
    certainty: Certainty = attrs.field(converter=Certainty)
    source: str
    where: str = ""
    of_the_run: bool = False
    since: str = "1.0.0"


@attrs.frozen
class Untested:
    """A promise that is deliberately not tested.

    Attributes:
        promise: One sentence.
        source: Where it comes from.
        reason: Why it is not tested.
    """

    promise: str
    source: str
    reason: str


# The parts of requirements.yaml that are no profiles.
_UNTESTED, _RETIRED = "untested", "retired"


@functools.cache
def load() -> Mapping[str, Requirement]:
    """Return every requirement by id, in the order of the file."""
    return {
        number: Requirement(id=number, profile=profile, **fields)
        for profile, entries in _document().items()
        if profile not in {_UNTESTED, _RETIRED}
        for number, fields in entries.items()
    }


def untested() -> tuple[Untested, ...]:
    """Return the promises that are deliberately not tested, in the order of the file."""
    return tuple(Untested(**fields) for fields in _document().get(_UNTESTED, {}).values())


def retired() -> Mapping[str, str]:
    """Return the ids that are never used again, each with what became of the promise."""
    return {number: fields["reason"] for number, fields in _document().get(_RETIRED, {}).items()}


@functools.cache
def _document() -> dict[str, dict[str, dict[str, Any]]]:
    text = resources.files("openvideos_contract").joinpath("requirements.yaml").read_text("utf-8")
    return _unrepeated(text)


def faults(requirements: Iterable[Requirement], proved: Mapping[str, Iterable[str]]) -> list[str]:
    """Return what is wrong with the requirements and the tests that prove them.

    Args:
        requirements: All of them.
        proved: For each test, the ids of the requirements that it names.
    """
    known = {requirement.id: requirement for requirement in requirements}
    named = {number for numbers in proved.values() for number in numbers}
    found = [f"{test} names no requirement" for test, numbers in proved.items() if not numbers]
    found += [f"{number} is named by a test, and no requirement" for number in named - set(known)]
    for number, requirement in known.items():
        if not ID.fullmatch(number):
            found.append(f"{number} is no id such as CREATE-004")
        if number not in named:
            found.append(f"{number} is proved by no test")
        if requirement.profile not in PROFILES:
            found.append(f"{number} belongs to {requirement.profile}, which is no profile")
        if requirement.of_the_run and not requirement.where:
            found.append(f"{number} is of_the_run, and names no condition")
        if requirement.level is Level.MUST and requirement.certainty is Certainty.HOUSE:
            found.append(f"{number} is a guess, and may not be a MUST")
    return sorted(found)


if TYPE_CHECKING:
    from yaml import SafeLoader as _SafeLoader
else:
    # Not every build of PyYAML has the one that is ten times as fast.
    _SafeLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _UnrepeatedKeys(_SafeLoader):
    """YAML in which a repeated key is an error, so that no id is used twice."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        repeated = {key for key in keys if keys.count(key) > 1}
        if repeated:
            raise yaml.constructor.ConstructorError(
                None, None, f"{', '.join(sorted(repeated))} is there twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


def _unrepeated(text: str) -> dict[str, dict[str, dict[str, Any]]]:
    document = yaml.load(text, Loader=_UnrepeatedKeys)  # noqa: S506 - a SafeLoader: plain data only
    numbers = [number for entries in document.values() for number in entries]
    repeated = {number for number in numbers if numbers.count(number) > 1}
    if repeated:
        raise ValueError(f"requirements.yaml uses {', '.join(sorted(repeated))} twice")
    loaded: dict[str, dict[str, dict[str, Any]]] = document
    return loaded
