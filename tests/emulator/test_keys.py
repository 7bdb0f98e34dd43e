"""Keys: who may come in, and whose videos are whose."""

from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from openvideos_emulator import Emulator
from openvideos_emulator.http.keys import masked

# One server of its own is enough: these tests run in one process.
pytestmark = pytest.mark.xdist_group("keys")

FIRST, SECOND = "sk-first-0123456789", "sk-second-0123456789"


@pytest.fixture(scope="module")
def locked() -> Iterator[Emulator]:
    with Emulator(api_keys=[FIRST, SECOND]) as emulator:
        yield emulator


def test_a_key_is_needed_before_anything_else(fast: Emulator, http: httpx.Client) -> None:
    for method, path in (
        ("GET", "/videos"),
        ("POST", "/videos"),
        ("PUT", "/videos"),
        ("GET", "/videos/video_x"),
        ("DELETE", "/videos/video_x"),
        ("GET", "/videos/video_x/content?variant=nonsense"),
        ("GET", "/nowhere"),
    ):
        for authorization in (None, "Bearer", "Basic YTpi", "k"):
            headers = {} if authorization is None else {"Authorization": authorization}
            response = http.request(method, fast.base_url + path, headers=headers)
            assert response.status_code == 401
            assert response.headers["www-authenticate"] == "Bearer"
            error = response.json()["error"]
            assert error["code"] == "invalid_api_key"
            assert error["message"].startswith("Incorrect API key provided: ")


def test_any_key_will_do_where_none_was_given(
    fast: Emulator, connect: Callable[..., httpx.Client], http: httpx.Client
) -> None:
    assert connect(fast, "k").get("/videos").status_code == 200
    odd = {b"Authorization": b"bearer \xc3\xbcn\xff"}
    assert http.get(f"{fast.base_url}/videos", headers=odd).status_code == 200


def test_only_the_given_keys_are_accepted(
    locked: Emulator, connect: Callable[..., httpx.Client]
) -> None:
    for key in (FIRST, SECOND):
        assert connect(locked, key).get("/videos").status_code == 200
    for key in ("k", FIRST + "x", FIRST[:-1], FIRST.upper()):
        assert connect(locked, key).get("/videos").status_code == 401


def test_a_refused_key_is_not_shown_whole(
    locked: Emulator, connect: Callable[..., httpx.Client]
) -> None:
    key = "sk-wrong-but-secret-0123456789"
    message = connect(locked, key).get("/videos").json()["error"]["message"]
    assert message == "Incorrect API key provided: sk-wrong***6789."
    assert key not in locked.log
    assert masked("short") == "***"


def test_each_key_sees_only_its_own(
    client: httpx.Client,
    fast: Emulator,
    connect: Callable[..., httpx.Client],
    finished: Callable[..., dict[str, Any]],
) -> None:
    video_id = finished()["id"]
    stranger = connect(fast)
    assert stranger.get("/videos").json()["data"] == []
    source = {"prompt": "x", "video": {"id": video_id}}
    for response in (
        stranger.get(f"/videos/{video_id}"),
        stranger.get(f"/videos/{video_id}/content"),
        stranger.delete(f"/videos/{video_id}"),
        stranger.post(f"/videos/{video_id}/remix", json={"prompt": "x"}),
        stranger.post("/videos/edits", json=source),
        stranger.post("/videos/extensions", json=source),
        stranger.get("/videos", params={"after": video_id}),
    ):
        assert response.status_code == 404
        assert response.json()["error"]["message"] == f"Video with id '{video_id}' not found."
    assert client.get(f"/videos/{video_id}").status_code == 200


def test_a_character_is_its_keys_own(
    client: httpx.Client,
    fast: Emulator,
    connect: Callable[..., httpx.Client],
    uploaded_video: bytes,
) -> None:
    files: Any = {"name": (None, "Mossy"), "video": ("m.mp4", uploaded_video, "video/mp4")}
    character_id = client.post("/videos/characters", files=files).json()["id"]
    stranger = connect(fast)
    used = {"prompt": "x", "characters": [{"id": character_id}]}
    for response in (
        stranger.get(f"/videos/characters/{character_id}"),
        stranger.post("/videos", json=used),
    ):
        assert response.status_code == 404
        message = response.json()["error"]["message"]
        assert message == f"Character with id '{character_id}' not found."
    assert client.post("/videos", json=used).status_code == 200
