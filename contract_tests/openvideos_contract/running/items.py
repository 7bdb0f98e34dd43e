"""The tests of the suite as pytest sees them: where they are, their order, what each is about."""

from __future__ import annotations

import re
from collections.abc import Container
from pathlib import Path

import pytest

from openvideos_contract.judging.requirements import ID

TESTS = Path(__file__).parents[1] / "tests"
# Any order gives the same results. This one makes the jobs first, asks for what is refused while
# they are made, deletes near the end, and judges last what all the answers were like.
ORDER = (
    "test_create",
    "test_errors",
    "test_catalogue",
    "test_retrieve",
    "test_life",
    "test_list",
    "test_content",
    "test_media",
    "test_remix",
    "test_edits",
    "test_characters",
    "test_gateway",
    "test_webhooks",
    "test_concurrency",
    "test_auth",
    "test_schemathesis",
    "test_delete",
    "test_model",
    "test_stateful",
    "test_answers",
)
_NAMED = re.compile(f'"({ID.pattern})"')


def is_about(file: Path, chosen: Container[str]) -> bool:
    """Return whether a test in a file of the suite names one of the chosen requirements."""
    return any(number in chosen for number in _NAMED.findall(file.read_text("utf-8")))


def proved_by(item: pytest.Item) -> list[str]:
    """Return the ids of the requirements that a test names."""
    return [str(number) for mark in item.iter_markers("requirement") for number in mark.args]


def group_of(item: pytest.Item) -> str:
    """Return what a test is about, such as `list`."""
    return item.path.stem.removeprefix("test_")


def name_of(item: pytest.Item) -> str:
    """Return the name of a test as reports show it: its file and function."""
    return f"{item.path.stem}::{item.name}"
