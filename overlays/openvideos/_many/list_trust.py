"""How far a server's list can be trusted to tell how jobs stand: learnt while it is used.

Servers and gateways differ: some lists show the jobs of others only, or under other ids, or as
they stood when somebody last asked for them one by one, or with a few of their fields.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from attrs import define, field

from .._waiting.statuses import is_final

if TYPE_CHECKING:
    from .._errors import APIError
    from .._protocol.models import Video

_View: TypeAlias = tuple[str, object]

_MOST_CHECKS = 16

_PATIENCE = 2  # how often a list may fail in the same way


@define
class ListTrust:
    """What is known of a server's list.

    Attributes:
        unfit: Why not to ask it any more; None while it may be asked.
        proven: Whether it has shown that a job went on which nobody asked for by itself.
        checks: How many of the jobs that it shows to be unfinished are to be asked for by
            themselves as well: the more, the more often they turn out to stand elsewhere.
    """

    unfit: str | None = None
    proven: bool = False
    checks: int = 1
    _views: dict[str, _View] = field(factory=dict, init=False)
    _asked_alone: set[str] = field(factory=set, init=False)  # since the list showed them last
    _behind: bool = field(default=False, init=False)
    _right: int = field(default=0, init=False)  # of the checks since the pages before
    _wrong: int = field(default=0, init=False)
    _whole: dict[str, bool] = field(factory=dict, init=False)
    _found: bool = field(default=False, init=False)
    _empty_handed: int = field(default=0, init=False)
    _failed_alone: int = field(default=0, init=False)

    def showed(self, video: Video) -> None:
        """Note what a page shows of a job."""
        view = _view(video)
        if video.id not in self._asked_alone and _differ(self._views.get(video.id), view):
            self.proven = True
        self._views[video.id] = view
        self._asked_alone.discard(video.id)

    def compare(self, video: Video, *, just_listed: bool) -> None:
        """Note how a job stands that was asked for by itself.

        Args:
            video: The job.
            just_listed: Whether a page showed it to be unfinished just before.
        """
        self._asked_alone.add(video.id)
        if just_listed and video.id in self._views:
            listed = self._views[video.id]
            self._behind = self._behind or _differ(listed, _view(video))
            is_right = listed[0] == video.status
            self._right, self._wrong = self._right + is_right, self._wrong + (not is_right)

    def forget(self, video_id: str) -> None:
        """Drop what was noted of a job that nobody waits for any more."""
        self._views.pop(video_id, None)
        self._asked_alone.discard(video_id)

    def is_whole(self, status: str) -> bool | None:
        """Tell whether the list shows all of a job of this final status; None if not known yet."""
        return self._whole.get(status)

    def compare_whole(self, listed: Video, alone: Video) -> None:
        """Note what the list shows of a job that is over, beside what the job itself shows."""
        if not is_final(alone.status):
            self.unfit = "it shows jobs to be over that are not"
        is_whole = alone.status == listed.status and _named(alone) <= _named(listed)
        self._whole[listed.status] = is_whole and self._whole.get(listed.status, True)

    def answered(self, *, found: bool, missed: bool) -> None:
        """Note that all pages came that were of use.

        Args:
            found: Whether they showed any of the jobs that were sought.
            missed: Whether they left any of them out.
        """
        self._failed_alone = 0
        self._found = self._found or found
        if missed and not self._found:
            self._empty_handed += 1
        self.checks = self.checks * 2 if self._wrong > self._right else max(self.checks // 2, 1)
        self._right = self._wrong = 0
        if self.checks > _MOST_CHECKS:
            self.unfit = "it is behind what jobs show by themselves"
        elif self._behind and not self.proven:
            # A list in which no job goes on but by being asked for is written by that asking.
            self.unfit = "it shows jobs to go on only when they are asked for by themselves"
        elif self._empty_handed >= _PATIENCE:
            self.unfit = "it shows none of the jobs"

    def failed(self) -> None:
        """Note that the list could not be had while a job could."""
        self._failed_alone += 1
        if self._failed_alone >= _PATIENCE:
            self.unfit = "it cannot be had, while jobs can"

    def refused(self, error: APIError) -> None:
        """Note that the server refuses to give the list."""
        self.unfit = f"it is refused: {error}"


def _view(video: Video) -> _View:
    return video.status, video.raw.get("progress")


def _differ(earlier: _View | None, later: _View) -> bool:
    if earlier is None:
        return False
    (status, progress), (new_status, new_progress) = earlier, later
    return status != new_status or (
        progress is not None and new_progress is not None and progress != new_progress
    )


def _named(video: Video) -> set[str]:
    return {name for name, value in video.raw.items() if value is not None}
