"""Which jobs a requirement needs, read from the source of the tests that prove it.

A list beside the tests would be wrong after the next change of a test. The names of the jobs are
words that the tests use for nothing else: whichever stands in a test, it may ask for that job.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Collection, Iterator
from pathlib import Path

import attrs

from openvideos_contract.judging.requirements import ID

_TESTS = Path(__file__).parents[1] / "tests"
_CREATED = frozenset({"plain", "multipart", "other"})
# What these methods of Jobs need beyond the names that a test gives them.
_METHODS = {
    "all_made": _CREATED,
    "all_completed": _CREATED,
    "remixed": frozenset({"plain", "other"}),
    "require_taken": frozenset({"plain", "multipart"}),
    "character": frozenset({"character"}),
    "family_of": frozenset({"foreign_model", "foreign_size", "foreign_seconds"}),
}
# Beside a `family`, what sends requests that should be refused.
_REFUSALS = frozenset({"family", "refused", "refusal"})
# What is made from others needs these first.
_SOURCES = {
    **dict.fromkeys(("remix", "edit"), frozenset({"plain", "other"})),
    **dict.fromkeys(("uploaded_edit", "extension", "character"), frozenset({"plain"})),
    "cast": frozenset({"plain", "character"}),
}
_STARTED_FROM = frozenset({"plain", "other"})


@attrs.frozen
class _Function:
    """What the source of a function names, and the requirements that its marks name."""

    numbers: frozenset[str]
    texts: frozenset[str]
    names: frozenset[str]


def jobs_needed_by(
    chosen: Collection[str], known: Collection[str], *, reused: bool = False
) -> set[str]:
    """Return the names of the jobs that the tests of the chosen requirements may ask for.

    Args:
        chosen: The ids of the requirements.
        known: The names of all jobs.
        reused: Whether a video that is there already may be what other jobs start from.
    """
    made_there = _STARTED_FROM if reused else frozenset()
    found: set[str] = set()
    for function in _tests_of(chosen):
        found |= function.texts & set(known)
        for method, jobs in _METHODS.items():
            if method in function.names:
                found |= jobs if method != "remixed" else jobs - made_there
    for name in tuple(found):
        found |= _SOURCES.get(name, frozenset()) - made_there
    return found & set(known)


def sends_what_should_be_refused(chosen: Collection[str]) -> bool:
    """Return whether a test of the chosen requirements sends what might start a job wrongly."""
    return any(function.names & _REFUSALS for function in _tests_of(chosen))


def _tests_of(chosen: Collection[str]) -> Iterator[_Function]:
    for functions in _modules().values():
        for name, function in functions.items():
            if name.startswith("test_") and function.numbers & set(chosen):
                yield _with_all_that_it_calls(name, functions)


def _with_all_that_it_calls(name: str, functions: dict[str, _Function]) -> _Function:
    reached: set[str] = set()
    waiting = {name}
    while waiting:
        reached |= waiting
        named = {called for each in waiting for called in functions[each].names}
        waiting = {called for called in named if called in functions} - reached
    parts = [functions[each] for each in reached]
    return _Function(
        functions[name].numbers,
        frozenset().union(*(part.texts for part in parts)),
        frozenset().union(*(part.names for part in parts)),
    )


@functools.cache
def _modules() -> dict[str, dict[str, _Function]]:
    """Return the functions, classes and constants of every test file, by name."""
    found = {}
    for path in sorted(_TESTS.glob("test_*.py")):
        functions = {}
        for node in ast.parse(path.read_text("utf-8")).body:
            for name in _defined_by(node):
                functions[name] = _read(node)
        found[path.stem] = functions
    return found


def _defined_by(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.FunctionDef | ast.ClassDef):
        return [node.name]
    targets = node.targets if isinstance(node, ast.Assign) else []
    return [target.id for target in targets if isinstance(target, ast.Name)]


def _read(statement: ast.stmt) -> _Function:
    texts, names = set(), set()
    for node in ast.walk(statement):
        match node:
            case ast.Constant(value=str(text)):
                texts.add(text)
            case ast.Name(id=name) | ast.Attribute(attr=name) | ast.arg(arg=name):
                names.add(name)
            case ast.keyword(arg=str(name)):
                names.add(name)
    return _Function(frozenset(filter(ID.fullmatch, texts)), frozenset(texts), frozenset(names))
