"""What a dialect says of its server beside the changed contract: its part `x-openvideos`."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from typing import Any

import attrs

from openvideos_spec import ContractError

# What `--write-baseline` puts where only a person can tell.
NO_REASON_YET = "CHANGE ME"

_PARTS = ("profiles", "expected_failures", "known_flaky")
_ENTRY = ("requirement", "reason", "link", "evidence")
_EVIDENCE = ("measured", "read")


class DialectError(ContractError):
    """The part `x-openvideos` of a dialect cannot be right; the message says where, and why."""


@attrs.frozen
class Expectation:
    """A failure that is known.

    Attributes:
        requirement: The id of the requirement that is not met.
        reason: Why, in a few words.
        link: Where to read more; empty where there is nothing.
        evidence: `measured` where the failure was seen, `read` where the server's source was; empty
            where the dialect does not say.
    """

    requirement: str
    reason: str
    link: str = ""
    evidence: str = ""

    @property
    def told(self) -> str:
        """The reason, and where to read more."""
        return f"{self.reason} ({self.link})" if self.link else self.reason


@attrs.frozen
class Expectations:
    """What a dialect says of its server.

    Attributes:
        profiles: What the server offers; empty where the dialect does not say.
        expected_failures: The requirements that it does not meet, by id.
        known_flaky: Those that it meets at times, by id; they decide nothing.
    """

    profiles: tuple[str, ...] = ()
    expected_failures: Mapping[str, Expectation] = attrs.field(factory=dict)
    known_flaky: Mapping[str, Expectation] = attrs.field(factory=dict)

    def forgives(self, requirement: str) -> bool:
        """Return whether a failure of a requirement decides nothing, as it is known."""
        return requirement in self.expected_failures or requirement in self.known_flaky

    @classmethod
    def of(
        cls, dialect: Mapping[str, Any], *, profiles: Sequence[str], requirements: Container[str]
    ) -> Expectations:
        """Return what a dialect says.

        Args:
            dialect: Its Overlay document; one without `x-openvideos` says nothing.
            profiles: Those that there are.
            requirements: The ids that there are.

        Raises:
            DialectError: A profile or a requirement does not exist, an entry is there twice, or
                an entry has no reason.
        """
        part = dialect.get("x-openvideos", {})
        problems = _problems_of_part(part, profiles, requirements)
        if problems:
            told = "; ".join(problems)
            raise DialectError(f"its part x-openvideos is not right: {told}")
        return cls(
            profiles=tuple(part.get("profiles", ())),
            expected_failures=_by_requirement(part.get("expected_failures", ())),
            known_flaky=_by_requirement(part.get("known_flaky", ())),
        )


def _by_requirement(entries: Sequence[Mapping[str, str]]) -> dict[str, Expectation]:
    return {entry["requirement"]: Expectation(**entry) for entry in entries}


def _problems_of_part(
    part: Any, profiles: Sequence[str], requirements: Container[str]
) -> list[str]:
    if not isinstance(part, Mapping):
        return [f"it is no mapping of {', '.join(_PARTS)}"]
    found = [f"it has no {name!r}: {_choose(_PARTS)}" for name in part if name not in _PARTS]
    for name in _PARTS:
        if not isinstance(part.get(name, []), list):
            return [*found, f"{name} is no list"]
    found += [
        f"there is no profile {name!r}: {_choose(profiles)}"
        for name in part.get("profiles", [])
        if name not in profiles
    ]
    entries = [
        (name, entry)
        for name in ("expected_failures", "known_flaky")
        for entry in part.get(name, [])
    ]
    for number, (name, entry) in enumerate(entries, start=1):
        found += _problems_of_entry(entry, f"{name}, entry {number}", requirements)
    named = [entry.get("requirement") for _, entry in entries if isinstance(entry, Mapping)]
    twice = sorted({str(number) for number in named if number and named.count(number) > 1})
    found += [f"{number} is named twice" for number in twice]
    unsaid = [
        str(entry["requirement"])
        for _, entry in entries
        if isinstance(entry, Mapping) and str(entry.get("reason", "")).startswith(NO_REASON_YET)
    ]
    if unsaid:
        found.append(f"say why the server fails {', '.join(unsaid)}, in place of {NO_REASON_YET!r}")
    return found


def _problems_of_entry(entry: Any, where: str, requirements: Container[str]) -> list[str]:
    if not isinstance(entry, Mapping) or not isinstance(entry.get("requirement"), str):
        return [f"{where}, is no mapping that names a requirement, such as LIST-004"]
    number = entry["requirement"]
    found = [f"{number} has no {name!r}: {_choose(_ENTRY)}" for name in entry if name not in _ENTRY]
    if number not in requirements:
        found.append(f"there is no requirement {number}")
    if not all(isinstance(value, str) for value in entry.values()):
        found.append(f"{number}: every value is a text")
    if not str(entry.get("reason") or "").strip():
        found.append(f"{number} has no reason")
    if entry.get("evidence", _EVIDENCE[0]) not in _EVIDENCE:
        found.append(f"{number}: evidence is {' or '.join(_EVIDENCE)}, not {entry['evidence']!r}")
    return found


def _choose(names: Sequence[str]) -> str:
    return f"choose from {', '.join(names)}"
