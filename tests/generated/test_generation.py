"""`make generate`: the same bytes each time, and none of the generator's known faults."""

from __future__ import annotations

import email
import email.policy
import importlib
import pkgutil
import shutil
import subprocess
import sys
from io import BytesIO
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any, get_args, get_type_hints

import attrs
import httpx
import pytest

import openvideos_api
from openvideos_api import AuthenticatedClient, models
from openvideos_api.api.videos import (
    create_character,
    create_video,
    delete_video,
    download_video_content,
    edit_video,
    list_videos,
    retrieve_video,
)
from openvideos_api.types import File

ROOT = Path(__file__).parents[2]
GENERATE = ROOT / "overlays" / "generator" / "generate.py"
GENERATED = ROOT / "generated" / "openvideos_api"
FORGERY = "\r\n".join(
    ["a cat", "--+++", 'Content-Disposition: form-data; name="model"', "", "sora-2-pro", "--+++--"]
)


@pytest.fixture(scope="module")
def generator(load_script: Callable[[Path], ModuleType]) -> ModuleType:
    return load_script(GENERATE)


def test_generation_writes_the_same_bytes_whatever_ruff_configuration_surrounds_it(
    generator: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "ruff.toml").write_text(
        'line-length = 40\nindent-width = 2\n[format]\nquote-style = "single"\n', encoding="utf-8"
    )
    generator.generate(tmp_path / "openvideos_api")
    assert generator.differences(GENERATED, tmp_path / "openvideos_api") == []


def test_a_changed_a_missing_and_a_stale_file_are_differences(
    generator: ModuleType, tmp_path: Path
) -> None:
    copy = tmp_path / "openvideos_api"
    shutil.copytree(GENERATED, copy)
    (copy / "client.py").write_text("changed", encoding="utf-8")
    (copy / "types.py").unlink()
    (copy / "stale.py").touch()
    assert generator.differences(GENERATED, copy) == ["client.py", "stale.py", "types.py"]


def test_check_generated_fails_where_the_tree_differs(tmp_path: Path) -> None:
    for name in ("overlays", "generated"):
        shutil.copytree(ROOT / name, tmp_path / name, symlinks=True)
    shutil.copy(ROOT / "openapi.yaml", tmp_path)
    command: list[str | Path] = [
        sys.executable,
        tmp_path / "overlays/generator/generate.py",
        "--check",
    ]
    assert subprocess.run(command, check=False).returncode == 0
    with (tmp_path / "generated/openvideos_api/models/video.py").open("a") as file:
        file.write("# edited by hand\n")
    edited = subprocess.run(command, capture_output=True, text=True, check=False)
    assert edited.returncode == 1
    assert "models/video.py is not what `make generate` writes" in edited.stdout


def test_every_file_says_that_it_is_generated_and_the_package_is_typed() -> None:
    for file in GENERATED.rglob("*.py"):
        first = file.read_text(encoding="utf-8").splitlines()[0]
        assert "do not edit" in first, file
        assert "make generate" in first, file
    assert (GENERATED / "py.typed").exists()


def test_every_generated_module_imports() -> None:
    names = [
        module.name for module in pkgutil.walk_packages(openvideos_api.__path__, "openvideos_api.")
    ]
    assert len(names) > 40
    for name in names:
        importlib.import_module(name)


def test_each_content_type_of_a_request_has_a_body_of_its_own() -> None:
    json = create_video.request_arguments(body=models.CreateVideoJson(prompt="a cat"))
    form = create_video.request_arguments(body=models.CreateVideoForm(prompt="a cat"))
    assert json["json"] == {"prompt": "a cat"}
    assert "files" not in json
    assert "json" not in form
    assert form["files"][0][0] == "prompt"


def parts(arguments: dict[str, Any]) -> list[tuple[str, str | None, str, bytes]]:
    """The parts of a multipart request as a server reads them: name, file name, type, bytes."""
    request = httpx.Request(**{**arguments, "url": "http://test/videos"})
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = email.message_from_bytes(head + request.read(), policy=email.policy.HTTP)
    found = []
    for part in message.iter_parts():
        name = part.get_param("name", header="content-disposition")
        assert isinstance(name, str)
        payload = part.get_payload(decode=True)
        assert isinstance(payload, bytes)
        found.append((name, part.get_filename(), part.get_content_type(), payload))
    return found


