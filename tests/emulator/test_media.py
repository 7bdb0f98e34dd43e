"""The MP4s and their previews: exact to the last frame, and the same wherever they are made."""

import dataclasses
import hashlib
import io
import itertools
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import attrs
import av
import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageStat

from openvideos_emulator import Emulator
from openvideos_emulator.media import previews
from openvideos_emulator.media.video import STYLES, Beginning, write_video
from openvideos_emulator.scene import Part, Scene

SIZES = [(720, 1280), (1280, 720), (1024, 1792), (1792, 1024)]
LENGTHS = [4, 8, 12, 16, 20]
VIDEOS = [(size, seconds) for size in SIZES for seconds in LENGTHS]
# All of them take half a minute of one core.
if not os.environ.get("OPENVIDEOS_EVERY_VIDEO"):
    VIDEOS = [(size, 4) for size in SIZES]


def part(name: str, seconds: float, hue: int = 40) -> Part:
    return Part(f"video_{name}", f"A cat called {name}", seconds, hue)


def scene(*parts: Part, size: tuple[int, int] = (160, 90)) -> Scene:
    return Scene(*size, pattern="a pattern", parts=parts)


@dataclasses.dataclass
class Decoded:
    """What a player finds in an MP4."""

    seconds: float
    picture_seconds: float
    sound_seconds: float
    frames: int
    kinds: set[tuple[int, int, str]]
    rate: float
    codecs: tuple[str, str]
    pictures: list[Image.Image]

    @classmethod
    def of(cls, data: bytes, wanted: tuple[int, ...] = ()) -> "Decoded":
        with av.open(io.BytesIO(data), "r") as file:
            picture, sound = file.streams.video[0], file.streams.audio[0]
            kinds, pictures, count = set(), [], 0
            for frame in file.decode(picture):
                kinds.add((frame.width, frame.height, frame.format.name))
                if count in wanted:
                    pictures.append(picture_of(frame))
                count += 1
            return cls(
                seconds=(file.duration or 0) / av.time_base,
                picture_seconds=length_of(picture),
                sound_seconds=length_of(sound),
                frames=count,
                kinds=kinds,
                rate=float(picture.average_rate or 0),
                codecs=(picture.codec_context.name, sound.codec_context.name),
                pictures=pictures,
            )


def picture_of(frame: av.VideoFrame) -> Image.Image:
    picture: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV's
    return picture


