"""`openvideos download`."""

from typing import Annotated

import typer

from .command_apps import command_app
from .completion import SomeJobIds
from .interrupts import Interrupts
from .journal import Journal
from .looking import Last, for_each, named_ids
from .options import FileOptions, ServerOptions
from .outcomes import reporting
from .output import Output
from .saving import Saver, Variant


def download(
    file: FileOptions,
    server: ServerOptions,
    output: Output,
    *,
    ids: SomeJobIds = None,
    last: Last = False,
    variant: Annotated[Variant, typer.Option(help="What to save.")] = "video",
) -> None:
    """Save what finished jobs made. What was broken off goes on where it stopped."""
    several = len(ids or ()) > 1
    with (
        reporting("download", output, lists=several) as report,
        Interrupts(output.warn) as interrupts,
        server.client(interrupts) as client,
    ):
        report.again = server.again(client.base_url)
        target = file.target(several=several)
        report.place = file.again()
        journal = Journal.of_user(output.warn)
        named = named_ids(ids, last=last, journal=journal, client=client)
        saver = Saver(client, journal, report, target, overwrite=file.force, variant=variant)
        try:
            for_each(report, named, saver.save)
        except KeyboardInterrupt:
            left = [str(outcome.id) for outcome in report.outcomes if not outcome.is_settled]
            again = report.saving_line("download", *left, "--variant", variant)
            output.warn(f"To go on: {again}")
            raise


app = command_app(download)
