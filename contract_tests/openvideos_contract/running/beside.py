"""What `openvideos conform` does in place of a run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import attrs
import typer

from openvideos_contract.judging.verdict import COULD_NOT_RUN
from openvideos_contract.outcome import printable
from openvideos_contract.reports import comparison
from openvideos_contract.running.preflight import CouldNotRun, preflight
from openvideos_contract.running.preparation import UNFIT_SETTINGS, prepare
from openvideos_contract.settings.configuration import masked
from openvideos_contract.wire import journal
from openvideos_contract.wire.made import NAMELESS


def compare(before: Path, after: Path) -> int:
    """Tell what changed between two reports; return 1 where something is worse, else 0.

    Raises:
        ConfigurationError: One of them is no report.
    """
    found = comparison.compare(comparison.read(before), comparison.read(after))
    typer.echo(comparison.text(found))
    return found.exit_code


def clean_up(run_id: str, settings: Mapping[str, Any]) -> int:
    """Delete what a run that was killed left, and tell what remains.

    Returns:
        0 where nothing is left, 1 where something is, and 2 where it could not be tried.
    """
    secrets = [settings.get("api_key"), settings.get("second_api_key")]
    try:
        contract, configuration = prepare(settings)
        secrets += configuration.secrets
        preflight(attrs.evolve(configuration, reuse_video=None), contract)
        left = journal.clean_up(run_id, configuration)
    except (*UNFIT_SETTINGS, CouldNotRun) as why:
        typer.echo(printable(masked(f"openvideos conform could not run: {why}", secrets)), err=True)
        return COULD_NOT_RUN
    if left:
        names = ", ".join(made.shown or NAMELESS for made in left)
        typer.echo(
            printable(masked(f"LEFT OVER, as the server did not delete them: {names}", secrets))
        )
        return 1
    typer.echo(f"nothing of the run {run_id} is left at {configuration.base_url}")
    return 0
