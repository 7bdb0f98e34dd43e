"""Settling the requirements of a contract at its release, as `freeze_requirements.py` does it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from openvideos_contract.judging import frozen, requirements

SCRIPT = Path(__file__).parents[2] / "contract_tests" / "freeze_requirements.py"


@pytest.fixture
def script(load_script: Callable[[Path], ModuleType]) -> ModuleType:
    return load_script(SCRIPT)


def test_a_release_is_frozen_once_and_for_all(
    script: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "frozen.yaml"
    monkeypatch.setattr(script, "FILE", file)
    monkeypatch.setattr(frozen, "load", dict)
    assert script.main() == 0
    written = yaml.safe_load(file.read_text("utf-8"))
    releases = {
        version: {number: frozen.Frozen(**fields) for number, fields in entries.items()}
        for version, entries in written.items()
    }
    (version,) = releases
    known = list(requirements.load().values())
    assert frozen.faults(known, (), version=version, releases=releases) == []
    missing = frozen.faults(known[1:], (), version=version, releases=releases)
    assert len(missing) == 1
    assert missing[0].startswith(f"{known[0].id} was taken out after contract {version}")

    monkeypatch.setattr(frozen, "load", lambda: releases)
    assert script.main() == 1
    assert f"contract {version} is frozen already" in capsys.readouterr().err
