r"""Which font draws which letter of a text.

Pillow's own font, the same on every machine, has the letters of English. The extra `fonts` adds
those of other scripts. What no font has is shown as its escape, such as `\u65e5`, which tells
more than a box does.
"""

from __future__ import annotations

import functools
import importlib.resources
import importlib.util
import itertools
import unicodedata
from typing import TYPE_CHECKING

from PIL import ImageFont

if TYPE_CHECKING:
    from collections.abc import Iterator

    from PIL import ImageDraw

_FONT_PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
_FONT_FILES = (".ttf", ".ttc", ".otf")
_REGULAR = 400
_MARKS = {"Mn", "Mc", "Me", "Cf"}
_PROBE_SIZE = 16
# No character, and never to be one, so that every font draws what it draws for a missing letter.
_MISSING = "\U0010ffff"

Font = ImageFont.FreeTypeFont | ImageFont.ImageFont


class Lettering:
    """Measures and draws lines of text in one size, whatever their scripts are."""

    def __init__(self, size: int) -> None:
        """Letter in fonts of so many pixels."""
        self.size = size

    def length(self, text: str) -> float:
        """Return how many pixels wide a line is."""
        return sum(_font(place, self.size).getlength(run) for place, run in _runs(text))

    def draw(self, canvas: ImageDraw.ImageDraw, left: int, top: int, text: str) -> None:
        """Draw a line in white."""
        across, baseline = float(left), top + self.size
        for place, run in _runs(text):
            font = _font(place, self.size)
            canvas.text((across, baseline), run, font=font, fill="white", anchor="ls")
            across += font.getlength(run)


def readable(text: str) -> str:
    """Return a text with all its letters such as there are fonts for, its blanks made plain."""
    letters = (_readable_letter(letter) for letter in unicodedata.normalize("NFC", text))
    return " ".join("".join(letters).split())


def _readable_letter(letter: str) -> str:
    if letter.isspace() or unicodedata.category(letter) == "Cc":
        return " "
    if _place_of(letter) is not None:
        return letter
    plain = "".join(
        part for part in unicodedata.normalize("NFKD", letter) if not unicodedata.combining(part)
    )
    if plain and all(_place_of(part) is not None for part in plain):
        return plain
    return letter.encode("unicode_escape").decode("ascii")


def _runs(text: str) -> Iterator[tuple[int, str]]:
    """Split a readable line into stretches of one font, each with the font's place."""
    places: list[int] = []
    for number, letter in enumerate(text):
        before = places[-1] if places else 0
        stays = _has(before, letter) and _belongs_to(before, letter, text[number + 1 :])
        places.append(before if stays else _place_of(letter) or 0)
    for place, run in itertools.groupby(zip(places, text, strict=True), lambda each: each[0]):
        yield place, "".join(letter for _, letter in run)


def _belongs_to(place: int, letter: str, rest: str) -> bool:
    """Return whether a mark or a blank is part of the words in the font at a place."""
    if letter.isalnum():
        return False
    if unicodedata.category(letter) in _MARKS:
        return True
    after = next((each for each in rest if each.isalnum()), None)
    return after is None or _place_of(after) == place


@functools.lru_cache(maxsize=4096)
def _place_of(letter: str) -> int | None:
    """Return which font is the first that has a letter, or None."""
    places = range(1 + len(_font_files()))
    return next((place for place in places if _has(place, letter)), None)


@functools.lru_cache(maxsize=4096)
def _has(place: int, letter: str) -> bool:
    # Half of a pair of surrogates is no letter, whatever a font draws for it.
    if unicodedata.category(letter) == "Cs":
        return False
    return bytes(_font(place, _PROBE_SIZE).getmask(letter)) != _missing(place)


@functools.cache
def _missing(place: int) -> bytes:
    return bytes(_font(place, _PROBE_SIZE).getmask(_MISSING))


@functools.lru_cache(maxsize=64)
def _font(place: int, size: int) -> Font:
    if place == 0:
        return ImageFont.load_default(size)
    font = ImageFont.truetype(_font_files()[place - 1], size)
    font.set_variation_by_axes([_REGULAR])
    return font


@functools.cache
def _font_files() -> list[str]:
    """Return the files of the fonts that are installed, in the order in which they are tried."""
    packages = [name for name in _FONT_PACKAGES if importlib.util.find_spec(name)]
    folders = (importlib.resources.files(package) for package in packages)
    return [
        str(file)
        for folder in folders
        for file in sorted(folder.iterdir(), key=lambda each: each.name)
        if file.name.endswith(_FONT_FILES) and "Italic" not in file.name
    ]
