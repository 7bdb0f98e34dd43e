"""`openvideos jobs`."""

from typing import Annotated, Any

import attrs
import typer

from .command_apps import command_app
from .journal import UNCERTAIN, Entry, Journal
from .options import command_line
from .output import Output
from .tables import print_table, when


def jobs(
    output: Output,
    *,
    last: Annotated[bool, typer.Option("--last", help="The newest only.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 20,
) -> None:
    """Show the jobs that were created on this machine, the newest first. No server is asked.

    `uncertain` is a job whose create was sent and not answered: it may exist, and may have been
    charged. The file is named by OPENVIDEOS_JOURNAL, which may also be `off`.
    """
    journal = Journal.of_user(output.warn)
    entries = journal.entries(most=1 if last else limit)
    if output.json:
        documents = [_document(entry) for entry in entries]
        newest = documents[0] if documents else None
        output.document(newest if last else documents)
    elif output.quiet:
        for entry in entries:
            if entry.id is not None:
                output.data(entry.id)
    else:
        print_table(
            output,
            ("id", "status", "command", "sent", "file", "prompt"),
            [
                (
                    entry.id,
                    entry.status,
                    entry.command,
                    when(entry.sent_at),
                    entry.path,
                    entry.prompt,
                )
                for entry in entries
            ],
        )
    for server in dict.fromkeys(entry.base_url for entry in entries if entry.id is None):
        look = command_line("list", "--base-url", server)
        output.say(
            f"`{UNCERTAIN}`: the answer was lost, the job may have been charged. Look: {look}"
        )


def _document(entry: Entry) -> dict[str, Any]:
    return {name: value for name, value in attrs.asdict(entry).items() if name != "number"}


app = command_app(jobs)
