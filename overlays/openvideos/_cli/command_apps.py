"""Makes the Typer application of a command."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import typer

from .exit_codes import EPILOG, ExitCode
from .option_groups import with_option_groups

if TYPE_CHECKING:
    from collections.abc import Callable


def command_app(command: Callable[..., None], *, epilog: str = EPILOG) -> typer.Typer:
    """Return the application of one command, whose help ends with the exit codes."""
    spread = with_option_groups(command)

    @functools.wraps(spread)
    def run(**values: Any) -> None:
        try:
            spread(**values)
        except KeyboardInterrupt:
            raise typer.Exit(ExitCode.INTERRUPTED) from None

    app = typer.Typer(add_completion=False)
    app.command(epilog=epilog)(run)
    return app
