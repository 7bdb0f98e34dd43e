"""Create one job, so that its id is kept whatever happens meanwhile."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attrs import define, field, frozen

from openvideos import CreateUncertain, OpenVideosError

from .interrupts import NothingWasCreated
from .journal import UNCERTAIN
from .outcomes import in_options
from .output import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from openvideos import Job, OpenVideos, Video

    from .interrupts import Interrupts
    from .journal import Journal
    from .outcomes import Outcome, Report


@frozen
class Request:
    """A request that creates a job.

    Attributes:
        command: The command that sends it.
        fields: What it asks for, by the names of the protocol.
        send: Sends it by a client, with further fields; returns the job, and how it stands.
        source: The id of the job whose video it starts from; None where there is none.
    """

    command: str
    fields: Mapping[str, Any]
    send: Callable[[OpenVideos, dict[str, Any]], tuple[Job, Video | None]] = field(repr=False)
    source: str | None = None


@define
class Creation:
    """A job that is to be created, and what is known of it.

    Attributes:
        request: The request.
        more: Further fields of it, for what a server takes beyond the protocol.
        client: The client.
        journal: Where the job is noted.
        interrupts: What takes Ctrl-C.
        report: Where it is told.
        outcome: What became of the job.
    """

    request: Request
    more: Mapping[str, Any]
    client: OpenVideos
    journal: Journal
    interrupts: Interrupts
    report: Report
    outcome: Outcome
    _job: Job | None = field(default=None, init=False)

    def create(self) -> None:
        """Create the job, and note and say its id.

        Raises:
            OpenVideosError: It was not created, or nobody knows.
            KeyboardInterrupt: Ctrl-C came meanwhile.
        """
        request, uncertain = self.request, None
        number = self.journal.intend(request.command, self.client.base_url, request.fields)
        with self.interrupts.creating():
            try:
                self._note(number, *request.send(self.client, dict(self.more)))
            except CreateUncertain as error:
                uncertain = error
            except (OpenVideosError, NothingWasCreated):
                self.journal.withdraw(number)
                raise
        if uncertain is not None:
            job = self._found(uncertain)
            with self.interrupts.creating():
                self._note(number, job, job.video)
        self.interrupts.raise_if_pressed()

    def made(self) -> Job:
        """Return the job that was created."""
        if self._job is None:
            raise RuntimeError("create() comes first")
        return self._job

    def detach(self, *, deletes: bool) -> None:
        """Leave the job running after Ctrl-C, and say how to go on; where asked for, delete it."""
        if self._job is None:
            return
        warn, id_ = self.report.output.warn, self._job.id
        if deletes:
            try:
                self.client.videos.delete(id_)
            except OpenVideosError as error:
                warn(f"{printable(id_)} could not be deleted: {in_options(str(error))}")
            else:
                self.journal.saw(id_, self.client.base_url, status="deleted")
                warn(f"{printable(id_)} is deleted.")
                return
        warn(f"{printable(id_)} is left running: {self._how_to_wait(id_)}")
        warn(f"To cancel it: {self.report.command_line('delete', id_)}")

    def _note(self, number: int | None, job: Job, video: Video | None) -> None:
        self._job = job
        self.outcome.id, self.outcome.video, self.outcome.status = job.id, video, None
        self.journal.created(number, job.id, video.status if video else "queued")
        # Where the journal does not keep the id, it must be seen.
        output = self.report.output
        tell = output.say if self.journal.keeps else output.warn
        tell(f"The job is {printable(job.id)}. To pick it up again: {self._how_to_wait(job.id)}")

    def _found(self, error: CreateUncertain) -> Job:
        """Return the job of a create whose answer was lost.

        Raises:
            CreateUncertain: The server's list does not tell which it is, or whether there is one.
        """
        self.outcome.status = UNCERTAIN
        warn = self.report.output.warn
        warn("The answer was lost, so a job may exist. Looking for it in the server's list…")
        try:
            job = self.client.videos.find(error)
        except OpenVideosError as reason:
            warn(in_options(str(reason)))
            job = None
        # Another command may have created what the list shows.
        if job is None or self.journal.entry_of(job.id, self.client.base_url):
            raise error
        return job

    def _how_to_wait(self, id_: str) -> str:
        return self.report.saving_line("wait", id_)
