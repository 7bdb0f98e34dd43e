"""What is written into the picture can be read, whatever its script."""

import importlib.util
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from openvideos_emulator.media import letters
from openvideos_emulator.media.letters import Lettering, readable
from openvideos_emulator.media.pictures import caption

CACHES = (letters._font, letters._font_files, letters._has, letters._missing, letters._place_of)

with_fonts = pytest.mark.skipif(
    not all(map(importlib.util.find_spec, letters._FONT_PACKAGES)),
    reason="the extra `fonts` is not installed",
)


@pytest.fixture
def no_fonts(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """See to it that there is no font but Pillow's."""
    monkeypatch.setattr(letters, "_FONT_PACKAGES", ())
    for cache in CACHES:
        cache.cache_clear()
    yield
    for cache in CACHES:
        cache.cache_clear()


def drawn(text: str) -> bytes:
    """Return a line's picture."""
    picture = Image.new("RGB", (300, 40))
    Lettering(24).draw(ImageDraw.Draw(picture), 0, 4, text)
    return picture.tobytes()


@pytest.mark.usefixtures("no_fonts")
@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("A calico cat", "A calico cat"),
        ("two\nlines\tand \0 more", "two lines and more"),
        ("caf\u00e9, na\u00efve", "cafe, naive"),
        ("cafe\u0301", "cafe"),
        ("\u65e5\u672c", "\\u65e5\\u672c"),
        ("\U0001f600!", "\\U0001f600!"),
        ("\u0642\u0637\u0629", "\\u0642\\u0637\\u0629"),
        ("\ud800", "\\ud800"),
    ],
)
def test_what_no_font_has_is_shown_as_its_escape(text: str, shown: str) -> None:
    assert readable(text) == shown


@with_fonts
@pytest.mark.parametrize(
    "text",
    [
        "caf\u00e9",
        "\u65e5\u672c\u8a9e \u30d7\u30ed\u30f3\u30d7\u30c8",
        "\u7b80\u4f53",
        "\ud55c\uad6d\uc5b4",
        "\u041a\u043e\u0448\u043a\u0430",
        "\u0642\u0637\u0629",
        "\u05d7\u05ea\u05d5\u05dc",
        "\u092c\u093f\u0932\u094d\u0932\u0940",
        "\u0e41\u0e21\u0e27",
        "\U0001f600",
    ],
)
def test_with_fonts_it_is_shown_as_it_is(text: str) -> None:
    assert readable(text) == text
    shapes = [drawn(letter) for letter in text if letter.isalnum()]
    # No two letters are the same box.
    assert len(set(shapes)) == len({letter for letter in text if letter.isalnum()})


@with_fonts
def test_letters_of_a_word_are_joined_and_go_the_right_way() -> None:
    word = "\u0642\u0637\u0629"
    parts = sum(Lettering(24).length(letter) for letter in word)
    assert Lettering(24).length(word) < parts
    assert drawn(word) != drawn(word[::-1])


@given(st.text(max_size=200), st.sampled_from([16, 90, 1280]), st.sampled_from([16, 720]))
def test_any_prompt_can_be_shown(prompt: str, width: int, height: int) -> None:
    band = caption(width, height, prompt, "video_6553f000")
    assert band.width == width
    assert band.height % 2 == 0


def test_a_long_prompt_leaves_room_for_the_picture() -> None:
    for prompt in ("a calico cat " * 500, "x" * 5000, "\u65e5" * 5000):
        for width, height in ((720, 1280), (1792, 1024)):
            assert caption(width, height, prompt, "video_x").height < height / 2
