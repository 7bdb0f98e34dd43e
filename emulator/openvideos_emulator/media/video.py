"""Makes the MP4: H.264 and AAC, ready to be played while it arrives."""

from __future__ import annotations

import io
from fractions import Fraction
from typing import TYPE_CHECKING, BinaryIO

import attrs
import av
from av.codec.context import Flags
from av.error import EOFError as EndOfStream
from av.filter.graph import Graph
from PIL import Image

from openvideos_emulator.media.layers import PIXEL_FORMAT, TIME_BASE, Layers, frame_of
from openvideos_emulator.media.pictures import FrameCounter, caption, wallpaper
from openvideos_emulator.scene import FRAME_RATE, Part, Scene

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    VideoPacket = av.Packet[av.VideoStream]

# How many pixels the pattern moves by at each frame: even, as chroma is stored at half the
# resolution, so that the encoder finds each frame in the one before.
_ACROSS = 4
_CONTAINER = {
    # The index comes first.
    "movflags": "+faststart",
    # A frame is a whole number of its units, so that the length is exact.
    "movie_timescale": "48000",
}


@attrs.frozen
class Style:
    """How elaborate a video is.

    Attributes:
        step: Every how many frames, of 30 a second, there is one. In between the picture stands.
        encoder: The options of the H.264 encoder.
        sample_rate: The sound's samples a second.
        bit_rate: The sound's bits a second.
    """

    step: int
    encoder: Mapping[str, str]
    sample_rate: int
    bit_rate: int


# One thread, so that the same scene gives the same bytes wherever it is made. Without start codes
# packets are as an MP4 holds them, and can be taken over from one.
_EVERY_ENCODER = {
    "preset": "ultrafast",
    "threads": "1",
    "sc_threshold": "0",
    "x264-params": "annexb=0",
}

# A tone needs none of what AAC has for music.
_SOUND_ENCODER = {"aac_coder": "fast", "aac_tns": "0", "aac_pns": "0"}

