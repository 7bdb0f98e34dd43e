"""Finished files, kept in a folder within a bound.

Several processes may share the folder: a file is complete before it has its name, its name tells
exactly what is in it, and one process at a time makes it.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import sys
from typing import TYPE_CHECKING

import attrs

if sys.platform != "win32":
    import fcntl

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CHUNK = 1024 * 1024
_UNFINISHED = ".part"
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class NoRoomError(OSError):
    """A file could not be kept, because the disk is full."""


@attrs.frozen
class Facts:
    """What is known of a finished file.

    Attributes:
        size: Its length in bytes.
        etag: Its entity tag, in quotes, made from its bytes.
    """

    size: int
    etag: str


class Shelf:
    """A folder of finished files."""

    def __init__(self, folder: Path, most_bytes: int) -> None:
        """Open a folder, and clear away what killed processes left unfinished in it.

        Args:
            folder: Where the files are kept.
            most_bytes: How many bytes of them are kept; those used longest ago go first.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._most_bytes = most_bytes
        for unfinished in folder.glob(f"*{_UNFINISHED}"):
            with _claimed(unfinished) as ours:
                if ours:
                    unfinished.unlink(missing_ok=True)

    def path(self, name: str) -> Path:
        """Return where a file is, or would be."""
        return self._folder / name

    def put(self, name: str, write: Callable[[Path], None]) -> bool:
        """Write a file that is there whole or not at all, unless it is there.

        Returns:
            Whether it is there; it is not where another process is just making it.

        Raises:
            NoRoomError: The disk is full.
        """
        path = self.path(name)
        if path.exists():
            return True
        unfinished = path.with_name(path.name + _UNFINISHED)
        try:
            # Whoever needs the room may remove the whole folder: it can be made again.
            self._folder.mkdir(parents=True, exist_ok=True)
            with _claimed(unfinished) as ours:
                if not ours:
                    return path.exists()
                # Whoever had the claim before may just have finished the file.
                if path.exists():
                    unfinished.unlink()
                else:
                    _write(unfinished, path, write)
        except OSError as error:
            if error.errno in _NO_ROOM:
                raise NoRoomError(error.errno, "there is no room for a file") from error
            raise
        self._make_room(path)
        return True

    def facts(self, name: str) -> Facts:
        """Return what is known of a file, once all of it was read."""
        digest = hashlib.sha256()
        with self.path(name).open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
            return Facts(file.tell(), f'"{digest.hexdigest()[:32]}"')

    def remove(self, name: str) -> None:
        """Remove a file, if it is there."""
        self.path(name).unlink(missing_ok=True)

    def _make_room(self, newest: Path) -> None:
        """Remove the files that were used longest ago until the rest is within the bound."""
        files = []
        for path in self._folder.iterdir():
            if path.suffix != _UNFINISHED:
                with contextlib.suppress(FileNotFoundError):
                    status = path.stat()
                    files.append((status.st_mtime_ns, status.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self._most_bytes:
                return
            if path != newest:
                path.unlink(missing_ok=True)
                total -= size


def _write(unfinished: Path, path: Path, write: Callable[[Path], None]) -> None:
    try:
        write(unfinished)
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


@contextlib.contextmanager
def _claimed(unfinished: Path) -> Iterator[bool]:
    """Claim an unfinished file, made where it is not there, and yield whether it is ours alone.

    The claim ends with the process that has it.
    """
    if sys.platform == "win32":
        # An open file cannot be given its name there, so processes do not know of each other.
        yield True
        return
    with unfinished.open("ab") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            # Whoever had it may have given it its name meanwhile, or removed it.
            ours = os.path.samestat(os.fstat(file.fileno()), unfinished.stat())
        except (BlockingIOError, FileNotFoundError):
            ours = False
        yield ours
