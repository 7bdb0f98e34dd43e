"""--models, --sizes, --seconds, --input-reference: what another server offers and takes."""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

import openvideos_spec
from openvideos_emulator import Emulator
from openvideos_emulator.assembly import assembled
from openvideos_emulator.offers import with_offers
from openvideos_emulator.settings import Settings, SettingsError

# One server of its own is enough: these tests run in one process.
pytestmark = pytest.mark.xdist_group("offers")

OFFERS: dict[str, Any] = {
    "models": ["wan-2.2", "org/hunyuan-video"],
    "sizes": ["64x36", "36x64"],
    "seconds": ["0.50", "01"],  # shown, and so offered, as 0.5 and 1
}


@pytest.fixture(scope="module")
def other() -> Iterator[Emulator]:
    with Emulator(**OFFERS, input_reference="file", speed=100_000) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def other_bare() -> Iterator[Emulator]:
    """An emulator of the bare protocol that offers two sizes only."""
    with Emulator(
        dialect="none", sizes=["64x36", "36x64"], input_reference="object", speed=100_000
    ) as emulator:
        yield emulator


@pytest.fixture(scope="module")
def client(other: Emulator) -> Iterator[httpx.Client]:
    """A client whose answers are not held to the dialect, whose values these are not."""
    with httpx.Client(base_url=other.base_url, headers={"Authorization": "Bearer k"}) as client:
        yield client


def test_what_is_left_out_takes_the_first_that_is_offered(client: httpx.Client) -> None:
    video = client.post("/videos", json={"prompt": "x"}).json()
    assert (video["model"], video["size"], video["seconds"]) == ("wan-2.2", "64x36", "0.5")


def test_all_that_is_offered_is_made(
    client: httpx.Client, waiting: Callable[[httpx.Client, str], dict[str, Any]]
) -> None:
    asked = {"model": "org/hunyuan-video", "size": "36x64", "seconds": "1"}
    made = client.post("/videos", json={"prompt": "x", **asked}).json()
    assert {name: made[name] for name in asked} == asked
    assert waiting(client, made["id"])["status"] == "completed"
    longer = client.post(
        "/videos/extensions", json={"prompt": "x", "video": {"id": made["id"]}, "seconds": "1"}
    )
    assert longer.json()["seconds"] == "2"


@pytest.mark.parametrize(
    ("field", "value", "supported"),
    [
        ("model", "sora-2", "'wan-2.2' and 'org/hunyuan-video'"),
        ("size", "720x1280", "'64x36' and '36x64'"),
        ("seconds", "4", "'0.5' and '1'"),
    ],
)
def test_the_dialects_own_values_are_refused_with_those_that_replace_them(
    client: httpx.Client, field: str, value: str, supported: str
) -> None:
    for body in (
        {"json": {"prompt": "x", field: value}},
        {"files": {"prompt": (None, "x"), field: (None, value)}},
    ):
        refused = client.post("/videos", **body)
        assert refused.status_code == 400
        assert refused.json()["error"] == {
            "message": f"Invalid value: '{value}'. Supported values are: {supported}.",
            "type": "invalid_request_error",
            "param": field,
            "code": "invalid_value",
        }


def test_an_extension_is_refused_alike(client: httpx.Client) -> None:
    refused = client.post(
        "/videos/extensions", json={"prompt": "x", "video": {"id": "x"}, "seconds": "20"}
    )
    assert refused.json()["error"]["message"].endswith("Supported values are: '0.5' and '1'.")


def test_an_uploaded_video_is_made_in_a_size_that_is_offered(
    client: httpx.Client, uploaded_video: bytes
) -> None:
    files: Any = {"prompt": (None, "x"), "video": ("a.mp4", uploaded_video, "video/mp4")}
    made = client.post("/videos/edits", files=files).json()
    assert (made["model"], made["size"]) == ("wan-2.2", "64x36")


