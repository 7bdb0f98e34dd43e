"""`openvideos conform`: holds a server to the contract."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from openvideos_contract.settings.about import Kind
from openvideos_contract.settings.configuration import ConfigurationError
from openvideos_contract.settings.sources import CONFIG, gather
from openvideos_contract.settings.table import SETTINGS, Setting

app = typer.Typer(
    help="Hold a server to the contract.",
    pretty_exceptions_show_locals=False,
)

_COULD_NOT_RUN = 2
_INSTEAD = "Instead of a run"


def _conform(
    config: Annotated[
        Path | None,
        typer.Option(
            help=f"A TOML file of settings, named as the flags are. Otherwise {CONFIG}.",
            metavar="FILE",
        ),
    ] = None,
    compare: Annotated[
        tuple[Path, Path] | None,
        typer.Option(
            help="Tell what changed between two report.json; exits 1 where something is worse.",
            metavar="BEFORE AFTER",
            rich_help_panel=_INSTEAD,
        ),
    ] = None,
    clean_up: Annotated[
        str | None,
        typer.Option(
            help="Delete what a run that was killed left at the server.",
            metavar="RUN_ID",
            rich_help_panel=_INSTEAD,
        ),
    ] = None,
    **flags: Any,
) -> None:
    """Hold a server to the contract, for the price of a few short videos.

    Each setting can be given by its flag, by the environment (--max-videos is
    OPENVIDEOS_CONFORM_MAX_VIDEOS), or by the TOML file of --config
    (max-videos = 3). A flag goes before the environment, and that before the
    file.

    Exits 0 where the server conforms, 1 where it does not, 2 where it could
    not be tested, 3 where a MUST was not tested, 130 where it was interrupted.
    """
    if compare is not None and clean_up is not None:
        _refuse("--compare and --clean-up are two things: give one")
    # Imported here, so that the command is known without pytest and all that comes with it.
    try:
        from openvideos_contract.running import beside
        from openvideos_contract.running.conform import conform
    except ImportError as error:
        _refuse(f"{error}; install it with: pip install 'openvideos[contract]'")
    try:
        if compare is not None:
            raise typer.Exit(beside.compare(*compare))
        given = {name: flags[setting.field] for name, setting in SETTINGS.items()}
        settings = gather(given, os.environ, config)
        if clean_up is not None:
            raise typer.Exit(beside.clean_up(clean_up, settings))
    except ConfigurationError as error:
        _refuse(str(error))
    named = settings.pop("named_profiles", ())
    raise typer.Exit(conform(settings, named))


def _refuse(why: str) -> NoReturn:
    typer.echo(f"openvideos conform could not run: {why}", err=True)
    raise typer.Exit(_COULD_NOT_RUN)


def _parameter(setting: Setting) -> inspect.Parameter:
    switch = setting.about.kind is Kind.SWITCH
    default = f" Default: {setting.default:g}." if setting.default and not switch else ""
    kind: Any = (bool if switch else list[str] if setting.is_list else str) | None
    option = typer.Option(
        f"{setting.flag}/{setting.opposite}" if switch else setting.flag,
        help=setting.about.help + default,
        metavar=None if switch else setting.about.value or setting.about.kind.value,
        rich_help_panel=setting.about.group,
        show_default=False,
    )
    return inspect.Parameter(
        setting.field,
        inspect.Parameter.KEYWORD_ONLY,
        default=None,
        annotation=Annotated[kind, option],
    )


def _with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the settings' flags: Typer reads the options from its signature."""
    own = inspect.signature(command, eval_str=True).parameters.values()
    config, *others = (
        each.replace(kind=inspect.Parameter.KEYWORD_ONLY)
        for each in own
        if each.kind is not inspect.Parameter.VAR_KEYWORD
    )
    parameters = [config, *map(_parameter, SETTINGS.values()), *others]
    command.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # functions have it, unknown to mypy
    command.__annotations__ = {each.name: each.annotation for each in parameters}
    return command


app.command(name="conform")(_with_settings(_conform))
