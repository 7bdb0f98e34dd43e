"""What kind of file some bytes are, and how large a picture is, by their first bytes."""

from __future__ import annotations

import mimetypes
import struct

ENOUGH = 65_536  # bytes from a file's start that are looked at

_SIGNATURES = (
    (0, b"\x89PNG\r\n\x1a\n", "image/png"),
    (0, b"\xff\xd8\xff", "image/jpeg"),
    (0, b"GIF87a", "image/gif"),
    (0, b"GIF89a", "image/gif"),
    (8, b"WEBP", "image/webp"),
    (8, b"AVI ", "video/x-msvideo"),
    (4, b"ftypavif", "image/avif"),
    (4, b"ftypheic", "image/heic"),
    (4, b"ftypqt  ", "video/quicktime"),
    (4, b"ftyp", "video/mp4"),
    (0, b"\x1a\x45\xdf\xa3", "video/webm"),
)

# What the standard library names otherwise, or not on every machine.
_ENDINGS = {
    "image/webp": ".webp",
    "image/avif": ".avif",
    "image/heic": ".heic",
    "video/avi": ".avi",
    "video/msvideo": ".avi",
    "video/vnd.avi": ".avi",
    "video/x-matroska": ".mkv",
}


def media_type(start: bytes) -> str | None:
    """Return the kind of a file by its first bytes; None where they are not known."""
    for offset, signature, kind in _SIGNATURES:
        if start.startswith(signature, offset):
            return kind
    return None


def media_type_of_name(name: str) -> str | None:
    """Return the kind of a file by the ending of its name; None where that is not known."""
    return mimetypes.guess_type(name)[0]


def file_ending(kind: str) -> str:
    """Return the ending for a file of this kind, with its dot."""
    return _ENDINGS.get(kind) or mimetypes.guess_extension(kind) or ".bin"


def picture_size(start: bytes) -> tuple[int, int] | None:
    """Return the width and height of a PNG, GIF, WebP or JPEG in pixels; None where not found."""
    try:
        match media_type(start):
            case "image/png":
                return _pair(">II", start, 16)
            case "image/gif":
                return _pair("<HH", start, 6)
            case "image/webp":
                return _webp_size(start)
            case "image/jpeg":
                return _jpeg_size(start)
    except (struct.error, IndexError):
        pass  # cut off before the size
    return None


def _pair(layout: str, start: bytes, offset: int) -> tuple[int, int]:
    width, height = struct.unpack_from(layout, start, offset)
    return width, height


def _webp_size(start: bytes) -> tuple[int, int] | None:
    match start[12:16]:
        case b"VP8 ":
            width, height = _pair("<HH", start, 26)
            return width & 0x3FFF, height & 0x3FFF
        case b"VP8L":
            (bits,) = struct.unpack_from("<I", start, 21)
            return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
        case b"VP8X":
            width = int.from_bytes(start[24:27], "little")
            height = int.from_bytes(start[27:30], "little")
            return (width + 1, height + 1) if len(start) >= 30 else None
    return None


def _jpeg_size(start: bytes) -> tuple[int, int] | None:
    position = 2
    while True:
        while start[position] == 0xFF:  # a marker may be preceded by fill bytes
            position += 1
        marker = start[position]
        if 0xC0 <= marker <= 0xCF and marker not in {0xC4, 0xC8, 0xCC}:
            height, width = _pair(">HH", start, position + 4)
            return width, height
        (length,) = struct.unpack_from(">H", start, position + 1)
        position += 1 + length
        if start[position] != 0xFF:
            return None
