"""The catalogue of a dialect: what it does not offer is refused, and never replaced."""

from __future__ import annotations

from typing import Any

import pytest

from openvideos_contract.checks.answers import compact
from openvideos_contract.checks.foreign import FOREIGN, SCHEMAS, data_url, family_of
from openvideos_contract.checks.media import png
from openvideos_contract.checks.refusals import error_of, refused, require_status
from openvideos_contract.contract import Contract
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.jobs.plan import DEFAULT_SIZE, LONGEST_PROMPT
from openvideos_contract.outcome import Unsupported, require
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate


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
    answer = gate.send("POST", "/videos", family=family_of(field), **request)
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


@pytest.mark.requirement("CATALOGUE-013")
def test_the_longest_prompt_comes_back(jobs: Jobs) -> None:
    job = jobs.existing("other")
    if job.refusal is not None:
        expected = f"a prompt of {LONGEST_PROMPT} characters to be taken"
        require(False, expected=expected, seen=job.refusal.summary, exchange=job.refusal)
    prompt, got = job.request.fields["prompt"], job.video.get("prompt")
    require(
        got == prompt and len(prompt) == LONGEST_PROMPT,
        expected=f"the prompt of {LONGEST_PROMPT} characters, {compact(prompt)}",
        seen=f"{len(got) if isinstance(got, str) else 'no'} characters, {compact(got)}",
        exchange=job.created,
    )


def references(data: bytes, name: str, media_type: str) -> dict[str, dict[str, Any]]:
    """Return what makes a reference of a file in each of the ways that the contract has."""
    url = data_url(data, media_type)
    return {
        "file": {"form": {"input_reference": (name, data, media_type)}},
        "brackets": {"form": {"input_reference[image_url]": url}},
        "json": {"json": {"input_reference": {"image_url": url}}},
    }


def refer(
    gate: Gate, configuration: Configuration, request: dict[str, dict[str, Any]], family: str
) -> Exchange:
    """Return the answer to a create with a reference."""
    common = _fields(configuration, size=configuration.size or DEFAULT_SIZE)
    body: dict[str, Any] = {encoding: common | fields for encoding, fields in request.items()}
    return gate.send("POST", "/videos", family=family, **body)


WAYS = ["file", "brackets", "json"]


@pytest.mark.requirement("CATALOGUE-008")
@pytest.mark.parametrize("way", WAYS)
def test_a_reference_of_other_dimensions_is_refused(
    gate: Gate, jobs: Jobs, configuration: Configuration, way: str
) -> None:
    request = references(png(64, 48), "reference.png", "image/png")[way]
    jobs.require_taken(*request)
    family = "a reference of other dimensions"
    answer = refer(gate, configuration, request, family)
    require_status(answer, 400, f"it has {family}")


@pytest.mark.requirement("CATALOGUE-009")
@pytest.mark.parametrize("way", WAYS)
def test_a_reference_that_is_no_image_is_refused(
    gate: Gate, jobs: Jobs, configuration: Configuration, way: str
) -> None:
    request = references(b"no image", "reference.txt", "text/plain")[way]
    jobs.require_taken(*request)
    family = "a reference that is no image"
    answer = refer(gate, configuration, request, family)
    require_status(answer, 400, f"it has {family}")


@pytest.mark.requirement("CATALOGUE-014")
@pytest.mark.parametrize("way", ["json", "form", "neither"])
def test_a_reference_is_by_one_way_alone(
    gate: Gate, jobs: Jobs, configuration: Configuration, way: str
) -> None:
    width, _, height = (configuration.size or DEFAULT_SIZE).partition("x")
    url = data_url(png(int(width), int(height)), "image/png")
    both = {"image_url": url, "file_id": f"file-{configuration.run_id}"}
    ways: dict[str, dict[str, dict[str, Any]]] = {
        "json": {"json": {"input_reference": both}},
        "form": {"form": {f"input_reference[{name}]": value for name, value in both.items()}},
        "neither": {"json": {"input_reference": {}}},
    }
    request = ways[way]
    jobs.require_taken(*request)
    family = "a reference by two ways at once, or by none"
    answer = refer(gate, configuration, request, family)
    require_status(answer, 400, f"it has {family}")


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
