"""How many promises were kept: counts that always add up, and never leave out what was not run."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Mapping

import attrs

from openvideos_contract.judging.requirements import Level, Requirement
from openvideos_contract.judging.verdict import Status


class State(enum.StrEnum):
    """What is said of a requirement, in the words of a count."""

    KEPT = "kept"
    BROKEN = "broken"
    STALE = "kept, though expected to fail"
    EXPECTED = "expected to fail"
    FLAKY = "known to be flaky"
    NOT_TESTED = "not tested"
    NOT_APPLICABLE = "not applicable"


_STATES = {
    Status.PASS: State.KEPT,
    Status.FAIL: State.BROKEN,
    Status.WARN: State.BROKEN,
    Status.STALE: State.STALE,
    Status.EXPECTED: State.EXPECTED,
    Status.FLAKY: State.FLAKY,
    Status.SKIP: State.NOT_APPLICABLE,
    Status.NOT_RUN: State.NOT_TESTED,
    Status.BLOCKED: State.NOT_TESTED,
    Status.DISABLED: State.NOT_TESTED,
    Status.ERROR: State.NOT_TESTED,
}


def state_of(requirement: Requirement, status: Status) -> State:
    """Return what is said of a requirement.

    A skipped one does not apply only where its promise has a condition; any other was not tested.
    """
    if status is Status.SKIP and not requirement.where:
        return State.NOT_TESTED
    return _STATES[status]


@attrs.frozen
class Count:
    """The requirements of one level, by what is said of them.

    Attributes:
        level: The level.
        states: How many are in each state; together they are all.
    """

    level: Level
    states: Mapping[State, int]

    @property
    def applicable(self) -> int:
        """How many apply to this server."""
        return sum(self.states.values()) - self.states.get(State.NOT_APPLICABLE, 0)

    @property
    def kept(self) -> int:
        """How many are kept."""
        return self.states.get(State.KEPT, 0) + self.states.get(State.STALE, 0)

    @property
    def sentence(self) -> str:
        """Such as "61 of 64 MUST kept, 3 not tested; 2 do not apply"."""
        if not self.applicable:
            return f"no {self.level} applies"
        told = [f"{self.kept} of {self.applicable} {self.level} kept"]
        told += [
            f"{self.states[state]} {state}"
            for state in State
            if state not in {State.KEPT, State.NOT_APPLICABLE} and self.states.get(state)
        ]
        absent = self.states.get(State.NOT_APPLICABLE, 0)
        rest = f"; {absent} {'does' if absent == 1 else 'do'} not apply" if absent else ""
        return ", ".join(told) + rest


def counts(requirements: Iterable[Requirement], outcomes: Mapping[str, Status]) -> list[Count]:
    """Return a count for each level that occurs, MUST first.

    Args:
        requirements: Those to count, such as a profile's.
        outcomes: What came out for each, by id; one that is missing was not run.
    """
    found: dict[Level, Counter[State]] = {}
    for one in requirements:
        status = outcomes.get(one.id, Status.NOT_RUN)
        found.setdefault(one.level, Counter())[state_of(one, status)] += 1
    return [Count(level, found[level]) for level in Level if level in found]
