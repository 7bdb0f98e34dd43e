"""What the shell completes: the ids of the jobs that were created here."""

from typing import Annotated

import typer

from .journal import Journal
from .output import printable


def ids_in_journal(incomplete: str) -> list[tuple[str, str]]:
    """Return the ids that begin so, each with what tells it from the others."""
    from rich.markup import escape  # Typer takes what is said of an id for markup

    journal = Journal.of_user(lambda _: None)
    return [
        (entry.id, escape(printable(f"{entry.status}: {entry.prompt or entry.command}"[:80])))
        for entry in journal.entries()
        if entry.id is not None and entry.id.startswith(incomplete)
    ]


JobId = Annotated[
    str, typer.Argument(metavar="ID", help="The job's id.", autocompletion=ids_in_journal)
]
JobIds = Annotated[
    list[str], typer.Argument(metavar="ID...", help="Jobs' ids.", autocompletion=ids_in_journal)
]
SomeJobIds = Annotated[
    list[str] | None,
    typer.Argument(metavar="[ID]...", help="Jobs' ids.", autocompletion=ids_in_journal),
]
