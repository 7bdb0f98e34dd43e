"""What is shown while the tests run: one line for each group of requirements."""

from __future__ import annotations

import sys
import time
from types import TracebackType
from typing import TextIO

import attrs
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bar


@attrs.frozen
class Group:
    """A group of tests, as far as it has run.

    Attributes:
        name: What its tests are about, such as `create`.
        tests: How many there are.
        passed: How many passed so far.
        failed: How many found something broken.
        other: How many were not tested, did not apply, or failed by the suite's own fault.
    """

    name: str
    tests: int
    passed: int = 0
    failed: int = 0
    other: int = 0

    @property
    def done(self) -> int:
        """How many ended."""
        return self.passed + self.failed + self.other

    @property
    def counts(self) -> str:
        """What came out so far, such as "16 passed, 1 failed"."""
        told = [(self.passed, "passed"), (self.failed, "failed"), (self.other, "without a result")]
        return ", ".join(f"{count} {word}" for count, word in told if count)


class Progress:
    """Shows each group as it runs: a bar in a terminal, else a line when it starts and ends.

    Call it with a group when the group starts, after each of its tests, and nothing more: it ends
    with its last test, or where the next one starts. Nothing that it shows comes from a server.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        """Show it on `stream`; None for standard output."""
        self._stream = stream or sys.stdout
        console = Console(file=self._stream, highlight=False, markup=False, emoji=False)
        self._bar: Bar | None = None
        if console.is_terminal and not console.is_dumb_terminal:
            self._bar = Bar(
                TextColumn("  {task.description:<13}", markup=False),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TextColumn("{task.fields[counts]}", markup=False),
                console=console,
            )
        self._shown: Group | None = None
        self._task = self._bar.add_task("", visible=False, counts="") if self._bar else None
        self._started = 0.0

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        self._end()
        if self._bar:
            self._bar.stop()

    def __call__(self, group: Group) -> None:
        """Show what has become of a group."""
        if self._shown is None or self._shown.name != group.name:
            self._end()
            self._start(group)
        self._shown = group
        if self._bar and self._task is not None:
            self._bar.update(self._task, completed=group.done, counts=group.counts)

    def _start(self, group: Group) -> None:
        self._started = time.monotonic()
        if self._bar and self._task is not None:
            # Not before: what is printed until then is none of the bar's.
            self._bar.start()
            self._bar.reset(
                self._task, total=group.tests, description=group.name, visible=True, counts=""
            )
        else:
            self._stream.write(f"  {group.name} ({_tests(group.tests)}): ")
            self._stream.flush()

    def _end(self) -> None:
        group = self._shown
        if group is None:
            return
        self._shown = None
        counts = group.counts or "nothing was tested"
        if group.done < group.tests:
            counts += f", {group.tests - group.done} left out"
        line = f"{counts} ({time.monotonic() - self._started:.1f} s)"
        if self._bar and self._task is not None:
            self._bar.update(self._task, visible=False)
            style = "red" if group.failed else "green" if group.passed == group.tests else "yellow"
            self._bar.console.print(f"  {group.name:<13} {line}", style=style, soft_wrap=True)
        else:
            self._stream.write(f"{line}\n")
            self._stream.flush()


def _tests(count: int) -> str:
    return "1 test" if count == 1 else f"{count} tests"
