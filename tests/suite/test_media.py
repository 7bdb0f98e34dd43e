"""Looking into media: what is whole passes, and damage is seen."""

from __future__ import annotations

import zlib
from collections.abc import Callable

import av
import pytest
from PIL import Image

from openvideos_contract.checks import media
from openvideos_contract.checks.media import (
    BrokenError,
    decode,
    picture_size,
    picture_type,
    png,
)
from openvideos_contract.outcome import Blocked


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    target = tmp_path_factory.mktemp("film") / "film.mp4"
    # The index comes first, so that a film that is cut off can still be opened.
    with av.open(str(target), "w", options={"movflags": "faststart"}) as container:
        stream = container.add_stream("libx264", rate=30, options={"threads": "1"})
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for number in range(60):
            picture = Image.effect_noise((64, 48), 50 + number).convert("RGB")
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call]  # PyAV's own
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return target.read_bytes()


def test_a_whole_film_is_measured(film: bytes) -> None:
    found = decode(film)
    assert (found.width, found.height, found.frames) == (64, 48, 60)
    assert found.seconds == pytest.approx(2.0, abs=0.05)
    assert (found.video_codec, found.audio_codec) == ("h264", "")
    assert "mp4" in found.container


@pytest.mark.parametrize("kept", [0, 20, 200, 0.5, 0.9, 0.99])
def test_a_film_that_is_cut_off_is_broken(film: bytes, kept: int | float) -> None:
    size = int(len(film) * kept) if isinstance(kept, float) else kept
    with pytest.raises(BrokenError):
        decode(film[:size])


def test_a_film_that_is_damaged_inside_is_broken(film: bytes) -> None:
    middle = len(film) // 2
    with pytest.raises(BrokenError):
        decode(film[:middle] + b"\xa5" * 2000 + film[middle + 2000 :])


@pytest.mark.parametrize("data", [b"", b"no film", b"\x00" * 1000])
def test_what_is_no_film_is_broken(data: bytes) -> None:
    with pytest.raises(BrokenError):
        decode(data)


def test_a_picture_tells_its_type() -> None:
    assert picture_type(png(8, 8)) == "image/png"
    with pytest.raises(BrokenError, match=r"^it is no picture$"):
        picture_type(b"<html>")


@pytest.mark.parametrize("data", [b"", b"no picture", png(64, 64)[:60]])
def test_what_is_no_whole_picture_is_broken(data: bytes) -> None:
    with pytest.raises(BrokenError):
        picture_type(data)


def test_a_film_is_no_picture(film: bytes) -> None:
    with pytest.raises(BrokenError):
        picture_type(film)


@pytest.mark.parametrize(
    "text",
    [
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
        "m=video 9 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
        "ffconcat version 1.0\nfile film.mp4\n",
    ],
    ids=["session", "playlist"],
)
def test_a_text_that_names_other_media_opens_none(text: str) -> None:
    with pytest.raises(BrokenError, match="Invalid argument"):
        decode(text.encode())


def test_a_film_that_is_too_large_or_takes_too_long_is_given_up(
    film: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    box = b"\0\0\0\x08free"  # of no meaning, for a film that was not looked into yet
    with monkeypatch.context() as patch:
        patch.setattr(media, "MOST_PIXELS", 64 * 47)
        with pytest.raises(BrokenError, match="64x48, larger than any"):
            decode(film + box)
    monkeypatch.setattr(media, "_MOST_SECONDS_OF_DECODING", -1)
    with pytest.raises(Blocked, match="0 frames"):
        decode(film + 2 * box)


@pytest.mark.parametrize("look", [picture_type, picture_size])
def test_a_picture_that_claims_to_be_huge_is_broken(look: Callable[[bytes], object]) -> None:
    small = png(8, 8)
    place = small.index(b"IHDR") + 4
    claim = b"IHDR" + (20_000).to_bytes(4, "big") * 2 + small[place + 8 : place + 13]
    huge = small[: place - 4] + claim + zlib.crc32(claim).to_bytes(4, "big")
    with pytest.raises(BrokenError):
        look(huge + small[place + 17 :])


def test_a_drawing_that_another_program_would_draw_is_no_picture() -> None:
    with pytest.raises(BrokenError, match="EPS"):
        picture_type(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\n")
