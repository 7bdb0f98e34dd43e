"""Remix, edit, extend and characters."""

import io
from collections.abc import Callable
from typing import Any

import av
import httpx
import pytest
from PIL import Image, ImageChops, ImageStat

Finish = Callable[..., dict[str, Any]]

# Small pictures where the size is not what matters, in one process for one server.
on_the_bare_protocol = pytest.mark.xdist_group("bare protocol")


def frames(data: bytes) -> list[av.VideoFrame]:
    with av.open(io.BytesIO(data), "r") as file:
        return list(file.decode(video=0))


def picture_of(frame: av.VideoFrame) -> Image.Image:
    picture: Image.Image = frame.to_image()  # type: ignore[no-untyped-call]  # PyAV's
    return picture


def difference(one: Image.Image, other: Image.Image) -> float:
    """Return how much two pictures differ, 0 to 255."""
    return max(ImageStat.Stat(ImageChops.difference(one, other)).mean)


def download(client: httpx.Client, video: dict[str, Any]) -> list[av.VideoFrame]:
    response = client.get(f"/videos/{video['id']}/content")
    assert response.status_code == 200
    return frames(response.content)


def test_a_remix_keeps_all_but_the_prompt(client: httpx.Client, finished: Finish) -> None:
    source = finished(model="sora-2-pro", size="1280x720", seconds="8")
    remix = finished(f"/videos/{source['id']}/remix", prompt="Dogs")
    assert remix["remixed_from_video_id"] == source["id"]
    assert remix["prompt"] == "Dogs"
    for name in ("model", "size", "seconds"):
        assert remix[name] == source[name]
    form = client.post(f"/videos/{source['id']}/remix", files={"prompt": (None, "Birds")})
    assert form.json()["prompt"] == "Birds"


@on_the_bare_protocol
def test_a_remix_shows_the_same_pattern_in_another_colour(
    bare_client: httpx.Client, small: Finish
) -> None:
    source = small(size="640x360", seconds="2")
    again = small(f"/videos/{source['id']}/remix", prompt=source["prompt"])
    above_the_caption = (0, 50, 640, 280)
    pictures = [
        picture_of(download(bare_client, video)[0]).crop(above_the_caption)
        for video in (source, again)
    ]
    assert difference(*pictures) > 10
    # The light is where it was.
    dark = [ImageStat.Stat(picture.convert("L")).mean[0] for picture in pictures]
    assert abs(dark[0] - dark[1]) < 60


def test_an_edit_is_no_remix(client: httpx.Client, finished: Finish) -> None:
    source = finished()
    edit = finished("/videos/edits", prompt="At night", video={"id": source["id"]})
    assert edit["remixed_from_video_id"] is None
    assert edit["seconds"] == source["seconds"]
    form = {"prompt": (None, "x"), "video[id]": (None, source["id"]), "model": (None, "sora-2-pro")}
    assert client.post("/videos/edits", files=form).json()["model"] == "sora-2-pro"


@on_the_bare_protocol
def test_an_extension_continues_the_video(bare_client: httpx.Client, small: Finish) -> None:
    source = small(size="640x360", seconds="2")
    longer = small("/videos/extensions", prompt="A bow", video={"id": source["id"]}, seconds="2")
    assert longer["seconds"] == "4"
    before, whole = download(bare_client, source), download(bare_client, longer)
    assert len(whole) == 120
    for place in (0, 30, 59):
        assert difference(picture_of(before[place]), picture_of(whole[place])) < 4
    assert difference(picture_of(whole[59]), picture_of(whole[60])) > 4


def test_a_video_takes_six_extensions(client: httpx.Client, finished: Finish) -> None:
    video = finished()
    for number in range(1, 7):
        video = finished("/videos/extensions", prompt="x", video={"id": video["id"]})
        assert video["seconds"] == str(4 + 4 * number)
    response = client.post("/videos/extensions", json={"prompt": "x", "video": {"id": video["id"]}})
    assert response.status_code == 400
    assert "at most 6 times" in response.json()["error"]["message"]


def test_a_video_is_at_most_120_seconds_long(client: httpx.Client, finished: Finish) -> None:
    video = finished(seconds="12")
    for _ in range(5):
        video = finished("/videos/extensions", prompt="x", video={"id": video["id"]}, seconds="20")
    response = client.post(
        "/videos/extensions", json={"prompt": "x", "video": {"id": video["id"]}, "seconds": "12"}
    )
    assert response.status_code == 400
    assert response.json()["error"]["param"] == "seconds"


