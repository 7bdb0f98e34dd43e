"""A download is whole under its name, or not there at all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openvideos import (
    APIConnectionError,
    AuthenticationError,
    DownloadIncomplete,
    InternalServerError,
    InvalidInput,
    NotFoundError,
    OpenVideosError,
    UnexpectedContent,
    UnsupportedByServer,
    VideoExpired,
    VideoFailed,
    VideoNotReady,
    VideoWasDeleted,
)

from .conftest import Connect, Serve, by_one_kind
from .fake_clock import EPOCH
from .faulty_server import Answer, FaultyServer, Reply, Request, Reset
from .ranged_file import MP4

WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(100)
VIDEO = {"id": "video_1", "object": "video", "status": "completed"}
FILE = Reply(MP4, headers={"Content-Type": "video/mp4"})


def missing(message: str = "Video is not ready yet.", status: int = 404) -> Reply:
    return Reply({"error": {"message": message, "code": "x"}}, status)


def with_status(video: Any, *contents: Answer) -> Callable[[Request], Answer]:
    """Answer content requests in order, the last for good, and all others with the video."""
    left = list(contents)

    def answer(request: Request) -> Answer:
        if not request.path.endswith("/content"):
            return video if isinstance(video, Reply) else Reply(video)
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


def contents(server: FaultyServer) -> list[Request]:
    return [request for request in server.requests if request.path.endswith("/content")]


def test_a_job_is_downloaded(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    server = serve([FILE])
    target = tmp_path / "cat.mp4"
    assert connect(server.base_url).videos.job("video_1").download(target) == target
    assert target.read_bytes() == MP4
    assert list(tmp_path.iterdir()) == [target]
    (request,) = server.requests
    assert request.target == "/v1/videos/video_1/content"
    assert request.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("variant", ["video", "thumbnail", "spritesheet"])
def test_the_variant_is_asked_for_unless_it_is_the_video(
    connect: Connect, serve: Serve, tmp_path: Path, variant: str
) -> None:
    server = serve([FILE if variant == "video" else Reply(WEBP)])
    videos = connect(server.base_url).videos
    videos.download("video_1", str(tmp_path / "file"), variant=variant)
    videos.download_content("video_1", variant=variant)
    wanted = {} if variant == "video" else {"variant": [variant]}
    assert [request.query for request in server.requests] == [wanted, wanted]


CUT: dict[str, Answer] = {
    "by a reset": Reset(),
    "short of its length": Reply(MP4, cut_after=1000),
    "at its first byte": Reply(MP4, cut_after=0),
    "before the end of the whole": Reply(
        MP4[:1000], 206, {"Content-Range": f"bytes 0-999/{len(MP4)}"}
    ),
    "in a chunk": Reply(
        b"3e8\r\n" + MP4[:500], headers={"transfer-encoding": "chunked", "content-length": ""}
    ),
}


BEGUN = {"short of its length", "in a chunk", "before the end of the whole"}


@pytest.mark.parametrize("cut", CUT)
def test_a_download_that_is_cut_off_leaves_no_half_file(
    connect: Connect, serve: Serve, tmp_path: Path, cut: str
) -> None:
    target = tmp_path / "cat.mp4"
    target.write_bytes(b"the old one")
    server = serve([CUT[cut]])
    with pytest.raises((APIConnectionError, DownloadIncomplete)) as caught:
        connect(server.base_url).videos.download("video_1", target)
    assert isinstance(caught.value, DownloadIncomplete) == (cut in BEGUN)
    assert len(server.requests) == 3
    assert target.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("cut", CUT)
def test_a_download_that_is_cut_off_is_tried_again(
    connect: Connect, serve: Serve, tmp_path: Path, cut: str
) -> None:
    server = serve([CUT[cut], FILE])
    connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert (tmp_path / "cat.mp4").read_bytes() == MP4


def test_a_length_that_is_wrong_is_noticed(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    import gzip

    # The length is that of the bytes on the wire, also where they are packed.
    packed = gzip.compress(MP4)
    server = serve([Reply(packed, headers={"content-encoding": "gzip"})])
    connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert (tmp_path / "cat.mp4").read_bytes() == MP4


@pytest.mark.parametrize("sent", [MP4[:-1], MP4 + b"x"])
def test_a_length_is_checked_whatever_carries_the_requests(tmp_path: Path, sent: bytes) -> None:
    import httpx

    from openvideos import OpenVideos

    def answer(request: httpx.Request) -> httpx.Response:
        pieces = httpx.ByteStream(sent)
        return httpx.Response(200, headers={"Content-Length": str(len(MP4))}, stream=pieces)

    with httpx.Client(transport=httpx.MockTransport(answer)) as http_client:
        videos = OpenVideos(base_url="http://x/v1", http_client=http_client, max_retries=0).videos
        with pytest.raises(DownloadIncomplete, match=f"{len(sent)} of {len(MP4)} bytes"):
            videos.download("video_1", tmp_path / "cat.mp4")
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_gives_no_length_is_trusted(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    server = serve([Reply(MP4, headers={"content-length": ""})])
    connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert (tmp_path / "cat.mp4").read_bytes() == MP4


OTHER: dict[str, tuple[Reply, str]] = {
    "JSON": (Reply({"id": "video_1", "output_path": "/tmp/x.mp4"}), "output_path"),  # noqa: S108 - a server's
    "HTML": (Reply(b"<html>Log in</html>", headers={"Content-Type": "text/html"}), "Log in"),
    "a picture": (Reply(WEBP, headers={"Content-Type": "image/webp"}), "image/webp"),
    "nothing": (Reply(b""), "with nothing"),
    "JSON by no name": (Reply(b' {"status": "queued"}', headers={"Content-Type": ""}), "queued"),
    "JSON by another name": (Reply(b'{"detail": "wait"}'), "wait"),
}


@by_one_kind
@pytest.mark.parametrize("case", OTHER)
def test_what_is_no_video_is_never_saved_as_one(
    connect: Connect, serve: Serve, tmp_path: Path, case: str
) -> None:
    reply, message = OTHER[case]
    videos = connect(serve([reply]).base_url).videos
    with pytest.raises(UnexpectedContent, match=message):
        videos.download("video_1", tmp_path / "cat.mp4")
    with pytest.raises(UnexpectedContent, match=message):
        videos.download_content("video_1")
    assert list(tmp_path.iterdir()) == []


@by_one_kind
@pytest.mark.parametrize("kind", ["video/x-msvideo", "video/avi", "application/octet-stream", ""])
def test_a_video_need_not_be_an_mp4(
    connect: Connect, serve: Serve, tmp_path: Path, kind: str
) -> None:
    data = b"RIFF\x00\x00\x00\x00AVI LIST" + bytes(100)
    videos = connect(serve([Reply(data, headers={"Content-Type": kind})]).base_url).videos
    assert videos.download("video_1", tmp_path / "cat.avi").read_bytes() == data


FATES: dict[str, tuple[Any, Reply, type[OpenVideosError], str]] = {
    "running": ({**VIDEO, "status": "in_progress"}, missing(), VideoNotReady, r"wait\(\) first"),
    "running, said with 400": (
        {**VIDEO, "status": "queued"},
        missing(status=400),
        VideoNotReady,
        "queued",
    ),
    "running, said with 409": (
        {**VIDEO, "status": "queued"},
        missing(status=409),
        VideoNotReady,
        "queued",
    ),
    "failed, said with 500": (
        {**VIDEO, "status": "failed", "error": "no GPU"},
        Reply({"detail": "Video generation failed"}, 500),
        VideoFailed,
        "no GPU",
    ),
    "failed, said with 422": (
        Reply({**VIDEO, "status": "failed", "error": "no GPU"}, 500),
        missing(status=422),
        VideoFailed,
        "no GPU",
    ),
    "deleted": ({**VIDEO, "status": "deleted"}, missing(), VideoWasDeleted, "deleted"),
    "expired, said with 410": (VIDEO, missing("Gone.", 410), VideoExpired, "no longer kept"),
    "expired, by its time": (
        {**VIDEO, "expires_at": EPOCH - 1},
        missing("No longer available."),
        VideoExpired,
        "No longer available",
    ),
    "unknown": (missing("Video with id 'video_1' not found."), missing(), NotFoundError, "ready"),
    "no key": (VIDEO, missing("Bad key.", 401), AuthenticationError, "Bad key"),
    "no content route": (VIDEO, Reply({"detail": "Not Found"}, 404), UnsupportedByServer, "no GET"),
    "broken": (VIDEO, missing("Oops.", 500), InternalServerError, "Oops"),
}


@by_one_kind
@pytest.mark.parametrize("fate", FATES)
def test_why_there_is_nothing_to_download_is_told_by_the_job(
    connect: Connect, serve: Serve, tmp_path: Path, fate: str
) -> None:
    video, content, error, message = FATES[fate]
    server = serve(with_status(video, content))
    with pytest.raises(error, match=message):
        connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert list(tmp_path.iterdir()) == []


PLACES: dict[str, Any] = {
    "NUL": "a\0b.mp4",
    "half a character": "\ud800.mp4",
    "a long name": "x" * 300,
    "bytes": b"cat.mp4",
    "nothing": None,
    "below a file": __file__ + "/cat.mp4",
    "a system folder": "/proc/self/cat.mp4",
    "a device": "/dev/null",
}


@by_one_kind
@pytest.mark.parametrize("place", PLACES)
def test_a_place_that_is_no_place_is_bad_input(connect: Connect, serve: Serve, place: str) -> None:
    videos = connect(serve([FILE]).base_url).videos
    content = videos.download_content("video_1")
    with pytest.raises(InvalidInput, match=r"written|folder"):
        videos.download("video_1", PLACES[place])
    with pytest.raises(InvalidInput, match=r"written|folder"):
        content.write_to_file(PLACES[place])
    assert Path("/dev/null").is_char_device()


def test_a_link_is_followed_and_not_replaced(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    (tmp_path / "disk").mkdir()
    link = tmp_path / "latest.mp4"
    link.symlink_to(tmp_path / "disk" / "cat.mp4")
    assert connect(serve([FILE]).base_url).videos.download("video_1", link) == link
    assert link.is_symlink()
    assert (tmp_path / "disk" / "cat.mp4").read_bytes() == MP4
    assert len(list(tmp_path.rglob("*"))) == 3


@pytest.mark.parametrize("place", ["nowhere/cat.mp4", "nowhere/"])
def test_a_place_that_cannot_be_written_to_is_told_before_anything_is_asked(
    connect: Connect, serve: Serve, tmp_path: Path, place: str
) -> None:
    server = serve([FILE])
    with pytest.raises(InvalidInput, match="nowhere is no folder; make it first"):
        connect(server.base_url).videos.download("video_1", f"{tmp_path}/{place}")
    assert server.requests == []
    assert list(tmp_path.iterdir()) == []


def test_two_downloads_to_one_place_do_not_meet(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    other = tmp_path / "cat.mp4.part"
    other.write_bytes(b"another process is at work here")
    connect(serve([FILE]).base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert (tmp_path / "cat.mp4").read_bytes() == MP4
    assert other.read_bytes() == b"another process is at work here"
    assert len(list(tmp_path.iterdir())) == 2


FULL = """
import resource, sys
from openvideos import DownloadError, OpenVideos
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))  # a disk with room for so much
videos = OpenVideos(base_url=sys.argv[1], max_retries=0).videos
try:
    videos.download("video_1", sys.argv[2])
