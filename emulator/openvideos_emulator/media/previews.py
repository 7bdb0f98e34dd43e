"""Makes the previews of a finished MP4: a WebP thumbnail and a JPEG spritesheet."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, BinaryIO

import av
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

_COLUMNS = 4
_MOST_TILES = 24
_LONGEST_SIDE = 240
_LONGEST_THUMBNAIL_SIDE = 640


def write_thumbnail(video: BinaryIO, path: Path) -> None:
    """Write a frame from the middle of a video as a WebP."""
    # Of two, one is the first, and the other begins the second half.
    picture = _key_frames(video, 2)[-1]
    picture.thumbnail((_LONGEST_THUMBNAIL_SIDE, _LONGEST_THUMBNAIL_SIDE))
    _save(picture, path, "WEBP", quality=80, method=2)


def write_spritesheet(video: BinaryIO, path: Path) -> None:
    """Write a grid of frames, spread over a video's whole length, as a JPEG."""
    frames = _key_frames(video, _MOST_TILES)
    for frame in frames:
        frame.thumbnail((_LONGEST_SIDE, _LONGEST_SIDE))
    width, height = frames[0].size
    rows = -(-len(frames) // _COLUMNS)
    sheet = Image.new("RGB", (width * min(_COLUMNS, len(frames)), height * rows))
    for place, frame in enumerate(frames):
        row, column = divmod(place, _COLUMNS)
        sheet.paste(frame, (column * width, row * height))
    _save(sheet, path, "JPEG", quality=85)


def _save(picture: Image.Image, path: Path, form: str, **options: int) -> None:
    # Pillow itself does not notice where a full disk cuts a JPEG.
    data = io.BytesIO()
    picture.save(data, form, **options)
    path.write_bytes(data.getvalue())


def _key_frames(video: BinaryIO, most: int) -> list[Image.Image]:
    """Return at most so many of a video's key frames, evenly spread."""
    with av.open(video, "r") as file:
        stream = file.streams.video[0]
        times = [packet.pts for packet in file.demux(stream) if packet.is_keyframe and packet.size]
        count = min(most, len(times))
        wanted = {times[place * len(times) // count] for place in range(count)}
        file.seek(0)
        stream.codec_context.skip_frame = "NONKEY"
        packets = (
            packet for packet in file.demux(stream) if packet.pts in wanted or not packet.size
        )
        return [_picture(frame) for packet in packets for frame in packet.decode()]


def _picture(frame: av.VideoFrame) -> Image.Image:
    picture: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV has not typed it
    return picture
