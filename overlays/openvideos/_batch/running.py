"""Make a batch from its ledger: open it, work, tell what came of it."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from sqlalchemy.exc import DatabaseError

from openvideos import AsyncOpenVideos, OpenVideosError
from openvideos._cli.exit_codes import ExitCode, exit_code_of
from openvideos._cli.output import has_terminal

from . import queries
from .database import UnusableLedgerError, open_ledger
from .files import missing, prepare
from .hosts import host_name
from .progress import shown, tick
from .report import Report
from .states import OVER, State
from .worker import StoppedError, Worker

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from openvideos import OpenVideos
    from openvideos._cli.output import Output

    from .database import Ledger
    from .lines import Line
    from .worker import Plan


_SHOW_CURSOR = b"\x1b[?25h"  # which a bar has hidden


class EndedError(Exception):
    """A batch was ended.

    Attributes:
        code: The exit code for it.
    """

    def __init__(self, code: ExitCode, message: str) -> None:
        super().__init__(message)
        self.code = code


def run_batch(
    client: OpenVideos,
    lines: Sequence[Line],
    plan: Plan,
    location: str,
    output: Output,
    *,
    retry_failed: bool,
    server_moved: bool,
) -> ExitCode:
    """Make a batch; return the exit code for how it stands then.

    Args:
        client: A client of the server.
        lines: The lines of the file.
        plan: How the batch is to be made.
        location: Where its ledger is.
        output: Where to tell what comes of it.
        retry_failed: Whether lines that failed before are made anew.
        server_moved: Whether the server of the batch may have another address than before.

    Raises:
        EndedError: Something ended it before its end.
    """
    try:
        prepare(plan.folder)
        ledger = open_ledger(location)
    except OSError as error:
        raise EndedError(ExitCode.USAGE, f"--out {plan.folder}: {error.strerror}") from error
    except UnusableLedgerError as error:
        raise EndedError(ExitCode.USAGE, str(error)) from error
    try:
        _take_up(ledger, client, lines, plan, retry_failed=retry_failed, server_moved=server_moved)
        code, message = _work(client, ledger, plan, output)
        report = Report(
            ledger.run_blocking(queries.all_rows),
            ledger.run_blocking(queries.all_strays),
            str(ledger.location),
            plan.folder,
        )
    except UnusableLedgerError as error:
        raise EndedError(ExitCode.USAGE, str(error)) from error
    except DatabaseError as error:
        raise EndedError(
            ExitCode.ERROR,
            f"the ledger failed: {error.orig}\nThe jobs run on; the same command goes on.",
        ) from error
    finally:
        ledger.close()
    if output.json:
        output.document(report.document())
    else:
        for line in report.text():
            output.data(line)
    if code is not ExitCode.DONE:
        raise EndedError(code, f"{message}\nWhat was started runs on; the same command goes on.")
    return report.exit_code


def _take_up(
    ledger: Ledger,
    client: OpenVideos,
    lines: Sequence[Line],
    plan: Plan,
    *,
    retry_failed: bool,
    server_moved: bool,
) -> None:
    ledger.run_blocking(queries.enter, lines, base_url=client.base_url, server_moved=server_moved)
    ledger.run_blocking(queries.take_up, retry_failed=retry_failed)
    # Of a shared batch, what other hosts saved is in their folders.
    ours = [
        row
        for row in ledger.run_blocking(queries.all_rows)
        if row.state == State.SAVED and (not ledger.shared or row.saved_on == host_name())
    ]
    ledger.run_blocking(queries.fetch_again, missing(plan.folder, ours))


def _work(client: OpenVideos, ledger: Ledger, plan: Plan, output: Output) -> tuple[ExitCode, str]:
    """Work until nothing is left to do; return how that ended, and what is to be said of it."""
    rows = ledger.run_blocking(queries.all_rows)

    async def work() -> bool:
        over = sum(row.state in OVER for row in rows)
        with shown(output, lines=len(rows), over=over) as progress:
            async with _async_client(client) as async_client:
                worker = Worker(async_client, ledger, plan, progress.happened)
                ticking = asyncio.create_task(tick(progress))
                with _interrupts(worker, output) as pressed:
                    try:
                        await worker.run()
                    finally:
                        ticking.cancel()
                return bool(pressed)

    try:
        interrupted = asyncio.run(work())
    except StoppedError as error:
        is_key = exit_code_of(error.__cause__) is ExitCode.AUTHENTICATION
        return (ExitCode.AUTHENTICATION if is_key else ExitCode.ERROR), str(error)
    except OpenVideosError as error:
        return ExitCode.ERROR, str(error)
    return (ExitCode.INTERRUPTED, "interrupted") if interrupted else (ExitCode.DONE, "")


def _async_client(client: OpenVideos) -> AsyncOpenVideos:
    settings = client.settings
    return AsyncOpenVideos(
        base_url=settings.base_url,
        api_key=settings.api_key or "",
        timeout=settings.timeout,
        default_headers=settings.headers,
        default_query=settings.query,
    )


@contextmanager
def _interrupts(worker: Worker, output: Output) -> Iterator[list[int]]:
    """Let the first Ctrl-C end the work in good order, and the second at once."""
    loop = asyncio.get_running_loop()
    pressed: list[int] = []

    def press(number: int, _frame: object) -> None:
        pressed.append(number)
        if len(pressed) > 1:
            # The ledger is made for being killed at any moment.
            if has_terminal():
                os.write(sys.stderr.fileno(), _SHOW_CURSOR)
            os._exit(ExitCode.INTERRUPTED)
        loop.call_soon_threadsafe(stop)

    def stop() -> None:
        if worker.creates_under_way:
            output.warn(
                f"Waiting for the answers to {worker.creates_under_way} creates; Ctrl-C again "
                "leaves at once."
            )
        worker.interrupt()

    before = {number: signal.signal(number, press) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield pressed
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
