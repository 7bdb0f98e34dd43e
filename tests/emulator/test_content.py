"""Downloading: the assets themselves, and parts of them."""

import asyncio
import functools
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from openvideos_emulator import Emulator
from openvideos_emulator.assembly import assembled
from openvideos_emulator.http.ranges import (
    ByteRange,
    UnsatisfiableRangeError,
    asked_range,
    is_unchanged,
)
from openvideos_emulator.media.studio import Studio
from openvideos_emulator.settings import Settings

from .conftest import NO_TLS

ETAG = '"abc"'


@pytest.fixture
def client(tiny: Emulator, connect: Callable[..., httpx.Client]) -> httpx.Client:
    """A client of an emulator that makes small files: what they show is not what matters here."""
    return connect(tiny)


@pytest.fixture
def content(client: httpx.Client, finished: Callable[..., dict[str, Any]]) -> str:
    return f"/videos/{finished()['id']}/content"


def test_each_variant_is_what_its_content_type_says(client: httpx.Client, content: str) -> None:
    whole = client.get(content)
    assert whole.headers["content-type"] == "video/mp4"
    assert int(whole.headers["content-length"]) == len(whole.content)
    assert client.get(content, params={"variant": "video"}).content == whole.content
    thumbnail = client.get(content, params={"variant": "thumbnail"})
    sheet = client.get(content, params={"variant": "spritesheet"})
    for response, kind, form in (
        (thumbnail, "image/webp", "WEBP"),
        (sheet, "image/jpeg", "JPEG"),
    ):
        assert response.headers["content-type"] == kind
        with Image.open(io.BytesIO(response.content)) as image:
            assert image.format == form
            image.load()


@pytest.mark.parametrize("variant", ["audio", ""])
def test_an_unknown_variant_is_refused_with_those_there_are(
    client: httpx.Client, content: str, variant: str
) -> None:
    response = client.get(content, params={"variant": variant})
    assert response.status_code == 400
    assert response.json()["error"]["message"] == (
        f"Invalid value: '{variant}'. Supported values are: 'video', 'thumbnail', and "
        "'spritesheet'."
    )


def test_a_part_can_be_asked_for(client: httpx.Client, content: str) -> None:
    whole = client.get(content)
    size = len(whole.content)
    etag = whole.headers["etag"]
    for asked, start, end in (
        ("bytes=0-9", 0, 10),
        ("bytes=100-", 100, size),
        ("bytes=-5", size - 5, size),
        (f"bytes=10-{size * 2}", 10, size),
    ):
        part = client.get(content, headers={"Range": asked, "If-Range": etag})
        assert part.status_code == 206
        assert part.content == whole.content[start:end]
        assert part.headers["content-range"] == f"bytes {start}-{end - 1}/{size}"
        assert part.headers["etag"] == etag
    beyond = client.get(content, headers={"Range": f"bytes={size}-"})
    assert beyond.status_code == 416
    assert beyond.headers["content-range"] == f"bytes */{size}"
    other = client.get(content, headers={"Range": "bytes=0-9", "If-Range": '"another"'})
    assert (other.status_code, len(other.content)) == (200, size)


def test_what_the_client_has_already_is_not_sent_again(client: httpx.Client, content: str) -> None:
    etag = client.get(content).headers["etag"]
    again = client.get(content, headers={"If-None-Match": etag})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", etag)
    assert client.get(content, headers={"If-None-Match": '"another"'}).status_code == 200


@pytest.mark.parametrize(
    "if_range",
    ['"another"', 'W/"{etag}"', "Tue, 15 Nov 2099 12:45:26 GMT", "{etag}", "*", ""],
)
def test_a_part_of_what_may_be_another_file_is_not_sent(
    client: httpx.Client, content: str, if_range: str
) -> None:
    etag = client.get(content).headers["etag"].strip('"')
    headers = {"Range": "bytes=5-9", "If-Range": if_range.format(etag=etag)}
    assert client.get(content, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "several", ["bytes=0-1,5-6", "bytes=0-1, -1", "bytes=0-,0-,0-,0-", "bytes=5-6,"]
)
def test_several_parts_at_once_are_answered_with_the_whole(
    client: httpx.Client, content: str, several: str
) -> None:
    response = client.get(content, headers={"Range": several})
    assert response.status_code == 200
    assert response.headers["content-type"] == "video/mp4"
    assert len(response.content) == int(response.headers["content-length"])


