"""A run as pytest sees it: which tests run, in which order, and what their outcomes mean."""

from __future__ import annotations

import sys
import traceback
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import attrs
import pytest

from openvideos_contract.contract import Contract
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.judging import requirements
from openvideos_contract.judging.requirements import Level, Requirement
from openvideos_contract.judging.verdict import Result, Status
from openvideos_contract.outcome import Nonconformity, NotTested, printable
from openvideos_contract.reports.progress import Group
from openvideos_contract.running.items import ORDER, TESTS, group_of, is_about, name_of, proved_by
from openvideos_contract.running.preparation import choose
from openvideos_contract.running.results import explain, result
from openvideos_contract.settings.configuration import (
    Configuration,
    ConfigurationError,
    masked,
)
from openvideos_contract.webhooks.receiver import Receiver
from openvideos_contract.wire.gate import Gate, Made


class Session:
    """Collects what a run finds out; registered with pytest as a plugin.

    Attributes:
        configuration: What the run is asked to do.
        contract: What the server is held to.
        gate: Where every request leaves.
        webhooks: Where webhooks are received; None where none are awaited.
        chosen: The requirements under test, by id.
        results: What came out so far.
        left_over: What the run made and could not delete; known at its end.
        crash: What pytest said where it failed itself, or could not collect the tests.
        interrupted: Whether Ctrl-C, or a signal to end, ended it.
        groups: The tests that were kept, as far as they have run, by what they are about.
    """

    def __init__(
        self,
        configuration: Configuration,
        contract: Contract,
        progress: Callable[[Group], None] = lambda group: None,
        *,
        shared: bool = False,
    ) -> None:
        """Prepare a session; nothing is sent.

        Args:
            configuration: What the run is asked to do.
            contract: What the server is held to.
            progress: Called with a group when it begins, and after each of its tests.
            shared: Whether another process began the run, and ends it.
        """
        self.configuration = configuration
        self.contract = contract
        self.chosen = choose(requirements.load().values(), configuration)
        self.gate = Gate(configuration, contract, shared=shared)
        self.webhooks = self._receiver()
        self.results: list[Result] = []
        self.left_over: list[Made] = []
        self.crash = ""
        self.interrupted = False
        self.groups: dict[str, Group] = {}
        self._progress = progress

    @cached_property
    def jobs(self) -> Jobs:
        """The jobs that all tests share, those that the chosen requirements need."""
        return Jobs(self.gate, self.configuration, self.contract, self.chosen)

    def narrow(self, items: Iterable[pytest.Item]) -> None:
        """Take the requirements that none of `items` is about for left out by choice."""
        proved = {number for item in items for number in proved_by(item)}
        self.chosen = {number: kept for number, kept in self.chosen.items() if number in proved}

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        """Leave a test file aside that is about nothing chosen: some take long to import."""
        ours = collection_path.parent == TESTS and collection_path.stem in ORDER
        return True if ours and not is_about(collection_path, self.chosen) else None

    def pytest_itemcollected(self, item: pytest.Item) -> None:
        """Have pytest-xdist run all tests in one process: they share their jobs."""
        if item.path.is_relative_to(TESTS):
            item.add_marker(pytest.mark.xdist_group("openvideos_contract"))

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep why a test file could not be collected."""
        if report.failed:
            self.crash = self.crash or report.longreprtext

    def pytest_internalerror(self, excinfo: pytest.ExceptionInfo[BaseException]) -> bool:
        """Keep why pytest itself failed; True, for it is told by us."""
        self.crash = self.crash or "".join(traceback.format_exception(excinfo.value))
        return True

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        """Keep the tests of the chosen requirements, and put them in order."""
        ours = [item for item in items if item.path.is_relative_to(TESTS)]
        dropped = [item for item in ours if not set(proved_by(item)) & set(self.chosen)]
        kept = [item for item in items if item not in dropped]
        kept.sort(key=lambda item: ORDER.index(item.path.stem) if item in ours else len(ORDER))
        tests = Counter(group_of(item) for item in kept)
        self.groups = {name: Group(name, count) for name, count in tests.items()}
        items[:] = kept
        config.hook.pytest_deselected(items=dropped)

    def pytest_runtest_setup(self, item: pytest.Item) -> None:
        """Note which test is under way; before the first, begin to receive webhooks."""
        if self.webhooks is not None and proved_by(item):
            try:
                self.webhooks.start()
            except ConfigurationError as error:
                pytest.exit(str(error), returncode=pytest.ExitCode.USAGE_ERROR)
        group = self.groups.get(group_of(item))
        if group is not None and not group.done:
            self._progress(group)
        self.gate.current_test = name_of(item)
        if proved_by(item) and not self.results:
            self.gate.look_who_is_there()

    @pytest.hookimpl(hookwrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, Any, None]:
        """Record what the outcome of a test means for its requirements."""
        style = item.config.option.tbstyle
        if call.excinfo is not None and isinstance(call.excinfo.value, Nonconformity | NotTested):
            # Told in words of its own below: a traceback, which takes pytest a second, is not seen.
            item.config.option.tbstyle = "value"
        outcome = yield
        item.config.option.tbstyle = style
        report: pytest.TestReport = outcome.get_result()
        proves = [self.chosen[number] for number in proved_by(item) if number in self.chosen]
        failure = None if call.excinfo is None else call.excinfo.value
        if not proves or (call.when != "call" and failure is None):
            return
        found = [result(item, requirement, failure, call.duration) for requirement in proves]
        secrets = self.configuration.secrets
        self._count(item, found)
        self.results += [
            attrs.evolve(
                one,
                expected=masked(one.expected, secrets),
                seen=masked(one.seen, secrets),
                curl=masked(one.curl, secrets),
                reason=masked(one.reason, secrets),
                traceback=masked(one.traceback, secrets),
            )
            for one in found
        ]

        def shown(text: str) -> str:
            return printable(masked(text, secrets))

        # For a reader of pytest's own report: not tested is a skip, and a SHOULD does not fail.
        report.sections = [(name, shown(text)) for name, text in report.sections]
        if isinstance(failure, NotTested):
            report.outcome = "skipped"
            why = shown(f"{type(failure).__name__}: {failure}")
            report.longrepr = (str(item.path), 0, why)
        elif isinstance(failure, Nonconformity):
            report.longrepr = shown(explain(failure, proves))
            forgiven = self._forgiven(proves)
            if forgiven:
                report.outcome = "skipped"
                report.wasxfail = shown(f"{forgiven}: {failure}")
        elif failure is not None:
            # It shows the arguments of the test, and a key may be one.
            report.longrepr = shown(report.longreprtext)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Note that the run was interrupted."""
        # pytest's own kinds of it say that it was told to stop, as by --fail-fast.
        self.interrupted = excinfo.type is KeyboardInterrupt
        if self.interrupted and any(not made.deleted for made in self.gate.made):
            sys.stderr.write("\ninterrupted: what was made is deleted; once more leaves at once\n")

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Clean up, unless the workers of pytest-xdist do, and have not ended yet."""
        if not session.config.pluginmanager.has_plugin("dsession"):
            self.finish()

    def finish(self) -> None:
        """Delete what the run made, whether it came to its end or was interrupted."""
        try:
            self.left_over = self.gate.delete_made()
        finally:
            self.gate.close()
            if self.webhooks is not None:
                self.webhooks.close()

    def _forgiven(self, proves: list[Requirement]) -> str:
        """Return why breaking requirements does not fail the run; empty where it does."""
        reasons = set()
        for requirement in proves:
            if self.contract.expectations.forgives(requirement.id):
                reasons.add("as the dialect expects")
            elif requirement.level is not Level.MUST and not self.configuration.strict:
                reasons.add("SHOULD")
            else:
                return ""
        return ", ".join(sorted(reasons))

    def _count(self, item: pytest.Item, results: list[Result]) -> None:
        """Count a test, and stop after it where nobody wants to know more."""
        statuses = {
            one.status
            for one in results
            if not self.contract.expectations.forgives(one.requirement)
        }
        group = self.groups.get(group_of(item))
        if group is not None:
            failed = bool(statuses & {Status.FAIL, Status.WARN})
            passed = statuses == {Status.PASS}
            group = attrs.evolve(
                group,
                passed=group.passed + passed,
                failed=group.failed + failed,
                other=group.other + (not passed and not failed),
            )
            self.groups[group.name] = group
            self._progress(group)
        wanted = {Status.FAIL}
        if self.configuration.strict or self.configuration.only:
            wanted.add(Status.WARN)
        if self.configuration.fail_fast and statuses & wanted:
            item.session.shouldfail = f"--fail-fast: {name_of(item)} failed"

    def _receiver(self) -> Receiver | None:
        """Return what receives webhooks, where they are tested; not listening yet."""
        configuration = self.configuration
        if "webhooks" not in configuration.profiles or configuration.webhook_listen is None:
            return None
        return Receiver(
            configuration, lambda video_id: any(made.id == video_id for made in self.gate.made)
        )
