"""Requests that schemathesis generates from the contract, sent through the gate.

Schemathesis invents the cases; whether an answer is right is said here or by the gate's own checks,
for three reasons. A multipart case that breaks the schema may keep it once its values are text, so
a case counts as broken only if it is broken as sent. A case that was judged wrong is not sent
again, since it may cost a job, so nothing is shrunk. And its probes would bypass the gate.
"""

from __future__ import annotations

import contextlib
import copy
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias
from urllib.parse import parse_qs, quote, urlsplit

import attrs
import httpx
import hypothesis
import requests
import schemathesis
from schemathesis import Case, GenerationMode
from schemathesis.config import SchemathesisConfig
from schemathesis.core.control import SkipTest
from schemathesis.core.result import Ok
from schemathesis.generation.hypothesis.builder import (
    HypothesisTestConfig,
    HypothesisTestMode,
    create_test,
)
from schemathesis.schemas import APIOperation, BaseSchema

from openvideos_contract.contract import Contract
from openvideos_contract.outcome import Nonconformity, NotTested, Unsupported
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

AnyCase: TypeAlias = Case[Any]
AnyOperation: TypeAlias = APIOperation[Any, Any, Any, Any]

JSON = "application/json"
FORM = "multipart/form-data"
# Set anew for the gate, or schemathesis's own.
_NOT_SENT = frozenset(
    {"authorization", "content-length", "accept-encoding", "x-schemathesis-testcaseid"}
)
REQUEST_SCHEMAS = (
    "CreateVideoJson",
    "CreateVideoForm",
    "EditVideoJson",
    "EditVideoForm",
    "ExtendVideoJson",
    "ExtendVideoForm",
    "RemixVideoJson",
    "RemixVideoForm",
    "CreateCharacterForm",
    "InputReference",
    "VideoReference",
    "CharacterReference",
)


@attrs.frozen
class Broken:
    """A rule of the contract that a body breaks.

    Attributes:
        field: The field, empty for the body as a whole.
        rule: The keyword of the schema, such as "minLength".
        value: What was sent for it.
    """

    field: str
    rule: str
    value: Any

    def __str__(self) -> str:
        return f"{self.field or 'the body'} against {self.rule}"

    @property
    def meaningless(self) -> bool:
        """Whether no server can mean to accept it, whatever its catalogue and its leniency."""
        match self.field, self.rule:
            case "", "type":
                return True
            case "", "required":
                return "prompt" not in self.value
            case "prompt", "minLength":
                return True
            case "prompt", "type":
                return self.value is None or isinstance(self.value, list | dict)
            case (("size" | "seconds"), _):
                # A blank may mean nothing, and a digit a number, in one spelling or another.
                text = self.value
                return isinstance(text, str) and text.strip() != "" and not _has_digit(text)
        return False


def _has_digit(text: str) -> bool:
    return any(letter.isdigit() or letter.isnumeric() for letter in text)


class _Stopped(Exception):
    """Ends the generation of cases."""


