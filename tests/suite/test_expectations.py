"""What a dialect says of its server, and the dialect that a run writes."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import openvideos_spec
from openvideos_contract.contract import Contract
from openvideos_contract.jobs.plan import plan
from openvideos_contract.judging import baseline, requirements
from openvideos_contract.judging.expectations import DialectError
from openvideos_contract.judging.requirements import Level
from openvideos_contract.judging.verdict import Result, Status
from openvideos_contract.running.preparation import prepare
from openvideos_contract.settings.configuration import ConfigurationError

NO_LIST = {"requirement": "LIST-001", "reason": "it has no list"}


def dialect_in(folder: Path, part: Any, *actions: dict[str, Any]) -> str:
    document = {
        "overlay": "1.0.0",
        "info": {"title": "mine", "version": "1.0.0"},
        "actions": list(actions),
        "x-openvideos": part,
    }
    path = folder / "mine.overlay.yaml"
    path.write_text(yaml.safe_dump(document), "utf-8")
    return str(path)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ([], "it is no mapping of profiles, expected_failures, known_flaky"),
        ({"expected_failure": []}, "it has no 'expected_failure': choose from profiles"),
        ({"profiles": "core"}, "profiles is no list"),
        ({"profiles": ["cores"]}, "there is no profile 'cores': choose from core, remix"),
        ({"known_flaky": ["LIST-001"]}, "known_flaky, entry 1, is no mapping that names"),
        (
            {"expected_failures": [{**NO_LIST, "requirement": "LIST-999"}]},
            "there is no requirement LIST-999",
        ),
        ({"expected_failures": [NO_LIST, NO_LIST]}, "LIST-001 is named twice"),
        (
            {"expected_failures": [NO_LIST], "known_flaky": [NO_LIST]},
            "LIST-001 is named twice",
        ),
        ({"expected_failures": [{"requirement": "LIST-001"}]}, "LIST-001 has no reason"),
        ({"expected_failures": [{**NO_LIST, "reason": " "}]}, "LIST-001 has no reason"),
        ({"expected_failures": [{**NO_LIST, "why": "x"}]}, "LIST-001 has no 'why': choose from"),
        ({"expected_failures": [{**NO_LIST, "link": 1}]}, "LIST-001: every value is a text"),
        (
            {"expected_failures": [{**NO_LIST, "evidence": "heard"}]},
            "LIST-001: evidence is measured or read, not 'heard'",
        ),
        (
            {
                "expected_failures": [
                    {"requirement": "LIST-002", "reason": "CHANGE ME: why?"},
                    {"requirement": "LIST-001", "reason": "CHANGE ME"},
                ]
            },
            "say why the server fails LIST-002, LIST-001, in place of 'CHANGE ME'",
        ),
    ],
)
def test_a_dialect_that_cannot_be_right_is_refused(part: Any, told: str, tmp_path: Path) -> None:
    with pytest.raises(DialectError) as raised:
        Contract.load(dialect_in(tmp_path, part))
    assert told in str(raised.value)


def test_all_that_is_wrong_is_told_at_once(tmp_path: Path) -> None:
    part = {"profiles": ["cores"], "expected_failures": [{"requirement": "LIST-999"}]}
    with pytest.raises(DialectError) as raised:
        Contract.load(dialect_in(tmp_path, part))
    for told in ("'cores'", "no requirement LIST-999", "LIST-999 has no reason"):
        assert told in str(raised.value)


def test_a_dead_target_is_refused(tmp_path: Path) -> None:
    dead = {"target": "$.paths['/pictures']", "remove": True}
    with pytest.raises(openvideos_spec.OverlayError, match=r"pictures.* matches nothing"):
        Contract.load(dialect_in(tmp_path, {}, dead))


@pytest.mark.parametrize("dialect", openvideos_spec.dialect_names())
def test_a_shipped_dialect_says_why_and_how_that_is_known(dialect: str) -> None:
    contract = Contract.load(dialect)
    said = contract.expectations
    assert "core" in said.profiles
    known = [*said.expected_failures.values(), *said.known_flaky.values()]
    assert bool(known) == (dialect != "openai")
    for entry in known:
        assert entry.link.startswith("https://github.com/"), entry
        assert entry.evidence, entry
        assert requirements.load()[entry.requirement].profile in said.profiles, entry


@pytest.mark.parametrize("dialect", openvideos_spec.dialect_names())
def test_a_shipped_dialect_leaves_no_link_to_what_it_removes(dialect: str) -> None:
    document = openvideos_spec.load(dialect)
    there = {found.id for found in Contract(document).operations}
    for response in document["components"]["responses"].values():
        for link in response.get("links", {}).values():
            assert Contract(document).resolve(link)["operationId"] in there


@pytest.mark.parametrize("dialect", openvideos_spec.dialect_names())
def test_the_examples_of_a_shipped_dialect_keep_its_shapes(dialect: str) -> None:
    contract = Contract(openvideos_spec.load(dialect))
    components = contract.document["components"]
    for part in (*components["responses"].values(), *components["requestBodies"].values()):
        for content in part.get("content", {}).values():
            validator = contract.validator(content["schema"])
            for example in content.get("examples", {}).values():
                value = contract.resolve(example)["value"]
                assert [error.message for error in validator.iter_errors(value)] == []


def test_a_dialect_that_wants_a_model_is_told_none_before_anything_is_sent() -> None:
    settings = {"base_url": "http://127.0.0.1:9/v1", "dialect": "qvac"}
    with pytest.raises(ConfigurationError, match="--model: the dialect qvac wants one named"):
        prepare(settings)
    contract, configuration = prepare({**settings, "model": "mine"})
    assert plan(configuration, contract)[0].fields["model"] == "mine"


def test_a_dialect_without_json_has_its_creates_sent_as_forms() -> None:
    settings = {"base_url": "http://127.0.0.1:9/v1", "dialect": "vllm-omni"}
    contract, configuration = prepare(settings)
    encodings = {job.name: job.encoding for job in plan(configuration, contract)}
    assert contract.encodings == ("form",)
    assert encodings["other"] == "form"
    # To see that JSON is refused, and go on with a form then.
    assert encodings["plain"] == "json"


def test_a_dialect_may_say_nothing_of_its_server(tmp_path: Path) -> None:
    expectations = Contract.load(dialect_in(tmp_path, {})).expectations
    assert expectations.expected_failures == expectations.known_flaky == {}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner),
        max_leaves=5,
    ),
    st.sampled_from(["", "profiles", "expected_failures", "known_flaky", "entry"]),
)
def test_whatever_a_dialect_says_it_is_taken_or_refused_in_words(junk: Any, where: str) -> None:
    part = {"expected_failures": [junk]} if where == "entry" else {where: junk} if where else junk
    contract = Contract({}, {"x-openvideos": part})
    try:
        found = contract.expectations
    except DialectError:
        return
    assert set(found.expected_failures) | set(found.known_flaky) <= set(requirements.load())


def result(number: str, status: Status) -> Result:
    return Result(number, Level.MUST, "core", status, "test")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "written").mkdir()
    return tmp_path / "written"


def test_a_baseline_names_what_failed_and_is_refused_until_it_says_why(folder: Path) -> None:
    path = folder / "mine.overlay.yaml"
    results = [
        result("LIST-002", Status.FAIL),
        result("LIST-001", Status.FAIL),
        result("LIST-001", Status.PASS),
        result("LIST-011", Status.WARN),
        Result("REMIX-001", Level.MUST, "remix", Status.SKIP, "test"),
        Result("MEDIA-001", Level.MUST, "media", Status.PASS, "test"),
        Result("MEDIA-007", Level.SHOULD, "media", Status.SKIP, "test"),
    ]
    new = baseline.write(path, Contract.load(None), results, profiles=["core", "remix", "media"])
    assert new == ["LIST-001", "LIST-002"]
    with pytest.raises(DialectError, match="say why the server fails LIST-001, LIST-002"):
        Contract.load(str(path))
    path.write_text(path.read_text("utf-8").replace("CHANGE ME: why does", "Does"), "utf-8")
    expectations = Contract.load(str(path)).expectations
    assert list(expectations.expected_failures) == new
    assert expectations.profiles == ("core", "media")


def test_a_baseline_names_what_keeps_a_profile_incomplete(folder: Path) -> None:
    path = folder / "mine.overlay.yaml"
    results = [
        result("LIST-001", Status.BLOCKED),
        result("DELETE-001", Status.SKIP),
        result("CONTENT-008", Status.SKIP),  # has a condition
        result("CREATE-011", Status.SKIP),
        result("CREATE-011", Status.PASS),
        result("LIST-011", Status.BLOCKED),  # a SHOULD
        result("LIFE-001", Status.NOT_RUN),
    ]
    new = baseline.write(path, Contract.load(None), results, profiles=["core"])
    assert new == ["DELETE-001", "LIST-001"]


def test_a_baseline_of_a_strict_run_names_broken_shoulds_too(folder: Path) -> None:
    path = folder / "mine.overlay.yaml"
    results = [result("LIST-011", Status.WARN)]
    new = baseline.write(path, Contract.load(None), results, profiles=["core"], strict=True)
    assert new == ["LIST-011"]


@pytest.mark.parametrize("after", ["", "# The end.\nx-more: {}\n"])
def test_a_baseline_keeps_what_its_dialect_says_but_for_what_is_stale(
    folder: Path, after: str
) -> None:
    before = """\
