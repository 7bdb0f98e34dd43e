"""Generated requests: none makes the emulator fail or leave the contract.

Schemathesis invents the requests, ones that keep the contract and ones that break it; each is
judged by what it is on the wire. `OPENVIDEOS_FUZZ_EXAMPLES` says how many for each operation.

Of schemathesis' checks these are not applied:

- negative_data_rejection, positive_data_acceptance: what breaks a schema may keep it once it is
  text in a form, and what keeps it may break a rule that no schema can say. `judge` asks for the
  same, of the request as it was sent, and `REFUSALS` holds those rules.
- ignored_auth, missing_required_header, object_level_authorization: they try keys, in requests of
  their own; `tests/emulator/test_keys.py` does that.
- unsupported_method, allow_header_conformance: they try methods; `tests/emulator/test_errors.py`
  does that, for every path.
- use_after_free, ensure_resource_availability: they need sequences of requests, which the
  conformance suite has.
- max_response_time: it tells how busy the machine is.
"""

import base64
import collections
import io
import json
import os
import random
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import attrs
import av
import hypothesis
import jsonschema_rs
import pytest
import requests
import schemathesis
from hypothesis import strategies as st
from PIL import Image
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import openvideos_spec
from openvideos_emulator import Emulator
from openvideos_emulator.contract import Contract, Operation

EXAMPLES = int(os.environ.get("OPENVIDEOS_FUZZ_EXAMPLES", "15"))
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
JSON, FORM = "application/json", "multipart/form-data"
KEY = "sk-fuzz-0123456789"
OPERATIONS = [
    *("create_video", "list_videos", "retrieve_video", "delete_video", "download_video_content"),
    *("remix_video", "edit_video", "extend_video", "create_character", "retrieve_character"),
]

UNKNOWN = (404, None)
NO_VIDEO = (400, "video")
REFUSALS: dict[str, dict[tuple[int, str | None], str]] = {
    "create_video": {
        (400, "input_reference"): "the image has another size, is none, or is given twice",
        (400, "size"): "no encoder makes such a picture",
        (400, "seconds"): "no video is that long, or that short",
        UNKNOWN: "there is no such character",
    },
    "list_videos": {UNKNOWN: "there is no video to go on after"},
    "retrieve_video": {UNKNOWN: "there is no such video"},
    "delete_video": {UNKNOWN: "there is no such video"},
    "download_video_content": {
        UNKNOWN: "there is no such video",
        (416, None): "the asset is shorter than the range",
    },
    "remix_video": {UNKNOWN: "there is no such video"},
    "edit_video": {
        NO_VIDEO: "the upload is no video, or the video is not given exactly once",
        UNKNOWN: "there is no such video",
    },
    "extend_video": {
        NO_VIDEO: "the upload is no video, or the video is not given exactly once",
        (400, "seconds"): "the whole would be too long",
        UNKNOWN: "there is no such video",
    },
    "create_character": {NO_VIDEO: "the upload is no video"},
    "retrieve_character": {UNKNOWN: "there is no such character"},
}


def image(kind: str, width: int, height: int) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, kind)
    return file.getvalue()


