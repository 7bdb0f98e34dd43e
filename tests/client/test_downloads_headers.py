"""What headers and jobs say of a file is judged by pure functions, which nothing upsets."""

from __future__ import annotations

import io
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos import Response, Video
from openvideos._downloading.checksums import Checksum, checksum_of
from openvideos._downloading.sources import sources_of
from openvideos._downloading.versions import (
    FINISHED,
    UNFIT,
    Piece,
    Version,
    place_of,
    range_headers,
)

NAMES = [
    *("content-range", "content-length", "etag", "last-modified", "date", "content-encoding"),
    *("repr-digest", "digest", "content-digest", "content-md5"),
]
numbers = st.integers(0, 30).map(str) | st.sampled_from(["*", "", "-1", "9" * 5000, "٣", "1e3"])
words = st.text(max_size=20) | st.sampled_from(
    ['"1"', 'W/"1"', "gzip", "bytes */3", "Sat, 21 Nov 2020 16:00:00 GMT", "md5=:AAAA:"]
)
ranges = st.tuples(numbers, numbers, numbers).map(lambda n: f"bytes {n[0]}-{n[1]}/{n[2]}")
headers = st.dictionaries(st.sampled_from(NAMES), numbers | words | ranges)


def answer(status: int, said: dict[str, str]) -> Response:
    return Response(status_code=status, headers=said, content=b"", method="GET", url="http://x/")


@given(
    status=st.sampled_from([200, 206, 416]), before=headers, said=headers, have=st.integers(0, 30)
)
def test_a_piece_is_only_taken_where_it_was_asked_for_and_is_of_the_same_version(
    status: int, before: dict[str, str], said: dict[str, str], have: int
) -> None:
    first = place_of(answer(200, before), 0, Version())
    assert isinstance(first, Piece)
    version = first.version
    have = have if range_headers(have, version) else 0
    place = place_of(answer(status, said), have, version)
    if isinstance(place, Piece):
        assert place.start in {0, have}
        assert place.end is None or place.end >= place.start
        if place.start:
            assert status == 206
            assert (said.get("etag"), said.get("last-modified")) != (None, None)
            assert re.match(rf"(?i)bytes\s+{have}-", said["content-range"].strip())
    elif place is FINISHED:
        assert status == 416
        assert have > 0
    else:
        assert place is UNFIT
        assert status != 200


@given(said=headers, whole=st.booleans())
def test_a_checksum_is_one_or_none(said: dict[str, str], whole: bool) -> None:
    checksum = checksum_of(said, whole=whole)
    assert checksum is None or not checksum.is_of(io.BytesIO(b"something"))


@pytest.mark.parametrize(
    ("said", "algorithm"),
    [
        ({"repr-digest": "sha-256=:47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=:"}, "sha256"),
        ({"digest": "sha-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="}, "sha256"),
        ({"content-md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}, "md5"),
        ({"digest": "adler32=03da0195, MD5=1B2M2Y8AsgTpgAmY7PhCfg=="}, "md5"),
    ],
)
def test_checksums_are_read_as_they_are_written(said: dict[str, str], algorithm: str) -> None:
    checksum = checksum_of(said, whole=True)
    assert checksum is not None
    assert checksum.algorithm == algorithm
    assert checksum.is_of(io.BytesIO(b""))
    assert not checksum.is_of(io.BytesIO(b"x"))


def test_a_checksum_of_what_was_sent_is_none_of_the_whole_where_a_part_was_sent() -> None:
    md5 = {"content-md5": "1B2M2Y8AsgTpgAmY7PhCfg=="}
    assert checksum_of(md5, whole=False) is None
    assert checksum_of(md5, whole=True) == Checksum("md5", "d41d8cd98f00b204e9800998ecf8427e")


said_of_files: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.just("http://[::1"),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["url", "metadata", "videos", "data", "b64_json", "base64"]), inner
        )
    ),
    max_leaves=20,
)


@given(sent=said_of_files, refusal=st.text())
def test_a_source_is_a_web_address_or_bytes(sent: Any, refusal: str) -> None:
    video = Video.from_dict({"id": "video_1", "status": "completed"} | dict.fromkeys(FIELDS))
    video.raw = sent if isinstance(sent, dict) else {"url": sent}
    for source in sources_of(video, refusal, "http://127.0.0.1/v1"):
        assert isinstance(source, bytes) or re.match("(?i)https?://.", source)


FIELDS = [
    *("object", "model", "progress", "created_at", "completed_at", "expires_at", "prompt", "size"),
    *("seconds", "remixed_from_video_id", "error"),
]