def test_the_bare_protocol_stays_open_where_nothing_was_said(other_bare: Emulator) -> None:
    with httpx.Client(
        base_url=other_bare.base_url, headers={"Authorization": "Bearer k"}
    ) as client:
        made = client.post(
            "/videos", json={"prompt": "x", "model": "anything", "seconds": "0.5", "fps": 8}
        ).json()
        assert (made["model"], made["size"], made["seconds"]) == ("anything", "64x36", "0.5")
        refused = client.post("/videos", json={"prompt": "x", "size": "66x36"})
        assert refused.json()["error"]["param"] == "size"


@pytest.mark.parametrize(
    ("offers", "reason"),
    [
        ({"sizes": "64x36,63x36"}, "--sizes: Invalid value: '63x36'. Width and height must be"),
        ({"sizes": "99998x36"}, "--sizes: Invalid value: '99998x36'. Width and height must be"),
        ({"seconds": "0"}, "--seconds: Invalid value: '0'. A video is more than 0 and at most"),
        ({"seconds": "4,121"}, "--seconds: Invalid value: '121'. A video is more than 0"),
    ],
)
def test_what_cannot_be_made_is_not_offered(offers: dict[str, str], reason: str) -> None:
    with pytest.raises(SettingsError, match=re.escape(reason)):
        with_offers(openvideos_spec.load(), Settings(**offers))  # type: ignore[arg-type]  # texts only


@pytest.mark.parametrize(
    ("action", "reason"),
    [
        (
            {"target": "$.components.schemas.VideoSize.enum", "remove": True},
            "VideoSize has no list of values",
        ),
        (
            {"target": "$.components.schemas.VideoSeconds", "update": {"enum": ["fast"]}},
            "VideoSeconds: Invalid value: 'fast'.",
        ),
        (
            {
                "target": "$.paths['/videos'].get",
                "update": {"operationId": "watch_videos"},
            },
            "the emulator cannot answer the operation 'watch_videos', only create_video,",
        ),
    ],
)
def test_a_dialect_that_cannot_be_served_is_refused(
    tmp_path: Path, action: dict[str, Any], reason: str
) -> None:
    overlay = tmp_path / "mine.overlay.yaml"
    info = {"title": "mine", "version": "1.0.0"}
    overlay.write_text(json.dumps({"overlay": "1.0.0", "info": info, "actions": [action]}))
    with (
        pytest.raises(SettingsError, match=re.escape(f"--dialect: {reason}")),
        assembled(Settings(dialect=str(overlay)), tmp_path),
    ):
        pass


@pytest.mark.parametrize(
    ("server", "arm", "message"),
    [
        ("other_bare", "object", "expected an object, but got a file instead."),
        ("other", "file", "expected a file, but got an object instead."),
    ],
)
def test_one_arm_of_input_reference_is_taken_where_that_is_asked_for(
    request: pytest.FixtureRequest,
    picture: Callable[..., bytes],
    server: str,
    arm: str,
    message: str,
) -> None:
    emulator: Emulator = request.getfixturevalue(server)
    image = ("a.png", picture(64, 36), "image/png")
    with httpx.Client(base_url=emulator.base_url, headers={"Authorization": "Bearer k"}) as client:
        for way, sent in (
            ("file", {"files": {"prompt": (None, "x"), "input_reference": image}}),
            ("object", {"json": {"prompt": "x", "input_reference": {"file_id": "f"}}}),
            (
                "object",
                {"files": {"prompt": (None, "x"), "input_reference[file_id]": (None, "f")}},
            ),
            ("none", {"json": {"prompt": "x"}}),
        ):
            answer = client.post("/videos", **sent)
            if way in (arm, "none"):
                assert answer.status_code == 200, answer.text
            else:
                assert answer.status_code == 400
                assert answer.json()["error"] == {
                    "message": f"Invalid type for 'input_reference': {message}",
                    "type": "invalid_request_error",
                    "param": "input_reference",
                    "code": "invalid_type",
                }
