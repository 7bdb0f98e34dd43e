"""What changed between two runs, and whether something is worse."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from openvideos_contract.command import app
from openvideos_contract.judging.verdict import Status, Verdict
from openvideos_contract.reports import json_report
from openvideos_contract.reports.comparison import Comparison, compare, read, text
from openvideos_contract.settings.configuration import ConfigurationError

from .made_reports import HOSTILE, report, requirement

STATUSES = st.dictionaries(st.integers(1, 6), st.sampled_from(Status))


def run(*statuses: Status, verdict: Verdict = Verdict.CONFORMS, **fields: Any) -> dict[str, Any]:
    """Return a report.json of a run with these statuses of CREATE-001, CREATE-002, ..."""
    known = {requirement(number): status for number, status in enumerate(statuses, start=1)}
    return json_report.document(report(known, verdicts={"core": verdict}, **fields))


def names(changes: tuple[Any, ...]) -> list[str]:
    return [change.name for change in changes]


def test_a_run_is_no_worse_than_itself() -> None:
    found = compare(run(*Status), run(*Status))
    assert found == Comparison(
        notes=(), verdicts=(), worse=(), better=(), other=(), added=(), removed=()
    )
    assert found.exit_code == 0
    assert text(found) == "Nothing changed in what both runs tested.\n\nNothing is worse."


def test_a_promise_that_is_newly_broken_is_worse_and_says_what_was_seen() -> None:
    before = run(Status.PASS, Status.FAIL, Status.PASS)
    after = run(Status.FAIL, Status.PASS, Status.PASS)
    found = compare(before, after)
    assert names(found.worse) == ["CREATE-001"]
    assert names(found.better) == ["CREATE-002"]
    assert found.exit_code == 1
    told = text(found)
    assert "CREATE-001   pass -> fail\n    MUST: Promise number 1 is kept." in told
    assert "seen something else for CREATE-001" in told
    assert told.endswith("Something is worse.")


@pytest.mark.parametrize(
    ("before", "after", "where"),
    [
        (Status.PASS, Status.WARN, "worse"),
        (Status.WARN, Status.FAIL, "worse"),
        (Status.NOT_RUN, Status.FAIL, "worse"),
        (Status.EXPECTED, Status.FAIL, "worse"),
        (Status.FAIL, Status.WARN, "better"),
        (Status.FAIL, Status.STALE, "other"),
        (Status.PASS, Status.NOT_RUN, "other"),
        (Status.FAIL, Status.NOT_RUN, "other"),
        (Status.FAIL, Status.EXPECTED, "other"),
        (Status.FAIL, Status.SKIP, "other"),
    ],
)
def test_only_what_was_seen_to_be_broken_or_kept_is_worse_or_better(
    before: Status, after: Status, where: str
) -> None:
    found = compare(run(before), run(after))
    assert names(getattr(found, where)) == ["CREATE-001"]
    assert found.worsened is (where == "worse")


def test_a_verdict_that_is_worse_is_worse_though_no_promise_is_newly_broken() -> None:
    after = run(Status.NOT_RUN, verdict=Verdict.INCOMPLETE)
    found = compare(run(Status.PASS), after)
    assert found.exit_code == 1
    assert "core         conforms -> incomplete" in text(found)
    assert compare(after, run(Status.PASS)).exit_code == 0


def test_requirements_and_profiles_of_one_run_only_are_told_and_are_no_worse() -> None:
    before, after = run(Status.PASS), run(Status.PASS, Status.FAIL)
    assert names(compare(before, after).added) == ["CREATE-002"]
    assert names(compare(after, before).removed) == ["CREATE-002"]
    after["verdicts"]["auth"] = "does not conform"
    assert compare(before, after).exit_code == 0
    assert "auth         not there -> does not conform" in text(compare(before, after))


def test_runs_of_other_versions_say_so_first() -> None:
    before, after = run(Status.PASS), run(Status.PASS, suite_version="0.2.0")
    after["contract"] |= {"version": "1.1.0", "digest": "f" * 16, "dialect": "openai"}
    after["configuration"] = {**after["configuration"], "base_url": "http://elsewhere/v1"}
    notes = compare(before, after).notes
    assert notes == (
        "the version of the suite is another: 0.1.0 in the first run, 0.2.0 in the second",
        "the version of the contract is another: 1.0.0 in the first run, 1.1.0 in the second",
        "the dialect is another: none in the first run, openai in the second",
        "the server is another: http://127.0.0.1:8000/v1 in the first run, "
        "http://elsewhere/v1 in the second",
    )
    edited = copy.deepcopy(before)
    edited["contract"]["digest"] = "f" * 16
    assert "in its text" in compare(before, edited).notes[0]


@given(STATUSES, STATUSES)
def test_each_requirement_is_told_once_at_most_and_what_got_worse_got_better_backwards(
    before: dict[int, Status], after: dict[int, Status]
) -> None:
    old, new = (
        json_report.document(report({requirement(number): one for number, one in found.items()}))
        for found in (before, after)
    )
    there, back = compare(old, new), compare(new, old)
    every = (there.worse, there.better, there.other, there.added, there.removed)
    told = [name for part in every for name in names(part)]
    assert len(told) == len(set(told))
    assert set(names(there.added)) == set(names(back.removed))
    assert set(names(there.better)) <= set(names(back.worse))
    same = {f"CREATE-{n:03}" for n in before if n in after and before[n] is after[n]}
    assert set(told) | same == set(old["requirements"]) | set(new["requirements"])
    assert not set(told) & same


def test_nothing_in_a_report_steers_the_terminal_that_shows_a_comparison() -> None:
    after = run(Status.FAIL)
    after["results"][0]["seen"] = HOSTILE
    told = text(compare(run(Status.PASS), after))
    assert not any(letter < " " and letter != "\n" for letter in told)


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (None, "cannot be read"),
        ("{", "is no JSON"),
        ("[]", "is no report.json"),
        ('{"format": "urn:openvideos:conformance-report:9"}', "is no report.json"),
    ],
)
def test_what_is_no_report_is_told(tmp_path: Path, content: str | None, why: str) -> None:
    file = tmp_path / "a.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(ConfigurationError, match=why):
        read(file)


def test_the_command_compares_two_files_and_exits_by_what_is_worse(tmp_path: Path) -> None:
    for name, status in (("a", Status.PASS), ("b", Status.FAIL)):
        (tmp_path / f"{name}.json").write_text(json.dumps(run(status)))
    for files, code, told in (
        (("a.json", "b.json"), 1, "Something is worse."),
        (("b.json", "a.json"), 0, "Nothing is worse."),
        (("a.json", "c.json"), 2, "c.json cannot be read"),
    ):
        ended = CliRunner().invoke(app, ["--compare", *(str(tmp_path / file) for file in files)])
        assert ended.exit_code == code, ended.output
        assert told in " ".join(ended.output.split())
