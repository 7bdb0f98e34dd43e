"""Where a download goes."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from attrs import frozen

from .._errors import InvalidInput
from .._protocol.media_types import file_ending
from .parts import already_there, held_part
from .versions import Version

if TYPE_CHECKING:
    from .parts import Part

_SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_=-]{0,119}")
_UNSAFE = re.compile(r"[^A-Za-z0-9_=-]+")
_SEPARATORS = ("/", os.sep)
_DEVICE = re.compile(r"con|prn|aux|nul|(com|lpt)\d", re.IGNORECASE)  # names that Windows keeps


@frozen
class Target:
    """Where a download goes.

    Attributes:
        path: The file; where only a folder was given, the file in it without its ending.
        is_named: Whether that is the whole name.
        overwrite: Whether a file that stands there is replaced.
    """

    path: Path
    is_named: bool
    overwrite: bool

    def file(self, kind: str) -> Path:
        """Return the path of the file, now that it is known what it is.

        Raises:
            TargetExists: It stands there already, and is not to be replaced.
        """
        path = self.path if self.is_named else self.path.with_name(self.path.name + _ending(kind))
        if not self.overwrite and os.path.lexists(path):
            raise already_there(path)
        return path

    def place(self, part: Part) -> Path:
        """Give what arrived its name; return its path.

        Raises:
            TargetExists: A file stands there, and is not to be replaced.
            DownloadError: It cannot be done.
        """
        path = self.file(part.kind)
        part.name(_followed(path), overwrite=self.overwrite)
        return path


def target_of(
    path: str | os.PathLike[str], *, name: str | None = None, overwrite: bool = True
) -> Target:
    """Return where a download goes.

    Args:
        path: A file, or a folder.
        name: The file's name in the folder, without its ending; None where a folder will not do.
        overwrite: Whether a file that stands there is replaced.

    Raises:
        InvalidInput: It cannot be written there.
        TargetExists: A file stands there already, and is not to be replaced.
    """
    try:
        given = Path(path)
        is_folder, has_folder = given.is_dir(), given.parent.is_dir()
        is_fit = not given.exists() or (given.is_file() and os.access(given, os.W_OK))
    except (OSError, TypeError, ValueError) as error:
        raise InvalidInput(f"{str(path)!r} cannot be written: {error}") from error
    if is_folder:
        if name is None:
            raise InvalidInput(f"{given} is a folder; give the name of a file in it")
        return Target(given / name, is_named=False, overwrite=overwrite)
    if os.fspath(path).endswith(_SEPARATORS):
        raise InvalidInput(f"{given} is no folder; make it first")
    if not has_folder:
        raise InvalidInput(f"{given.parent} is no folder; make it first")
    target = Target(given, is_named=True, overwrite=overwrite)
    target.file("")  # for its check
    if not is_fit:
        raise InvalidInput(f"{given} is there already, and is no file that can be written")
    return target


def write_whole(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a file, which appears under its name when it is whole.

    Raises:
        InvalidInput: It cannot be written there.
        DownloadError: It cannot be written to its end.
    """
    target = target_of(path)
    with held_part(part_place(target), "memory") as part:
        part.begin(Version(), "")
        part.write(content)
        target.place(part)


def part_place(target: Target) -> Path:
    """Return the path beside which the part is."""
    return _followed(target.path)


def safe_name(video_id: str, variant: str) -> str:
    """Return a file's name for what a job made, without its ending.

    It is the job's id, and differs where ids differ; beside it, the variant, unless it is the
    video.
    """
    name = video_id
    if not _SAFE.fullmatch(name) or _DEVICE.fullmatch(name):
        digest = hashlib.sha256(video_id.encode("utf-8", "surrogatepass")).hexdigest()[:12]
        name = f"{_UNSAFE.sub('_', video_id)[:100].strip('_') or 'video'}-{digest}"
    return name if variant == "video" else f"{name}-{variant}"


def _followed(path: Path) -> Path:
    """Return where a link leads, as it is followed and not replaced."""
    return path.resolve() if path.is_symlink() else path


def _ending(kind: str) -> str:
    return file_ending(kind) if kind else ".bin"