def length_of(stream: av.VideoStream | av.AudioStream) -> float:
    return float((stream.duration or 0) * (stream.time_base or 0))


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return how much two pictures differ, 0 to 255."""
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., bytes]:
    def write(scene: Scene, first_frame: bytes | None = None, **options: Any) -> bytes:
        path = tmp_path / "a.mp4"
        write_video(scene, first_frame, path, **options)
        return path.read_bytes()

    return write


@pytest.mark.parametrize(("size", "seconds"), VIDEOS, ids=str)
def test_a_video_is_exact_to_its_last_frame(
    written: Callable[..., bytes], size: tuple[int, int], seconds: int
) -> None:
    data = written(scene(part("a", seconds), size=size))
    # Ready to be played while it arrives: the index comes before the data.
    assert data.index(b"moov") < data.index(b"mdat")
    video = Decoded.of(data)
    assert video.kinds == {(*size, "yuv420p")}
    assert video.codecs == ("h264", "aac")
    assert (video.frames, video.rate) == (seconds * 30, 30)
    assert video.seconds == video.picture_seconds == video.sound_seconds == seconds


@pytest.mark.parametrize(("size", "seconds"), VIDEOS, ids=str)
def test_a_tiny_video_is_as_large_and_long_as_any(
    written: Callable[..., bytes], size: tuple[int, int], seconds: int
) -> None:
    video = Decoded.of(written(scene(part("a", seconds), size=size), style=STYLES["tiny"]))
    assert video.kinds == {(*size, "yuv420p")}
    assert video.frames == seconds
    assert video.seconds == video.picture_seconds == video.sound_seconds == seconds


@settings(max_examples=15, deadline=None)
@given(
    st.lists(st.floats(0.01, 1.5).map(lambda each: round(each, 2)), min_size=1, max_size=3),
    st.sampled_from(sorted(STYLES)),
)
def test_any_length_is_exact_to_a_frame(
    tmp_path_factory: pytest.TempPathFactory, lengths: list[float], style: str
) -> None:
    path = tmp_path_factory.getbasetemp() / f"lengths-{os.getpid()}.mp4"
    whole = scene(*(part(str(number), each) for number, each in enumerate(lengths)))
    write_video(whole, None, path, style=STYLES[style])
    video = Decoded.of(path.read_bytes())
    frames = sum(each.frames for each in whole.parts)
    assert video.seconds == pytest.approx(frames / 30, abs=1e-5)
    assert video.picture_seconds == pytest.approx(frames / 30, abs=1e-5)
    assert video.sound_seconds == pytest.approx(frames / 30, abs=1e-5)
    if style == "full":
        assert video.frames == frames


def test_two_processes_make_the_same_bytes_of_a_job(tmp_path: Path) -> None:
    image = tmp_path / "first.png"
    Image.radial_gradient("L").resize((320, 180)).convert("RGB").save(image)
    made = attrs.evolve(
        scene(Part("video_a", "A cat, 日本語", 1, 40), part("b", 0.5), size=(320, 180)),
        first_frame="a digest",
    )
    program = (
        "import asyncio, pathlib, sys\n"
        "from openvideos_emulator.media.studio import Studio\n"
        "from openvideos_emulator.scene import Scene\n"
        "folder, image = map(pathlib.Path, sys.argv[1:3])\n"
        "scene = Scene.from_json(sys.argv[3])\n"
        "async def make():\n"
        "    studio = Studio(folder)\n"
        "    for variant in ('spritesheet', 'thumbnail', 'video'):\n"
        "        asset, file = await studio.open(scene, variant, image.read_bytes())\n"
        "        file.close()\n"
        "    studio.close()\n"
        "asyncio.run(make())\n"
    )
    workers = [
        subprocess.Popen(
            [sys.executable, "-c", program, tmp_path / name, image, made.to_json()],
            env={**os.environ, "PYTHONHASHSEED": seed},
        )
        for name, seed in (("one", "1"), ("two", "2"))
    ]
    assert [worker.wait(60) for worker in workers] == [0, 0]
    one, two = (
        {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}
        for folder in (tmp_path / "one", tmp_path / "two")
    )
    assert one == two
    assert len(one) == 3


@pytest.mark.parametrize("style", sorted(STYLES))
def test_an_extension_is_the_same_whether_or_not_its_source_is_there(
    written: Callable[..., bytes], style: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    options = {"style": STYLES[style]}
    source = scene(part("a", 1.5), part("b", 0.7, 100))
    longer = attrs.evolve(source, parts=(*source.parts, part("c", 1, 200)))
    anew = written(longer, **options)
    there = written(source, **options)
    drawn = []

    def blank(*asked: Any) -> Image.Image:
        drawn.append(asked[-1])
        return Image.new("RGB", (160, 20))

    monkeypatch.setattr("openvideos_emulator.media.video.caption", blank)
    # What is there is taken over: with another caption only what is made now is another.
    assert written(longer, beginning=Beginning(io.BytesIO(there), 2), **options) != anew
    assert drawn == ["video_c"]
    monkeypatch.undo()
    assert written(longer, beginning=Beginning(io.BytesIO(there), 2), **options) == anew


def test_what_is_there_in_another_encoding_is_not_taken_over(
    written: Callable[..., bytes],
) -> None:
    source = scene(part("a", 1))
    longer = attrs.evolve(source, parts=(*source.parts, part("b", 1, 200)))
    beginning = Beginning(io.BytesIO(written(source, style=STYLES["tiny"])), 1)
    assert written(longer, beginning=beginning) == written(longer)


def test_an_extension_continues_the_movement_in_another_colour(
    written: Callable[..., bytes],
) -> None:
    size = (320, 180)
    whole = Decoded.of(written(scene(part("a", 2), size=size)), (29, 30, 31)).pictures
    same = Decoded.of(written(scene(part("a", 1), part("a", 1), size=size)), (29, 30, 31)).pictures
    other = Decoded.of(written(scene(part("a", 1), part("a", 1, 220), size=size)), (29, 30))
    # Cut anywhere, it moves on from where it was.
    for one, another in zip(whole, same, strict=True):
        assert difference(one, another) < 3
    assert difference(*other.pictures) > 15


@pytest.mark.parametrize("style", sorted(STYLES))
def test_frames_show_their_number_and_the_pattern_moves(
    written: Callable[..., bytes], style: str
) -> None:
    data = written(scene(part("a", 3), size=(320, 180)), style=STYLES[style])
    pictures = Decoded.of(data, (0, 1, 2)).pictures
    counters = [each.crop((0, 0, 120, 40)) for each in pictures]
    rests = [each.crop((120, 0, 320, 120)) for each in pictures]
    for first, second in ((0, 1), (1, 2)):
        assert difference(counters[first], counters[second]) > 0.5
        assert difference(rests[first], rests[second]) > 0.5


@pytest.mark.parametrize("style", sorted(STYLES))
def test_the_reference_image_is_the_first_frame_and_gone_after_a_second(
    written: Callable[..., bytes], style: str
) -> None:
    image = Image.radial_gradient("L").resize((320, 180)).convert("RGB")
    file = io.BytesIO()
    image.save(file, "PNG")
    shown, without = (
        Decoded.of(
            written(scene(part("a", 2), size=(320, 180)), first_frame, style=STYLES[style]),
            (0, 30 // STYLES[style].step),
        ).pictures
        for first_frame in (file.getvalue(), None)
    )
    assert difference(shown[0], image) < 4
    assert difference(shown[1], image) > 15
    assert difference(shown[1], without[1]) < 2


def test_a_spritesheet_goes_over_the_whole_length(
    written: Callable[..., bytes], tmp_path: Path
) -> None:
    hues = (0, 120, 240)
    video = written(scene(*(part(str(hue), 4, hue) for hue in hues), size=(320, 180)))
    sheet = tmp_path / "sheet.jpg"
    previews.write_spritesheet(io.BytesIO(video), sheet)
    with Image.open(sheet) as image:
        columns, rows = 4, 6
        width, height = image.width // columns, image.height // rows
        tiles = [
            image.crop((x * width, y * height, (x + 1) * width, (y + 1) * height))
            for y in range(rows)
            for x in range(columns)
        ]
    # Each third of the video has a third of the tiles, in its own colour.
    for number, tile in enumerate(tiles):
        above_the_caption = tile.crop((width // 2, 0, width, height // 2))
        mean = ImageStat.Stat(above_the_caption).mean
        assert mean.index(max(mean)) == number // 8, (number, mean)
    for one, another in itertools.pairwise(tiles):
        assert difference(one, another) > 0.5


def test_a_thumbnail_is_from_the_middle(written: Callable[..., bytes], tmp_path: Path) -> None:
    parts = (part("red", 1.5, 0), part("green", 0.5, 120), part("blue", 1, 240))
    thumbnail = tmp_path / "thumbnail.webp"
    previews.write_thumbnail(io.BytesIO(written(scene(*parts, size=(320, 180)))), thumbnail)
    with Image.open(thumbnail) as image:
        above_the_caption = image.convert("RGB").crop((160, 0, 320, 90))
    mean = ImageStat.Stat(above_the_caption).mean
    assert mean.index(max(mean)) == 1, mean


def test_tiny_media_are_small_and_whole(
    tiny: Emulator,
    connect: Callable[..., httpx.Client],
    waiting: Callable[[httpx.Client, str], dict[str, Any]],
) -> None:
    client = connect(tiny)
    created = client.post("/videos", json={"prompt": "A cat", "size": "1280x720", "seconds": "4"})
    video = waiting(client, created.json()["id"])
    content = f"/videos/{video['id']}/content"
    data = client.get(content).content
    assert len(data) <= 100_000
    decoded = Decoded.of(data)
    assert decoded.kinds == {(1280, 720, "yuv420p")}
    assert decoded.codecs == ("h264", "aac")
    assert decoded.seconds == 4
    longer = client.post(
        "/videos/extensions",
        json={"prompt": "It sleeps", "video": {"id": video["id"]}, "seconds": "8"},
    )
    extended = waiting(client, longer.json()["id"])
    assert Decoded.of(client.get(f"/videos/{extended['id']}/content").content).seconds == 12
    for variant, form in (("thumbnail", "WEBP"), ("spritesheet", "JPEG")):
        preview = client.get(content, params={"variant": variant}).content
        assert len(preview) <= 100_000
        with Image.open(io.BytesIO(preview)) as image:
            assert image.format == form
            image.load()
