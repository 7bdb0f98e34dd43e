"""Cut a body that comes in pieces into other ones: of one size, as text, as lines."""

from __future__ import annotations

import codecs
from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from .._errors import InvalidInput

T = TypeVar("T", bytes, str)


class Cutter(ABC, Generic[T]):
    """Takes a body as it comes and gives it back otherwise."""

    @abstractmethod
    def feed(self, piece: bytes) -> list[T]:
        """Take the next piece; return what is complete."""

    @abstractmethod
    def rest(self) -> list[T]:
        """Return what is left at the end."""


def checked_size(size: int) -> int:
    """Return a size that pieces can have.

    Raises:
        InvalidInput: They cannot.
    """
    if size < 1:
        raise InvalidInput(f"chunk_size is {size!r}; it must be a number of bytes, 1 or more")
    return size


class Chunks(Cutter[bytes]):
    """Pieces of one size, but for the last.

    Args:
        size: In bytes; None for pieces as they come.

    Raises:
        InvalidInput: No piece can be of this size.
    """

    def __init__(self, size: int | None) -> None:
        self._size = None if size is None else checked_size(size)
        self._left = bytearray()

    def feed(self, piece: bytes) -> list[bytes]:
        """Take the next piece; return those that are complete."""
        if self._size is None:
            return [piece]
        left, size = self._left, self._size
        left += piece
        whole = len(left) - len(left) % size
        chunks = [bytes(left[start : start + size]) for start in range(0, whole, size)]
        del left[:whole]
        return chunks

    def rest(self) -> list[bytes]:
        """Return the last, shorter piece."""
        return [bytes(self._left)] if self._left else []


class Text(Cutter[str]):
    """Text of UTF-8, never cut within a character; bytes that are none are replaced."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")

    def feed(self, piece: bytes) -> list[str]:
        """Take the next piece; return its whole characters."""
        text = self._decoder.decode(piece)
        return [text] if text else []

    def rest(self) -> list[str]:
        """Return what is left of a character that was cut."""
        text = self._decoder.decode(b"", final=True)
        return [text] if text else []


class Lines(Cutter[str]):
    """Lines without their ends."""

    def __init__(self) -> None:
        self._text = Text()
        self._left = ""

    def feed(self, piece: bytes) -> list[str]:
        """Take the next piece; return the lines that are complete."""
        lines = (self._left + "".join(self._text.feed(piece))).splitlines(keepends=True)
        # What ends in a carriage return may be followed by the line feed that belongs to it.
        whole = lines and lines[-1].splitlines() != [lines[-1]] and not lines[-1].endswith("\r")
        self._left = "" if whole or not lines else lines.pop()
        return [line.splitlines()[0] for line in lines]

    def rest(self) -> list[str]:
        """Return the last line, where nothing ends it."""
        return (self._left + "".join(self._text.rest())).splitlines()
