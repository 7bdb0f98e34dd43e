"""Layers of a moving picture, put together by FFmpeg's filters."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.filter.graph import Graph

from openvideos_emulator.scene import FRAME_RATE

if TYPE_CHECKING:
    from av.filter.context import FilterContext
    from av.video.plane import VideoPlane
    from PIL import Image

TIME_BASE = Fraction(1, FRAME_RATE)
PIXEL_FORMAT = "yuv420p"
# For each frame, threads cost more than they bring.
_ONE_THREAD = "threads=1"
_FORMATS = {"RGB": "rgb24", "L": PIXEL_FORMAT}
_NO_COLOUR = b"\x80"


class Layers:
    """A filter graph: pictures go in at its inputs, and finished frames come out."""

    def __init__(self) -> None:
        self._graph = Graph()
        self._stills: list[tuple[FilterContext, av.VideoFrame]] = []
        self._sink: FilterContext | None = None

    def still(self, picture: Image.Image) -> FilterContext:
        """Add an input that gives one picture, once."""
        layer = self.stream(picture.width, picture.height)
        self._stills.append((layer, frame_of(picture).reformat(format=PIXEL_FORMAT)))
        return layer

    def stream(self, width: int, height: int) -> FilterContext:
        """Add an input that is given a picture for each frame."""
        return self._graph.add_buffer(
            width=width,
            height=height,
            format=av.VideoFormat(PIXEL_FORMAT, width, height),
            time_base=TIME_BASE,
        )

    def through(self, layer: FilterContext, name: str, arguments: str) -> FilterContext:
        """Send a layer through a filter."""
        after = self._graph.add(name, f"{arguments}:{_ONE_THREAD}")
        layer.link_to(after)
        return after

    def over(self, below: FilterContext, above: FilterContext, arguments: str) -> FilterContext:
        """Lay one layer over another."""
        both = self._graph.add("overlay", f"format=yuv420:{arguments}:{_ONE_THREAD}")
        below.link_to(both, 0, 0)
        above.link_to(both, 0, 1)
        return both

    def finish(self, layer: FilterContext) -> None:
        """Make a layer the one that frames come out of, and feed the stills in."""
        self._sink = self._graph.add("buffersink")
        layer.link_to(self._sink)
        self._graph.configure()
        for still, frame in self._stills:
            frame.pts, frame.time_base = 0, TIME_BASE
            still.push(frame)
            still.push(None)

    def next(self) -> av.VideoFrame:
        """Return the next finished frame."""
        frame = self._sink.pull() if self._sink else None
        if not isinstance(frame, av.VideoFrame):
            raise TypeError(f"these layers give no pictures: {frame!r}")
        return frame


def frame_of(picture: Image.Image) -> av.VideoFrame:
    """Return a picture as a frame: RGB as it is, L as the light of a grey one."""
    frame = av.VideoFrame(picture.width, picture.height, _FORMATS[picture.mode])
    light, *colours = frame.planes
    _fill(light, picture.tobytes(), picture.width * len(picture.getbands()))
    for plane in colours:
        plane.update(_NO_COLOUR * plane.buffer_size)
    return frame


def _fill(plane: VideoPlane, data: bytes, line: int) -> None:
    if plane.line_size != line:
        padding = bytes(plane.line_size - line)
        lines = (data[start : start + line] for start in range(0, len(data), line))
        data = b"".join(each + padding for each in lines)
    plane.update(data)
