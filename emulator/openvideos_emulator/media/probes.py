"""Looks at the files that clients upload."""

from __future__ import annotations

import io

import av
from av.error import FFmpegError
from PIL import Image, UnidentifiedImageError

from openvideos_emulator.media.facts import VideoFacts

IMAGE_TYPES = {"image/jpeg": "JPEG", "image/png": "PNG", "image/webp": "WEBP"}


# FFmpeg's demuxers for MP4 and its kin, and WebM. Others open further files, or ports.
_VIDEO_FORMATS = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm"


class NotMediaError(ValueError):
    """The file is not what it should be; the message says why."""


def image_size(data: bytes, largest: tuple[int, int]) -> tuple[int, int]:
    """Return an image's width and height, once all of it was decoded.

    Args:
        data: A JPEG, PNG or WebP.
        largest: The width and height beyond which the image is not decoded.

    Raises:
        NotMediaError: It is no such image, or is damaged.
    """
    try:
        with Image.open(io.BytesIO(data), formats=list(IMAGE_TYPES.values())) as image:
            if image.width <= largest[0] and image.height <= largest[1]:
                image.load()
            return image.size
    # Pillow lets its decoders raise nearly anything for a damaged file.
    except (
        UnidentifiedImageError,
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        IndexError,
    ) as error:
        raise NotMediaError("it is not an image that can be read") from error
    except Image.DecompressionBombError as error:
        raise NotMediaError("it has far too many pixels") from error


def video_facts(data: bytes) -> VideoFacts:
    """Return what a video is like, once its first frame was decoded.

    Raises:
        NotMediaError: It has no picture that can be decoded.
    """
    try:
        with av.open(io.BytesIO(data), "r", options={"format_whitelist": _VIDEO_FORMATS}) as file:
            stream = next(iter(file.streams.video), None)
            if stream is None:
                raise NotMediaError("it has no video stream")
            frame = next(file.decode(stream))
            seconds = (file.duration or 0) / av.time_base
            if stream.duration and stream.time_base:
                seconds = float(stream.duration * stream.time_base)
            if seconds <= 0:
                raise NotMediaError("its length is not known")
            return VideoFacts(frame.width, frame.height, seconds)
    except (FFmpegError, StopIteration, ValueError) as error:
        raise NotMediaError("it is not a video that can be decoded") from error
