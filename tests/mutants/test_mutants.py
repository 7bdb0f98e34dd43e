"""The defects are sound as data, and the suite finds a sample of them; `make mutants` has all."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
import yaml

import openvideos_spec
from openvideos_emulator.contract import Contract
from openvideos_emulator.faults import parse_faults

from .conformance import conform, webhook_address
from .defects import AREAS, load_defects, planted

ROOT = Path(__file__).parents[2]
REQUIREMENTS = ROOT / "contract_tests" / "openvideos_contract" / "requirements.yaml"
CONTRACT = Contract(openvideos_spec.load("openai"))
DEFECTS = {defect.id: defect for defect in load_defects()}

# Several at a time, of different areas, as a run takes many seconds.
SAMPLES = [
    [
        "list-leaves-nulls-out",
        "form-size-ignored",
        "completed-at-in-milliseconds",
        "full-page-claims-more",
        "spritesheet-is-the-thumbnail",
        "deleted-stays-listed",
        "seconds-of-letters-taken",
        "retrieve-shows-another-tenant",
    ],
    [
        "one-id-for-two-creates",
        "no-signature",
        "edit-shows-the-sources-prompt",
        "character-without-a-name",
        "upstream-error-in-a-message",
        "limit-of-letters-crashes",
        "remix-source-forgotten",
        "if-range-ignored",
    ],
]


@pytest.mark.parametrize("sample", SAMPLES, ids=["usual", "profiles"])
def test_several_defects_at_once_are_found_each_by_a_requirement_of_its_own(
    sample: list[str],
) -> None:
    defects = [DEFECTS[each] for each in sample]
    broken = [requirement for defect in defects for requirement in defect.breaks]
    assert len(broken) == len(set(broken)), "one requirement would be taken for two finds"
    with webhook_address() as address, planted(defects, webhook=f"http://{address}/") as emulator:
        outcome = conform(emulator.base_url, broken, listen=address)
    missed = [each for each in defects if not outcome.broken.keys() & set(each.breaks)]
    assert not missed, f"{[each.id for each in missed]} not found; instead: {outcome.broken}"
    assert outcome.exit_code == 1, outcome.said


def test_the_samples_are_of_all_areas() -> None:
    assert {DEFECTS[each].area for sample in SAMPLES for each in sample} == set(AREAS)


def test_there_are_many_defects_of_each_area() -> None:
    assert len(DEFECTS) == len(load_defects()) >= 80
    counts = Counter(defect.area for defect in DEFECTS.values())
    assert {*counts} == {*AREAS}
    assert min(counts.values()) >= 5


def test_each_defect_is_faults_and_names_what_it_breaks() -> None:
    document = yaml.safe_load(REQUIREMENTS.read_text(encoding="utf-8"))
    promises = {requirement for section in document.values() for requirement in section}
    for defect in DEFECTS.values():
        assert defect.faults or defect.settings, defect.id
        assert len(parse_faults(defect.faults, CONTRACT)) == len(defect.faults)
        assert defect.what.endswith("."), defect.id
        assert defect.breaks, defect.id
        assert set(defect.breaks) <= promises, defect.id
