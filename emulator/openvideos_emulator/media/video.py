"""Makes the MP4: H.264 and AAC, 30 frames a second, ready to be played while it arrives."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import av
from av.error import EOFError as EndOfStream
from av.filter.graph import Graph
from PIL import Image

from openvideos_emulator.media.layers import TIME_BASE, Layers, frame_of
from openvideos_emulator.media.pictures import FrameCounter, caption, wallpaper
from openvideos_emulator.scene import FRAME_RATE, Part, Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_SAMPLE_RATE = 48_000
# How many pixels the pattern moves by at each frame: even, as chroma is stored at half the
# resolution, so that the encoder finds each frame in the one before.
_ACROSS, _DOWN = 4, 2
# One thread, so that the same scene gives the same bytes wherever it is made; a key frame twice a
# second, so that a player can jump.
_ENCODER = {
    "preset": "ultrafast",
    "qp": "24",
    "threads": "1",
    "g": str(FRAME_RATE // 2),
    "sc_threshold": "0",
}


class RenderingStopped(Exception):
    """The video was not finished, because nobody wants it any more."""


def write_video(
    scene: Scene, first_frame: bytes | None, path: Path, is_stopped: Callable[[], bool]
) -> None:
    """Write a scene's MP4.

    Args:
        scene: What it shows.
        first_frame: The image that it starts with, of the scene's width and height, or None.
        path: Where to write it.
        is_stopped: Asked before each frame whether to give up.

    Raises:
        RenderingStopped: It was given up.
    """
    with av.open(str(path), "w", format="mp4", options={"movflags": "+faststart"}) as file:
        picture = file.add_stream("libx264", rate=FRAME_RATE, options=_ENCODER)
        picture.width, picture.height = scene.width, scene.height
        picture.pix_fmt = "yuv420p"
        picture.codec_context.time_base = TIME_BASE
        tone = file.add_stream("aac", rate=_SAMPLE_RATE, layout="mono")
        sound = _sound(scene)
        heard = 0
        for number, frame in enumerate(_frames(scene, first_frame)):
            if is_stopped():
                raise RenderingStopped
            frame.pts, frame.time_base = number, TIME_BASE
            file.mux(picture.encode(frame))
            while heard * FRAME_RATE <= number * _SAMPLE_RATE and (samples := next(sound, None)):
                heard += samples.samples
                file.mux(tone.encode(samples))
        for samples in sound:
            file.mux(tone.encode(samples))
        file.mux(picture.encode())
        file.mux(tone.encode())


def _frames(scene: Scene, first_frame: bytes | None) -> Iterator[av.VideoFrame]:
    start = 0
    for part in scene.parts:
        yield from _part(scene, part, start, first_frame if start == 0 else None)
        start += part.frames


def _part(
    scene: Scene, part: Part, start: int, first_frame: bytes | None
) -> Iterator[av.VideoFrame]:
    """Yield a part's frames: the moving pattern, its caption, the frame's number."""
    layers = Layers()
    counter = FrameCounter(scene.width)
    background = wallpaper(scene.width, scene.height, scene.pattern, part.hue)
    picture = layers.still(background, "yuv420p")
    picture = layers.through(picture, "loop", "loop=-1:size=1")
    picture = layers.through(picture, "setpts", "N")
    across, down = _ACROSS / scene.width, _DOWN / scene.height
    place = f"hpos={start * across % 1}:vpos={start * down % 1}"
    picture = layers.through(picture, "scroll", f"h={across}:v={down}:{place}")
    band = layers.still(caption(scene.width, part.prompt, part.video_id), "yuva420p")
    picture = layers.over(picture, band, "x=0:y=main_h-overlay_h")
    numbers = layers.stream(*counter.size, "gray")
    margin = counter.size[1] // 2
    shown = layers.through(numbers, "format", "yuv420p")
    picture = layers.over(picture, shown, f"x={margin}:y={margin}")
    if first_frame is not None:
        picture = layers.over(picture, _fading(layers, first_frame), "eof_action=pass")
    layers.finish(picture)
    for number in range(part.frames):
        digits = frame_of(counter.draw(start + number))
        digits.pts, digits.time_base = number, TIME_BASE
        numbers.push(digits)
        yield layers.next()


def _fading(layers: Layers, first_frame: bytes) -> av.filter.context.FilterContext:
    """Add an image that is all there is to see at first, and has gone after a second."""
    with Image.open(io.BytesIO(first_frame)) as image:
        layer = layers.still(image.convert("RGB"), "yuv420p")
    layer = layers.through(layer, "format", "yuva420p")
    layer = layers.through(layer, "loop", f"loop={FRAME_RATE - 1}:size=1")
    layer = layers.through(layer, "setpts", "N")
    return layers.through(layer, "fade", f"out:0:{FRAME_RATE}:alpha=1")


def _sound(scene: Scene) -> Iterator[av.AudioFrame]:
    """Yield a soft tone, its pitch taken from the scene's first colour."""
    graph = Graph()
    length = sum(part.frames for part in scene.parts) / FRAME_RATE
    pitch = 220 + scene.parts[0].hue
    source = graph.add("sine", f"frequency={pitch}:sample_rate={_SAMPLE_RATE}:duration={length}")
    shape = graph.add("aformat", "sample_fmts=fltp:channel_layouts=mono")
    sink = graph.add("abuffersink")
    source.link_to(shape)
    shape.link_to(sink)
    graph.configure()
    while True:
        try:
            samples = sink.pull()
        except EndOfStream:
            return
        if isinstance(samples, av.AudioFrame):
            yield samples
