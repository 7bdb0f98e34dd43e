"""`openvideos spec`: prints the contract, with or without a dialect."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
import yaml

from openvideos_spec._contract import ContractError, contract_path, dialect_names, load
from openvideos_spec._overlay import OverlayError

app = typer.Typer(help="Print the contract.")


@app.command()
def spec(
    dialect: Annotated[
        str | None,
        typer.Option(help=f"Lay a dialect over it: {', '.join(dialect_names())}, or a file."),
    ] = None,
) -> None:
    """Print the contract (OpenAPI 3.1, YAML), as the protocol or as one dialect of it."""
    try:
        if dialect is None:
            text = contract_path().read_text(encoding="utf-8")
        else:
            text = yaml.safe_dump(load(dialect), sort_keys=False, allow_unicode=True, width=100)
    except (ContractError, OverlayError) as error:
        typer.echo(f"openvideos spec: {error}", err=True)
        raise typer.Exit(2) from error
    sys.stdout.write(text)
