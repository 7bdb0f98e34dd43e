"""Each fault that has a name, asked for in one of three ways, and seen over a real socket."""

import contextlib
import json
import re
import secrets
import socket
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook

import openvideos_spec
from openvideos_emulator import Emulator
from openvideos_emulator.contract import Contract
from openvideos_emulator.faults import parse_faults
from openvideos_emulator.faults.asked import faults_of_header, faults_of_prompt
from openvideos_emulator.faults.named import named_faults
from openvideos_emulator.faults.table import table
from openvideos_emulator.process.logs import name_of_key
from openvideos_emulator.settings import SettingsError

from .conftest import NO_TLS

pytestmark = pytest.mark.xdist_group("named faults")

HEADER = "X-OpenVideos-Fault"
CONTRACT = Contract(openvideos_spec.load("openai"))

Test = TypeVar("Test", bound=Callable[..., None])
SHOWN: set[str] = set()


def shows(*names: str) -> Callable[[Test], Test]:
    """Tell which faults a test sees."""
    SHOWN.update(names)
    return lambda test: test


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("faults") / "emulator.sqlite"


@pytest.fixture(scope="module")
def emulator(database: Path) -> Iterator[Emulator]:
    with Emulator(speed=100_000, admin=True, media="tiny", db=database) as running:
        yield running


class Client(httpx.Client):
    """A client with a key of its own."""

    def __init__(self, emulator: Emulator) -> None:
        self.key = f"sk-{secrets.token_hex(16)}"
        self.world = emulator.world(self.key)
        super().__init__(
            base_url=emulator.base_url,
            headers={"Authorization": f"Bearer {self.key}"},
            timeout=10,
            verify=NO_TLS,
        )

    def created(self, prompt: str = "A cat", **fault: str) -> dict[str, Any]:
        """Return a new Video."""
        answer = self.post("/videos", json={"prompt": prompt}, headers=fault)
        assert answer.status_code == 200, answer.text
        video: dict[str, Any] = answer.json()
        return video

    def finished(self, prompt: str = "A cat", **fault: str) -> str:
        """Return the id of a new video that is at its end."""
        video_id: str = self.created(prompt, **fault)["id"]
        self.world.clock.advance(60)
        return video_id

    def faulty(self, path: str, fault: str) -> httpx.Response:
        """Return an answer that a fault happens to."""
        return self.get(path, headers={HEADER: fault})


@pytest.fixture
def client(emulator: Emulator) -> Iterator[Client]:
    with Client(emulator) as made:
        yield made


def raw(client: Client, path: str, fault: str) -> tuple[bytes, bool]:
    """Return all that a socket receives, and whether the connection is reset in the end."""
    lines = [
        f"GET /v1{path} HTTP/1.1",
        "Host: localhost",
        f"Authorization: Bearer {client.key}",
        f"{HEADER}: {fault}",
    ]
    with socket.create_connection((client.base_url.host, client.base_url.port or 0), 10) as own:
        own.sendall("\r\n".join([*lines, "", ""]).encode())
        received = b""
        try:
            while piece := own.recv(65536):
                received += piece
        except ConnectionResetError:
            return received, True
    return received, False


@shows("fail", "moderation_blocked")
def test_a_job_fails_with_a_code(client: Client) -> None:
    # However the name is written, and with an argument or without.
    prompts = {
        "A cat [fail]": "video_generation_failed",
        "A cat [FAIL:server_error]": "server_error",
        "[Moderation-Blocked] a cat": "moderation_blocked",
    }
    for prompt, code in prompts.items():
        video = client.get(f"/videos/{client.finished(prompt)}").json()
        assert (video["status"], video["error"]["code"]) == ("failed", code)
        assert video["prompt"] == prompt
    by_header = client.finished(**{HEADER: "fail:quota:No more videos."})
    assert client.get(f"/videos/{by_header}").json()["error"] == {
        "code": "quota",
        "message": "No more videos.",
    }


