"""What is known of an uploaded video."""

from __future__ import annotations

import attrs


@attrs.frozen
class VideoFacts:
    """An uploaded video's width and height in pixels and its length in seconds."""

    width: int
    height: int
    seconds: float
