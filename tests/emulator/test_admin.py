"""The admin API: what it lets a test set, and what it shows."""

import io
import itertools
import json
import socket
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest

from openvideos_emulator import Emulator

from .conftest import ADMIN_KEY, admin_of

# One server of its own is enough: these tests run in one process.
pytestmark = pytest.mark.xdist_group("admin")

SECRET = "whsec_c2VjcmV0LXNlY3JldC1zZWNyZXQ="


def create(client: httpx.Client, prompt: str = "A calico cat") -> str:
    response = client.post("/videos", json={"prompt": prompt})
    assert response.status_code == 200, response.text
    video_id: str = response.json()["id"]
    return video_id


@pytest.fixture
def told(admin: httpx.Client, key: str) -> Callable[..., dict[str, Any]]:
    """Tell the admin API something of the test's own world."""

    def tell(verb: str, path: str, /, **fields: Any) -> dict[str, Any]:
        fields = {"key": key, **fields}
        given: dict[str, Any] = {"params" if verb in ("GET", "DELETE") else "json": fields}
        response = admin.request(verb, path, **given)
        assert response.status_code in (200, 201), response.text
        answer: dict[str, Any] = response.json()
        return answer

    return tell


Told = Callable[..., dict[str, Any]]


# -- the clock


def test_a_whole_life_goes_by_in_no_time(watched_client: httpx.Client, told: Told) -> None:
    started = time.monotonic()
    frozen = told("POST", "/clock/freeze")
    assert frozen["frozen"] is True
    path = f"/videos/{create(watched_client)}"
    seen = [watched_client.get(path).json()]
    for seconds in (10, 36, 15):
        assert told("POST", "/clock/advance", seconds=seconds)["frozen"] is True
        seen.append(watched_client.get(path).json())
    assert [video["status"] for video in seen] == ["queued", *["in_progress"] * 2, "completed"]
    assert seen[0]["progress"] == 0 < seen[1]["progress"] < seen[2]["progress"] == 99
    assert seen[3]["created_at"] == int(frozen["now"])
    assert told("GET", "/clock")["now"] == pytest.approx(frozen["now"] + 61)
    assert watched_client.head(f"{path}/content?variant=thumbnail").status_code == 200
    told("POST", "/clock/freeze", at=seen[3]["expires_at"])
    assert watched_client.get(f"{path}/content").status_code == 404
    assert watched_client.get(path).json() == seen[3]
    assert time.monotonic() - started < 20


def test_an_advanced_clock_goes_on_and_a_frozen_one_stands_still(told: Told) -> None:
    machine = time.time()
    advanced = told("POST", "/clock/advance", seconds=3600.5)
    assert advanced["frozen"] is False
    assert advanced["offset"] == pytest.approx(3600.5)
    assert advanced["now"] == pytest.approx(machine + 3600.5, abs=5)
    later = told("GET", "/clock")
    assert later["now"] > advanced["now"]
    stopped = told("POST", "/clock/freeze")
    assert stopped["now"] >= later["now"]
    assert told("GET", "/clock")["now"] == stopped["now"]
    going = told("POST", "/clock/unfreeze")
    assert going["frozen"] is False
    assert stopped["now"] <= going["now"] <= stopped["now"] + 5
    assert told("GET", "/clock")["now"] > going["now"]


def test_a_clock_never_goes_back(admin: httpx.Client, told: Told, key: str) -> None:
    now = told("POST", "/clock/freeze")["now"]
    for path, fields in (
        ("/clock/advance", {"seconds": -1}),
        ("/clock/freeze", {"at": now - 1}),
        ("/clock/freeze", {"at": -1e300}),
    ):
        response = admin.post(path, json={"key": key, **fields})
        assert response.status_code == 400
        assert "cannot go back" in response.json()["error"]["message"]
    for path, fields in (("/clock/advance", {"seconds": 1e300}), ("/clock/freeze", {"at": 1e300})):
        response = admin.post(path, json={"key": key, **fields})
        assert response.status_code == 400
        assert "3000" in response.json()["error"]["message"]
    assert told("GET", "/clock")["now"] == now


