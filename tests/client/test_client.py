"""How a client is made, what it is called by, and where its key goes."""

from __future__ import annotations

import asyncio
import gc
import inspect
import subprocess
import sys
import threading
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest

import openvideos
from openvideos import APIStatusError, AsyncOpenVideos, InvalidInput, OpenVideos

from .conftest import Connect, Serve, by_one_kind
from .faulty_server import Reply, Request

VIDEO = Reply({"id": "video_1", "status": "queued"})


def test_what_is_exported_is_said_in_order() -> None:
    names = openvideos.__all__
    assert names == sorted(names, key=lambda name: (not name.isupper(), name))
    assert all(getattr(openvideos, name) for name in names)  # some are loaded by this
    public = {name for name, value in vars(openvideos).items() if not name.startswith("_")}
    modules = {name for name in public if inspect.ismodule(getattr(openvideos, name))}
    assert set(names) == public - modules


def test_what_is_loaded_later_is_named_before(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(vars(openvideos), "JobQueue", raising=False)
    assert set(openvideos.__all__) <= set(dir(openvideos))
    assert openvideos.__version__ == version("openvideos")


def test_the_address_and_the_key_come_from_the_argument_or_the_environment(
    connect: Connect, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = serve([VIDEO])

    def key_sent(url: str | None = None, **options: Any) -> str | None:
        connect(url, **options).videos.retrieve("video_1")
        return server.requests[-1].headers.get("authorization")

    assert key_sent(server.base_url, api_key=None) is None
    monkeypatch.setenv("OPENAI_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-official")
    assert key_sent(api_key=None) == "Bearer sk-official"
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("OPENVIDEOS_BASE_URL", server.base_url)
    monkeypatch.setenv("OPENVIDEOS_API_KEY", "sk-own")
    assert key_sent(api_key=None) == "Bearer sk-own"
    assert key_sent(api_key="sk-given") == "Bearer sk-given"
    assert key_sent(api_key="") is None
    assert key_sent(f"{server.base_url}/", api_key="My API Key") == "Bearer My API Key"


@by_one_kind
@pytest.mark.parametrize(
    "url", [None, "", "127.0.0.1:8000/v1", "ftp://host/v1", "http://", "http://host:port/v1", "x"]
)
def test_without_an_address_the_error_says_how_to_give_one(connect: Connect, url: Any) -> None:
    with pytest.raises(InvalidInput, match="OPENVIDEOS_BASE_URL"):
        connect(url)


@by_one_kind
@pytest.mark.parametrize("prefix", ["", "/openai/v1", "/api/inference/", "/a%20b"])
def test_the_address_may_have_any_prefix_and_a_query(
    connect: Connect, serve: Serve, prefix: str
) -> None:
    server = serve([VIDEO])
    root = server.base_url.removesuffix("/v1")
    connect(f"{root}{prefix}?api-version=preview").videos.retrieve("video_1")
    target = f"{prefix.rstrip('/')}/videos/video_1?api-version=preview"
    assert server.requests[0].target == target


def test_defaults_are_sent_with_every_request_and_can_be_overridden(
    connect: Connect, serve: Serve
) -> None:
    server = serve([VIDEO])
    client = connect(
        server.base_url, default_headers={"api-key": "k", "X-A": "1"}, default_query={"q": "1"}
    )
    client.videos.retrieve("video_1", extra_headers={"X-A": "2"}, extra_query={"p": "2"})
    (request,) = server.requests
    assert (request.headers["api-key"], request.headers["x-a"]) == ("k", "2")
    assert request.query == {"q": ["1"], "p": ["2"]}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_reads_follow_redirects_and_take_no_key_to_another_host(
    connect: Connect, serve: Serve, status: int
) -> None:
    other = serve([Reply(b"\0\0\0\x18ftypmp42" + bytes(9))])
    there = other.base_url.replace("127.0.0.1", "localhost") + "/signed?token=t"

    def answer(request: Request) -> Reply:
        if request.path.endswith("/content"):
            return Reply(b"", status, {"Location": "/v1/elsewhere"})
        return Reply(b"", status, {"Location": there})

    first = serve(answer)
    client = connect(first.base_url, default_headers={"api-key": "k"})
    client.videos.download_content("video_1", extra_headers={"X-Own": "secret"})
    assert first.requests[1].headers["authorization"] == "Bearer sk-test-key"
    assert first.requests[1].headers["api-key"] == "k"
    assert not {"authorization", "api-key", "x-own"} & other.requests[0].headers.keys()


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_a_client_of_the_users_own_takes_nothing_to_another_host_either(
    serve: Serve, kind: str
) -> None:
    import httpx

    there = serve([VIDEO])
    location = there.base_url.replace("127.0.0.1", "localhost") + "/videos/video_1"
    here = serve([Reply(b"", 307, {"Location": location})])
    options: dict[str, Any] = {"auth": ("user", "hunter2"), "headers": {"X-Mine": "secret"}}

    async def asked() -> None:
        async with httpx.AsyncClient(**options) as mine:
            await AsyncOpenVideos(base_url=here.base_url, http_client=mine).videos.retrieve("v")

    if kind == "async":
        asyncio.run(asked())
    else:
        with httpx.Client(**options) as mine:
            OpenVideos(base_url=here.base_url, http_client=mine).videos.retrieve("v")
    assert here.requests[0].headers["authorization"].startswith("Basic ")
    assert here.requests[0].headers["x-mine"] == "secret"
    assert not {"authorization", "x-mine"} & there.requests[0].headers.keys()


@pytest.mark.parametrize(
    ("there", "kept"),
    [("http://host/x", False), ("https://host/x", True), ("https://host:8443/x", False)],
)
def test_no_key_is_taken_off_an_encrypted_connection_or_to_another_port(
    there: str, kept: bool
) -> None:
    import httpx

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        if len(seen) == 1:
            return httpx.Response(307, headers={"Location": there})
        return httpx.Response(200, json={"id": "video_1"})

    seen: list[httpx.Request] = []
    with httpx.Client(transport=httpx.MockTransport(answer)) as mine:
        client = OpenVideos(
            base_url="https://host/v1",
            api_key="sk-test-key",
            default_headers={"api-key": "k"},
            http_client=mine,
        )
        client.videos.retrieve("video_1")
    assert ("api-key" in seen[1].headers) == kept
    assert ("authorization" in seen[1].headers) == kept


def test_a_header_given_in_another_case_takes_the_place_of_ours(
    connect: Connect, serve: Serve
) -> None:
    from http.client import HTTPMessage

    sent: list[list[str]] = []

    def answer(request: Request) -> Reply:
        assert isinstance(request.raw_headers, HTTPMessage)
        sent.append(request.raw_headers.get_all("authorization", []))
        return VIDEO

    client = connect(serve(answer).base_url, default_headers={"authorization": "Basic x"})
    client.videos.retrieve("video_1")
    client.videos.retrieve("video_1", extra_headers={"AUTHORIZATION": "Basic y"})
    assert sent == [["Basic x"], ["Basic y"]]


def test_a_client_that_was_closed_says_so(connect: Connect, serve: Serve) -> None:
    server = serve([VIDEO])
    client = connect(server.base_url)
    client.videos.retrieve("video_1")
    client.close()
    with pytest.raises(InvalidInput, match="client is closed"):
        client.videos.create(prompt="x")
    assert len(server.requests) == 1


def test_an_async_client_serves_one_event_loop_after_another(serve: Serve) -> None:
    server = serve([VIDEO])
    client = AsyncOpenVideos(base_url=server.base_url)

    async def ask() -> str:
        return (await client.videos.create(prompt="x")).id

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # of what the first loop left open
        before = open_files()
        assert [asyncio.run(ask()) for _ in range(9)] == ["video_1"] * 9
        gc.collect()
        assert open_files() < before + 9, "what ended loops left open is closed"
        asyncio.run(client.close())
        gc.collect()
    assert len(server.requests) == 9


def open_files() -> int:
    return len(list(Path("/dev/fd").iterdir()))


@pytest.mark.parametrize("status", [301, 302, 303])
def test_a_redirect_never_makes_a_read_of_a_create(
    connect: Connect, serve: Serve, status: int
) -> None:
    server = serve([Reply(b"", status, {"Location": "/v2/videos?x=y"})])
    with pytest.raises(APIStatusError, match="final address as base_url"):
        connect(server.base_url).videos.create(prompt="x")
    assert len(server.requests) == 1


@pytest.mark.parametrize("status", [307, 308])
def test_a_redirect_that_keeps_the_method_keeps_the_body(
    connect: Connect, serve: Serve, status: int
) -> None:
    server = serve([Reply(b"", status, {"Location": "/v2/videos"}), VIDEO])
    connect(server.base_url).videos.create(prompt="a cat", input_reference=b"\x89PNG\r\n\x1a\n")
    assert [request.path for request in server.requests] == ["/v1/videos", "/v2/videos"]
    assert server.requests[0].parts() == server.requests[1].parts()


def test_redirects_in_a_circle_end(connect: Connect, serve: Serve) -> None:
    server = serve([Reply(b"", 307, {"Location": "/v1/videos/x"})])
    with pytest.raises(APIStatusError, match="is redirected to"):
        connect(server.base_url).videos.retrieve("video_1")
    assert len(server.requests) <= 12


@by_one_kind
@pytest.mark.parametrize("video_id", ["", " ", ".", "..", None, 7])
def test_an_id_that_would_lead_elsewhere_is_refused(
    connect: Connect, serve: Serve, video_id: Any
) -> None:
    server = serve([VIDEO])
    videos = connect(server.base_url).videos
    for call in (videos.retrieve, videos.delete, videos.poll, videos.job, videos.download_content):
        with pytest.raises(InvalidInput, match="the id that the server gave"):
            call(video_id)
    assert server.requests == []


def test_a_client_of_the_users_own_is_used_and_left_open(serve: Serve) -> None:
    import httpx

    with httpx.Client(headers={"X-Mine": "1"}) as mine:
        server = serve([VIDEO])
        with OpenVideos(base_url=server.base_url, http_client=mine) as client:
            client.videos.retrieve("video_1")
        assert not mine.is_closed
    assert server.requests[0].headers["x-mine"] == "1"


def test_a_client_that_is_never_closed_leaves_no_open_sockets(serve: Serve) -> None:
    server = serve([VIDEO])
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        OpenVideos(base_url=server.base_url).videos.retrieve("video_1")
        gc.collect()


def test_an_async_client_that_is_never_closed_leaves_no_open_sockets(
    serve: Serve, recwarn: pytest.WarningsRecorder
) -> None:
    server = serve([VIDEO])

    async def main() -> str:
        return (await AsyncOpenVideos(base_url=server.base_url).videos.retrieve("video_1")).id

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        assert asyncio.run(main()) == "video_1"
        gc.collect()
    assert [str(warning.message) for warning in recwarn] == []


def test_one_client_serves_many_threads(serve: Serve) -> None:
    server = serve([VIDEO])
    with OpenVideos(base_url=server.base_url) as client:
        seen: list[str] = []

        def ask(number: int) -> None:
            seen.append(client.videos.retrieve(f"video_{number}").id)

        threads = [threading.Thread(target=ask, args=(number,)) for number in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(seen) == sorted(f"video_{number}" for number in range(20))


def test_many_jobs_are_awaited_at_once(serve: Serve) -> None:
    async def main() -> list[str]:
        server = serve([VIDEO, *[VIDEO] * 9, Reply({"id": "x", "status": "completed"})])
        async with AsyncOpenVideos(base_url=server.base_url) as client:
            jobs = [client.videos.job(f"video_{number}") for number in range(10)]
            waits = (job.wait(interval=0.01, max_wait=20) for job in jobs)
            return [video.status for video in await asyncio.gather(*waits)]

    assert asyncio.run(main()) == ["completed"] * 10


OFFICIAL = [
    "create",
    "retrieve",
    "list",
    "delete",
    "download_content",
    "remix",
    "edit",
    "extend",
    "create_character",
    "get_character",
    "poll",
    "create_and_poll",
]


def test_each_method_takes_what_the_official_one_takes() -> None:
    from openai.resources.videos import Videos

    for name in OFFICIAL:
        official = inspect.signature(getattr(Videos, name)).parameters
        ours = inspect.signature(getattr(openvideos.Videos, name)).parameters
        assert official.keys() <= ours.keys()
        for parameter in official.values():
            if parameter.name != "self":
                own = ours[parameter.name]
                assert own.kind == parameter.kind
                required = parameter.default is inspect.Parameter.empty
                assert (own.default is inspect.Parameter.empty) == required


@pytest.mark.parametrize("name", [*OFFICIAL, "submit", "download", "job"])
def test_sync_and_async_are_one_in_name_signature_and_help(name: str) -> None:
    sync, later = getattr(openvideos.Videos, name), getattr(openvideos.AsyncVideos, name)
    assert sync.__name__ == later.__name__ == name
    assert sync.__doc__ == later.__doc__
    assert inspect.signature(sync).parameters == inspect.signature(later).parameters
    returned = [str(inspect.signature(method).return_annotation) for method in (sync, later)]
    assert returned[1].removeprefix("Async").replace("Pages", "Page") == returned[0]


def test_the_official_exceptions_are_here_by_their_names() -> None:
    import openai

    names = [
        name
        for name, value in list(vars(openai).items())
        if name.startswith(("API", "Bad", "Auth", "Perm", "Not", "Conf", "Unproc", "Rate", "Int"))
        and isinstance(value, type)
        and issubclass(value, openai.APIError)
    ]
    assert len(names) >= 12
    for name in names:
        ours, official = getattr(openvideos, name), getattr(openai, name)
        bases = {base.__name__ for base in official.__mro__} & set(openvideos.__all__)
        assert bases <= {base.__name__ for base in ours.__mro__}


def test_the_import_loads_nothing_that_a_retrieve_does_not_need() -> None:
    heavy = (
        "asyncio anyio pydantic yaml typer sqlalchemy importlib.metadata jsonschema_rs "
        "click rich pygments openvideos_api.models.create_video_form"
    )
    code = f"import openvideos, sys; print([m for m in '{heavy}'.split() if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