@shows("stuck_at_99")
def test_a_job_is_stuck_at_99_for_ever(client: Client) -> None:
    video_id = client.finished("A cat [stuck_at_99]")
    client.world.clock.advance(10**7)
    video = client.get(f"/videos/{video_id}").json()
    assert (video["status"], video["progress"]) == ("in_progress", 99)


@shows("slow")
def test_a_job_takes_longer(client: Client) -> None:
    usual, slow = client.created(), client.created("A cat [slow:1000000]")
    client.world.clock.advance(20)
    status = {each["id"]: each["status"] for each in client.get("/videos").json()["data"]}
    assert status == {usual["id"]: "completed", slow["id"]: "queued"}


@shows("answer_lost")
def test_a_job_is_created_though_the_answer_is_lost(client: Client) -> None:
    with pytest.raises(httpx.ReadError):
        client.created("A cat [answer_lost]")
    assert [each["prompt"] for each in client.get("/videos").json()["data"]] == [
        "A cat [answer_lost]"
    ]


@shows("unknown_status", "status_missing", "field_missing", "wrong_type")
def test_a_video_is_not_what_the_contract_says(client: Client) -> None:
    path = f"/videos/{client.finished()}"
    usual = client.get(path).json()
    assert client.faulty(path, "unknown_status").json() == {**usual, "status": "archived"}
    assert client.faulty(path, "unknown_status:paused").json()["status"] == "paused"
    assert client.faulty(path, "status_missing").json().keys() == usual.keys() - {"status"}
    assert client.faulty(path, "field_missing").json().keys() == usual.keys() - {"progress"}
    assert client.faulty(path, "field_missing:id").json().keys() == usual.keys() - {"id"}
    assert client.faulty(path, "wrong_type").json() == {**usual, "progress": []}
    both = client.faulty(path, "wrong_type:size, field_missing:model").json()
    assert both["size"] == []
    assert "model" not in both


@shows("400", "401", "403", "404", "408", "409", "429", "500", "503", "529")
@pytest.mark.parametrize("status", [400, 401, 403, 404, 408, 409, 429, 500, 503, 529])
def test_a_request_is_refused_in_the_envelope(client: Client, status: int) -> None:
    for answer in (
        client.post("/videos", json={"prompt": f"A cat [{status}]"}),
        client.faulty("/videos", str(status)),
    ):
        assert answer.status_code == status
        assert answer.json()["error"].keys() == {"message", "type", "param", "code"}
        assert answer.headers["x-request-id"].startswith("req_")
        assert answer.headers.get("retry-after") == ("1" if status in (429, 503) else None)
    assert client.get("/videos").json()["data"] == []


def test_a_refusal_says_when_to_come_back(client: Client) -> None:
    assert client.faulty("/videos", "429:17").headers["retry-after"] == "17"
    client.world.faults.add("503", 9)
    assert client.get("/videos").headers["retry-after"] == "9"


@shows("html_error_page")
def test_an_error_is_a_page_of_html(client: Client) -> None:
    answer = client.faulty("/videos", "html_error_page")
    assert (answer.status_code, answer.headers["content-type"]) == (502, "text/html; charset=utf-8")
    assert answer.text.startswith("<html>")
    assert client.faulty("/videos", "html_error_page:504").status_code == 504


@shows("connection_reset_by_peer", "empty_response")
def test_a_connection_ends_before_the_request_was_seen(client: Client) -> None:
    assert raw(client, "/videos", "CONNECTION_RESET_BY_PEER") == (b"", True)
    assert raw(client, "/videos", "EMPTY_RESPONSE") == (b"", False)
    with pytest.raises(httpx.ReadError):
        client.created("A cat [connection_reset_by_peer]")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        client.created("A cat [empty_response]")
    assert client.get("/videos").json()["data"] == []


