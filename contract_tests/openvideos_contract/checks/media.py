"""Looks into what a server made: films with PyAV, pictures with Pillow."""

from __future__ import annotations

import functools
import io
import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager

import attrs
import av
import av.error
from PIL import Image, UnidentifiedImageError

from openvideos_contract.outcome import Blocked

# Of a picture of 8K; what claims to be larger takes gigabytes.
MOST_PIXELS = 8192 * 4320
_MOST_SECONDS_OF_DECODING = 300.0
# Nothing that names other files or addresses, such as a playlist.
_CONTAINERS = "mov,mp4,matroska,webm,avi,mpegts"
# Pillow has other programs draw these.
_DRAWN_ELSEWHERE = frozenset({"EPS", "WMF"})
_NO_PICTURE = (
    UnidentifiedImageError,
    Image.DecompressionBombError,
    OSError,
    SyntaxError,
    ValueError,
)


class BrokenError(ValueError):
    """The bytes are not what they should be; the message says what is wrong."""


@attrs.frozen
class Film:
    """A video file, decoded to its last frame.

    Attributes:
        container: The names of the container's format, such as "mov,mp4,m4a,3gp,3g2,mj2".
        width: In pixels.
        height: In pixels.
        seconds: From the first frame to the end of the last.
        frames: How many were decoded.
        video_codec: Such as "h264".
        audio_codec: Such as "aac"; empty where there is no sound.
    """

    container: str
    width: int
    height: int
    seconds: float
    frames: int
    video_codec: str
    audio_codec: str


def opened(data: bytes) -> av.container.InputContainer:
    """Return a video file, opened: it alone, and nothing that it names.

    Raises:
        av.error.FFmpegError: It is none.
    """
    logging.getLogger("libav").setLevel(logging.CRITICAL)
    return av.open(io.BytesIO(data), "r", options={"format_whitelist": _CONTAINERS})


def decode(data: bytes) -> Film:
    """Decode a video file to its last frame, picture and sound.

    Raises:
        BrokenError: It is no video file, it is damaged, or it ends before its last frame.
        Blocked: It takes too long.
    """
    found = _found(data)
    if isinstance(found, Film):
        return found
    raise found


@functools.lru_cache(maxsize=8)
def _found(data: bytes) -> Film | BrokenError | Blocked:
    """Return what `decode` found, failures too: one may have taken minutes."""
    try:
        with opened(data) as container:
            return _decode(container)
    except (BrokenError, Blocked) as failure:
        return failure
    except (av.error.FFmpegError, EOFError, IndexError) as error:
        return BrokenError(f"it does not decode: {error}")


def _decode(container: av.container.InputContainer) -> Film:
    if not container.streams.video:
        raise BrokenError("it has no picture")
    video = container.streams.video[0]
    audio = container.streams.audio[0] if container.streams.audio else None
    for stream in (video, audio):
        if stream is not None:
            if stream.codec_context is None:
                raise BrokenError(f"its {stream.type} is of no codec that is known")
            # Damage is an error, and not something to be concealed.
            options = {"err_detect": "explode", "max_pixels": str(MOST_PIXELS)}
            stream.codec_context.options = options
    size = video.codec_context.width * video.codec_context.height
    if size > MOST_PIXELS:
        raise BrokenError(
            f"its picture is {video.codec_context.width}x{video.codec_context.height}, "
            "larger than any that is decoded here"
        )
    deadline = time.monotonic() + _MOST_SECONDS_OF_DECODING
    frames, first, end, samples = 0, None, 0.0, 0
    width = height = 0
    for packet in container.demux():
        if time.monotonic() > deadline:
            raise Blocked(
                f"after {_MOST_SECONDS_OF_DECODING:g} s, and {frames} frames, the content was "
                "not decoded to its end"
            )
        if packet.is_corrupt:
            raise BrokenError(f"it is damaged after frame {frames}")
        for frame in packet.decode():
            if isinstance(frame, av.VideoFrame):
                if frame.is_corrupt:
                    raise BrokenError(f"frame {frames + 1} is damaged")
                frames += 1
                moment = frame.time or 0.0
                first = moment if first is None else first
                end = moment + float((frame.duration or 0) * (frame.time_base or 0))
                width, height = frame.width, frame.height
            elif isinstance(frame, av.AudioFrame):
                samples += frame.samples
    if not frames:
        raise BrokenError("it has no frame")
    if video.frames and frames < video.frames:
        raise BrokenError(f"it announces {video.frames} frames, and ends after {frames}")
    if audio is not None and not samples:
        raise BrokenError("its sound track is empty")
    return Film(
        container=container.format.name,
        width=width,
        height=height,
        seconds=end - (first or 0.0),
        frames=frames,
        video_codec=video.codec_context.name,
        audio_codec=audio.codec_context.name if audio is not None else "",
    )


@contextmanager
def opened_picture(data: bytes) -> Iterator[Image.Image]:
    """Open a picture, to be decoded.

    Raises:
        BrokenError: It is a kind that another program would have to draw.
        Exception: It is no picture, or claims to be larger than memory.
    """
    with Image.open(io.BytesIO(data)) as picture:
        if picture.format in _DRAWN_ELSEWHERE:
            raise BrokenError(f"it is no picture but a drawing, {picture.format}")
        yield picture


def picture_type(data: bytes) -> str:
    """Return the media type of a picture, after decoding it, such as "image/webp".

    Raises:
        BrokenError: It is no picture, or it is damaged.
    """
    try:
        with opened_picture(data) as picture:
            picture.load()
            return Image.MIME.get(picture.format or "", "")
    except UnidentifiedImageError as error:
        raise BrokenError("it is no picture") from error
    except BrokenError:
        raise
    except _NO_PICTURE as error:
        raise BrokenError(f"it is no whole picture: {error}") from error


def picture_size(data: bytes) -> tuple[int, int]:
    """Return the width and height of a picture, in pixels.

    Raises:
        BrokenError: It is no picture.
    """
    try:
        with opened_picture(data) as picture:
            return picture.size
    except _NO_PICTURE as error:
        raise BrokenError("it is no picture") from error


def png(width: int, height: int) -> bytes:
    """Return a plain PNG of the given size."""
    target = io.BytesIO()
    Image.new("RGB", (width, height), (40, 80, 120)).save(target, "PNG")
    return target.getvalue()


def film(seconds: int, width: int = 64, height: int = 64) -> bytes:
    """Return a plain MP4 of one frame a second."""
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=1)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        picture = av.VideoFrame(width, height, "yuv420p")
        for plane in picture.planes:
            plane.update(bytes(plane.buffer_size))
        for second in range(seconds):
            picture.pts = second
            container.mux(stream.encode(picture))
        container.mux(stream.encode())
    return target.getvalue()
