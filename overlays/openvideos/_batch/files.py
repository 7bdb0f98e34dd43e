"""Under which names files come to stand in the folder of a batch."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from openvideos._protocol.media_types import ENOUGH, file_ending, media_type

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from .lines import Line
    from .rows import Row

INCOMING = ".incoming"  # the folder in it where files are until they are whole
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")
_LONGEST_ID = 80  # characters
_USUAL_ENDING = ".mp4"


class NameTakenError(Exception):
    """A file that is not of this batch stands under the name already."""


def prepare(folder: Path) -> None:
    """Make the folder of a batch."""
    (folder / INCOMING).mkdir(parents=True, exist_ok=True)


def incoming(folder: Path, position: int, video_id: str) -> Path:
    """Return where a line's file is written until it is whole."""
    return folder / INCOMING / _stem(position, video_id)


def final_name(arrived: Path, line: Line, video_id: str) -> str:
    """Return the name of a line's file: its own, or its number and id; the ending is what it is."""
    with arrived.open("rb") as file:
        kind = media_type(file.read(ENOUGH))
    ending = file_ending(kind) if kind else _USUAL_ENDING
    if line.name is None:
        return _stem(line.position, video_id) + ending
    return line.name if line.name.lower().endswith(ending) else line.name + ending


def check_free(target: Path, row: Row) -> None:
    """Make sure that nothing but a line's own file is written over.

    Raises:
        NameTakenError: Something else stands there.
    """
    if target.exists() and row.file != target.name:
        raise NameTakenError(
            f"{target} is there already, and is not of this batch: move it away, and start again"
        )


def move(arrived: Path, target: Path) -> None:
    """Give a whole file its name, so that a power cut takes neither."""
    with arrived.open("rb+") as file:
        os.fsync(file.fileno())
    arrived.replace(target)


def is_here(folder: Path, row: Row) -> bool:
    """Tell whether a line's file stands under the name, and has the size, that the ledger knows."""
    if row.file is None:
        return False
    try:
        return (folder / row.file).stat().st_size == row.size
    except OSError:
        return False


def missing(folder: Path, rows: Sequence[Row]) -> list[int]:
    """Return the positions of lines whose files are not as they were saved."""
    return [row.position for row in rows if not is_here(folder, row)]


def _stem(position: int, video_id: str) -> str:
    safe = _UNSAFE.sub("-", video_id).strip(".-")[:_LONGEST_ID]
    return f"{position:04d}-{safe}"
