"""Wait for jobs, and save each as soon as it is finished: what a server keeps soon expires."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, ParamSpec

from attrs import frozen

from openvideos import JobError, OpenVideosError, TargetExists

from .costs import cost_in_journal
from .progress import progress

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from decimal import Decimal
    from pathlib import Path

    from openvideos import Job, OpenVideos, Video

    from .journal import Journal
    from .outcomes import Outcome, Report
    from .progress import Progress

COMPLETED = "completed"

P = ParamSpec("P")
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
        self, job: Job, outcome: Outcome, *, max_wait: float | None, interval: float | None
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
                    self._saw(outcome, job.video)
            self._save_finished(outcome, shown)

    def wait_and_save_each(
        self, outcomes: Sequence[Outcome], *, max_wait: float | None, interval: float | None
    ) -> None:
        """Wait for jobs and save each when it is finished. What fails is in its outcome."""
        if len(outcomes) == 1:
            (outcome,) = outcomes
            job = self.client.videos.job(str(outcome.id))
            self._reported(
                outcome, self.wait_and_save, job, outcome, max_wait=max_wait, interval=interval
            )
            return
        by_id = {outcome.id: outcome for outcome in outcomes}
        with progress(self.report.output, jobs=len(outcomes)) as shown:

            def changed(video: Video) -> None:
                shown.changed(video)
                outcome = by_id[video.id]
                self._saw(outcome, video)
                if video.status == COMPLETED:
                    self._reported(outcome, self._save_finished, outcome, shown)

            ends = self.client.videos.wait_many(
                [str(outcome.id) for outcome in outcomes],
                max_wait=max_wait,
                interval=interval,
                on_update=changed,
            )
            for outcome, end in zip(outcomes, ends, strict=True):
                if end.error is not None:
                    self.report.failed(outcome, end.error)

    def save(self, outcome: Outcome) -> None:
        """Save what a job made.

        Raises:
            OpenVideosError: It made nothing (yet), or its file did not arrive.
        """
        with progress(self.report.output) as shown:
            try:
                self._save(outcome, shown)
            except JobError as error:
                if error.video is not None:
                    self._saw(outcome, error.video)
                raise

    def _reported(
        self, outcome: Outcome, do: Callable[P, None], *args: P.args, **keywords: P.kwargs
    ) -> None:
        try:
            do(*args, **keywords)
        except OpenVideosError as error:
            self.report.failed(outcome, error)

    def _save_finished(self, outcome: Outcome, shown: Progress) -> None:
        try:
            self._save(outcome, shown)
        except (JobError, TargetExists):
            raise
        except OpenVideosError:
            again = self.report.saving_line("download", str(outcome.id))
            self.report.output.warn(
                f"{outcome.id} is finished, but not saved. To try again: {again}"
            )
            raise

    def _save(self, outcome: Outcome, shown: Progress) -> None:
        outcome.path = self.client.videos.download(
            str(outcome.id),
            self.target,
            variant=self.variant,
            on_progress=shown.received,
            overwrite=self.overwrite,
        )
        self.journal.saw(str(outcome.id), self.client.base_url, status=COMPLETED, path=outcome.path)

    def _saw(self, outcome: Outcome, video: Video) -> None:
        outcome.video = video
        id_, base_url = str(outcome.id), self.client.base_url
        entry = self.journal.entry_of(id_, base_url)
        outcome.cost = cost_in_journal(video, entry, self.price_a_second)
        self.journal.saw(id_, base_url, status=video.status)
