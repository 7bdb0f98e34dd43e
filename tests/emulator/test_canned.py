"""--canned: for tests that ask for videos which nobody made."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import av
import httpx
import pytest

from openvideos_emulator import Emulator

# One server of its own is enough: these tests run in one process.
pytestmark = pytest.mark.xdist_group("canned")


@pytest.fixture(scope="module")
def canned() -> Iterator[Emulator]:
    with Emulator(canned=True) as emulator:
        yield emulator


@pytest.fixture
def client(canned: Emulator, connect: Callable[..., httpx.Client]) -> httpx.Client:
    return connect(canned)


@pytest.mark.parametrize("video_id", ["video_123", "string", "ünï"])
def test_any_video_exists_and_is_completed(client: httpx.Client, video_id: str) -> None:
    video = client.get(f"/videos/{video_id}").json()
    assert (video["id"], video["status"]) == (video_id, "completed")
    assert client.get(f"/videos/{video_id}").json() == video


def test_its_content_is_a_real_video(client: httpx.Client) -> None:
    data = client.get("/videos/video_123/content").content
    with av.open(io.BytesIO(data), "r") as file:
        assert file.duration == 4_000_000


def test_any_character_exists(client: httpx.Client) -> None:
    assert client.get("/videos/characters/char_123").json()["id"] == "char_123"
    body = {"prompt": "x", "characters": [{"id": "char_123"}]}
    assert client.post("/videos", json=body).status_code == 200


def test_deleting_succeeds_again_and_again(client: httpx.Client) -> None:
    for _ in range(2):
        assert client.delete("/videos/video_123").json()["deleted"] is True


def test_uploads_are_not_looked_at(client: httpx.Client) -> None:
    example = ("upload", b"Example data")
    uploads: list[tuple[str, Any]] = [
        ("/videos", {"prompt": (None, "x"), "input_reference": example}),
        ("/videos/edits", {"prompt": (None, "x"), "video": example}),
        ("/videos/extensions", {"prompt": (None, "x"), "video": example}),
        ("/videos/characters", {"name": (None, "x"), "video": example}),
    ]
    for path, files in uploads:
        assert client.post(path, files=files).status_code == 200


def test_what_is_made_from_it_is_a_proper_job(client: httpx.Client) -> None:
    remix = client.post("/videos/video_123/remix", json={"prompt": "x"}).json()
    assert (remix["status"], remix["remixed_from_video_id"]) == ("queued", "video_123")
    assert [video["id"] for video in client.get("/videos").json()["data"]] == [remix["id"]]


def test_all_other_rules_hold(client: httpx.Client) -> None:
    assert client.post("/videos", json={"prompt": "x", "seconds": "5"}).status_code == 400
    assert client.get("/videos/video_123/content?variant=x").status_code == 400
