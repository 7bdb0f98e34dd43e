"""The contract under test: its operations, and what each may answer."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import attrs
import jsonschema_rs

import openvideos_spec
from openvideos_contract.judging import requirements
from openvideos_contract.judging.expectations import DialectError, Expectations
from openvideos_contract.settings.configuration import PROFILES

_MEDIA_TYPES = {"json": "application/json", "form": "multipart/form-data"}
METHODS = ("get", "post", "put", "patch", "delete")


@attrs.frozen
class Operation:
    """One operation of the contract.

    Attributes:
        id: Its operationId.
        method: In capitals.
        path: The template, such as `/videos/{video_id}`.
        responses: Its answers by status, references resolved.
    """

    id: str
    method: str
    path: str
    responses: Mapping[str, Any]

    @cached_property
    def _pattern(self) -> re.Pattern[str]:
        parts = re.split(r"\{\w+\}", self.path)
        return re.compile("[^/]+".join(map(re.escape, parts)) + "/?")

    @property
    def templated(self) -> bool:
        """Whether the path holds a parameter."""
        return "{" in self.path

    def matches(self, method: str, path: str) -> bool:
        """Return whether a request of `method` to `path`, below the base URL, is this operation."""
        return method == self.method and self._pattern.fullmatch(path) is not None

    def response(self, status: int) -> Mapping[str, Any] | None:
        """Return the answer that is described for `status`: itself, its class, or the default."""
        for key in (str(status), f"{status // 100}XX", "default"):
            if key in self.responses:
                found: Mapping[str, Any] = self.responses[key]
                return found
        return None


class Contract:
    """The contract as the suite needs it, with a dialect laid over it where one was given.

    Attributes:
        document: The contract, the dialect applied.
        dialect: The dialect's Overlay document; empty without one.
        dialect_text: The dialect as its file has it, comments and all; empty without one.
    """

    def __init__(
        self,
        document: dict[str, Any],
        dialect: Mapping[str, Any] | None = None,
        dialect_text: str = "",
    ) -> None:
        self.document = document
        self.dialect = dialect or {}
        self.dialect_text = dialect_text
        self._validators: dict[str, jsonschema_rs.Validator] = {}

    @classmethod
    def load(cls, dialect: str | None) -> Contract:
        """Return the contract with `dialect` applied.

        Raises:
            openvideos_spec.ContractError: There is no such dialect.
            openvideos_spec.OverlayError: It does not fit the contract.
            DialectError: What it says of its server cannot be right.
        """
        document = openvideos_spec.load(dialect)
        if dialect is None:
            return cls(document)
        text = openvideos_spec.dialect_path(dialect).read_text("utf-8")
        contract = cls(document, openvideos_spec.load_dialect(dialect), text)
        try:
            contract.expectations  # noqa: B018 - read for what it raises, before anything is sent
            contract.require_schemas()
        except DialectError as error:
            raise DialectError(f"dialect {dialect}: {error}") from error
        return contract

    @property
    def version(self) -> str:
        """The contract's version."""
        return str(self.document["info"]["version"])

    @property
    def digest(self) -> str:
        """The beginning of the SHA-256 of the contract with its dialect."""
        canonical = json.dumps(self.document, sort_keys=True).encode()
        return hashlib.sha256(canonical).hexdigest()[:16]

    @property
    def profiles(self) -> list[str] | None:
        """The profiles that the dialect says its server offers; None without a dialect."""
        return list(self.expectations.profiles) if self.dialect else None

    @cached_property
    def expectations(self) -> Expectations:
        """What the dialect says of its server.

        Raises:
            DialectError: It cannot be right.
        """
        return Expectations.of(
            self.dialect, profiles=PROFILES, requirements=requirements.load().keys()
        )

    @cached_property
    def operations(self) -> tuple[Operation, ...]:
        """Every operation, those without path parameters first."""
        found = [
            Operation(
                id=operation["operationId"],
                method=method.upper(),
                path=path,
                responses={
                    str(status): self.resolve(response)
                    for status, response in operation["responses"].items()
                },
            )
            for path, item in self.document["paths"].items()
            for method, operation in item.items()
            if method in METHODS
        ]
        return tuple(sorted(found, key=lambda operation: operation.templated))

    def operation(self, method: str, path: str) -> Operation | None:
        """Return the operation that a request calls, None where the contract knows none."""
        return next((found for found in self.operations if found.matches(method, path)), None)

    def resolve(self, node: Any) -> Any:
        """Return `node`, or what its `$ref` points to."""
        while isinstance(node, dict) and "$ref" in node:
            target: Any = self.document
            for part in node["$ref"].removeprefix("#/").split("/"):
                target = target[part.replace("~1", "/").replace("~0", "~")]
            node = target
        return node

    def validator(self, schema: Any) -> jsonschema_rs.Validator:
        """Return a compiled validator of `schema`, which may refer to the contract's components."""
        key = json.dumps(schema, sort_keys=True)
        if key not in self._validators:
            whole = {"allOf": [schema], "components": self.document["components"]}
            self._validators[key] = jsonschema_rs.Draft202012Validator(whole)
        return self._validators[key]

    def require_schemas(self) -> None:
        """Go on if every schema can be used, so that no server is blamed for one that cannot.

        Raises:
            DialectError: One is no JSON Schema, or refers to something that is not there.
        """
        schemas = [
            {"$ref": f"#/components/schemas/{name}"}
            for name in self.document["components"]["schemas"]
        ]
        try:
            self.validator({"allOf": schemas})
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError) as error:
            path = getattr(error, "instance_path", [])
            at = f"at {'/'.join(map(str, path))}: " if path else ""
            why = getattr(error, "message", "") or str(error)
            raise DialectError(f"it leaves no JSON Schema: {at}{why}") from error

    @cached_property
    def whole_numbers(self) -> tuple[str, ...]:
        """The fields of a Video that are whole numbers."""
        fields = self.document["components"]["schemas"]["Video"]["properties"]
        return tuple(
            name
            for name, schema in fields.items()
            if "integer" in (kinds if isinstance(kinds := schema.get("type"), list) else [kinds])
        )

    @cached_property
    def video_fields(self) -> tuple[str, ...]:
        """The fields of a Video."""
        return tuple(self.document["components"]["schemas"]["Video"]["properties"])

    @cached_property
    def encodings(self) -> tuple[str, ...]:
        """The encodings in which a create is taken, of "json" and "form"."""
        create = next(found for found in self.operations if found.id == "create_video")
        operation = self.document["paths"][create.path][create.method.lower()]
        content = self.resolve(operation["requestBody"])["content"]
        return tuple(name for name, kind in _MEDIA_TYPES.items() if kind in content)

    def known(self, name: str) -> list[str]:
        """Return the values that the contract lists in the schema `name`."""
        return [str(value) for value in self.document["components"]["schemas"][name]["enum"]]

    def requires(self, field: str) -> bool:
        """Return whether every create has to have a field, as a dialect may say of the model."""
        return field in self.document["components"]["schemas"]["CreateVideoJson"]["required"]

    def closed(self, name: str) -> bool:
        """Return whether only the listed values are allowed, as a dialect's catalogue has it."""
        return len(self.document["components"]["schemas"][f"Any{name}"]["anyOf"]) == 1
