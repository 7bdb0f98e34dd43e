"""Failures grouped by their cause, so that one mistake is told once."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

import attrs

from openvideos_contract.judging.requirements import ID
from openvideos_contract.judging.verdict import Result, Status

_ID = re.compile(rf"\b{ID.pattern}\b")
# What differs between two sights of one thing: numbers, and ids that hold some.
_PARTICULAR = re.compile(r"\b\w*\d\w*\b")
# Of what was seen: enough to know it by, and short of where it was seen first.
_BEGINNING = 40
_ORDER = (Status.FAIL, Status.STALE, Status.WARN)


@attrs.frozen
class Cause:
    """Failures that one thing explains.

    Attributes:
        status: The worst of them.
        results: The failures; the first shows it best.
        blocked: The requirements that could not be tested because of it, by id.
    """

    status: Status
    results: tuple[Result, ...]
    blocked: tuple[str, ...] = ()

    @property
    def requirements(self) -> tuple[str, ...]:
        """The ids of the requirements that fail because of it."""
        return tuple(dict.fromkeys(result.requirement for result in self.results))

    @property
    def unrepeated(self) -> list[Result]:
        """One result for each test, which may have found several requirements broken at once."""
        found = {(one.test, one.expected, one.seen, one.curl): one for one in self.results}
        return list(found.values())


def causes(results: Iterable[Result]) -> list[Cause]:
    """Return the failures by cause, the worst first, else in the order of the run.

    Two failures have one cause where they break one requirement, one test found both, both saw the
    same in one exchange, or both saw the same in place of the same, numbers aside. What was blocked
    is told with the failure of the requirement that its reason names.
    """
    results = list(results)
    failed = [result for result in results if result.status in _ORDER]
    groups: list[tuple[set[object], list[Result]]] = []
    for result in failed:
        signs = _signs(result)
        mine = (signs, [result])
        joined = [group for group in groups if group[0] & signs]
        for group in joined:
            groups.remove(group)
        if joined:
            everything = [one for group in joined for one in group[1]]
            mine = (signs.union(*(group[0] for group in joined)), [*everything, result])
        groups.append(mine)
    place = {id(result): number for number, result in enumerate(failed)}
    found = [
        Cause(
            status=min((one.status for one in group), key=_ORDER.index),
            results=tuple(_best_first(group)),
            blocked=_blocked_by({one.requirement for one in group}, results),
        )
        for _, group in groups
    ]
    return sorted(
        found,
        key=lambda cause: (
            _ORDER.index(cause.status),
            min(place[id(result)] for result in cause.results),
        ),
    )


def _signs(result: Result) -> set[object]:
    if result.status is Status.STALE:
        return {result.requirement}  # each is an entry of its own in the dialect
    signs: set[object] = {result.requirement, result.test}
    if result.exchange:
        signs.add((result.exchange, result.seen[:_BEGINNING]))
    if result.seen:
        expected, seen = (_PARTICULAR.sub("#", text) for text in (result.expected, result.seen))
        signs.add((expected, seen))
    return signs


def _best_first(group: Sequence[Result]) -> list[Result]:
    """Return the failures in order, the first a worst one with a request that shows it again."""
    return sorted(group, key=lambda result: (_ORDER.index(result.status), not result.curl))


def _blocked_by(failed: set[str], results: Iterable[Result]) -> tuple[str, ...]:
    found = {
        result.requirement: None
        for result in results
        if result.status is Status.BLOCKED
        and result.requirement not in failed
        and failed & set(_ID.findall(result.reason))
    }
    return tuple(found)
