"""A fault, and whether it concerns a request and its answer."""

from __future__ import annotations

import functools
import json
import re
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openvideos_emulator.faults.exchange import Request, Response
    from openvideos_emulator.faults.history import Memory


_NAMED_MARK = re.compile(r"\{marked\.(\w+)\}", re.ASCII)


def _listed(value: Any) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, list) else (value,)


def _listed_or_none(value: Any) -> tuple[Any, ...] | None:
    return None if value is None else _listed(value)


@attrs.frozen(kw_only=True)
class RequestMatch:
    """Conditions on a request. None asks nothing."""

    operation: tuple[str, ...] | None = attrs.field(default=None, converter=_listed_or_none)
    method: tuple[str, ...] | None = attrs.field(default=None, converter=_listed_or_none)
    path: str | None = None
    key: tuple[str, ...] | None = attrs.field(default=None, converter=_listed_or_none)
    content_type: str | None = None
    header: Mapping[str, Any] = attrs.field(factory=dict)
    query: Mapping[str, Any] = attrs.field(factory=dict)
    body: Mapping[str, Any] = attrs.field(factory=dict)
    prompt: str | None = None
    following: str | None = None
    during: str | None = None
    marked: str | None = None

    def holds(self, request: Request, memory: Memory) -> bool:
        """Return whether a request keeps all of these conditions."""
        return (
            (self.operation is None or request.operation in self.operation)
            and (self.method is None or request.method in self.method)
            and (self.path is None or _is_like(request.path, self.path))
            and (self.key is None or request.key in self.key)
            and (self.content_type is None or request.content_type == self.content_type)
            and _have(request.headers, {n.lower(): v for n, v in self.header.items()})
            and _have(request.query, self.query)
            and (not self.body or _have(request.fields(), self.body))
            and (self.prompt is None or self.prompt in request.prompt)
            and (self.following is None or self.following in memory.operations)
            and (self.during is None or self.during in request.beside)
            and (self.marked is None or self.marked in memory.marks)
        )


@attrs.frozen(kw_only=True)
class ResponseMatch:
    """Conditions on an answer. None asks nothing."""

    status: tuple[int | str, ...] | None = attrs.field(default=None, converter=_listed_or_none)
    where: Mapping[str, Any] = attrs.field(factory=dict)
    listed: str | None = None

    def holds(self, response: Response) -> bool:
        """Return whether an answer keeps all of these conditions."""
        if self.status is not None and not {
            response.status,
            f"{response.status // 100}XX",
        } & set(self.status):
            return False
        return all(
            any(node.value == value for node in response.find(path))
            for path, value in self.where.items()
        )


@attrs.frozen(kw_only=True)
class Occasions:
    """At which of the occasions that match a fault happens."""

    nth: tuple[int, ...] | None = attrs.field(default=None, converter=_listed_or_none)
    first: int | None = None
    after: int = 0
    every: int = 1
    per: str = "fault"

    @property
    def are_counted(self) -> bool:
        """Whether the fault does not simply happen always."""
        return (self.nth, self.first, self.after, self.every) != (None, None, 0, 1)

    def chosen(self, number: int) -> bool:
        """Return whether the fault happens at an occasion; the first is number 1."""
        return (
            (self.nth is None or number in self.nth)
            and (self.first is None or number <= self.first)
            and number > self.after
            and number % self.every == 0
        )


@attrs.frozen(kw_only=True)
class Fault:
    """What goes wrong, and when; the package's docstring explains the words.

    `tenant` is whose requests it concerns only, empty where it concerns everybody's.
    """

    id: str
    description: str = ""
    tenant: str = ""
    request_match: RequestMatch
    unless: RequestMatch | None
    response_match: ResponseMatch
    occasions: Occasions
    request: Sequence[tuple[str, Any]]
    answer: Sequence[tuple[str, Any]]

    def concerns(self, request: Request, memory: Memory) -> bool:
        """Return whether the fault's conditions on a request hold."""
        return (
            self.tenant in ("", request.tenant)
            and self.request_match.holds(request, memory)
            and not (self.unless is not None and self.unless.holds(request, memory))
        )

    @property
    def following(self) -> set[str]:
        """The operations that must be remembered for it."""
        matches = (self.request_match, self.unless)
        return {match.following for match in matches if match and match.following}

    @functools.cached_property
    def named_marks(self) -> frozenset[str]:
        """The marks whose video is named in its texts."""
        return frozenset(_NAMED_MARK.findall(json.dumps([self.request, self.answer])))

    @property
    def needs_memory(self) -> bool:
        """Whether its conditions ask what was remembered of a video."""
        matches = (self.request_match, self.unless)
        return any(match.following or match.marked for match in matches if match)


def _have(values: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    for name, value in wanted.items():
        if value is None:
            if name in values:
                return False
        elif name not in values or not (value is True or _is(str(values[name]), value)):
            return False
    return True


def _is(value: str, wanted: str | Mapping[str, str]) -> bool:
    return value == wanted if isinstance(wanted, str) else _is_like(value, wanted["like"])


def _is_like(value: str, pattern: str) -> bool:
    return re.fullmatch(pattern, value, re.DOTALL) is not None