STYLES = {
    # A key frame twice a second, so that a player can jump.
    "full": Style(1, {**_EVERY_ENCODER, "qp": "24", "g": str(FRAME_RATE // 2)}, 48_000, 64_000),
    "tiny": Style(FRAME_RATE, {**_EVERY_ENCODER, "qp": "36", "g": "1"}, 24_000, 16_000),
}


@attrs.frozen
class Beginning:
    """A finished MP4 that shows the first parts of a scene.

    Attributes:
        file: The MP4.
        parts: How many parts it has.
    """

    file: BinaryIO
    parts: int


class RenderingStopped(Exception):
    """The video was not finished, because nobody wants it any more."""


def write_video(
    scene: Scene,
    first_frame: bytes | None,
    path: Path,
    *,
    style: Style = STYLES["full"],
    beginning: Beginning | None = None,
    is_stopped: Callable[[], bool] = lambda: False,
) -> None:
    """Write a scene's MP4.

    Args:
        scene: What it shows.
        first_frame: The image that it starts with, of the scene's width and height, or None.
        path: Where to write it.
        style: How elaborate it is.
        beginning: What there is of it already. The file is the same without.
        is_stopped: Asked before each frame whether to give up.

    Raises:
        RenderingStopped: It was given up.
        OSError: It could not be written, or what there is of it could not be read.
    """
    with av.open(str(path), "w", format="mp4", options=_CONTAINER) as file:
        picture = file.add_stream("libx264", rate=FRAME_RATE, options=dict(style.encoder))
        _describe(picture.codec_context, scene)
        tone = file.add_stream("aac", rate=style.sample_rate, layout="mono", options=_SOUND_ENCODER)
        tone.bit_rate = style.bit_rate
        sound = _sound(scene, style.sample_rate)
        heard = 0
        file.start_encoding()
        header = picture.codec_context.extradata
        for packet in _packets(scene, first_frame, style, beginning, header):
            if is_stopped():
                raise RenderingStopped
            shown = (packet.pts or 0) * packet.time_base
            packet.stream = picture
            file.mux(packet)
            while heard <= shown * style.sample_rate and (samples := next(sound, None)):
                heard += samples.samples
                file.mux(tone.encode(samples))
        for samples in sound:
            file.mux(tone.encode(samples))
        file.mux(tone.encode())


def _packets(
    scene: Scene,
    first_frame: bytes | None,
    style: Style,
    beginning: Beginning | None,
    header: bytes | None,
) -> Iterator[VideoPacket]:
    """Yield the encoded frames. Each part is encoded by itself, so that it can be taken over."""
    there = 0
    if beginning:
        with av.open(beginning.file, "r") as file:
            # One that another version encoded may need another header than the rest.
            if file.streams.video[0].codec_context.extradata == header:
                there = beginning.parts
                # The last packet of a file that is read is empty, and only says so.
                yield from (packet for packet in file.demux(video=0) if packet.size)
    start = sum(part.frames for part in scene.parts[:there])
    for part in scene.parts[there:]:
        frames = _frames(scene, part, start, first_frame if start == 0 else None, style)
        start += part.frames
        for packet in _encoded(frames, scene, style):
            packet.duration = min(style.step, start - (packet.pts or 0))
            yield packet


def _encoded(frames: Iterator[av.VideoFrame], scene: Scene, style: Style) -> Iterator[VideoPacket]:
    encoder = av.CodecContext.create("libx264", "w")
    _describe(encoder, scene)
    encoder.options = dict(style.encoder)
    encoder.flags |= Flags.global_header
    for frame in frames:
        yield from encoder.encode(frame)
    yield from encoder.encode(None)


def _describe(encoder: av.VideoCodecContext, scene: Scene) -> None:
    encoder.width, encoder.height = scene.width, scene.height
    encoder.pix_fmt = PIXEL_FORMAT
    encoder.time_base = TIME_BASE
    encoder.framerate = Fraction(FRAME_RATE)


def _frames(
    scene: Scene, part: Part, start: int, first_frame: bytes | None, style: Style
) -> Iterator[av.VideoFrame]:
    """Yield a part's frames: the moving pattern, its caption, the frame's number."""
    layers = Layers()
    counter = FrameCounter(scene.width)
    background = wallpaper(scene.width, scene.height, scene.pattern, part.hue)
    picture = layers.still(background)
    picture = layers.through(picture, "loop", "loop=-1:size=1")
    picture = layers.through(picture, "setpts", f"N*{style.step}")
    picture = layers.through(picture, "scroll", _movement(scene.width, start, style.step))
    band = caption(scene.width, scene.height, part.prompt, part.video_id)
    picture = layers.over(picture, layers.still(band), "x=0:y=main_h-overlay_h")
    numbers = layers.stream(*counter.size)
    margin = counter.size[1] // 2
    picture = layers.over(picture, numbers, f"x={margin}:y={margin}")
    if first_frame is not None:
        picture = layers.over(picture, _fading(layers, first_frame, style.step), "eof_action=pass")
    layers.finish(picture)
    for number in range(0, part.frames, style.step):
        digits = frame_of(counter.draw(start + number))
        digits.pts, digits.time_base = number, TIME_BASE
        numbers.push(digits)
        frame = layers.next()
        frame.pts, frame.time_base = start + number, TIME_BASE
        yield frame


def _movement(width: int, start: int, step: int) -> str:
    """Return the arguments of `scroll` that make frame number `start` the first."""
    # It adds up floats and cuts what is behind the point: half a pixel keeps that from mattering.
    moved = (start * _ACROSS + 0.5) / width
    # It takes its starting point for one to move back to.
    return f"h={_ACROSS * step / width % 1}:hpos={(1 - moved) % 1}"


def _fading(layers: Layers, first_frame: bytes, step: int) -> av.filter.context.FilterContext:
    """Add an image that is all there is to see at first, and has gone after a second."""
    with Image.open(io.BytesIO(first_frame)) as image:
        layer = layers.still(image.convert("RGB"))
    frames = FRAME_RATE // step
    layer = layers.through(layer, "format", "yuva420p")
    layer = layers.through(layer, "loop", f"loop={frames - 1}:size=1")
    layer = layers.through(layer, "setpts", f"N*{step}")
    return layers.through(layer, "fade", f"out:0:{frames}:alpha=1")


def _sound(scene: Scene, sample_rate: int) -> Iterator[av.AudioFrame]:
    """Yield a soft tone, its pitch taken from the scene's first colour."""
    graph = Graph()
    length = sum(part.frames for part in scene.parts) / FRAME_RATE
    pitch = 220 + scene.parts[0].hue
    source = graph.add("sine", f"frequency={pitch}:sample_rate={sample_rate}:duration={length}")
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