@shows("reset_after_headers")
def test_a_connection_is_reset_after_the_headers(client: Client) -> None:
    received, is_reset = raw(client, "/videos", "reset_after_headers")
    assert is_reset
    assert received.startswith(b"HTTP/1.1 200 OK\r\n")
    assert received.endswith(b"\r\n\r\n")


@shows("random_data_then_close", "malformed_response_chunk")
def test_what_comes_is_no_http(client: Client) -> None:
    garbage, is_reset = raw(client, "/videos", "RANDOM_DATA_THEN_CLOSE")
    assert not garbage.startswith(b"HTTP")
    assert (len(garbage) > 100, is_reset) == (True, False)
    received, _ = raw(client, "/videos", "MALFORMED_RESPONSE_CHUNK")
    head, _, rest = received.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"transfer-encoding: chunked" in head
    assert len(rest) > 100
    with pytest.raises(httpx.RemoteProtocolError):
        client.faulty("/videos", "malformed_response_chunk")


@shows("fixed_delay_milliseconds", "slow_headers", "chunked_dribble_delay")
def test_an_answer_is_slow(client: Client) -> None:
    usual = client.get("/videos").json()
    for fault in ("fixedDelayMilliseconds:150", "slow_headers:150"):
        began = time.monotonic()
        assert client.faulty("/videos", fault).json() == usual
        assert 0.15 <= time.monotonic() - began < 5
    assert client.faulty("/videos", "chunked_dribble_delay:1:150").elapsed.total_seconds() >= 0.15
    client.world.faults.add("chunkedDribbleDelay", {"numberOfChunks": 4, "totalDuration": 200})
    began = time.monotonic()
    with client.stream("GET", "/videos") as answer:
        head = time.monotonic() - began
        pieces = list(answer.iter_raw())
    assert json.loads(b"".join(pieces)) == usual
    assert len(pieces) == 4
    assert head < time.monotonic() - began - 0.1


@pytest.mark.parametrize(
    "fault",
    [
        "connection_reset_by_peer",
        "fixed_delay_milliseconds:600000",
        "slow_headers:600000",
        "chunked_dribble_delay:2:600000",
    ],
)
def test_nothing_goes_on_for_a_client_that_has_gone(
    emulator: Emulator, client: Client, fault: str
) -> None:
    head = f"GET /v1/videos HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {client.key}\r\n"
    # Another request waits behind the one that the fault happens to.
    requests = f"{head}{HEADER}: {fault}\r\n\r\n{head}\r\n"
    address = (client.base_url.host, client.base_url.port or 0)
    with socket.create_connection(address, 10) as own:
        own.sendall(requests.encode())
        while "dribble" in fault and b"\r\n\r\n" not in own.recv(65536):
            pass
    # Logged when it is over.
    over = name_of_key(f"Bearer {client.key}") or ""
    deadline = time.monotonic() + 5
    while over not in emulator.log:
        assert time.monotonic() < deadline
        time.sleep(0.01)


@shows("cut_at", "corrupt_bytes", "wrong_content_length")
def test_a_download_is_not_the_file(client: Client) -> None:
    path = f"/videos/{client.finished()}/content"
    whole = client.get(path).content
    with pytest.raises(httpx.RemoteProtocolError, match="received 700 bytes"):
        client.faulty(path, "cut_at:700")
    corrupt = client.faulty(path, "corrupt_bytes:10:2").content
    changed = [place for place, byte in enumerate(whole) if corrupt[place] != byte]
    assert (changed, len(corrupt)) == ([10, 11], len(whole))
    with pytest.raises(httpx.RemoteProtocolError, match=f"expected {len(whole) + 100}"):
        client.faulty(path, "wrong_content_length")
    assert client.faulty(path, "wrong_content_length:-10").content == whole[:-10]


