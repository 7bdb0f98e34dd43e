"""What became of each job, told at the end of a command: on stdout, and by its exit code."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import typer
from attrs import define

from openvideos import (
    APIError,
    CreateUncertain,
    JobError,
    OpenVideosError,
    VideoNotReady,
    WaitTimeout,
)

from .exit_codes import ExitCode, exit_code_of, worst_of
from .interrupts import NothingWasCreated
from .journal import UNCERTAIN
from .options import command_line
from .output import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from decimal import Decimal
    from pathlib import Path

    from openvideos import Video

    from .output import Output

# What the client calls its arguments is said to people in options.
_AS_OPTIONS = (
    ("base_url=", "--base-url"),
    ("base_url is", "--base-url is"),
    ("api_key=", "--api-key-file"),
    ("overwrite=True", "--force"),
    ("max_wait is", "--max-wait is"),
    ("interval is", "--interval is"),
    ("timeout is", "--timeout is"),
    ("None to wait for ever", "`none` to wait for ever"),
    (", or None for no limit", ""),
)

_STATUSES_THAT_END_BADLY = frozenset({"failed", "cancelled", "expired", "deleted"})


@define
class Outcome:
    """What became of one job.

    Attributes:
        id: Its id; None where there is none, or nobody knows it.
        video: The job as it was last seen.
        path: The file that it was saved to.
        cost: What it costs, in US dollars; None where that is not known.
        status: How it stands, where that is known without its having been seen.
        error: What went wrong.
        said: What was said of it.
        code: How the command ended for it.
    """

    id: str | None = None
    video: Video | None = None
    path: Path | None = None
    cost: Decimal | None = None
    status: str | None = None
    error: BaseException | None = None
    said: str = "interrupted"
    code: ExitCode = ExitCode.DONE

    @property
    def ended_badly(self) -> bool:
        """Whether the job is over without having made a video."""
        return self.video is not None and self.video.status in _STATUSES_THAT_END_BADLY

    @property
    def is_settled(self) -> bool:
        """Whether nothing more is to be done for it here."""
        return self.path is not None or self.error is not None

    def document(self) -> dict[str, Any]:
        """Return it for programs: the fields of the protocol, with `path` and `cost`.

        `error` is the job's own, else the command's; a cost that is not known is null.
        """
        sent = self.video.to_dict() if self.video else {}
        first = {
            "id": self.id,
            "status": self.status or sent.get("status"),
            "path": None if self.path is None else str(self.path),
            "seconds": sent.get("seconds"),
            "cost": None if self.cost is None else float(self.cost),
            "error": sent.get("error") or self._described_error(),
        }
        return {**first, **{name: value for name, value in sent.items() if name not in first}}

    def _described_error(self) -> dict[str, Any] | None:
        if self.error is None:
            return None
        code = self.error.code if isinstance(self.error, APIError) else None
        return {"code": code, "message": self.said, "type": type(self.error).__name__}


class Report:
    """Gathers what became of the jobs of a command, and tells it once at the end.

    Attributes:
        command: The command's name.
        output: Where to tell it.
        outcomes: What became of each job, in the order of the command line.
        lists: Whether the JSON document is a list, as for several ids, and not one object.
        line: What people read of a job that went well: its path, unless told otherwise.
        document: What programs read, in place of the outcomes; None for those.
        again: The arguments by which a further command finds the same server.
        place: The arguments by which a further command saves to the same place.
    """

    def __init__(self, command: str, output: Output, *, lists: bool = False) -> None:
        self.command = command
        self.output = output
        self.lists = lists
        self.outcomes: list[Outcome] = []
        self.line: Callable[[Outcome], object] = lambda outcome: outcome.path
        self.document: Any = None
        self.again: list[str] = []
        self.place: list[str] = []

    def of(self, job_id: str | None = None) -> Outcome:
        """Return a new outcome."""
        outcome = Outcome(job_id)
        self.outcomes.append(outcome)
        return outcome

    def failed(self, outcome: Outcome, error: BaseException) -> None:
        """Note, and say, what went wrong with a job."""
        outcome.error = error
        outcome.code = exit_code_of(error)
        if outcome.code is ExitCode.USAGE and outcome.video is not None:
            outcome.code = ExitCode.ERROR  # what is wrong was found when all was sent
        if isinstance(error, JobError) and error.video is not None:
            outcome.video = error.video
        if isinstance(error, OpenVideosError):
            outcome.said = self._said(error)
            self.output.warn(f"openvideos {self.command}: {outcome.said}")
        elif isinstance(error, NothingWasCreated):
            self.output.warn("Interrupted: nothing was created.")

    def conclude(self) -> None:
        """Tell what became of the jobs.

        Raises:
            typer.Exit: Always, with the command's exit code.
        """
        if self.output.json:
            documents = [outcome.document() for outcome in self.outcomes]
            of_results = documents if self.lists else documents[0]
            self.output.document(of_results if self.document is None else self.document)
        else:
            for outcome in self.outcomes:
                line = self.line(outcome)
                if outcome.error is None and line is not None:
                    self.output.data(str(line))
        raise typer.Exit(worst_of(outcome.code for outcome in self.outcomes))

    def command_line(self, command: str, *arguments: str) -> str:
        """Return a further command at the same server, as it can be typed into a shell."""
        return command_line(command, *arguments, *self.again)

    def saving_line(self, command: str, *arguments: str) -> str:
        """Return a further command that saves to the same place, as it can be typed."""
        return self.command_line(command, *arguments, *self.place)

    def _said(self, error: OpenVideosError) -> str:
        match error:
            case WaitTimeout(job_id=job_id, video=video):
                seen = _standing(video) if video else f"never seen; last error: {error.last_error}"
                said = (
                    f"{job_id} was not finished after {error.elapsed:.0f} s ({seen}). It runs on: "
                    f"{self.saving_line('wait', job_id)}"
                )
            case VideoNotReady(job_id=job_id, video=video):
                seen = f" ({_standing(video)})" if video else ""
                said = f"{job_id} is not finished{seen}: {self.saving_line('wait', job_id)}"
            case CreateUncertain():
                said = (
                    f"{error.message} The job is {UNCERTAIN}: it may exist, and may have been "
                    "charged. Before you create it again, look: "
                    f"{self.command_line('list', '--limit', '20')}"
                )
            case _:
                said = str(error)
        return in_options(said)


@contextmanager
def reporting(command: str, output: Output, *, lists: bool = False) -> Iterator[Report]:
    """Report what a block does with jobs, and what stops it.

    Raises:
        typer.Exit: Always, with the command's exit code.
    """
    report = Report(command, output, lists=lists)
    try:
        yield report
    except (OpenVideosError, KeyboardInterrupt) as error:
        # What stops the command is every job's that nothing else became of.
        unfinished = [outcome for outcome in report.outcomes if not outcome.is_settled]
        first = unfinished[0] if unfinished else report.of()
        report.failed(first, error)
        for outcome in unfinished[1:]:
            outcome.error, outcome.code, outcome.said = error, first.code, first.said
    report.conclude()


def in_options(said: str) -> str:
    """Return what the client says, with its arguments by the names of options, in one line."""
    for argument, option in _AS_OPTIONS:
        said = said.replace(argument, option)
    return printable(said)


def _standing(video: Video) -> str:
    return f"{video.status}, {video.progress or 0} %"
