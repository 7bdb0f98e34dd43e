"""Which part of a file a request asks for (RFC 9110, 13 and 14): pure functions of its headers."""

from __future__ import annotations

import re

import attrs


@attrs.frozen
class ByteRange:
    """A part of a file: from `start` up to, and not with, `end`."""

    start: int
    end: int


class UnsatisfiableRangeError(Exception):
    """A range that lies beyond the end of the file."""


def is_unchanged(if_none_match: str | None, etag: str) -> bool:
    """Return whether the client has the file already, so that 304 answers it."""
    if if_none_match is None:
        return False
    known = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
    return "*" in known or etag in known


def asked_range(header: str | None, if_range: str | None, etag: str, size: int) -> ByteRange | None:
    """Return the part that is asked for, or None for the whole file.

    A header that is malformed, of another unit or with several ranges is ignored, as the RFC
    allows; so is one whose `If-Range` does not name the file as it is now.

    Raises:
        UnsatisfiableRangeError: The file has nothing of that range.
    """
    if header is None or (if_range is not None and if_range.strip() != etag):
        return None
    match = re.fullmatch(r"\s*bytes\s*=\s*(\d{0,20})\s*-\s*(\d{0,20})\s*", header, re.ASCII)
    if match is None or (not match[1] and not match[2]):
        return None
    if not match[1]:
        start, end = max(0, size - int(match[2])), size
    else:
        start = int(match[1])
        end = min(size, int(match[2]) + 1) if match[2] else size
        if match[2] and int(match[2]) < start:
            return None
    if start >= size or start >= end:
        raise UnsatisfiableRangeError
    return ByteRange(start, end)