def test_the_time_of_all_worlds_moves_each_of_them() -> None:
    with (
        Emulator(speed=1, admin=True, admin_key=ADMIN_KEY) as emulator,
        admin_of(emulator) as admin,
    ):

        def clock(path: str = "", **fields: Any) -> float:
            if path:
                now: float = admin.post(f"/clock/{path}", json=fields).json()["now"]
            else:
                now = admin.get("/clock", params=fields).json()["now"]
            return now

        everywhere = clock("freeze")
        stopped = clock("freeze", key="stopped", at=everywhere + 1000)
        ahead = clock("advance", key="ahead", seconds=100)
        assert ahead == pytest.approx(everywhere + 100)
        assert clock(key="other") == everywhere
        clock("advance", seconds=50)
        assert clock() == clock(key="other") == pytest.approx(everywhere + 50)
        assert clock(key="ahead") == pytest.approx(ahead + 50)
        assert clock(key="stopped") == pytest.approx(stopped + 50)
        clock("unfreeze")
        assert clock(key="stopped") == pytest.approx(stopped + 50)
        clock("unfreeze", key="stopped")
        for each, before in (("other", everywhere), ("ahead", ahead), ("stopped", stopped)):
            assert before + 50 < clock(key=each) < before + 60


# -- the journal


def test_the_journal_has_each_request_as_it_was_sent(
    watched_client: httpx.Client, told: Told, key: str
) -> None:
    frozen = told("POST", "/clock/freeze")
    video_id = create(watched_client, "A cat ☃")
    watched_client.get("/videos", params={"limit": 2, "order": "asc"})
    watched_client.get(f"/videos/{video_id}/content", params={"variant": "nonsense"})
    first, second, third = told("GET", "/requests")["requests"]
    assert first["sequence"] < second["sequence"] < third["sequence"]
    assert first["received"] == frozen["now"]
    assert {name: first[name] for name in ("method", "path", "operation", "query", "body")} == {
        "method": "POST",
        "path": "/v1/videos",
        "operation": "create_video",
        "query": {},
        "body": {"prompt": "A cat ☃"},
    }
    assert (first["status"], first["video_id"], first["faults"]) == (200, video_id, [])
    assert first["headers"]["content-type"] == "application/json"
    assert first["headers"]["authorization"].startswith("Bearer sk-")
    assert second["query"] == {"limit": "2", "order": "asc"}
    assert (second["operation"], second["body"], second["video_id"]) == ("list_videos", None, None)
    assert (third["operation"], third["status"]) == ("download_video_content", 400)
    assert third["video_id"] == video_id
    assert key not in json.dumps([first, second, third])


def test_the_journal_tells_files_by_name_size_and_digest(
    watched_client: httpx.Client, told: Told, picture: Callable[..., bytes]
) -> None:
    image = picture(720, 1280)
    response = watched_client.post(
        "/videos",
        data={"prompt": "A cat", "seconds": "4"},
        files={"input_reference": ("cat.png", io.BytesIO(image), "image/png")},
    )
    assert response.status_code == 200
    body = told("GET", "/requests")["requests"][0]["body"]
    assert (body["prompt"], body["seconds"]) == ("A cat", "4")
    file = body["input_reference"]
    assert (file["filename"], file["content_type"]) == ("cat.png", "image/png")
    assert file["size"] == len(image)
    assert len(file["sha256"]) == 64


def test_the_journal_keeps_prompts_whole_and_cuts_what_is_longer(
    watched_client: httpx.Client, told: Told
) -> None:
    prompt = "€" * 32_000
    url = f"data:image/png;base64,{'A' * 400_000}"
    for body in ({"prompt": prompt}, {"prompt": "x", "input_reference": {"image_url": url}}):
        watched_client.post("/videos", json=body)
    first, second = told("GET", "/requests")["requests"]
    assert first["body"]["prompt"] == prompt
    shown = second["body"]["input_reference"]["image_url"]
    assert shown.startswith("data:image/png")
    assert shown.endswith(f"({len(url)} characters)")
    assert len(shown) < 2000


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"prompt": "\\ud800"}',
        b"\xff\x00",
        b"[" * 100_000,
        b'{"a\\u0000b": [NaN]}',
        b"--b\r\n",
    ],
)
def test_the_journal_has_whatever_nonsense_came(
    watched_client: httpx.Client, told: Told, body: bytes
) -> None:
    for kind in ("application/json", "multipart/form-data; boundary=b", "text/plain"):
        headers = {"Content-Type": kind}
        response = watched_client.post("/videos", content=body, headers=headers)
        assert response.status_code == 400
    found = told("GET", "/requests")["requests"]
    assert [entry["status"] for entry in found] == [400] * 3
    assert all(entry["body"] for entry in found)


