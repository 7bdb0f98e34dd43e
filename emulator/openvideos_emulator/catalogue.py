"""What can be asked for: models, sizes and lengths, with their defaults.

Which values there are is the contract's and the dialect's to say. Here stands only what the real
service does with them.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING

import attrs

from openvideos_emulator.http.errors import bad_request
from openvideos_emulator.timetable import Failure

if TYPE_CHECKING:
    from openvideos_emulator.contract import Contract

MOST_EXTENSIONS = 6  # [docs]
MOST_SECONDS = 120  # [docs]
_SIDES = range(16, 4097)
_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")
_PROFESSIONAL = "sora-2-pro"
_FOR_PROFESSIONALS = {"1024x1792", "1792x1024"}  # [docs]


@attrs.frozen
class Size:
    """A picture's width and height in pixels."""

    width: int
    height: int

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


class Catalogue:
    """What one contract offers. The first value of each list is its default."""

    def __init__(self, contract: Contract) -> None:
        self.default_model = contract.offered("VideoModel")[0]
        self.default_size = contract.offered("VideoSize")[0]
        self.default_seconds = contract.offered("VideoSeconds")[0]
        self.default_extension = contract.offered("ExtensionSeconds")[0]
        self._sizes = [parsed_size(each) for each in contract.offered("VideoSize")]
        self._closed = len(contract.schemas["AnyVideoSize"].get("anyOf", ())) == 1

    @property
    def largest(self) -> tuple[int, int]:
        """The greatest width and height that any video can have."""
        return _SIDES[-1], _SIDES[-1]

    def nearest(self, width: int, height: int) -> Size:
        """Return the size that a version of an uploaded video is given.

        An open catalogue has the video's own; a closed one has that of its sizes whose shape and
        area come nearest, the shape first.
        """
        if not self._closed:
            return Size(_even(width), _even(height))

        def distance(size: Size) -> tuple[float, float]:
            shape = math.log(size.width / size.height) - math.log(width / height)
            area = math.log(size.width * size.height) - math.log(width * height)
            return round(abs(shape), 2), abs(area)

        return min(self._sizes, key=distance)


def parsed_size(text: str) -> Size:
    """Return the size that a text such as `720x1280` means.

    Raises:
        ApiError: 400, no video can be made of that size.
    """
    match = re.fullmatch(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})", text)
    size = Size(int(match[1]), int(match[2])) if match else Size(0, 0)
    if any(side not in _SIDES or side % 2 for side in (size.width, size.height)):
        raise bad_request(
            f"Invalid value: '{text[:50]}'. Width and height must be even, and "
            f"{_SIDES[0]} to {_SIDES[-1]} pixels.",
            param="size",
            code="invalid_value",
        )
    return size


def parsed_seconds(text: str) -> float:
    """Return the length that a text means.

    Raises:
        ApiError: 400, no video can be made of that length.
    """
    seconds = round(float(text), 2) if _NUMBER.fullmatch(text) else 0
    if not 0 < seconds <= MOST_SECONDS:
        raise bad_request(
            f"Invalid value: '{text[:50]}'. A video is more than 0 and at most {MOST_SECONDS} "
            "seconds long.",
            param="seconds",
            code="invalid_value",
        )
    return seconds


def seconds_text(seconds: float) -> str:
    """Return a length as a Video tells it: `4`, `5.33`."""
    return f"{seconds:.2f}".rstrip("0").rstrip(".")


def is_professional(model: str) -> bool:
    """Return whether a model is the slower, better one."""
    return model.startswith(_PROFESSIONAL)


def failure_of(model: str, size: str) -> Failure | None:
    """Return why a job will fail although it was accepted, or None [seen]."""
    if model.startswith("sora-2") and not is_professional(model) and size in _FOR_PROFESSIONALS:
        return Failure(
            "video_generation_failed", f"The model '{model}' cannot make videos of size {size}."
        )
    return None


def _even(side: int) -> int:
    return min(max(side // 2 * 2, _SIDES[0]), _SIDES[-1])
