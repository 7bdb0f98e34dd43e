"""Files that one process at a time may write: the lock ends with the process, however that ends."""

from __future__ import annotations

import os
import stat
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class NoLocksError(Exception):
    """Files cannot be locked here."""


def is_at(descriptor: int, path: Path) -> bool:
    """Tell whether an open file is the one of this name."""
    try:
        return os.path.samestat(os.fstat(descriptor), path.lstat())
    except OSError:
        return False


if sys.platform == "win32":

    def locked(path: Path) -> int | None:
        """Not there on Windows."""
        raise NoLocksError

    def open_to_write(path: Path) -> int:
        """Open a file anew to be written; return its descriptor."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)

else:
    import fcntl

    def locked(path: Path) -> int | None:
        """Open a file to be read and written, made where there is none, and lock it.

        Returns:
            Its descriptor; None where somebody else has locked it, or it is no plain file.

        Raises:
            NoLocksError: Files cannot be locked there.
            OSError: No file can be made there.
        """
        while True:
            is_new = not os.path.lexists(path)
            try:
                descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
            except OSError:
                if is_new:
                    raise
                return None  # a folder, a link, or not ours to write
            try:
                has_lock = stat.S_ISREG(os.fstat(descriptor).st_mode) and _has_lock(descriptor)
            except NoLocksError:
                os.close(descriptor)
                if is_new:
                    path.unlink(missing_ok=True)
                raise
            if has_lock and is_at(descriptor, path):
                return descriptor
            os.close(descriptor)
            if not has_lock:
                return None
            # Who had locked it has just renamed it or taken it away: another one is to be made.

    def open_to_write(path: Path) -> int:
        """Open a file anew to be written; return its descriptor. A link is not followed."""
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o666)

    def _has_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError as error:
            raise NoLocksError from error
        return True
