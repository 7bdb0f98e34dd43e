"""How a wait and a download are shown: a bar on a terminal, else now and then a line."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Protocol, Self

from .output import has_terminal, printable

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from openvideos import Video

    from .output import Output

EVERY = 10.0  # seconds: logs are not flooded, and nothing that watches them takes us for hung

_FINAL = frozenset({"completed", "failed", "cancelled", "expired", "deleted"})


class Progress(Protocol):
    """What is told how jobs and their files come along."""

    def changed(self, video: Video) -> None:
        """Show how a job stands."""

    def received(self, received: int, total: int | None) -> None:
        """Show how many bytes of a file are here, and how many there are, if that is known."""

    def __enter__(self) -> Self:
        """Begin to show."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Show no more."""


def progress(output: Output, *, jobs: int = 1) -> Progress:
    """Return what shows progress on stderr.

    Args:
        output: Whether anything is shown.
        jobs: How many jobs are waited for.
    """
    if output.quiet:
        return Silence()
    if has_terminal():
        from rich.console import Console

        console = Console(stderr=True)
        if not console.is_dumb_terminal:
            return Bar(console, jobs=jobs)
    return Lines(output.say, jobs=jobs)


class Standing:
    """How the jobs stand, in words."""

    def __init__(self, jobs: int) -> None:
        self._jobs = jobs
        self._videos: dict[str, Video] = {}

    def saw(self, video: Video) -> bool:
        """Note how a job stands; tell whether its status is a new one."""
        before = self._videos.get(video.id)
        self._videos[video.id] = video
        return before is None or before.status != video.status

    @property
    def done(self) -> float:
        """How much is done, in percent."""
        if self._jobs == 1:
            return float(next((video.progress or 0 for video in self._videos.values()), 0))
        return 100 * self._finished() / self._jobs

    def text(self) -> str:
        """Return the standing of all."""
        if self._jobs == 1:
            return next(map(self.text_of, self._videos.values()), "waiting for a first look")
        return f"{self._finished()} of {self._jobs} jobs finished"

    def text_of(self, video: Video) -> str:
        """Return the standing of one job."""
        percent = "" if video.progress is None else f", {video.progress} %"
        return printable(f"{video.id}: {video.status}{percent}")

    def _finished(self) -> int:
        return sum(video.status in _FINAL for video in self._videos.values())


class Silence:
    """Shows nothing."""

    def changed(self, video: Video) -> None:
        """Show nothing."""

    def received(self, received: int, total: int | None) -> None:
        """Show nothing."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        pass


class Lines:
    """Says a line when a status changes, and every ten seconds in between."""

    def __init__(
        self,
        say: Callable[[str], None],
        *,
        jobs: int = 1,
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        self._say = say
        self._now = now
        self._standing = Standing(jobs)
        self._began = self._said_at = now()
        self._saving: str | None = None
        self._lock = threading.Lock()
        self._stopped = threading.Event()

    def changed(self, video: Video) -> None:
        """Say it at once if the status is a new one."""
        with self._lock:
            if self._standing.saw(video):
                self._tell(self._standing.text_of(video))
        self.tick()

    def received(self, received: int, total: int | None) -> None:
        """Say it when it is time."""
        with self._lock:
            of_all = "" if total is None else f" of {total}"
            self._saving = f"saving, {received}{of_all} bytes"
        self.tick()

    def tick(self) -> None:
        """Say how things stand if nothing was said for a while."""
        with self._lock:
            if self._now() - self._said_at >= EVERY:
                self._tell(self._saving or self._standing.text())

    def __enter__(self) -> Self:
        # The client is silent between two looks, which may be further apart than our lines.
        threading.Thread(target=self._tick_until_stopped, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._stopped.set()

    def _tick_until_stopped(self) -> None:
        while not self._stopped.wait(1.0):
            self.tick()

    def _tell(self, text: str) -> None:
        self._said_at = self._now()
        self._say(f"{text} ({self._said_at - self._began:.0f} s)")


class Bar:
    """A bar that moves, on a terminal."""

    def __init__(self, console: Any, *, jobs: int = 1) -> None:
        from rich.progress import BarColumn, SpinnerColumn, TextColumn, TimeElapsedColumn
        from rich.progress import Progress as RichProgress

        self._standing = Standing(jobs)
        self._rich = RichProgress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._waiting = self._rich.add_task(self._standing.text(), total=100)
        self._saving: Any = None

    def changed(self, video: Video) -> None:
        """Move the bar."""
        self._standing.saw(video)
        self._rich.update(
            self._waiting, completed=self._standing.done, description=self._standing.text()
        )

    def received(self, received: int, total: int | None) -> None:
        """Move the bar of the file."""
        if self._saving is None or received == 0:
            if self._saving is not None:
                self._rich.remove_task(self._saving)
            self._saving = self._rich.add_task("saving", total=total)
        self._rich.update(self._saving, completed=received, total=total)

    def __enter__(self) -> Self:
        self._rich.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._rich.stop()