def test_what_is_known_comes_before_what_part_is_asked_for(
    client: httpx.Client, content: str
) -> None:
    etag = client.get(content).headers["etag"]
    several = [
        ("If-None-Match", '"x"'),
        ("If-None-Match", f'"y", W/{etag}'),
        ("Range", "bytes=0-1"),
    ]
    for method in ("GET", "HEAD"):
        known = client.request(method, content, headers=several)
        assert (known.status_code, known.content) == (304, b"")
    assert client.get(content, headers={"If-None-Match": "*"}).status_code == 304


def test_head_tells_what_get_would_send(client: httpx.Client, content: str) -> None:
    head, whole = client.head(content), client.get(content)
    for name in ("content-type", "content-length", "etag", "accept-ranges"):
        assert head.headers[name] == whole.headers[name]
    assert head.content == b""
    # A range is GET's alone.
    part = client.head(content, headers={"Range": "bytes=0-9"})
    assert (part.status_code, part.headers["content-length"]) == (
        200,
        whole.headers["content-length"],
    )


@given(st.integers(1, 5000), st.integers(0, 6000), st.none() | st.integers(0, 6000))
def test_a_range_is_the_slice_that_it_names(size: int, start: int, last: int | None) -> None:
    data = bytes(number % 251 for number in range(size))
    header = f"bytes={start}-{'' if last is None else last}"
    if last is not None and last < start:
        assert asked_range(header, None, ETAG, size) is None
    elif start >= size:
        with pytest.raises(UnsatisfiableRangeError):
            asked_range(header, None, ETAG, size)
    else:
        asked = asked_range(header, None, ETAG, size)
        assert asked is not None
        expected = data[start:] if last is None else data[start : last + 1]
        assert data[asked.start : asked.end] == expected


@given(st.integers(1, 5000), st.integers(0, 6000))
def test_a_suffix_range_is_the_end_that_it_names(size: int, length: int) -> None:
    if length == 0:
        with pytest.raises(UnsatisfiableRangeError):
            asked_range("bytes=-0", None, ETAG, size)
    else:
        expected = ByteRange(max(0, size - length), size)
        assert asked_range(f"bytes=-{length}", None, ETAG, size) == expected


@given(st.text(max_size=30))
def test_a_range_that_is_none_is_ignored(header: str) -> None:
    assert asked_range(f"lines{header}", None, ETAG, 100) is None
    assert asked_range("bytes=0-1,3-4", None, ETAG, 100) is None
    assert asked_range("bytes=-", None, ETAG, 100) is None


def test_entity_tags_are_compared_one_by_one() -> None:
    assert is_unchanged(['W/"x", "abc"'], ETAG)
    assert is_unchanged(['"x"', 'W/"abc"'], ETAG)
    assert is_unchanged(["*"], ETAG)
    assert not is_unchanged(['"x"'], ETAG)
    assert not is_unchanged(["abc"], ETAG)
    assert not is_unchanged([], ETAG)


def test_the_mp4_is_what_was_asked_for_to_its_last_frame(
    fast: Emulator,
    connect: Callable[..., httpx.Client],
    waiting: Callable[[httpx.Client, str], dict[str, Any]],
) -> None:
    client = connect(fast)
    asked = {"prompt": "A calico cat", "size": "1280x720", "seconds": "4"}
    video = waiting(client, client.post("/videos", json=asked).json()["id"])
    data = client.get(f"/videos/{video['id']}/content").content
    with av.open(io.BytesIO(data), "r") as file:
        picture = file.streams.video[0]
        assert (picture.width, picture.height) == (1280, 720)
        assert file.duration == 4_000_000
        assert sum(1 for _ in file.decode(picture)) == 120


def test_who_comes_when_too_much_is_being_made_is_told_to_come_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    studio = functools.partial(Studio, most_waiting=0)
    monkeypatch.setattr("openvideos_emulator.assembly.Studio", studio)

    async def ask() -> httpx.Response:
        with assembled(Settings(progress="immediate"), tmp_path) as app:
            transport = httpx.ASGITransport(app)
            headers = {"Authorization": "Bearer sk-test"}
            async with httpx.AsyncClient(
                transport=transport, base_url="http://test/v1", headers=headers, verify=NO_TLS
            ) as client:
                created = await client.post("/videos", json={"prompt": "x"})
                return await client.get(f"/videos/{created.json()['id']}/content")

    refused = asyncio.run(ask())
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "1"
    assert refused.json()["error"]["type"] == "server_error"