@shows("range_ignored", "etag_changed", "expired")
def test_a_download_cannot_be_resumed(client: Client) -> None:
    path = f"/videos/{client.finished()}/content"
    whole = client.get(path)
    part = {"Range": "bytes=5-9", "If-Range": whole.headers["etag"]}
    assert client.get(path, headers=part).status_code == 206
    ignored = client.get(path, headers={**part, HEADER: "range_ignored"})
    assert (ignored.status_code, ignored.content) == (200, whole.content)
    assert "accept-ranges" not in ignored.headers
    client.world.faults.add("etag_changed")
    first, second = client.get(path), client.get(path, headers=part)
    assert first.headers["etag"] == whole.headers["etag"]
    assert (second.status_code, second.headers["etag"]) == (200, '"another-file"')
    expired = client.faulty(path, "expired")
    assert expired.status_code == 404
    assert expired.json()["error"]["message"].startswith("The video is no longer available.")


def test_a_file_changes_while_it_is_downloaded(client: Client) -> None:
    path = f"/videos/{client.finished('A cat [cut_at:700*1] [etag_changed]')}/content"
    with client.stream("GET", path) as broken:
        etag = broken.headers["etag"]
        with pytest.raises(httpx.RemoteProtocolError, match="received 700 bytes"):
            broken.read()
    resumed = client.get(path, headers={"Range": "bytes=700-", "If-Range": etag})
    assert (resumed.status_code, resumed.headers["etag"] == etag) == (200, False)
    assert resumed.content[4:8] == b"ftyp"


@shows("redirect")
def test_a_download_is_redirected_to_another_host_without_a_key(client: Client) -> None:
    path = f"/videos/{client.finished('A cat [redirect]')}/content"
    whole = client.faulty("/videos", "unknown_status")
    answer = client.get(path)
    target = httpx.URL(answer.headers["location"])
    assert (answer.status_code, target.host) == (302, "localhost")
    assert client.base_url.host == "127.0.0.1"
    # httpx takes the key off for another host; whoever does not is told.
    whole = client.get(path, follow_redirects=True)
    assert whole.status_code == 200
    assert whole.content[4:8] == b"ftyp"
    part = httpx.get(target, headers={"Range": "bytes=4-7"}, verify=NO_TLS)
    assert (part.status_code, part.content) == (206, b"ftyp")
    assert client.get(target).json()["error"]["code"] == "unexpected_authorization"
    assert httpx.get(f"{target}x", verify=NO_TLS).status_code == 404
    thumbnail = client.get(f"{path}?variant=thumbnail", follow_redirects=True)
    assert thumbnail.headers["content-type"] == "image/webp"
    elsewhere = client.faulty(path, "redirect:cdn.example:8000").headers["location"]
    assert elsewhere.startswith("http://cdn.example:8000/_files/")


@pytest.mark.parametrize("host", ["", "[::1", "x:99999999", "a]b", "localhost:80:80", "é"])
def test_whatever_host_was_asked_for_a_download_is_redirected(client: Client, host: str) -> None:
    path = f"/videos/{client.finished()}/content"
    headers = [(HEADER.encode(), b"redirect"), (b"Host", host.encode("latin-1"))]
    answer = client.get(path, headers=headers)
    assert answer.status_code == 302
    target = httpx.URL(answer.headers["location"])
    assert (target.host, target.port) == ("127.0.0.1", client.base_url.port)
    assert httpx.get(target, verify=NO_TLS).status_code == 200


