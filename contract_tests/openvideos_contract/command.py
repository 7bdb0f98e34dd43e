"""`openvideos conform`: holds a server to the contract."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from openvideos_contract.settings.configuration import from_environment

app = typer.Typer(help="Hold a server to the contract.")


@app.command()
def conform(
    base_url: Annotated[
        str | None,
        typer.Option(
            help="The server's address with its prefix, often /v1. "
            "Otherwise OPENVIDEOS_BASE_URL or OPENAI_BASE_URL."
        ),
    ] = None,
    api_key: Annotated[
        str | None,
        typer.Option(
            help="The key to use; none for a server without keys. "
            "Otherwise OPENVIDEOS_API_KEY or OPENAI_API_KEY."
        ),
    ] = None,
    second_api_key: Annotated[
        str | None,
        typer.Option(
            help="Another tenant's key, to test isolation.", envvar="OPENVIDEOS_SECOND_API_KEY"
        ),
    ] = None,
    dialect: Annotated[
        str | None, typer.Option(help="A dialect's name (openai) or file; adds its catalogue.")
    ] = None,
    profile: Annotated[
        list[str] | None,
        typer.Option(
            help="core, remix, auth, media, catalogue, edits, characters, webhooks, gateway, "
            "or all; repeatable. Left out: those of the dialect, else core, remix, auth and media."
        ),
    ] = None,
    max_videos: Annotated[
        int, typer.Option(help="The most jobs that the server may accept, over the whole run.")
    ] = 12,
    report_dir: Annotated[
        Path | None, typer.Option(help="Where report.json and junit.xml are written.")
    ] = None,
    seed: Annotated[int, typer.Option(help="Of the generated requests.")] = 1,
    job_timeout: Annotated[
        float, typer.Option(help="Seconds within which a job must end.")
    ] = 600.0,
    request_timeout: Annotated[
        float, typer.Option(help="Seconds within which a request must be answered whole.")
    ] = 60.0,
    model: Annotated[str | None, typer.Option(help="The model to ask for.")] = None,
    size: Annotated[str | None, typer.Option(help="The size to ask for, 720x1280.")] = None,
    seconds: Annotated[str | None, typer.Option(help="The length to ask for, 4.")] = None,
    allow_incomplete: Annotated[
        bool, typer.Option("--allow-incomplete", help="Exit 0 though a MUST was not tested.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option(help="Test only this requirement, by id; repeatable.")
    ] = None,
    skip: Annotated[
        list[str] | None, typer.Option(help="Leave out this requirement, by id; repeatable.")
    ] = None,
) -> None:
    """Hold a server to the contract, for the price of a few short videos.

    Exits 0 where the server conforms, 1 where it does not, 2 where the suite could not run, and 3
    where a MUST was not tested.
    """
    # Imported here, so that the command is known without pytest and all that comes with it.
    try:
        from openvideos_contract.running.conform import conform as run
    except ImportError as error:
        what = f"openvideos conform could not run: {error}"
        typer.echo(f"{what}; install it with: pip install 'openvideos[contract]'", err=True)
        raise typer.Exit(2) from error

    named = list(profile or [])
    settings: dict[str, Any] = {
        "base_url": base_url or from_environment("BASE_URL"),
        "api_key": api_key or from_environment("API_KEY"),
        "second_api_key": second_api_key,
        "dialect": dialect,
        "max_videos": max_videos,
        "report_dir": report_dir,
        "seed": seed,
        "job_timeout": job_timeout,
        "request_timeout": request_timeout,
        "model": model,
        "size": size,
        "seconds": seconds,
        "allow_incomplete": allow_incomplete,
        "only": frozenset(only or []),
        "skip": frozenset(skip or []),
    }
    raise typer.Exit(run(settings, named))
