"""The studio: each asset made once, the same everywhere, and kept within a bound."""

import asyncio
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import pytest

from openvideos_emulator.media.studio import Studio
from openvideos_emulator.scene import Part, Scene


def scene(name: str, seconds: float = 0.5, size: tuple[int, int] = (320, 180)) -> Scene:
    return Scene(*size, pattern=name, parts=(Part(name, f"{name}, 日本語 \0", seconds, 40),))


@pytest.fixture
def studio(tmp_path: Path) -> Iterator[Studio]:
    studio = Studio(tmp_path / "one")
    yield studio
    studio.close()


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


def test_a_file_that_is_gone_is_made_again(studio: Studio, tmp_path: Path) -> None:
    before = asyncio.run(read(studio, scene("a")))
    for path in (tmp_path / "one").iterdir():
        path.unlink()
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
