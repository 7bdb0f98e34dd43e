"""The Overlay applier: it changes what it names, and says so where it names nothing."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

import openvideos_spec
from openvideos_spec import ContractError, OverlayError, apply_overlay


def overlay(*actions: dict[str, Any]) -> dict[str, Any]:
    return {"overlay": "1.0.0", "info": {"title": "t", "version": "1"}, "actions": list(actions)}


DOCUMENT: dict[str, Any] = {
    "info": {"title": "old", "version": "1"},
    "tags": [{"name": "a"}, {"name": "b"}, {"name": "c"}],
    "types": {"x": {"type": "string"}, "y": {"type": "integer"}},
}


def test_an_update_merges_objects_replaces_values_and_appends_to_arrays() -> None:
    changed = apply_overlay(
        DOCUMENT,
        overlay(
            {"target": "$.info", "update": {"title": "new", "contact": {"name": "n"}}},
            {"target": "$.tags", "update": {"name": "d"}},
            {"target": "$.types[*]", "update": {"type": ["string", "null"]}},
        ),
    )
    assert changed["info"] == {"title": "new", "version": "1", "contact": {"name": "n"}}
    assert [tag["name"] for tag in changed["tags"]] == ["a", "b", "c", "d"]
    assert changed["types"]["y"] == {"type": ["string", "null"]}


def test_a_removal_takes_away_every_match() -> None:
    changed = apply_overlay(
        DOCUMENT,
        overlay(
            {"target": "$.tags[?@.name != 'b']", "remove": True},
            {"target": "$.types.x", "remove": True},
        ),
    )
    assert changed["tags"] == [{"name": "b"}]
    assert set(changed["types"]) == {"y"}


def test_the_document_itself_is_never_changed() -> None:
    before = copy.deepcopy(DOCUMENT)
    apply_overlay(
        DOCUMENT, overlay({"target": "$", "update": {"x": 1}}, {"target": "$.tags", "update": [1]})
    )
    assert before == DOCUMENT


@pytest.mark.parametrize(
    ("action", "says"),
    [
        ({"target": "$.nowhere", "update": {}}, r"action 1: \$\.nowhere matches nothing"),
        ({"target": "$.tags[9]", "remove": True}, "matches nothing"),
        ({"target": "not a path", "update": {}}, "is not a JSONPath"),
        ({"target": "$.info"}, "either `update` or `remove: true`"),
        ({"target": "$.info", "update": {}, "remove": True}, "either `update` or `remove: true`"),
        ({"update": {}}, "needs a `target`"),
        ({"target": "$", "remove": True}, "cannot be removed"),
    ],
)
def test_an_action_that_cannot_be_done_is_an_error(action: dict[str, Any], says: str) -> None:
    with pytest.raises(OverlayError, match=says):
        apply_overlay(DOCUMENT, overlay(action))


def test_what_is_no_overlay_is_refused() -> None:
    with pytest.raises(OverlayError, match="not an OpenAPI Overlay document"):
        apply_overlay(DOCUMENT, {"openapi": "3.1.0"})


def test_a_dialect_can_be_a_file_of_ones_own(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        yaml.safe_dump(overlay({"target": "$.info", "update": {"title": "mine"}})), encoding="utf-8"
    )
    assert openvideos_spec.load(file)["info"]["title"] == "mine"


def test_a_dialect_that_does_not_exist_is_named_with_those_that_do() -> None:
    with pytest.raises(ContractError, match=r"no dialect 'opena1': the shipped ones are .*openai"):
        openvideos_spec.load("opena1")


def test_a_dead_target_of_a_dialect_names_the_dialect(tmp_path: Path) -> None:
    file = tmp_path / "dead.yaml"
    file.write_text(yaml.safe_dump(overlay({"target": "$.gone", "remove": True})), encoding="utf-8")
    with pytest.raises(OverlayError, match=r"dialect .*dead\.yaml: action 1: \$\.gone"):
        openvideos_spec.load(file)


def test_a_checkout_without_symbolic_links_is_told_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "openapi.yaml").write_text("../../openapi.yaml", encoding="utf-8")
    monkeypatch.setattr("openvideos_spec._contract._HERE", tmp_path)
    with pytest.raises(ContractError, match=r"core\.symlinks true"):
        openvideos_spec.load()


def test_each_load_is_a_copy_of_its_own() -> None:
    first = openvideos_spec.load()
    first["paths"].clear()
    assert openvideos_spec.load()["paths"]
