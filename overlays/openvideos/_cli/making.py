"""Create a job, wait for it and save it: what create, remix, edit and extend share."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import frozen

from .costs import check_limit, cost_of, cost_of_job
from .creating import Creation
from .interrupts import Interrupts
from .journal import Journal
from .outcomes import reporting
from .output import printable
from .saving import COMPLETED, Saver

if TYPE_CHECKING:
    from collections.abc import Callable
    from decimal import Decimal

    from openvideos import OpenVideos

    from .creating import Request
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
            target = self.file.target(saves=not (self.interrupt.detach or self.cost.dry_run))
            report.place = self.file.again()
            more = self.more.fields()
            with self.server.client(interrupts) as client:
                report.again = self.server.again(client.base_url)
                outcome = report.of()
                outcome.cost = self._cost(request, client)
                if self.cost.dry_run:
                    self._show_plan(request, more, client, outcome, report)
                    return
                check_limit(outcome.cost, self.cost)
                creation = Creation(
                    request,
                    more,
                    client,
                    Journal.of_user(output.warn),
                    interrupts,
                    report,
                    outcome,
                )
                try:
                    creation.create()
                    if self.interrupt.detach:
                        report.line = lambda outcome: outcome.id
                        return
                    saver = Saver(
                        client, creation.journal, report, target, overwrite=self.file.force
                    )
                    saver.wait_and_save(creation.made(), outcome, **limits)
                    cost = self._cost_now(request, outcome)
                    output.say(f"Saved. Its cost: {_dollars(cost)}")
                except KeyboardInterrupt:
                    creation.detach(deletes=self.interrupt.delete_on_interrupt)
                    raise
                finally:
                    outcome.cost = self._cost_now(request, outcome)

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

    def _cost_now(self, request: Request, outcome: Outcome) -> Decimal | None:
        video = outcome.video
        if video is None or outcome.ended_badly:
            return None  # what a server charges for what it did not make is its own affair
        if video.status != COMPLETED:
            return outcome.cost
        return cost_of_job(
            video,
            command=request.command,
            asked_seconds=request.fields.get("seconds"),
            price_a_second=self.cost.price_a_second(),
        )

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
        cost = _dollars(outcome.cost)
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


def _dollars(cost: Decimal | None) -> str:
    return "not known" if cost is None else f"{cost:.2f} dollars"
