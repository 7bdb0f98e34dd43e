"""Layers of a moving picture, put together by FFmpeg's filters."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import av
from av.filter.graph import Graph

from openvideos_emulator.scene import FRAME_RATE

if TYPE_CHECKING:
    from av.filter.context import FilterContext
    from PIL import Image

TIME_BASE = Fraction(1, FRAME_RATE)


class Layers:
    """A filter graph: pictures go in at its inputs, and finished frames come out."""

    def __init__(self) -> None:
        self._graph = Graph()
        self._graph.threads = 1
        self._stills: list[tuple[FilterContext, av.VideoFrame]] = []
        self._sink: FilterContext | None = None

    def still(self, picture: Image.Image, pixel_format: str) -> FilterContext:
        """Add an input that gives one picture, once."""
        layer = self.stream(picture.width, picture.height, pixel_format)
        self._stills.append((layer, frame_of(picture).reformat(format=pixel_format)))
        return layer

    def stream(self, width: int, height: int, pixel_format: str) -> FilterContext:
        """Add an input that is given a picture for each frame."""
        return self._graph.add_buffer(
            width=width,
            height=height,
            format=av.VideoFormat(pixel_format, width, height),
            time_base=TIME_BASE,
        )

    def through(self, layer: FilterContext, name: str, arguments: str = "") -> FilterContext:
        """Send a layer through a filter."""
        after = self._graph.add(name, arguments)
        layer.link_to(after)
        return after

    def over(self, below: FilterContext, above: FilterContext, arguments: str) -> FilterContext:
        """Lay one layer over another."""
        both = self._graph.add("overlay", f"format=yuv420:{arguments}")
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
    """Return a picture (RGB, RGBA or L) as a frame, its transparency kept."""
    pixel_format = {"RGB": "rgb24", "RGBA": "rgba", "L": "gray"}[picture.mode]
    frame = av.VideoFrame(picture.width, picture.height, pixel_format)
    plane = frame.planes[0]
    line = picture.width * len(picture.getbands())
    data = picture.tobytes()
    if plane.line_size != line:
        padding = bytes(plane.line_size - line)
        lines = (data[start : start + line] for start in range(0, len(data), line))
        data = b"".join(each + padding for each in lines)
    plane.update(data)
    return frame
