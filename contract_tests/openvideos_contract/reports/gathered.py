"""What one process of a run has to tell; a run in several joins what they gathered."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

import attrs

from openvideos_contract.jobs.plan import unforeseen
from openvideos_contract.judging.requirements import Level
from openvideos_contract.judging.verdict import Result, Status
from openvideos_contract.reports.pictures import MadeVideo, made_videos
from openvideos_contract.reports.recorded import Recorded, record
from openvideos_contract.settings.configuration import masked

if TYPE_CHECKING:
    from openvideos_contract.running.session import Session
    from openvideos_contract.wire.gate import Gate


@attrs.frozen(kw_only=True)
class Gathered:
    """What one process of a run found out and spent, secrets masked.

    Attributes:
        results: What came out, before a dialect's expectations.
        exchanges: What went over the wire; none where no report is written.
        videos: The jobs that were made, with pictures; none where no report is written.
        spent: How many jobs the server accepted, or may have, over all processes.
        unforeseen: How many of them the plan has no place for.
        seconds_of_video: The length of those whose length the server told.
        of_unknown_length: How many are not in that sum.
        left_over: The ids that were made and could not be deleted; empty ones gave no id.
    """

    results: tuple[Result, ...]
    exchanges: tuple[Recorded, ...] = ()
    videos: tuple[MadeVideo, ...] = ()
    spent: int = 0
    unforeseen: int = 0
    seconds_of_video: float = 0.0
    of_unknown_length: int = 0
    left_over: tuple[str, ...] = ()

    @classmethod
    def of(cls, session: Session) -> Gathered:
        """Return what a session that has ended gathered."""
        secrets = session.configuration.secrets
        spent = session.gate.budget.spent
        lengths = _lengths(session.gate)
        shown = session.configuration.report_dir is not None
        telling = {result.exchange for result in session.results if result.exchange}
        return cls(
            results=tuple(session.results),
            exchanges=record(session.gate.exchanges, telling=telling) if shown else (),
            videos=made_videos(session.jobs.all_made(), session.jobs.downloads) if shown else (),
            spent=spent,
            unforeseen=unforeseen(session.contract, session.gate.accepted),
            seconds_of_video=sum(lengths),
            of_unknown_length=max(0, spent - len(lengths)),
            left_over=tuple(masked(made.shown, secrets) for made in session.left_over),
        )

    @classmethod
    def joined(cls, parts: Sequence[Gathered]) -> Gathered:
        """Return what several processes gathered as if one had; exchanges are numbered anew."""
        results: list[Result] = []
        exchanges: list[Recorded] = []
        for part in parts:
            before = len(exchanges)
            results += [
                attrs.evolve(one, exchange=one.exchange + before) if one.exchange else one
                for one in part.results
            ]
            exchanges += [attrs.evolve(one, number=one.number + before) for one in part.exchanges]
        spent = max((part.spent for part in parts), default=0)
        known = sum(part.spent - part.of_unknown_length for part in parts)
        return cls(
            results=tuple(results),
            exchanges=tuple(exchanges),
            videos=tuple(video for part in parts for video in part.videos),
            spent=spent,
            unforeseen=sum(part.unforeseen for part in parts),
            seconds_of_video=sum(part.seconds_of_video for part in parts),
            of_unknown_length=max(0, spent - known),
            left_over=tuple(made for part in parts for made in part.left_over),
        )

    def plain(self) -> dict[str, Any]:
        """Return it as data that JSON can hold, for its way to another process."""
        data = attrs.asdict(self)
        for result in data["results"]:
            result.update(level=str(result["level"]), status=str(result["status"]))
        return data

    @classmethod
    def from_plain(cls, data: dict[str, Any]) -> Gathered:
        """Return what `plain` made plain."""
        results = (
            Result(**{**one, "level": Level(one["level"]), "status": Status(one["status"])})
            for one in data["results"]
        )
        return cls(
            **{
                **data,
                "results": tuple(results),
                "exchanges": tuple(Recorded.from_plain(one) for one in data["exchanges"]),
                "videos": tuple(MadeVideo.from_plain(one) for one in data["videos"]),
                "left_over": tuple(data["left_over"]),
            }
        )


def _lengths(gate: Gate) -> list[float]:
    """Return how long the videos of the run are that told it, in seconds."""
    made = {one.id for one in gate.made}
    told = {about: video.get("seconds") for about, video, _ in gate.videos if about in made}
    return list(_numbers(told.values()))


def _numbers(values: Iterable[object]) -> Iterable[float]:
    for value in values:
        if isinstance(value, str | int | float):
            try:
                number = float(value)
            except (ValueError, OverflowError):
                continue
            if math.isfinite(number) and number >= 0:
                yield number
