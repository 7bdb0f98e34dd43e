"""Which generated bodies count as broken, and which of them nobody can mean."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import schemathesis
from hypothesis import given
from hypothesis import strategies as st
from schemathesis import GenerationMode

from openvideos_contract.contract import Contract
from openvideos_contract.generating.cases import (
    AnyCase,
    Broken,
    Generator,
    _as_form,
    ask_about,
    operation_of,
    prepare,
    rules_broken_by,
)
from openvideos_contract.generating.world import World
from openvideos_contract.outcome import Nonconformity, Unsupported
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.gate import Gate

CONTRACT = Contract.load("openai")
OPEN_CONTRACT = Contract.load(None)


def meaningless(body: Any) -> bool:
    return any(rule.meaningless for rule in rules_broken_by(OPEN_CONTRACT, "CreateVideoJson", body))


@pytest.mark.parametrize(
    "body",
    [
        [],
        None,
        {},
        {"prompt": ""},
        {"prompt": None},
        {"prompt": {"a": 1}},
        {"prompt": "x", "seconds": "abc"},
        {"prompt": "x", "size": "axb"},
    ],
    ids=repr,
)
def test_what_nobody_can_mean(body: Any) -> None:
    assert meaningless(body)


@pytest.mark.parametrize(
    "body",
    [
        {"prompt": "x"},
        {"prompt": 5},
        {"prompt": "x", "seconds": 4},
        {"prompt": "x", "seconds": "4s"},
        {"prompt": "x", "seconds": ""},
        {"prompt": "x", "size": None},
        {"prompt": "x", "size": "720 x 1280"},
        {"prompt": "x", "unknown": 1},
        {"prompt": "x" * 32_001},
        {"prompt": "x", "input_reference": {}},
    ],
    ids=lambda body: repr(body)[:40],
)
def test_what_a_lenient_server_may_mean(body: Any) -> None:
    assert not meaningless(body)


@given(st.text(min_size=1, max_size=50), st.integers(1, 60), st.integers(1, 4000))
def test_a_body_that_keeps_the_contract_breaks_no_rule(
    prompt: str, seconds: int, width: int
) -> None:
    body = {"prompt": prompt, "seconds": str(seconds), "size": f"{width}x{width}"}
    assert rules_broken_by(OPEN_CONTRACT, "CreateVideoJson", body) == []


def test_a_rule_says_where_and_what() -> None:
    found = rules_broken_by(CONTRACT, "CreateVideoJson", {"prompt": "", "width": 1})
    assert {str(rule) for rule in found} == {
        "prompt against minLength",
        "the body against additionalProperties",
    }
    assert Broken("prompt", "minLength", "") in found


def test_a_form_is_judged_as_the_text_that_is_sent() -> None:
    schema = CONTRACT.document["components"]["schemas"]["CreateVideoForm"]
    sent = _as_form({"prompt": True, "characters[][id]": "x", "input_reference": b"\x00"}, schema)
    assert sent == {"prompt": "true", "characters[][id]": ["x"], "input_reference": "<bytes>"}
    assert _as_form({"prompt": ["a", "b"]}, schema) is None


def case_about(video_id: str) -> AnyCase:
    schema = schemathesis.openapi.from_dict(CONTRACT.document)
    return operation_of(schema, "retrieve_video").Case(path_parameters={"video_id": video_id})


def test_a_generated_request_about_an_odd_id_has_it_as_one_segment() -> None:
    case = case_about("generated")
    ask_about(case, "a/b?c==")
    assert prepare(case, "http://test/v1").url == "http://test/v1/videos/a%2Fb%3Fc%3D%3D"


@pytest.mark.parametrize("linked", ["a/b==", "a%2Fb%3D%3D"])
def test_a_linked_call_about_an_odd_id_reaches_the_video_that_it_was_linked_to(
    linked: str,
) -> None:
    urls: list[str | None] = []

    class Recorder:
        def send(self, case: AnyCase) -> SimpleNamespace:
            urls.append(prepare(case, "http://test/v1").url)
            return SimpleNamespace(ok=True, refused=False)

    gate: Any = SimpleNamespace(seen={})
    generator: Any = Recorder()
    World(gate, generator, "nobody", ["a/b=="]).call(case_about(linked))
    assert urls == ["http://test/v1/videos/a%2Fb%3D%3D"]


def test_characters_that_are_not_offered_are_not_asked_for_and_held_against_nobody(
    lenient: Any, gate_to: Callable[..., Gate], pytestconfig: pytest.Config
) -> None:
    pytestconfig.addinivalue_line("markers", "requirement(*ids): of the suite's own tests")
    from openvideos_contract.tests import test_schemathesis

    lenient.answer = lambda method, path: (404, {"detail": "Not Found"})
    gate = gate_to(lenient.base_url)
    with pytest.raises(Unsupported, match="does not offer characters"):
        test_schemathesis.test_no_generated_request_breaks_the_server(
            Generator(CONTRACT, gate.configuration, gate),
            gate,
            "video_of_nobody",
            "retrieve_character",
            GenerationMode.POSITIVE,
        )
    assert not [found for found in gate.found if found.operation]


def test_after_a_case_that_was_judged_wrong_none_is_sent_not_even_the_same() -> None:
    configuration = Configuration(base_url="http://test/v1")
    gate: Any = None
    generator = Generator(CONTRACT, configuration, gate)
    seen: list[AnyCase] = []

    def use(case: AnyCase) -> None:
        seen.append(case)
        if len(seen) == 9:
            raise Nonconformity(expected="a refusal", seen="200")

    with pytest.raises(Nonconformity, match="seen 200"):
        generator.run("list_videos", GenerationMode.POSITIVE, use, examples=20, fuzzing_only=True)
    assert len(seen) == 9
