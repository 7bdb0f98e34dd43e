"""--canned: for tests that ask for videos which nobody made."""

import io
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

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


@pytest.mark.parametrize("video_id", ["video_123", "string", "ünï", "a/b=="])
def test_any_video_exists_and_is_completed(client: httpx.Client, video_id: str) -> None:
    path = f"/videos/{quote(video_id, safe='')}"
    video = client.get(path).json()
    assert (video["id"], video["status"]) == (video_id, "completed")
    assert client.get(path).json() == video


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


def test_a_list_goes_on_after_any_video(client: httpx.Client) -> None:
    made = client.post("/videos/video_123/remix", json={"prompt": "x"}).json()["id"]
    for query, found in (
        ({"after": "after", "limit": "0", "order": "asc"}, []),
        ({"after": "after", "order": "asc"}, [made]),
        ({"after": "after"}, []),
    ):
        page = client.get("/videos", params=query).json()
        assert [video["id"] for video in page["data"]] == found
        assert page["has_more"] is (query.get("limit") == "0")


def test_what_generated_tests_fill_in_is_taken(canned: Emulator) -> None:
    reference = {"file_id": "file-123", "image_url": "image_url"}
    video = {"id": "video_123"}
    fields = {"prompt": "x", "model": "string", "seconds": "4", "size": "720x1280"}
    raw = b"raw file contents"
    with httpx.Client(base_url=canned.base_url, headers={"Authorization": "Bearer k"}) as client:
        for path, request in (
            ("/videos", {"json": {**fields, "input_reference": reference}}),
            ("/videos", {"json": {**fields, "characters": [{"id": "char_123"}]}}),
            ("/videos", {"data": fields, "files": {"input_reference": raw}}),
            (
                "/videos",
                {
                    "files": [
                        *((name, (None, value)) for name, value in fields.items()),
                        *(
                            (f"input_reference[{name}]", (None, value))
                            for name, value in reference.items()
                        ),
                    ]
                },
            ),
            ("/videos/edits", {"json": {"prompt": "x", "video": video, "model": "string"}}),
            ("/videos/edits", {"data": {"prompt": "x"}, "files": {"video": raw}}),
            ("/videos/extensions", {"json": {"prompt": "x", "video": video, "seconds": "4"}}),
            ("/videos/characters", {"data": {"name": "x"}, "files": {"video": raw}}),
            ("/videos/string/remix", {"json": {"prompt": "x"}}),
        ):
            made = client.post(path, **request)
            assert made.status_code == 200, made.text


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # the SDK warns of its own service's end
def test_the_official_sdks_own_calls_are_answered(canned: Emulator) -> None:
    import openai

    with openai.OpenAI(base_url=canned.base_url, api_key="k", max_retries=0) as sdk:
        videos = sdk.videos
        everything: Any = {"prompt": "x", "model": "string", "seconds": "4", "size": "720x1280"}
        assert videos.create(**everything, input_reference=b"Example data").model == "string"
        assert videos.retrieve("video_123").status == "completed"
        assert list(videos.list(after="after", limit=0, order="asc").data) == []
        assert videos.delete("video_123").deleted
        assert videos.download_content("video_123", variant="thumbnail").content[:4] == b"RIFF"
        assert videos.edit(prompt="x", video=b"Example data").id
        assert videos.extend(prompt="x", seconds="4", video=b"Example data").id
        assert videos.remix("video_123", prompt="x").remixed_from_video_id == "video_123"
        assert videos.create_character(name="x", video=b"Example data").name == "x"
        assert videos.get_character("char_123").id == "char_123"


def test_what_is_made_from_it_is_a_proper_job(client: httpx.Client) -> None:
    remix = client.post("/videos/video_123/remix", json={"prompt": "x"}).json()
    assert (remix["status"], remix["remixed_from_video_id"]) == ("queued", "video_123")
    assert [video["id"] for video in client.get("/videos").json()["data"]] == [remix["id"]]


def test_all_other_rules_hold(client: httpx.Client) -> None:
    assert client.post("/videos", json={"prompt": "x", "seconds": "5"}).status_code == 400
    assert client.get("/videos/video_123/content?variant=x").status_code == 400
