"""Reads faults from a file, and says clearly what is wrong with them."""

from __future__ import annotations

import functools
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import attrs
import jsonpath_rfc9535
import jsonschema_rs
import yaml

from openvideos_emulator.faults.model import Fault, Occasions, RequestMatch, ResponseMatch
from openvideos_emulator.faults.named import expanded
from openvideos_emulator.faults.steps import json_paths
from openvideos_emulator.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from openvideos_emulator.contract import Contract

CREATING = ("create_video", "edit_video", "extend_video", "remix_video")
"""The operations that create a job from a prompt."""

_REQUEST_WORDS = {field.name for field in attrs.fields(RequestMatch)}
_RESPONSE_WORDS = {field.name for field in attrs.fields(ResponseMatch)}
_OCCASION_WORDS = {field.name for field in attrs.fields(Occasions)}


def load_faults(path: Path, contract: Contract) -> list[Fault]:
    """Return the faults of a YAML or JSON file.

    Raises:
        SettingsError: The file cannot be read, or a fault is not one.
    """
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise SettingsError(f"--faults: {path} cannot be read: {error}") from error
    try:
        return parse_faults(data, contract)
    except SettingsError as error:
        raise SettingsError(f"--faults: {path}: {error}") from error


def parse_faults(data: Any, contract: Contract) -> list[Fault]:
    """Return the faults that plain data describes.

    Raises:
        SettingsError: It is no list of faults; the message says where it is not.
    """
    _check_shape(data)
    data = _named(data)
    # Arguments of a name are checked where they stand, too.
    _check_shape(data)
    faults = [_fault(each) for each in data]
    operations = {operation.id for operation in contract.operations} | set(contract.webhooks)
    seen = set()
    for fault in faults:
        if fault.id in seen:
            raise SettingsError(f"the id {fault.id!r} is used twice")
        seen.add(fault.id)
        _check_operations(fault, operations)
        _check_paths(fault)
        _check_patterns(fault)
        if not fault.request and not fault.answer:
            raise SettingsError(
                f"fault {fault.id}: nothing happens by it; give it `fault`, `request` or `answer`"
            )
    return faults


def check_creates(fault: Fault, operations: Iterable[str | None]) -> None:
    """Check that a fault of jobs can happen: that one of the operations creates a job.

    Raises:
        SettingsError: None does.
    """
    if not set(operations) & set(CREATING) and any(word == "job" for word, _ in fault.request):
        raise SettingsError(
            f"fault {fault.id}: it happens to a job, so only to {', '.join(CREATING)}"
        )


def _named(data: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return faults in the words of all faults, each with an id."""
    named = []
    for number, each in enumerate(data, 1):
        try:
            named.append({"id": f"fault {number}", **expanded(each)})
        except SettingsError as error:
            raise SettingsError(f"fault {each.get('id', number)}: {error}") from error
    return named


@functools.cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    # The schema ships with the package; safe_load builds plain data only.
    text = Path(__file__).with_name("schema.yaml").read_text(encoding="utf-8")
    return jsonschema_rs.Draft202012Validator(yaml.safe_load(text))


def _check_shape(data: Any) -> None:
    try:
        # YAML has more than JSON: dates, names that are numbers, lists that hold themselves.
        json.dumps(data, allow_nan=False)
        broken = next(iter(_validator().iter_errors(data)), None)
    except (TypeError, ValueError, RecursionError) as error:
        raise SettingsError(f"the file holds what JSON has not: {error}") from error
    if broken is None:
        return
    place = list(broken.instance_path)
    where = "the file"
    if place:
        fault = data[place[0]]
        name = fault.get("id") if isinstance(fault, dict) else None
        where = "/".join([f"fault {name or place[0]}", *map(str, place[1:])])
    raise SettingsError(f"{where}: {broken.message}; the words are explained in its docs")


def _fault(data: dict[str, Any]) -> Fault:
    match = data.get("match", {})
    unless = match.get("unless")
    return Fault(
        id=data["id"],
        description=data.get("description", ""),
        request_match=RequestMatch(**_of(match, _REQUEST_WORDS)),
        unless=None if unless is None else RequestMatch(**unless),
        response_match=ResponseMatch(**_of(match, _RESPONSE_WORDS)),
        occasions=Occasions(**_of(match, _OCCASION_WORDS)),
        request=[step for each in data.get("request", []) for step in each.items()],
        answer=[step for each in data.get("answer", []) for step in each.items()],
    )


def _of(match: dict[str, Any], words: set[str]) -> dict[str, Any]:
    return {word: value for word, value in match.items() if word in words}


def _check_operations(fault: Fault, known: set[str]) -> None:
    for match in (fault.request_match, fault.unless):
        if match is None:
            continue
        named = {each for each in (match.following, match.during) if each is not None}
        named.update(match.operation or ())
        if unknown := sorted(named - known):
            raise SettingsError(
                f"fault {fault.id}: there is no operation {unknown[0]!r}; there are "
                f"{', '.join(sorted(known))}"
            )
    if fault.request_match.operation is not None:
        check_creates(fault, fault.request_match.operation)


def _check_paths(fault: Fault) -> None:
    for path in _paths(fault):
        try:
            jsonpath_rfc9535.compile(path)
        except jsonpath_rfc9535.JSONPathError as error:
            raise SettingsError(f"fault {fault.id}: {path!r} is no JSONPath: {error}") from error


def _check_patterns(fault: Fault) -> None:
    for pattern in _patterns(fault):
        try:
            re.compile(pattern)
        except re.error as error:
            raise SettingsError(
                f"fault {fault.id}: {pattern!r} is no regular expression: {error}"
            ) from error


def _patterns(fault: Fault) -> Iterator[str]:
    for match in (fault.request_match, fault.unless):
        if match is None:
            continue
        if match.path is not None:
            yield match.path
        for values in (match.header, match.query, match.body):
            yield from (value["like"] for value in values.values() if isinstance(value, dict))


def _paths(fault: Fault) -> Iterator[str]:
    yield from fault.response_match.where
    for word, argument in fault.answer:
        yield from json_paths(word, argument)
