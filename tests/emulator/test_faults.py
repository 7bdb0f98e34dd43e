"""Faults as data: each word of the format seen from outside, over a real socket."""

import asyncio
import io
import json
import time
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import av
import httpx
import pytest
import yaml

import openvideos_spec
from openvideos_emulator import Emulator
from openvideos_emulator.assembly import assembled
from openvideos_emulator.contract import Contract
from openvideos_emulator.faults import FaultLayer, load_faults, parse_faults
from openvideos_emulator.settings import Settings, SettingsError
from openvideos_emulator.storage.database import UnreachableDatabaseError, open_database
from openvideos_emulator.storage.sqlite import SqliteDatabase

from .conftest import NO_TLS

# One server of its own is enough: these tests run in one process.
pytestmark = pytest.mark.xdist_group("faults")

CONTRACT = Contract(openvideos_spec.load("openai"))

# Each fault happens to one key only, named like it, so that one emulator serves all tests.
FAULTS = """
- id: progress-goes-back
  match: {operation: retrieve_video, where: {$.status: completed}, every: 2, per: video}
  answer: [{set: {at: $.progress, to: 1}}, {set: {at: $.status, to: in_progress}}]
- id: limit-is-ignored
  match: {operation: list_videos}
  request: [{remove_query: limit}]
- id: has-more-is-wrong
  match: {operation: list_videos}
  answer: [{set: {at: $.has_more, to: false}}, {remove: "$.data[0]"}]
- id: wrong-dimensions
  match: {operation: create_video, unless: {body: {size: 1280x720}}}
  request: [{set_field: {size: 1280x720}}]
  answer: [{set: {at: $.size, to: 720x1280}}, {mark: wrong}]
- id: wrong-dimensions
  match: {operation: retrieve_video, marked: wrong}
  answer: [{set: {at: $.size, to: 720x1280}}]
- id: thumbnail-is-an-mp4
  match: {operation: download_video_content, query: {variant: thumbnail}}
  request: [{remove_query: variant}]
  answer: [{set_header: {Content-Type: image/webp}}]
- id: video-is-cut
  match: {operation: download_video_content}
  answer: [{cut_body: 1000}]
- id: video-is-corrupt
  match: {operation: download_video_content}
  answer: [{corrupt_body: {at: 10000, length: 100000}}]
- id: connection-drops
  match: {operation: download_video_content}
  answer: [{drop_after: 1000}]
- id: delete-keeps-the-video
  match: {operation: delete_video, status: 200}
  request: [{method: GET}]
  answer:
    - json: {id: "{video_id}", object: video.deleted, deleted: true}
- id: gone-but-still-listed
  match: {operation: delete_video}
  request: [{method: GET}]
  answer: [{json: {id: "{answer.id}", object: video.deleted, deleted: true}}]
- id: gone-but-still-listed
  match: {operation: retrieve_video, following: delete_video}
  request: [{path: /v1/videos/gone}]
- id: no-envelope
  match: {status: 4XX}
  answer: [{copy: {from: $.error.message, to: $.detail}}, {remove: $.error}]
- id: unknown-id-is-500
  match: {operation: retrieve_video, status: [404, 410]}
  answer: [{status: 500}]
- id: empty-prompt-is-taken
  match: {operation: create_video, body: {prompt: ""}}
  request: [{set_field: {prompt: placeholder}}]
  answer: [{set: {at: $.prompt, to: ""}}]
- id: prompt-gets-lost
  match: {operation: create_video, prompt: "lose me"}
  request: [{remove_field: [seconds, size]}]
- id: field-has-another-name
  match: {operation: create_video, body: {length: true, seconds: null}}
  request: [{rename_field: {length: seconds}}]
- id: other-words
  answer:
    - convert: {at: "$..seconds", to: number}
    - convert: {at: "$..created_at", to: milliseconds}
    - convert: {at: "$..prompt", to: milliseconds}
    - convert: {at: "$..progress", to: fraction}
    - convert: {at: "$..completed_at", to: iso_time}
    - map: {at: "$..status", values: {queued: pending, completed: succeeded}}
    - rename: {at: "$..size", to: resolution}
    - remove: "$..error"
    - wrap: result
- id: flat-errors
  match: {status: 4XX}
  answer: [{unwrap: error}, {convert: {at: $.code, to: string}}]
- id: the-third-and-fourth-fail
  match: {operation: list_videos, nth: [3, 4]}
  request:
    - reply:
        status: 503
        headers: {Retry-After: "1"}
        json: {error: {message: "busy, {query.limit}"}}
- id: the-first-two-fail
  match: {operation: list_videos, first: 2}
  request: [{reply: {status: 502, text: "<html>Bad gateway</html>"}}]
- id: slow
  match: {operation: list_videos, after: 1}
  request: [{delay: 0.1}]
  answer: [{delay: 0.1}]
- id: liked
  match: {operation: create_video, prompt: like}
  answer: [{mark: liked}]
- id: liked
  match: {operation: list_videos, listed: liked}
  answer: [{set: {at: $.model, to: liked}}]
- id: hidden
  match: {operation: create_video, prompt: hide}
  answer: [{mark: hidden}]
- id: hidden
  match: {operation: list_videos, listed: hidden}
  answer: [{remove: $}]
- id: one-more
  match: {operation: list_videos, query: {limit: true}}
  request: [{set_query: {limit: "{query.limit+1}"}}]
- id: named
  fault: {field_missing: status}
  match: {operation: create_video, every: 2}
- id: no-json
  match: {operation: download_video_content}
  answer: [{json: {sorry: true}}]
- id: unlucky-prompt
  match: {operation: create_video, per: prompt, nth: 2}
  request: [{reply: {status: 500}}]
- id: prompt-everywhere
  match: {operation: create_video}
  request:
    - set_header: {x-prompt: "{body.prompt}", x-fields: "{body.extra}"}
    - set_query: {prompt: "{body.prompt}"}
    - set_field: {other: "{body.prompt}"}
    - path: "/v1/videos/{body.prompt}"
  answer: [{set_header: {x-prompt: "{body.prompt}"}}]
- id: no-content
  match: {operation: list_videos}
  answer: [{status: 204}]
- id: no-content-by-reply
  match: {operation: list_videos}
  request: [{reply: {status: 304, json: {}}}]
- id: page-from-a-proxy
  match: {method: [GET], content_type: application/json}
  answer: [{text: "<html>{video_id}</html>"}, {status: 200}, {remove_header: x-request-id}]
- id: large-pages
  match: {operation: list_videos, query: {limit: {like: "[0-9][0-9]+"}}}
  request: [{reply: {status: 507, text: "{header.x-client} asks for {query.limit}"}}]
- id: long-ids
  match: {path: "/v1/videos/[^/]{100,}"}
  request: [{reply: {status: 507}}]
- id: gone-when-seen
  match: {operation: retrieve_video}
  request: [{also: {method: DELETE, path: "/v1/videos/{video_id}"}}]
- id: all-the-first
  match: {operation: create_video, nth: 1}
  answer: [{mark: first}]
- id: all-the-first
  match: {operation: retrieve_video}
  request: [{path: "/v1/videos/{marked.first}"}]
- id: turned-round
  match: {operation: list_videos}
  answer: [{reverse: $.data}]
- id: busy
  match: {operation: list_videos}
  request: [{delay: 0.3}]
- id: busy
  match: {operation: retrieve_video, during: list_videos}
  request: [{reply: {status: 507}}]
"""

