"""--allow-fetch: the image that a URL names is fetched, from the public internet only."""

import asyncio
import http.server
import ipaddress
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import trustme

from openvideos_emulator import Emulator
from openvideos_emulator.http.errors import ApiError
from openvideos_emulator.operations.fetching import Fetcher, FetchError, is_public, resolved

from .conftest import NO_TLS

# One server of its own is enough: these tests run in one process.
pytestmark = pytest.mark.xdist_group("fetching")

PUBLIC = ipaddress.ip_address("93.184.216.34")
IMAGE = b"\x89PNG and more"


class Site:
    """A web server on loopback, whose answers are told by path."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.asked: list[tuple[str, str]] = []
        site = self

        class Answer(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                site.asked.append((self.headers["Host"], self.path))
                name = self.path.partition("?")[0].lstrip("/")
                answers: dict[str, Callable[[], object]] = {
                    "moved": lambda: self._send(302, {"Location": self.path.partition("?")[2]}),
                    "page": lambda: self._send(200, {"Content-Type": "text/html"}, b"<p>"),
                    "packed": lambda: self._send(200, {"Content-Encoding": "gzip"}, b"x"),
                    "broken": lambda: self.wfile.write(b"nonsense\r\n\r\n"),
                    "cut": lambda: self._send(200, {"Content-Length": "100"}, b"x"),
                    "image": lambda: self._send(200, {"Content-Type": "image/png"}, IMAGE),
                    "endless": lambda: self._send(200, {}, b"x" * 100_000),
                }
                answers.get(name, lambda: self._send(404, {}))()

            def _send(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.port = self._server.server_port
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class OnLoopback(httpx.AsyncHTTPTransport):
    """Sends what is for the one public address to a site on loopback."""

    def __init__(self, site: Site, tls: ssl.SSLContext) -> None:
        super().__init__(trust_env=False, verify=tls)
        self._site = site

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        assert request.url.host == str(PUBLIC)
        request.url = request.url.copy_with(host="127.0.0.1", port=self._site.port)
        return await super().handle_async_request(request)


@pytest.fixture
def site() -> Iterator[Site]:
    site = Site()
    yield site
    site.close()


def fetch(
    site: Site,
    url: str,
    *,
    hosts: dict[str, list[str]] | None = None,
    tls: ssl.SSLContext = NO_TLS,
) -> tuple[bytes, str]:
    """Fetch a URL where some hosts have these addresses, one after another, others the public."""
    answers = {host: iter(addresses) for host, addresses in (hosts or {}).items()}

    async def resolve(host: str, _port: int) -> list[Any]:
        if host in answers:
            return [ipaddress.ip_address(next(answers[host]))]
        return [PUBLIC]

    def refuse(kind: str) -> None:
        if kind == "text/html":
            raise ApiError(400, "no image")

    fetcher = Fetcher(resolve, OnLoopback(site, tls), longest=50_000, seconds=5)
    return asyncio.run(fetcher.fetch(url, refuse))


def test_what_a_url_names_is_fetched_from_the_address_that_was_looked_at(site: Site) -> None:
    assert fetch(site, "http://images.test:8080/image?a=1") == (IMAGE, "image/png")
    assert site.asked == [("images.test:8080", "/image?a=1")]


def test_a_certificate_is_checked_for_the_name_not_the_address() -> None:
    authority = trustme.CA()
    server, client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), ssl.create_default_context()
    authority.issue_cert("images.test").configure_cert(server)
    authority.configure_trust(client)
    site = Site(server)
    try:
        assert fetch(site, "https://images.test/image", tls=client)[0] == IMAGE
        with pytest.raises(ApiError, match="there was no answer"):
            fetch(site, "https://other.test/image", tls=client)
    finally:
        site.close()


def test_redirects_are_followed_and_looked_at_each(site: Site) -> None:
    assert fetch(site, "http://images.test/moved?/moved?http://other.test/image")[0] == IMAGE
    assert [host for host, _ in site.asked] == ["images.test", "images.test", "other.test"]
    hosts = {"inside.test": ["10.0.0.1"]}
    with pytest.raises(ApiError, match="not on the public internet"):
        fetch(site, "http://images.test/moved?http://inside.test/image", hosts=hosts)


def test_a_name_is_resolved_once_for_each_request(site: Site) -> None:
    # What it means at the second look is not asked for.
    hosts = {"rebound.test": [str(PUBLIC), "127.0.0.1"]}
    assert fetch(site, "http://rebound.test/image", hosts=hosts)[0] == IMAGE
    with pytest.raises(ApiError, match="not on the public internet"):
        fetch(site, "http://rebound.test/moved?/image", hosts=hosts)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("http://images.test/nothing", "it was answered with 404"),
        ("http://images.test/page", "no image"),
        ("http://images.test/packed", "its answer is compressed"),
        ("http://images.test/broken", "there was no answer"),
        ("http://images.test/cut", "there was no answer"),
        ("http://images.test/endless", "it has more than 50000 bytes"),
        ("http://images.test/moved?/moved?/moved?/moved?/image", "redirected more than 3 times"),
        ("http://images.test/moved?file:///etc/passwd", "only http and https URLs are fetched"),
        ("ftp://images.test/image", "only http and https URLs are fetched"),
        ("file:///etc/passwd", "only http and https URLs are fetched"),
        ("http://images.test:99999/image", "there is no such port"),
        ("http://images.test:0/image", "there is no such port"),
        ("http://[::1", "there was no answer"),
        ("http:///image", "only http and https URLs are fetched"),
        ("http://user:secret@images.test/cut", "there was no answer"),
        ("http://user:secret@[::1", "there was no answer"),
    ],
)
def test_what_is_not_fetched_is_refused_and_said(site: Site, url: str, reason: str) -> None:
    with pytest.raises(ApiError) as refusal:
        fetch(site, url)
    assert refusal.value.status == 400
    assert reason in refusal.value.message
    assert "secret" not in refusal.value.message


def test_what_takes_too_long_is_given_up() -> None:
    async def never(_host: str, _port: int) -> list[Any]:
        await asyncio.sleep(60)
        return []

    with pytest.raises(ApiError, match=r"longer than 0\.01 seconds"):
        asyncio.run(Fetcher(never, seconds=0.01).fetch("http://images.test/", lambda _: None))


@pytest.mark.parametrize(
    "address",
    [
        *("0.0.0.0", "10.1.2.3", "100.64.0.1", "127.0.0.1", "127.1.2.3", "169.254.169.254"),  # noqa: S104 - bound to nothing
        *("172.16.0.1", "192.168.1.1", "192.0.2.1", "198.18.0.1", "224.0.0.1", "240.0.0.1"),
        *("255.255.255.255", "::", "::1", "::7f00:1", "::ffff:127.0.0.1", "::ffff:10.0.0.1"),
        *("64:ff9b::7f00:1", "64:ff9b:1::1", "100::1", "2001:db8::1", "2002:7f00:1::1"),
        *("2001:0:7f00:1::1", "fc00::1", "fd12::1", "fe80::1", "fe80::1%1", "fec0::1", "ff02::1"),
    ],
)
def test_no_address_that_only_this_machine_may_reach_is_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "::ffff:1.1.1.1"]
)
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize("host", ["localhost", "127.1", "2130706433", "0x7f000001", "::1"])
def test_every_spelling_of_loopback_is_known_for_what_it_is(host: str) -> None:
    try:
        addresses = asyncio.run(resolved(host, 80))
    except FetchError:
        return
    assert not any(map(is_public, addresses))


def test_an_unknown_host_is_refused() -> None:
    with pytest.raises(FetchError, match="its host is not known"):
        asyncio.run(resolved("nobody.invalid", 80))
    with pytest.raises(FetchError, match="its host is not known"):
        asyncio.run(resolved("a" * 64 + ".test", 80))


@pytest.fixture(scope="module")
def fetching() -> Iterator[Emulator]:
    with Emulator(allow_fetch=True) as emulator:
        yield emulator


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "2130706433", "[::ffff:127.0.0.1]"])
def test_the_emulator_sends_nothing_to_its_own_machine(
    fetching: Emulator, connect: Callable[..., httpx.Client], host: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        url = f"http://{host}:{listener.getsockname()[1]}/a.png"
        refused = connect(fetching).post(
            "/videos", json={"prompt": "x", "input_reference": {"image_url": url}}
        )
        with pytest.raises(TimeoutError):
            listener.accept()
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert (error["param"], error["code"]) == ("input_reference.image_url", "invalid_image_url")
    assert "its host is not on the public internet" in error["message"]


def test_a_url_is_not_looked_at_where_nothing_is_fetched(
    client: httpx.Client,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/a.png"
        made = client.post("/videos", json={"prompt": "x", "input_reference": {"image_url": url}})
        with pytest.raises(TimeoutError):
            listener.accept()
    assert made.status_code == 200
