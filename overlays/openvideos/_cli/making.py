"""Create a job, note its id, wait for it and save it: what create, remix, edit and extend share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from openvideos import CreateUncertain, OpenVideosError

from .costs import check_limit, cost_of, cost_of_job
from .interrupts import Interrupts, NothingWasCreated
from .journal import Journal
from .options import command_line
from .outcomes import reporting
from .output import printable
from .saving import Saver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from openvideos import Job, OpenVideos

    from .options import (
        CostOptions,
        FieldOptions,
        FileOptions,
        InterruptOptions,
        ServerOptions,
        WaitOptions,
    )
    from .outcomes import Outcome, Report
    from .output import Output


@frozen
class Request:
    """A request that creates a job.

    Attributes:
        command: The command that sends it.
        fields: What it asks for, by the names of the protocol.
        send: Sends it by a client, with further fields; returns the job.
        source: The id of the job whose video it starts from; None where there is none.
    """

    command: str
    fields: Mapping[str, Any]
    send: Callable[[OpenVideos, dict[str, Any]], Job] = field(repr=False)
    source: str | None = None


@frozen
class Making:
    """The options of all commands that create a job."""

    cost: CostOptions
    wait: WaitOptions
    interrupt: InterruptOptions
    file: FileOptions
    more: FieldOptions
    server: ServerOptions
    output: Output

    def make(self, command: str, prepare: Callable[[], Request]) -> None:
        """Do what a request asks for, and report it.

        Args:
            command: The command that was given.
            prepare: Makes the request of its options.

        Raises:
            typer.Exit: Always, with the command's exit code.
        """
        output = self.output
        with (
            reporting(command, output) as report,
            Interrupts(output.warn, creates=True) as interrupts,
        ):
            request = prepare()
            limits = self.wait.arguments()
            target = self.file.target()
            more = self.more.fields()
            with self.server.client(interrupts) as client:
                outcome = report.of()
                outcome.cost = self._cost(request, client)
                if self.cost.dry_run:
                    self._show_plan(request, more, client, outcome, report)
                    return
                check_limit(outcome.cost, self.cost)
                journal = Journal.of_user(output.warn)
                job = self._created(request, more, client, journal, interrupts, report)
                outcome.id, outcome.video = job.id, job.video
                try:
                    interrupts.raise_if_pressed()
                    if self.interrupt.detach:
                        report.line = lambda outcome: outcome.id
                        return
                    saver = Saver(client, journal, report, target, overwrite=self.file.force)
                    saver.wait_and_save(job, outcome, **limits)
                except KeyboardInterrupt:
                    self._interrupted(client, job, journal)
                    raise
                finally:
                    if outcome.video is not None and outcome.video.status == "completed":
                        outcome.cost = cost_of_job(
                            outcome.video,
                            command=request.command,
                            asked_seconds=request.fields.get("seconds"),
                            price_a_second=self.cost.price_a_second(),
                        )
                    elif outcome.ended_badly:
                        outcome.cost = None  # whether a server charges for it is its own affair

    def _cost(self, request: Request, client: OpenVideos) -> Any:
        fields = dict(request.fields)
        cost = cost_of(fields, self.cost.price_a_second())
        if cost is None and request.source and (self.cost.dry_run or self.cost.max_cost):
            # What is made of a video is as that video is, in what is not asked for.
            source = client.videos.retrieve(request.source)
            for name in ("model", "size", "seconds"):
                fields.setdefault(name, getattr(source, name))
            cost = cost_of(fields, self.cost.price_a_second())
        return cost

    def _created(
        self,
        request: Request,
        more: dict[str, Any],
        client: OpenVideos,
        journal: Journal,
        interrupts: Interrupts,
        report: Report,
    ) -> Job:
        number = journal.intend(request.command, client.base_url, request.fields)
        try:
            with interrupts.creating():
                job = request.send(client, more)
        except CreateUncertain as error:
            job = self._found(client, error, journal, report)
        except (OpenVideosError, NothingWasCreated):
            journal.withdraw(number)
            raise
        journal.created(number, job.id, job.video.status if job.video else "queued")
        # Where the journal does not keep the id, it must be seen.
        tell = self.output.say if journal.keeps else self.output.warn
        tell(f"The job is {printable(job.id)}. To pick it up again: {self._again(client, job)}")
        return job

    def _found(
        self, client: OpenVideos, error: CreateUncertain, journal: Journal, report: Report
    ) -> Job:
        """Return the job of a create whose answer was lost.

        Raises:
            CreateUncertain: The server's list does not tell which it is, or whether there is one.
        """
        self.output.warn(
            f"openvideos {report.command}: {printable(str(error.message))} "
            "The job is uncertain: it may exist, and may have been charged. Looking for it…"
        )
        try:
            job = client.videos.find(error)
        except OpenVideosError as reason:
            self.output.warn(printable(str(reason)))
            job = None
        # Another command may have created what the list shows.
        if job is None or journal.entry_of(job.id):
            look = command_line("list", "--limit", "20", *self.server.again(client.base_url))
            self.output.warn(
                f"It was not found for certain. Before you create it again, look: {look}"
            )
            raise error
        return job

    def _show_plan(
        self,
        request: Request,
        more: dict[str, Any],
        client: OpenVideos,
        outcome: Outcome,
        report: Report,
    ) -> None:
        fields = {
            name: value if isinstance(value, str | int | float | list) else str(value)
            for name, value in {**request.fields, **more}.items()
        }
        cost = "not known" if outcome.cost is None else f"{outcome.cost:.2f} dollars"
        self.output.say(
            f"Nothing is created. {client.base_url} would be asked to {request.command}:"
        )
        report.document = {
            "command": request.command,
            "base_url": client.base_url,
            "fields": fields,
            "cost": None if outcome.cost is None else float(outcome.cost),
        }
        report.line = lambda _: "\n".join(
            [
                *(f"{name}: {printable(str(value))}" for name, value in fields.items()),
                f"cost: {cost}",
            ]
        )

    def _again(self, client: OpenVideos, job: Job) -> str:
        return command_line("wait", job.id, *self.file.again(), *self.server.again(client.base_url))

    def _interrupted(self, client: OpenVideos, job: Job, journal: Journal) -> None:
        warn, server = self.output.warn, self.server.again(client.base_url)
        if self.interrupt.delete_on_interrupt:
            try:
                client.videos.delete(job.id)
            except OpenVideosError as error:
                warn(f"{job.id} could not be deleted: {printable(str(error))}")
            else:
                journal.saw(job.id, status="deleted")
                warn(f"{job.id} is deleted.")
                return
        warn(
            f"{job.id} is left running: {self._again(client, job)}\n"
            f"To cancel it: {command_line('delete', job.id, *server)}"
        )
