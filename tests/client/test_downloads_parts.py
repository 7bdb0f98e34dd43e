"""What lies beside a target while it is downloaded, whoever else is at work there."""

from __future__ import annotations

import asyncio
import errno
import fcntl
import itertools
import os
import string
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos import (
    AsyncOpenVideos,
    DownloadError,
    DownloadIncomplete,
    InvalidInput,
    OpenVideos,
    TargetExists,
)
from openvideos._downloading.targets import safe_name
from openvideos._flows.clock import Clock
from openvideos_emulator import Emulator

from .conftest import Connect, Serve, by_one_kind
from .faulty_server import Answer, Reply, Request
from .ranged_file import MP4, OTHER_MP4, RangedFile, asked_from, cut

FILE = RangedFile()
CHANGED = RangedFile(OTHER_MP4, {"ETag": '"2"'})
UNTOLD = RangedFile(MP4, {})

DOWNLOAD = """
import sys
from openvideos import OpenVideos
OpenVideos(base_url=sys.argv[1]).videos.download("video_1", sys.argv[2])
"""


def slowly(reply: Reply) -> Reply:
    return Reply(reply.body, headers=reply.headers, pieces=20_000, pause=0.05)


def until(condition: Any) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


@pytest.mark.parametrize("file", [FILE, UNTOLD], ids=["ETag", "nothing"])
def test_what_a_killed_process_left_is_taken_up_or_taken_away(
    connect: Connect, serve: Serve, tmp_path: Path, file: RangedFile
) -> None:
    first = [slowly(file.whole())]
    server = serve(lambda r: first.pop() if first else file.answer(r))
    target, part = tmp_path / "cat.mp4", tmp_path / "cat.mp4.part"
    target.write_bytes(b"the old one")
    with subprocess.Popen([sys.executable, "-c", DOWNLOAD, server.base_url, str(target)]) as killed:
        until(lambda: size(part) >= 40_000)
        killed.kill()
    assert target.read_bytes() == b"the old one"
    left = size(part)
    connect(server.base_url).videos.download("video_1", target)
    assert asked_from(server.requests[-1]) == (left if file is FILE else None)
    assert target.read_bytes() == MP4
    assert list(tmp_path.iterdir()) == [target]


