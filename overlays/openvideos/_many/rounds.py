"""Rounds of looks at many jobs: on pages of the list first, then at jobs by themselves."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, TypeAlias

from attrs import define, field, frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from .._protocol.models import Video
    from .._waiting.looking import Sight


@frozen
class Turn:
    """Look at a page of the list.

    Attributes:
        after: The page's cursor; None for the first one.
        until: When to give up on the answer.
    """

    after: str | None
    until: float


@frozen
class Ask:
    """Look at jobs by themselves.

    Attributes:
        jobs: The jobs' ids, each with the time when to give up on the answer.
    """

    jobs: Mapping[str, float]


@frozen
class Rest:
    """Look at nothing for so many seconds; None where there is nothing to wait for."""

    seconds: float | None


Step: TypeAlias = Turn | Ask | Rest


@define
class Round:
    """Looks at all jobs whose time has come.

    Attributes:
        started: When it began.
        sought: Ids of jobs to be found in the list.
        alone: Ids of jobs to be asked for by themselves.
        walking: Whether there are pages to look at still.
        first_deadline: When the waiting for the first of those sought is over.
        last_deadline: When it is over for all of them.
        oldest: When the oldest of those sought was created, in unix seconds; None if not known.
        after: The cursor of the next page.
        pages: How many pages came.
        barren: How many of the last pages showed no job that was sought.
        found: Whether pages showed any awaited job.
        listed: Ids that pages showed.
        unfinished: Ids of awaited jobs that pages showed to be unfinished.
        over: Awaited jobs that pages showed to be over, until it is known if that is all of them.
        probing: Whether a job is asked for as the list could not be had.
    """

    started: float
    sought: set[str]
    alone: list[str]
    walking: bool
    first_deadline: float
    last_deadline: float
    oldest: int | None
    after: str | None = None
    pages: int = 0
    barren: int = 0
    found: bool = False
    listed: set[str] = field(factory=set)
    unfinished: list[str] = field(factory=list)
    over: dict[str, Sight[Video]] = field(factory=dict)
    probing: bool = False

    def is_vain(self, page: list[Video]) -> bool:
        """Tell whether a page after this one would hardly show what is sought."""
        if not self.sought or self.barren > max(len(self.sought) // 4, 1):
            return True
        first, last = page[0].created_at, page[-1].created_at
        if first is None or last is None or first < last or self.oldest is None:
            return False  # not the newest first, or not known
        return last < self.oldest


def worthwhile_depth(pages: Iterable[int], checks: Callable[[int], int]) -> int:
    """Decide how many pages to look at: each costs as much as a job by itself.

    Args:
        pages: For each job the number of the page that shows it, from 0.
        checks: Tells how many jobs are asked for by themselves after so many pages.
    """
    on_page = Counter(pages)
    deeper = least = on_page.total()
    depth = 0
    for page in sorted(on_page):
        deeper -= on_page[page]
        cost = page + 1 + checks(page + 1) + deeper
        if cost < least:
            least, depth = cost, page + 1
    return depth
