"""No secret is shown, in whichever writing it comes, and wherever a text was cut."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos_contract.outcome import CUT, shorten
from openvideos_contract.running.conform import conform
from openvideos_contract.settings.masking import mask
from openvideos_contract.wire.gate import Gate

SECRET = 'sk-a+b/c=d"e f'
WRITINGS = {
    "as it is": SECRET,
    "in a path": quote(SECRET, safe=""),
    "in a query": quote_plus(SECRET),
    "in JSON": json.dumps(SECRET),
    "in Base64": base64.b64encode(SECRET.encode()).decode(),
}


@pytest.mark.parametrize("written", WRITINGS.values(), ids=WRITINGS)
def test_a_secret_is_masked_in_every_writing(written: str) -> None:
    assert mask(f"<{written}>", SECRET, "$KEY").replace("=", "").strip('<">') == "$KEY"


@given(st.text("xyz", max_size=300), st.text("xyz", max_size=300), st.integers(40, 300))
def test_no_part_of_a_secret_is_left_where_a_text_was_cut(
    before: str, after: str, limit: int
) -> None:
    secret = "sk-0123456789abcdefgh"
    shown = mask(shorten(f"{before}{secret}{after}", limit), secret, "***")
    for piece in shown.split(CUT):
        assert not any(secret[at : at + 4] in piece for at in range(len(secret) - 3))


def test_a_secret_of_the_query_is_in_no_report_and_no_command(
    lenient: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = {"base_url": lenient.base_url, "query": (("sig", SECRET),), "report_dir": tmp_path}
    conform({**settings, "only": {"LIST-004", "RETRIEVE-001", "AUTH-001"}}, ["core", "auth"])
    told = capsys.readouterr()
    files = "".join(file.read_text() for file in tmp_path.iterdir())
    assert "sig=$OPENVIDEOS_QUERY_SIG" in files
    for written in WRITINGS.values():
        assert written.strip('"') not in f"{told.out}{told.err}{files}"


def test_what_is_no_key_may_be_in_an_answer(lenient: Any, gate_to: Callable[..., Gate]) -> None:
    gate = gate_to(lenient.base_url, headers=(("X-Tenant", "own_0 and its kin"),))
    lenient.answer = lambda method, path: (200, {"id": "own_0 and its kin"})
    gate.send("GET", "/videos/own_0")
    assert not [found for found in gate.found if found.kind == "leak"]
