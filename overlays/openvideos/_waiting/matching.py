"""Which listed video is the one of a request whose answer was lost: a pure decision."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from .._protocol.models import Video

TOLERANCE = 60.0  # seconds by which the clocks of the two sides may differ


@frozen
class Wanted:
    """What a request asked for, and when; None for what it left to the server.

    Attributes:
        began: When the request was sent, in unix seconds.
        ended: When it was given up, in unix seconds.
        prompt: Its prompt.
        model: Its model.
        size: Its size, as `WxH`.
        seconds: Its length in seconds, as text.
    """

    began: float
    ended: float
    prompt: str | None = None
    model: str | None = None
    size: str | None = None
    seconds: str | None = None


@frozen
class Found:
    """The one video that it can be.

    Attributes:
        video: The video.
        by_prompt: Whether the list shows its prompt; else it is the one by its time only.
    """

    video: Video
    by_prompt: bool


@frozen
class Several:
    """More than one video that it can be."""

    videos: tuple[Video, ...]


@frozen
class NoneFound:
    """No video that it can be: the request made none, or the list does not show it yet."""


@frozen
class CannotTell:
    """The list does not show enough to tell.

    Attributes:
        reason: What is missing or odd, as a sentence.
        videos: The videos that it might be.
    """

    reason: str
    videos: tuple[Video, ...] = ()


Match: TypeAlias = Found | Several | NoneFound | CannotTell


def match(
    listed: Iterable[Video],
    wanted: Wanted,
    *,
    claimed: Collection[str] = (),
    tolerance: float = TOLERANCE,
) -> Match:
    """Decide which of the listed videos a request made.

    A video is out of the question if its id is claimed, if it was created outside the time of the
    request, or if it shows another prompt. What remains must also agree in model, size and length
    wherever it shows them; where nothing does, it is not decided: servers rename models and round
    sizes, so a difference there neither proves nor excludes.

    Args:
        listed: The videos, in any order; those listed twice count once.
        wanted: What was asked for.
        claimed: The ids of videos that are known to be of other requests.
        tolerance: How far the server's clock may be from the one of `wanted`, in seconds.
    """
    unclaimed = {video.id: video for video in listed if video.id and video.id not in claimed}
    possible = [
        video
        for video in unclaimed.values()
        if _in_time(video, wanted, tolerance) and _same_prompt(video, wanted)
    ]
    if not possible:
        return NoneFound()
    agreeing = [video for video in possible if not _differences(video, wanted)]
    if not agreeing:
        differences = _differences(possible[0], wanted)
        return CannotTell(
            f"{possible[0].id} was created in that time, but differs in {', '.join(differences)}",
            tuple(possible),
        )
    timeless = [video for video in agreeing if video.created_at is None]
    if timeless:
        return CannotTell(
            f"the list does not show when {timeless[0].id} was created", tuple(agreeing)
        )
    if len(agreeing) > 1:
        return Several(tuple(agreeing))
    return Found(agreeing[0], by_prompt=bool(agreeing[0].prompt and wanted.prompt))


def _in_time(video: Video, wanted: Wanted, tolerance: float) -> bool:
    if video.created_at is None:
        return True
    # Servers tell whole seconds, cut off.
    return wanted.began - 1 - tolerance <= video.created_at <= wanted.ended + tolerance


def _same_prompt(video: Video, wanted: Wanted) -> bool:
    if not video.prompt or not wanted.prompt:
        return True
    shown, asked = " ".join(video.prompt.split()), " ".join(wanted.prompt.split())
    for ellipsis in ("…", "..."):  # some lists show the beginning only
        if shown.endswith(ellipsis) and asked.startswith(shown.removesuffix(ellipsis).rstrip()):
            return True
    return shown == asked


def _differences(video: Video, wanted: Wanted) -> list[str]:
    """Return in what a video contradicts the request, as phrases."""
    pairs = (
        ("model", video.model, wanted.model, _same_model),
        ("size", video.size, wanted.size, _same_size),
        ("seconds", video.seconds, wanted.seconds, _same_length),
    )
    return [
        f"{name} ({shown!r}, not {asked!r})"
        for name, shown, asked, same in pairs
        if shown and asked and not same(shown, asked)
    ]


def _same_model(shown: str, asked: str) -> bool:
    """Tell whether two names are of one model: gateways add a provider, servers a date."""
    shown, asked = (name.lower().replace(":", "/").rpartition("/")[2] for name in (shown, asked))
    return shown == asked or shown.removeprefix(asked)[:3] == "-20"


def _same_size(shown: str, asked: str) -> bool:
    return "x" not in shown or shown == asked  # "auto" and the like say nothing


def _same_length(shown: str, asked: str) -> bool:
    try:
        known, wanted = float(shown), float(asked)
    except ValueError:
        return True
    return known == 0 or abs(known - wanted) < 1  # the true length is seldom a whole number