def video() -> bytes:
    file = io.BytesIO()
    with av.open(file, "w", format="mp4") as output:
        stream = output.add_stream("libx264", rate=10, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = 64, 36, "yuv420p"
        for _ in range(5):
            output.mux(stream.encode(av.VideoFrame(64, 36, "yuv420p")))
        output.mux(stream.encode())
    return file.getvalue()


def damaged(files: list[bytes]) -> st.SearchStrategy[bytes]:
    """Return files as they are mostly, and cut or with a byte changed now and then."""
    whole = st.sampled_from(files)
    cut = st.builds(lambda data, part: data[: int(len(data) * part)], whole, st.floats(0, 1))
    changed = st.builds(
        lambda data, place, byte: data[: place % len(data)] + byte + data[place % len(data) + 1 :],
        whole,
        st.integers(0, 1_000_000),
        st.binary(min_size=1, max_size=1),
    )
    return whole | whole | cut | changed


IMAGES = {
    "image/png": [image("PNG", 720, 1280), image("PNG", 1280, 720)],
    "image/jpeg": [image("JPEG", 720, 1280), image("JPEG", 1024, 1792)],
    "image/webp": [image("WEBP", 720, 1280), image("WEBP", 64, 36)],
}
VIDEO = video()


def register_media() -> None:
    """Teach schemathesis to fill files and URLs with real media."""
    for kind, files in IMAGES.items():
        schemathesis.openapi.media_type(kind, damaged(files))
    schemathesis.openapi.media_type("video/mp4", damaged([VIDEO]))
    data_urls = damaged([file for files in IMAGES.values() for file in files]).map(
        lambda data: f"data:image/png;base64,{base64.b64encode(data).decode()}"
    )
    odd = st.sampled_from(
        ["https://example.com/a.png", "data:,x", "data:image/png;base64,!!", "urn:x:y", "file:///"]
    )
    schemathesis.openapi.format("image-url", data_urls | odd)


def generated_from(document: dict[str, Any]) -> dict[str, Any]:
    """Return a contract that says of each file and URL what schemathesis fills it with."""
    document = json.loads(json.dumps(document))
    document.pop("webhooks")
    # Every request has a key that is right, and none that was made up.
    del document["components"]["securitySchemes"]
    for item in document["paths"].values():
        for operation in item.values():
            del operation["security"]
    bodies = document["components"]["requestBodies"]
    images = {"input_reference": {"contentType": ", ".join(IMAGES)}}
    bodies["CreateVideo"]["content"][FORM]["encoding"] = images
    for name in ("EditVideo", "ExtendVideo", "CreateCharacter"):
        bodies[name]["content"][FORM]["encoding"] = {"video": {"contentType": "video/mp4"}}
    document["components"]["schemas"]["ImageUrl"]["format"] = "image-url"
    return document


class Fuzzed:
    """An emulator of one dialect, with what its requests are generated from and judged by."""

    def __init__(self, dialect: str, emulator: Emulator) -> None:
        document = openvideos_spec.load(None if dialect == "none" else dialect)
        self.contract = Contract(document)
        self.base_url = emulator.base_url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {KEY}"
        self.schema = schemathesis.openapi.from_dict(
            generated_from(document),
            config=schemathesis.Config.from_dict({"generation": {"database": "none"}}),
        )
        self.videos = [self._make("/videos", json={"prompt": str(n)}) for n in range(3)]
        files = {"name": (None, "Mossy"), "video": ("m.mp4", VIDEO, "video/mp4")}
        self.character = self._make("/videos/characters", files=files)

    def fresh_video(self) -> str:
        """Make a video, which is completed at once, and return its id."""
        return self._make("/videos", json={"prompt": "x"})

    def _make(self, path: str, **request: Any) -> str:
        made = self.session.post(self.base_url + path, **request)
        assert made.status_code == 200, made.text
        return str(made.json()["id"])


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=pytest.mark.xdist_group(f"fuzz-{name}"))
        for name in ("openai", "none")
    ],
)
def fuzzed(request: pytest.FixtureRequest) -> Iterator[Fuzzed]:
    register_media()
    with Emulator(dialect=request.param, progress="immediate", media="tiny", quiet=True) as running:
        yield Fuzzed(request.param, running)


@attrs.define
class Judge:
    """Tells of each request on the wire whether it keeps the contract, and counts the answers."""

    contract: Contract
    operation: Operation
    counts: collections.Counter[str] = attrs.field(factory=collections.Counter)

    def judge(self, wire: Mapping[str, Any], answer: schemathesis.Response) -> None:
        """Fail where what keeps the contract is refused, or what breaks it is taken."""
        found = self.contract.find(urlsplit(wire["url"]).path)
        if found is None or found[0].path != self.operation.path:
            self.counts["of another path"] += 1
            return
        taken = answer.status_code < 400
        if not (self._keeps_query(wire) and self._keeps_body(wire)):
            assert not taken, f"{answer.status_code} for a request that breaks the contract"
            self.counts["broken, refused"] += 1
            return
        if taken:
            self.counts["kept, taken"] += 1
            return
        error = answer.json()["error"]
        why = REFUSALS[self.operation.id].get((answer.status_code, error["param"]))
        assert why is not None, f"{answer.status_code} for a request that keeps it: {error}"
        self.counts[f"kept, refused: {why}"] += 1

    def _keeps_query(self, wire: Mapping[str, Any]) -> bool:
        url = requests.Request("GET", "http://x/", params=wire.get("params")).prepare().url
        query = parse_qs(urlsplit(str(url)).query, keep_blank_values=True)
        for name, values in query.items():
            schema = self.operation.query.get(name)
            if schema is None:
                if self.contract.refuses_unknown:
                    return False
                continue
            whole = self.contract.resolve(schema).get("type") == "integer"
            number = whole and re.fullmatch(r"-?[0-9]{1,18}", values[0])
            value = int(values[0]) if number else values[0]
            if len(values) > 1 or not self._valid(schema, value):
                return False
        return True

    def _keeps_body(self, wire: Mapping[str, Any]) -> bool:
        if not self.operation.bodies:
            return True
        kind = wire["headers"].get("Content-Type", FORM if wire.get("files") else "")
        if kind == JSON:
            text = json.dumps(wire["json"]).encode() if "json" in wire else wire.get("data") or b""
            return self._keeps_json(text)
        parts = wire.get("files")
        if kind.partition(";")[0] != FORM or not isinstance(parts, list):
            return False
        return self._keeps_form(parts)

    def _keeps_json(self, text: bytes) -> bool:
        try:
            value = json.loads(text.decode())
            json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
        except (ValueError, AttributeError):
            return False
        return JSON in self.operation.bodies and self._valid(self.operation.bodies[JSON], value)

    def _keeps_form(self, parts: list[tuple[str, tuple[Any, ...]]]) -> bool:
        schema = self.contract.resolve(self.operation.bodies[FORM])
        known: dict[str, Any] = schema["properties"]
        outer = {name.partition("[")[0] for name in known}
        fields: dict[str, Any] = {}
        for name, (filename, data, *_) in parts:
            field = self.contract.resolve(known.get(name, {}))
            if name not in known:
                # No other way of writing what is known is taken.
                if self.contract.refuses_unknown or name.partition("[")[0] in outer:
                    return False
                continue
            if field.get("format") == "binary":
                value = ""
            elif filename is not None:
                return False
            else:
                try:
                    value = data.decode() if isinstance(data, bytes) else str(data)
                    value.encode()
                except UnicodeError:
                    return False
            if field.get("type") == "array":
                fields.setdefault(name, []).append(value)
            elif name in fields:
                return False
            else:
                fields[name] = value
        return self._valid(schema, fields)

    def _valid(self, schema: Mapping[str, Any], value: Any) -> bool:
        whole = {"components": self.contract.document["components"], **schema}
        validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)
        try:
            return validator.is_valid(value)
        except ValueError:
            return False  # such as nested too deeply to be looked at


