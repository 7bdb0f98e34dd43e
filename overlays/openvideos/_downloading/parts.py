"""A file on its way: beside its final place, held by one download at a time.

It is `<name>.part`, with a note of what it is in `<name>.part.json`, so that another process can
carry on where one was killed. A lock that ends with its process tells which parts are in use: who
finds one held takes `<name>.2.part`, and so on. So as many are ever left behind as downloads of
one file were killed at once, and the next one that finishes takes them away.

The note is written while the part is empty: a part that is not empty and has no whole note is
somebody else's, and is left alone.

Where there are no locks (on Windows, and on some network disks) each download has a part of its
own, under a name of chance, from which no other carries on.
"""

from __future__ import annotations

import itertools
import json
import os
import secrets
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from attrs import define, field

from .._errors import DownloadError, InvalidInput, TargetExists
from .locks import NoLocksError, is_at, locked, open_to_write
from .versions import Version

if TYPE_CHECKING:
    from collections.abc import Iterator
    from io import BufferedRandom
    from pathlib import Path

_FORMAT = 1  # of the note
_ENOUGH = 16  # bytes; the first ones tell what a file is


@contextmanager
def held_part(target: Path, source: str) -> Iterator[Part]:
    """Take the part of a file, and leave it in order.

    It stays where it has no final name yet but can be carried on from, and is gone otherwise.

    Args:
        target: The file, or where its ending is not known yet, its name without it.
        source: What it is a download of, in any words. What a part was left of with another is
            thrown away.

    Raises:
        InvalidInput: No file can be made there.
    """
    try:
        part = _taken(target, source)
    except (OSError, ValueError) as error:
        raise InvalidInput(f"{str(target)!r} cannot be written: {error}") from error
    try:
        yield part
    finally:
        part.leave()


@define
class Part:
    """A file on its way.

    Attributes:
        path: Where it is.
        position: How many bytes of it are here.
        version: Which version of the file they are of.
        kind: What kind of file it is, such as `video/mp4`; empty where not known.
    """

    path: Path
    _target: Path
    _source: str
    _file: BufferedRandom
    _lock: int | None  # a descriptor; None where there are no locks
    position: int = 0
    version: Version = field(factory=Version)
    kind: str = ""

    def begin(self, version: Version, kind: str) -> None:
        """Start at the first byte, with another version.

        Raises:
            DownloadError: It cannot be written.
        """
        try:
            self._file.seek(0)
            self._file.truncate()
            self.position, self.version, self.kind = 0, version, kind
            if self._lock is not None:
                self._write_note()
        except OSError as error:
            raise self._unwritable(error) from error

    def forget(self) -> None:
        """Carry on from this no more."""
        self.position, self.version = 0, Version()

    def write(self, data: bytes) -> None:
        """Add bytes at the end.

        Raises:
            DownloadError: They cannot be written, say as the disk is full.
        """
        try:
            self._file.write(data)
        except OSError as error:
            raise self._unwritable(error) from error
        self.position += len(data)

    def is_what_the_server_has(self) -> bool:
        """Tell whether it has the checksum that the server gave, if it gave one."""
        if self.version.checksum is None:
            return True
        try:
            self._file.seek(0)
            same = self.version.checksum.is_of(self._file)
            self._file.seek(self.position)
        except OSError as error:
            raise self._unwritable(error) from error
        return same

    def name(self, target: Path, *, overwrite: bool) -> None:
        """Give it its final name, at which it is whole from the first moment on.

        Raises:
            TargetExists: There is such a file, and it is not to be overwritten.
            DownloadError: It cannot be done.
        """
        try:
            self._file.close()  # while the lock stays
            if overwrite:
                self.path.replace(target)
            else:
                _rename_to_nothing(self.path, target)
        except FileExistsError as error:
            raise already_there(target) from error
        except OSError as error:
            raise self._unwritable(error) from error
        _note_of(self.path).unlink(missing_ok=True)
        self._take_others_away()

    def leave(self) -> None:
        """Close it, and keep it only where it can be carried on from."""
        with suppress(OSError):  # said already, by what was done to it before
            self._file.close()
        if self._lock is None:
            _remove(self.path)
            return
        try:
            is_its_own = is_at(self._lock, self.path)
            is_enough = os.fstat(self._lock).st_size >= _ENOUGH
            can_be_carried_on = self.version.validator is not None and is_enough
            if is_its_own and not can_be_carried_on:
                _remove(self.path)
        finally:
            os.close(self._lock)

    def _write_note(self) -> None:
        note = {
            "format": _FORMAT,
            "source": self._source,
            "kind": self.kind,
            "version": self.version.to_dict(),
        }
        descriptor = open_to_write(_note_of(self.path))
        with os.fdopen(descriptor, "w", encoding="utf-8") as file:
            json.dump(note, file)

    def _take_others_away(self) -> None:
        if self._lock is None:
            return
        with suppress(OSError):
            for path in itertools.islice(_places(self._target), 1, None):
                if not path.exists():
                    break
                lock = _held(path)
                if lock is not None:
                    _remove(path)
                    os.close(lock)

    def _unwritable(self, error: OSError) -> DownloadError:
        return DownloadError(f"{self._target} cannot be written: {error}")