class Receiver(HTTPServer):
    """A server that keeps the webhooks it receives."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Keep)
        self.received: list[tuple[dict[str, str], bytes]] = []


class _Keep(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.server.received.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@shows("webhook_duplicate", "webhook_late", "webhook_forged", "webhook_lost")
def test_webhooks_come_twice_late_forged_or_never(client: Client) -> None:
    secret = "whsec_" + "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE="
    with Receiver() as receiver:
        threading.Thread(target=receiver.serve_forever, args=(0.01,), daemon=True).start()
        url = f"http://127.0.0.1:{receiver.server_port}/"
        client.world.webhooks.send_to(url, secret)
        ids = {
            name: client.created(f"A cat [webhook_{name}]")["id"]
            for name in ("duplicate", "late", "forged", "lost")
        }
        client.world.clock.advance(30)
        early = list(receiver.received)
        client.world.clock.advance(60)
        late = list(receiver.received)
        receiver.shutdown()

    def of(name: str, deliveries: list[tuple[dict[str, str], bytes]]) -> list[dict[str, str]]:
        about = ids[name].encode()
        return [headers for headers, body in deliveries if about in body]

    assert len(of("duplicate", late)) == 2
    assert len({headers["webhook-id"] for headers in of("duplicate", late)}) == 1
    assert (len(of("late", early)), len(of("late", late))) == (0, 1)
    assert of("lost", late) == []
    forged = [each for each in late if ids["forged"].encode() in each[1]]
    assert sorted(is_signed(secret, *each) for each in forged) == [False, True]


def is_signed(secret: str, headers: dict[str, str], body: bytes) -> bool:
    # Not verified by the library, as the world's clock is ahead of the machine's.
    when = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    expected = Webhook(secret).sign(headers["webhook-id"], when, body.decode())
    return expected in headers["webhook-signature"].split()


def test_a_directive_stays_with_its_video(client: Client) -> None:
    prompt = "A [calico] cat [cut_at:700] [unknown_status:paused] [slow:motion] [expired:x]"
    unlucky, lucky = client.finished(prompt), client.finished()
    for _ in range(2):
        video = client.get(f"/videos/{unlucky}").json()
        assert (video["status"], video["prompt"]) == ("paused", prompt)
        with pytest.raises(httpx.RemoteProtocolError, match="received 700 bytes"):
            client.get(f"/videos/{unlucky}/content")
    assert client.get(f"/videos/{lucky}").json()["status"] == "completed"
    assert client.get(f"/videos/{lucky}/content").status_code == 200


def test_a_directive_can_name_an_operation_and_how_often(client: Client) -> None:
    path = f"/videos/{client.finished('[503@retrieve_video*2] [429@delete_video*1] A cat')}"
    assert [client.get(path).status_code for _ in range(4)] == [503, 503, 200, 200]
    assert [client.delete(path).status_code for _ in range(2)] == [429, 200]
    tries = [client.post("/videos", json={"prompt": "A cat [500*2]"}) for _ in range(4)]
    assert [each.status_code for each in tries] == [500, 500, 200, 200]
    another = client.post("/videos", json={"prompt": "A dog [500*2]"})
    assert another.status_code == 500


def test_a_directive_is_read_from_a_form_and_from_a_remix(client: Client) -> None:
    source = client.finished()
    form = client.post("/videos", files={"prompt": (None, "A cat [fail:one]")}).json()
    remix = client.post(f"/videos/{source}/remix", json={"prompt": "[fail:two]"}).json()
    client.world.clock.advance(60)
    codes = [client.get(f"/videos/{each['id']}").json()["error"]["code"] for each in (form, remix)]
    assert codes == ["one", "two"]
    assert client.get(f"/videos/{source}").json()["status"] == "completed"


def test_a_header_that_asks_for_no_fault_is_refused_with_those_there_are(client: Client) -> None:
    refused = client.faulty("/videos", "explode")
    assert refused.status_code == 400
    for name in ("'explode'", HEADER, "stuck_at_99", "connection_reset_by_peer"):
        assert name in refused.json()["error"]["message"]
    reasons = {
        "cut_at:many": "its form is cut_at:BYTES, where BYTES is an integer",
        "cut_at:-1": "bytes: -1 is less than the minimum of 0",
        "expired:now": "it takes no argument",
        "slow:10": "it happens to a job, so only to create_video",
    }
    for fault, reason in reasons.items():
        refused = client.faulty("/videos", fault)
        assert refused.status_code == 400
        assert reason in refused.json()["error"]["message"]


def test_a_fault_of_one_key_concerns_that_key_only(emulator: Emulator, client: Client) -> None:
    client.world.faults.add("429", operation="list_videos", nth=2)
    with Client(emulator) as other:
        assert [other.get("/videos").status_code for _ in range(3)] == [200, 200, 200]
    assert [client.get("/videos").status_code for _ in range(3)] == [200, 429, 200]
    [fault] = client.world.faults
    assert client.key not in json.dumps(fault)
    client.world.faults.clear()
    client.world.faults.add("429", first=1)
    client.world.faults.add("503", first=1)
    assert [client.get("/videos").status_code for _ in range(3)] == [429, 503, 200]


def test_a_fault_that_was_removed_and_added_again_counts_anew(client: Client) -> None:
    fault = {"id": f"once-{client.key}", "fault": "429", "match": {"first": 1}}
    for _ in range(2):
        fault_id = client.world.faults.add(fault)
        assert [client.get("/videos").status_code for _ in range(2)] == [429, 200]
        client.world.faults.remove(fault_id)
    assert client.get("/videos").status_code == 200


def test_what_happened_to_a_request_is_in_the_journal(client: Client) -> None:
    client.faulty("/videos", "slow_headers:1, 404")
    client.created("A cat [stuck_at_99]")
    seen = [request.faults for request in client.world.requests]
    assert [list(each) for each in seen] == [["404", "slow_headers:1"], ["[stuck_at_99]"]]


def test_servers_on_one_database_count_alike(client: Client, database: Path) -> None:
    here = client
    with Emulator(speed=100_000, db=database, admin=True) as two, Client(two) as there:
        there.headers["Authorization"] = here.headers["Authorization"]
        here.world.faults.add("503", operation="list_videos", nth=[2, 3])
        statuses = [each.get("/videos").status_code for each in (there, here, there, here)]
        assert statuses == [200, 503, 503, 200]
        path = f"/videos/{here.finished('A cat [500@retrieve_video*2]')}"
        statuses = [each.get(path).status_code for each in (there, here, there, here)]
        assert statuses == [500, 500, 200, 200]


def test_of_many_faults_a_request_has_fifty(client: Client) -> None:
    many = [f"[cut_at:{number}]" for number in range(100_000)]
    assert [fault.id for fault in faults_of_prompt("".join(many), CONTRACT)] == many[:50]
    for count, status in ((50, 404), (51, 400)):
        answer = client.faulty("/videos/none", ",".join(["slow_headers:1"] * count))
        assert answer.status_code == status
    assert "at most 50 faults" in answer.json()["error"]["message"]


@given(st.text() | st.from_regex(r"\[[a-z0-9_]{2,20}(:.{0,9})?(@\w+)?(\*\d)?\]"))
def test_any_text_is_a_prompt_and_a_header_or_clearly_none(text: str) -> None:
    for fault in faults_of_prompt(text, CONTRACT):
        assert fault.id in text
    with contextlib.suppress(SettingsError):
        faults_of_header(text, "create_video", CONTRACT)


PAGE = (Path(__file__).parents[2] / "docs" / "faults.md").read_text(encoding="utf-8")


def test_the_table_of_the_documentation_is_that_of_the_emulator() -> None:
    assert table() in PAGE


def test_the_examples_of_the_documentation_are_faults() -> None:
    prompts = re.findall(r"^A calico cat .*", PAGE, re.MULTILINE)
    assert [len(faults_of_prompt(each, CONTRACT)) for each in prompts] == [1, 1, 1, 1, 2]
    headers = re.findall(rf"'{HEADER}: ([^']+)'", PAGE)
    assert [len(faults_of_header(each, None, CONTRACT)) for each in headers] == [1, 2]
    bodies = [json.loads(each) for each in re.findall(r"-d '([^']+)'", PAGE)]
    assert len(parse_faults(bodies, CONTRACT)) == 2


def test_every_fault_that_has_a_name_is_shown() -> None:
    assert {fault.name for fault in named_faults().values()} == SHOWN
