"""What all answers of the run were like; judged last, from what the gate observed."""

from __future__ import annotations

import contextlib
from urllib.parse import quote

import pytest

from openvideos_contract.checks.answers import Kind
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import Blocked, Nonconformity
from openvideos_contract.wire.gate import Gate, video_path

# How many rules that are broken are told of.
TOLD = 12


def require_none(gate: Gate, *kinds: Kind, operation: str | None = None) -> None:
    """Go on if no answer got one of `kinds` wrong.

    Args:
        gate: What observed the answers.
        kinds: What may be wrong with an answer.
        operation: The operation whose successful answers are judged; None for all answers.
    """
    if operation is not None and not gate.seen[operation, "2xx"]:
        raise Blocked(f"no answer of {operation} was a success")
    if operation is None and not gate.seen:
        raise Blocked("there was no answer at all")
    wrong = [
        violation
        for violation in gate.found
        if violation.kind in kinds and operation in {None, violation.operation}
    ]
    if wrong:
        first = wrong[0]
        # Each rule that is broken, so that they can be mended together.
        rules = {
            found.rule: found.seen for found in wrong[::-1] if found.expected == first.expected
        }
        told = [first.seen, *(seen for rule, seen in rules.items() if rule != first.rule)]
        more = len(wrong) - len(told[:TOLD])
        others = f", and {more} more like it" if more else ""
        raise Nonconformity(
            expected=first.expected,
            seen=f"{'; '.join(told[:TOLD])} (first in {first.exchange.test}{others})",
            exchange=first.exchange,
        )


def ask_for(gate: Gate, jobs: Jobs, operation: str) -> None:
    """Have an operation answer, where no test that was chosen did."""
    with contextlib.suppress(Nonconformity, Blocked):
        match operation:
            case "create_video":
                jobs.existing("plain")
            case "retrieve_video":
                gate.send("GET", jobs.existing("plain").path)
            case "list_videos":
                gate.send("GET", "/videos")
            case "download_video_content":
                jobs.content("plain")
            case "delete_video":
                gate.send("DELETE", jobs.completed("plain").path)


@pytest.mark.parametrize(
    "operation",
    [
        pytest.param("create_video", marks=pytest.mark.requirement("CREATE-003")),
        pytest.param("retrieve_video", marks=pytest.mark.requirement("RETRIEVE-002")),
        pytest.param("list_videos", marks=pytest.mark.requirement("LIST-002")),
        pytest.param("download_video_content", marks=pytest.mark.requirement("CONTENT-002")),
        pytest.param("delete_video", marks=pytest.mark.requirement("DELETE-002")),
    ],
)
def test_answers_have_the_shape_of_the_contract(gate: Gate, jobs: Jobs, operation: str) -> None:
    if not gate.seen[operation, "2xx"]:
        ask_for(gate, jobs, operation)
    require_none(gate, Kind.BODY, Kind.CONTENT_TYPE, operation=operation)


@pytest.mark.requirement("REMIX-002")
def test_remixes_have_the_shape_of_the_contract(gate: Gate, jobs: Jobs) -> None:
    jobs.existing("remix")
    require_none(gate, Kind.BODY, Kind.CONTENT_TYPE, operation="remix_video")


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        pytest.param("edit_video", "edit", marks=pytest.mark.requirement("EDIT-002")),
        pytest.param("extend_video", "extension", marks=pytest.mark.requirement("EXTEND-002")),
    ],
)
def test_edits_and_extensions_have_the_shape_of_the_contract(
    gate: Gate, jobs: Jobs, operation: str, name: str
) -> None:
    jobs.existing(name)
    require_none(gate, Kind.BODY, Kind.CONTENT_TYPE, operation=operation)


@pytest.mark.requirement("CHARACTER-002")
@pytest.mark.parametrize("operation", ["create_character", "retrieve_character"])
def test_characters_have_the_shape_of_the_contract(gate: Gate, jobs: Jobs, operation: str) -> None:
    try:
        made = jobs.character()
    except Nonconformity as failure:
        raise Blocked(f"no character could be made (CHARACTER-001): {failure.seen}") from failure
    gate.send("GET", f"/videos/characters/{quote(str(made.object.get('id')), safe='')}")
    require_none(gate, Kind.BODY, Kind.CONTENT_TYPE, operation=operation)


@pytest.mark.requirement("LIST-022")
def test_no_empty_page_has_more(gate: Gate, nobody: str) -> None:
    with contextlib.suppress(Nonconformity, Blocked):
        gate.send("GET", "/videos", params={"after": nobody})
    if not gate.seen["list_videos", "2xx"]:
        raise Blocked("no list could be had (LIST-001)")
    require_none(gate, Kind.EMPTY_PAGE)


@pytest.mark.parametrize(
    "kind",
    [
        pytest.param(Kind.ENVELOPE, marks=pytest.mark.requirement("ERROR-001")),
        pytest.param(Kind.SERVER_ERROR, marks=pytest.mark.requirement("ERROR-002")),
        pytest.param(Kind.STATUS, marks=pytest.mark.requirement("ERROR-003")),
        pytest.param(Kind.REQUEST_ID, marks=pytest.mark.requirement("ERROR-004")),
        pytest.param(Kind.HEADER, marks=pytest.mark.requirement("ERROR-005")),
        pytest.param(Kind.LEAK, marks=pytest.mark.requirement("ERROR-006")),
        pytest.param(Kind.MESSAGE, marks=pytest.mark.requirement("ERROR-010")),
    ],
)
def test_every_answer_keeps_the_rules(gate: Gate, nobody: str, kind: Kind) -> None:
    if not gate.seen:
        with contextlib.suppress(Nonconformity, Blocked):
            gate.send("GET", "/videos")
            gate.send("GET", video_path(nobody))
    require_none(gate, kind)


@pytest.mark.requirement("LIFE-014")
def test_whole_numbers_are_written_as_such(gate: Gate, jobs: Jobs) -> None:
    jobs.existing("plain")
    require_none(gate, Kind.NUMBER)
