"""Whom https connections trust."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme

from openvideos import APIConnectionError
from openvideos._http import certificates as certificates

from .conftest import Connect
from .faulty_server import FaultyServer, Reply

VIDEO = {"id": "video_1", "status": "completed"}


@pytest.fixture
def authority(monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """Who signs the server's certificate, and is not known unless a test says so."""
    monkeypatch.setattr(certificates, "_certificates", certificates._certificates.__wrapped__)
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    return trustme.CA()


@pytest.fixture
def secure(authority: trustme.CA) -> Iterator[str]:
    """The base URL of a server that speaks https."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    with FaultyServer([Reply(VIDEO)] * 10, context) as server:
        yield server.base_url


@pytest.fixture
def plain(secure: str) -> Iterator[str]:
    """The base URL of a server that speaks http, and sends its clients on to the other."""
    with FaultyServer([Reply(b"", 307, {"Location": f"{secure}/videos/video_1"})] * 10) as server:
        yield server.base_url


@pytest.mark.parametrize("address", ["secure", "plain"])
def test_a_server_whose_certificate_is_not_trusted_is_told_nothing(
    connect: Connect, request: pytest.FixtureRequest, address: str
) -> None:
    client = connect(request.getfixturevalue(address), max_retries=0)
    with pytest.raises(APIConnectionError, match=r"(?i)certificate"):
        client.videos.retrieve("video_1")


@pytest.mark.parametrize("address", ["secure", "plain"])
def test_a_server_whose_certificate_the_environment_names_is_trusted(
    connect: Connect,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    authority: trustme.CA,
    address: str,
) -> None:
    authority.cert_pem.write_to_path(tmp_path / "authority.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authority.pem"))
    client = connect(request.getfixturevalue(address), max_retries=0)
    assert client.videos.retrieve("video_1").status == "completed"


def test_certificates_are_read_when_a_connection_needs_them(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reads() -> ssl.SSLContext:
        pytest.fail("certificates were read for a server that speaks plain http")

    monkeypatch.setattr(certificates, "_certificates", reads)
    with FaultyServer([Reply(VIDEO)]) as server:
        assert connect(server.base_url).videos.retrieve("video_1").id == "video_1"
