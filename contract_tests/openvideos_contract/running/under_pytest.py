"""What `openvideos conform` does around the tests, where pytest was started by the user.

With pytest-xdist, the tests of the suite share one worker, as they share their jobs; what it found
out is joined in the process that started it.
"""

from __future__ import annotations

from collections.abc import Generator
from datetime import UTC, datetime
from typing import Any

import attrs
import pytest

from openvideos_contract.jobs import plan
from openvideos_contract.judging import baseline
from openvideos_contract.judging.requirements import Level
from openvideos_contract.judging.verdict import Status, Verdict
from openvideos_contract.reports import files, terminal
from openvideos_contract.reports.gathered import Gathered
from openvideos_contract.reports.report import Report, report_of
from openvideos_contract.running.preflight import CouldNotRun, preflight
from openvideos_contract.running.session import Session
from openvideos_contract.settings.configuration import ConfigurationError

# What a worker is told, and what it tells at its end.
_KEY = "openvideos"
_NOTHING = Gathered(results=()).plain()
# The exit code of `openvideos conform` where a MUST was not tested.
INCOMPLETE = 3
_OPEN = frozenset({Status.ERROR, Status.NOT_RUN, Status.BLOCKED})
# Each would give the tests of the suite to several workers, or all tests to each.
_UNFIT = frozenset({"each", "loadscope", "loadfile"})


def told_to_worker(config: pytest.Config) -> dict[str, Any]:
    """Return the settings that a worker shares with whoever started it; none in any other process.

    They are those that are made up anew wherever they are not told.
    """
    shared: dict[str, Any] = getattr(config, "workerinput", {}).get(_KEY, {})
    return shared


def is_worker(config: pytest.Config) -> bool:
    """Return whether this process is a worker of pytest-xdist."""
    return hasattr(config, "workerinput")


def keep_together(config: pytest.Config) -> None:
    """Have pytest-xdist, where it is used, give all tests of the suite to one worker.

    Raises:
        pytest.UsageError: The user wants the tests distributed in a way that cannot.
    """
    if is_worker(config):
        config.option.loadgroup = True  # a worker reads the command line anew
        return
    how = getattr(config.option, "dist", "no")
    if how in _UNFIT:
        raise pytest.UsageError(
            f"the tests of openvideos_contract share their jobs, which --dist {how} does not "
            "allow: give --dist loadgroup"
        )
    if how != "no":
        config.option.dist = "loadgroup"


class Worker:
    """Tells, at the end of a worker, what it found out."""

    def __init__(self, session: Session) -> None:
        self._session = session

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(self) -> Generator[None, Any, None]:
        """Send the results of a test at once, as this worker may crash in the next one."""
        before = len(self._session.results)
        outcome = yield
        found = Gathered(results=tuple(self._session.results[before:])).plain()["results"]
        setattr(outcome.get_result(), _KEY, found)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what is left out by choice."""
        self._session.narrow(session.items)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Leave it where pytest-xdist takes it."""
        gathered = Gathered.of(self._session).plain()
        output = session.config.workeroutput  # type: ignore[attr-defined] # added by pytest-xdist
        output[_KEY] = {"gathered": gathered, "chosen": sorted(self._session.chosen)}


