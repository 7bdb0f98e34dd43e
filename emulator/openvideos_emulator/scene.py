"""What a video shows: all that its media is made from, and nothing else."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import attrs

if TYPE_CHECKING:
    from collections.abc import Iterator

FRAME_RATE = 30


@attrs.frozen
class Part:
    """A stretch of a video. Extending a video adds one.

    Attributes:
        video_id: The id of the job that made it, which is written into the picture.
        prompt: The prompt, which is written into the picture.
        seconds: Its length.
        hue: Its colour, 0 to 359 degrees.
    """

    video_id: str
    prompt: str
    seconds: float
    hue: int

    @property
    def frames(self) -> int:
        """How many frames it has."""
        return max(1, round(self.seconds * FRAME_RATE))


@attrs.frozen
class Scene:
    """A whole video.

    Attributes:
        width: The picture's width in pixels.
        height: The picture's height in pixels.
        pattern: The seed of the moving pattern, handed on to remixes, edits and extensions.
        parts: The stretches it consists of, in order.
        first_frame: The digest of the image that it starts with, or None.
    """

    width: int
    height: int
    pattern: str
    parts: tuple[Part, ...]
    first_frame: str | None = None

    @property
    def seconds(self) -> float:
        """Its length."""
        return sum(part.seconds for part in self.parts)

    @property
    def sources(self) -> Iterator[Scene]:
        """The videos that it continues, the longest first."""
        for count in range(len(self.parts) - 1, 0, -1):
            yield attrs.evolve(self, parts=self.parts[:count])

    @property
    def digest(self) -> str:
        """A name for exactly this scene."""
        return hashlib.sha256(self.to_json().encode("utf-8", "replace")).hexdigest()[:32]

    def to_json(self) -> str:
        """Return the scene as text."""
        return json.dumps(attrs.asdict(self), sort_keys=True)

    @classmethod
    def from_json(cls, text: str) -> Scene:
        """Return the scene that `to_json` wrote."""
        data: dict[str, Any] = json.loads(text)
        parts = tuple(Part(**part) for part in data.pop("parts"))
        return cls(parts=parts, **data)


def other_hue(hue: int, text: str) -> int:
    """Return a colour that a text stands for, clearly another than the one given."""
    return (hue + 60 + hue_of(text) % 241) % 360


def hue_of(text: str) -> int:
    """Return the colour that a text stands for, 0 to 359 degrees."""
    digest = hashlib.sha256(text.encode("utf-8", "replace")).digest()
    return int.from_bytes(digest[:4], "big") % 360
