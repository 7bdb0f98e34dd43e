"""What `openvideos conform` does in place of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from openvideos_contract.reports import comparison


def compare(before: Path, after: Path) -> int:
    """Tell what changed between two reports; return 1 where something is worse, else 0.

    Raises:
        ConfigurationError: One of them is no report.
    """
    found = comparison.compare(comparison.read(before), comparison.read(after))
    typer.echo(comparison.text(found))
    return found.exit_code


def clean_up(run_id: str, settings: Mapping[str, Any]) -> int:
    """Delete what a run that was killed left; return 0 where nothing is left, else 1."""
    raise NotImplementedError
