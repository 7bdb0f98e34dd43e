"""What becomes of lines whose create lost its answer: a pure decision.

There may be a job for such a line, which was billed. So it is looked for in the server's list, and
the create is repeated only where the list proves that there is none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen

from openvideos._waiting.matching import (
    CannotTell,
    Found,
    NoneFound,
    Several,
    Wanted,
    match,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from openvideos import Video

NEARBY = 600.0  # seconds around a lost create in which the list must be right, and clocks may move
KEY_IS_KEPT = 12 * 3600.0  # seconds; servers that honour idempotency keys forget them some day


@frozen
class Create:
    """A create that was begun, and whose answer is not known.

    Attributes:
        position: Its line.
        wish: What it asks for, as a hash: creates of the same wish may take each other's jobs.
        wanted: What a video must look like to be its, which may appear until `wanted.ended`.
    """

    position: int
    wish: str
    wanted: Wanted


@frozen
class Witness:
    """A job of this batch that is known: a list that does not show it as it is proves nothing.

    Attributes:
        video_id: Its id.
        wanted: What its create asked for, and when.
    """

    video_id: str
    wanted: Wanted


@frozen
class Listing:
    """What the server's list showed.

    Attributes:
        videos: Its videos.
        since: All that were created later than this are among them; Unix seconds.
        problem: Why it could not be read; None where it could.
        passes: Whether that may be otherwise in a while.
    """

    videos: tuple[Video, ...] = ()
    since: float = 0.0
    problem: str | None = None
    passes: bool = False


@frozen
class Adopt:
    """This is the line's job."""

    video: Video


@frozen
class Repeat:
    """Create it again.

    Attributes:
        doubt: Why there might be a job all the same; None where there is none.
    """

    doubt: str | None = None


@frozen
class Hold:
    """Leave it to people."""

    reason: str


@frozen
class LookAgain:
    """It cannot be known yet."""


Decision: TypeAlias = Adopt | Repeat | Hold | LookAgain


@frozen
class _Unable:
    """It cannot be known from the list, now or (unless `passes`) ever."""

    reason: str
    passes: bool = False


_Finding: TypeAlias = "Adopt | NoneFound | _Unable | LookAgain"


def decide(
    lost: Sequence[Create],
    *,
    listing: Listing,
    claimed: Collection[str],
    creating: Sequence[Create],
    witnesses: Sequence[Witness],
    now: float,
    more_to_come: bool,
    repeat_uncertain: bool,
) -> dict[int, Decision]:
    """Decide about all lines whose answer was lost; return a decision by position.

    Args:
        lost: Their creates.
        listing: What the server's list showed, asked for before all the rest was looked up.
        claimed: The ids of all jobs that are known to be somebody's.
        creating: Creates under way, which may take a job that the list shows already.
        witnesses: Known jobs that the list must show.
        now: Unix seconds.
        more_to_come: Whether other lines will be created, which then prove the list.
        repeat_uncertain: Whether to repeat what would be held.
    """
    if listing.problem is not None:
        problem = _Unable(listing.problem, passes=listing.passes)
        findings: dict[int, _Finding] = {create.position: problem for create in lost}
    else:
        findings = _findings(lost, listing.videos, claimed, creating)
    adopted = {finding.video.id for finding in findings.values() if isinstance(finding, Adopt)}
    decisions: dict[int, Decision] = {}
    for create in lost:
        finding = findings[create.position]
        settled = now >= create.wanted.ended
        if isinstance(finding, NoneFound) and settled:
            doubt = _doubt(create, listing, witnesses, claimed={*claimed, *adopted})
            if doubt is None:
                decisions[create.position] = Repeat()
                continue
            finding = LookAgain() if more_to_come else _Unable(doubt)
        match finding:
            case Adopt() | LookAgain():
                decisions[create.position] = finding
            case _Unable(reason, passes) if settled or not passes:
                if repeat_uncertain:
                    decisions[create.position] = Repeat(doubt=reason)
                else:
                    decisions[create.position] = Hold(reason)
            case _:
                decisions[create.position] = LookAgain()
    return decisions


