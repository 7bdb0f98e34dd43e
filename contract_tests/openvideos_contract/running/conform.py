"""A whole run: configuration, preflight, tests, reports."""

from __future__ import annotations

import traceback
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from openvideos_contract.contract import Contract
from openvideos_contract.jobs import plan
from openvideos_contract.judging import requirements
from openvideos_contract.judging.verdict import COULD_NOT_RUN, Status
from openvideos_contract.outcome import printable, shorten
from openvideos_contract.reports import json_report, junit, terminal
from openvideos_contract.reports.report import Report, build
from openvideos_contract.running.preflight import CouldNotRun, preflight
from openvideos_contract.running.runner import SuiteFaultError, run
from openvideos_contract.running.session import Session
from openvideos_contract.settings.configuration import (
    Configuration,
    ConfigurationError,
    chosen_profiles,
    masked,
)
from openvideos_spec import ContractError, OverlayError


def conform(settings: Mapping[str, Any], named_profiles: list[str]) -> int:
    """Run the suite and return its exit code.

    0: the server conforms. 1: it does not. 2: the suite could not run. 3: a MUST was not tested.

    Args:
        settings: The fields of `Configuration`, but for the profiles.
        named_profiles: The profiles as the user named them.
    """
    try:
        contract = Contract.load(settings["dialect"])
        configuration = _configuration(settings, named_profiles, contract)
        _check_ids(configuration)
        needed = plan.needed(configuration, contract)
        planned = plan.plan(configuration, contract)
        typer.echo(terminal.before(configuration, contract, planned, needed))
        preflight(configuration, contract)
        started = datetime.now(UTC)
        session = Session(configuration, contract, progress=_progress)
        if session.webhooks is not None:
            session.webhooks.start()
            typer.echo(f"webhooks are awaited at {session.webhooks.url}")
        run(session)
        report = build(session, started=started, needed=needed)
        typer.echo("\n" + terminal.after(report))
        if configuration.report_dir is not None:
            _write(configuration.report_dir, report)
    except (ConfigurationError, ContractError, OverlayError, CouldNotRun) as why:
        _tell(settings, f"openvideos conform could not run: {why}")
        return COULD_NOT_RUN
    except SuiteFaultError as why:
        _tell_own_fault(settings, "its tests could not be run", str(why))
        return COULD_NOT_RUN
    except Exception as why:  # noqa: BLE001 - any other exception is a fault of the suite
        where = "".join(traceback.format_exception(why))
        _tell_own_fault(settings, f"{type(why).__name__}: {why}", where)
        return COULD_NOT_RUN
    for result in report.results:
        if result.status is Status.ERROR:
            _tell_own_fault(settings, f"{result.reason}, in {result.test}", result.traceback)
            break  # one is enough to find the next
    return report.exit_code


def _tell_own_fault(settings: Mapping[str, Any], what: str, where: str) -> None:
    """Say that the suite itself failed, in a sentence and with the traceback."""
    sentence = shorten(" ".join(what.split()), 300)
    text = (
        "openvideos conform could not run: the suite itself failed, which says nothing of the "
        f"server: {sentence}\n\n{where.rstrip()}"
    )
    _tell(settings, text)


def _tell(settings: Mapping[str, Any], text: str) -> None:
    """Say what may hold words of the server, without keys and without what steers a terminal."""
    keys = (settings["api_key"], settings.get("second_api_key"))
    typer.echo(printable(masked(text, keys)), err=True)


def _configuration(
    settings: Mapping[str, Any], named: list[str], contract: Contract
) -> Configuration:
    if not settings["base_url"]:
        raise ConfigurationError(
            "which server? Give --base-url, such as http://127.0.0.1:8000/v1, "
            "or set OPENVIDEOS_BASE_URL"
        )
    return Configuration(
        profiles=chosen_profiles(named, contract.profiles),
        named_profiles=frozenset(named) - {"all"},
        **settings,
    )


def _check_ids(configuration: Configuration) -> None:
    """Refuse ids that no requirement has, which would silently select nothing."""
    known = requirements.load()
    for where, numbers in (
        ("--only", configuration.only),
        ("--skip", configuration.skip),
    ):
        for number in sorted(set(numbers) - set(known)):
            raise ConfigurationError(f"{where}: there is no requirement {number}")


def _progress(name: str, count: int) -> None:
    typer.echo(f"  {name} ({count} tests)")


def _write(folder: Path, report: Report) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in (
        ("report.json", json_report.text(report)),
        ("junit.xml", junit.text(report)),
    ):
        (folder / name).write_text(text, "utf-8")
    typer.echo(f"reports: {folder / 'report.json'}, {folder / 'junit.xml'}")