class Generator:
    """Generates the requests of one run; the same seed generates the same ones."""

    def __init__(self, contract: Contract, configuration: Configuration, gate: Gate) -> None:
        self._contract = contract
        self._configuration = configuration
        self._gate = gate

    def run(
        self,
        operation_id: str,
        mode: GenerationMode,
        use: Callable[[AnyCase], None],
        *,
        examples: int,
        fuzzing_only: bool = False,
        change: Callable[[dict[str, Any]], None] = lambda document: None,
    ) -> None:
        """Generate requests of one operation and hand each to `use`.

        After `use` has raised, no further case is generated.

        Args:
            operation_id: The operation.
            mode: POSITIVE for requests that keep the contract, NEGATIVE for ones that break it.
            use: Sends and judges a case.
            examples: How many the fuzzing phase generates; coverage and examples come on top.
            fuzzing_only: Whether to leave out coverage and the contract's examples.
            change: Changes the contract's document before anything is generated from it.

        Raises:
            Nonconformity: What `use` raised.
            NotTested: What `use` raised, where no case was judged before.
        """
        judged = 0
        stopped: Exception | None = None

        def once(case: AnyCase) -> None:
            nonlocal judged, stopped
            # Hypothesis tries the last case once more, which is not sent again.
            if stopped is None:
                try:
                    use(case)
                except (Nonconformity, NotTested) as reason:
                    stopped = reason
                else:
                    judged += 1
            if stopped is not None:
                raise _Stopped

        modes = [HypothesisTestMode.FUZZING]
        if not fuzzing_only:
            modes += [HypothesisTestMode.EXAMPLES, HypothesisTestMode.COVERAGE]
        schema = self.schema(mode, change)
        run = create_test(
            operation=operation_of(schema, operation_id),
            test_func=once,
            config=HypothesisTestConfig(
                project=schema.config,
                modes=modes,
                settings=quiet_settings(examples),
                seed=self._configuration.seed,
            ),
        )
        # A dialect may leave nothing to an operation that could be sent wrongly.
        with contextlib.suppress(SkipTest, _Stopped):
            run()
        if isinstance(stopped, Nonconformity) or (stopped is not None and not judged):
            raise stopped

    def schema(
        self, mode: GenerationMode, change: Callable[[dict[str, Any]], None] = lambda _: None
    ) -> BaseSchema:
        """Return the contract as schemathesis knows it, its request schemas closed.

        Closed, so that a request that keeps the contract has no field that was made up.
        """
        document = copy.deepcopy(self._contract.document)
        document.pop("webhooks", None)
        for name in REQUEST_SCHEMAS:
            document["components"]["schemas"][name]["additionalProperties"] = False
        change(document)
        settings = {
            "seed": self._configuration.seed,
            "base-url": self._configuration.base_url,
            "generation": {"database": "none", "mode": mode.value, "allow-x00": False},
            "phases": {
                "coverage": {"unexpected-methods": []},
                "stateful": {"inference": {"algorithms": []}},
            },
            "cache": {"enabled": False},
        }
        return schemathesis.openapi.from_dict(
            document, config=SchemathesisConfig.from_dict(settings)
        )

    def send(self, case: AnyCase, *, family: str | None = None) -> Exchange:
        """Send a case through the gate."""
        prepared = prepare(case, self._configuration.base_url)
        headers = {
            name: value for name, value in prepared.headers.items() if name.lower() not in _NOT_SENT
        }
        headers["Accept-Encoding"] = "identity"
        key = self._configuration.api_key
        if key is not None:
            headers["Authorization"] = f"Bearer {key}"
        body = prepared.body or b""
        if isinstance(body, str):
            body = body.encode()
        if not isinstance(body, bytes):
            raise TypeError(f"a body of type {type(body).__name__} cannot be sent")
        request = httpx.Request(
            str(prepared.method),
            str(prepared.url),
            headers=[(k.encode("latin-1"), str(v).encode("latin-1")) for k, v in headers.items()],
            content=body,
        )
        return self._gate.pass_through(request, key=key, family=family)

    def broken_rules(self, case: AnyCase) -> list[Broken]:
        """Return the rules that the body of a case breaks as it goes over the wire.

        Empty where it keeps them, or where what it will be on the wire is not certain.
        """
        operation: Mapping[str, Any] = self._contract.document["paths"][case.operation.path]
        body = self._contract.resolve(operation[case.method.lower()]["requestBody"])
        content = body["content"].get(case.media_type)
        if content is None or case.media_type not in {JSON, FORM}:
            return []
        name = content["schema"]["$ref"].rpartition("/")[2]
        sent = case.body
        if case.media_type == FORM:
            schema = self._contract.resolve(content["schema"])
            sent = _as_form(sent, schema) if isinstance(sent, dict) else None
            if sent is None:
                return []
        return rules_broken_by(self._contract, name, sent)

    def broken_parameters(self, case: AnyCase) -> list[Broken]:
        """Return the rules that the query of a case breaks as it goes over the wire.

        Parameters that the contract does not know, and repeated ones, are not judged.
        """
        query = parse_qs(
            urlsplit(str(prepare(case, self._configuration.base_url).url)).query,
            keep_blank_values=True,
        )
        operation = self._contract.document["paths"][case.operation.path][case.method.lower()]
        found = []
        for reference in operation["parameters"]:
            parameter = self._contract.resolve(reference)
            values = query.get(parameter["name"], [])
            if parameter["in"] != "query" or len(values) != 1:
                continue
            schema = self._contract.resolve(parameter["schema"])
            whole = schema.get("type") == "integer" and re.fullmatch(r"-?[0-9]+", values[0])
            value: Any = int(values[0]) if whole else values[0]
            errors = self._contract.validator(schema).iter_errors(value)
            name = parameter["name"]
            found += [Broken(name, str(error.schema_path[-1]), value) for error in errors]
        return found


def rules_broken_by(contract: Contract, name: str, body: Any) -> list[Broken]:
    """Return the rules of the request schema `name` that a body breaks."""
    try:
        body = json.loads(json.dumps(body, default=lambda _: "<bytes>"))
    except (TypeError, ValueError):
        return []
    found = []
    schema = {"$ref": f"#/components/schemas/{name}"}
    for error in contract.validator(schema).iter_errors(body):
        value: Any = body
        for part in error.instance_path:
            value = value[part]
        field = "/".join(str(part) for part in error.instance_path)
        found.append(Broken(field, str(error.schema_path[-1]), value))
    return found


def operation_of(schema: BaseSchema, operation_id: str) -> AnyOperation:
    """Return an operation of a loaded schema by its id.

    Raises:
        Unsupported: The dialect says that there is none.
    """
    for found in schema.get_all_operations():
        if not isinstance(found, Ok):
            continue  # the contract is valid, which its own tests hold
        operation = found.ok()
        if operation.definition.raw.get("operationId") == operation_id:
            return operation
    raise Unsupported(f"the dialect has no operation {operation_id}")


def quiet_settings(examples: int) -> hypothesis.settings:
    """Return settings under which nothing is kept, shrunk, timed or printed."""
    return hypothesis.settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        suppress_health_check=list(hypothesis.HealthCheck),
        verbosity=hypothesis.Verbosity.quiet,
        report_multiple_bugs=False,
    )


def prepare(case: AnyCase, base_url: str) -> requests.PreparedRequest:
    """Return a case as it goes over the wire."""
    arguments = case.as_transport_kwargs(base_url=base_url)
    return requests.Request(**arguments).prepare()


def ask_about(case: AnyCase, video_id: str) -> None:
    """Let a case be about a video. Path parameters go into the path as they are."""
    case.path_parameters["video_id"] = quote(video_id, safe="")


def _as_form(body: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any] | None:
    """Return a form's fields as the text that they are on the wire, None where it is uncertain."""
    sent: dict[str, Any] = {}
    for name, value in body.items():
        array = schema["properties"].get(name, {}).get("type") == "array"
        if isinstance(value, list | dict) and not array:
            return None  # repeated, or encoded in one of several ways
        if array:
            # One part for each item: a single value is a list of one.
            items = value if isinstance(value, list) else [value]
            sent[name] = [_as_text(item) for item in items]
        else:
            sent[name] = _as_text(value)
    return sent


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return str(value)
    if isinstance(value, bytes):
        return "<bytes>"
    return json.dumps(value, default=lambda _: "<bytes>")
