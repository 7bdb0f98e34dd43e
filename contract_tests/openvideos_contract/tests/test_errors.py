"""Unknown ids, odd ids, and what the API does not have."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from openvideos_contract.checks.answers import envelope_problems
from openvideos_contract.checks.refusals import refused, require_status
from openvideos_contract.contract import Contract
from openvideos_contract.outcome import Blocked, require
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate, video_path

UNKNOWN = "no video has this id"


@pytest.mark.requirement("RETRIEVE-004")
def test_retrieving_an_unknown_id_answers_404(gate: Gate, nobody: str) -> None:
    require_status(gate.send("GET", video_path(nobody)), 404, UNKNOWN)


@pytest.mark.requirement("CONTENT-005")
def test_the_content_of_an_unknown_id_answers_404(gate: Gate, nobody: str) -> None:
    require_status(gate.send("GET", video_path(nobody, "content")), 404, UNKNOWN)


@pytest.mark.requirement("DELETE-007")
def test_deleting_an_unknown_id_answers_404(gate: Gate, nobody: str) -> None:
    require_status(gate.send("DELETE", video_path(nobody)), 404, UNKNOWN)


@pytest.mark.requirement("RETRIEVE-005")
@pytest.mark.parametrize(
    "text",
    [
        "?",
        "#",
        "%2F",
        "a/b",
        "a b",
        "..%2f..",
        "%00",
        "é",
        "漢字",
        "'\"<>",
        ":=@",
        "0",
        "x" * 10_000,
    ],
    ids=lambda text: f"{quote(text)[:12]}-{len(text)}",
)
def test_an_odd_id_is_refused(gate: Gate, nobody: str, text: str) -> None:
    refused(gate, "GET", video_path(f"{nobody}{text}"), why=UNKNOWN)


def misuse(gate: Gate, method: str, *path: str) -> Exchange:
    """Return the answer to a method that the path does not have."""
    family = f"the method {method}, which the path does not have"
    return gate.send(method, video_path(*path) if path else "/videos", family=family)


@pytest.mark.requirement("ERROR-007")
@pytest.mark.parametrize(
    ("method", "below", "there"),
    [("PUT", None, {"GET", "POST"}), ("PATCH", (), {"GET"}), ("POST", ("content",), {"GET"})],
    ids=["videos", "video", "content"],
)
def test_a_method_that_is_not_there_is_not_allowed(
    gate: Gate, nobody: str, method: str, below: tuple[str, ...] | None, there: set[str]
) -> None:
    answer = misuse(gate, method, *(() if below is None else (nobody, *below)))
    allowed = {word.strip().upper() for word in answer.header("allow").split(",")}
    require(
        answer.status == 405 and there <= allowed and method not in allowed,
        expected=f"405, and an Allow with {' and '.join(sorted(there))} and without {method}",
        seen=f"Allow {answer.header('allow') or 'missing'}, {answer.summary}",
        exchange=answer,
    )


@pytest.mark.requirement("ERROR-008")
@pytest.mark.parametrize("method", ["PATCH", "GET"])
def test_what_is_not_there_is_refused_in_the_envelope(
    gate: Gate, contract: Contract, nobody: str, method: str
) -> None:
    # An unknown method of a known path, and an unknown path.
    answer = misuse(gate, method, nobody, *([nobody] if method == "GET" else []))
    if not answer.refused:
        raise Blocked(f"it was not refused (ERROR-007): {answer.summary}")
    for expected, seen in envelope_problems(contract, answer):
        require(False, expected=expected, seen=seen, exchange=answer)