except DownloadError as error:
    print(error)
try:
    videos.download_content("video_1").write_to_file(sys.argv[2])
except DownloadError as error:
    print(error)
"""


@pytest.mark.parametrize("etag", ["", '"1"'])
def test_a_disk_that_is_full_leaves_the_old_file(serve: Serve, tmp_path: Path, etag: str) -> None:
    target = tmp_path / "cat.mp4"
    target.write_bytes(b"the old one")
    server = serve([Reply(MP4, headers={"ETag": etag})])
    done = subprocess.run(
        [sys.executable, "-c", FULL, server.base_url, str(target)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count(f"{target} cannot be written: ") == 2
    assert done.stdout.count("File too large") == 2
    assert target.read_bytes() == b"the old one"
    assert list(tmp_path.iterdir()) == [target]


def test_content_in_memory_has_the_official_names(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    content = connect(serve([FILE]).base_url).videos.download_content("video_1")
    assert content.content == content.read() == b"".join(content.iter_bytes(1000)) == MP4
    assert (content.content_type, content.response.status_code) == ("video/mp4", 200)
    content.write_to_file(tmp_path / "a.mp4")
    content.stream_to_file(tmp_path / "b.mp4")
    assert (tmp_path / "a.mp4").read_bytes() == (tmp_path / "b.mp4").read_bytes() == MP4
    content.close()
    assert repr(content) == f"<VideoContent video/mp4, {len(MP4)} bytes>"


def test_content_in_memory_has_the_official_async_names(serve: Serve, tmp_path: Path) -> None:
    import asyncio

    from openvideos import AsyncOpenVideos

    async def main() -> None:
        async with AsyncOpenVideos(base_url=serve([FILE]).base_url) as client:
            content = await client.videos.download_content("video_1")
            assert await content.aread() == MP4
            assert b"".join([piece async for piece in await content.aiter_bytes()]) == MP4
            await content.astream_to_file(tmp_path / "a.mp4")
            await content.aclose()

    asyncio.run(main())
    assert (tmp_path / "a.mp4").read_bytes() == MP4


def test_a_download_that_is_cancelled_leaves_nothing(serve: Serve, tmp_path: Path) -> None:
    import asyncio

    from openvideos import AsyncOpenVideos

    slow = Reply(MP4, pieces=20_000, pause=0.05)

    async def main() -> None:
        async with AsyncOpenVideos(base_url=serve([slow]).base_url) as client:
            task = asyncio.create_task(client.videos.download("video_1", tmp_path / "cat.mp4"))
            while not list(tmp_path.iterdir()):
                await asyncio.sleep(0.01)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    assert list(tmp_path.iterdir()) == []


MEMORY = """
import resource, sys
from openvideos import OpenVideos
client = OpenVideos(base_url=sys.argv[1])
client.videos.download("small", sys.argv[2])
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
client.videos.download("large", sys.argv[2])
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""


def test_memory_does_not_grow_with_the_file(serve: Serve, tmp_path: Path) -> None:
    large = MP4 + bytes(64 * 1024 * 1024)

    def answer(request: Request) -> Reply:
        return Reply(large if "large" in request.path else MP4)

    target = tmp_path / "cat.mp4"
    done = subprocess.run(
        [sys.executable, "-c", MEMORY, serve(answer).base_url, str(target)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert target.stat().st_size == len(large)
    assert int(done.stdout) < 8 * 1024  # kilobytes
