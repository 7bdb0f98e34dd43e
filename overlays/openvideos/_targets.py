"""Where a download goes: under another name first, under its own when it is whole."""

from __future__ import annotations

import os
import secrets
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from ._errors import DownloadError, InvalidInput, OpenVideosError

if TYPE_CHECKING:
    from collections.abc import Iterator


def target_path(path: str | os.PathLike[str]) -> Path:
    """Return the path of a file that can be written.

    Raises:
        InvalidInput: It is a folder or no file, or its folder does not exist.
    """
    try:
        target = Path(path)
        is_folder, has_folder = target.is_dir(), target.parent.is_dir()
        is_fit = not target.exists() or (target.is_file() and os.access(target, os.W_OK))
    except (OSError, TypeError, ValueError) as error:
        raise _unwritable(path, error) from error
    if is_folder:
        raise InvalidInput(f"{target} is a folder; give the name of a file in it")
    if not has_folder:
        raise InvalidInput(f"{target.parent} is no folder; make it first")
    if not is_fit:
        raise InvalidInput(f"{target} is there already, and is no file that can be written")
    return target


@contextmanager
def partial_file(target: Path) -> Iterator[BinaryIO]:
    """Open a file beside the target, which takes the target's name if all goes well.

    It is `<name>.part`, or has a word of chance before that ending where another process is, or
    was, at work on the same target. Where something fails it is removed, and the target is as it
    was.

    Raises:
        InvalidInput: No file can be made there.
        DownloadError: The file cannot be written to its end.
    """
    if target.is_symlink():
        target = target.resolve()  # a link is followed, not replaced
    try:
        part, file = _created(target)
    except (OSError, ValueError) as error:
        raise _unwritable(target, error) from error
    try:
        with file:
            yield file
        part.replace(target)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and not isinstance(error, OpenVideosError):
            raise DownloadError(f"{target} cannot be written: {error}") from error
        raise


def _unwritable(path: object, error: Exception) -> InvalidInput:
    return InvalidInput(f"{str(path)!r} cannot be written: {error}")


def _created(target: Path) -> tuple[Path, BinaryIO]:
    part = target.with_name(f"{target.name}.part")
    try:
        return part, part.open("xb")
    except FileExistsError:
        part = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
        return part, part.open("xb")
