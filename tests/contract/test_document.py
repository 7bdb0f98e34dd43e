"""The house rules of `openapi.yaml`: what a reader and the tools behind it may rely on."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import openapi_spec_validator
import pytest

import openvideos_spec

METHODS = {"get", "post", "put", "patch", "delete", "head", "options", "trace"}
OPERATIONS = {
    ("post", "/videos"): "create_video",
    ("get", "/videos"): "list_videos",
    ("post", "/videos/characters"): "create_character",
    ("get", "/videos/characters/{character_id}"): "retrieve_character",
    ("post", "/videos/edits"): "edit_video",
    ("post", "/videos/extensions"): "extend_video",
    ("get", "/videos/{video_id}"): "retrieve_video",
    ("delete", "/videos/{video_id}"): "delete_video",
    ("get", "/videos/{video_id}/content"): "download_video_content",
    ("post", "/videos/{video_id}/remix"): "remix_video",
}
ERRORS = {"400", "401", "404", "429", "4XX", "5XX"}
CERTAINTIES = {"docs", "run", "seen", "house"}
# What the official specification describes by itself; all else tells how sure it is.
OFFICIAL_RESPONSES = {
    "CreatedVideo",
    "Video",
    "VideoList",
    "VideoDeleted",
    "CreatedCharacter",
    "Character",
}

DOCUMENT = openvideos_spec.load()
COMPONENTS: dict[str, dict[str, Any]] = DOCUMENT["components"]
FORMS = {name: schema for name, schema in COMPONENTS["schemas"].items() if name.endswith("Form")}


def resolve(node: Any) -> Any:
    while isinstance(node, dict) and "$ref" in node:
        target: Any = DOCUMENT
        for step in node["$ref"].removeprefix("#/").split("/"):
            target = target[step.replace("~1", "/").replace("~0", "~")]
        node = target
    return node


def operations() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in DOCUMENT["paths"].values():
        for method, operation in path.items():
            if method in METHODS:
                yield operation["operationId"], operation


OPERATIONS_FOUND = list(operations())
OPERATION_IDS = [name for name, _ in OPERATIONS_FOUND]


def nodes(node: Any, where: str = "#") -> Iterator[tuple[str, Any]]:
    yield where, node
    if isinstance(node, dict):
        for key, value in node.items():
            yield from nodes(value, f"{where}/{key}")
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from nodes(value, f"{where}/{index}")


def certainty(described: dict[str, Any]) -> str | None:
    tag = re.search(r"\[(\w+)\]$", described["description"].strip())
    return tag.group(1) if tag else None


@pytest.mark.parametrize("dialect", [None, *openvideos_spec.dialect_names()])
def test_the_contract_and_each_dialect_of_it_are_valid_openapi(dialect: str | None) -> None:
    openapi_spec_validator.validate(openvideos_spec.load(dialect))


def test_the_ten_operations_are_there_and_no_others() -> None:
    found = {
        (method, path): operation["operationId"]
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    }
    assert found == OPERATIONS


@pytest.mark.parametrize(("name", "operation"), OPERATIONS_FOUND, ids=OPERATION_IDS)
def test_every_operation_describes_its_errors_by_the_shared_envelope(
    name: str, operation: dict[str, Any]
) -> None:
    assert set(operation["responses"]) >= {"200", *ERRORS}
    assert "default" not in operation["responses"], "it would swallow redirects"
    for status in set(operation["responses"]) - {"200", "206", "304"}:
        answer = resolve(operation["responses"][status])
        schema = answer["content"]["application/json"]["schema"]
        assert schema == {"$ref": "#/components/schemas/Error"}, status


@pytest.mark.parametrize(("name", "operation"), OPERATIONS_FOUND, ids=OPERATION_IDS)
def test_every_operation_can_be_read_and_asks_for_the_key(
    name: str, operation: dict[str, Any]
) -> None:
    assert operation["summary"]
    assert operation["description"]
    assert operation["tags"] == ["Videos"]
    assert operation["security"] == [{"bearerAuth": []}]
    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", name)


def test_schemas_parameters_headers_bodies_and_answers_are_components() -> None:
    for where, node in nodes({"paths": DOCUMENT["paths"], "webhooks": DOCUMENT["webhooks"]}):
        if isinstance(node, dict):
            for kind in ("schema", "requestBody"):
                if kind in node:
                    assert set(node[kind]) == {"$ref"}, f"{where}/{kind}"
            for status, answer in node.get("responses", {}).items():
                assert set(answer) == {"$ref"}, f"{where}/responses/{status}"
            for parameter in node.get("parameters", []):
                assert set(parameter) == {"$ref"}, f"{where}/parameters"
    for name, answer in COMPONENTS["responses"].items():
        for header in answer.get("headers", {}).values():
            assert set(header) == {"$ref"}, f"responses/{name}"
        for link in answer.get("links", {}).values():
            assert set(link) == {"$ref"}, f"responses/{name}"


def test_objects_and_enums_are_schemas_of_their_own() -> None:
    for name, schema in COMPONENTS["schemas"].items():
        for where, node in nodes(schema, name):
            if where != name and isinstance(node, dict):
                assert "enum" not in node, where
                assert node.get("type") != "object", where


def test_every_component_is_used() -> None:
    everything = (node for _, node in nodes(DOCUMENT) if isinstance(node, dict))
    used = {node["$ref"] for node in everything if "$ref" in node}
    for kind in set(COMPONENTS) - {"securitySchemes"}:
        for name in COMPONENTS[kind]:
            assert f"#/components/{kind}/{name}" in used, f"{kind}/{name} is used nowhere"


def test_everything_is_described_in_whole_sentences() -> None:
    for kind in set(COMPONENTS) - {"examples"}:
        for name, component in COMPONENTS[kind].items():
            text = component.get("description", "")
            assert text.strip().endswith((".", "]")), f"{kind}/{name}"
            for field, schema in component.get("properties", {}).items():
                assert resolve(schema).get("description"), f"{kind}/{name}.{field}"


def test_certainty_tags_are_known_ones() -> None:
    for where, node in nodes(DOCUMENT["paths"] | COMPONENTS):
        if isinstance(node, dict) and isinstance(node.get("description"), str):
            assert certainty(node) in {None, *CERTAINTIES}, where


def test_what_the_official_specification_does_not_say_tells_how_sure_it_is() -> None:
    untagged = [
        *(name for name, header in COMPONENTS["headers"].items() if not certainty(header)),
        *(
            name
            for name, answer in COMPONENTS["responses"].items()
            if name not in OFFICIAL_RESPONSES and not certainty(answer)
        ),
        *(
            name
            for name, parameter in COMPONENTS["parameters"].items()
            if parameter["in"] == "header" and not certainty(parameter)
        ),
        *(
            name
            for name, schema in COMPONENTS["schemas"].items()
            if name.startswith(("Error", "WebhookEvent")) and not certainty(schema)
        ),
        *(name for name, webhook in DOCUMENT["webhooks"].items() if not certainty(webhook["post"])),
    ]
    assert untagged == []


def media_types() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for kind in ("requestBodies", "responses"):
        for name, component in COMPONENTS[kind].items():
            for media_type, content in component.get("content", {}).items():
                yield f"{kind}/{name}", media_type, content


def test_every_request_and_answer_has_an_example() -> None:
    for where, media_type, content in media_types():
        if media_type.startswith(("video/", "image/")):
            assert content["schema"] == {"type": "string", "format": "binary"}, where
        else:
            assert content.get("examples"), f"{where} {media_type}"
    for kind in ("parameters", "headers"):
        for name, component in COMPONENTS[kind].items():
            assert "example" in component, f"{kind}/{name}"


def test_every_example_keeps_the_schema_it_stands_under() -> None:
    for where, media_type, content in media_types():
        for name, example in content.get("examples", {}).items():
            schema = {**content["schema"], "components": COMPONENTS}
            errors = list(
                jsonschema_rs.Draft202012Validator(schema).iter_errors(resolve(example)["value"])
            )
            assert not errors, f"{where} {media_type} {name}: {errors[0].message}"
    for kind in ("parameters", "headers"):
        for name, component in COMPONENTS[kind].items():
            schema = {**component["schema"], "components": COMPONENTS}
            assert jsonschema_rs.is_valid(schema, component["example"]), f"{kind}/{name}"


def test_create_links_to_everything_that_can_be_done_with_its_video() -> None:
    create = resolve(DOCUMENT["paths"]["/videos"]["post"]["responses"]["200"])
    targets = {resolve(link)["operationId"] for link in create["links"].values()}
    assert targets == {
        "retrieve_video",
        "download_video_content",
        "remix_video",
        "delete_video",
        "edit_video",
        "extend_video",
    }
    character = resolve(DOCUMENT["paths"]["/videos/characters"]["post"]["responses"]["200"])
    assert [resolve(link)["operationId"] for link in character["links"].values()] == [
        "retrieve_character"
    ]


def test_every_answer_carries_a_request_id_and_content_its_own_headers() -> None:
    for name, operation in operations():
        for status, answer in operation["responses"].items():
            assert "x-request-id" in resolve(answer)["headers"], f"{name} {status}"
    content = DOCUMENT["paths"]["/videos/{video_id}/content"]["get"]["responses"]
    assert {"ETag", "Accept-Ranges"} <= set(resolve(content["200"])["headers"])
    assert {"ETag", "Content-Range"} <= set(resolve(content["206"])["headers"])
    assert "ETag" in resolve(content["304"])["headers"]
    assert "Content-Range" in resolve(content["416"])["headers"]
    assert "Retry-After" in COMPONENTS["responses"]["TooManyRequests"]["headers"]
    for name in ("CreatedVideo", "Video"):
        assert "openai-poll-after-ms" in COMPONENTS["responses"][name]["headers"]


@pytest.mark.parametrize("name", FORMS)
def test_form_schemas_list_their_wire_keys_and_offer_no_alternatives(name: str) -> None:
    for field, schema in FORMS[name]["properties"].items():
        if schema.get("format") == "binary":
            assert not {"anyOf", "oneOf", "not", "allOf"} & set(schema), field
        for _, node in nodes(resolve(schema)):
            if isinstance(node, dict):
                assert node.get("type") != "null", f"{field}: None would be sent as text"
                assert node.get("type") != "object", f"{field}: a form has no objects"


def test_each_request_content_type_has_a_schema_of_its_own() -> None:
    schemas = [
        content["schema"]["$ref"]
        for where, _, content in media_types()
        if where.startswith("requestBodies") and "WebhookEvent" not in content["schema"]["$ref"]
    ]
    assert len(schemas) == len(set(schemas))


def test_nothing_is_written_that_the_generator_gets_wrong() -> None:
    for where, node in nodes(COMPONENTS["schemas"]):
        if isinstance(node, dict) and "/properties" not in where[-11:]:
            assert not {"title", "default", "discriminator", "nullable"} & set(node), where
            if isinstance(node.get("enum"), list):
                assert len(node["enum"]) > 1, f"{where}: write const"
                assert None not in node["enum"], where


def test_the_base_url_is_a_variable() -> None:
    (server,) = DOCUMENT["servers"]
    assert server["url"] == "{base_url}"
    assert server["variables"]["base_url"]["default"].startswith("http")


def validator(schema: str, dialect: str | None) -> jsonschema_rs.Draft202012Validator:
    document = openvideos_spec.load(dialect)
    reference = {"$ref": f"#/components/schemas/{schema}", "components": document["components"]}
    return jsonschema_rs.Draft202012Validator(reference, validate_formats=True)


@pytest.mark.parametrize(
    "changed",
    [{"seconds": "5"}, {"size": "640x480"}, {"model": "video-gen-1"}, {"width": 640}],
    ids=str,
)
@pytest.mark.parametrize("schema", ["CreateVideoJson", "CreateVideoForm"])
def test_the_catalogue_is_open_in_the_protocol_and_closed_in_the_openai_dialect(
    schema: str, changed: dict[str, Any]
) -> None:
    request = {"prompt": "a cat", "seconds": "4", "size": "720x1280", "model": "sora-2"}
    assert validator(schema, "openai").is_valid(request)
    assert validator(schema, None).is_valid(request | changed)
    assert not validator(schema, "openai").is_valid(request | changed)


@pytest.mark.parametrize(
    "changed",
    [
        {"seconds": "abc"},
        {"seconds": 4},
        {"size": "axb"},
        {"prompt": ""},
        {"prompt": "x" * 32_001},
        {"input_reference": {}},
        {"input_reference": {"image_url": "https://example.com/a.png", "file_id": "file_1"}},
        {"characters": [{"id": "char_1"}] * 3},
    ],
    ids=lambda changed: str(changed)[:40],
)
def test_what_no_server_can_mean_is_refused_by_the_protocol(changed: dict[str, Any]) -> None:
    assert not validator("CreateVideoJson", None).is_valid({"prompt": "a cat", **changed})
