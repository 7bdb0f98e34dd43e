"""A whole run: configuration, preflight, tests, reports."""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import typer

from openvideos_contract.contract import Contract
from openvideos_contract.jobs import plan
from openvideos_contract.judging import baseline
from openvideos_contract.judging.verdict import COULD_NOT_RUN, Status
from openvideos_contract.outcome import printable, shorten
from openvideos_contract.reports import files, terminal
from openvideos_contract.reports.progress import Progress
from openvideos_contract.reports.report import Report, build
from openvideos_contract.running.dry_run import dry_run
from openvideos_contract.running.interruption import INTERRUPTED, ended_as_by_ctrl_c
from openvideos_contract.running.preflight import CouldNotRun, preflight
from openvideos_contract.running.preparation import UNFIT_SETTINGS, prepare
from openvideos_contract.running.runner import SuiteFaultError, run
from openvideos_contract.running.session import Session
from openvideos_contract.running.standard_output import given_up_where_it_breaks
from openvideos_contract.settings.configuration import Configuration, masked
from openvideos_contract.wire.made import NAMELESS


def conform(settings: Mapping[str, Any], named_profiles: Sequence[str]) -> int:
    """Run the suite and return its exit code.

    0: the server conforms. 1: it does not. 2: the suite could not run. 3: a MUST was not tested.
    130: it was interrupted.

    Args:
        settings: The fields of `Configuration`, but for the profiles.
        named_profiles: The profiles as the user named them.
    """
    secrets = [settings.get("api_key"), settings.get("second_api_key")]
    try:
        with ended_as_by_ctrl_c(), given_up_where_it_breaks():
            contract, configuration = prepare({**settings, "named_profiles": named_profiles})
            secrets += configuration.secrets
            if configuration.dry_run:
                typer.echo(dry_run(contract, configuration))
                return 0
            report = _run(contract, configuration)
    except (*UNFIT_SETTINGS, CouldNotRun) as why:
        _tell(f"openvideos conform could not run: {why}", secrets)
        return COULD_NOT_RUN
    except KeyboardInterrupt:
        _tell("openvideos conform was interrupted", secrets)
        return INTERRUPTED
    except SuiteFaultError as why:
        _tell_own_fault("its tests could not be run", str(why), secrets)
        return COULD_NOT_RUN
    except Exception as why:  # noqa: BLE001 - any other exception is a fault of the suite
        where = "".join(traceback.format_exception(why))
        _tell_own_fault(f"{type(why).__name__}: {why}", where, secrets)
        return COULD_NOT_RUN
    for result in report.results:
        if result.status is Status.ERROR:
            _tell_own_fault(f"{result.reason}, in {result.test}", result.traceback, secrets)
            break  # one is enough to find the next
    return report.exit_code


def _run(contract: Contract, configuration: Configuration) -> Report:
    if configuration.write_baseline is not None:
        baseline.check(configuration.write_baseline)
    if configuration.report_dir is not None:
        files.prepare(configuration.report_dir)
    with Progress() as progress:
        session = Session(configuration, contract, progress)
        needed = plan.needed(configuration, contract, session.chosen)
        planned = plan.plan(configuration, contract, session.chosen)
        typer.echo(terminal.before(configuration, contract, planned, needed))
        preflight(configuration, contract)
        started = datetime.now(UTC)
        if session.webhooks is not None:
            session.webhooks.start()
            typer.echo(f"webhooks are awaited at {session.webhooks.url}")
        try:
            run(session)
        except KeyboardInterrupt:
            _tell_left(session)
            raise
    report = build(session, started=started, needed=needed)
    if session.interrupted and report.exit_code != COULD_NOT_RUN:
        report = attrs.evolve(report, exit_code=INTERRUPTED)
    terminal.show(report)
    if configuration.report_dir is not None:
        _write(configuration.report_dir, report)
    if configuration.write_baseline is not None:
        _write_baseline(configuration.write_baseline, contract, report)
    return report


def _tell_left(session: Session) -> None:
    """Say what a second Ctrl-C, which does not wait for the cleaning up, leaves at the server."""
    left = [made.shown or NAMELESS for made in session.gate.made if not made.deleted]
    if left:
        run_id = session.configuration.run_id
        text = (
            f"LEFT OVER: {', '.join(left)}; `openvideos conform --clean-up {run_id}` deletes them"
        )
        _tell(text, session.configuration.secrets)


def _write(folder: Path, report: Report) -> None:
    written = files.write(report, folder)
    typer.echo(f"reports: {', '.join(map(str, written))}")


def _write_baseline(file: Path, contract: Contract, report: Report) -> None:
    configuration = report.configuration
    new = baseline.write(
        file,
        contract,
        report.results,
        profiles=configuration["profiles"],
        strict=configuration["strict"],
    )
    wanting = f"; say why at {len(new)} entries" if new else ""
    typer.echo(f"baseline: {file}{wanting}")


def _tell_own_fault(what: str, where: str, secrets: Sequence[str | None]) -> None:
    """Say that the suite itself failed, in a sentence and with the traceback."""
    sentence = shorten(" ".join(what.split()), 300)
    text = (
        "openvideos conform could not run: the suite itself failed, which says nothing of the "
        f"server: {sentence}\n\n{where.rstrip()}"
    )
    _tell(text, secrets)


def _tell(text: str, secrets: Sequence[str | None]) -> None:
    """Say what may hold words of the server, without keys and without what steers a terminal."""
    typer.echo(printable(masked(text, secrets)), err=True)
