"""Defects as data: what is wrong with a server, and which promises that breaks."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import yaml

from openvideos_emulator import Emulator

KEYS = ("sk-first-tenant", "sk-second-tenant")
SECRET = "whsec_b3BlbnZpZGVvcyBtdXRhbnRzIHRlc3Qgc2VjcmV0"
AREAS = (
    "shape",
    "echo",
    "life",
    "list",
    "content",
    "delete",
    "errors",
    "auth",
    "concurrency",
    "webhooks",
    "edits",
    "characters",
    "gateway",
    "generated",
)
_FOLDER = Path(__file__).parent


@attrs.frozen(kw_only=True)
class Defect:
    """A defect that a server could have.

    Attributes:
        id: Its name.
        area: What it is about; one of `AREAS`.
        what: What is wrong, in a sentence that a server's author would recognise.
        breaks: The requirements any of which is the right one to fail.
        faults: What plants it, in the words of `openvideos_emulator.faults`.
        settings: Further settings of the emulator.
    """

    id: str
    area: str
    what: str
    breaks: Sequence[str]
    faults: Sequence[Mapping[str, Any]]
    settings: Mapping[str, Any] = attrs.field(factory=dict)


def load_defects() -> list[Defect]:
    """Return all defects, in the order of the areas."""
    return [
        Defect(**data)
        for area in AREAS
        for data in yaml.safe_load((_FOLDER / f"{area}.yaml").read_text(encoding="utf-8"))
    ]


@contextlib.contextmanager
def planted(
    defects: Sequence[Defect], *, webhook: str | None = None, watched: bool = False
) -> Iterator[Emulator]:
    """Run an emulator that has some defects, and is healthy but for them.

    Args:
        defects: The defects.
        webhook: Where it tells of the ends of jobs.
        watched: Whether it keeps what it was asked.
    """
    settings: dict[str, Any] = {"speed": 1000, "api_keys": KEYS, "dialect": "openai"}
    settings["admin"] = watched
    if webhook is not None:
        settings |= {"webhook": webhook, "webhook_secret": SECRET}
    for defect in defects:
        settings |= defect.settings
    # Several defects may call their faults alike.
    faults = [
        {**fault, "id": f"{defect.id}: {fault['id']}"}
        for defect in defects
        for fault in defect.faults
    ]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "faults.yaml")
        path.write_text(yaml.safe_dump(faults), encoding="utf-8")
        with Emulator(faults=path, **settings) as emulator:
            yield emulator