def already_there(target: Path) -> TargetExists:
    """Return the error for a file that is not to be overwritten."""
    return TargetExists(f"{target} is there already; overwrite=True replaces it")


def _taken(target: Path, source: str) -> Part:
    try:
        for path in _places(target):
            lock = _held(path)
            if lock is not None:
                return _found(path, target, source, lock)
    except NoLocksError:
        pass
    path = target.with_name(f"{target.name}.{secrets.token_hex(4)}.part")
    return Part(path, target, source, path.open("x+b"), None)


def _places(target: Path) -> Iterator[Path]:
    yield target.with_name(f"{target.name}.part")
    for number in itertools.count(2):
        yield target.with_name(f"{target.name}.{number}.part")


def _held(path: Path) -> int | None:
    """Lock a part; return its descriptor, None where it is in use or somebody else's."""
    while True:
        lock = locked(path)
        if lock is None:
            return None
        status = os.fstat(lock)
        is_ours = status.st_size == 0 or _read_note(path) is not None
        if is_ours and status.st_nlink == 1:
            return lock
        if is_ours:  # it has its final name too: who gave it was killed before this one was gone
            _remove(path)
        os.close(lock)
        if not is_ours:
            return None


def _found(path: Path, target: Path, source: str, lock: int) -> Part:
    part = Part(path, target, source, os.fdopen(os.dup(lock), "r+b"), lock)
    size, note = os.fstat(lock).st_size, _read_note(path)
    if note is not None and note["source"] == source and size >= _ENOUGH:
        part.version, part.kind = note["version"], note["kind"]
        part.position = size
        part._file.seek(size)  # noqa: SLF001 - it is made here
    return part


def _note_of(path: Path) -> Path:
    return path.with_name(f"{path.name}.json")


def _read_note(path: Path) -> dict[str, Any] | None:
    try:
        note = json.loads(_note_of(path).read_text(encoding="utf-8"))
        if note["format"] != _FORMAT:
            return None
        version = Version.from_dict(note["version"])
        return {"source": str(note["source"]), "kind": str(note["kind"]), "version": version}
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _remove(path: Path) -> None:
    for each in (path, _note_of(path)):
        with suppress(OSError):
            each.unlink()


def _rename_to_nothing(path: Path, target: Path) -> None:
    """Rename a file to a name that nobody has, and may get in the meantime."""
    if sys.platform == "win32":
        path.rename(target)
    else:
        try:
            os.link(path, target)
        except FileExistsError:
            raise
        except OSError:  # a disk without links: there it cannot be done in one step
            if os.path.lexists(target):
                raise FileExistsError(target) from None
            path.rename(target)
        else:
            path.unlink()
