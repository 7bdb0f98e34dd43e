"""Finds and reads the contract and its dialects."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from openvideos_spec._overlay import OverlayError, apply_overlay

_HERE = Path(__file__).parent
_DIALECT_SUFFIX = ".overlay.yaml"


class ContractError(Exception):
    """The contract or a dialect cannot be read; the message says which file, and what to do."""


def contract_path() -> Path:
    """Return the path of `openapi.yaml` as this package ships it.

    Raises:
        ContractError: The checkout was made without symbolic links, so the file holds the path
            of the contract in place of the contract.
    """
    path = _HERE / "openapi.yaml"
    if not path.exists():
        raise ContractError(f"{path} is missing: install the openvideos package again")
    with path.open(encoding="utf-8") as file:
        start = file.readline().strip()
    if start.endswith("openapi.yaml"):
        raise ContractError(
            f"{path} holds the text {start!r} in place of the contract: this checkout has no "
            "symbolic links. Run `git config core.symlinks true` and check the file out again, "
            "or install the openvideos wheel."
        )
    return path


def dialect_names() -> list[str]:
    """Return the names of the dialects that ship with the package, sorted."""
    files = (_HERE / "dialects").glob(f"*{_DIALECT_SUFFIX}")
    return sorted(file.name.removesuffix(_DIALECT_SUFFIX) for file in files)


def load(dialect: str | Path | None = None) -> dict[str, Any]:
    """Return the contract as plain dicts and lists, a fresh copy at each call.

    Args:
        dialect: The name of a shipped dialect (`openai`), or the path of an Overlay document of
            your own. None is the bare protocol.

    Raises:
        ContractError: A file cannot be read, or a name is not a dialect.
        OverlayError: The dialect does not fit the contract.
    """
    document = _read(contract_path())
    if dialect is None:
        return document
    try:
        return apply_overlay(document, load_dialect(dialect))
    except OverlayError as error:
        raise OverlayError(f"dialect {dialect}: {error}") from error


def load_dialect(dialect: str | Path) -> dict[str, Any]:
    """Return a dialect's Overlay document, its `x-openvideos` part included.

    Args:
        dialect: The name of a shipped dialect, or the path of an Overlay document.

    Raises:
        ContractError: There is no such dialect, or its file cannot be read.
    """
    return _read(dialect_path(dialect))


def dialect_path(dialect: str | Path) -> Path:
    """Return the path of a dialect's Overlay document.

    Args:
        dialect: The name of a shipped dialect, or the path of an Overlay document.

    Raises:
        ContractError: There is no such dialect.
    """
    if dialect in dialect_names():
        return _HERE / "dialects" / f"{dialect}{_DIALECT_SUFFIX}"
    path = Path(dialect)
    if not path.is_file():
        known = ", ".join(dialect_names())
        raise ContractError(
            f"there is no dialect {str(dialect)!r}: the shipped ones are {known}; "
            "or give the path of an Overlay file"
        )
    return path


def _read(path: Path) -> dict[str, Any]:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        text = path.read_text(encoding="utf-8")
        document = yaml.load(text, Loader=loader)  # noqa: S506 - both loaders build plain data only
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise ContractError(f"{path} cannot be read as YAML: {error}") from error
    if not isinstance(document, dict):
        raise ContractError(f"{path} holds no YAML mapping")
    return document
