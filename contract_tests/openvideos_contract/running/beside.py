"""What `openvideos conform` does in place of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import typer

from openvideos_contract.judging.verdict import COULD_NOT_RUN
from openvideos_contract.outcome import printable
from openvideos_contract.reports import comparison
from openvideos_contract.settings.configuration import ConfigurationError


def compare(before: Path, after: Path) -> int:
    """Tell what changed between two reports; return 1 where something is worse, else 0."""
    try:
        changed = comparison.compare(comparison.read(before), comparison.read(after))
    except ConfigurationError as why:
        typer.echo(printable(f"openvideos conform could not compare: {why}"), err=True)
        return COULD_NOT_RUN
    typer.echo(comparison.text(changed))
    return changed.exit_code


def clean_up(run_id: str, settings: Mapping[str, Any]) -> int:
    """Delete what a run that was killed left; return 0 where nothing is left, else 1."""
    raise NotImplementedError