def use_what_exists(case: Any, fuzzed: Fuzzed, choose: random.Random) -> None:
    """Put the ids of real videos and characters in the place of some that were made up."""
    if choose.random() < 0.3:
        return
    one = choose.choice(fuzzed.videos)
    parameters = case.path_parameters or {}
    if "video_id" in parameters:
        fresh = fuzzed.fresh_video() if case.method == "DELETE" else one
        parameters["video_id"] = quote(fresh, safe="")
    if "character_id" in parameters:
        parameters["character_id"] = quote(fuzzed.character, safe="")
    if isinstance(case.query, dict) and "after" in case.query:
        case.query["after"] = one
    if not isinstance(case.body, dict):
        return
    body = dict(case.body)
    if isinstance(body.get("video"), dict) and "id" in body["video"]:
        body["video"] = {**body["video"], "id": one}
    if "video[id]" in body:
        body["video[id]"] = one
        # Both ways at once are refused, which is tried often enough.
        if choose.random() < 0.8:
            body.pop("video", None)
    if isinstance(body.get("characters"), list):
        body["characters"] = [
            {**each, "id": fuzzed.character} if isinstance(each, dict) and "id" in each else each
            for each in body["characters"]
        ]
    if isinstance(body.get("characters[][id]"), list):
        body["characters[][id]"] = [fuzzed.character for _ in body["characters[][id]"]]
    if "input_reference" in body and choose.random() < 0.8:
        body.pop("input_reference[file_id]", None)
        body.pop("input_reference[image_url]", None)
    case.body = body


@pytest.mark.timeout(0)
@pytest.mark.parametrize("operation_id", OPERATIONS)
def test_no_generated_request_makes_the_emulator_leave_the_contract(
    fuzzed: Fuzzed, operation_id: str
) -> None:
    operation = next(each for each in fuzzed.contract.operations if each.id == operation_id)
    generated = fuzzed.schema[operation.path.removeprefix("/v1")][operation.method]
    judge = Judge(fuzzed.contract, operation)

    @hypothesis.settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        suppress_health_check=list(hypothesis.HealthCheck),
        phases=[hypothesis.Phase.generate, hypothesis.Phase.shrink],
    )
    @hypothesis.seed(1)
    @hypothesis.given(
        generated.as_strategy(generation_mode=GenerationMode.POSITIVE)
        | generated.as_strategy(generation_mode=GenerationMode.NEGATIVE),
        st.integers(0, 2**32).map(random.Random),
    )
    def send(case: Any, choose: random.Random) -> None:
        use_what_exists(case, fuzzed, choose)
        answer = case.call(base_url=fuzzed.base_url, session=fuzzed.session)
        case.validate_response(answer, checks=CHECKS)
        judge.judge(case.as_transport_kwargs(base_url=fuzzed.base_url), answer)

    send()
    print(operation_id, dict(judge.counts))
    # A run that tried nothing would prove nothing.
    assert judge.counts["kept, taken"] > 0
    if operation.query or operation.bodies:
        assert judge.counts["broken, refused"] > 0
