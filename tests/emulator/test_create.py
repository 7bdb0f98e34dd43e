"""Creating videos: what is asked for comes back, what breaks a rule is refused and said."""

import base64
import gzip
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest

PROMPTS = [
    "A calico cat playing a piano on stage",
    "  blanks around it  ",
    "two\nlines, \r\n three\tand a tab",
    "Ünïcödé, 日本語, 🎹🐈‍⬛, עברית, and a \u0000 in the middle",
    '--boundary\r\nContent-Disposition: form-data; name="seconds"\r\n\r\n12\r\n--boundary--',
    '{"prompt": "not JSON"} & a=b; %00 %zz <b>"\'\\',
    "é" * 32_000,
]


@pytest.mark.parametrize("as_form", [False, True], ids=["json", "form"])
@pytest.mark.parametrize("prompt", PROMPTS, ids=range(len(PROMPTS)))
def test_a_prompt_comes_back_exactly(client: httpx.Client, prompt: str, as_form: bool) -> None:
    body: dict[str, Any] = (
        {"files": {"prompt": (None, prompt)}} if as_form else {"json": {"prompt": prompt}}
    )
    created = client.post("/videos", **body)
    assert created.json()["prompt"] == prompt
    assert client.get(f"/videos/{created.json()['id']}").json()["prompt"] == prompt


def test_what_is_left_out_takes_the_first_value_offered(client: httpx.Client) -> None:
    before = int(time.time())
    video = client.post("/videos", json={"prompt": "x"}).json()
    assert before <= video.pop("created_at") <= time.time()
    video_id = video.pop("id")
    assert video_id.startswith("video_")
    assert len(video_id) == len("video_") + 48
    assert before <= int(video_id[6:14], 16) <= time.time()
    assert video == {
        "object": "video",
        "model": "sora-2",
        "status": "queued",
        "progress": 0,
        "completed_at": None,
        "expires_at": None,
        "prompt": "x",
        "size": "720x1280",
        "seconds": "4",
        "remixed_from_video_id": None,
        "error": None,
    }


@pytest.mark.parametrize("as_form", [False, True], ids=["json", "form"])
def test_what_is_asked_for_comes_back(client: httpx.Client, as_form: bool) -> None:
    asked = {"prompt": "x", "model": "sora-2-pro", "seconds": "12", "size": "1792x1024"}
    body: dict[str, Any] = (
        {"files": {name: (None, value) for name, value in asked.items()}}
        if as_form
        else {"json": asked}
    )
    video = client.post("/videos", **body).json()
    assert {name: video[name] for name in asked} == asked


REFUSALS: list[tuple[Any, str, str | None, str | None]] = [
    (
        {"prompt": "x", "seconds": "5"},
        "Invalid value: '5'. Supported values are: '4', '8', and '12'.",
        "seconds",
        "invalid_value",
    ),
    (
        {"prompt": "x", "size": "1080x1080"},
        "Invalid value: '1080x1080'. Supported values are: '720x1280', '1280x720', '1024x1792', "
        "and '1792x1024'.",
        "size",
        "invalid_value",
    ),
    (
        {"prompt": "x", "seconds": 4},
        "Invalid type for 'seconds': expected one of '4', '8', or '12', but got an integer "
        "instead.",
        "seconds",
        "invalid_type",
    ),
    (
        {"prompt": 7.5},
        "Invalid type for 'prompt': expected a string, but got a decimal instead.",
        "prompt",
        "invalid_type",
    ),
    (
        {"prompt": None},
        "Invalid type for 'prompt': expected a string, but got null instead.",
        "prompt",
        "invalid_type",
    ),
    (
        {"prompt": "x", "width": 720},
        "Unknown parameter: 'width'.",
        "width",
        "unknown_parameter",
    ),
    (
        {"prompt": "x", "input_reference": {"extra": True}},
        "Unknown parameter: 'input_reference.extra'.",
        "input_reference.extra",
        "unknown_parameter",
    ),
    (
        {"model": "sora-2"},
        "Missing required parameter: 'prompt'.",
        "prompt",
        "missing_required_parameter",
    ),
    (
        {"prompt": ""},
        "Invalid 'prompt': empty string. Expected a string with minimum length 1, but got an "
        "empty string instead.",
        "prompt",
        "empty_string",
    ),
    (
        {"prompt": "é" * 32_001},
        "Invalid 'prompt': string too long. Expected a string with maximum length 32000, but got "
        "a string with length 32001 instead.",
        "prompt",
        "string_above_max_length",
    ),
    (
        {"prompt": "x", "characters": [{"id": "a"}] * 3},
        "Invalid 'characters': array too long. Expected an array with maximum length 2, but got "
        "an array with length 3 instead.",
        "characters",
        "array_above_max_length",
    ),
    (
        {"prompt": "x", "characters": [{}]},
        "Missing required parameter: 'characters[0].id'.",
        "characters[0].id",
        "missing_required_parameter",
    ),
    (
        {"prompt": "x", "input_reference": {"image_url": "nowhere"}},
        "Invalid 'input_reference.image_url': expected a valid uri.",
        "input_reference.image_url",
        "invalid_value",
    ),
    (
        {"prompt": "x", "input_reference": {}},
        "Invalid 'input_reference': expected exactly 1 of its fields, but got 0.",
        "input_reference",
        "invalid_value",
    ),
    (
        {"prompt": "x", "input_reference": "a.png"},
        "Invalid type for 'input_reference': expected an object, but got a string instead.",
        "input_reference",
        "invalid_type",
    ),
    ([], "Invalid request body: expected an object, but got an array.", None, None),
    ("x", "Invalid request body: expected an object, but got a string.", None, None),
]


