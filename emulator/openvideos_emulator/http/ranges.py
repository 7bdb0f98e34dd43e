"""Which part of a file a request asks for (RFC 9110, 13 and 14): pure functions of its headers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence


@attrs.frozen
class ByteRange:
    """A part of a file: from `start` up to, and not with, `end`."""

    start: int
    end: int


class UnsatisfiableRangeError(Exception):
    """A range that lies beyond the end of the file."""


def is_unchanged(if_none_match: Sequence[str], etag: str) -> bool:
    """Return whether the client has the file already, so that 304 answers it.

    Args:
        if_none_match: The values of `If-None-Match`, each a list of tags, or `*`.
        etag: The tag of the file, strong and without commas. A weak one is as good.
    """
    tags = [tag.strip() for value in if_none_match for tag in value.split(",")]
    return tags == ["*"] or etag in (tag.removeprefix("W/") for tag in tags)


def asked_range(header: str | None, if_range: str | None, etag: str, size: int) -> ByteRange | None:
    """Return the part that is asked for, or None for the whole file.

    A header that is malformed, of another unit or with several ranges is ignored, as the RFC
    allows; so is one whose `If-Range` does not name the file as it is now: by its tag, for it has
    no date.

    Raises:
        UnsatisfiableRangeError: The file has nothing of that range.
    """
    if header is None or (if_range is not None and if_range.strip() != etag):
        return None
    match = re.fullmatch(
        r"\s*bytes\s*=\s*(\d{0,20})\s*-\s*(\d{0,20})\s*", header, re.ASCII | re.IGNORECASE
    )
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
