"""What a file is, and how large a picture is, by its first bytes."""

from __future__ import annotations

import io
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from openvideos._protocol.media_types import media_type, picture_size

KINDS = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "GIF": "image/gif",
    "WEBP": "image/webp",
    "AVIF": "image/avif",
}


def encoded(kind: str, width: int, height: int, **options: Any) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (width, height), "teal").save(file, kind, **options)
    return file.getvalue()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_picture_is_known_by_its_content(kind: str) -> None:
    assert media_type(encoded(kind, 16, 16)) == KINDS[kind]


@pytest.mark.parametrize(
    ("start", "kind"),
    [
        (b"\0\0\0\x20ftypisom", "video/mp4"),
        (b"\0\0\0\x14ftypqt  ", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x01", "video/webm"),
        (b"RIFF\0\0\0\0AVI LIST", "video/x-msvideo"),
        (b"", None),
        (b"%PDF", None),
    ],
)
def test_other_kinds_are_known_or_not(start: bytes, kind: str | None) -> None:
    assert media_type(start) == kind


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("PNG", {}),
        ("GIF", {}),
        ("JPEG", {}),
        ("JPEG", {"progressive": True}),
        ("JPEG", {"comment": b"x" * 5000, "exif": b"Exif\0\0" + bytes(3000)}),
        ("WEBP", {}),
        ("WEBP", {"lossless": True}),
        ("WEBP", {"exif": b"Exif\0\0" + bytes(300)}),
    ],
)
@pytest.mark.parametrize("size", [(1, 1), (72, 128), (3000, 7)])
def test_the_size_of_a_picture_is_read(
    kind: str, options: dict[str, Any], size: tuple[int, int]
) -> None:
    assert picture_size(encoded(kind, *size, **options)) == size


@given(st.sampled_from(["PNG", "JPEG", "GIF", "WEBP"]), st.data())
def test_no_cut_or_broken_picture_crashes(kind: str, data: st.DataObject) -> None:
    start = bytearray(encoded(kind, 8, 8)[: data.draw(st.integers(0, 200))])
    for _ in range(data.draw(st.integers(0, 5))):
        if start:
            start[data.draw(st.integers(0, len(start) - 1))] = data.draw(st.integers(0, 255))
    size = picture_size(bytes(start))
    assert size is None or len(size) == 2
