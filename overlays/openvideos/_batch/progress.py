"""How a batch is shown while it runs: a bar on a terminal, else a line for each thing that happens.

All of it goes to stderr.
"""

from __future__ import annotations

import asyncio
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from openvideos._cli.output import has_terminal, printable
from openvideos._cli.progress import EVERY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from openvideos._cli.output import Output

    from .worker import Event


class Shown(Protocol):
    """What is told what happens."""

    def happened(self, event: Event) -> None:
        """Show something that happened."""

    def tick(self) -> None:
        """Show that something is still going on, if nothing was shown for long."""


@contextmanager
def shown(output: Output, *, lines: int, over: int) -> Iterator[Shown]:
    """Show how a batch comes along, as fits where stderr goes.

    Args:
        output: Whether anything is shown.
        lines: How many lines there are.
        over: How many of them are over already.
    """
    if has_terminal() and not output.quiet:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeElapsedColumn

        columns = (BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
            yield _Bar(bar, output, lines=lines, over=over)
    else:
        yield _Lines(output, lines=lines, over=over)


async def tick(shown: Shown) -> None:
    """Tick for ever."""
    while True:
        await asyncio.sleep(EVERY / 2)
        shown.tick()


class _Lines:
    def __init__(self, output: Output, *, lines: int, over: int) -> None:
        self._output = output
        self._lines, self._over = lines, over
        self._said_at = time.monotonic()

    def happened(self, event: Event) -> None:
        self._over += event.is_over
        self._say(_text(event))

    def tick(self) -> None:
        if time.monotonic() - self._said_at >= EVERY:
            self._say(f"{self._over} of {self._lines} lines over or held")

    def _say(self, text: str) -> None:
        self._said_at = time.monotonic()
        self._output.say(text)


class _Bar:
    def __init__(self, bar: object, output: Output, *, lines: int, over: int) -> None:
        from rich.progress import Progress

        assert isinstance(bar, Progress)  # noqa: S101 - rich is imported where a bar is shown only
        self._bar = bar
        self._output = output
        self._task = bar.add_task("", total=lines, completed=over)

    def happened(self, event: Event) -> None:
        if event.is_over:
            self._bar.advance(self._task)
        self._bar.console.print(_text(event), markup=False, highlight=False)

    def tick(self) -> None:
        """Do nothing: the bar moves by itself."""


def _text(event: Event) -> str:
    text = printable(event.text)
    return text if event.position is None else f"line {event.position}: {text}"
