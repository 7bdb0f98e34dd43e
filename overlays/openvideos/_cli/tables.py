"""Tables: drawn on a terminal, separated by tabs elsewhere."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import TYPE_CHECKING

from .output import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .output import Output

_LONGEST_CELL = 60  # characters of a cell on a terminal; an id is never cut


def print_table(
    output: Output, columns: Sequence[str], rows: Iterable[Sequence[object | None]]
) -> None:
    """Print a table on stdout. Cells are text in one line; None is an empty one."""
    texts = [["" if cell is None else printable(str(cell)) for cell in row] for row in rows]
    if sys.stdout is None or not sys.stdout.isatty():
        for line in texts:
            output.data("\t".join(line))
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    for name in columns:
        table.add_column(name, overflow="fold" if name in {"id", "file"} else "ellipsis")
    for line in texts:
        table.add_row(*(Text(cell) for cell in line))
    Console().print(table)


def when(seconds: float | None) -> str | None:
    """Return unix seconds as local time; None where there are none, or no time can be so late."""
    if not seconds:
        return None
    try:
        moment = datetime.fromtimestamp(seconds).astimezone()
    except (OverflowError, OSError, ValueError):
        return None
    return f"{moment:%Y-%m-%d %H:%M:%S}"
