"""Still pictures that a video is put together from, drawn with Pillow."""

from __future__ import annotations

import colorsys
import random
import unicodedata

from PIL import Image, ImageChops, ImageDraw, ImageFilter, ImageFont

_COARSENESS = 16
_BLOBS = 18
_CAPTION_LINES = 6
_LONGEST_CAPTION = 600

_Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


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
    return _smooth(small).resize((width, height), Image.Resampling.BICUBIC)


def caption(width: int, prompt: str, video_id: str) -> Image.Image:
    """Return a half transparent band that shows a prompt and a job's id, `width` pixels wide."""
    size = max(8, width // 28)
    margin = size
    room = width - 2 * margin
    font = ImageFont.load_default(size)
    prompt_text = "\n".join(_wrapped(prompt, font, room))
    # An id is shown whole, however long it is.
    id_size = max(1, min(size, round(size * room / max(1, font.getlength(video_id)))))
    id_font = ImageFont.load_default(id_size)
    spacing = round(size * 0.3)
    ruler = ImageDraw.Draw(Image.new("L", (1, 1)))
    lower_edge = ruler.multiline_textbbox((0, 0), prompt_text, font=font, spacing=spacing)[3]
    top_of_id = margin + round(lower_edge) + spacing
    band = Image.new("RGBA", (width, top_of_id + size + margin), (0, 0, 0, 150))
    canvas = ImageDraw.Draw(band)
    canvas.multiline_text((margin, margin), prompt_text, font=font, fill="white", spacing=spacing)
    canvas.text((margin, top_of_id), video_id, font=id_font, fill="white")
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
        """Return a frame's number as a picture."""
        picture = Image.new("L", self.size)
        for place, digit in enumerate(f"{frame:05d}"):
            picture.paste(self._digits[int(digit)], (self._step // 2 + place * self._step, 0))
        return picture

    def _digit(self, digit: str, font: _Font) -> Image.Image:
        picture = Image.new("L", (self._step, self.size[1]))
        ImageDraw.Draw(picture).text((0, 0), digit, font=font, fill=255)
        return picture


def _smooth(tile: Image.Image) -> Image.Image:
    """Blur a tile as if it were repeated, so that its edges still fit each other."""
    columns, rows = tile.size
    middle = ImageChops.offset(tile, columns // 2, rows // 2)
    around = Image.new("RGB", (columns * 2, rows * 2))
    for x in (0, columns):
        for y in (0, rows):
            around.paste(middle, (x, y))
    blurred = around.filter(ImageFilter.GaussianBlur(1.5))
    left, top = columns // 2, rows // 2
    return blurred.crop((left, top, left + columns, top + rows))


def _colour(hue: float, saturation: float, value: float) -> tuple[int, int, int]:
    red, green, blue = colorsys.hsv_to_rgb(hue % 360 / 360, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)


def _wrapped(text: str, font: _Font, width: int) -> list[str]:
    """Return as much of a text as the caption has room for, in lines."""
    # Pillow's own font, the same on every machine, has the letters of English and no accents.
    letters = unicodedata.normalize("NFKD", text[:_LONGEST_CAPTION])
    readable = "".join(
        letter if letter.isprintable() else " "
        for letter in letters
        if not unicodedata.combining(letter)
    )
    lines = [""]
    for word in readable.split():
        longer = f"{lines[-1]} {word}".strip()
        if font.getlength(longer) <= width:
            lines[-1] = longer
        elif len(lines) == _CAPTION_LINES:
            lines[-1] = _shortened(f"{lines[-1]} {word}", font, width)
            break
        else:
            lines.append(_shortened(word, font, width))
    return [line for line in lines if line]


def _shortened(text: str, font: _Font, width: int) -> str:
    if font.getlength(text) <= width:
        return text
    while len(text) > 1 and font.getlength(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"
