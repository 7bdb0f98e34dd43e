"""The page docs/requirements.md, as `contract_tests/requirements_page.py` writes it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from openvideos_contract.judging.requirements import Requirement, Untested

SCRIPT = Path(__file__).parents[2] / "contract_tests" / "requirements_page.py"


@pytest.fixture(scope="module")
def writer(load_script: Callable[[Path], ModuleType]) -> ModuleType:
    return load_script(SCRIPT)


def test_the_page_shows_each_requirement_with_its_condition_and_its_tests(
    writer: ModuleType,
) -> None:
    found = Requirement(
        id="LIST-099",
        profile="core",
        level="MUST",
        promise="A page | a line.",
        certainty="rfc",
        source="RFC 1",
        where="it is asked for",
        of_the_run=True,
        since="1.1.0",
    )
    tests = {"test_list::second[b]": ["LIST-099"], "test_list::second[a]": ["LIST-099"]}
    left_out = Untested(promise="It lasts.", source="the guide", reason="Nobody waits so long.")
    text = writer.page([found], [left_out], {**tests, "test_list::first": ["LIST-099"]})
    assert (
        '| <a id="list-099"></a>LIST-099 | MUST | A page &#124; a line. *Where it is asked for.* '
        "*(run)* *Since contract 1.1.0.* | RFC 1 [rfc] "
        "| `test_list::first`<br>`test_list::second` |\n"
    ) in text
    assert "| [core](#core) | 1 | 0 | 0 | 1 |\n| [remix](#remix) | 0 | 0 | 0 | 0 |\n" in text
    assert "| It lasts. | the guide | Nobody waits so long. |\n" in text
    assert "\n\n\n" not in text


def test_a_stale_page_is_seen(
    writer: ModuleType,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = tmp_path / "requirements.md"
    monkeypatch.setattr(writer, "PAGE", page)
    monkeypatch.setattr(writer, "proved", dict)
    assert writer.main(["--check"]) == 1
    assert writer.main([]) == 0
    assert writer.main(["--check"]) == 0
    page.write_text(page.read_text("utf-8").replace("CREATE-001", "CREATE-01"), "utf-8")
    assert writer.main(["--check"]) == 1
    assert "requirements.md is stale: run python" in capsys.readouterr().err
