"""Pictures of the videos that a run made, small enough for a page that holds them itself."""

from __future__ import annotations

import base64
import io
import math
import time
from collections.abc import Iterable, Iterator
from typing import Any

import attrs
import av
import av.error
from PIL import Image

from openvideos_contract.checks.media import MOST_PIXELS, opened, opened_picture
from openvideos_contract.jobs.job import Job
from openvideos_contract.outcome import shorten
from openvideos_contract.wire.exchange import Exchange

FRAMES = 3
MOST_VIDEOS = 12
LONGEST_SIDE = 240
# What a server answers may be anything: more pixels, more bytes or more seconds are not spent.
MOST_BYTES = 2 * 2**20
MOST_SECONDS = 5.0


@attrs.frozen
class Picture:
    """A small picture.

    Attributes:
        caption: What it shows.
        width: In pixels.
        height: In pixels.
        url: Itself, as a `data:` URL.
    """

    caption: str
    width: int
    height: int
    url: str


@attrs.frozen(kw_only=True)
class MadeVideo:
    """A job of the run, and pictures of what it made.

    Attributes:
        name: What the tests call it.
        purpose: What it was made for.
        id: As the server gave it.
        status: The last that was seen of it.
        prompt: What was asked for.
        size: Of the Video, as answered.
        seconds: Of the Video, as answered.
        pictures: Frames and thumbnails; none where nothing was downloaded, or it shows nothing.
    """

    name: str
    purpose: str
    id: str
    status: str
    prompt: str
    size: str
    seconds: str
    pictures: tuple[Picture, ...] = ()

    @classmethod
    def from_plain(cls, data: dict[str, Any]) -> MadeVideo:
        """Return what `attrs.asdict` made plain, also after a way through JSON."""
        pictures = tuple(Picture(**picture) for picture in data["pictures"])
        return cls(**{**data, "pictures": pictures})


def made_videos(
    jobs: Iterable[Job], downloads: dict[tuple[str, str | None], Exchange]
) -> tuple[MadeVideo, ...]:
    """Return the jobs of a run with pictures of what was downloaded of them anyway.

    Args:
        jobs: In the order in which they are shown.
        downloads: The answers by job and variant.
    """
    found = []
    deadline = time.monotonic() + MOST_SECONDS
    room = MOST_BYTES
    for job in list(jobs)[:MOST_VIDEOS]:
        pictures = []
        for (name, variant), answer in downloads.items():
            again = variant == "video" and (name, None) in downloads
            if name != job.request.name or again or time.monotonic() > deadline:
                continue
            for picture in _pictures(answer, variant, deadline):
                room -= len(picture.url)
                if room > 0:
                    pictures.append(picture)
        found.append(_made(job, tuple(pictures)))
    return tuple(found)


def _made(job: Job, pictures: tuple[Picture, ...]) -> MadeVideo:
    last = next((poll.object for poll in reversed(job.polls) if poll.object), job.video)
    shown = {
        name: shorten(job.created.masked(str(value)), 300)
        for name, value in (
            ("id", job.id),
            ("status", last.get("status", "")),
            ("prompt", job.request.fields.get("prompt", "")),
            ("size", last.get("size", "")),
            ("seconds", last.get("seconds", "")),
        )
    }
    return MadeVideo(name=job.request.name, purpose=job.request.purpose, pictures=pictures, **shown)


def _pictures(answer: Exchange, variant: str | None, deadline: float) -> list[Picture]:
    if answer.status != 200 or not answer.content:
        return []
    try:
        if answer.media_type.startswith("image/"):
            with opened_picture(answer.content) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    return []
                return [_small(picture.convert("RGB"), variant or "picture")]
        return list(frames(answer.content, deadline))
    except Exception:  # noqa: BLE001 - a picture that cannot be shown is judged elsewhere
        return []


def frames(film: bytes, deadline: float = math.inf) -> Iterator[Picture]:
    """Yield a few frames of a video file, from its first part, its middle and its last.

    Args:
        film: The file.
        deadline: When to stop, by the monotonic clock.

    Raises:
        av.error.FFmpegError: It does not decode.
    """
    with opened(film) as container:
        stream = container.streams.video[0]
        if stream.codec_context.width * stream.codec_context.height > MOST_PIXELS:
            return
        length = (container.duration or 0) / av.time_base
        shown = None
        for part in range(FRAMES):
            wanted = length * (part + 0.5) / FRAMES
            container.seek(int(wanted * av.time_base))
            frame = _frame_at(container, stream, wanted, deadline)
            if frame is None or frame.pts == shown:
                continue
            shown = frame.pts
            picture = frame.to_image()  # type: ignore[no-untyped-call] # PyAV does not type it
            yield _small(picture, f"at {frame.time or 0.0:.1f} s")


def _frame_at(
    container: av.container.InputContainer, stream: av.VideoStream, wanted: float, deadline: float
) -> av.VideoFrame | None:
    """Return the first frame from a time on; the last one where there is none so late, or soon."""
    last = None
    for last in container.decode(stream):
        if (last.time or 0.0) >= wanted or time.monotonic() > deadline:
            break
    return last


def _small(picture: Image.Image, caption: str) -> Picture:
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    target = io.BytesIO()
    picture.save(target, "JPEG", quality=70, optimize=True)
    url = f"data:image/jpeg;base64,{base64.b64encode(target.getvalue()).decode()}"
    return Picture(caption, picture.width, picture.height, url)
