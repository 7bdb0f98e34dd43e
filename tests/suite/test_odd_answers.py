"""Answers of any shape are held against the server, and never break the suite."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest

from openvideos_contract.running.conform import conform

ODD: list[Any] = [None, True, 1, -2.5, 10**30, "", "x", [], [[1]], {}, {"id": []}, float("nan")]
# Generated requests, which the answers do not steer, would take most of the time.
GENERATED = ["CREATE-021", "CREATE-022", "LIST-014", "RETRIEVE-006", "LIFE-012", "ERROR-002"]


@pytest.mark.parametrize("seed", [1, 2])
def test_answers_of_any_shape_are_no_fault_of_the_suite(
    lenient: Any, tmp_path: Path, seed: int
) -> None:
    chance = random.Random(seed)  # noqa: S311 - for reproducible nonsense
    answer = lenient.answer

    def spoiled(value: Any) -> Any:
        if chance.random() < 0.08:
            return chance.choice(ODD)
        if isinstance(value, dict):
            return {key: spoiled(item) for key, item in value.items() if chance.random() > 0.04}
        return [spoiled(item) for item in value] if isinstance(value, list) else value

    def respond(method: str, path: str) -> tuple[int, Any]:
        status, body = answer(method, path)
        odd_status = chance.choice([204, 404, 409, 500])
        return odd_status if chance.random() < 0.04 else status, spoiled(body)

    lenient.answer = respond
    settings: dict[str, Any] = {"base_url": lenient.base_url, "dialect": None, "max_videos": 20}
    settings |= {"api_key": "sk-secret", "second_api_key": "sk-another", "job_timeout": 1.0}
    settings |= {"report_dir": tmp_path, "skip": frozenset(GENERATED)}
    code = conform(settings, [])
    results = json.loads((tmp_path / "report.json").read_text())["results"]
    assert [found["traceback"] for found in results if found["status"] == "error"] == []
    assert code == 1


def test_each_rule_that_answers_break_is_told_also_where_their_status_is_another(
    lenient: Any, tmp_path: Path
) -> None:
    answer = lenient.answer

    def respond(method: str, path: str) -> tuple[int, Any]:
        status, body = answer(method, path)
        if method != "POST":
            return status, body
        missing = {"expires_at", "completed_at", "error", "remixed_from_video_id"}
        told = {name: value for name, value in body.items() if name not in missing}
        return 202, told | {"seconds": 4, "created_at": "2026-01-01T00:00:00Z"}

    lenient.answer = respond
    settings: dict[str, Any] = {"base_url": lenient.base_url, "report_dir": tmp_path}
    assert conform(settings | {"only": {"CREATE-003", "ERROR-003"}}, ["core"]) == 1
    results = json.loads((tmp_path / "report.json").read_text())["results"]
    seen = {found["requirement"]: found["seen"] for found in results if found["seen"]}
    assert seen.keys() == {"CREATE-003", "ERROR-003"}
    for problem in ('"expires_at" is a required', "at seconds: 4 is not", "at created_at: "):
        assert problem in seen["CREATE-003"]
    assert seen["ERROR-003"].startswith("202 (first in ")


def test_a_job_comes_and_goes_also_where_one_page_holds_all_others(
    lenient: Any, tmp_path: Path
) -> None:
    lenient.videos.clear()
    answer = lenient.answer

    def respond(method: str, path: str) -> tuple[int, Any]:
        # The first job is done, and the next one is not when it is deleted.
        lenient.status_of_jobs = "queued" if lenient.accepted else "completed"
        status, body = answer(method, path)
        return status, body

    lenient.answer = respond
    settings: dict[str, Any] = {"base_url": lenient.base_url, "report_dir": tmp_path}
    conform(settings | {"only": {"DELETE-009"}}, ["core"])
    results = json.loads((tmp_path / "report.json").read_text())["results"]
    assert [found["status"] for found in results] == ["pass"]
