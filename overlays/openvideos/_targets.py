"""Where a download goes: under another name first, under its own when it is whole."""

from __future__ import annotations

import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ._errors import InvalidInput

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator


def target_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file that can be written.

    Raises:
        InvalidInput: It is a folder, or its folder does not exist.
    """
    target = Path(path)
    if target.is_dir():
        raise InvalidInput(f"{target} is a folder; give the name of a file in it")
    if not target.parent.is_dir():
        raise InvalidInput(f"{target.parent} is no folder; make it first")
    return target


@contextmanager
def partial_file(target: Path) -> Iterator[BinaryIO]:
    """Open a file beside the target, which takes the target's name if all goes well.

    It is `<name>.part`, or has a word of chance before that ending where another process is, or
    was, at work on the same target. Where something fails it is removed, and the target is as it
    was.
    """
    part, file = _created(target)
    try:
        with file:
            yield file
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _created(target: Path) -> tuple[Path, BinaryIO]:
    part = target.with_name(f"{target.name}.part")
    try:
        return part, part.open("xb")
    except FileExistsError:
        part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
        return part, part.open("xb")
