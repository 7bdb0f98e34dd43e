"""`openvideos emulator`."""

from __future__ import annotations

import sys
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import Annotated

import typer

app = typer.Typer(help="Run a server that keeps the contract, with no GPU and no bill.")

_USUAL_PORT = 8000
_ERROR = 1
_USAGE_ERROR = 2


@app.callback(invoke_without_command=True)
def emulator(
    context: typer.Context,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(
            help=f"Port to listen on; 0 picks a free one.  [default: {_USUAL_PORT}; with exec 0]"
        ),
    ] = None,
    db: Annotated[
        str | None,
        typer.Option(
            metavar="PATH_OR_URL",
            help="SQLite file that keeps the jobs. Without it they are gone when the emulator "
            "stops.",
        ),
    ] = None,
    reset: Annotated[bool, typer.Option("--reset", help="Empty the database first.")] = False,
    speed: Annotated[
        float,
        typer.Option(
            help="How many times faster than the real service videos are made: at 1, four seconds "
            "at 720p take about 55 seconds. Expiry is not divided."
        ),
    ] = 60.0,
    api_key: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY",
            help="Accept this API key; can be repeated. Without it any key is accepted. Each key "
            "sees only its own videos.",
        ),
    ] = None,
    dialect: Annotated[
        str,
        typer.Option(
            help="What is offered: the name of a dialect, an Overlay file, or `none` for the "
            "bare protocol, which is open to any model, size and length."
        ),
    ] = "openai",
    canned: Annotated[
        bool,
        typer.Option(
            "--canned",
            help="Any video and character id exists, completed; uploads are not looked at.",
        ),
    ] = False,
    faults: Annotated[
        Path | None, typer.Option(help="YAML or JSON file of faults to inject.")
    ] = None,
    port_file: Annotated[
        Path | None, typer.Option(help="Write the port to this file once the emulator answers.")
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", help="Log no requests.")] = False,
    until_stdin_closes: Annotated[bool, typer.Option("--until-stdin-closes", hidden=True)] = False,
) -> None:
    """Run a server that keeps the contract, with no GPU and no bill.

    Prints its base URL once it answers. A prompt that holds [moderation_blocked] is accepted and
    then refused by moderation.
    """
    if context.invoked_subcommand is not None:
        from openvideos_emulator.running import Emulator

        context.obj = Emulator(
            host=host,
            port=port or 0,
            db=db,
            reset=reset,
            speed=speed,
            api_keys=api_key or [],
            dialect=dialect,
            canned=canned,
            faults=faults,
            quiet=quiet,
        )
        return

    from openvideos_emulator.database import UnusableDatabaseError
    from openvideos_emulator.server import serve
    from openvideos_emulator.settings import Settings, SettingsError

    try:
        settings = Settings(
            host=host,
            port=_USUAL_PORT if port is None else port,
            database=db,
            reset=reset,
            speed=speed,
            api_keys=api_key or [],
            dialect=None if dialect == "none" else dialect,
            canned=canned,
            faults=faults,
            port_file=port_file,
            quiet=quiet,
            until_stdin_closes=until_stdin_closes,
        )
        serve(settings)
    except (SettingsError, UnusableDatabaseError) as error:
        sys.stderr.write(f"openvideos emulator: {error}\n")
        raise typer.Exit(_USAGE_ERROR) from error


@app.command("exec", context_settings={"ignore_unknown_options": True})
def execute(
    context: typer.Context,
    command: Annotated[list[str], typer.Argument(help="The command, after `--`.")],
) -> None:
    """Run a command with an emulator of its own, and end with the command's exit code.

    The command finds it by OPENVIDEOS_BASE_URL and OPENVIDEOS_API_KEY, and by OPENAI_BASE_URL and
    OPENAI_API_KEY.
    """
    from openvideos_emulator.running import EmulatorError, run_beside

    try:
        code = run_beside(context.obj, command)
    except EmulatorError as error:
        sys.stderr.write(f"openvideos emulator exec: {error}\n")
        raise typer.Exit(_ERROR) from error
    raise typer.Exit(code)
