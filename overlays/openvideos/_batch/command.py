"""`openvideos batch`."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from openvideos import InvalidInput, UnknownPrice
from openvideos._cli.command_apps import command_app
from openvideos._cli.costs import check_limit
from openvideos._cli.exit_codes import ExitCode
from openvideos._cli.options import CostOptions, ServerOptions, WaitOptions
from openvideos._cli.output import Output, printable

from .outcome import EPILOG

_LEDGER = "batch.sqlite3"
_DEFAULT_SETTLE = 300.0


class OnUncertain(StrEnum):
    """What is done where it cannot be told whether a create made a job."""

    HOLD = "hold"
    REPEAT = "repeat"


def batch(
    server: ServerOptions,
    wait: WaitOptions,
    cost: CostOptions,
    output: Output,
    *,
    file: Annotated[
        Path,
        typer.Argument(
            metavar="JOBS.JSONL",
            help="A JSON object a line: prompt, and if wanted model, seconds, size, "
            "input_reference (a path from the file's folder, a URL, or an object), characters, "
            "extra_body, and name (or id), which names the line's file.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", metavar="FOLDER", help="Where the files go.")],
    max_in_flight: Annotated[
        int,
        typer.Option(
            min=1, help="How many jobs may be under way at once, over all workers of the ledger."
        ),
    ] = 4,
    ledger: Annotated[
        str | None,
        typer.Option(
            metavar="PATH_OR_URL",
            help=f"Where the batch is kept; left out, {_LEDGER} in the folder. With a PostgreSQL "
            "URL, workers on several hosts that are given the same file share the batch.",
        ),
    ] = None,
    on_uncertain: Annotated[
        OnUncertain,
        typer.Option(
            help="What to do with a line whose answer was lost where the server's list cannot "
            "tell whether there is a job: hold it back, or create it again, which may be charged "
            "twice."
        ),
    ] = OnUncertain.HOLD,
    settle: Annotated[
        float,
        typer.Option(
            metavar="SECONDS",
            min=0,
            help="For how long after the answer to a create was lost its job may yet appear in the "
            "server's list.",
        ),
    ] = _DEFAULT_SETTLE,
    idempotency_key: Annotated[
        bool,
        typer.Option(
            "--idempotency-key",
            help="Send each line's own Idempotency-Key. Only for servers that honour it: a line "
            "whose answer was lost is then simply sent again.",
        ),
    ] = False,
    retry_failed: Annotated[
        bool, typer.Option("--retry-failed", help="Make lines anew that failed before.")
    ] = False,
    server_moved: Annotated[
        bool,
        typer.Option("--server-moved", help="The server of this batch has a new address."),
    ] = False,
) -> None:
    """Make many videos from a file, each once, through crashes and restarts.

    Killed or interrupted at any moment, the same command goes on. Lines may be added to the file's
    end.
    """
    # Loaded here, so that the command is known without the database's library.
    from .dry_run import cost_of_all, show_dry_run
    from .lines import UnusableLinesError, read_lines
    from .running import EndedError, run_batch
    from .worker import Plan

    try:
        lines = read_lines(file)
        price_a_second = cost.price_a_second()
        check_limit(cost_of_all(lines, price_a_second), cost)
        plan = Plan(
            folder=out.absolute(),
            lines_folder=file.absolute().parent,
            max_in_flight=max_in_flight,
            settle=settle,
            repeat_uncertain=on_uncertain is OnUncertain.REPEAT,
            keyed=idempotency_key,
            price=price_a_second,
            **wait.arguments(),
        )
        if cost.dry_run:
            show_dry_run(lines, price_a_second, output)
            raise typer.Exit(ExitCode.DONE)
        with server.client() as client:
            code = run_batch(
                client,
                lines,
                plan,
                ledger or str(out / _LEDGER),
                output,
                retry_failed=retry_failed,
                server_moved=server_moved,
            )
    except (InvalidInput, UnknownPrice, UnusableLinesError) as error:
        _complain(output, str(error))
        code = ExitCode.USAGE
    except EndedError as ended:
        _complain(output, str(ended))
        code = ended.code
    raise typer.Exit(code)


def _complain(output: Output, message: str) -> None:
    for line in message.splitlines():
        output.warn(f"openvideos batch: {printable(line)}")


app = command_app(batch, epilog=EPILOG)
