"""Makes assets when they are first asked for, and keeps them on disk within a bound.

Several processes may share the folder: a file is complete before it has its name, and its name
tells exactly what is in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import attrs

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from openvideos_emulator.scene import Scene

T = TypeVar("T")

# Changes whenever the same scene gives other bytes, so that no cache of another version is used.
_EDITION = "1"
_THREADS = 2
_MOST_BYTES = 1024 * 1024 * 1024
_CHUNK = 1024 * 1024

MEDIA_TYPES = {"video": "video/mp4", "thumbnail": "image/webp", "spritesheet": "image/jpeg"}
_SUFFIXES = {"video": ".mp4", "thumbnail": ".webp", "spritesheet": ".jpg"}


@attrs.frozen
class Asset:
    """A finished file.

    Attributes:
        path: Where it is.
        size: Its length in bytes.
        etag: Its entity tag, in quotes, made from its bytes.
        media_type: Its content type.
    """

    path: Path
    size: int
    etag: str
    media_type: str


class Studio:
    """Makes and keeps the assets of all videos."""

    def __init__(self, folder: Path, most_bytes: int = _MOST_BYTES) -> None:
        """Open a studio.

        Args:
            folder: Where assets are kept.
            most_bytes: How many bytes of them are kept; those used longest ago go first.
        """
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._most_bytes = most_bytes
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="studio")
        self._closing = threading.Event()
        self._known: dict[str, Asset] = {}
        self._making: dict[str, asyncio.Task[Asset]] = {}

    async def _run(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, work)

    async def open(
        self, scene: Scene, variant: str, first_frame: bytes | None
    ) -> tuple[Asset, BinaryIO]:
        """Return an asset and the open file, made now where it is not there yet.

        Args:
            scene: What the video shows.
            variant: `video`, `thumbnail` or `spritesheet`.
            first_frame: The image that the video starts with, or None.
        """
        while True:
            asset = await self._asset(scene, variant, first_frame)
            try:
                file = asset.path.open("rb")
            except FileNotFoundError:
                # Room was made, perhaps by another process that shares the folder.
                self._known.pop(asset.path.name, None)
                continue
            os.utime(file.fileno())
            return asset, file

    def forget(self, scene: Scene) -> None:
        """Remove a scene's files."""
        for variant in MEDIA_TYPES:
            name = _name(scene, variant)
            self._known.pop(name, None)
            (self._folder / name).unlink(missing_ok=True)

    def close(self) -> None:
        """Give up what is being made, and let the threads end."""
        self._closing.set()
        self._threads.shutdown(wait=True, cancel_futures=True)

    async def _asset(self, scene: Scene, variant: str, first_frame: bytes | None) -> Asset:
        name = _name(scene, variant)
        if asset := self._known.get(name):
            return asset
        task = self._making.get(name)
        if task is None:
            task = asyncio.create_task(self._make(name, scene, variant, first_frame))
            self._making[name] = task
            task.add_done_callback(lambda _: self._making.pop(name))
        # Who asked first may hang up; the others still wait for the file.
        return await asyncio.shield(task)

    async def _make(
        self, name: str, scene: Scene, variant: str, first_frame: bytes | None
    ) -> Asset:
        path = self._folder / name
        if variant == "video":
            await self._run(partial(_complete, path, partial(self._film, scene, first_frame)))
        else:
            video, file = await self.open(scene, "video", first_frame)
            with file:
                await self._run(partial(_complete, path, partial(_preview, variant, video)))
        asset = await self._run(partial(_measured, path, MEDIA_TYPES[variant]))
        await self._run(partial(_make_room, self._folder, self._most_bytes, path))
        self._known[name] = asset
        return asset

    def _film(self, scene: Scene, first_frame: bytes | None, path: Path) -> None:
        # PyAV and Pillow are imported only where something is made: the emulator answers before.
        from openvideos_emulator.media.video import write_video

        write_video(scene, first_frame, path, self._closing.is_set)


def _name(scene: Scene, variant: str) -> str:
    return f"{_EDITION}-{scene.digest}{_SUFFIXES[variant]}"


def _make_room(folder: Path, most_bytes: int, newest: Path) -> None:
    """Remove the files that were used longest ago until the rest is within the bound."""
    files = []
    for path in folder.iterdir():
        with contextlib.suppress(FileNotFoundError):
            files.append((path.stat().st_mtime_ns, path.stat().st_size, path))
    total = sum(size for _, size, _ in files)
    for _, size, path in sorted(files):
        if total <= most_bytes:
            return
        if path != newest:
            path.unlink(missing_ok=True)
            total -= size


def _complete(path: Path, write: Callable[[Path], None]) -> None:
    """Write a file that is there whole or not at all."""
    if path.exists():
        return
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _preview(variant: str, video: Asset, path: Path) -> None:
    from openvideos_emulator.media import previews

    write = previews.write_thumbnail if variant == "thumbnail" else previews.write_spritesheet
    write(video.path, path)


def _measured(path: Path, media_type: str) -> Asset:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
        size = file.tell()
    return Asset(path, size, f'"{digest.hexdigest()[:32]}"', media_type)
