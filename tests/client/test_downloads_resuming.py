"""A download that broke off is carried on from where that is safe, and begun again where not."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openvideos import (
    APIConnectionError,
    ChecksumMismatch,
    DownloadIncomplete,
    OpenVideos,
    OpenVideosError,
    VideoExpired,
)

from .conftest import Connect, Serve, by_one_kind
from .fake_clock import FakeClock
from .faulty_server import Answer, FaultyServer, Reply, Request, Reset
from .ranged_file import MP4, OTHER_MP4, RangedFile, asked_from, cut

FILE = RangedFile()
CHANGED = RangedFile(OTHER_MP4, {"ETag": '"2"'})
VIDEO = {"id": "video_1", "object": "video", "status": "completed"}
DATED = {"Last-Modified": "Sat, 21 Nov 2020 16:00:00 GMT"}


def in_turn(*answers: Answer | RangedFile) -> Callable[[Request], Answer]:
    """Answer requests in order, the last for good."""
    left = list(answers)

    def answer(request: Request) -> Answer:
        chosen = left.pop(0) if len(left) > 1 else left[0]
        return chosen.answer(request) if isinstance(chosen, RangedFile) else chosen

    return answer


def asked(server: FaultyServer) -> list[int | None]:
    return [asked_from(request) for request in server.requests]


def test_what_broke_off_is_carried_on_within_the_call(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    server = serve(in_turn(cut(FILE.whole(), 1000), cut(FILE.rest(1000), 5000), FILE))
    connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert (tmp_path / "cat.mp4").read_bytes() == MP4
    assert [path.name for path in tmp_path.iterdir()] == ["cat.mp4"]
    assert asked(server) == [None, 1000, 6000]
    assert [request.headers.get("if-range") for request in server.requests] == [None, '"1"', '"1"']


def test_what_broke_off_after_much_is_carried_on_at_once(
    connect: Connect, serve: Serve, tmp_path: Path, clock: FakeClock
) -> None:
    large = RangedFile(MP4 + bytes(3 << 20))
    server = serve(in_turn(cut(large.whole(), 2 << 20), large))
    connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert (tmp_path / "cat.mp4").stat().st_size == len(large.content)
    assert clock.sleeps == [0]


def test_progress_that_is_made_gives_new_patience_and_none_made_does_not(
    connect: Connect, serve: Serve, tmp_path: Path, clock: FakeClock
) -> None:
    def a_little(request: Request) -> Answer:
        return cut(FILE.answer(request), 30_000)

    server = serve(a_little)
    connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert (tmp_path / "cat.mp4").read_bytes() == MP4
    assert len(server.requests) == -(-len(MP4) // 30_000)
    assert set(clock.sleeps) == {clock.sleeps[0]}  # the first pause, again and again

    server = serve(in_turn(cut(FILE.whole(), 1000), Reset()))
    with pytest.raises(APIConnectionError):
        connect(server.base_url, max_retries=2).videos.download("video_1", tmp_path / "dog.mp4")
    assert len(server.requests) == 3


def test_what_stands_still_is_carried_on_as_what_broke_off(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    length = {"Content-Length": str(len(MP4))}
    stuck = Reply(MP4[:1000], headers={**FILE.headers, **length})  # and no more, nor an end
    server = serve(in_turn(stuck, FILE))
    connect(server.base_url, timeout=0.2).videos.download("video_1", tmp_path / "cat.mp4")
    assert asked(server) == [None, 1000]
    assert (tmp_path / "cat.mp4").read_bytes() == MP4


def test_a_later_download_carries_on_and_cleans_up(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    target = tmp_path / "cat.mp4"
    target.write_bytes(b"the old one")
    server = serve(in_turn(cut(FILE.whole(), 100_000), FILE))
    with pytest.raises(DownloadIncomplete, match=f"100000 of {len(MP4)} bytes"):
        connect(server.base_url, max_retries=0).videos.download("video_1", target)
    assert target.read_bytes() == b"the old one"
    assert (tmp_path / "cat.mp4.part").stat().st_size == 100_000
    connect(server.base_url).videos.download("video_1", target)
    assert asked(server) == [None, 100_000]
    assert target.read_bytes() == MP4
    assert list(tmp_path.iterdir()) == [target]


@by_one_kind
def test_no_secret_is_left_beside_a_part(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    server = serve(in_turn(cut(FILE.whole(), 1000)))
    client = connect(
        server.base_url.replace("//", "//user:password@"),
        api_key="sk-very-secret",
        default_query={"signature": "very-secret"},
        max_retries=0,
    )
    with pytest.raises(DownloadIncomplete):
        client.videos.download("video_1", tmp_path / "cat.mp4")
    note = (tmp_path / "cat.mp4.part.json").read_text()
    assert json.loads(note)["version"]["etag"] == '"1"'
    assert "secret" not in note
    assert "password" not in note


NEXT: dict[str, tuple[RangedFile | Reply, list[int | None]]] = {
    "another ETag, and If-Range is obeyed": (CHANGED, [1000]),
    "another ETag, and If-Range is not obeyed": (
        RangedFile(OTHER_MP4, {"ETag": '"2"'}).rest(1000),
        [1000, None],
    ),
    "the server ignores Range": (FILE.whole(), [1000]),
    "a 206 that does not say of which version": (RangedFile(MP4, {}).rest(1000), [1000, None]),
    "a 206 from an earlier byte on": (FILE.rest(900), [1000, None]),
    "a 206 from a later byte on": (FILE.rest(1100), [1000, None]),
    "a 206 without a place": (Reply(MP4[1000:], 206, {"ETag": '"1"'}), [1000, None]),
    "a 206 in several parts": (
        Reply(MP4, 206, {"ETag": '"1"', "Content-Type": "multipart/byteranges; boundary=x"}),
        [1000, None],
    ),
    "a 206 of another length": (
        Reply(MP4[1000:], 206, {"ETag": '"1"', "Content-Range": f"bytes 1000-{len(MP4) - 1}/9"}),
        [1000, None],
    ),
    "a 206 that is packed": (
        Reply(MP4[1000:], 206, {**FILE.rest(1000).headers, "Content-Encoding": "gzip"}),
        [1000, None],
    ),
    "a 416 of a shorter file": (Reply(b"", 416, {"Content-Range": "bytes */900"}), [1000, None]),
    "a 416 of a file as long as what is here": (
        Reply(b"", 416, {"Content-Range": "bytes */1000"}),
        [1000, None],
    ),
    "a 416 of another version": (
        Reply(b"", 416, {"Content-Range": "bytes */1000", "ETag": '"2"'}),
        [1000, None],
    ),
    "a 416 that says nothing": (Reply(b"", 416), [1000, None]),
    "a server that stumbles over Range": (Reply({"error": {"message": "?"}}, 501), [1000, None]),
}


@by_one_kind
@pytest.mark.parametrize("case", NEXT)
def test_where_it_is_not_sure_that_the_rest_fits_the_whole_is_asked_for(
    connect: Connect, serve: Serve, tmp_path: Path, case: str
) -> None:
    following, expected = NEXT[case]
    end = CHANGED if "another ETag" in case else FILE
    script = in_turn(cut(FILE.whole(), 1000), following, end)
    server = serve(lambda r: script(r) if r.path.endswith("/content") else Reply(VIDEO))
    connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert (tmp_path / "cat.mp4").read_bytes() == end.content
    contents = [request for request in server.requests if request.path.endswith("/content")]
    assert [asked_from(request) for request in contents] == [None, *expected]
    assert [path.name for path in tmp_path.iterdir()] == ["cat.mp4"]


UNTOLD: dict[str, dict[str, str]] = {
    "nothing": {},
    "a weak ETag": {"ETag": 'W/"1"'},
    "an ETag without quotes": {"ETag": "1"},
    "a date that is not over": {"Last-Modified": "Sat, 21 Nov 2093 16:00:00 GMT"},
    "no date": {"Last-Modified": "yesterday"},
    "an ETag of what is packed": {"ETag": '"1"', "Content-Encoding": "gzip"},
}


@by_one_kind
@pytest.mark.parametrize("case", UNTOLD)
def test_where_nothing_tells_versions_apart_nothing_is_kept(
    connect: Connect, serve: Serve, tmp_path: Path, case: str
) -> None:
    import gzip

    packed = "packed" in case
    file = RangedFile(gzip.compress(MP4) if packed else MP4, UNTOLD[case])
    server = serve(in_turn(cut(file.whole(), 500), file))
    target = tmp_path / "cat.mp4"
    with pytest.raises(OpenVideosError):
        connect(server.base_url, max_retries=0).videos.download("video_1", target)
    assert list(tmp_path.iterdir()) == []
    connect(server.base_url).videos.download("video_1", target)
    assert target.read_bytes() == MP4
    assert asked(server) == [None, None]


@by_one_kind
def test_a_date_tells_versions_apart_where_there_is_no_etag(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    file = RangedFile(MP4, DATED)
    server = serve(in_turn(cut(file.whole(), 1000), file))
    connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert (tmp_path / "cat.mp4").read_bytes() == MP4
    assert server.requests[1].headers["if-range"] == DATED["Last-Modified"]


@by_one_kind
def test_a_part_of_another_video_or_variant_or_server_is_thrown_away(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    webp = RangedFile(b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(100_000))

    def answer(request: Request) -> Answer:
        file = webp if request.query else RangedFile(MP4 + request.path.encode())
        return cut(file.whole(), 1000) if broken else file.answer(request)

    server, other = serve(answer), serve(answer)
    target = tmp_path / "file"
    for base_url, video_id, variant in (
        (server.base_url, "video_2", "video"),
        (server.base_url, "video_1", "thumbnail"),
        (other.base_url, "video_1", "video"),
    ):
        broken = True
        with pytest.raises(DownloadIncomplete):
            connect(server.base_url, max_retries=0).videos.download("video_1", target)
        broken = False
        connect(base_url).videos.download(video_id, target, variant=variant)
        whole = MP4 + f"/v1/videos/{video_id}/content".encode()
        assert target.read_bytes() == (webp.content if variant == "thumbnail" else whole)
        assert list(tmp_path.iterdir()) == [target]
    assert not any(asked(server) + asked(other))


def test_an_exception_in_the_users_function_loses_nothing(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    server = serve(FILE.answer)
    told: list[tuple[int, int | None]] = []

    def stop(received: int, total: int | None) -> None:
        raise APIConnectionError("this is the user's own")

    videos = connect(server.base_url).videos
    with pytest.raises(APIConnectionError, match="the user's own"):
        videos.download("video_1", tmp_path / "cat.mp4", on_progress=stop)
    kept = (tmp_path / "cat.mp4.part").stat().st_size
    assert len(server.requests) == 1
    videos.download("video_1", tmp_path / "cat.mp4", on_progress=lambda *now: told.append(now))
    assert asked(server) == [None, kept]
    assert (tmp_path / "cat.mp4").read_bytes() == MP4
    assert told[0][0] > kept
    assert told == sorted(told)
    assert told[-1] == (len(MP4), len(MP4))


@by_one_kind
def test_what_is_no_longer_kept_by_the_server_is_not_kept_here_in_part(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    gone = Reply({"error": {"message": "Gone."}}, 410)
    script = in_turn(cut(FILE.whole(), 1000), gone)
    server = serve(lambda r: script(r) if r.path.endswith("/content") else Reply(VIDEO))
    with pytest.raises(VideoExpired):
        connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert list(tmp_path.iterdir()) == []


SUMS = {
    "Repr-Digest": "sha-256=:{sha256}:",
    "Content-Digest": "md5=:AAAA:, sha-512=:{sha512}:",
    "Digest": "SHA-256={sha256},MD5={md5}",
    "Content-MD5": "{md5}",
}


def sums(content: bytes) -> dict[str, str]:
    import base64
    import hashlib

    return {
        name: base64.b64encode(hashlib.new(name, content).digest()).decode()
        for name in ("sha256", "sha512", "md5")
    }


@pytest.mark.parametrize("header", SUMS)
def test_a_checksum_that_the_server_gives_is_checked(
    connect: Connect, serve: Serve, tmp_path: Path, header: str
) -> None:
    headers = {"ETag": '"1"', header: SUMS[header].format(**sums(MP4))}
    right, wrong = RangedFile(MP4, headers), RangedFile(OTHER_MP4, headers)
    target = tmp_path / "cat.mp4"
    videos = connect(serve(right.answer).base_url).videos
    videos.download("video_1", target)
    assert videos.download_content("video_1").read() == target.read_bytes() == MP4

    server = serve(wrong.answer)
    videos = connect(server.base_url, max_retries=1).videos
    with pytest.raises(ChecksumMismatch, match="does not have the"):
        videos.download("video_1", target)
    assert asked(server) == [None, None]
    with pytest.raises(ChecksumMismatch):
        videos.download_content("video_1")
    assert target.read_bytes() == MP4
    assert list(tmp_path.iterdir()) == [target]


@by_one_kind
def test_the_checksum_is_that_of_the_whole_after_carrying_on(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    # The rest comes from a broken server: same ETag, other bytes.
    headers = {"ETag": '"1"', "Content-Digest": f"sha-256=:{sums(MP4)['sha256']}:"}
    start = cut(RangedFile(MP4, headers).whole(), 1000)
    rest = RangedFile(bytes(1000) + OTHER_MP4 + bytes(len(MP4) - len(OTHER_MP4) - 1000))
    server = serve(in_turn(start, rest, RangedFile(MP4, headers)))
    connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert asked(server) == [None, 1000, None]
    assert (tmp_path / "cat.mp4").read_bytes() == MP4


VERSIONS = [
    RangedFile(MP4[:3000], {"ETag": '"1"'}),
    RangedFile(OTHER_MP4[:3000], {"ETag": '"2"'}),
    RangedFile(MP4[:2000] + b"x", {"ETag": '"3"', **DATED}),
    RangedFile(OTHER_MP4[:2500], DATED),
    RangedFile(MP4[:2500] + b"y", {"Last-Modified": "Sat, 21 Nov 2020 16:00:01 GMT"}),
    RangedFile(OTHER_MP4[:2000] + b"z", {}),
]
HABITS = [
    "good",
    "deaf",
    "careless",
    "early",
    "late",
    "skipping",
    "placeless",
    "endless",
    "sated",
    "refusing",
]


def by_habit(habit: str, file: RangedFile, request: Request) -> Reply:
    start = asked_from(request)
    if habit == "good" or (start is None and habit not in {"early", "endless"}):
        return file.answer(request)
    start = min(start or 0, len(file.content) - 1)
    match habit:
        case "careless":  # of If-Range
            return file.rest(start)
        case "early":
            return file.rest(start, start + 100)
        case "late":
            return file.rest(max(0, start - 7))
        case "skipping":
            return file.rest(min(start + 7, len(file.content) - 1))
        case "placeless":
            return Reply(file.content[start:], 206, file.headers)
        case "endless":
            rest = file.rest(start)
            said = rest.headers["Content-Range"].rpartition("/")[0] + "/*"
            return Reply(rest.body, 206, {**rest.headers, "Content-Range": said})
        case "sated":
            return file.nothing_more()
        case "refusing":
            return Reply({"error": {"message": "Not now."}}, 503)
    return file.whole()  # deaf to Range


moments = st.tuples(
    st.sampled_from(HABITS),
    st.integers(0, len(VERSIONS) - 1),
    st.none() | st.integers(0, 3100),
)


@settings(
    max_examples=70, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(moments=st.lists(moments, min_size=1, max_size=12), calls=st.integers(1, 3))
def test_whatever_a_server_does_the_file_is_one_version_of_its_file_or_untouched(
    steady: FaultyServer, moments: list[tuple[str, int, int | None]], calls: int
) -> None:
    left = list(moments)

    def answer(request: Request) -> Answer:
        if not request.path.endswith("/content"):
            return Reply(VIDEO)
        habit, version, after = left.pop(0) if left else ("good", 0, None)
        reply = by_habit(habit, VERSIONS[version], request)
        return reply if after is None or after >= len(reply.content()) else cut(reply, after)

    steady.script = answer
    with (
        tempfile.TemporaryDirectory() as folder,
        OpenVideos(base_url=steady.base_url, _clock=FakeClock().clock) as client,
    ):
        target = Path(folder) / "cat.mp4"
        whole = {version.content for version in VERSIONS}
        allowed = {b"the old one"} | whole
        target.write_bytes(b"the old one")
        for _ in range(calls):
            try:
                client.videos.download("video_1", target)
            except OpenVideosError:
                assert target.read_bytes() in allowed
            else:
                assert target.read_bytes() in whole
        left.clear()
        client.videos.download("video_1", target)
        assert target.read_bytes() == VERSIONS[0].content
        assert list(Path(folder).iterdir()) == [target]


@pytest.fixture(scope="module")
def steady() -> Any:
    with FaultyServer(FILE.answer) as server:
        yield server
