"""Unknown ids, odd ids."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from openvideos_contract.gate import Gate, video_path
from openvideos_contract.refusals import refused, require_status


@pytest.mark.requirement("RETRIEVE-004")
def test_retrieving_an_unknown_id_answers_404(gate: Gate, nobody: str) -> None:
    require_status(gate.send("GET", video_path(nobody)), 404)


@pytest.mark.requirement("CONTENT-005")
def test_the_content_of_an_unknown_id_answers_404(gate: Gate, nobody: str) -> None:
    require_status(gate.send("GET", video_path(nobody, "content")), 404)


@pytest.mark.requirement("DELETE-007")
def test_deleting_an_unknown_id_answers_404(gate: Gate, nobody: str) -> None:
    require_status(gate.send("DELETE", video_path(nobody)), 404)


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
    refused(gate, "GET", video_path(f"{nobody}{text}"))
