"""When to look at which of many jobs, and how: a state machine without I/O.

Each job is waited for by the rules of `_waiting/polling.py`. What is decided here is how to look at
those whose time has come with as few requests as possible: on pages of the server's list, which
show a hundred jobs at once, or each by itself. Looks come in rounds: pages first, then jobs by
themselves.
"""

from __future__ import annotations

import math
from collections import Counter
from typing import TYPE_CHECKING

from attrs import define, field

from .._errors import APIError, APIStatusError
from .._protocol.pages import next_cursor
from .._waiting.limits import DEFAULT_MAX_WAIT
from .._waiting.looking import Sight, judged
from .._waiting.polling import Decision, Finish, Look, Pause, Poll, Stop, passes
from .._waiting.statuses import is_final
from .list_trust import ListTrust
from .rounds import Ask, Rest, Round, Turn, worthwhile_depth

if TYPE_CHECKING:
    from collections.abc import Iterable

    from .._protocol.decoding import ListedVideos
    from .._protocol.models import Video
    from .._waiting.job_states import JobState
    from .rounds import Step

PAGE_SIZE = 100  # videos, the most that the protocol allows

_MISSED_OFTEN = 2  # how often pages may leave a job out until it is sought there no more


@define(eq=False)
class Awaited:
    """The waiting for one job.

    Attributes:
        job: What is known of the job.
        poll: The rules and the state of its waiting.
        wake: When to look at it next.
        looking: Whether its time has come, and no answer yet.
        end: How the waiting ended; None while it has not.
    """

    job: JobState
    poll: Poll
    wake: float = math.inf
    looking: bool = False
    end: Finish | Stop | None = None

    @property
    def deadline(self) -> float:
        """Until when to wait."""
        limit = self.poll.max_wait
        return math.inf if limit is None else self.poll.started + limit