@pytest.mark.parametrize(
    ("body", "message", "param", "code"), REFUSALS, ids=[str(row[3]) for row in REFUSALS]
)
def test_json_that_breaks_a_rule_is_refused_in_the_official_words(
    client: httpx.Client, body: Any, message: str, param: str | None, code: str | None
) -> None:
    response = client.post("/videos", json=body)
    assert response.status_code == 400
    assert response.json()["error"] == {
        "message": message,
        "type": "invalid_request_error",
        "param": param,
        "code": code,
    }


@pytest.mark.parametrize(
    ("files", "message"),
    [
        (
            [("prompt", (None, "x")), ("seconds", (None, "5"))],
            "Invalid value: '5'. Supported values are: '4', '8', and '12'.",
        ),
        ([("seconds", (None, "4"))], "Missing required parameter: 'prompt'."),
        ([("prompt", (None, "x")), ("n", (None, "1"))], "Unknown parameter: 'n'."),
        (
            [("prompt", (None, "x")), ("prompt", (None, "y"))],
            "Invalid type for 'prompt': expected one value, but got several instead.",
        ),
        (
            [("prompt", ("x.txt", b"x"))],
            "Invalid type for 'prompt': expected a string, but got a file instead.",
        ),
        ([("prompt", (None, b"\xff"))], "Invalid 'prompt': expected text in UTF-8."),
        (
            [
                ("prompt", (None, "x")),
                ("input_reference[file_id]", (None, "f")),
                ("input_reference[image_url]", (None, "https://example.com/a.png")),
            ],
            "Invalid 'input_reference': it was given in more than one way; give exactly one.",
        ),
    ],
)
def test_a_form_that_breaks_a_rule_is_refused(
    client: httpx.Client, files: Any, message: str
) -> None:
    response = client.post("/videos", files=files)
    assert response.status_code == 400
    assert response.json()["error"]["message"] == message