def test_the_journal_has_refused_requests_too(
    watched: Emulator, admin: httpx.Client, http: httpx.Client, key: str, told: Told
) -> None:
    http.put(f"{watched.base_url}/videos", headers={"Authorization": f"Bearer {key}"})
    http.get(f"{watched.base_url}/nowhere", headers={"Authorization": f"bearer {key}"})
    found = told("GET", "/requests")["requests"]
    assert [(entry["status"], entry["operation"]) for entry in found] == [(405, None), (404, None)]
    http.get(f"{watched.base_url}/videos/{key}")
    keyless = admin.get("/requests", params={"path": f"/v1/videos/{key}"}).json()["requests"]
    assert [entry["status"] for entry in keyless] == [401]


def test_a_request_is_in_the_journal_whose_answer_is_lost(
    watched_client: httpx.Client, told: Told, key: str, admin: httpx.Client
) -> None:
    fault = {
        "id": f"lost-{key}",
        "match": {"operation": "create_video", "key": key},
        "answer": [{"drop_after": 10}],
    }
    assert admin.post("/faults", json=fault).status_code == 201
    with pytest.raises(httpx.RemoteProtocolError):
        watched_client.post("/videos", json={"prompt": "A lost cat"})
    (entry,) = told("GET", "/requests", prompt="lost")["requests"]
    assert entry["faults"] == [f"lost-{key}"]
    assert [video["id"] for video in watched_client.get("/videos").json()["data"]] == [
        entry["video_id"]
    ]


@pytest.mark.parametrize(
    ("late", "status"),
    [
        ({"dribble": {"chunks": 50, "seconds": 4}}, 200),
        ({"delay": 4}, None),
        ({"slow_head": 4}, 200),
    ],
)
def test_a_request_is_in_the_journal_however_late_its_answer_is(
    watched: Emulator, told: Told, key: str, admin: httpx.Client, late: Any, status: int | None
) -> None:
    fault = {"match": {"operation": "list_videos", "key": key}, "answer": [late]}
    fault_id = admin.post("/faults", json=fault).json()["id"]
    address = urlsplit(watched.base_url)
    with socket.create_connection((address.hostname, address.port or 80)) as connection:
        request = f"GET /v1/videos HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {key}\r\n\r\n"
        connection.sendall(request.encode())
        if status is not None:
            assert connection.recv(1)
        deadline = time.monotonic() + 3
        while not (found := told("GET", "/requests")["requests"]) and status is None:
            assert time.monotonic() < deadline
    assert [(entry["status"], entry["faults"]) for entry in found] == [(status, [fault_id])]


def test_what_is_looked_for_in_the_journal_is_found(
    watched_client: httpx.Client, told: Told
) -> None:
    video_id = create(watched_client, "A calico cat")
    create(watched_client, "A dog")
    watched_client.get(f"/videos/{video_id}")
    watched_client.delete(f"/videos/{video_id}")
    watched_client.get("/videos/video_x")

    def found(**wanted: Any) -> list[tuple[str, int]]:
        entries = told("GET", "/requests", **wanted)["requests"]
        return [(entry["method"], entry["status"]) for entry in entries]

    everything = [("POST", 200), ("POST", 200), ("GET", 200), ("DELETE", 409), ("GET", 404)]
    assert found() == everything
    assert found(operation="create_video") == [("POST", 200)] * 2
    assert found(method="GET") == [("GET", 200), ("GET", 404)]
    assert found(status=404) == [("GET", 404)]
    assert found(status="4XX") == [("DELETE", 409), ("GET", 404)]
    assert found(video_id=video_id) == [("POST", 200), ("GET", 200), ("DELETE", 409)]
    assert found(path=f"/v1/videos/{video_id}", method="GET") == [("GET", 200)]
    assert found(prompt="calico") == [("POST", 200)]
    assert found(prompt="Calico") == found(operation="remix_video") == []


def test_the_journal_is_read_page_by_page_and_emptied(
    watched_client: httpx.Client, told: Told
) -> None:
    for _ in range(5):
        watched_client.get("/videos")
    everything = told("GET", "/requests")
    assert everything["has_more"] is False
    sequences = [entry["sequence"] for entry in everything["requests"]]
    pages = []
    after = 0
    for expected in (True, True, False):
        page = told("GET", "/requests", limit=2, after=after, method="GET")
        assert page["has_more"] is expected
        pages.append([entry["sequence"] for entry in page["requests"]])
        after = pages[-1][-1]
    assert list(itertools.chain(*pages)) == sequences
    assert told("GET", "/requests", after="9" * 15) == {"requests": [], "has_more": False}
    assert told("DELETE", "/requests") == {"removed": 5}
    assert told("GET", "/requests")["requests"] == []


