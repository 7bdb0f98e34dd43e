"""What a run made is deleted, by itself or afterwards, and what is left over is named."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import pytest

from openvideos_contract.outcome import Nonconformity
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.settings.values import ConfigurationError
from openvideos_contract.wire.gate import Gate
from openvideos_contract.wire.journal import clean_up

MakeGate = Callable[..., Gate]
OWN = {"own_0", "own_1", "own_2"}
NOT_FOUND = {"error": {"message": "Not Found"}}


def create(gate: Gate, prompt: str = "x", **request: Any) -> None:
    gate.send(
        "POST", "/videos", json={"prompt": f"[{gate.configuration.run_id}] {prompt}"}, **request
    )


@pytest.fixture
def remembering(lenient: Any) -> Any:
    """The lenient server, which keeps the prompts that it is sent."""
    lenient.keeps_prompts = True
    for video in lenient.videos.values():
        video["prompt"] = "somebody's"
    return lenient


@pytest.mark.parametrize("status", [404, 405, 501])
def test_a_server_that_cannot_delete_is_soon_given_up_and_the_left_overs_are_named(
    lenient: Any, gate_to: MakeGate, status: int
) -> None:
    gate = gate_to(lenient.base_url)
    create(gate)
    create(gate)
    usual = lenient.answer
    lenient.answer = lambda method, path: (
        (status, NOT_FOUND) if method == "DELETE" else usual(method, path)
    )
    started = time.monotonic()
    assert [made.id for made in gate.delete_made()] == ["made_0", "made_1"]
    assert time.monotonic() - started < 5
    gate.close()
    assert gate.ledger.exists  # for --clean-up


def test_a_server_that_does_not_answer_is_given_up(
    lenient: Any, gate_to: MakeGate, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate = gate_to(lenient.base_url)
    for _ in range(3):
        create(gate)
    gate.configuration = attrs.evolve(gate.configuration, base_url="http://127.0.0.1:9/v1")
    assert len(gate.delete_made(deadline=0.1)) == 3


def test_a_job_that_never_ends_is_waited_for_within_a_limit(
    lenient: Any, gate_to: MakeGate
) -> None:
    lenient.status_of_jobs = "in_progress"
    gate = gate_to(lenient.base_url)
    create(gate)
    usual = lenient.answer
    lenient.answer = lambda method, path: (
        (400, {"error": {"message": "it is running"}})
        if method == "DELETE"
        else usual(method, path)
    )
    started = time.monotonic()
    assert [made.id for made in gate.delete_made(deadline=1.2)] == ["made_0"]
    assert 1 < time.monotonic() - started < 4
    assert len([method for method, _ in lenient.log if method == "GET"]) >= 2


def test_a_job_whose_answer_was_lost_is_found_by_its_mark(
    remembering: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(remembering.base_url, request_timeout=1.0)
    usual = remembering.answer

    def lose(method: str, path: str) -> tuple[int, Any]:
        status, body = usual(method, path)
        if method == "POST":
            time.sleep(1.3)
        return status, body

    remembering.answer = lose
    with pytest.raises(Nonconformity, match="a whole answer"):
        create(gate)
    remembering.answer = usual
    assert gate.budget.spent == 1
    assert set(remembering.videos) == {*OWN, "made_0"}
    assert gate.delete_made() == []
    assert set(remembering.videos) == OWN
    gate.close()
    assert not gate.ledger.exists


def test_a_lost_job_that_cannot_be_looked_for_is_named(
    lenient: Any, serve_raw: Callable[..., str], gate_to: MakeGate
) -> None:
    gate = gate_to(serve_raw(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{"))
    with pytest.raises(Nonconformity):
        create(gate)
    (left,) = gate.delete_made(deadline=1.0)
    assert left.id == ""
    gate.close()
    assert gate.ledger.exists


def test_a_list_that_shows_no_prompts_is_no_proof_that_nothing_is_left(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url)
    usual = lenient.answer
    lenient.answer = lambda method, path: (
        (200, {"object": "video"}) if method == "POST" else usual(method, path)
    )
    create(gate)
    assert [made.id for made in gate.delete_made()] == [""]


def test_a_long_list_is_not_walked_without_an_end(lenient: Any, gate_to: MakeGate) -> None:
    gate = gate_to(lenient.base_url)
    pages = iter(range(10_000))

    def answer(method: str, path: str) -> tuple[int, Any]:
        if method == "POST":
            return 200, {"object": "video"}
        found = {"id": f"v{next(pages)}", "prompt": "another's"}
        return 200, {"object": "list", "data": [found], "has_more": True}

    lenient.answer = answer
    create(gate)
    assert [made.id for made in gate.delete_made()] == [""]
    assert next(pages) <= 20


def test_a_character_is_named_and_no_reason_to_keep_the_ledger(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url)
    film = ("plain.mp4", b"film", "video/mp4")
    gate.send("POST", "/videos/characters", form={"video": film, "name": "Mira"})
    (left,) = gate.delete_made()
    assert (left.id, left.character) == ("made_0", True)
    assert not [method for method, _ in lenient.log if method == "DELETE"]
    gate.close()
    assert not gate.ledger.exists


def configuration(lenient: Any, **settings: Any) -> Configuration:
    return Configuration(base_url=lenient.base_url, **settings)


KILLED = """
import os, sys
from openvideos_contract.contract import Contract
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.gate import Gate
gate = Gate(Configuration(base_url=sys.argv[1], run_id="openvideos-killed"), Contract.load(None))
for _ in range(2):
    gate.send("POST", "/videos", json={"prompt": "x"})
