# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

from typing import Literal

ExtensionSeconds = Literal["12", "16", "20", "4", "8"]

EXTENSION_SECONDS_VALUES: set[ExtensionSeconds] = {
    "12",
    "16",
    "20",
    "4",
    "8",
}


def check_extension_seconds(value: str) -> ExtensionSeconds:
    if value in EXTENSION_SECONDS_VALUES:
        return value
    raise TypeError(f"Unexpected value {value!r}. Expected one of {EXTENSION_SECONDS_VALUES!r}")