# -- what is set for one key


def test_worlds_see_nothing_of_each_other(
    watched: Emulator,
    connect: Callable[..., httpx.Client],
    watched_client: httpx.Client,
    told: Told,
    key: str,
    admin: httpx.Client,
) -> None:
    stranger = connect(watched, f"{key}-other")
    video_id = create(watched_client)
    told("POST", "/clock/advance", seconds=100_000)
    told("PUT", "/progress", progress="immediate")
    told("PUT", "/webhook", url="http://127.0.0.1:9/hook?token=hidden", secret=SECRET)
    fault = {"match": {"key": key, "operation": "list_videos"}, "fault": "503"}
    added = admin.post("/faults", json=fault).json()

    assert stranger.get(f"/videos/{video_id}").status_code == 404
    assert stranger.get("/videos").json()["data"] == []
    assert watched_client.get("/videos").status_code == 503
    other = create(stranger)
    assert stranger.get(f"/videos/{other}").json()["status"] == "queued"

    theirs = {"key": f"{key}-other"}
    assert admin.get("/clock", params=theirs).json()["offset"] == pytest.approx(0, abs=1)
    assert admin.get("/progress", params=theirs).json() == {"progress": "time"}
    assert admin.get("/webhook", params=theirs).json() == {"url": None}
    assert told("GET", "/webhook") == {"url": "http://127.0.0.1:9/hook"}
    assert admin.get("/faults", params=theirs).json() == {"faults": []}
    assert told("GET", "/faults")["faults"] == [added]
    assert len(admin.get("/requests", params=theirs).json()["requests"]) == 4
    assert admin.get("/webhooks", params=theirs).json() == {"webhooks": []}
    assert [each["video_id"] for each in told("GET", "/webhooks")["webhooks"]] == [video_id]
    assert admin.get("/stats", params=theirs).json()["videos"]["queued"] == 1
    assert told("GET", "/stats")["videos"]["completed"] == 1

    told("DELETE", "/webhook")
    assert told("GET", "/webhook") == {"url": None}
    assert told("DELETE", f"/faults/{added['id']}") == {"removed": 1}
    assert watched_client.get("/videos").status_code == 200


def test_a_reset_makes_one_world_new_and_leaves_the_others(
    watched: Emulator,
    connect: Callable[..., httpx.Client],
    watched_client: httpx.Client,
    told: Told,
    key: str,
    admin: httpx.Client,
    uploaded_video: bytes,
    picture: Callable[..., bytes],
) -> None:
    stranger = connect(watched, f"{key}-other")
    kept = create(stranger)
    image = {"input_reference": ("cat.png", picture(720, 1280), "image/png")}
    response = watched_client.post("/videos", data={"prompt": "x"}, files=image)
    video_id = response.json()["id"]
    character = watched_client.post(
        "/videos/characters",
        data={"name": "Mossy"},
        files={"video": ("mossy.mp4", uploaded_video, "video/mp4")},
    ).json()
    told("POST", "/clock/advance", seconds=1000)
    told("POST", "/clock/freeze")
    told("PUT", "/progress", progress="polls:3")
    fault = {"match": {"key": key, "operation": "list_videos"}, "fault": "503"}
    admin.post("/faults", json=fault)
    assert told("GET", "/stats") == {
        "videos": {"queued": 0, "in_progress": 0, "completed": 1, "failed": 0},
        "characters": 1,
        "faults": 1,
        "requests": 2,
        "webhooks": {"delivered": 0, "waiting": 0},
    }
    assert told("GET", "/webhooks")["webhooks"]

    emptied = told("POST", "/reset")
    assert emptied["videos"] == {"queued": 0, "in_progress": 0, "completed": 0, "failed": 0}
    assert emptied["characters"] == emptied["faults"] == emptied["requests"] == 0
    assert told("GET", "/webhooks")["webhooks"] == []
    clock = told("GET", "/clock")
    assert (clock["frozen"], clock["offset"]) == (False, 0)
    assert told("GET", "/progress") == {"progress": "time"}
    assert watched_client.get("/videos").json()["data"] == []
    assert watched_client.get(f"/videos/{video_id}").status_code == 404
    assert watched_client.get(f"/videos/characters/{character['id']}").status_code == 404
    assert stranger.get(f"/videos/{kept}").status_code == 200


# -- how it is asked


