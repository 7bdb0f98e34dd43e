"""Rules 9 to 15 of what a tolerant client must do: how servers differ in what they let download."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest

from openvideos import (
    APIStatusError,
    BadRequestError,
    InternalServerError,
    NotFoundError,
    UnsupportedByServer,
    VariantUnsupported,
    VideoFailed,
    VideoNotReady,
)

from .conftest import Connect, Serve, by_one_kind
from .fake_clock import FakeClock
from .faulty_server import Answer, FaultyServer, Reply, Request, refusing_url
from .ranged_file import MP4, RangedFile, asked_from, cut

VIDEO = {"id": "video_1", "object": "video", "status": "completed"}
FILE = Reply(MP4, headers={"Content-Type": "video/mp4"})
WEBP = b"RIFF\x00\x00\x00\x00WEBPVP8 " + bytes(100)
AVI = b"RIFF\x00\x00\x00\x00AVI LIST" + bytes(100)


def refusal(status: int, message: str = "No.", **headers: str) -> Reply:
    return Reply({"error": {"message": message, "code": "x"}}, status, headers)


def job(video: Any, *contents: Answer, **elsewhere: Answer) -> Any:
    """Answer content requests in order, the last for good, and all others with the video."""
    left = list(contents)

    def answer(request: Request) -> Answer:
        if request.path.endswith("/content"):
            return left.pop(0) if len(left) > 1 else left[0]
        if (name := request.path.rpartition("/")[2].partition(".")[0]) in elsewhere:
            return elsewhere[name]
        return video if isinstance(video, Reply) else Reply(video)

    return answer


def contents(server: FaultyServer) -> list[Request]:
    return [request for request in server.requests if request.path.endswith("/content")]


def test_rule_09_the_main_video_is_asked_for_without_a_variant(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    server = serve(lambda r: refusal(404) if r.query else FILE)
    videos = connect(server.base_url).videos
    videos.download("video_1", tmp_path / "a.mp4")
    videos.download("video_1", tmp_path / "b.mp4", variant="video")
    assert videos.download_content("video_1", variant="video").read() == MP4
    assert [request.query for request in server.requests] == [{}, {}, {}]


@by_one_kind
@pytest.mark.parametrize("status", [400, 404, 501])
def test_rule_09_a_refused_variant_is_unsupported_and_the_video_still_to_be_had(
    connect: Connect, serve: Serve, tmp_path: Path, clock: FakeClock, status: int
) -> None:
    server = serve(lambda r: refusal(status, "Only 'video'.") if r.query else job(VIDEO, FILE)(r))
    videos = connect(server.base_url).videos
    with pytest.raises(VariantUnsupported, match=r"no spritesheet.*Only 'video'") as caught:
        videos.download("video_1", tmp_path / "x", variant="spritesheet")
    assert isinstance(caught.value, UnsupportedByServer)
    assert (caught.value.status_code, caught.value.code) == (status, "x")
    assert len(contents(server)) == 1  # a 501 is not repeated either
    assert clock.sleeps == []
    assert videos.download("video_1", tmp_path / "x").read_bytes() == MP4


@by_one_kind
@pytest.mark.parametrize("kind", ["video/mp4", "image/webp", "application/octet-stream", ""])
def test_rule_09_the_video_in_place_of_a_thumbnail_is_told_by_its_bytes(
    connect: Connect, serve: Serve, tmp_path: Path, kind: str
) -> None:
    videos = connect(serve([Reply(MP4, headers={"Content-Type": kind})]).base_url).videos
    with pytest.raises(VariantUnsupported, match="in place of the thumbnail") as caught:
        videos.download("video_1", tmp_path / "cat.webp", variant="thumbnail")
    assert caught.value.status_code == 200
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(VariantUnsupported, match="has no variants"):
        videos.download_content("video_1", variant="thumbnail")


@by_one_kind
def test_rule_09_a_variant_of_a_job_that_runs_is_not_called_unsupported(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    server = serve(job({**VIDEO, "status": "in_progress"}, refusal(400)))
    with pytest.raises(VideoNotReady):
        connect(server.base_url).videos.download("video_1", tmp_path / "x", variant="thumbnail")


@pytest.mark.parametrize("status", [400, 404, 409])
def test_rule_10_a_file_that_appears_a_little_late_is_waited_for(
    connect: Connect, serve: Serve, tmp_path: Path, clock: FakeClock, status: int
) -> None:
    late = [refusal(status), refusal(status, **{"Retry-After": "3"}), refusal(status)]
    server = serve(job(VIDEO, *late, FILE))
    connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert (tmp_path / "cat.mp4").read_bytes() == MP4
    assert clock.sleeps == [1, 3, 1]


@by_one_kind
@pytest.mark.parametrize("status", [400, 404, 409])
def test_rule_10_a_file_that_never_appears_is_given_up_in_bounded_time(
    connect: Connect, serve: Serve, tmp_path: Path, clock: FakeClock, status: int
) -> None:
    server = serve(job(VIDEO, refusal(status, **{"Retry-After": "0"})))
    with pytest.raises(APIStatusError) as caught:
        connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert caught.value.status_code == status
    assert 10 <= clock.time <= 15
    assert len(contents(server)) <= 25


@by_one_kind
def test_rule_10_a_bad_request_is_one_in_the_end(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    server = serve(job(VIDEO, refusal(400, "The id is malformed.")))
    with pytest.raises(BadRequestError, match="malformed"):
        connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")


@pytest.mark.parametrize("status", [400, 404, 409, 422, 500])
def test_rule_11_the_status_tells_that_a_job_failed_whatever_its_content_answers(
    connect: Connect, serve: Serve, tmp_path: Path, clock: FakeClock, status: int
) -> None:
    failed = {**VIDEO, "status": "failed", "error": {"message": "no GPU", "code": "oom"}}
    server = serve(job(failed, refusal(status)))
    with pytest.raises(VideoFailed, match="no GPU"):
        connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert len(contents(server)) == 1
    assert clock.sleeps == []
    assert list(tmp_path.iterdir()) == []


@by_one_kind
def test_rule_11_a_500_of_a_job_that_did_not_fail_is_repeated(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    server = serve(job(VIDEO, refusal(500), refusal(500), FILE))
    connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    server = serve(job(VIDEO, refusal(500)))
    with pytest.raises(InternalServerError):
        connect(server.base_url, max_retries=2).videos.download("video_1", tmp_path / "cat.mp4")
    assert len(contents(server)) == 3


SECRET = {"default_headers": {"X-Tenant": "secret"}, "default_query": {"key": "secret"}}


def assert_told_nothing(server: FaultyServer, query: dict[str, list[str]]) -> None:
    (request,) = server.requests
    assert request.query == query
    assert not [value for value in request.headers.values() if "secret" in value.lower()]
    assert "authorization" not in request.headers
    assert request.headers["accept-encoding"] == "identity"


def test_rule_12_a_redirect_to_another_server_is_followed_without_the_key(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    store = serve([FILE])
    target = store.base_url + "/file.mp4?signature=1"
    server = serve([Reply(b"", 302, {"Location": target})])
    client = connect(server.base_url, api_key="sk-secret", **SECRET)
    assert client.videos.download("video_1", tmp_path / "cat.mp4").read_bytes() == MP4
    assert_told_nothing(store, {"signature": ["1"]})


PLACES: dict[str, Any] = {
    "url": lambda url: {"url": url},
    "metadata.url": lambda url: {"metadata": {"url": url}},
    "videos[].url": lambda url: {"videos": [{"type": "url", "url": url}]},
    "data[].url": lambda url: {"data": [{"url": url}]},
}


@pytest.mark.parametrize("place", PLACES)
def test_rule_12_an_address_in_the_job_is_used_where_the_content_route_does_not_serve(
    connect: Connect, serve: Serve, tmp_path: Path, clock: FakeClock, place: str
) -> None:
    store = serve([FILE])
    video = {**VIDEO, **PLACES[place](store.base_url + "/file.mp4?signature=1")}
    server = serve(job(video, refusal(404)))
    client = connect(server.base_url, api_key="sk-secret", **SECRET)
    assert client.videos.download("video_1", tmp_path / "cat.mp4").read_bytes() == MP4
    assert_told_nothing(store, {"signature": ["1"]})
    assert clock.sleeps == []
    assert len(contents(server)) == 1


@by_one_kind
@pytest.mark.parametrize("status", [400, 404, 405, 501])
def test_rule_12_an_address_at_the_same_server_gets_the_key(
    connect: Connect, serve: Serve, tmp_path: Path, status: int
) -> None:
    server = serve(job({**VIDEO, "url": "/files/cat.mp4?x=1"}, refusal(status), cat=FILE))
    client = connect(server.base_url, api_key="sk-secret", **SECRET)
    assert client.videos.download("video_1", tmp_path / "cat.mp4").read_bytes() == MP4
    last = server.requests[-1]
    assert (last.path, last.query) == ("/files/cat.mp4", {"x": ["1"]})
    assert last.headers["authorization"] == "Bearer sk-secret"


@by_one_kind
def test_rule_12_an_address_in_the_refusal_is_used(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    store = serve([FILE])
    url = store.base_url + "/cat.mp4?signature=1"
    said = f"Video has been uploaded to cloud storage. Please use the cloud URL: {url}."
    server = serve(job(VIDEO, Reply({"detail": said}, 400)))
    client = connect(server.base_url, api_key="sk-secret", **SECRET)
    assert client.videos.download("video_1", tmp_path / "cat.mp4").read_bytes() == MP4
    assert_told_nothing(store, {"signature": ["1"]})
    server = serve(job(VIDEO, Reply({"detail": f"Malformed. See the manual at {url}"}, 400)))
    with pytest.raises(BadRequestError, match="manual"):
        connect(server.base_url).videos.download("video_1", tmp_path / "dog.mp4")
    assert len(store.requests) == 1


@by_one_kind
@pytest.mark.parametrize(
    "video",
    [
        {"data": [{"b64_json": base64.b64encode(MP4).decode()}]},
        {"videos": [{"type": "base64", "base64": base64.b64encode(MP4).decode()}]},
        {
            "url": "data:video/mp4;base64,AAAA",
            "data": [{"b64_json": base64.b64encode(MP4).decode()}],
        },
    ],
)
def test_rule_12_a_file_that_comes_with_the_job_is_written(
    connect: Connect, serve: Serve, tmp_path: Path, video: Any
) -> None:
    server = serve(job({**VIDEO, **video}, Reply({"detail": "Not Found"}, 404)))
    videos = connect(server.base_url).videos
    assert videos.download("video_1", tmp_path) == tmp_path / "video_1.mp4"
    assert (tmp_path / "video_1.mp4").read_bytes() == MP4
    assert len(list(tmp_path.iterdir())) == 1


def test_rule_12_what_create_told_is_enough_where_nothing_can_be_asked_later(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    store = serve([FILE])
    made = {"id": "r1", "status": "completed", "data": [{"url": store.base_url + "/r1.mp4"}]}
    server = serve(
        lambda r: Reply(made) if r.method == "POST" else Reply({"detail": "Not Found"}, 404)
    )
    made_job = connect(server.base_url).videos.submit(prompt="a cat")
    assert made_job.download(tmp_path / "cat.mp4").read_bytes() == MP4


NOT_ADDRESSES = [
    "ftp://127.0.0.1/cat.mp4",
    "file:///etc/passwd",
    "Task failed: see http://127.0.0.1:9/",
    "/files could not be written",
    "http://[::1/cat.mp4",
    "http://",
    "cat.mp4",
    7,
    None,
]


@by_one_kind
def test_rule_12_what_is_no_web_address_is_not_followed(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    for address in NOT_ADDRESSES:
        server = serve(job({**VIDEO, "url": address, "data": address}, refusal(405)))
        with pytest.raises(UnsupportedByServer) as caught:
            connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
        assert not hasattr(caught.value, "__notes__")
    server = serve(job({**VIDEO, "url": "/files/cat.mp4"}, refusal(405), cat=refusal(410, "Gone")))
    with pytest.raises(UnsupportedByServer) as caught:
        connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert "Gone" in caught.value.__notes__[0]


@by_one_kind
@pytest.mark.parametrize("elsewhere", [refusal(403), Reply(b"<html>Log in</html>")])
def test_rule_12_where_the_other_address_does_not_serve_either_the_refusal_is_raised(
    connect: Connect, serve: Serve, tmp_path: Path, elsewhere: Reply
) -> None:
    store = serve([elsewhere])
    video = {**VIDEO, "url": store.base_url + "/cat.mp4?signature=very-secret"}
    server = serve(job(video, refusal(404, "No content.")))
    with pytest.raises(NotFoundError, match=r"No content\.") as caught:
        connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert len(contents(server)) > 1  # it may still appear
    assert list(tmp_path.iterdir()) == []
    assert "very-secret" not in "".join([str(caught.value), repr(caught.value.__notes__)])


@by_one_kind
@pytest.mark.parametrize("address", ["http://☃..example/cat.mp4", "http://xn--/cat.mp4"])
def test_rule_12_an_address_that_is_none_does_not_hide_the_refusal(
    connect: Connect, serve: Serve, tmp_path: Path, address: str
) -> None:
    server = serve(job({**VIDEO, "url": address}, refusal(404, "No content.")))
    with pytest.raises(NotFoundError, match=r"No content\.") as caught:
        connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    assert "leads to what is no address" in caught.value.__notes__[0]
    assert len(contents(server)) > 1  # it may still appear


@by_one_kind
def test_rule_12_a_signature_is_told_to_nobody(
    connect: Connect, serve: Serve, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    address = refusing_url().replace("//", "//user:very-secret@") + "/cat.mp4?x=very-secret"
    server = serve(job({**VIDEO, "url": address}, refusal(405)))
    with pytest.raises(UnsupportedByServer) as caught:
        connect(server.base_url).videos.download("video_1", tmp_path / "cat.mp4")
    said = [str(caught.value), *caught.value.__notes__, caplog.text]
    assert "cannot be reached" in said[1]
    assert "/cat.mp4" in caplog.text
    assert "very-secret" not in "".join(said)


@by_one_kind
def test_rule_12_a_download_from_elsewhere_is_carried_on_too(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    file = RangedFile()
    broken = [cut(file.whole(), 1000)]
    store = serve(lambda r: broken.pop() if broken else file.answer(r))
    server = serve(job({**VIDEO, "url": store.base_url + "/cat.mp4"}, refusal(404)))
    assert connect(server.base_url).videos.download("video_1", tmp_path / "x").exists()
    assert [asked_from(request) for request in store.requests] == [None, 1000]
    assert (tmp_path / "x").read_bytes() == MP4


def test_rule_13_a_part_is_carried_on_only_with_206_and_the_right_place(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    file = RangedFile()
    wrong = Reply(
        MP4[900:], 206, {**file.headers, "Content-Range": file.rest(900).headers["Content-Range"]}
    )
    answers = {
        "right": [cut(file.whole(), 1000), file.rest(1000)],
        "wrong": [cut(file.whole(), 1000), wrong, file.whole()],
        "whole": [cut(file.whole(), 1000), file.whole()],
    }
    for name, script in answers.items():
        server = serve(list(script))
        connect(server.base_url).videos.download("video_1", tmp_path / name)
        assert (tmp_path / name).read_bytes() == MP4
        assert len(server.requests) == len(script)


def test_rule_13_a_416_for_as_much_as_is_here_means_finished(
    connect: Connect, serve: Serve, tmp_path: Path
) -> None:
    file = RangedFile()
    told: list[Any] = []

    def killed_at_the_end(received: int, total: int | None) -> None:
        if received == len(MP4):
            raise KeyboardInterrupt

    server = serve(file.answer)
    videos = connect(server.base_url).videos
    with pytest.raises(KeyboardInterrupt):
        videos.download("video_1", tmp_path / "cat.mp4", on_progress=killed_at_the_end)
    videos.download("video_1", tmp_path / "cat.mp4", on_progress=lambda *now: told.append(now))
    assert [asked_from(request) for request in server.requests] == [None, len(MP4)]
    assert (tmp_path / "cat.mp4").read_bytes() == MP4
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("headers", [{}, {"transfer-encoding": "chunked"}])
def test_rule_13_a_server_without_length_and_etag_is_normal(
    connect: Connect, serve: Serve, tmp_path: Path, headers: dict[str, str]
) -> None:
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(MP4), MP4) if headers else MP4
    told: list[Any] = []
    server = serve([Reply(body, headers={"content-length": "", **headers})])
    connect(server.base_url).videos.download(
        "video_1", tmp_path / "cat.mp4", on_progress=lambda *now: told.append(now)
    )
    assert (tmp_path / "cat.mp4").read_bytes() == MP4
    assert told[-1] == (len(MP4), None)


ENDINGS = {
    "an MP4 by its bytes": (MP4, "application/octet-stream", ".mp4"),
    "an AVI by its bytes": (AVI, "video/mp4", ".avi"),
    "an AVI by its type": (b"what nobody knows", "video/x-msvideo", ".avi"),
    "an AVI by its other type": (b"what nobody knows", "video/avi", ".avi"),
    "something": (b"what nobody knows", "", ".bin"),
}


@by_one_kind
@pytest.mark.parametrize("case", ENDINGS)
def test_rule_14_the_ending_in_a_folder_is_that_of_what_arrived(
    connect: Connect, serve: Serve, tmp_path: Path, case: str
) -> None:
    content, kind, ending = ENDINGS[case]
    videos = connect(serve([Reply(content, headers={"Content-Type": kind})]).base_url).videos
    assert videos.download("video_1", tmp_path) == tmp_path / f"video_1{ending}"
    assert [path.name for path in tmp_path.iterdir()] == [f"video_1{ending}"]


def test_rule_15_nothing_is_learnt_by_head(connect: Connect, serve: Serve, tmp_path: Path) -> None:
    def answer(request: Request) -> Answer:
        if request.method == "HEAD":
            return refusal(405)
        if request.query:
            return Reply(WEBP)
        return cut(FILE, 1000) if len(server.requests) < 3 else FILE

    server = serve(answer)
    videos = connect(server.base_url).videos
    videos.download("video_1", tmp_path, on_progress=lambda *_: None)
    videos.download("video_1", tmp_path, variant="thumbnail")
    videos.download_content("video_1")
    assert {request.method for request in server.requests} == {"GET"}
