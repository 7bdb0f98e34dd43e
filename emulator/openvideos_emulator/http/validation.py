"""Checks requests against the contract and says what is wrong in the official wording.

Nothing here knows a field or a value: both come from the contract and its dialect.
"""

from __future__ import annotations

from collections.abc import Sized
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from openvideos_emulator.http.errors import (
    ApiError,
    bad_request,
    invalid_type,
    invalid_value,
    joined,
    missing_parameter,
    shortened,
    unknown_parameter,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_EXPECTED = {
    "string": "a string",
    "integer": "an integer",
    "number": "a number",
    "boolean": "a boolean",
    "object": "an object",
    "array": "an array",
    "null": "null",
}


class Checker:
    """Holds values to one JSON Schema of the contract."""

    def __init__(self, document: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
        """Compile the schema.

        Args:
            document: The contract, which the schema's references lead into.
            schema: The schema of a request body or of the query.
        """
        whole = {"components": document["components"], **schema}
        self._validator = jsonschema_rs.Draft202012Validator(whole, validate_formats=True)

    def check(self, value: Any) -> None:
        """Refuse a value that breaks the schema.

        Raises:
            ApiError: 400, for the first rule that is broken.
        """
        try:
            broken = next(iter(self._validator.iter_errors(value)), None)
        except ValueError as error:
            raise bad_request(f"The request cannot be checked: {error}.") from error
        if broken is not None:
            raise _refusal([broken])


def query_schema(parameters: Mapping[str, Any], *, closed: bool) -> dict[str, Any]:
    """Return the schema of a whole query.

    Args:
        parameters: The schema of each parameter, by name.
        closed: Whether further parameters are refused.
    """
    schema: dict[str, Any] = {"type": "object", "properties": dict(parameters)}
    if closed:
        schema["additionalProperties"] = False
    return schema


def _refusal(errors: Sequence[jsonschema_rs.ValidationError]) -> ApiError:
    # Alternatives go from closed to open, and the last one says what is really asked for.
    arms = [arm for error in errors for arm in _alternatives(error)[-1:]]
    if arms:
        return _refusal(arms[0])
    by_rule = {error.kind.name: error for error in errors}
    error = errors[0]
    path = _dotted(error.instance_path)
    kind: Any = error.kind
    if "enum" in by_rule and isinstance(error.instance, str):
        return invalid_value(path, error.instance, _listed(by_rule["enum"]))
    match kind.name:
        case "required":
            return missing_parameter(_dotted([*error.instance_path, kind.property]))
        case "additionalProperties":
            return unknown_parameter(_dotted([*error.instance_path, kind.unexpected[0]]))
        case "type" | "enum":
            return _wrong_type(path, error, by_rule)
        case "minLength" | "maxLength" | "minItems" | "maxItems" | "minimum" | "maximum":
            return _out_of_bounds(path, error)
        case "pattern":
            return bad_request(
                f"Invalid '{path}': '{shortened(str(error.instance))}' does not match the "
                f"pattern {kind.pattern}.",
                param=path,
                code="invalid_value",
            )
        case "minProperties" | "maxProperties":
            return bad_request(
                f"Invalid '{path}': expected exactly {kind.limit} of its fields, "
                f"but got {_length(error.instance)}.",
                param=path,
                code="invalid_value",
            )
        case "format":
            return bad_request(
                f"Invalid '{path}': expected a valid {kind.format}.",
                param=path,
                code="invalid_value",
            )
        case _:
            return bad_request(
                f"Invalid '{path}': {shortened(error.message)}.", param=path, code="invalid_value"
            )


def _alternatives(
    error: jsonschema_rs.ValidationError,
) -> list[list[jsonschema_rs.ValidationError]]:
    return list(getattr(error.kind, "context", []))


def _wrong_type(
    path: str,
    error: jsonschema_rs.ValidationError,
    by_rule: Mapping[str, jsonschema_rs.ValidationError],
) -> ApiError:
    if "enum" in by_rule:
        expected = f"one of {joined(_listed(by_rule['enum']), 'or')}"
    else:
        kind: Any = error.kind
        expected = " or ".join(_EXPECTED[each] for each in kind.types)
    if not path:
        return bad_request(f"Invalid request body: expected {expected}, but got {_got(error)}.")
    return invalid_type(path, expected, _got(error))


def _out_of_bounds(path: str, error: jsonschema_rs.ValidationError) -> ApiError:
    kind: Any = error.kind
    limit, value = kind.limit, error.instance
    if kind.name == "minLength" and not value:
        return bad_request(
            f"Invalid '{path}': empty string. Expected a string with minimum length {limit}, "
            "but got an empty string instead.",
            param=path,
            code="empty_string",
        )
    bound = "minimum" if kind.name.startswith("min") else "maximum"
    side = "below" if bound == "minimum" else "above"
    if kind.name in ("minimum", "maximum"):
        sign = ">=" if bound == "minimum" else "<="
        return bad_request(
            f"Invalid '{path}': integer {side} {bound} value. Expected a value {sign} {limit}, "
            f"but got {shortened(str(value))} instead.",
            param=path,
            code=f"integer_{side}_{bound[:3]}_value",
        )
    noun = "string" if kind.name.endswith("Length") else "array"
    size = "short" if bound == "minimum" else "long"
    article = "a" if noun == "string" else "an"
    return bad_request(
        f"Invalid '{path}': {noun} too {size}. Expected {article} {noun} with {bound} length "
        f"{limit}, but got {article} {noun} with length {_length(value)} instead.",
        param=path,
        code=f"{noun}_{side}_{bound[:3]}_length",
    )


def _length(value: object) -> int:
    return len(value) if isinstance(value, Sized) else 0


def _listed(error: jsonschema_rs.ValidationError) -> list[str]:
    kind: Any = error.kind
    return [str(option) for option in kind.options]


def _got(error: jsonschema_rs.ValidationError) -> str:
    match error.instance:
        case None:
            return "null"
        case bool():
            return "a boolean"
        case int():
            return "an integer"
        case float():
            return "a decimal"
        case str():
            return "a string"
        case list():
            return "an array"
        case _:
            return "an object"


def _dotted(path: Iterable[str | int]) -> str:
    text = ""
    for segment in path:
        if isinstance(segment, int):
            text += f"[{segment}]"
        else:
            text += f".{segment}" if text else segment
    return shortened(text)
