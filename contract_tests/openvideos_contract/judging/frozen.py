"""The requirements of each released version of the contract, which never change again.

`frozen.yaml` holds them, written by `contract_tests/freeze_requirements.py` when a version is
released. Until then its requirements may be changed freely.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Container, Iterable, Iterator, Mapping
from importlib import resources

import attrs
import yaml

from openvideos_contract.judging.requirements import Level, Requirement


@attrs.frozen
class Frozen:
    """What is settled of a requirement once it is released.

    Attributes:
        profile: The profile that it belongs to.
        level: What breaking it means.
    """

    profile: str
    level: Level = attrs.field(converter=Level)

    @classmethod
    def of(cls, requirement: Requirement) -> Frozen:
        """Return what is settled of `requirement`."""
        return cls(requirement.profile, requirement.level)


Release = Mapping[str, Frozen]


@functools.cache
def load() -> Mapping[str, Release]:
    """Return the requirements of each released version of the contract, by version and id."""
    text = resources.files("openvideos_contract.judging").joinpath("frozen.yaml").read_text("utf-8")
    return {
        version: {number: Frozen(**fields) for number, fields in entries.items()}
        for version, entries in (yaml.safe_load(text) or {}).items()
    }


def faults(
    requirements: Iterable[Requirement],
    retired: Container[str],
    *,
    version: str,
    releases: Mapping[str, Release],
) -> list[str]:
    """Return what a change of the requirements got wrong, nothing where it keeps the rules.

    Args:
        requirements: All of them, as they are now.
        retired: The ids that are never used again.
        version: The contract's version, `1.0.0`.
        releases: The requirements of each version that was released.
    """
    known = {requirement.id: requirement for requirement in requirements}
    found = [f"{number} is retired, and used again" for number in known if number in retired]
    found += [
        f"{number} is said to come with contract {requirement.since}: "
        f"that is no version up to {version}, the contract's own"
        for number, requirement in known.items()
        if not _is_version(requirement.since) or _parts(requirement.since) > _parts(version)
    ]
    if version in releases:
        return sorted([*found, *_changes(known, releases[version], version)])
    earlier = [name for name in releases if _parts(name) < _parts(version)]
    for name in earlier:
        found += [
            f"{number}, a requirement of contract {name}, is gone: say under `retired` why"
            for number in releases[name]
            if number not in known and number not in retired
        ]
    if earlier:
        found += _new_musts(known, max(earlier, key=_parts), version, releases)
    return sorted(set(found))


def _changes(known: Mapping[str, Requirement], release: Release, version: str) -> Iterator[str]:
    after = f"after contract {version} was released: give the contract a new version"
    for number in sorted(known.keys() | release.keys()):
        if number not in release:
            yield f"{number} was added {after}"
        elif number not in known:
            yield f"{number} was taken out {after}"
        elif Frozen.of(known[number]) != release[number]:
            yield f"{number} has another level or profile {after}"


def _new_musts(
    known: Mapping[str, Requirement], latest: str, version: str, releases: Mapping[str, Release]
) -> Iterator[str]:
    before = releases[latest]
    is_minor = _parts(version)[:2] > _parts(latest)[:2]
    for number, requirement in known.items():
        if number not in before and requirement.since != version:
            yield f"{number} is not in contract {latest}: it needs `since: {version}`"
        was_must = number in before and before[number].level is Level.MUST
        if requirement.level is Level.MUST and not was_must and not is_minor:
            yield (
                f"{number} is a MUST that contract {latest} does not have: {version} must be "
                "a new minor version"
            )


def _is_version(text: str) -> bool:
    return re.fullmatch(r"\d+\.\d+\.\d+", text) is not None


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))
