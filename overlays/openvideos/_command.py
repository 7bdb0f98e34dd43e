"""The `openvideos` command: joins the subcommands that the installed extras bring.

Each subcommand is an entry point of the group `openvideos.commands`, a `typer.Typer`, marked with
the extra that it needs. So the client imports none of them, and a missing extra is named.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from importlib.metadata import EntryPoint, entry_points, version
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import typer

GROUP = "openvideos.commands"


def main() -> None:
    """Run the `openvideos` command."""
    try:
        _run()
    except KeyboardInterrupt:  # while something is still being loaded; commands see to it later
        sys.exit(130)
    except OSError as error:  # commands see to their own; this is most often a stdout that is full
        _give_up_stdout()
        sys.exit(f"openvideos: {error}")


def _give_up_stdout() -> None:
    # What it did not take is still in its buffer, and would end the interpreter with an error.
    if sys.stdout is not None:
        with suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run() -> None:
    try:
        app = _application()
    except ModuleNotFoundError as error:
        sys.exit(_missing("the command line", "cli", error))
    app(prog_name="openvideos")


def _application() -> typer.Typer:
    # The bare install has no typer: it is imported when the command runs, not when the client is.
    import typer
    from typer.core import TyperGroup

    commands = {command.name: command for command in entry_points(group=GROUP)}

    class Subcommands(TyperGroup):
        """Loads a subcommand when it is asked for, so that none slows the others down."""

        def list_commands(self, ctx: object) -> list[str]:
            return sorted(commands)

        def get_command(self, ctx: object, cmd_name: str) -> Any:  # typer's own type is private
            return load(commands[cmd_name]) if cmd_name in commands else None

        def invoke(self, ctx: Any) -> Any:
            try:
                return super().invoke(ctx)
            except ModuleNotFoundError as error:  # of what a command loads when it runs
                if is_ours(error):
                    raise
                refuse(commands[ctx.invoked_subcommand], error)

    def load(command: EntryPoint) -> Any:
        try:
            loaded = typer.main.get_command(command.load())
        except ModuleNotFoundError as error:
            if is_ours(error):
                raise
            loaded = typer.main.get_command(unavailable(command, error))
        loaded.name = command.name
        return loaded

    def unavailable(command: EntryPoint, error: ModuleNotFoundError) -> typer.Typer:
        substitute = typer.Typer()

        @substitute.command(
            help=f"Not installed: it needs the extra `{extra_of(command)}`.",
            context_settings={"ignore_unknown_options": True, "help_option_names": []},
        )
        def stand_in(arguments: list[str] | None = typer.Argument(None)) -> None:
            refuse(command, error)

        return substitute

    def refuse(command: EntryPoint, error: ModuleNotFoundError) -> NoReturn:
        typer.echo(_missing(command.name, extra_of(command), error), err=True)
        raise typer.Exit(2)

    def extra_of(command: EntryPoint) -> str:
        return command.extras[0] if command.extras else "all"

    def is_ours(error: ModuleNotFoundError) -> bool:
        """Tell whether it is a fault of ours, and not an extra that is not installed."""
        return (error.name or "").startswith("openvideos")

    def show_version(wanted: bool) -> None:
        if wanted:
            typer.echo(version("openvideos"))
            raise typer.Exit

    app = typer.Typer(
        cls=Subcommands,
        no_args_is_help=True,
        context_settings={"help_option_names": ["-h", "--help"]},
        pretty_exceptions_show_locals=False,
    )

    @app.callback()
    def openvideos(
        version: bool = typer.Option(
            False, "--version", callback=show_version, is_eager=True, help="Print the version."
        ),
    ) -> None:
        """The OpenAI-compatible Videos protocol: contract, client, emulator, conformance suite."""

    return app


def _missing(what: str, extra: str, error: ModuleNotFoundError) -> str:
    return f"openvideos: {what} needs {error.name}: run pip install 'openvideos[{extra}]'"
