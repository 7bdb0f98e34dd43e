"""Makes assets when they are first asked for."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, BinaryIO, TypeVar

import attrs

from openvideos_emulator.media.shelf import Shelf

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Executor
    from pathlib import Path

    from openvideos_emulator.media.video import Beginning
    from openvideos_emulator.scene import Scene

T = TypeVar("T")

# Changes whenever the same scene gives other bytes, so that no cache of another version is used.
_EDITION = "3"
_THREADS = 2
_MOST_BYTES = 1024 * 1024 * 1024
_MOST_WAITING = 100
_MOST_KNOWN = 10_000
# Pixels of all frames: only extensions have more.
_LONG = 1_200_000_000
_LOOK_EVERY = 0.05
# Of a thread, as `nice` has it: answers come before media.
_NICENESS = 10

MEDIA_TYPES = {"video": "video/mp4", "thumbnail": "image/webp", "spritesheet": "image/jpeg"}
_SUFFIXES = {"video": ".mp4", "thumbnail": ".webp", "spritesheet": ".jpg"}


class BusyError(Exception):
    """So much is being made already that no more is taken on."""


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

    def __init__(
        self,
        folder: Path,
        most_bytes: int = _MOST_BYTES,
        *,
        style: str = "full",
        most_waiting: int = _MOST_WAITING,
    ) -> None:
        """Open a studio.

        Args:
            folder: Where assets are kept.
            most_bytes: How many bytes of them are kept; those used longest ago go first.
            style: `full`, or `tiny` for small files that are made at once.
            most_waiting: How many assets may be asked for that are not there yet.

        Raises:
            OSError: The folder cannot be made.
        """
        self._shelf = Shelf(folder, most_bytes)
        self._style = style
        self._most_waiting = most_waiting
        self._threads = _pool(_THREADS)
        # Long videos wait for each other, and nothing else waits for them.
        self._long_threads = _pool(1)
        self._closing = threading.Event()
        self._known: dict[str, Asset] = {}
        self._making: dict[str, asyncio.Task[Asset]] = {}

    async def open(
        self, scene: Scene, variant: str, first_frame: bytes | None
    ) -> tuple[Asset, BinaryIO]:
        """Return an asset and the open file, made now where it is not there yet.

        Args:
            scene: What the video shows.
            variant: `video`, `thumbnail` or `spritesheet`.
            first_frame: The image that the video starts with, or None.

        Raises:
            BusyError: Too much is being made already.
            NoRoomError: The disk is full.
        """
        while True:
            asset = await self._asset(scene, variant, first_frame)
            if file := self._opened(asset):
                return asset, file

    def open_known(self, scene: Scene, variant: str) -> tuple[Asset, BinaryIO] | None:
        """Return an asset that was opened before, and the open file, if it is still there."""
        asset = self._known.get(self._name(scene, variant))
        file = self._opened(asset) if asset else None
        return (asset, file) if asset and file else None

    def forget(self, scene: Scene) -> None:
        """Remove a scene's files."""
        for variant in MEDIA_TYPES:
            name = self._name(scene, variant)
            self._known.pop(name, None)
            self._shelf.remove(name)

    def close(self) -> None:
        """Give up what is being made, and let the threads end."""
        self._closing.set()
        for threads in (self._threads, self._long_threads):
            threads.shutdown(wait=True, cancel_futures=True)

    def _opened(self, asset: Asset) -> BinaryIO | None:
        try:
            file = asset.path.open("rb")
        except FileNotFoundError:
            # Room was made, perhaps by another process that shares the folder.
            self._known.pop(asset.path.name, None)
            return None
        # Those used longest ago go first.
        os.utime(file.fileno())
        return file

    async def _asset(self, scene: Scene, variant: str, first_frame: bytes | None) -> Asset:
        name = self._name(scene, variant)
        if asset := self._known.get(name):
            return asset
        task = self._making.get(name)
        if task is None:
            if len(self._making) >= self._most_waiting:
                raise BusyError
            task = asyncio.create_task(self._make(name, scene, variant, first_frame))
            self._making[name] = task
            task.add_done_callback(lambda _: self._making.pop(name))
        # Who asked first may hang up; the others still wait for the file.
        return await asyncio.shield(task)

    async def _make(
        self, name: str, scene: Scene, variant: str, first_frame: bytes | None
    ) -> Asset:
        threads = self._threads
        while True:
            if variant == "video":
                long = self._long_threads if _is_long(scene) else threads
                await self._put(long, name, partial(self._write_video, scene, first_frame))
            else:
                _, video = await self.open(scene, "video", first_frame)
                with video:
                    await self._put(threads, name, partial(_write_preview, variant, video))
            # Room may have been made already, by another process that shares the folder.
            with contextlib.suppress(FileNotFoundError):
                facts = await _run(threads, partial(self._shelf.facts, name))
                break
        asset = Asset(self._shelf.path(name), facts.size, facts.etag, MEDIA_TYPES[variant])
        self._known[name] = asset
        if len(self._known) > _MOST_KNOWN:
            self._known.pop(next(iter(self._known)))
        return asset

    async def _put(self, threads: Executor, name: str, write: Callable[[Path], None]) -> None:
        # Where another process is making it, no thread waits.
        while not await _run(threads, partial(self._shelf.put, name, write)):
            await asyncio.sleep(_LOOK_EVERY)

    def _write_video(self, scene: Scene, first_frame: bytes | None, path: Path) -> None:
        # PyAV and Pillow are imported only where something is made: the emulator answers before.
        from openvideos_emulator.media.video import STYLES, write_video

        with contextlib.ExitStack() as files:
            write_video(
                scene,
                first_frame,
                path,
                style=STYLES[self._style],
                beginning=self._beginning(scene, files),
                is_stopped=self._closing.is_set,
            )

    def _beginning(self, scene: Scene, files: contextlib.ExitStack) -> Beginning | None:
        """Return what there is of an extension, where its source was asked for before."""
        from openvideos_emulator.media.video import Beginning

        for source in scene.sources:
            with contextlib.suppress(FileNotFoundError):
                file = self._shelf.path(self._name(source, "video")).open("rb")
                return Beginning(files.enter_context(file), len(source.parts))
        return None

    def _name(self, scene: Scene, variant: str) -> str:
        return f"{_EDITION}-{self._style}-{scene.digest}{_SUFFIXES[variant]}"


async def _run(threads: Executor, work: Callable[[], T]) -> T:
    return await asyncio.get_running_loop().run_in_executor(threads, work)


def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(threads, thread_name_prefix="studio", initializer=_give_way)


def _give_way() -> None:
    """Let what answers go first. Only Linux can tell so of one thread."""
    if sys.platform == "linux":
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


def _is_long(scene: Scene) -> bool:
    return scene.width * scene.height * sum(part.frames for part in scene.parts) > _LONG


def _write_preview(variant: str, video: BinaryIO, path: Path) -> None:
    from openvideos_emulator.media import previews

    write = previews.write_thumbnail if variant == "thumbnail" else previews.write_spritesheet
    write(video, path)