@pytest.mark.parametrize(("path", "seconds"), [("/videos/edits", "2"), ("/videos/extensions", "6")])
def test_an_uploaded_video_is_worked_from(
    client: httpx.Client,
    uploaded_video: bytes,
    waiting: Callable[[httpx.Client, str], dict[str, Any]],
    path: str,
    seconds: str,
) -> None:
    files: Any = {"prompt": (None, "x"), "video": ("a.mp4", uploaded_video, "video/mp4")}
    response = client.post(path, files=files)
    assert response.status_code == 200, response.text
    video = waiting(client, response.json()["id"])
    # The size offered whose shape is nearest to the upload's 320x180.
    assert (video["size"], video["seconds"]) == ("1280x720", seconds)
    pictures = download(client, video)
    assert len(pictures) == 30 * int(seconds)
    assert (pictures[0].width, pictures[0].height) == (1280, 720)


@pytest.mark.parametrize("path", ["/videos/edits", "/videos/extensions"])
def test_what_is_no_video_is_not_worked_from(client: httpx.Client, path: str) -> None:
    for files, code in (
        ({"video": ("a.mp4", b"no video", "video/mp4")}, "invalid_video_file"),
        ({"video": ("a.mp4", b"", "video/mp4")}, "invalid_video_file"),
        ({}, "missing_required_parameter"),
    ):
        response = client.post(path, files={"prompt": (None, "x"), **files})
        assert response.status_code == 400
        error = response.json()["error"]
        assert (error["param"], error["code"]) == ("video", code)
    unknown = client.post(path, json={"prompt": "x", "video": {"id": "video_x"}})
    assert unknown.status_code == 404


@on_the_bare_protocol
def test_a_reference_image_is_the_first_frame(
    bare_client: httpx.Client,
    picture: Callable[..., bytes],
    waiting: Callable[[httpx.Client, str], dict[str, Any]],
) -> None:
    image = picture(640, 360, "teal")
    files: Any = {
        "prompt": (None, "x"),
        "size": (None, "640x360"),
        "input_reference": ("a.png", image, "image/png"),
    }
    created = bare_client.post("/videos", files=files)
    made = download(bare_client, waiting(bare_client, created.json()["id"]))
    shown = {place: picture_of(made[place]) for place in (0, 60, 90)}
    with Image.open(io.BytesIO(image)) as reference:
        assert difference(shown[0], reference.convert("RGB")) < 4
        assert difference(shown[60], reference.convert("RGB")) > 20
    assert difference(shown[60], shown[90]) > 4


def test_a_character_is_made_found_and_used(client: httpx.Client, uploaded_video: bytes) -> None:
    made = client.post(
        "/videos/characters",
        files={"name": (None, "Mossy"), "video": ("m.mp4", uploaded_video, "video/mp4")},
    )
    assert made.status_code == 200, made.text
    character = made.json()
    assert character["id"].startswith("char_")
    assert character["name"] == "Mossy"
    assert client.get(f"/videos/characters/{character['id']}").json() == character
    for body in (
        {"json": {"prompt": "x", "characters": [{"id": character["id"]}]}},
        {"files": [("prompt", (None, "x")), ("characters[][id]", (None, character["id"]))]},
    ):
        assert client.post("/videos", **body).status_code == 200


def test_a_character_that_cannot_be_is_refused(client: httpx.Client, uploaded_video: bytes) -> None:
    video = ("m.mp4", uploaded_video, "video/mp4")
    cases: list[tuple[dict[str, Any], str]] = [
        ({"name": (None, "x" * 81), "video": video}, "string_above_max_length"),
        ({"name": (None, ""), "video": video}, "empty_string"),
        ({"name": (None, "x")}, "missing_required_parameter"),
        ({"name": (None, "x"), "video": ("m.mp4", b"x", "video/mp4")}, "invalid_video_file"),
    ]
    for files, code in cases:
        response = client.post("/videos/characters", files=files)
        assert response.status_code == 400
        assert response.json()["error"]["code"] == code
    as_json = client.post("/videos/characters", json={"name": "x"})
    assert "'multipart/form-data'" in as_json.json()["error"]["message"]
    unknown = client.post("/videos", json={"prompt": "x", "characters": [{"id": "char_x"}]})
    assert unknown.status_code == 404
