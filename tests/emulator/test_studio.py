"""The studio: each asset made once, the same everywhere, and kept within a bound."""

import asyncio
import contextlib
import io
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from openvideos_emulator.media.shelf import NoRoomError, Shelf
from openvideos_emulator.media.studio import BusyError, Studio
from openvideos_emulator.scene import Part, Scene


def scene(name: str, seconds: float = 0.5, size: tuple[int, int] = (320, 180)) -> Scene:
    return Scene(*size, pattern=name, parts=(Part(name, f"{name}, 日本語 \0", seconds, 40),))


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path / "one")
    yield studio
    studio.close()


def write_whole(path: Path) -> None:
    path.write_bytes(b"whole")


async def read(studio: Studio, which: Scene, variant: str = "video") -> bytes:
    asset, file = await studio.open(which, variant, None)
    with file:
        data = file.read()
    assert len(data) == asset.size
    return data


def test_the_same_scene_gives_the_same_bytes_wherever_it_is_made(
    studio: Studio, tmp_path: Path
) -> None:
    other = Studio(tmp_path / "other")
    for variant in ("spritesheet", "thumbnail", "video"):
        one = asyncio.run(read(studio, scene("a"), variant))
        assert one == asyncio.run(read(other, scene("a"), variant))
        assert one != asyncio.run(read(studio, scene("b"), variant))
    other.close()


def test_what_several_ask_for_at_once_is_made_once(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    from openvideos_emulator.media import video

    made = []
    write = video.write_video

    def counted(*args: Any, **options: Any) -> None:
        made.append(args)
        write(*args, **options)

    monkeypatch.setattr(video, "write_video", counted)

    async def ask() -> list[bytes]:
        variants = ("video", "thumbnail", "spritesheet", "video")
        return await asyncio.gather(*(read(studio, scene("a"), each) for each in variants))

    answers = asyncio.run(ask())
    assert answers[0] == answers[3]
    assert len(made) == 1


def test_who_hangs_up_takes_nothing_from_the_others(studio: Studio) -> None:
    async def ask() -> bytes:
        first = asyncio.create_task(read(studio, scene("a")))
        second = asyncio.create_task(read(studio, scene("a")))
        await asyncio.sleep(0.01)
        first.cancel()
        return await second

    assert asyncio.run(ask())[4:8] == b"ftyp"


def test_what_is_gone_is_made_again(studio: Studio, tmp_path: Path) -> None:
    before = asyncio.run(read(studio, scene("a")))
    folder = tmp_path / "one"
    for path in folder.iterdir():
        path.unlink()
    assert asyncio.run(read(studio, scene("a"))) == before
    shutil.rmtree(folder)
    assert asyncio.run(read(studio, scene("a"))) == before


def test_the_files_stay_within_the_bound(tmp_path: Path) -> None:
    size = len(asyncio.run(read(Studio(tmp_path / "measure"), scene("0"))))
    studio = Studio(tmp_path / "bounded", most_bytes=size * 3)
    for number in range(8):
        asyncio.run(read(studio, scene(str(number))))
        # The one that is asked for all the time stays.
        asyncio.run(read(studio, scene("0")))
        files = list((tmp_path / "bounded").iterdir())
        assert sum(path.stat().st_size for path in files) <= size * 3.5
    assert any(scene("0").digest in path.name for path in files)
    studio.close()


def test_a_forgotten_scene_leaves_no_file(studio: Studio, tmp_path: Path) -> None:
    for variant in ("thumbnail", "spritesheet"):
        asyncio.run(read(studio, scene("a"), variant))
    studio.forget(scene("a"))
    assert list((tmp_path / "one").iterdir()) == []


@pytest.mark.parametrize("size", [(16, 16), (16, 2048), (2048, 16), (720, 1280), (1792, 1024)])
def test_every_size_is_exact(studio: Studio, size: tuple[int, int]) -> None:
    data = asyncio.run(read(studio, scene("a", 0.2, size)))
    with av.open(io.BytesIO(data), "r") as file:
        shown = [(frame.width, frame.height) for frame in file.decode(video=0)]
    assert shown == [size] * 6
    asyncio.run(read(studio, scene("a", 0.2, size), "spritesheet"))


def test_two_that_share_a_folder_make_a_file_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from openvideos_emulator.media import video

    made = []
    write = video.write_video

    def counted(*args: Any, **options: Any) -> None:
        made.append(args)
        write(*args, **options)

    monkeypatch.setattr(video, "write_video", counted)
    studios = [Studio(tmp_path) for _ in range(3)]

    async def ask() -> list[bytes]:
        return await asyncio.gather(*(read(each, scene("a", 3)) for each in studios))

    answers = asyncio.run(ask())
    assert answers == answers[:1] * 3
    assert len(made) == 1
    for each in studios:
        each.close()


def test_what_a_killed_process_left_is_cleared_away_and_what_another_makes_is_not(
    tmp_path: Path,
) -> None:
    program = (
        "import pathlib, sys, time\n"
        "from openvideos_emulator.media.shelf import Shelf\n"
        "def write(path):\n"
        "    path.write_bytes(b'half')\n"
        "    print('writing', flush=True)\n"
        "    time.sleep(60)\n"
        "Shelf(pathlib.Path(sys.argv[1]), 1000).put(sys.argv[2], write)\n"
    )
    with contextlib.ExitStack() as processes:
        killed, working = (
            processes.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", program, tmp_path, name], stdout=subprocess.PIPE
                )
            )
            for name in ("killed.mp4", "working.mp4")
        )
        for process in (killed, working):
            assert process.stdout
            assert process.stdout.readline() == b"writing\n"
        killed.send_signal(signal.SIGKILL)
        killed.wait()
        shelf = Shelf(tmp_path, 1000)
        assert [path.name for path in tmp_path.iterdir()] == ["working.mp4.part"]
        # What is being made is left to who makes it; what was killed is made anew.
        assert not shelf.put("working.mp4", lambda path: None)
        assert shelf.put("killed.mp4", write_whole)
        assert (tmp_path / "killed.mp4").read_bytes() == b"whole"
        working.kill()


