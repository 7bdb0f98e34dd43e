"""No key, password or secret is ever shown: by no repr, no error, no traceback and no log."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from openvideos import AsyncOpenVideos, InvalidInput, OpenVideos, OpenVideosError

from .fake_clock import FakeClock
from .faulty_server import Answer, FaultyServer, Reply, Request, Reset, refusing_url

MARK = "s3cr3t"  # is in each secret
SECRETS = st.from_regex(rf"{MARK}[A-Za-z0-9+/=_.-]{{8,30}}", fullmatch=True)
VIDEO = Reply({"id": "video_1", "status": "queued"})


@pytest.fixture(scope="module")
def repeating_server() -> Iterator[FaultyServer]:
    """Repeats all that it was sent, by refusals of several kinds."""

    def answer(request: Request) -> Answer:
        said = f"{request.target} {' '.join(request.headers.values())}"
        match request.path.rpartition("/")[2]:
            case "json":
                return Reply({"error": {"message": f"no: {said}", "code": "invalid_api_key"}}, 401)
            case "html":
                return Reply(f"<title>{said}</title>".encode())
            case "busy":
                return Reply(said.encode(), 503)
            case "reset":
                return Reset()
        return VIDEO

    with FaultyServer(answer) as server:
        yield server


def options(place: str, secret: str, url: str) -> dict[str, Any]:
    """Return the arguments of a client whose secret is in one place."""
    match place:
        case "key":
            return {"api_key": secret, "base_url": url}
        case "password":
            login = f"user:{quote(secret, safe='')}@"
            return {"base_url": url.replace("http://", f"http://{login}")}
        case "address":
            return {"base_url": f"{url}?api-key={quote(secret, safe='')}"}
        case "header":
            return {"base_url": url, "default_headers": {"X-Api-Key": secret}}
        case "authorization":
            return {"base_url": url, "default_headers": {"Authorization": f"Token {secret}"}}
        case "query":
            return {"base_url": url, "default_query": {"token": secret}}
    return {"base_url": url, "webhook_secret": f"whsec_{secret}"}


PLACES = ["key", "password", "address", "header", "authorization", "query", "webhook"]


@pytest.mark.parametrize("place", PLACES)
def test_a_secret_is_shown_nowhere(
    place: str, repeating_server: FaultyServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    clock = FakeClock()

    @settings(max_examples=5)  # the rest is the socket's time
    @given(SECRETS)
    def holds(secret: str) -> None:
        caplog.clear()
        shown: list[str] = []
        arguments = options(place, secret, repeating_server.base_url)
        with OpenVideos(**arguments, max_retries=1, _clock=clock.clock) as client:
            clients = [client, client.with_options(timeout=5), AsyncOpenVideos(**arguments)]
            shown += [text for each in clients for text in (repr(each), repr(each.settings))]
            shown += [repr(vars(each)) for each in clients]
            for video_id in ("json", "html", "busy", "reset", "video_1"):
                shown += told(client, video_id)
        with OpenVideos(**options(place, secret, refusing_url()), max_retries=0) as client:
            shown += told(client, "video_1")
        shown += [record.getMessage() for record in caplog.records]
        shown += [str(record.args) for record in caplog.records]
        assert not [text for text in shown if MARK in text]
        assert len(caplog.records) > 20

    holds()


def told(client: OpenVideos, video_id: str) -> list[str]:
    try:
        video = client.videos.retrieve(video_id)
    except OpenVideosError as error:
        response = getattr(error, "response", None)
        return [
            str(error),
            repr(error),
            "".join(traceback.format_exception(error)),
            repr(vars(error)),
            response.text + repr(dict(response.headers)) if response else "",
        ]
    return [repr(video)]


@pytest.mark.parametrize("place", PLACES[:-1])
def test_a_secret_that_cannot_be_sent_is_refused_without_being_shown(place: str) -> None:
    for wrong in ("\n", "é", "\x00"):
        arguments = options(place, f"{MARK}-long-enough{wrong}", refusing_url())
        with pytest.raises(OpenVideosError) as caught:
            OpenVideos(**arguments, max_retries=0).videos.retrieve("video_1")
        assert MARK not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "url", ["http://user:s3cr3t/x@host/v1", "http://user:s3cr3t@host:port/v1", "s3cr3t@host"]
)
def test_an_address_that_is_none_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        OpenVideos(base_url=url)
    assert MARK not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    "proxy", ["http://user:s3cr3t/x@host:80", "http://user:s3cr3t@host:x", "x://u:s3cr3t@host"]
)
def test_a_proxy_that_is_none_is_refused_without_its_password(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", proxy)
    with pytest.raises(InvalidInput, match="HTTP_PROXY") as caught:
        OpenVideos(base_url="http://host/v1")
    assert MARK not in "".join(traceback.format_exception(caught.value))


def test_short_values_and_those_that_are_no_secrets_do_not_garble_what_servers_say(
    repeating_server: FaultyServer,
) -> None:
    client = OpenVideos(
        base_url=repeating_server.base_url,
        api_key="no",
        default_headers={"X-Team": "video-team", "X-Token": "a"},
    )
    assert "video-team" in told(client, "json")[0]
    assert told(client, "json")[0].startswith("no: ")