@pytest.mark.parametrize(
    ("content", "content_type"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b'{"prompt": NaN}', "application/json"),
        (b'{"prompt": 1e999}', "application/json"),
        (b'{"prompt": "\\ud800"}', "application/json"),
        (b'{"prompt": "\xff"}', "application/json"),
        (b"[" * 100_000, "application/json"),
        (b'{"a":' * 400 + b"1" + b"}" * 400, "application/json"),
        (b'{"prompt": ' + b"9" * 5000 + b"}", "application/json"),
        (b"prompt=x", "application/x-www-form-urlencoded"),
        (b"x", "text/plain"),
        (b"x", ""),
        (b"", "multipart/form-data"),
        (b"", "multipart/form-data; boundary=b"),
        (b"--b\r\nnonsense", "multipart/form-data; boundary=b"),
        (
            b'--b\r\nContent-Disposition: form-data; name="prompt"\r\n\r\nx',
            "multipart/form-data; boundary=b",
        ),
        (b"--b\r\n\r\nx\r\n--b--\r\n", "multipart/form-data; boundary=b"),
        (
            b'--b\r\nContent-Disposition: form-data; name="\xff"\r\n\r\nx\r\n--b--\r\n',
            "multipart/form-data; boundary=b",
        ),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    client: httpx.Client, content: bytes, content_type: str
) -> None:
    response = client.post("/videos", content=content, headers={"Content-Type": content_type})
    assert response.status_code == 400
    assert client.get("/videos").json()["data"] == []


def test_a_refused_content_type_is_answered_with_those_that_are_accepted(
    client: httpx.Client,
) -> None:
    response = client.post("/videos", content="prompt=x", headers={"Content-Type": "text/plain"})
    assert "'application/json' or 'multipart/form-data'" in response.json()["error"]["message"]


def test_what_is_wrong_with_a_body_is_told(client: httpx.Client) -> None:
    json = {"Content-Type": "application/json"}
    refused = client.post("/videos", content='{\n  "prompt": "x",\n}', headers=json)
    assert "it is not valid JSON, from line " in refused.json()["error"]["message"]
    packed = gzip.compress(b'{"prompt": "x"}')
    refused = client.post("/videos", content=packed, headers={**json, "Content-Encoding": "gzip"})
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == (
        "Unsupported content encoding: 'gzip'. Send the body as it is."
    )


def test_a_reference_image_of_the_right_size_is_taken(
    client: httpx.Client, picture: Callable[..., bytes]
) -> None:
    image = picture(1280, 720)
    url = f"data:image/png;base64,{base64.b64encode(image).decode()}"
    fields = {"prompt": (None, "x"), "size": (None, "1280x720")}
    for response in (
        client.post("/videos", files={**fields, "input_reference": ("a.png", image, "image/png")}),
        client.post("/videos", files={**fields, "input_reference": ("upload", image)}),
        client.post(
            "/videos",
            files={**fields, "input_reference": ("a", image, "application/octet-stream")},
        ),
        client.post("/videos", files={**fields, "input_reference[image_url]": (None, url)}),
        client.post(
            "/videos",
            json={"prompt": "x", "size": "1280x720", "input_reference": {"image_url": url}},
        ),
        client.post("/videos", json={"prompt": "x", "input_reference": {"file_id": "file_1"}}),
        client.post(
            "/videos",
            json={"prompt": "x", "input_reference": {"image_url": "https://example.com/a.png"}},
        ),
    ):
        assert response.status_code == 200, response.text


def test_a_reference_image_that_does_not_fit_is_refused(
    client: httpx.Client, picture: Callable[..., bytes]
) -> None:
    fields = {"prompt": (None, "x")}

    def refusal(*file: Any) -> tuple[str | None, str]:
        response = client.post("/videos", files={**fields, "input_reference": file})
        assert response.status_code == 400, response.text
        error = response.json()["error"]
        assert error["param"] == "input_reference"
        return error["code"], error["message"]

    assert refusal("a.png", picture(1280, 720), "image/png") == (
        None,
        "Inpaint image must match the requested width and height",
    )
    for file in (("a.txt", b"text", "text/plain"), ("upload", b"text"), ("upload", b"")):
        code, message = refusal(*file)
        assert code == "unsupported_file_mimetype"
        assert "Supported file formats are 'image/jpeg', 'image/png', and 'image/webp'" in message
    damaged = picture(720, 1280)[:-200]
    assert refusal("a.png", damaged, "image/png")[0] == "invalid_image_file"


@pytest.mark.parametrize("url", ["data:image/png;base64", "data:image/png;base64,!!", "data:,x"])
def test_a_data_url_that_holds_no_image_is_refused(client: httpx.Client, url: str) -> None:
    response = client.post("/videos", json={"prompt": "x", "input_reference": {"image_url": url}})
    assert response.status_code == 400
    assert response.json()["error"]["param"].startswith("input_reference")