class Around:
    """Looks whether there is something to test, and at the end tells and writes what was found."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._configuration = session.configuration
        self._started = datetime.now(UTC)
        self._by_worker: dict[str, Gathered] = {}
        self._sent: dict[str, list[dict[str, Any]]] = {}
        self._chosen: set[str] = set()
        # Before pytest's options leave more out.
        self._wanted = frozenset(session.chosen)
        self._report: Report | None = None
        self._problem = ""

    def pytest_report_header(self) -> list[str]:
        """Say beforehand what will be made."""
        session = self._session
        planned = plan.plan(self._configuration, session.contract, session.chosen)
        needed = plan.needed(self._configuration, session.contract, session.chosen)
        told = terminal.before(self._configuration, session.contract, planned, needed)
        return told.splitlines()

    def pytest_sessionstart(self, session: pytest.Session) -> None:
        """Go on where there is something to test."""
        if session.config.option.collectonly:
            return
        try:
            if self._configuration.report_dir is not None:
                files.prepare(self._configuration.report_dir)
            if self._configuration.write_baseline is not None:
                baseline.check(self._configuration.write_baseline)
            preflight(self._configuration, self._session.contract)
        except (CouldNotRun, ConfigurationError) as why:
            raise pytest.UsageError(str(why)) from why

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker what it must have in common with all others."""
        shared = {"run_id": self._configuration.run_id, "seed": self._configuration.seed}
        node.workerinput[_KEY] = shared

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Note what is left out by choice."""
        self._session.narrow(session.items)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep what a worker found out so far."""
        if hasattr(report, "node"):
            worker = report.node.gateway.id
            self._sent.setdefault(worker, []).extend(getattr(report, _KEY, []))

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any, error: object) -> None:
        """Take all that a worker found out; of one that crashed, what it sent before."""
        worker = node.gateway.id
        told = getattr(node, "workeroutput", {}).get(_KEY)
        if told is not None:
            self._by_worker[worker] = Gathered.from_plain(told["gathered"])
            self._chosen |= set(told["chosen"])
        elif worker not in self._by_worker:
            # Their exchanges are lost with the worker.
            sent = [{**result, "exchange": 0} for result in self._sent.get(worker, [])]
            self._by_worker[worker] = Gathered.from_plain({**_NOTHING, "results": sent})

    @pytest.hookimpl(hookwrapper=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None, Any, None]:
        """Write the reports, and see to the exit code; the terminal was written by then."""
        yield
        report = self._judged(session.config)
        if report is None:
            return
        if session.exitstatus == pytest.ExitCode.OK and (self._problem or self._failed(report)):
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(
        self, terminalreporter: pytest.TerminalReporter, config: pytest.Config
    ) -> None:
        """Tell what came out for each requirement and profile."""
        report = self._judged(config)
        if report is None:
            return
        terminalreporter.section("OpenVideos conformance")
        terminalreporter.write_line(terminal.after(report))
        if self._problem:
            terminalreporter.write_line(self._problem, red=True)
        elif self._configuration.report_dir is not None:
            terminalreporter.write_line(f"reports: {self._configuration.report_dir}")

    def _judged(self, config: pytest.Config) -> Report | None:
        """Return the report, made and written once; None where nothing was tested."""
        if self._report is None and not config.option.collectonly:
            self._report = self._made()
        return self._report

    def _made(self) -> Report | None:
        session = self._session
        if self._by_worker:
            session.finish()  # after the workers, what any of them has left
        parts = [attrs.evolve(part, left_over=()) for part in self._by_worker.values()]
        gathered = Gathered.joined([*parts, Gathered.of(session)])
        if not gathered.results and not gathered.left_over:
            return None
        report = report_of(
            gathered,
            configuration=self._configuration,
            contract=session.contract,
            chosen=self._chosen or session.chosen,
            started=self._started,
            needed=plan.needed(self._configuration, session.contract, session.chosen),
        )
        try:
            self._write(report)
        except ConfigurationError as why:
            self._problem = str(why)
        return report

    def _failed(self, report: Report) -> bool:
        """Return whether something did not conform, or was not tested that should have been.

        What pytest's own options leave out, such as -k, fails nothing: the verdicts alone tell.
        """
        if report.exit_code != INCOMPLETE:
            return report.exit_code != 0
        not_offered = any(
            report.verdicts.get(profile) is Verdict.UNSUPPORTED
            for profile in self._configuration.named_profiles
        )
        return not_offered or any(
            requirement.level is Level.MUST
            and (number not in self._wanted or report.outcomes[number] in _OPEN)
            for number, requirement in report.requirements.items()
        )

    def _write(self, report: Report) -> None:
        configuration = self._configuration
        if configuration.report_dir is not None:
            files.write(report, configuration.report_dir)
        if configuration.write_baseline is not None:
            baseline.write(
                configuration.write_baseline,
                self._session.contract,
                report.results,
                profiles=configuration.profiles,
                strict=configuration.strict,
            )
