"""`openvideos emulator`."""

from __future__ import annotations

import gc
import inspect
import os
import sys
from pathlib import Path  # noqa: TC003 - Typer reads the annotations
from typing import TYPE_CHECKING, Annotated, Any, NoReturn

import typer

from openvideos_emulator.configuration import (
    PREFIX,
    from_environment,
    from_file,
    to_file,
    variable_of,
)
from openvideos_emulator.settings import (
    SETTINGS,
    Settings,
    SettingsError,
    about,
    flag_of,
    is_list,
)

if TYPE_CHECKING:
    import attrs

app = typer.Typer(
    help="Run a server that keeps the contract, with no GPU and no bill.",
    pretty_exceptions_show_locals=False,
)

_ERROR = 1
_USAGE_ERROR = 2


def _refuse(error: Exception) -> NoReturn:
    sys.stderr.write(f"openvideos emulator: {error}\n")
    raise typer.Exit(_USAGE_ERROR) from error


def _configure(context: typer.Context, file: Path | None) -> Path | None:
    """Take what no flag says from the environment, and what that does not say from a file."""
    if context.resilient_parsing:
        return file
    parameters = {parameter.name: parameter for parameter in context.command.params}
    found: dict[str, Any] = {}
    try:
        told = [(f"--config {file}", from_file(file))] if file else []
        for source, values in [*told, ("", from_environment(os.environ))]:
            for name, value in values.items():
                setting = SETTINGS[name]
                if is_list(setting) and isinstance(value, str):
                    value = [value]
                try:
                    parameters[setting.alias].type_cast_value(context, value)
                except typer.BadParameter as error:
                    where = f"{source}: {name}" if source else variable_of(name)
                    raise SettingsError(f"{where}: {error.message}") from error
                found[setting.alias or name] = value
    except SettingsError as error:
        _refuse(error)
    context.default_map = found
    return file


def _parameter(setting: attrs.Attribute[Any]) -> inspect.Parameter:
    told, flag = about(setting), flag_of(setting)
    flags = [f"{flag}/--no-{flag[2:]}"] if setting.type is bool else [flag]
    option = typer.Option(
        *(flags if told.also is None else [told.also, *flags]),
        help=told.help,
        metavar=told.value,
        rich_help_panel=told.group,
        hidden=told.hidden,
        show_default=setting.default not in (None, False, ()),
    )
    return inspect.Parameter(
        str(setting.alias),
        inspect.Parameter.KEYWORD_ONLY,
        default=setting.default,
        annotation=Annotated[list[str] if is_list(setting) else setting.type, option],
    )


def _emulator(
    context: typer.Context,
    config: Annotated[
        Path | None,
        typer.Option(
            help="TOML file of settings, named as the flags are. Flags and the environment go "
            "before it.",
            metavar="FILE",
            envvar=f"{PREFIX}CONFIG",
            is_eager=True,
            callback=_configure,
        ),
    ] = None,
    print_config: Annotated[
        bool, typer.Option("--print-config", help="Print the settings in force as TOML, and end.")
    ] = False,
    **values: Any,
) -> None:
    """Run a server that keeps the contract, with no GPU and no bill.

    Prints its base URL once it answers. Each setting can be given by a flag, by the environment
    (--speed is OPENVIDEOS_EMULATOR_SPEED), or by a file.
    """
    if context.invoked_subcommand is not None:
        values = {**values, **_for_a_command(context, values)}
    try:
        settings = Settings(**values)
    except SettingsError as error:
        _refuse(error)
    if print_config:
        sys.stdout.write(to_file(settings))
        raise typer.Exit
    if context.invoked_subcommand is not None:
        context.obj = settings
        return

    # What is loaded here stays: to look through it for waste would take a part of the start.
    gc.disable()
    from openvideos_emulator.process.server import serve
    from openvideos_emulator.storage.database import UnusableDatabaseError

    gc.freeze()
    gc.enable()
    try:
        serve(settings)
    except (SettingsError, UnusableDatabaseError) as error:
        _refuse(error)


def _for_a_command(context: typer.Context, values: dict[str, Any]) -> dict[str, Any]:
    """Return what is otherwise by default where an emulator is there for one command only."""
    from openvideos_emulator.process.running import new_key

    source = context.get_parameter_source("port")
    is_told = source is not None and source.name != "DEFAULT"
    return {
        "port": values["port"] if is_told else 0,
        "admin_key": values["admin_key"] or new_key(),
    }


def _with_settings() -> inspect.Signature:
    own = inspect.signature(_emulator, eval_str=True).parameters.values()
    named = [each for each in own if each.kind is not inspect.Parameter.VAR_KEYWORD]
    return inspect.Signature(
        [
            *(each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in named),
            *map(_parameter, SETTINGS.values()),
        ]
    )


# Typer reads the options of a command from its signature.
_signature = _with_settings()
_emulator.__signature__ = _signature  # type: ignore[attr-defined] # functions have it, unknown to mypy
_emulator.__annotations__ = {name: each.annotation for name, each in _signature.parameters.items()}
app.callback(invoke_without_command=True)(_emulator)


@app.command("exec", context_settings={"ignore_unknown_options": True})
def execute(
    context: typer.Context,
    command: Annotated[list[str], typer.Argument(help="The command, after `--`.")],
) -> None:
    """Run a command with an emulator of its own, and end with the command's exit code.

    The command finds it by OPENVIDEOS_BASE_URL and OPENVIDEOS_API_KEY, and by OPENAI_BASE_URL and
    OPENAI_API_KEY; with --admin its admin API by OPENVIDEOS_EMULATOR_ADMIN_URL and
    OPENVIDEOS_EMULATOR_ADMIN_KEY.
    """
    from openvideos_emulator.process.beside import run_beside
    from openvideos_emulator.process.running import Emulator
    from openvideos_emulator.remote import EmulatorError

    try:
        code = run_beside(Emulator.of(context.obj), command)
    except EmulatorError as error:
        sys.stderr.write(f"openvideos emulator exec: {error}\n")
        raise typer.Exit(_ERROR) from error
    raise typer.Exit(code)