@by_one_kind
def test_a_part_that_another_process_is_at_work_on_is_left_to_it(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    first = [slowly(FILE.whole())]
    server = serve(lambda r: first.pop() if first else CHANGED.answer(r))
    target, part = tmp_path / "cat.mp4", tmp_path / "cat.mp4.part"
    with subprocess.Popen([sys.executable, "-c", DOWNLOAD, server.base_url, str(target)]) as other:
        until(lambda: size(part) >= 40_000)
        connect(server.base_url).videos.download("video_1", target)
        assert target.read_bytes() == OTHER_MP4
        assert other.poll() is None
    assert other.returncode == 0
    assert target.read_bytes() == MP4
    assert list(tmp_path.iterdir()) == [target]


def test_downloads_of_one_target_at_once_do_not_mix(serve: Serve, tmp_path: Path) -> None:
    versions = [RangedFile(MP4 + bytes([n]) * 1000, {"ETag": f'"{n}"'}) for n in range(4)]
    numbers = itertools.count()

    def answer(request: Request) -> Answer:
        return slowly(versions[next(numbers) % 4].whole())

    server, target = serve(answer), tmp_path / "cat.mp4"
    whole = {version.content for version in versions}
    seen: set[bytes] = set()
    with OpenVideos(base_url=server.base_url) as client:
        threads = [
            threading.Thread(target=client.videos.download, args=("video_1", target))
            for _ in versions
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            if target.exists():
                seen.add(target.read_bytes())
            time.sleep(0.002)
    assert seen
    assert seen <= whole
    assert len(server.requests) == 4
    assert [path.name for path in tmp_path.iterdir()] == ["cat.mp4"]


@by_one_kind
def test_the_parts_of_several_killed_processes_are_taken_away(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    target = tmp_path / "cat.mp4"
    server = serve([cut(FILE.whole(), 1000)])
    with pytest.raises(DownloadIncomplete):
        connect(server.base_url, max_retries=0).videos.download("video_1", target)
    for number in (2, 3):
        for ending in ("", ".json"):
            copy = (tmp_path / f"cat.mp4.part{ending}").read_bytes()
            (tmp_path / f"cat.mp4.{number}.part{ending}").write_bytes(copy)
    connect(serve(FILE.answer).base_url).videos.download("video_1", target)
    assert list(tmp_path.iterdir()) == [target]


FOREIGN: dict[str, Any] = {
    "a file": lambda path: path.write_bytes(b"a browser is at work here"),
    "a folder": lambda path: path.mkdir(),
    "a link": lambda path: path.symlink_to("/etc/hostname"),
    "a link to nothing": lambda path: path.symlink_to("nothing"),
    "a pipe": lambda path: os.mkfifo(path),
}


@by_one_kind
@pytest.mark.parametrize("kind", FOREIGN)
def test_what_is_not_ours_is_left_alone(
    connect: Connect, serve: Serve, tmp_path: Path, kind: str
) -> None:
    for name in ("cat.mp4.part", "cat.mp4.2.part"):
        FOREIGN[kind](tmp_path / name)
    before = {path.name: path.lstat() for path in tmp_path.iterdir()}
    connect(serve(FILE.answer).base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert (tmp_path / "cat.mp4").read_bytes() == MP4
    after = {path.name: path.lstat() for path in tmp_path.iterdir()}
    assert {name: after[name].st_mtime_ns for name in before} == {
        name: status.st_mtime_ns for name, status in before.items()
    }
    assert after.keys() - before.keys() == {"cat.mp4"}


BROKEN_NOTES = [
    *("", "{", "[]", "null", "7", '{"format": 2}', '{"format": 1, "version": 3}'),
    '{"format": 1, "source": "", "kind": "", "version": {"etag": 1, "checksum": null}}',
    '{"format": 1, "source": "", "kind": "", "version": {"checksum": {"algorithm": "md5"}}}',
]


@by_one_kind
@pytest.mark.parametrize("note", BROKEN_NOTES)
def test_a_note_that_is_broken_is_no_note(
    connect: Connect, serve: Serve, tmp_path: Path, note: str
) -> None:
    (tmp_path / "cat.mp4.part").write_bytes(b"whose is this?")
    (tmp_path / "cat.mp4.part.json").write_text(note)
    connect(serve(FILE.answer).base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert (tmp_path / "cat.mp4").read_bytes() == MP4
    assert (tmp_path / "cat.mp4.part").read_bytes() == b"whose is this?"
    (tmp_path / "cat.mp4.part").write_bytes(b"")  # which is what a killed process may leave
    connect(serve(FILE.answer).base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["cat.mp4"]


@by_one_kind
def test_who_is_killed_between_naming_and_cleaning_up_does_not_lose_the_file(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    target = tmp_path / "cat.mp4"
    with pytest.raises(DownloadIncomplete):
        connect(serve([cut(FILE.whole(), 100_000)]).base_url, max_retries=0).videos.download(
            "video_1", target
        )
    os.link(tmp_path / "cat.mp4.part", target)  # the first half of a naming without overwriting
    named = target.read_bytes()
    with pytest.raises(DownloadIncomplete):
        connect(serve([cut(CHANGED.whole(), 1000)]).base_url, max_retries=0).videos.download(
            "video_1", target
        )
    assert target.read_bytes() == named


@by_one_kind
def test_who_locks_a_part_that_has_just_got_its_final_name_takes_another(
    connect: Connect, serve: Serve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, part = tmp_path / "cat.mp4", tmp_path / "cat.mp4.part"
    with pytest.raises(DownloadIncomplete):
        connect(serve([cut(FILE.whole(), 100_000)]).base_url, max_retries=0).videos.download(
            "video_1", target
        )
    named, lock = part.read_bytes(), fcntl.flock

    def lock_late(*arguments: Any) -> None:
        if not target.exists():
            part.rename(target)  # as its holder does before it lets go
        lock(*arguments)

    monkeypatch.setattr(fcntl, "flock", lock_late)
    with pytest.raises(DownloadIncomplete):
        connect(serve([cut(CHANGED.whole(), 1000)]).base_url, max_retries=0).videos.download(
            "video_1", target
        )
    assert target.read_bytes() == named


@pytest.fixture(params=["locks", "no locks"])
def disk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """A disk that can lock files and one that cannot, as some of networks."""

    def refused(*_: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    if request.param == "no locks":
        monkeypatch.setattr(fcntl, "flock", refused)
    return str(request.param)


@by_one_kind
def test_a_disk_without_locks_will_do(
    connect: Connect, serve: Serve, tmp_path: Path, disk: str
) -> None:
    target = tmp_path / "cat.mp4"
    broken = [cut(FILE.whole(), 1000)]
    server = serve(lambda r: broken.pop() if broken else FILE.answer(r))
    videos = connect(server.base_url).videos
    videos.download("video_1", target)
    videos.download_content("video_1").write_to_file(tmp_path / "dog.mp4")
    assert asked_from(server.requests[1]) == 1000
    assert target.read_bytes() == (tmp_path / "dog.mp4").read_bytes() == MP4
    broken.append(cut(FILE.whole(), 1000))
    with pytest.raises(DownloadIncomplete):
        connect(server.base_url, max_retries=0).videos.download("video_1", target)
    left = {path.name for path in tmp_path.iterdir()} - {"cat.mp4", "dog.mp4"}
    assert left == ({"cat.mp4.part", "cat.mp4.part.json"} if disk == "locks" else set())


WINDOWS = """
import sys
from pathlib import Path
import openvideos._downloading.downloads  # what it is made of is not tried out here
for name in ("locks", "parts", "targets"):
    del sys.modules[f"openvideos._downloading.{name}"]
sys.platform, sys.modules["fcntl"] = "win32", None
from openvideos._downloading.targets import write_whole
write_whole(sys.argv[1], b"one")
write_whole(sys.argv[1], b"two")
"""


def test_where_there_is_no_fcntl_files_are_written_all_the_same(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-c", WINDOWS, str(tmp_path / "cat.mp4")], check=True)
    assert (tmp_path / "cat.mp4").read_bytes() == b"two"
    assert len(list(tmp_path.iterdir())) == 1


@by_one_kind
@pytest.mark.parametrize("links", ["links", "no links"])
def test_a_file_is_not_overwritten_where_that_is_asked_for(
    connect: Connect,
    serve: Serve,
    tmp_path: Path,
    disk: str,
    links: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def refused(*_: Any) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    if links == "no links":
        monkeypatch.setattr(os, "link", refused)
    target = tmp_path / "cat.mp4"
    server = serve(FILE.answer)
    videos = connect(server.base_url).videos
    assert videos.download("video_1", target, overwrite=False) == target
    with pytest.raises(TargetExists, match="overwrite=True") as caught:
        videos.download("video_1", target, overwrite=False)
    assert isinstance(caught.value, FileExistsError)
    assert len(server.requests) == 1
    target.unlink()

    def meanwhile(received: int, total: int | None) -> None:
        target.write_bytes(b"somebody else's")

    with pytest.raises(TargetExists):
        videos.download("video_1", target, overwrite=False, on_progress=meanwhile)
    assert target.read_bytes() == b"somebody else's"
    with pytest.raises(TargetExists):
        videos.download("video_1", tmp_path / "cat.mp4", overwrite=False)


@by_one_kind
def test_in_a_folder_too_nothing_is_overwritten_where_that_is_asked_for(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    videos = connect(serve(FILE.answer).base_url).videos
    (tmp_path / "video_1.mp4").write_bytes(b"the old one")
    with pytest.raises(TargetExists, match=r"video_1\.mp4"):
        videos.download("video_1", tmp_path, overwrite=False)
    assert (tmp_path / "video_1.mp4").read_bytes() == b"the old one"
    videos.download("video_1", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["video_1.mp4"]
    assert (tmp_path / "video_1.mp4").read_bytes() == MP4


FULL = """
import resource, sys
from openvideos import DownloadError, OpenVideos
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # a disk with room for so much
try:
    OpenVideos(base_url=sys.argv[1]).videos.download("video_1", sys.argv[2])
except DownloadError as error:
    print(error)
"""


def test_after_a_full_disk_a_download_is_carried_on(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    target = tmp_path / "cat.mp4"
    target.write_bytes(b"the old one")
    server = serve(FILE.answer)
    said = subprocess.run(
        [sys.executable, "-c", FULL, server.base_url, str(target)],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "File too large" in said
    assert target.read_bytes() == b"the old one"
    kept = size(tmp_path / "cat.mp4.part")
    assert 16 <= kept <= 100_000
    connect(server.base_url).videos.download("video_1", target)
    assert [asked_from(request) for request in server.requests] == [None, kept]
    assert target.read_bytes() == MP4
    assert list(tmp_path.iterdir()) == [target]


@by_one_kind
def test_a_disk_that_fails_at_the_last_moment_leaves_the_old_file(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    target = tmp_path / "cat.mp4"
    target.write_bytes(b"the old one")

    def meanwhile(received: int, total: int | None) -> None:
        if target.is_file():
            target.unlink()
            target.mkdir()

    with pytest.raises(DownloadError, match="cannot be written"):
        connect(serve(UNTOLD.answer).base_url).videos.download(
            "video_1", target, on_progress=meanwhile
        )
    assert [path.name for path in tmp_path.iterdir()] == ["cat.mp4"]


def test_a_folder_that_cannot_be_written_to_is_bad_input(serve: Serve, tmp_path: Path) -> None:
    server = serve(FILE.answer)
    with OpenVideos(base_url=server.base_url) as client:
        for place in ("/proc/self", "/proc/self/cat.mp4", tmp_path / ("x" * 254)):
            with pytest.raises(InvalidInput, match="cannot be written"):
                client.videos.download("video_1", place)
    assert server.requests == []


def test_progress_is_told_to_a_coroutine_function_too(serve: Serve, tmp_path: Path) -> None:
    told: list[tuple[int, int | None]] = []

    async def tell(received: int, total: int | None) -> None:
        await asyncio.sleep(0)
        told.append((received, total))

    async def main() -> None:
        async with AsyncOpenVideos(base_url=serve(FILE.answer).base_url) as client:
            await client.videos.download("video_1", tmp_path, on_progress=tell)

    asyncio.run(main())
    assert told == sorted(told)
    assert told[-1] == (len(MP4), len(MP4))
    assert len(told) > 2


def test_a_coroutine_function_cannot_be_told_by_a_sync_client(serve: Serve, tmp_path: Path) -> None:
    async def tell(received: int, total: int | None) -> None: ...

    with (
        OpenVideos(base_url=serve(FILE.answer).base_url) as client,
        pytest.raises(InvalidInput, match="it can by AsyncOpenVideos"),
    ):
        client.videos.download("video_1", tmp_path, on_progress=tell)


def test_a_cancelled_download_is_carried_on(serve: Serve, tmp_path: Path) -> None:
    first = [slowly(FILE.whole())]
    server = serve(lambda r: first.pop() if first else FILE.answer(r))

    async def main() -> None:
        async with AsyncOpenVideos(base_url=server.base_url) as client:
            task = asyncio.create_task(client.videos.download("video_1", tmp_path / "cat.mp4"))
            while size(tmp_path / "cat.mp4.part") < 40_000:
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            await client.videos.download("video_1", tmp_path / "cat.mp4")

    asyncio.run(main())
    assert asked_from(server.requests[1])
    assert [path.name for path in tmp_path.iterdir()] == ["cat.mp4"]
    assert (tmp_path / "cat.mp4").read_bytes() == MP4


IDS = st.text(min_size=1, max_size=400)


@given(one=IDS, other=IDS, variant=st.sampled_from(["video", "thumbnail"]))
def test_a_files_name_is_safe_and_differs_where_ids_do(one: str, other: str, variant: str) -> None:
    name = safe_name(one, variant)
    assert set(name) <= {*string.ascii_letters, *string.digits, *"_-="}
    assert 0 < len(name) < 140
    assert (name == safe_name(other, variant)) == (one == other)


@pytest.mark.parametrize(
    ("video_id", "name"),
    [
        ("video_1", "video_1"),
        ("video_abc-DEF==", "video_abc-DEF=="),
        ("openai:video_1", "openai_video_1-"),
        ("../../etc/passwd", "etc_passwd-"),
        ("con", "con-"),
        ("..", "video-"),
        ("-rf", "-rf-"),
        ("x" * 300, "x" * 100 + "-"),
    ],
)
def test_a_files_name_shows_the_id(video_id: str, name: str) -> None:
    if name.endswith("-"):
        assert safe_name(video_id, "video").startswith(name)
        assert len(safe_name(video_id, "video")) == len(name) + 12
    else:
        assert safe_name(video_id, "video") == name


@by_one_kind
def test_the_emulators_files_are_carried_on(connect: Connect, tmp_path: Path) -> None:
    def stop(received: int, total: int | None) -> None:
        raise RuntimeError("enough")

    told: list[int] = []
    with Emulator(speed=500) as emulator:
        videos = connect(emulator.base_url, _clock=Clock()).videos
        job = videos.submit(prompt="a cat")
        job.wait(max_wait=60, interval=0.02)
        content = videos.download_content(job.id).read()
        with pytest.raises(RuntimeError, match="enough"):
            job.download(tmp_path, on_progress=stop)
        kept = size(tmp_path / f"{job.id}.part")
        path = job.download(tmp_path, on_progress=lambda received, _: told.append(received))
    assert path == tmp_path / f"{job.id}.mp4"
    assert path.read_bytes() == content
    assert 0 < kept < told[0]
    assert list(tmp_path.iterdir()) == [path]
