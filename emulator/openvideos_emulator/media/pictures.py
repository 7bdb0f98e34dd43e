"""Still pictures that a video is put together from, drawn with Pillow."""

from __future__ import annotations

import colorsys
import random

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

from openvideos_emulator.media.letters import Font, Lettering, readable

_COARSENESS = 16
_BLOBS = 18
_CAPTION_LINES = 6
_LONGEST_CAPTION = 600
_BAND = (20, 20, 28)
_BLACK, _WHITE = 16, 235


def wallpaper(width: int, height: int, pattern: str, hue: int) -> Image.Image:
    """Return a picture of soft blobs that repeats without a seam in both directions.

    Args:
        width: Its width in pixels.
        height: Its height in pixels.
        pattern: The seed of where the blobs are.
        hue: The colour around which the blobs' colours lie, 0 to 359 degrees.
    """
    draw = random.Random(pattern)  # noqa: S311 - a pattern that can be repeated, not a secret
    columns, rows = max(2, width // _COARSENESS), max(2, height // _COARSENESS)
    small = Image.new("RGB", (columns, rows), _colour(hue, 0.55, 0.35))
    canvas = ImageDraw.Draw(small)
    for _ in range(_BLOBS):
        x, y = draw.randrange(columns), draw.randrange(rows)
        radius = draw.uniform(0.06, 0.3) * min(columns, rows)
        colour = _colour(hue + draw.uniform(-45, 45), draw.uniform(0.4, 0.9), draw.uniform(0.4, 1))
        for across in (-columns, 0, columns):
            for down in (-rows, 0, rows):
                centre = (x + across, y + down)
                canvas.circle(centre, radius, fill=colour)
    return _enlarged(small, width, height)


def caption(width: int, height: int, prompt: str, video_id: str) -> Image.Image:
    """Return a dark band that shows a prompt and a job's id.

    Args:
        width: The width of the video, and of the band, in pixels.
        height: The height of the video in pixels; the band has the height that it needs.
        prompt: The prompt.
        video_id: The job's id, which is shown whole, however long it is.
    """
    size = max(8, min(width, height) // 28)
    room = max(1, width - 2 * size)
    step = round(size * 1.3)
    lettering = Lettering(size)
    lines = _wrapped(readable(prompt[:_LONGEST_CAPTION]), lettering, room)
    narrower = min(1.0, room / max(1.0, lettering.length(video_id)))
    # Even, as chroma is stored at half the resolution.
    full_height = (size * 2 + step * (len(lines) + 1)) // 2 * 2
    band = Image.new("RGB", (width, full_height), _BAND)
    canvas = ImageDraw.Draw(band)
    for number, line in enumerate(lines):
        lettering.draw(canvas, size, size + number * step, line)
    id_lettering = Lettering(max(1, int(size * narrower)))
    id_lettering.draw(canvas, size, size + len(lines) * step, video_id)
    return band


class FrameCounter:
    """Draws frame numbers, in grey, all of one size."""

    def __init__(self, width: int) -> None:
        """Make a counter that suits a picture `width` pixels wide."""
        size = max(8, width // 20)
        font = ImageFont.load_default(size)
        self._step = round(font.getlength("0")) + 1
        # Even, as chroma is stored at half the resolution.
        self.size = ((self._step * 6) // 2 * 2, round(size * 1.4) // 2 * 2)
        self._digits = [self._digit(str(digit), font) for digit in range(10)]

    def draw(self, frame: int) -> Image.Image:
        """Return a frame's number as a picture, as bright and dark as video may be."""
        picture = Image.new("L", self.size, _BLACK)
        for place, digit in enumerate(f"{frame:05d}"):
            picture.paste(self._digits[int(digit)], (self._step // 2 + place * self._step, 0))
        return picture

    def _digit(self, digit: str, font: Font) -> Image.Image:
        picture = Image.new("L", (self._step, self.size[1]), _BLACK)
        ImageDraw.Draw(picture).text((0, 0), digit, font=font, fill=_WHITE)
        return picture


def _enlarged(tile: Image.Image, width: int, height: int) -> Image.Image:
    """Blur and enlarge a tile as if it were repeated, so that its edges still fit each other."""
    columns, rows = tile.size
    middle = ImageChops.offset(tile, columns // 2, rows // 2)
    around = Image.new("RGB", (columns * 2, rows * 2))
    for x in (0, columns):
        for y in (0, rows):
            around.paste(middle, (x, y))
    left, top = columns // 2, rows // 2
    return around.filter(ImageFilter.GaussianBlur(1.5)).resize(
        (width, height),
        Image.Resampling.BICUBIC,
        box=(left, top, left + columns, top + rows),
    )


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 360 / 360, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _wrapped(text: str, lettering: Lettering, width: int) -> list[str]:
    """Return as much of a text as the caption has room for, in lines."""
    lines = [""]
    for word in text.split(" "):
        if lettering.length(f"{lines[-1]} {word}".lstrip()) <= width:
            lines[-1] = f"{lines[-1]} {word}".lstrip()
        elif lettering.length(word) <= width:
            lines.append(word)
        else:
            # Some scripts have no blanks between their words.
            lines[-1] += " " if lines[-1] else ""
            left = width - lettering.length(lines[-1])
            for letter in word:
                left -= lettering.length(letter)
                if left < 0:
                    lines.append("")
                    left = width - lettering.length(letter)
                lines[-1] += letter
        if len(lines) > _CAPTION_LINES:
            last = f"{lines[_CAPTION_LINES - 1]} {lines[_CAPTION_LINES]}"
            return [*lines[: _CAPTION_LINES - 1], _shortened(last, lettering, width)]
    return [line for line in lines if line]


def _shortened(text: str, lettering: Lettering, width: int) -> str:
    while len(text) > 1 and lettering.length(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"
