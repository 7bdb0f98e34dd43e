"""Holds the suite's own requests to the contract, so that it blames itself and not a server."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from openvideos_contract.contract import Contract
from openvideos_contract.outcome import Prohibited, shorten

JSON = "application/json"
FORM = "multipart/form-data"


def require_right(
    contract: Contract, method: str, path: str, *, json: Any, form: Mapping[str, Any] | None
) -> None:
    """Go on unless a request that should be taken breaks the contract.

    A path, or an encoding, that the contract does not have is not judged.

    Args:
        contract: The contract, with the dialect.
        method: In capitals.
        path: Below the base URL.
        json: The body, where it is JSON.
        form: The body, where it is a form: text, or a tuple for a file.

    Raises:
        Prohibited: It breaks the contract, which is the suite's own fault.
    """
    operation = contract.operation(method, path)
    if operation is None or (json is None and form is None):
        return
    described = contract.document["paths"][operation.path][method.lower()].get("requestBody", {})
    content = contract.resolve(described).get("content", {}).get(JSON if form is None else FORM)
    if content is None:
        return
    sent = json if form is None else _as_described(form, contract.resolve(content["schema"]))
    error = next(contract.validator(content["schema"]).iter_errors(sent), None)
    if error is not None:
        where = "/".join(map(str, error.instance_path)) or "the body"
        raise Prohibited(
            f"{method} {path} breaks the contract that it should keep: at {where}: "
            f"{shorten(error.message, 300)}"
        )


def _as_described(form: Mapping[str, Any], schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return a form as its schema sees it: a file as text, a field that repeats as a list."""
    fields = schema.get("properties", {})
    found: dict[str, Any] = {}
    for name, value in form.items():
        text = "<file>" if isinstance(value, tuple) else str(value)
        found[name] = [text] if fields.get(name, {}).get("type") == "array" else text
    return found
