"""The contract as the emulator needs it: which paths there are, and what each takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import attrs
from starlette.routing import compile_path

if TYPE_CHECKING:
    import re

PREFIX = "/v1"
_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


@attrs.frozen
class Operation:
    """One operation of the contract.

    Attributes:
        id: Its `operationId`.
        method: Its HTTP method, in capitals.
        path: Its path, with the prefix and with names in braces.
        query: The JSON Schema of each query parameter, by name.
        bodies: The JSON Schema of the request body, by content type.
    """

    id: str
    method: str
    path: str
    query: Mapping[str, Any]
    bodies: Mapping[str, Any]


@attrs.frozen
class Resource:
    """One path of the contract with its operations, by method."""

    path: str
    operations: Mapping[str, Operation]

    def operation(self, method: str) -> Operation | None:
        """Return the operation for a method, or None."""
        return self.operations.get("GET" if method == "HEAD" else method)


class Contract:
    """An OpenAPI document, read for serving it."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.schemas: Mapping[str, Any] = document["components"]["schemas"]
        resources = [
            Resource(PREFIX + path, self._operations(PREFIX + path, item))
            for path, item in document["paths"].items()
        ]
        self.operations = [each for item in resources for each in item.operations.values()]
        webhooks = document.get("webhooks", {})
        self.webhooks = [item["post"]["operationId"] for item in webhooks.values()]
        # A path's literal segments win over its named ones: /videos/edits is no video.
        resources.sort(key=lambda resource: resource.path.count("{"))
        self.resources = resources
        # A path without names is looked up; of the others only those of the same depth are tried.
        self._literal = {item.path: item for item in resources if "{" not in item.path}
        self._patterns: dict[int, list[tuple[re.Pattern[str], Resource]]] = {}
        for resource in resources:
            if resource.path in self._literal:
                continue
            alike = self._patterns.setdefault(resource.path.count("/"), [])
            alike.append((compile_path(resource.path)[0], resource))

    def find(self, path: str, raw_path: bytes = b"") -> tuple[Resource, dict[str, str]] | None:
        """Return the resource at a path and the values of the path's names, or None.

        Args:
            path: The path.
            raw_path: The path as it was sent: an escaped slash in it is a part of an id.
        """
        escaped = b"%2F" in raw_path or b"%2f" in raw_path
        if escaped:
            path = raw_path.decode("ascii")
        if literal := self._literal.get(path):
            return literal, {}
        for pattern, resource in self._patterns.get(path.count("/"), ()):
            if match := pattern.fullmatch(path):
                names = match.groupdict()
                if escaped:
                    names = {name: unquote(value) for name, value in names.items()}
                return resource, names
        return None

    def resolve(self, node: Any) -> Any:
        """Return what a node of the document means: itself, or what its `$ref` names."""
        while isinstance(node, Mapping) and "$ref" in node:
            reference = node["$ref"]
            node = self.document
            for segment in reference.removeprefix("#/").split("/"):
                node = node[segment]
        return node

    def offered(self, schema: str) -> list[str]:
        """Return the values that a schema offers, such as those of `VideoSize`."""
        return list(self.schemas[schema]["enum"])

    @property
    def refuses_unknown(self) -> bool:
        """Whether the dialect refuses fields that it does not know."""
        return self.schemas["CreateVideoJson"].get("additionalProperties") is False

    def _operations(self, path: str, item: Mapping[str, Any]) -> dict[str, Operation]:
        operations = {}
        for method in _METHODS:
            if method not in item:
                continue
            data = item[method]
            parameters = [self.resolve(each) for each in data.get("parameters", [])]
            body = self.resolve(data.get("requestBody", {}))
            operations[method.upper()] = Operation(
                id=data["operationId"],
                method=method.upper(),
                path=path,
                query={
                    each["name"]: each["schema"] for each in parameters if each["in"] == "query"
                },
                bodies={kind: media["schema"] for kind, media in body.get("content", {}).items()},
            )
        return operations