UNLOCKED = """
- id: any-key-will-do
  match: {unless: {key: sk-good}}
  request: [{set_header: {Authorization: Bearer sk-good}}]
"""

BADLY_KEPT = [
    ("trimmed", " a\n b ", "a\n b"),
    ("one_line", " a\n b ", "a b"),
    ("first_line", "a \nb", "a "),
    ("ascii", "gr\u00fc\u00df", "gr??"),
    ("html", "<a & b>", "&lt;a &amp; b&gt;"),
    ("shortened", "x" * 1001, "x" * 1000),
]


@pytest.fixture(scope="module")
def faulty(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    faults = yaml.safe_load(FAULTS)
    for conversion, _, _ in BADLY_KEPT:
        change = {"convert": {"at": "$.prompt", "to": conversion}}
        faults.append({"id": conversion, "match": {}, "answer": [change]})
    for number, fault in enumerate(faults):
        fault.setdefault("match", {})["key"] = fault["id"]
        fault["id"] = f"{number}-{fault['id']}"
    path = tmp_path_factory.mktemp("faults") / "faults.json"
    path.write_text(json.dumps(faults))
    with Emulator(speed=100_000, faults=path, media="tiny") as emulator:
        yield emulator


Victim = Callable[[str], httpx.Client]


@pytest.fixture
def victim(faulty: Emulator) -> Iterator[Victim]:
    """Make the client whose key a fault happens to."""
    clients = []

    def make(fault: str) -> httpx.Client:
        headers = {"Authorization": f"Bearer {fault}"}
        client = httpx.Client(base_url=faulty.base_url, headers=headers, timeout=30, verify=NO_TLS)
        clients.append(client)
        return client

    yield make
    for client in clients:
        client.close()


def made(client: httpx.Client, **fields: Any) -> str:
    created = client.post("/videos", json={"prompt": "x", **fields})
    assert created.status_code == 200, created.text
    video_id: str = created.json()["id"]
    time.sleep(0.05)
    return video_id


def test_a_key_without_a_fault_meets_none(victim: Victim) -> None:
    client = victim("a-healthy-key")
    video_id = made(client)
    assert client.get(f"/videos/{video_id}").json()["status"] == "completed"
    content = client.get(f"/videos/{video_id}/content", headers={"Range": "bytes=0-9"})
    assert (content.status_code, len(content.content)) == (206, 10)
    again = client.get(
        f"/videos/{video_id}/content", headers={"If-None-Match": content.headers["etag"]}
    )
    assert again.status_code == 304
    assert client.head(f"/videos/{video_id}/content").status_code == 200


def test_every_other_answer_of_each_video(victim: Victim) -> None:
    client = victim("progress-goes-back")
    for video_id in (made(client), made(client)):
        seen = [client.get(f"/videos/{video_id}").json()["progress"] for _ in range(4)]
        assert seen == [100, 1, 100, 1]


def test_a_query_can_be_lost(victim: Victim) -> None:
    client = victim("limit-is-ignored")
    for _ in range(2):
        made(client)
    assert len(client.get("/videos?limit=1").json()["data"]) == 2


def test_an_answer_can_be_changed_by_jsonpath(victim: Victim) -> None:
    client = victim("has-more-is-wrong")
    ids = [made(client) for _ in range(3)]
    page = client.get("/videos?limit=2").json()
    assert page["has_more"] is False
    assert [video["id"] for video in page["data"]] == [ids[1]]


@pytest.mark.parametrize("as_form", [False, True])
def test_a_request_can_be_changed_behind_the_clients_back(victim: Victim, as_form: bool) -> None:
    client = victim("wrong-dimensions")
    files = {"prompt": (None, "x"), "size": (None, "720x1280")}
    body: Any = {"files": files} if as_form else {"json": {"prompt": "x"}}
    video = client.post("/videos", **body).json()
    assert video["size"] == "720x1280"
    time.sleep(0.05)
    assert client.get(f"/videos/{video['id']}").json()["size"] == "720x1280"
    right = made(client, size="1280x720")
    assert client.get(f"/videos/{right}").json()["size"] == "1280x720"
    content = client.get(f"/videos/{video['id']}/content").content
    with av.open(io.BytesIO(content), "r") as file:
        assert (file.streams.video[0].width, file.streams.video[0].height) == (1280, 720)


def test_a_thumbnail_can_be_an_mp4(victim: Victim) -> None:
    client = victim("thumbnail-is-an-mp4")
    response = client.get(f"/videos/{made(client)}/content?variant=thumbnail")
    assert response.headers["content-type"] == "image/webp"
    assert response.content[4:8] == b"ftyp"


def test_a_file_can_be_cut_corrupted_and_dropped(victim: Victim) -> None:
    cut = victim("video-is-cut")
    response = cut.get(f"/videos/{made(cut)}/content")
    assert len(response.content) == int(response.headers["content-length"]) == 1000
    corrupt = victim("video-is-corrupt")
    path = f"/videos/{made(corrupt)}/content"
    response = corrupt.get(path)
    assert response.content[:8] == b"\0\0\0 ftyp"
    with pytest.raises(av.error.FFmpegError):
        decode(response.content)
    dropped = victim("connection-drops")
    with pytest.raises(httpx.RemoteProtocolError, match="received 1000 bytes"):
        dropped.get(f"/videos/{made(dropped)}/content")


def decode(data: bytes) -> None:
    with av.open(io.BytesIO(data), "r") as file:
        for packet in file.demux(video=0):
            packet.decode()


def test_a_deletion_can_be_a_lie(victim: Victim) -> None:
    client = victim("delete-keeps-the-video")
    video_id = made(client)
    answer = client.delete(f"/videos/{video_id}")
    assert answer.json() == {"id": video_id, "object": "video.deleted", "deleted": True}
    assert client.get(f"/videos/{video_id}").status_code == 200
    assert client.delete("/videos/unknown").status_code == 404
    half = victim("gone-but-still-listed")
    video_id = made(half)
    assert half.get(f"/videos/{video_id}").status_code == 200
    assert half.delete(f"/videos/{video_id}").json()["id"] == video_id
    assert half.get(f"/videos/{video_id}").status_code == 404
    assert [video["id"] for video in half.get("/videos").json()["data"]] == [video_id]


def test_errors_can_lose_their_envelope_and_their_status(victim: Victim) -> None:
    assert victim("no-envelope").get("/videos/x").json() == {
        "detail": "Video with id 'x' not found."
    }
    flat = victim("flat-errors").get("/videos?limit=x").json()
    assert (flat["param"], flat["code"]) == ("limit", "invalid_type")
    client = victim("unknown-id-is-500")
    assert client.get("/videos/x").status_code == 500
    assert client.get("/videos/x/content").status_code == 404


@pytest.mark.parametrize("as_form", [False, True])
def test_what_must_be_refused_can_be_taken(victim: Victim, as_form: bool) -> None:
    client = victim("empty-prompt-is-taken")
    body: Any = {"files": {"prompt": (None, "")}} if as_form else {"json": {"prompt": ""}}
    assert client.post("/videos", **body).json()["prompt"] == ""


def test_fields_can_be_lost_and_renamed(victim: Victim) -> None:
    client = victim("prompt-gets-lost")
    asked = {"seconds": "8", "size": "1280x720"}
    video = client.post("/videos", json={"prompt": "please lose me", **asked}).json()
    assert (video["seconds"], video["size"]) == ("4", "720x1280")
    files = {name: (None, value) for name, value in {**asked, "prompt": "lose me"}.items()}
    assert client.post("/videos", files=files).json()["seconds"] == "4"
    kept = client.post("/videos", json={"prompt": "x", **asked}).json()
    assert kept["seconds"] == "8"
    client = victim("field-has-another-name")
    assert client.post("/videos", json={"prompt": "x", "length": "8"}).json()["seconds"] == "8"
    both = client.post("/videos", json={"prompt": "x", "length": "8", "seconds": "4"})
    assert both.json()["error"]["code"] == "unknown_parameter"


def test_another_servers_words_can_be_spoken(victim: Victim) -> None:
    client = victim("other-words")
    created = client.post("/videos", json={"prompt": "x"}).json()["result"]
    assert (created["status"], created["seconds"]) == ("pending", 4.0)
    assert created["created_at"] > 10**12
    # What is no number stays as it is.
    assert created["prompt"] == "x"
    assert "error" not in created
    assert "size" not in created
    time.sleep(0.05)
    video = client.get(f"/videos/{created['id']}").json()["result"]
    assert (video["status"], video["progress"]) == ("succeeded", 1.0)
    assert video["completed_at"].endswith("+00:00")
    assert client.get("/videos").json()["result"]["data"][0]["resolution"] == "720x1280"


def test_occasions_are_counted(victim: Victim) -> None:
    client = victim("the-third-and-fourth-fail")
    answers = [client.get("/videos?limit=7") for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 503, 503, 200]
    assert answers[2].json()["error"]["message"] == "busy, 7"
    assert answers[2].headers["retry-after"] == "1"
    assert answers[2].headers["x-request-id"].startswith("req_")
    client = victim("the-first-two-fail")
    answers = [client.get("/videos") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [502, 502, 200]
    assert answers[0].headers["content-type"].startswith("text/html")


def test_answers_can_come_late(victim: Victim) -> None:
    client = victim("slow")
    took = []
    for _ in range(2):
        began = time.monotonic()
        client.get("/videos")
        took.append(time.monotonic() - began)
    assert took[1] > 0.2 > took[0]


def test_what_a_list_shows_can_be_changed_for_marked_videos_only(victim: Victim) -> None:
    client = victim("liked")
    made(client, prompt="A cat that I like")
    made(client, prompt="A cat")
    assert [video["model"] for video in client.get("/videos").json()["data"]] == ["sora-2", "liked"]
    client = victim("hidden")
    made(client, prompt="hide me")
    shown = made(client, prompt="A cat")
    assert [video["id"] for video in client.get("/videos").json()["data"]] == [shown]


def test_numbers_can_be_added_to(victim: Victim) -> None:
    client = victim("one-more")
    for _ in range(3):
        made(client)
    assert len(client.get("/videos?limit=1").json()["data"]) == 2
    # What is no number is left as it is written.
    assert client.get("/videos?limit=x").status_code == 400


def test_values_and_paths_can_be_told_by_a_pattern(victim: Victim) -> None:
    client = victim("large-pages")
    assert client.get("/videos?limit=9").status_code == 200
    refused = client.get("/videos?limit=10", headers={"X-Client": "a test"})
    assert (refused.status_code, refused.text) == (507, "a test asks for 10")
    client = victim("long-ids")
    statuses = [client.get(f"/videos/{'x' * length}").status_code for length in (99, 100)]
    assert statuses == [404, 507]


def test_another_request_can_be_sent_before_one(victim: Victim) -> None:
    client = victim("gone-when-seen")
    kept, seen = made(client), made(client)
    assert client.get(f"/videos/{seen}").status_code == 404
    assert [video["id"] for video in client.get("/videos").json()["data"]] == [kept]


def test_the_video_with_a_mark_can_be_named(victim: Victim) -> None:
    client = victim("all-the-first")
    first, second = made(client), made(client)
    assert client.get(f"/videos/{second}").json()["id"] == first


def test_a_list_can_be_turned_round(victim: Victim) -> None:
    client = victim("turned-round")
    ids = [made(client) for _ in range(3)]
    assert [video["id"] for video in client.get("/videos").json()["data"]] == ids


def test_what_happens_can_depend_on_what_is_under_way(victim: Victim) -> None:
    client = victim("busy")
    video_id = made(client)
    with ThreadPoolExecutor() as threads:
        listing = threads.submit(client.get, "/videos")
        while client.get(f"/videos/{video_id}").status_code != 507:
            assert not listing.done()
    assert listing.result().status_code == 200
    assert client.get(f"/videos/{video_id}").status_code == 200


@pytest.mark.parametrize(("conversion", "prompt", "shown"), BADLY_KEPT)
def test_a_prompt_can_be_kept_badly(
    victim: Victim, conversion: str, prompt: str, shown: str
) -> None:
    created = victim(conversion).post("/videos", json={"prompt": prompt})
    assert created.json()["prompt"] == shown


def test_a_file_can_name_a_fault_and_count_by_prompt(victim: Victim) -> None:
    client = victim("named")
    videos = [client.post("/videos", json={"prompt": "x"}).json() for _ in range(4)]
    assert ["status" in video for video in videos] == [True, False, True, False]
    client = victim("unlucky-prompt")
    prompts = ["a", "b", "a", "b", "a"]
    statuses = [client.post("/videos", json={"prompt": each}).status_code for each in prompts]
    assert statuses == [200, 200, 500, 500, 200]


@pytest.mark.parametrize(
    ("prompt", "shown"),
    [
        (rb"a cat", "a cat"),
        (rb"a\r\nb: c", "a??b: c"),
        (rb"\u732b \u0000", "? ?"),
        # What is no JSON has no prompt.
        (rb"\ud800", "{body.prompt}"),
    ],
)
def test_a_prompt_can_be_put_anywhere(victim: Victim, prompt: bytes, shown: str) -> None:
    answer = victim("prompt-everywhere").post(
        "/videos",
        content=b'{"prompt": "%b", "extra": {"a": [1]}}' % prompt,
        headers={"Content-Type": "application/json"},
    )
    assert (answer.status_code, answer.headers["x-prompt"]) == (405, shown)


@pytest.mark.parametrize("fault", ["no-content", "no-content-by-reply"])
def test_an_answer_that_has_no_body_gets_none(victim: Victim, fault: str) -> None:
    client = victim(fault)
    for _ in range(2):
        answer = client.get("/videos")
        assert (answer.status_code in (204, 304), answer.content) == (True, b"")
        assert "content-length" not in answer.headers


def test_a_file_can_be_replaced_by_json(victim: Victim) -> None:
    client = victim("no-json")
    answer = client.get(f"/videos/{made(client)}/content")
    assert (answer.json(), answer.headers["content-length"]) == ({"sorry": True}, "15")


def test_an_answer_can_be_a_proxys_page(victim: Victim) -> None:
    client = victim("page-from-a-proxy")
    response = client.get("/videos/x", headers={"Content-Type": "application/json"})
    assert (response.status_code, response.text) == (200, "<html>x</html>")
    assert "x-request-id" not in response.headers
    assert response.headers["content-type"].startswith("text/html")
    assert client.get("/videos/x").status_code == 404


@pytest.mark.parametrize(
    "step", [{"corrupt_body": {"at": 5, "length": 2}}, {"set_header": {"x": "1"}}, {"delay": 0.001}]
)
def test_a_long_answer_passes_piece_by_piece(tmp_path: Path, step: dict[str, Any]) -> None:
    sent: list[bytes] = []
    most_held = 0

    async def app(_scope: Any, _receive: Any, send: Any) -> None:
        nonlocal most_held
        headers = [(b"content-type", b"video/mp4"), (b"content-length", b"64")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for number in range(16):
            await send({"type": "http.response.body", "body": b"1234", "more_body": number < 15})
            most_held = max(most_held, 4 * (number + 1) - len(b"".join(sent)))

    messages = [{"type": "http.request", "body": b""}]

    async def receive() -> Any:
        return messages.pop() if messages else await asyncio.Event().wait()

    async def send(message: Any) -> None:
        sent.append(message.get("body", b""))

    faults = parse_faults([{"id": "a", "answer": [step]}], CONTRACT)
    database = open_database(str(tmp_path / "emulator.sqlite"))
    try:
        layer = FaultLayer(app, faults, CONTRACT, database=database, longest_body=0)
        path = "/v1/videos/video_1/content"
        asyncio.run(_awaited(layer(getting(path), receive, send)))
    finally:
        database.close()
    assert (most_held, len(b"".join(sent))) == (0, 64)


def test_a_database_that_is_gone_is_answered_503(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def gone(*_: object) -> None:
        raise UnreachableDatabaseError

    async def answered(app: Any) -> httpx.Response:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://emulator") as client:
            return await client.get("/v1/videos", headers={"Authorization": "Bearer k"})

    faults = tmp_path / "faults.yaml"
    faults.write_text("[{id: a, match: {nth: 1}, answer: [{status: 500}]}]", encoding="utf-8")
    settings = Settings(db=str(tmp_path / "emulator.sqlite"), faults=faults)
    with assembled(settings, tmp_path) as app:
        monkeypatch.setattr(SqliteDatabase, "write", gone)
        answer = asyncio.run(answered(app))
    assert answer.status_code == 503
    assert answer.headers["x-request-id"].startswith("req_")


def getting(path: str) -> dict[str, Any]:
    """Return the scope of a request."""
    asked = {"method": "GET", "path": path, "raw_path": path.encode(), "query_string": b""}
    return {"type": "http", "headers": [], **asked}


async def _awaited(answer: Awaitable[None]) -> None:
    await answer


def test_any_key_can_be_let_in(tmp_path: Path, http: httpx.Client) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(UNLOCKED)
    with Emulator(api_keys=["sk-good"], faults=path) as emulator:
        for headers in ({}, {"Authorization": "Bearer sk-bad"}):
            assert http.get(f"{emulator.base_url}/videos", headers=headers).status_code == 200


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({}, '"id" is a required property'),
        ({"id": "a", "when": {}}, "'when' was unexpected"),
        ({"id": "a", "match": {"operation": "make_video"}}, "no operation 'make_video'; there are"),
        ({"id": "a", "match": {"stat": 200}}, "stat"),
        ({"id": "a", "match": {"status": "5xx"}}, "fault a/match/status"),
        ({"id": "a", "match": {"nth": 0}}, "fault a/match/nth: 0 is less than the minimum of 1"),
        ({"id": "a", "match": {"nth": []}}, "fault a/match/nth"),
        ({"id": "a", "match": {"path": "("}, "answer": [{"status": 200}]}, "no regular expression"),
        ({"id": "a", "match": {"query": {"a": {"like": 1}}}}, "fault a/match/query/a"),
        ({"id": "a", "match": {"during": "make_video"}}, "no operation 'make_video'"),
        ({"id": "a", "match": {}}, "fault a: nothing happens by it"),
        (
            {"fault": "stuck_at_99", "match": {"operation": "retrieve_video"}},
            "it happens to a job, so only to create_video",
        ),
        ({"id": "a", "match": {"where": {"status": "queued"}}}, "'status' is no JSONPath"),
        ({"id": "a", "answer": [{"explode": True}]}, "fault a/answer/0"),
        ({"id": "a", "answer": [{"set": {"at": "$.a"}}]}, '"to" is a required property'),
        ({"id": "a", "answer": [{"remove": "$["}]}, "'$[' is no JSONPath"),
        ({"id": "a", "answer": [{"status": 99}]}, "fault a/answer/0/status"),
        ({"id": "a", "request": [{"reply": {}}]}, "fault a/request/0/reply"),
        ({"fault": "explode"}, "fault 1: there is no fault 'explode'; there are fail, "),
        ({"id": "a", "fault": {"cut_at": "x"}}, 'fault a: fault cut_at: bytes: "x" is not of type'),
        ({"fault": {"cut_at": {"byte": 1}}}, "its form is cut_at:BYTES"),
        ({"fault": "slow:nan"}, "its form is slow:FACTOR, where FACTOR is a number"),
        ({"fault": {"slow": 10**7}}, "request/0/job/slowness"),
        ({"id": "a", "fault": "500", "answer": []}, "fault a/answer"),
        (None, "fault 0"),
    ],
)
def test_a_fault_that_is_none_is_said_clearly(fault: Any, reason: str) -> None:
    with pytest.raises(SettingsError) as refused:
        parse_faults([fault], CONTRACT)
    assert reason in str(refused.value)


def test_an_id_is_used_once(tmp_path: Path) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text("[{id: a, fault: 429}, {id: a, fault: 503}]")
    with pytest.raises(SettingsError, match="the id 'a' is used twice"):
        load_faults(path, CONTRACT)


@pytest.mark.parametrize("text", ["a: [", "a: 1", "\x00"])
def test_a_file_that_holds_no_faults_is_said_clearly(tmp_path: Path, text: str) -> None:
    path = tmp_path / "faults.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"faults\.yaml"):
        load_faults(path, CONTRACT)