def test_a_prompt_with_a_forged_boundary_arrives_as_nothing_but_a_prompt() -> None:
    arguments = create_video.request_arguments(body=models.CreateVideoForm(prompt=FORGERY))
    assert parts(arguments) == [("prompt", None, "text/plain", FORGERY.encode())]


def test_the_boundary_is_drawn_anew_for_each_request() -> None:
    arguments = create_video.request_arguments(body=models.CreateVideoForm(prompt="a cat"))
    types = {
        httpx.Request(**{**arguments, "url": "http://test"}).headers["content-type"]
        for _ in range(3)
    }
    assert len(types) == 3


def test_bracket_keys_are_sent_literally_and_repeated_for_each_value() -> None:
    created = create_video.request_arguments(
        body=models.CreateVideoForm(
            prompt="a cat",
            input_referenceimage_url="https://example.com/a.png",
            charactersid=["char_1", "char_2"],
        )
    )
    assert [(name, value) for name, _, _, value in parts(created)] == [
        ("prompt", b"a cat"),
        ("input_reference[image_url]", b"https://example.com/a.png"),
        ("characters[][id]", b"char_1"),
        ("characters[][id]", b"char_2"),
    ]
    edited = edit_video.request_arguments(body=models.EditVideoForm(prompt="x", videoid="video_1"))
    assert ("video[id]", None, "text/plain", b"video_1") in parts(edited)


def test_a_file_is_sent_as_a_file_with_its_name_and_type() -> None:
    video = File(payload=BytesIO(b"\x00mp4"), file_name="mossy.mp4", mime_type="video/mp4")
    arguments = create_character.request_arguments(
        body=models.CreateCharacterForm(video=video, name="Mossy")
    )
    assert ("video", "mossy.mp4", "video/mp4", b"\x00mp4") in parts(arguments)


def test_an_id_is_one_path_segment_whatever_it_holds() -> None:
    assert retrieve_video.request_arguments("openai:a/b?c#d==")["url"] == (
        "/videos/openai%3Aa%2Fb%3Fc%23d%3D%3D"
    )


def test_nothing_is_sent_that_was_not_given() -> None:
    assert list_videos.request_arguments()["params"] == {}
    deletion = delete_video.request_arguments("video_1")
    assert httpx.Request(**{**deletion, "url": "http://test"}).headers.get("content-type") is None


def answer(status: int, json: Any) -> httpx.Response:
    return httpx.Response(status, json=json)


def test_a_status_and_words_that_nobody_knows_are_read_as_they_are() -> None:
    sent = {
        **dict.fromkeys([field.name.rstrip("_") for field in attrs.fields(models.Video)]),
        "id": "video_1",
        "status": "dreaming",
        "model": "wan-3",
        "url": "https://example.com/v.mp4",
    }
    sent.pop("additional_properties")
    video = retrieve_video.parse_response(answer(200, sent))
    assert isinstance(video, models.Video)
    assert video.status == "dreaming"
    assert video.model == "wan-3"
    assert video.progress is None
    assert video["url"] == "https://example.com/v.mp4"


def test_a_status_code_that_python_does_not_know_is_an_error_like_any_other() -> None:
    body = {"error": {"message": "overloaded", "type": "server_error", "param": None, "code": None}}
    error = retrieve_video.parse_response(answer(529, body))
    assert isinstance(error, models.Error)
    assert error.error.message == "overloaded"


def test_media_is_bytes_and_never_decoded_as_json() -> None:
    response = httpx.Response(200, content=b"\x00\x00ftyp", headers={"content-type": "video/mp4"})
    content = download_video_content.parse_response(response)
    assert isinstance(content, File)
    assert content.payload.read() == b"\x00\x00ftyp"


@pytest.mark.parametrize("model", [models.Video, models.VideoDeleted, models.VideoError])
def test_no_field_of_an_answer_but_id_and_status_has_to_be_there(model: type) -> None:
    hints = get_type_hints(model, localns=vars(models))
    for field in set(hints) - {"id", "status", "additional_properties"}:
        assert type(None) in get_args(hints[field]), f"{field} must be nullable"


def test_the_key_is_in_no_repr() -> None:
    client = AuthenticatedClient(base_url="http://test", token="sk-secret")
    client.get_httpx_client()
    assert "sk-secret" not in repr(client)
    assert client.get_httpx_client().headers["authorization"] == "Bearer sk-secret"
    assert client.get_httpx_client().timeout.read == 60.0
