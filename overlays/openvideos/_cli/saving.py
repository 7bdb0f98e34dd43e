"""Wait for jobs, and save each as soon as it is finished: what a server keeps soon expires."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from attrs import frozen

from openvideos import JobError, OpenVideosError

from .costs import cost_of_job
from .options import command_line
from .progress import progress

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal
    from pathlib import Path

    from openvideos import Job, OpenVideos, Video

    from .journal import Journal
    from .progress import Progress
    from .results import JobResult, Report

COMPLETED = "completed"

Variant = Literal["video", "thumbnail", "spritesheet"]


@frozen
class Saver:
    """Waits for jobs and saves them.

    Attributes:
        client: The client.
        journal: Where it is noted how they stand.
        report: Where it is told.
        target: The file or folder to save to.
        overwrite: Whether a file that is there already is replaced.
        variant: What is saved.
        price_a_second: The server's own price; None for those that OpenAI charged.
    """

    client: OpenVideos
    journal: Journal
    report: Report
    target: Path
    overwrite: bool
    variant: Variant | None = None
    price_a_second: Decimal | None = None

    def wait_and_save(
        self, job: Job, result: JobResult, *, max_wait: float | None, interval: float | None
    ) -> None:
        """Wait for a job and save it.

        Raises:
            OpenVideosError: It made no video, or not in time, or its file did not arrive.
        """
        with progress(self.report.output) as shown:
            try:
                job.wait(max_wait=max_wait, interval=interval, on_progress=shown.changed)
            finally:
                if job.video is not None:
                    self._saw(result, job.video)
            self._save_finished(result, shown)

    def wait_and_save_each(
        self, results: Sequence[JobResult], *, max_wait: float | None, interval: float | None
    ) -> None:
        """Wait for jobs and save each when it is finished. What fails is in its result."""
        if len(results) == 1:
            (result,) = results
            try:
                job = self.client.videos.job(str(result.id))
                self.wait_and_save(job, result, max_wait=max_wait, interval=interval)
            except OpenVideosError as error:
                self.report.failed(result, error)
            return

    def save(self, result: JobResult) -> None:
        """Save what a job made.

        Raises:
            OpenVideosError: It made nothing (yet), or its file did not arrive.
        """
        with progress(self.report.output) as shown:
            try:
                self._save(result, shown)
            except JobError as error:
                if error.video is not None:
                    self._saw(result, error.video)
                raise

    def _save_finished(self, result: JobResult, shown: Progress) -> None:
        try:
            self._save(result, shown)
        except JobError:
            raise
        except OpenVideosError:
            again = command_line("download", str(result.id))
            self.report.output.warn(
                f"{result.id} is finished, but not saved. To try again: {again}"
            )
            raise

    def _save(self, result: JobResult, shown: Progress) -> None:
        result.path = self.client.videos.download(
            str(result.id),
            self.target,
            variant=self.variant,
            on_progress=shown.received,
            overwrite=self.overwrite,
        )
        self.journal.saw(str(result.id), status=COMPLETED, path=result.path)

    def _saw(self, result: JobResult, video: Video) -> None:
        result.video = video
        entry = self.journal.entry_of(str(result.id))
        if entry is not None and video.status == COMPLETED:
            result.cost = cost_of_job(
                video,
                command=entry.command,
                asked_seconds=entry.seconds,
                price_a_second=self.price_a_second,
            )
        self.journal.saw(str(result.id), status=video.status)
