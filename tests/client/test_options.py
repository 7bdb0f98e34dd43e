"""A copy of a client differs in what is given, and shares the connections of its original."""

from __future__ import annotations

import inspect
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import httpx
import pytest

from openvideos import (
    NOT_GIVEN,
    APITimeoutError,
    AsyncOpenVideos,
    InvalidInput,
    OpenVideos,
    RateLimitError,
    not_given,
    omit,
)
from openvideos._client import Changes

from .conftest import Connect, Serve, by_one_kind
from .fake_clock import FakeClock
from .faulty_server import Reply, Silence

VIDEO = Reply({"id": "video_1", "status": "queued"})
BUSY = Reply(b"", 429)


def test_a_copy_has_its_own_time_limit_retries_and_key(connect: Connect, serve: Serve) -> None:
    server = serve([BUSY, BUSY, VIDEO, VIDEO, BUSY])
    client = connect(server.base_url, max_retries=0)
    patient = client.with_options(max_retries=2, api_key="sk-other")
    assert patient.videos.retrieve("video_1").id == "video_1"
    assert client.videos.retrieve("video_1").id == "video_1"
    with pytest.raises(RateLimitError):
        client.copy().videos.retrieve("video_1")
    keys = [request.headers["authorization"] for request in server.requests]
    assert keys == ["Bearer sk-other"] * 3 + ["Bearer sk-test-key"] * 2
    assert (patient.max_retries, client.max_retries) == (2, 0)
    assert (patient.api_key, patient.base_url) == ("sk-other", client.base_url)


def test_a_copy_with_a_time_limit_gives_up_by_it(connect: Connect, serve: Serve) -> None:
    client = connect(serve([Silence()]).base_url, max_retries=0)
    with pytest.raises(APITimeoutError):
        client.with_options(timeout=0.05).videos.retrieve("video_1")
    assert client.timeout == 600


@by_one_kind
@pytest.mark.parametrize("timeout", [None, 5, httpx.Timeout(3)])
def test_no_time_limit_is_one_too(connect: Connect, timeout: Any) -> None:
    client = connect("http://host/v1").with_options(timeout=timeout)
    assert client.timeout == client.copy().timeout == timeout


def test_headers_and_query_are_laid_over_those_of_the_original_or_take_their_place(
    connect: Connect, serve: Serve
) -> None:
    server = serve([VIDEO])
    client = connect(
        f"{server.base_url}?version=1",
        default_headers={"X-A": "1", "X-B": "1"},
        default_query={"a": "1", "b": "1"},
    )
    more = client.with_options(default_headers={"x-a": "2"}, default_query={"a": "2"})
    other = more.with_options(set_default_headers={"X-C": "3"}, set_default_query={"c": "3"})
    for one in (more, other, client):
        one.videos.retrieve("video_1")
    sent = [
        ({name: value for name, value in request.headers.items() if name.startswith("x-")})
        for request in server.requests
    ]
    assert sent == [{"x-a": "2", "x-b": "1"}, {"x-c": "3"}, {"x-a": "1", "x-b": "1"}]
    assert [request.query for request in server.requests] == [
        {"version": ["1"], "a": ["2"], "b": ["1"]},
        {"version": ["1"], "c": ["3"]},
        {"version": ["1"], "a": ["1"], "b": ["1"]},
    ]


@by_one_kind
@pytest.mark.parametrize("name", ["default_headers", "default_query"])
def test_to_lay_over_and_to_replace_at_once_is_refused(connect: Connect, name: str) -> None:
    both = {name: {"a": "1"}, f"set_{name}": {"a": "1"}}
    with pytest.raises(InvalidInput, match=f"{name} or set_{name}, not both"):
        connect("http://host/v1").with_options(**both)