def test_the_admin_api_needs_its_own_key(watched: Emulator, http: httpx.Client, key: str) -> None:
    root = watched.base_url.replace("/v1", "/_emulator")
    for path in ("/clock", "/nowhere", ""):
        for headers in ({}, {"Authorization": f"Bearer {key}"}, {"Authorization": ADMIN_KEY}):
            response = http.get(root + path, headers=headers)
            assert response.status_code == 401
            assert response.json()["error"]["code"] == "invalid_api_key"
            assert "--admin-key" in response.json()["error"]["message"]


def test_no_key_is_logged(watched: Emulator, admin: httpx.Client, key: str, told: Told) -> None:
    told("GET", "/requests")
    told("POST", "/clock/freeze")
    admin.get("/clock", params={"key": key, "nonsense": key})
    admin.put("/webhook", json={"key": key, "url": "http://user:hidden@host/", "secret": key})
    assert "/_emulator/requests" in watched.log
    for secret in (key, ADMIN_KEY, "hidden"):
        assert secret not in watched.log


def test_there_is_no_admin_api_unless_it_was_asked_for(fast: Emulator, http: httpx.Client) -> None:
    headers = {"Authorization": f"Bearer {ADMIN_KEY}"}
    response = http.get(fast.base_url.replace("/v1", "/_emulator/clock"), headers=headers)
    assert response.status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "message"),
    [
        ("POST", "/clock/advance", {}, "Missing required parameter: 'seconds'."),
        (
            "POST",
            "/clock/advance",
            {"seconds": "60"},
            "Invalid type for 'seconds': expected a number, but got a string instead.",
        ),
        ("POST", "/clock/advance", {"second": 1, "seconds": 1}, "Unknown parameter: 'second'."),
        ("POST", "/clock/advance", [], "expected an object"),
        ("POST", "/clock/freeze", {"at": "now"}, "Invalid type for 'at'"),
        ("PUT", "/progress", {"progress": "fast"}, "polls:N"),
        ("PUT", "/progress", {"progress": 3}, "Invalid type for 'progress'"),
        ("PUT", "/webhook", {"url": "http://x"}, "Missing required parameter: 'secret'."),
        ("PUT", "/webhook", {"url": "ftp://x", "secret": SECRET}, "Invalid 'url'"),
        ("PUT", "/webhook", {"url": "http://x", "secret": "abc"}, "Invalid 'secret'"),
        ("POST", "/faults", {"answer": [{"explode": 1}]}, "explode"),
        ("POST", "/faults", "x", "Invalid fault"),
        ("POST", "/reset", {"key": " "}, "Invalid 'key'"),
    ],
)
def test_what_makes_no_sense_is_refused_with_what_does(
    admin: httpx.Client, method: str, path: str, body: Any, message: str
) -> None:
    response = admin.request(method, path, json=body)
    assert response.status_code == 400, response.text
    assert message in response.json()["error"]["message"]


@pytest.mark.parametrize(
    "query",
    [
        "key=%20",
        "limit=0",
        "limit=10001",
        "limit=x",
        "after=-1",
        "status=20",
        "status=2xx",
        "operation=create_vido",
        "foo=1",
    ],
)
def test_a_search_that_makes_no_sense_is_refused(admin: httpx.Client, query: str) -> None:
    response = admin.get(f"/requests?{query}")
    assert response.status_code == 400
    assert query.partition("=")[0] in str(response.json()["error"])
    assert admin.get("/webhooks?type=completed").status_code == 400


def test_what_is_not_there_is_answered_as_the_api_does(admin: httpx.Client) -> None:
    assert admin.get("/nowhere").status_code == 404
    response = admin.put("/clock")
    assert response.status_code == 405
    assert response.headers["allow"] == "GET"
    assert admin.delete("/faults/none").status_code == 404
    assert admin.post("/clock/advance", content=b"{").status_code == 400
    assert admin.post("/clock/advance", content=b"x" * 2_000_000).status_code == 413
    for response in (admin.get("/nowhere"), admin.put("/clock"), admin.delete("/faults/none")):
        assert set(response.json()["error"]) == {"message", "type", "param", "code"}
        assert response.headers["x-request-id"].startswith("req_")


def test_whether_the_emulator_is_well_is_told_without_a_key(
    fast: Emulator, http: httpx.Client
) -> None:
    root = fast.base_url.removesuffix("/v1")
    response = http.get(f"{root}/healthz")
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert http.head(f"{root}/healthz").status_code == 200
    assert http.post(f"{root}/healthz").status_code == 405
    assert http.get(f"{root}/healthz/more").status_code == 404