def _findings(
    lost: Sequence[Create],
    videos: Sequence[Video],
    claimed: Collection[str],
    creating: Sequence[Create],
) -> dict[int, _Finding]:
    found: dict[int, _Finding] = {}
    possible: dict[int, dict[str, Video]] = {}
    for create in (*lost, *creating):
        outcome = match(videos, create.wanted, claimed=claimed)
        possible[create.position] = {video.id: video for video in _candidates(outcome)}
        if isinstance(outcome, CannotTell):
            found[create.position] = _Unable(outcome.reason, passes=True)
    under_way = {create.position for create in creating}
    for group in _linked([*lost, *creating], possible):
        positions = [create.position for create in group]
        if under_way.intersection(positions):
            # Whose job it is will be known when the creates under way are answered.
            outcomes: dict[int, _Finding] = dict.fromkeys(positions, LookAgain())
        elif any(position in found for position in positions):
            outcomes = dict.fromkeys(positions, _one_reason(found, positions))
        else:
            outcomes = _shared_out(group, possible)
        found.update(outcomes)
    return found


def _candidates(outcome: object) -> Iterable[Video]:
    match outcome:
        case Found(video):
            return (video,)
        case Several(videos) | CannotTell(_, videos):
            return videos
    return ()


def _one_reason(found: Mapping[int, _Finding], positions: Sequence[int]) -> _Finding:
    return next(found[position] for position in positions if position in found)


def _linked(
    creates: Sequence[Create], possible: Mapping[int, Mapping[str, Video]]
) -> list[list[Create]]:
    """Return the creates in groups, of which no two have a possible video in common."""
    groups: list[tuple[set[str], list[Create]]] = []
    for create in creates:
        ids, members = set(possible[create.position]), [create]
        apart = []
        for other_ids, others in groups:
            if ids & other_ids:
                ids |= other_ids
                members = [*others, *members]
            else:
                apart.append((other_ids, others))
        groups = [*apart, (ids, members)]
    return [members for _, members in groups]


def _shared_out(
    group: Sequence[Create], possible: Mapping[int, Mapping[str, Video]]
) -> dict[int, _Finding]:
    """Give each create of a group its video, where it makes no difference which."""
    videos = {id_: video for create in group for id_, video in possible[create.position].items()}
    if not videos:
        return {create.position: NoneFound() for create in group}
    ids = ", ".join(sorted(videos))
    if len(videos) > len(group):
        reason = f"{len(videos)} jobs at the server could be it: {ids}"
        return {create.position: _Unable(reason) for create in group}
    if len({create.wish for create in group}) > 1:
        lines = ", ".join(str(position) for position in sorted(c.position for c in group))
        reason = f"it cannot be told which of the lines {lines} these jobs are of: {ids}"
        return {create.position: _Unable(reason) for create in group}
    outcomes: dict[int, _Finding] = {}
    for create in sorted(group, key=lambda create: (create.wanted.began, create.position)):
        own = [id_ for id_ in possible[create.position] if id_ in videos]
        if own:
            outcomes[create.position] = Adopt(videos.pop(min(own, key=lambda i: _age(videos[i]))))
        else:
            outcomes[create.position] = NoneFound()
    return outcomes


def _age(video: Video) -> tuple[int, str]:
    return video.created_at or 0, video.id


def _doubt(
    create: Create, listing: Listing, witnesses: Sequence[Witness], *, claimed: Collection[str]
) -> str | None:
    """Return why a list that shows no job for a create does not prove that there is none."""
    if listing.since > create.wanted.began - NEARBY:
        return "the server's list does not reach back to when it was created"
    if possible := list(
        _candidates(match(listing.videos, create.wanted, claimed=claimed, tolerance=NEARBY))
    ):
        ids = ", ".join(video.id for video in possible)
        return f"jobs at the server could be it but for their time, and clocks may be wrong: {ids}"
    if not witnesses:
        return "the server's list is not proved: no other job of this batch could be found in it"
    listed = {video.id: video for video in listing.videos}
    for witness in witnesses:
        video = listed.get(witness.video_id)
        if video is None:
            return (
                f"the server's list shows no job for it, but neither {witness.video_id}, which is "
                "a job of this batch"
            )
        if not isinstance(match([video], witness.wanted), Found):
            return (
                f"the server's list shows no job for it, but would not have shown "
                f"{witness.video_id}, a job of this batch, as that either: its time, prompt, "
                "model, size or seconds there differ from what was asked for"
            )
    return None
