"""Looks into what a server made: films with PyAV, pictures with Pillow."""

from __future__ import annotations

import functools
import io
import logging

import attrs
import av
import av.error
from PIL import Image, UnidentifiedImageError


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


@functools.lru_cache(maxsize=8)
def decode(data: bytes) -> Film:
    """Decode a video file to its last frame, picture and sound.

    Raises:
        BrokenError: It is no video file, it is damaged, or it ends before its last frame.
    """
    logging.getLogger("libav").setLevel(logging.CRITICAL)
    try:
        with av.open(io.BytesIO(data), "r") as container:
            return _decode(container)
    except (av.error.FFmpegError, EOFError, IndexError) as error:
        raise BrokenError(f"it does not decode: {error}") from error


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
            stream.codec_context.options = {"err_detect": "explode"}
    frames, first, end, samples = 0, None, 0.0, 0
    width = height = 0
    for packet in container.demux():
        if packet.is_corrupt:
            raise BrokenError(f"it is damaged after frame {frames}")
        for frame in packet.decode():
            if isinstance(frame, av.VideoFrame):
                if frame.is_corrupt:
                    raise BrokenError(f"frame {frames + 1} is damaged")
                frames += 1
                time = frame.time or 0.0
                first = time if first is None else first
                end = time + float((frame.duration or 0) * (frame.time_base or 0))
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


def picture_type(data: bytes) -> str:
    """Return the media type of a picture, after decoding it, such as "image/webp".

    Raises:
        BrokenError: It is no picture, or it is damaged.
    """
    try:
        with Image.open(io.BytesIO(data)) as picture:
            picture.load()
            return Image.MIME.get(picture.format or "", "")
    except UnidentifiedImageError as error:
        raise BrokenError("it is no picture") from error
    except (OSError, SyntaxError, ValueError) as error:
        raise BrokenError(f"it is no whole picture: {error}") from error


def picture_size(data: bytes) -> tuple[int, int]:
    """Return the width and height of a picture, in pixels.

    Raises:
        BrokenError: It is no picture.
    """
    try:
        with Image.open(io.BytesIO(data)) as picture:
            return picture.size
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
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
