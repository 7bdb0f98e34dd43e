"""Standard output that is closed, full, or read by nobody any more, as by `head`."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TextIO


@contextmanager
def given_up_where_it_breaks() -> Iterator[None]:
    """Let a run go on where what it tells cannot be written: its reports and exit code can."""
    stream = sys.stdout
    # Python has none where it was closed before the start.
    sys.stdout = _GivenUp(stream or io.StringIO())
    try:
        yield
    finally:
        sys.stdout = stream


class _GivenUp:
    """A stream that takes what it can write, and drops the rest."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            self._give_up()
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            self._give_up()

    def _give_up(self) -> None:
        # What is in its buffer still would end the interpreter with an error.
        os.dup2(os.open(os.devnull, os.O_WRONLY), self._stream.fileno())

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)
