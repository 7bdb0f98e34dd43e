"""Changes what a contract offers: to a server's own models, sizes and lengths."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openvideos_emulator.catalogue import parsed_seconds, parsed_size, seconds_text
from openvideos_emulator.http.errors import ApiError
from openvideos_emulator.settings import SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from openvideos_emulator.settings import Settings


def with_offers(document: Mapping[str, Any], settings: Settings) -> dict[str, Any]:
    """Return a contract that offers what the settings say, and nothing else of its kind.

    What they say nothing about stays as it was: offered by the dialect, or open.

    Args:
        document: The contract.
        settings: Holds `models`, `sizes` and `seconds`; the first value of each is the default.

    Raises:
        SettingsError: No video can be made of a size or a length, of the settings or the dialect.
    """
    models = list(dict.fromkeys(settings.models))
    sizes = _as_shown("--sizes", settings.sizes, lambda text: str(parsed_size(text)))
    seconds = _as_shown(
        "--seconds", settings.seconds, lambda text: seconds_text(parsed_seconds(text))
    )
    replaced = {
        ("VideoModel", "AnyVideoModel"): models,
        ("VideoSize", "AnyVideoSize"): sizes,
        ("VideoSeconds", "AnyVideoSeconds"): seconds,
        ("ExtensionSeconds", "AnyExtensionSeconds"): seconds,
    }
    changes: dict[str, dict[str, Any]] = {}
    for (known, any_), values in replaced.items():
        if values:
            changes[known] = {"enum": values}
            changes[any_] = {"anyOf": [{"$ref": f"#/components/schemas/{known}"}]}
    changed = with_schemas(document, changes)
    _refuse_impossible(changed["components"]["schemas"])
    return changed


def with_schemas(
    document: Mapping[str, Any], changes: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any]:
    """Return a contract in which some keywords of some schemas are others; None removes one."""
    components = document["components"]
    schemas = dict(components["schemas"])
    for name, keywords in changes.items():
        changed = {**schemas[name], **keywords}
        schemas[name] = {key: value for key, value in changed.items() if value is not None}
    return {**document, "components": {**components, "schemas": schemas}}


def _refuse_impossible(schemas: Mapping[str, Any]) -> None:
    checks: dict[str, Callable[[str], object]] = {
        "VideoModel": str,
        "VideoSize": parsed_size,
        "VideoSeconds": parsed_seconds,
        "ExtensionSeconds": parsed_seconds,
    }
    for name, check in checks.items():
        offered = schemas.get(name, {}).get("enum")
        if not offered:
            raise SettingsError(
                f"--dialect: {name} has no list of values (`enum`), the first of which would be "
                "the default"
            )
        try:
            for value in offered:
                check(value)
        except ApiError as error:
            raise SettingsError(f"--dialect: {name}: {error.message}") from error


def _as_shown(option: str, values: Sequence[str], shown: Callable[[str], str]) -> list[str]:
    """Return values as a Video shows them, 5 for 5.0, so that what it shows can be asked for."""
    try:
        return list(dict.fromkeys(map(shown, values)))
    except ApiError as error:
        raise SettingsError(f"{option}: {error.message}") from error