def test_a_claim_that_was_given_up_can_be_taken(tmp_path: Path) -> None:
    shelf = Shelf(tmp_path, 1000)

    def fail(path: Path) -> None:
        path.write_bytes(b"half")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        shelf.put("a.mp4", fail)
    assert list(tmp_path.iterdir()) == []
    assert shelf.put("a.mp4", write_whole)


def test_a_long_video_keeps_nobody_waiting(tmp_path: Path) -> None:
    studio = Studio(tmp_path)
    chains = [scene(f"long {number}", 120, (1792, 1024)) for number in range(3)]

    async def ask() -> float:
        long = [asyncio.create_task(studio.open(each, "video", None)) for each in chains]
        await asyncio.sleep(0)
        data = await read(studio, scene("short"))
        assert not any(each.done() for each in long)
        for each in long:
            each.cancel()
        return len(data)

    try:
        assert asyncio.run(ask())
    finally:
        started = time.monotonic()
        studio.close()
    # What nobody will read is given up at once.
    assert time.monotonic() - started < 5


def test_no_more_is_taken_on_than_can_wait(tmp_path: Path) -> None:
    studio = Studio(tmp_path, most_waiting=2)

    async def ask() -> list[bytes | BaseException]:
        names = ("a", "b", "c", "a")
        asked = [read(studio, scene(name)) for name in names]
        return await asyncio.gather(*asked, return_exceptions=True)

    first, second, third, again = asyncio.run(ask())
    assert isinstance(third, BusyError)
    # What is being made already can be waited for by any number.
    assert first == again
    assert isinstance(second, bytes)
    assert asyncio.run(read(studio, scene("c")))
    studio.close()


@pytest.mark.parametrize("variant", ["video", "thumbnail", "spritesheet"])
def test_a_file_that_the_disk_has_no_room_for_is_not_there_at_all(
    tmp_path: Path, variant: str
) -> None:
    studio = Studio(tmp_path)
    whole = asyncio.run(read(studio, scene("a"), variant))
    (video,) = tmp_path.glob("*.mp4")
    rooms = [10, len(whole) // 2, len(whole) - 1]
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    for path in tmp_path.iterdir():
        if path != video or variant == "video":
            path.unlink()
    before = sorted(tmp_path.iterdir())
    try:
        for room in rooms:
            # No file can be longer: as on a full disk, writing fails half-way.
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))
            with pytest.raises(NoRoomError):
                asyncio.run(read(studio, scene("a"), variant))
            assert sorted(tmp_path.iterdir()) == before
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert asyncio.run(read(studio, scene("a"), variant)) == whole
    studio.close()


def test_what_makes_room_for_one_takes_nothing_from_who_asks_for_another(tmp_path: Path) -> None:
    # So little that every file pushes out all others.
    studios = [Studio(tmp_path, most_bytes=1) for _ in range(2)]

    async def ask() -> list[bytes]:
        asked = [
            read(studio, scene(name, 0.1), variant)
            for name in ("a", "b", "c")
            for variant in ("video", "thumbnail")
            for studio in studios
        ]
        return await asyncio.gather(*asked)

    answers = asyncio.run(ask())
    assert answers[::2] == answers[1::2]
    assert len(set(answers)) == 6
    for each in studios:
        each.close()
