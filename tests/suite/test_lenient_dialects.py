"""Servers that are lenient by right, or lack something: with their dialect they conform.

Each is the emulator, changed by its settings and by faults. Without the dialect, just what the
dialect speaks of fails.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import pytest
import yaml

from openvideos_contract.running.conform import conform
from openvideos_emulator import Emulator

DIALECTS = Path(__file__).parent / "lenient_dialects"
EXTRA_FIELDS = frozenset({"CREATE-003", "RETRIEVE-002", "CATALOGUE-004", "CATALOGUE-005"})
CURSORS = frozenset({"LIST-002", "LIST-004", "LIST-007", "LIST-008", "LIST-009"})
FAILED = {"fail", "stale expectation", "error"}


@attrs.frozen(kw_only=True)
class Lenient:
    """A server, and what a run says of it.

    Attributes:
        dialect: The name of its file.
        settings: Of the emulator that stands for it.
        faults: What is changed at the emulator.
        only: The requirements that are tested; all of the profiles where it is empty.
        verdicts: By profile, with the dialect.
        expected: The requirements that fail as the dialect expects.
        profiles: What is tested without the dialect.
        only_without: The requirements that are tested then, as `only`.
        fails: The requirements that fail then.
    """

    dialect: str
    settings: Mapping[str, Any] = attrs.field(factory=dict)
    faults: list[dict[str, Any]] = attrs.field(factory=list)
    only: frozenset[str] = frozenset()
    verdicts: dict[str, str]
    expected: set[str] = attrs.field(factory=set)
    profiles: list[str]
    only_without: frozenset[str] = frozenset()
    fails: set[str]


SERVERS = [
    Lenient(
        dialect="open-sizes",
        settings={"dialect": DIALECTS / "open-sizes.overlay.yaml"},
        verdicts={"catalogue": "conforms"},
        profiles=["catalogue"],
        only_without=frozenset({"CATALOGUE-001", "CATALOGUE-002", "CATALOGUE-003"}),
        fails={"CATALOGUE-002"},
    ),
    Lenient(
        dialect="extra-fields",
        settings={"dialect": DIALECTS / "extra-fields.overlay.yaml"},
        faults=[
            {
                "id": "answer-with-a-seed",
                "match": {"where": {"$.object": "video"}},
                "answer": [{"set": {"at": "$.seed", "to": 7}}],
            }
        ],
        only=EXTRA_FIELDS,
        verdicts={"core": "incomplete", "catalogue": "incomplete"},
        expected={"CATALOGUE-004"},
        profiles=["core", "catalogue"],
        only_without=EXTRA_FIELDS,
        fails={"CATALOGUE-004"},
    ),
    Lenient(
        dialect="keyless",
        faults=[
            {
                "id": "everybody-is-somebody",
                "match": {},
                "request": [{"set_header": {"authorization": "Bearer sk-of-everybody"}}],
            }
        ],
        verdicts={"remix": "conforms"},
        profiles=["auth"],
        fails={"AUTH-001", "AUTH-002", "AUTH-003"},
    ),
    Lenient(
        dialect="no-remix",
        settings={"dialect": DIALECTS / "no-remix.overlay.yaml"},
        verdicts={"auth": "conforms"},
        profiles=["remix"],
        fails=set(),
    ),
    Lenient(
        dialect="no-list-cursors",
        faults=[
            {
                "id": "no-cursors",
                "match": {"operation": "list_videos", "status": 200},
                "answer": [
                    {"remove": "$.first_id"},
                    {"remove": "$.last_id"},
                    {"remove": "$.has_more"},
                ],
            }
        ],
        only=CURSORS,
        verdicts={"core": "incomplete"},
        expected={"LIST-008", "LIST-009"},
        profiles=["core"],
        only_without=CURSORS,
        fails={"LIST-002", "LIST-008", "LIST-009"},
    ),
]


def run(
    emulator: Emulator, folder: Path, *, dialect: str, profiles: list[str], only: frozenset[str]
) -> tuple[int, dict[str, Any]]:
    """Hold a server to the contract, and return the exit code and the report."""
    settings = {
        "base_url": emulator.base_url,
        "api_key": emulator.api_key,
        "dialect": dialect,
        "report_dir": folder,
        "only": only,
        "allow_incomplete": bool(only),
    }
    code = conform(settings, profiles)
    return code, json.loads((folder / "report.json").read_text("utf-8"))


def having(report: dict[str, Any], statuses: set[str]) -> set[str]:
    return {
        number for number, found in report["requirements"].items() if found["status"] in statuses
    }


@pytest.mark.parametrize("server", SERVERS, ids=[server.dialect for server in SERVERS])
def test_a_server_conforms_with_its_dialect_and_without_it_just_that_fails(
    server: Lenient, tmp_path: Path
) -> None:
    faults = tmp_path / "faults.yaml"
    faults.write_text(yaml.safe_dump(server.faults), "utf-8")
    file = str(DIALECTS / f"{server.dialect}.overlay.yaml")
    with Emulator(speed=1000, media="tiny", faults=faults, **server.settings) as emulator:
        code, report = run(emulator, tmp_path, dialect=file, profiles=[], only=server.only)
        assert having(report, FAILED) == set()
        assert having(report, {"expected failure"}) == server.expected
        assert report["verdicts"] == server.verdicts
        assert code == 0

        only, profiles = server.only_without, server.profiles
        code, report = run(emulator, tmp_path, dialect="openai", profiles=profiles, only=only)
        assert having(report, FAILED) == server.fails
        if server.fails:
            assert code == 1
        else:  # what is not there at all breaks nothing, and does not count as kept either
            assert report["verdicts"] == {"remix": "not offered"}
            assert code == 3