@by_one_kind
@pytest.mark.parametrize(
    "wrong",
    [
        {"max_retries": -1},
        {"retry_create": "no"},
        {"timeout": 0},
        {"base_url": "host"},
        {"api_key": "a\nb"},
        {"default_headers": "X-Team: 7"},
        {"default_query": [("team", "7")]},
        {"set_default_query": {7: "team"}},
    ],
)
def test_a_copy_is_checked_like_an_original(connect: Connect, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        connect("http://host/v1").with_options(**wrong)


@by_one_kind
@pytest.mark.parametrize("name", ["extra_headers", "extra_query", "extra_body"])
def test_what_goes_along_with_a_request_goes_by_names(connect: Connect, name: str) -> None:
    videos = connect("http://host/v1").videos
    for wrong in ("a=b", [("a", "b")], {7: "b"}):
        with pytest.raises(InvalidInput, match="names with their values"):
            videos.create(prompt="x", **{name: wrong})
        with pytest.raises(InvalidInput, match="names with their values"):
            videos.retrieve("video_1", **{name: wrong})


@by_one_kind
def test_an_option_that_there_is_not_is_named(connect: Connect) -> None:
    with pytest.raises(TypeError, match=r"^with_options\(\) got an unexpected .* 'max_retry'$"):
        connect("http://host/v1").with_options(max_retry=1)


def test_what_is_left_out_in_either_way_is_kept(connect: Connect, serve: Serve) -> None:
    client = connect(serve([VIDEO]).base_url, timeout=7, max_retries=5, retry_create=True)
    for left_out in (NOT_GIVEN, not_given, omit):
        copy = client.with_options(timeout=left_out, max_retries=left_out, api_key=None)
        assert (copy.timeout, copy.max_retries, copy.api_key) == (7, 5, "sk-test-key")
        assert copy.settings.retry_create is True
        assert copy.videos.retrieve("video_1", timeout=left_out).id == "video_1"
    assert connect("http://host/v1", timeout=NOT_GIVEN).timeout == 600


def test_each_argument_of_an_operation_may_be_left_out_in_either_way(
    connect: Connect, serve: Serve
) -> None:
    server = serve(lambda request: Reply({"id": "v", "data": [{"id": "v"}]}))
    videos = connect(server.base_url).videos
    for left_out in (None, NOT_GIVEN, omit):
        page = videos.list(after=left_out, limit=left_out, order=left_out)
        assert page.has_next_page() is True
        names = ("input_reference", "model", "seconds", "size", "characters")
        videos.create(prompt="x", **dict.fromkeys(names, left_out))
    assert {request.target for request in server.requests} == {"/v1/videos"}
    bodies = [request.fields() for request in server.requests if request.body]
    assert bodies == [{"prompt": "x"}] * 3


@by_one_kind
def test_a_copy_does_not_look_into_the_environment_again(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect("http://host/v1", api_key="")
    monkeypatch.setenv("OPENVIDEOS_API_KEY", "sk-later")
    monkeypatch.setenv("OPENVIDEOS_BASE_URL", "http://later/v1")
    copy = client.with_options(max_retries=1)
    assert (copy.api_key, copy.base_url) == (None, "http://host/v1")


def test_a_copy_may_be_of_another_server(connect: Connect, serve: Serve) -> None:
    here, there = serve([VIDEO]), serve([VIDEO])
    client = connect(here.base_url)
    client.with_options(base_url=there.base_url).videos.retrieve("video_1")
    assert (len(here.requests), len(there.requests)) == (0, 1)


def test_connections_are_shared_and_closed_together(connect: Connect, serve: Serve) -> None:
    client = connect(serve([VIDEO]).base_url)
    copy = client.with_options(timeout=5)
    assert copy.videos.retrieve("video_1").id == "video_1"
    assert (client.is_closed(), copy.is_closed()) == (False, False)
    copy.close()
    assert (client.is_closed(), copy.is_closed()) == (True, True)
    with pytest.raises(InvalidInput, match="closed"):
        client.videos.retrieve("video_1")


def test_a_copy_of_a_subclass_is_one_and_keeps_its_attributes() -> None:
    class Mine(OpenVideos):
        note = "none"

    client = Mine(base_url="http://host/v1")
    client.note = "kept"
    assert type(client.with_options(timeout=1)) is Mine
    assert client.with_options(timeout=1).note == "kept"


def test_another_http_client_may_be_given_to_a_copy(serve: Serve) -> None:
    server = serve([VIDEO])
    with (
        OpenVideos(base_url=server.base_url) as client,
        httpx.Client(headers={"X-Mine": "1"}) as mine,
    ):
        copy = client.with_options(http_client=mine)
        copy.videos.retrieve("video_1")
        client.videos.retrieve("video_1")
        copy.close()
        assert not client.is_closed()
        assert not mine.is_closed
    assert ["x-mine" in request.headers for request in server.requests] == [True, False]


@pytest.mark.parametrize(
    ("kind", "given", "wanted"),
    [
        (OpenVideos, httpx.AsyncClient, "httpx.AsyncClient; it must be an httpx.Client"),
        (AsyncOpenVideos, httpx.Client, "it must be an httpx.AsyncClient"),
        (OpenVideos, object, "builtins.object"),
    ],
)
def test_an_http_client_of_the_wrong_kind_is_refused(kind: Any, given: Any, wanted: str) -> None:
    with pytest.raises(InvalidInput, match=wanted):
        kind(base_url="http://host/v1", http_client=given())


@pytest.mark.parametrize("kind", [OpenVideos, AsyncOpenVideos])
def test_a_client_and_its_copies_take_what_the_official_ones_take_for_videos(kind: Any) -> None:
    from openai import OpenAI

    elsewhere = {"admin_api_key", "workload_identity", "organization", "project", "provider"}
    elsewhere |= {"data_residency", "websocket_base_url"}
    made = inspect.signature(OpenAI.__init__).parameters.keys() - elsewhere
    copied = inspect.signature(OpenAI.copy).parameters.keys() - elsewhere
    ours = inspect.signature(kind.__init__).parameters.keys()
    changes = Changes.__annotations__.keys() | {"self", "http_client"}
    assert {name for name in made if not name.startswith("_")} <= ours
    assert {name for name in copied if not name.startswith("_")} <= changes
    assert kind.copy is kind.with_options


def test_threads_share_a_client_and_its_copies(serve: Serve, clock: FakeClock) -> None:
    server = serve(lambda request: Reply({"id": request.path[-4:], "status": "queued"}))
    seen: list[tuple[str, str]] = []
    with OpenVideos(base_url=server.base_url, _clock=clock.clock) as client:

        def ask(number: int) -> None:
            copy = client.with_options(default_headers={"X-Thread": str(number)})
            for _ in range(5):
                raw = copy.videos.with_raw_response.retrieve(f"v{number:03}")
                seen.append((raw.parse().id, raw.json()["id"]))

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(seen) == sorted([(f"v{number:03}",) * 2 for number in range(16)] * 5)
    for request in server.requests:
        assert request.path.endswith(f"v{int(request.headers['x-thread']):03}")


FORK = """
import os, sys
from openvideos import OpenVideos
client = OpenVideos(base_url=sys.argv[1])
client.videos.retrieve("before")
child = os.fork()
who = "parent" if child else "child"
for number in range(10):
    assert client.videos.retrieve(f"{who}_{number}").raw["asked"] == f"{who}_{number}"
client.close()
if child:
    _, status = os.waitpid(child, 0)
    assert status == 0
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_a_forked_process_has_connections_of_its_own(serve: Serve, tmp_path: Path) -> None:
    server = serve(
        lambda request: Reply({"id": "x", "status": "queued", "asked": request.path[11:]})
    )
    script = tmp_path / "fork.py"
    script.write_text(FORK, encoding="utf-8")
    done = subprocess.run([sys.executable, script, server.base_url], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    ports: dict[str, set[int]] = {"before": set(), "child": set(), "parent": set()}
    for request in server.requests:
        ports[request.path[11:].split("_")[0]].add(request.client_port)
    assert ports["child"].isdisjoint(ports["before"] | ports["parent"])
