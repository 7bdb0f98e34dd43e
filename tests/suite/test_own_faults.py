"""Exit code 2 where the suite itself fails, with a sentence and the traceback: never a verdict."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openvideos_contract.running import conform, runner
from openvideos_contract.running.session import Session

KEY = "sk-secret-of-the-test"
BROKEN = f"raise RuntimeError('our own fault, near {KEY}')"
CONFORMING = """
import pytest

@pytest.mark.requirement("CREATE-001")
def test_conforms():
    pass
"""
FAILING = """
import pytest
from openvideos_contract.outcome import Nonconformity

@pytest.mark.requirement("CREATE-002")
def test_does_not_conform():
    raise Nonconformity(expected="this", seen="that")
"""
RAISING = f"""
import pytest

@pytest.mark.requirement("CREATE-001")
def test_raises():
    {BROKEN}
"""

Run = Callable[..., int]


@pytest.fixture
def run(lenient: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs the suite with the given tests in place of its own."""

    def start(*tests: str) -> int:
        for number, text in enumerate(tests):
            # Modules of one name would be one module in this process.
            (tmp_path / f"test_{tmp_path.name}_{number}.py").write_text(text)
        monkeypatch.setattr(runner, "TESTS", tmp_path)
        settings: dict[str, Any] = {"dialect": None, "base_url": lenient.base_url, "api_key": KEY}
        return conform.conform(settings | {"report_dir": tmp_path}, ["core"])

    return start


def fail(*_: object, **__: object) -> None:
    raise RuntimeError(f"our own fault, near {KEY}")


def require_told(capsys: pytest.CaptureFixture[str]) -> None:
    sentence, _, where = capsys.readouterr().err.partition("\n\n")
    assert sentence.count("\n") == 0
    assert sentence.startswith("openvideos conform could not run: the suite itself failed")
    assert "our own fault, near ***" in where
    assert KEY not in sentence + where


def test_an_exception_in_a_test_decides_nothing_though_another_failed(
    run: Run, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    assert run(CONFORMING, FAILING, RAISING) == 2
    require_told(capsys)
    assert KEY not in (tmp_path / "report.json").read_text()
    assert KEY not in (tmp_path / "junit.xml").read_text()


def test_tests_that_cannot_be_collected(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(CONFORMING, BROKEN) == 2
    require_told(capsys)


def test_pytest_itself_fails(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Session, "pytest_collection_modifyitems", fail)
    assert run(CONFORMING) == 2
    require_told(capsys)


@pytest.mark.parametrize(
    ("place", "name"),
    [(conform, "preflight"), (conform, "build"), (conform, "_write"), (Session, "__init__")],
)
def test_an_exception_anywhere_else(
    run: Run,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    place: Any,
    name: str,
) -> None:
    monkeypatch.setattr(place, name, fail)
    assert run(CONFORMING) == 2
    require_told(capsys)


def test_an_exception_while_cleaning_up(
    run: Run, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("openvideos_contract.wire.gate.Gate.delete_made", fail)
    assert run(CONFORMING) == 2
    require_told(capsys)
