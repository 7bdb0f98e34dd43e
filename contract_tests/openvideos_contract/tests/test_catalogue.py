"""The catalogue of a dialect: what it does not offer is refused, and never replaced."""

from __future__ import annotations

from typing import Any

import pytest

from openvideos_contract.checks.media import png
from openvideos_contract.checks.refusals import error_of, refused, require_status
from openvideos_contract.contract import Contract
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.jobs.plan import DEFAULT_SIZE
from openvideos_contract.outcome import Unsupported, require
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

SCHEMAS = {"model": "VideoModel", "size": "VideoSize", "seconds": "VideoSeconds"}
FOREIGN = {"model": "no-such-model", "size": "640x480", "seconds": "5"}
LONGEST_PROMPT = 32_000


def _closed(contract: Contract, field: str) -> None:
    if not contract.closed(SCHEMAS[field]):
        raise Unsupported(f"the dialect leaves it open which {field} is offered")


def _fields(configuration: Configuration, **fields: Any) -> dict[str, Any]:
    return {"prompt": f"[{configuration.run_id}] to be refused", **fields}


@pytest.mark.parametrize("encoding", ["json", "form"])
@pytest.mark.parametrize(
    "field",
    [
        pytest.param("model", marks=pytest.mark.requirement("CATALOGUE-001")),
        pytest.param("size", marks=pytest.mark.requirement("CATALOGUE-002")),
        pytest.param("seconds", marks=pytest.mark.requirement("CATALOGUE-003")),
    ],
)
def test_what_is_not_offered_is_refused(
    gate: Gate,
    jobs: Jobs,
    configuration: Configuration,
    contract: Contract,
    field: str,
    encoding: str,
) -> None:
    _closed(contract, field)
    jobs.require_taken(encoding)
    request: dict[str, Any] = {encoding: _fields(configuration, **{field: FOREIGN[field]})}
    answer = gate.send("POST", "/videos", family=f"a foreign {field}", **request)
    _require_400(answer, field)


def _require_400(answer: Exchange, param: str) -> None:
    require_status(answer, 400, f"the catalogue does not have this {param}")
    require(
        error_of(answer).get("param") == param,
        expected=f"400 with the param {param}",
        seen=answer.summary,
        exchange=answer,
    )


@pytest.mark.requirement("CATALOGUE-004")
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_an_unknown_field_is_refused(
    gate: Gate, jobs: Jobs, configuration: Configuration, encoding: str
) -> None:
    jobs.require_taken(encoding)
    request: dict[str, Any] = {encoding: _fields(configuration, width="720")}
    answer = gate.send("POST", "/videos", family="an unknown field", **request)
    require_status(answer, 400, "there is no field width")


@pytest.mark.requirement("CATALOGUE-005")
def test_seconds_as_a_number_are_refused(gate: Gate, configuration: Configuration) -> None:
    family = "seconds as a number"
    answer = gate.send("POST", "/videos", family=family, json=_fields(configuration, seconds=4))
    require_status(answer, 400, "seconds are text")


@pytest.mark.requirement("CATALOGUE-006")
@pytest.mark.parametrize("field", ["model", "size", "seconds"])
def test_the_defaults_are_the_first_of_the_catalogue(
    jobs: Jobs, contract: Contract, field: str
) -> None:
    _closed(contract, field)
    job = jobs.existing("defaults")
    first = contract.known(SCHEMAS[field])[0]
    got = job.video.get(field)
    require(str(got) == first, expected=f"the {field} {first}", seen=got, exchange=job.created)


@pytest.mark.requirement("CATALOGUE-007")
def test_a_prompt_that_is_too_long_is_refused(gate: Gate, configuration: Configuration) -> None:
    prompt = configuration.run_id.ljust(LONGEST_PROMPT + 1, "x")
    family = "a prompt that is too long"
    refused(gate, "POST", "/videos", family=family, json={"prompt": prompt})


@pytest.mark.requirement("CATALOGUE-008")
def test_a_reference_of_other_dimensions_is_refused(
    gate: Gate, jobs: Jobs, configuration: Configuration
) -> None:
    jobs.require_taken("form")
    form = _fields(configuration, size=configuration.size or DEFAULT_SIZE)
    form["input_reference"] = ("reference.png", png(64, 48), "image/png")
    family = "a reference of other dimensions"
    require_status(gate.send("POST", "/videos", family=family, form=form), 400, f"it has {family}")


@pytest.mark.requirement("CATALOGUE-009")
def test_a_reference_that_is_no_image_is_refused(
    gate: Gate, jobs: Jobs, configuration: Configuration
) -> None:
    jobs.require_taken("form")
    form = _fields(configuration)
    form["input_reference"] = ("reference.txt", b"not an image", "text/plain")
    family = "a reference that is no image"
    require_status(gate.send("POST", "/videos", family=family, form=form), 400, f"it has {family}")


@pytest.mark.requirement("CATALOGUE-010")
@pytest.mark.parametrize(
    ("fields", "code", "family"),
    [
        ({"seconds": "5"}, "invalid_value", "a foreign seconds"),
        ({"size": "640x480"}, "invalid_value", "a foreign size"),
        ({"seconds": 4}, "invalid_type", "seconds as a number"),
        ({"width": 720}, "unknown_parameter", "an unknown field"),
    ],
)
def test_refusals_carry_their_codes(
    gate: Gate, configuration: Configuration, fields: dict[str, Any], code: str, family: str
) -> None:
    answer = gate.send("POST", "/videos", family=family, json=_fields(configuration, **fields))
    got = error_of(answer).get("code")
    require(got == code, expected=f"the code {code}", seen=answer.summary, exchange=answer)
