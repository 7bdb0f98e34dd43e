"""Whatever is given that cannot be sent is refused here, and said so; nothing else leaves."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from openvideos import NOT_GIVEN, AsyncOpenVideos, InvalidInput, OpenVideos

from .conftest import Connect, Serve, by_one_kind
from .faulty_server import Reply

VIDEO = Reply({"id": "video_1", "status": "queued"})
HALF = "cat \ud83d"


def written(folder: Path) -> Path:
    (folder / "cat.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(range(256)))
    return folder / "cat.png"


def closed(path: Path) -> Any:
    with path.open("rb") as file:
        return file


Attempt = Callable[[Any, Path], object]
REFUSED: dict[str, tuple[Attempt, str]] = {
    "half a character in a form": (lambda v, _: v.create(prompt=HALF), "lone surrogate"),
    "half a character in JSON": (lambda v, _: v.remix("v", prompt=HALF), "lone surrogate"),
    "half a character in an id": (lambda v, _: v.retrieve(HALF), "lone surrogate"),
    "half a character in a query": (lambda v, _: v.retrieve("v", extra_query={"q": HALF}), "sent"),
    "half a character beyond": (
        lambda v, _: v.create(prompt="x", extra_body={"style": HALF}),
        "extra_body cannot be sent",
    ),
    "bytes in a form": (
        lambda v, p: v.create(prompt="x", extra_body={"b": b""}, input_reference=written(p)),
        "extra_body cannot be sent",
    ),
    "a name that is none": (lambda v, _: v.create(prompt="x", extra_body={7: "x"}), "cannot be"),
    "NaN in JSON": (lambda v, _: v.remix("v", prompt="x", extra_body={"n": math.nan}), "JSON"),
    "an object in JSON": (lambda v, _: v.remix("v", prompt="x", extra_body={"n": v}), "JSON"),
    "a header's name": (
        lambda v, _: v.create(prompt="x", extra_headers={"A\nB": "x"}),
        "name of a",
    ),
    "a header's empty name": (
        lambda v, _: v.create(prompt="x", extra_headers={"": ""}),
        "name of a",
    ),
    "a pair as size": (lambda v, _: v.create(prompt="x", size=(1280, 720)), "size must be text"),
    "endless seconds": (lambda v, _: v.create(prompt="x", seconds=math.inf), "seconds is inf"),
    "no seconds at all": (lambda v, _: v.create(prompt="x", seconds=math.nan), "seconds is nan"),
    "a character's bare id": (lambda v, _: v.create(prompt="x", characters="char_1"), "a list"),
    "no characters": (lambda v, _: v.create(prompt="x", characters=5), "a list"),
    "a limit as text": (lambda v, _: v.list(limit="10"), "1 to 100"),
    "a file opened as text": (
        lambda v, p: v.create(prompt="x", input_reference=written(p).open(encoding="utf-8")),
        "binary mode",
    ),
    "a closed file": (
        lambda v, p: v.create(prompt="x", input_reference=closed(written(p))),
        "cannot be read",
    ),
    "a file to write": (
        lambda v, p: v.create(prompt="x", input_reference=(p / "x").open("wb")),
        "cannot be read",
    ),
    "a folder": (lambda v, p: v.create(prompt="x", input_reference=p), "is no file"),
    "a path with NUL": (
        lambda v, _: v.create(prompt="x", input_reference=Path("a\0b")),
        "cannot be read",
    ),
    "a MIME type with a line break": (
        lambda v, _: v.create(prompt="x", input_reference=("a", b"x", "image/png\r\nX: y")),
        "MIME type",
    ),
    "a name that is a number": (
        lambda v, _: v.create(prompt="x", input_reference=(7, b"x")),
        "no text",
    ),
    "an address in an object": (
        lambda v, _: v.create(prompt="x", input_reference={"image_url": {"url": "https://x"}}),
        "must be text",
    ),
}


@by_one_kind
@pytest.mark.filterwarnings("ignore:unclosed file:ResourceWarning")  # the attempts' own
@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_sent_is_bad_input_and_nothing_is_sent(
    connect: Connect, serve: Serve, tmp_path: Path, case: str
) -> None:
    attempt, message = REFUSED[case]
    server = serve([VIDEO])
    with pytest.raises(InvalidInput, match=message):
        attempt(connect(server.base_url).videos, tmp_path)
    assert server.requests == []


WAITS: list[dict[str, Any]] = [
    {"max_wait": -1},
    {"max_wait": "600"},
    {"max_wait": math.nan},
    {"poll_interval_ms": 0},
    {"poll_interval_ms": "1000"},
    {"poll_interval_ms": math.inf},
]


@by_one_kind
@pytest.mark.parametrize("wait", WAITS, ids=str)
def test_a_wait_that_means_nothing_is_refused_before_a_job_is_created(
    connect: Connect, serve: Serve, wait: dict[str, Any]
) -> None:
    server = serve([VIDEO])
    with pytest.raises(InvalidInput, match=r"max_wait|interval"):
        connect(server.base_url).videos.create_and_poll(prompt="x", **wait)
    assert server.requests == []


LIMITS: list[Any] = [-1, 0, math.nan, "10", (5, 30)]


@by_one_kind
@pytest.mark.parametrize("limit", LIMITS, ids=str)
def test_a_time_limit_that_means_nothing_is_refused(
    connect: Connect, serve: Serve, limit: Any
) -> None:
    server = serve([VIDEO])
    with pytest.raises(InvalidInput, match="timeout is"):
        connect(server.base_url, timeout=limit)
    with pytest.raises(InvalidInput, match="timeout is"):
        connect(server.base_url).videos.create(prompt="x", timeout=limit)
    assert server.requests == []


@pytest.mark.parametrize("limit", [math.inf, 1e300, None])
def test_no_time_limit_can_be_said_in_many_ways(
    connect: Connect, serve: Serve, limit: float | None
) -> None:
    client = connect(serve([Reply({"id": "v", "status": "completed"})]).base_url, timeout=limit)
    assert client.videos.retrieve("v", timeout=limit).id == "v"
    assert client.videos.job("v").wait(max_wait=limit).status == "completed"


@pytest.mark.parametrize(
    "options",
    [
        {"max_retries": None},
        {"max_retries": "2"},
        {"api_key": b"sk-bytes"},
        {"api_key": len},
        {"base_url": "http://a b/v1"},
        {"base_url": "http://127.0.0.1\n/v1"},
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", [OpenVideos, AsyncOpenVideos])
def test_a_client_that_could_not_work_is_not_made(kind: Any, options: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput, match=r"max_retries|api_key|base URL") as caught:
        kind(**{"base_url": "http://127.0.0.1/v1", **options})
    assert "sk-" not in str(caught.value)


@by_one_kind
@pytest.mark.parametrize("host", ["xn--", "a" * 300])
def test_a_host_that_cannot_be_looked_up_ends_in_an_error_of_ours(
    connect: Connect, serve: Serve, host: str
) -> None:
    from openvideos import APIConnectionError

    with pytest.raises((InvalidInput, APIConnectionError)):
        connect(f"http://{host}/v1", max_retries=0).videos.retrieve("v")
    elsewhere = serve([Reply(b"", 307, {"Location": f"http://{host}/v"})])
    with pytest.raises(APIConnectionError):
        connect(elsewhere.base_url, max_retries=0).videos.retrieve("v")


@pytest.mark.parametrize(
    ("name", "value"),
    [("HTTP_PROXY", "foo://user:hunter2@x"), ("NO_PROXY", "[::x"), ("SSL_CERT_FILE", "/nowhere")],
)
def test_an_environment_that_cannot_be_used_is_told(
    connect: Connect, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    from openvideos._http import certificates as certificates

    monkeypatch.setenv(name, value)
    monkeypatch.setattr(certificates, "_certificates", certificates._certificates.__wrapped__)
    with pytest.raises(InvalidInput, match=name) as caught:
        connect("https://127.0.0.1:9/v1").videos.retrieve("v")
    assert "hunter2" not in str(caught.value)


class Model(str, enum.Enum):  # noqa: UP042 - whose text, unlike a StrEnum's, is its name
    """As people wrote it before there was StrEnum."""

    SORA = "sora-2"


@by_one_kind
def test_what_stands_for_no_argument_is_not_sent(connect: Connect, serve: Serve) -> None:
    server = serve([VIDEO, Reply(b"\0\0\0\x18ftypmp42")])
    absent = dict.fromkeys(("input_reference", "seconds", "size", "characters"), NOT_GIVEN)
    videos = connect(server.base_url).videos
    videos.create(prompt="x", model=Model.SORA, **absent)
    assert server.requests[0].fields() == {"prompt": "x", "model": "sora-2"}
    videos.download_content("video_1", variant=NOT_GIVEN)
    assert server.requests[1].query == {}


@by_one_kind
def test_any_name_of_a_file_can_be_sent(connect: Connect, serve: Serve) -> None:
    server = serve([VIDEO])
    videos = connect(server.base_url).videos
    for name in ('a"b\r\nX: y\n.png', "caf\udce9.png"):
        videos.create(prompt="x", input_reference=(name, b"x", "image/png"))
        (_, reference) = server.requests[-1].parts()
        assert (reference[0], reference[2:]) == ("input_reference", ("image/png", b"x"))