# Why it is like that.
overlay: 1.0.0
info: {title: mine, version: 1.0.0}
actions:
  - target: $.paths['/videos/{video_id}/remix']  # it cannot
    remove: true
"""
    part = """\
x-openvideos:
  profiles: [core]
  expected_failures:
  - {requirement: LIST-002, reason: Cursors are missing., evidence: measured}

# It has none at all:
  - {requirement: LIST-001, reason: It has no list.}
  known_flaky:
    - {requirement: LIFE-001, reason: "It is slow.", link: "https://example.com/1"}
"""
    old = folder / "old.yaml"
    old.write_text(before + part + after, "utf-8")
    results = [
        result("LIST-001", Status.STALE),
        result("LIST-002", Status.EXPECTED),
        result("LIFE-001", Status.FLAKY),
        result("DELETE-001", Status.FAIL),
    ]
    new = folder / "new.yaml"
    baseline.write(new, Contract.load(str(old)), results, profiles=["core"])
    text = new.read_text("utf-8")
    assert text.startswith(before)
    assert text.endswith(after)
    written = openvideos_spec.load_dialect(new)["x-openvideos"]
    assert written == {
        "profiles": ["core"],
        "expected_failures": [
            {
                "requirement": "DELETE-001",
                "reason": "CHANGE ME: why does this server fail it?",
            },
            {"requirement": "LIST-002", "reason": "Cursors are missing.", "evidence": "measured"},
        ],
        "known_flaky": [
            {
                "requirement": "LIFE-001",
                "reason": "It is slow.",
                "link": "https://example.com/1",
            }
        ],
    }


def test_a_baseline_of_a_dialect_in_another_notation_keeps_what_it_says(folder: Path) -> None:
    old = folder / "old.yaml"
    old.write_text(
        '{"overlay": "1.0.0", "info": {"title": "x", "version": "1"}, "actions": [],\n'
        '"x-openvideos": {"profiles": ["auth"]}}',
        "utf-8",
    )
    new = folder / "new.yaml"
    contract = Contract.load(str(old))
    baseline.write(new, contract, [result("AUTH-001", Status.FAIL)], profiles=["core"])
    written = openvideos_spec.load_dialect(new)
    assert written["info"] == {"title": "x", "version": "1"}
    assert written["x-openvideos"]["profiles"] == ["auth"]
    assert written["x-openvideos"]["expected_failures"][0]["requirement"] == "AUTH-001"


def test_a_baseline_never_overwrites_a_file(folder: Path) -> None:
    path = folder / "mine.yaml"
    baseline.check(path)
    path.write_text("mine", "utf-8")
    told = "mine.yaml is there already, and is not overwritten"
    with pytest.raises(ConfigurationError, match=told):
        baseline.check(path)
    with pytest.raises(ConfigurationError, match=told):
        baseline.write(path, Contract.load(None), [], profiles=["core"])
    assert path.read_text("utf-8") == "mine"
    with pytest.raises(ConfigurationError, match="there is no folder"):
        baseline.check(folder / "nowhere" / "mine.yaml")


def test_a_baseline_that_cannot_be_written_is_told_in_a_sentence(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract = Contract.load(None)
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    monkeypatch.setattr(Path, "open", Mock(side_effect=full))
    with pytest.raises(ConfigurationError, match=r"mine.yaml cannot be written: No space left"):
        baseline.write(folder / "mine.yaml", contract, [], profiles=["core"])


@pytest.mark.parametrize(
    ("target", "change", "told"),
    [
        ("Video.properties.seconds", {"type": "nonsense"}, "Video/properties/seconds/type: "),
        ("Video.properties.seconds", {"pattern": "(["}, "Video/properties/seconds/pattern: "),
        ("Video.properties", {"seed": {"$ref": "#/components/schemas/Seed"}}, "schemas/Seed"),
    ],
)
def test_a_dialect_that_leaves_no_json_schema_is_refused_and_blames_no_server(
    folder: Path, target: str, change: dict[str, Any], told: str
) -> None:
    path = folder / "mine.yaml"
    actions = [{"target": f"$.components.schemas.{target}", "update": change}]
    info = {"title": "mine", "version": "1.0.0"}
    path.write_text(yaml.safe_dump({"overlay": "1.0.0", "info": info, "actions": actions}), "utf-8")
    with pytest.raises(DialectError, match=f"it leaves no JSON Schema: .*{told}"):
        Contract.load(str(path))