os.kill(os.getpid(), 9)
"""


def test_what_a_killed_run_left_is_deleted_afterwards(lenient: Any, ledgers: Path) -> None:
    process = subprocess.run([sys.executable, "-c", KILLED, lenient.base_url], check=False)
    assert process.returncode == -9
    assert set(lenient.videos) == {*OWN, "made_0", "made_1"}
    lenient.videos["another's"] = lenient.videos["own_0"] | {"id": "another's"}
    assert clean_up("openvideos-killed", configuration(lenient)) == []
    assert set(lenient.videos) == {*OWN, "another's"}
    assert not (ledgers / "openvideos-killed.sqlite").exists()


def test_what_is_in_no_ledger_is_found_by_its_mark(
    remembering: Any, gate_to: MakeGate, ledgers: Path
) -> None:
    gate = gate_to(remembering.base_url, run_id="openvideos-marked")
    create(gate)
    gate.ledger.remove()  # as on another machine
    assert clean_up("openvideos-marked", configuration(remembering)) == []
    assert set(remembering.videos) == OWN
    assert not list(ledgers.glob("openvideos-marked*"))


def test_a_run_is_cleaned_up_at_its_own_server_only(lenient: Any, gate_to: MakeGate) -> None:
    url = lenient.base_url.replace("//", "//me:password@")
    create(gate_to(url, api_key=None, run_id="openvideos-here"))
    elsewhere = Configuration(base_url="http://127.0.0.1:9/v1")
    with pytest.raises(ConfigurationError, match="the run openvideos-here was against") as raised:
        clean_up("openvideos-here", elsewhere)
    assert "password" not in str(raised.value)
    assert clean_up("openvideos-here", configuration(lenient)) == []


def test_what_cannot_be_cleaned_up_is_named_and_can_be_tried_again(
    lenient: Any, gate_to: MakeGate
) -> None:
    gate = gate_to(lenient.base_url, run_id="openvideos-again")
    create(gate)
    gate.close()
    usual = lenient.answer
    lenient.answer = lambda method, path: (405, {}) if method == "DELETE" else usual(method, path)
    assert [made.id for made in clean_up("openvideos-again", configuration(lenient))] == ["made_0"]
    lenient.answer = usual
    assert clean_up("openvideos-again", configuration(lenient)) == []
    assert set(lenient.videos) == OWN


def test_where_neither_a_ledger_nor_the_list_tells_what_was_made_nothing_is_claimed(
    lenient: Any,
) -> None:
    with pytest.raises(ConfigurationError, match="what the run openvideos-unknown left cannot be"):
        clean_up("openvideos-unknown", configuration(lenient))
