"""Faults that a request itself asks for: by its header, or by a directive in its prompt.

Both write a fault as `NAME` or `NAME:ARGUMENT`. A header has several with commas between them. A
directive is in brackets, and may name an operation and how often, as in
`[503:2@retrieve_video*3]`.
"""

from __future__ import annotations

import contextlib
import functools
import itertools
import re
from typing import TYPE_CHECKING, Any

from openvideos_emulator.faults.loading import CREATING, check_creates, parse_faults
from openvideos_emulator.faults.named import expanded, find, known
from openvideos_emulator.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from openvideos_emulator.contract import Contract
    from openvideos_emulator.faults.model import Fault

ID_ENDING = "fa17"
"""How the id of a video ends whose prompt holds a directive.

So those that answer for it later know that they must look, and need not for any other.
"""

_DIRECTIVE = re.compile(
    r"\[(?P<name>[A-Za-z0-9_-]{1,50})(?P<argument>:[^\[\]@*\n]{1,200})?"
    r"(?:@(?P<operation>\w{1,50}))?(?:\*(?P<times>[1-9]\d{0,5}))?\]",
    re.ASCII,
)
_DIRECTIVE_IN_BYTES = re.compile(_DIRECTIVE.pattern.encode())
_OF_THE_ANSWER = ("status", "where", "listed")
_REMEMBERED = 256
# Enough for any test; so many more would hold up the other requests.
_MOST = 50


def with_ending(video_id: str, prompt: str) -> str:
    """Return the id of a new video, which tells whether its prompt holds a directive."""
    if next(_directives(prompt), None) is None:
        return video_id
    return video_id[: -len(ID_ENDING)] + ID_ENDING


def may_direct(body: bytes) -> bool:
    """Return whether there can be a directive in a request's body."""
    return b"[" in body and any(
        known(found["name"].decode()) for found in _DIRECTIVE_IN_BYTES.finditer(body)
    )


def faults_of_prompt(prompt: str, contract: Contract) -> list[Fault]:
    """Return the faults that a prompt's directives ask for; what is none is just text.

    Of a great many directives the first 50 count.
    """
    faults: list[Fault] = []
    for directive in itertools.islice(_directives(prompt), _MOST):
        faults += _faults_of_directive(directive[0], *directive.groups(), contract)
    return faults


@functools.lru_cache(_REMEMBERED)
def _faults_of_directive(
    text: str,
    name: str,
    argument: str | None,
    asked: str | None,
    times: str | None,
    contract: Contract,
) -> Sequence[Fault]:
    """Return the fault that a directive asks for, whose parts are given too, or none."""
    if asked and asked not in {operation.id for operation in contract.operations}:
        return []
    happens_to = [asked] if asked else list(find(name).operations or CREATING)
    per = "prompt" if set(happens_to) & set(CREATING) else "video"
    match: dict[str, Any] = {"operation": happens_to, "per": per}
    if times:
        match["first"] = int(times)
    data = {"id": text, "fault": name + (argument or ""), "match": match}
    with contextlib.suppress(SettingsError):
        return parse_faults([data], contract)
    return []


def faults_of_header(text: str, operation: str | None, contract: Contract) -> list[Fault]:
    """Return the faults that a header asks for, which happen to this request, whatever it is.

    Raises:
        SettingsError: There is no such fault, its argument is not allowed, it is one of jobs and
            the request creates none, or there are more than 50.
    """
    asked = [part.strip() for part in text.split(",") if part.strip()]
    if len(asked) > _MOST:
        raise SettingsError(f"at most {_MOST} faults can happen to a request")
    faults = [_fault_of_header(each, contract) for each in asked]
    for fault in faults:
        check_creates(fault, [operation])
    return faults


@functools.lru_cache(_REMEMBERED)
def _fault_of_header(text: str, contract: Contract) -> Fault:
    data = expanded({"id": text, "fault": text})
    match = {word: value for word, value in data["match"].items() if word in _OF_THE_ANSWER}
    return parse_faults([{**data, "match": match}], contract)[0]


def _directives(prompt: str) -> Iterator[re.Match[str]]:
    if "[" in prompt:
        yield from (found for found in _DIRECTIVE.finditer(prompt) if known(found["name"]))