@define
class Schedule:
    """The waiting for many jobs; they may come and go at any time.

    `step` says what to do next; `page`, `page_failed` and `alone` take what came of it.

    Attributes:
        trust: How far the server's list can be trusted.
    """

    trust: ListTrust = field(factory=ListTrust)
    _awaited: dict[str, list[Awaited]] = field(factory=dict, init=False)
    _changed: list[Awaited] = field(factory=list, init=False)
    _round: Round | None = field(default=None, init=False)
    _rounds: int = field(default=0, init=False)
    _chance: float = field(default=0.5, init=False)
    _asked: float | None = field(default=None, init=False)  # by answers about jobs by themselves
    _page_of: dict[str, int] = field(factory=dict, init=False)  # where it was seen last
    _missed: Counter[str] = field(factory=Counter, init=False)
    _checked: dict[str, int] = field(factory=dict, init=False)  # the round of its last look alone

    def add(
        self,
        job: JobState,
        *,
        now: float,
        max_wait: float | None = DEFAULT_MAX_WAIT,
        interval: float | None = None,
        chance: float = 0.5,
    ) -> Awaited:
        """Begin to wait for a job.

        Args:
            job: What is known of it.
            now: The time.
            max_wait: For how many seconds to wait; None for ever.
            interval: The pause between two looks, in seconds; None for what the server asks for,
                else 10 s that grow to 20 s.
            chance: A number from 0 up to 1.

        Raises:
            InvalidInput: One cannot wait so.
        """
        poll = Poll(
            job_id=job.id,
            started=now,
            max_wait=max_wait,
            interval=interval,
            created=job.created,
            video=job.video,
        )
        awaited = Awaited(job, poll)
        self._awaited.setdefault(job.id, []).append(awaited)
        decision = poll.begin(asked=job.asked, seen=job.seen, chance=chance)
        if isinstance(decision, Look):
            awaited.looking, awaited.wake = True, now
        else:
            self._obey(awaited, decision, now)
        if job.video:
            self._changed.append(awaited)
        return awaited

    def drop(self, awaited: Awaited) -> None:
        """Wait for a job no more."""
        those = self._awaited.get(awaited.job.id, [])
        if awaited in those:
            those.remove(awaited)
        if not those and self._awaited.pop(awaited.job.id, None) is not None:
            if self._round:
                self._round.sought.discard(awaited.job.id)
            self._page_of.pop(awaited.job.id, None)
            self._checked.pop(awaited.job.id, None)
            self._missed.pop(awaited.job.id, None)
            self.trust.forget(awaited.job.id)

    def expire(self, awaited: Awaited, now: float) -> None:
        """Let the waiting for a job run out, if its time is over."""
        if awaited.end is None and now >= awaited.deadline:
            self._obey(awaited, awaited.poll.woke(now), now)

    def changes(self) -> list[Awaited]:
        """Return, once, what was news: jobs that went on, and waiting that ended."""
        changed, self._changed = self._changed, []
        return list(dict.fromkeys(changed))

    def step(self, now: float, chance: float) -> Step:
        """Decide what to do next.

        Args:
            now: The time.
            chance: A number from 0 up to 1.
        """
        self._chance = chance
        if self._round is None:
            due = self._due(now)
            if not due:
                return Rest(self._until_next(now))
            self._rounds += 1
            self._round = self._planned(due, now)
        current = self._round
        if current.walking:
            if now >= current.first_deadline:
                current.sought = {id_ for id_ in current.sought if self._time_left(id_, now)}
            if current.sought:
                return Turn(current.after, current.last_deadline)
            self._walked(current)
        current.alone = [id_ for id_ in current.alone if self._time_left(id_, now)]
        if current.alone:
            return Ask({id_: self._deadline(id_) for id_ in dict.fromkeys(current.alone)})
        for id_, listed in current.over.items():
            self._apply(id_, listed)  # no time is left to learn more
        self._round = None
        return self.step(now, chance)

    def page(self, sight: Sight[ListedVideos]) -> None:
        """Take what came of a `Turn`."""
        current = self._round
        assert current, "a page comes in a round"  # noqa: S101 - the driver's contract
        if isinstance(sight.result, APIError):
            self._page_failed(current, sight.result, sight)
            return
        listed, sought = sight.result, len(current.sought)
        fresh = [video for video in listed.data if video.id not in current.listed]
        current.listed.update(video.id for video in fresh)
        for video in fresh:
            if _has_status(video):
                self._shown(current, video, sight)
        current.pages += 1
        current.barren = current.barren + 1 if len(current.sought) == sought else 0
        current.after = next_cursor(listed, after=current.after, limit=PAGE_SIZE)
        if not (fresh and current.after) or current.is_vain(listed.data):
            self._walked(current)

    def alone(self, sights: Iterable[tuple[str, Sight[Video] | None]]) -> None:
        """Take what came of an `Ask`; None where the time was over before it could be asked."""
        current = self._round
        assert current, "an answer comes in a round"  # noqa: S101 - the driver's contract
        current.alone = []
        error: Sight[Video] | None = None
        for id_, sight in sights:
            if sight is None:
                continue
            listed = current.over.pop(id_, None)
            if isinstance(sight.result, APIError):
                error = sight
            else:
                self._checked[id_] = self._rounds
                if not is_final(sight.result.status):
                    self._asked = sight.asked
                just_listed = id_ in current.unfinished
                self.trust.compare(sight.result, just_listed=just_listed)
                if current.probing:
                    self.trust.failed()
                if listed and not isinstance(listed.result, APIError):
                    self.trust.compare_whole(listed.result, sight.result)
            self._apply(id_, sight)
        current.probing = False
        self._finish_listed(current, error)

    # -- what is due ---------------------------------------------------------------------------

    def _due(self, now: float) -> list[str]:
        for those in list(self._awaited.values()):
            for awaited in list(those):
                if awaited.wake <= now and not awaited.looking:
                    awaited.looking = True
                    decision = awaited.poll.woke(now)
                    if not isinstance(decision, Look):
                        self._obey(awaited, decision, now)
        return [
            id_
            for id_, those in self._awaited.items()
            if any(awaited.looking and awaited.wake <= now for awaited in those)
        ]

    def _until_next(self, now: float) -> float | None:
        wakes = [awaited.wake for those in self._awaited.values() for awaited in those]
        return max(min(wakes) - now, 0.0) if wakes else None

    def _deadline(self, id_: str) -> float:
        return max((awaited.deadline for awaited in self._awaited.get(id_, ())), default=-math.inf)

    def _time_left(self, id_: str, now: float) -> bool:
        """Tell whether a job may still be asked for; if not, let its waiting run out."""
        if self._deadline(id_) > now:
            return True
        for awaited in self._awaited.get(id_, ()):
            awaited.looking, awaited.wake = False, -math.inf
        return False

    # -- which way to look ---------------------------------------------------------------------

    def _planned(self, due: list[str], now: float) -> Round:
        """Decide which jobs to seek in the list.

        Jobs that were not seen there yet are taken to be on its first page, and those that pages
        have left out to be nowhere.
        """
        sought: set[str] = set()
        if not self.trust.unfit:
            page_of = {
                id_: self._page_of.get(id_, 0) for id_ in due if self._missed[id_] < _MISSED_OFTEN
            }
            depth = worthwhile_depth(page_of.values(), self._checks)
            sought = {id_ for id_, page in page_of.items() if page < depth}
        alone = [id_ for id_ in due if id_ not in sought]
        deadlines = [self._deadline(id_) for id_ in sought] or [math.inf]
        created = [self._created(id_) for id_ in sought]
        oldest = None if None in created else min(filter(None, created), default=None)
        return Round(now, sought, alone, bool(sought), min(deadlines), max(deadlines), oldest)

    def _checks(self, pages: int) -> int:
        """Return how many of the jobs that pages showed are asked for by themselves as well."""
        return max(self.trust.checks, 0 if self.trust.proven else max(pages, 2))

    def _created(self, id_: str) -> int | None:
        videos = (awaited.poll.video for awaited in self._awaited.get(id_, ()))
        return next((video.created_at for video in videos if video and video.created_at), None)

    # -- what came -----------------------------------------------------------------------------

    def _shown(self, current: Round, video: Video, page: Sight[ListedVideos]) -> None:
        if video.id not in self._awaited:
            return
        self.trust.showed(video)
        current.found = True
        current.sought.discard(video.id)
        self._page_of[video.id] = current.pages
        self._missed.pop(video.id, None)
        asked = self._asked if page.asked is None else page.asked
        # All are judged by the time of the round's start, so that they stay in step.
        sight = Sight(video, asked, current.started)
        if is_final(video.status) and not self.trust.is_whole(video.status):
            current.over[video.id] = sight
            return
        if not is_final(video.status):
            current.unfinished.append(video.id)
        self._apply(video.id, sight)

    def _page_failed(self, current: Round, error: APIError, sight: Sight[ListedVideos]) -> None:
        current.walking = False
        failure: Sight[Video] = Sight(error, sight.asked, sight.time)
        if isinstance(error, APIStatusError) and error.status_code == 401:
            alone: set[str] = set()  # with a wrong key, nothing else can be had either
        elif passes(error):
            # One job by itself tells whether it is only the list that cannot be had.
            alone = set() if sight.asked is not None else set(sorted(current.sought)[:1])
            current.probing = bool(alone)
        else:
            if current.pages:
                self._missed.update(current.sought)
            else:
                self.trust.refused(error)
            alone = current.sought
        for id_ in current.sought - alone:
            self._apply(id_, failure)
        current.alone += sorted(alone)
        current.sought = set()
        self._finish_listed(current, None)

    def _walked(self, current: Round) -> None:
        current.walking = False
        if not current.pages:
            return
        self.trust.answered(found=current.found, missed=bool(current.sought))
        self._missed.update(current.sought)
        current.alone += [id_ for id_ in self._awaited if id_ in current.sought]
        current.sought = set()
        # Those first that were not checked for longest, and of them the oldest, which end first.
        candidates = [id_ for id_ in reversed(current.unfinished) if id_ in self._awaited]
        candidates.sort(key=lambda id_: self._checked.get(id_, 0))
        current.alone += candidates[: self._checks(current.pages)]
        self._finish_listed(current, None)

    def _finish_listed(self, current: Round, error: Sight[Video] | None) -> None:
        """Let jobs that pages showed to be over be so, as far as it is known that this is all.

        One of each status is asked for by itself to learn that. Where it could not be had for now,
        the others are looked at later.
        """
        samples: set[str] = set()
        for id_, listed in list(current.over.items()):
            if isinstance(listed.result, APIError) or id_ not in self._awaited:
                del current.over[id_]
                continue
            status = listed.result.status
            whole = self.trust.is_whole(status)
            if whole:
                self._apply(id_, current.over.pop(id_))
            elif error is not None and isinstance(error.result, APIError) and passes(error.result):
                self._apply(id_, error)
                del current.over[id_]
            elif whole is False or status not in samples:
                samples.add(status)
                current.alone.append(id_)

    def _apply(self, id_: str, sight: Sight[Video]) -> None:
        for awaited in list(self._awaited.get(id_, ())):
            before = awaited.poll.video
            awaited.looking = False
            decision = judged(awaited.poll, sight, chance=self._chance)
            if not isinstance(sight.result, APIError):
                awaited.job.saw(sight.result, asked=sight.asked, now=sight.time)
                if before is None or _view(before) != _view(sight.result):
                    self._changed.append(awaited)
            self._obey(awaited, decision, sight.time)

    def _obey(self, awaited: Awaited, decision: Decision, now: float) -> None:
        match decision:
            case Pause(seconds):
                awaited.wake = now + seconds
            case Finish() | Stop():
                awaited.end = decision
                self._changed.append(awaited)
                self.drop(awaited)


def _has_status(video: Video) -> bool:
    word = video.raw.get("status")
    return isinstance(word, str) and bool(word.strip())


def _view(video: Video) -> tuple[str, int | None]:
    return video.status, video.progress
