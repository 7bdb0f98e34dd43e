# Generated from openapi.yaml; do not edit: change the contract and run `make generate`.

"""Where the generated operations send their requests."""

import httpx
from attrs import define, field

_TIMEOUT = httpx.Timeout(60.0)


@define
class Client:
    """A server that asks for no key.

    `set_httpx_client` and `set_async_httpx_client` take clients of your own making, which then
    decide everything: base URL, headers, time limits.
    """

    base_url: str
    headers: dict[str, str] = field(factory=dict, repr=False, kw_only=True)
    timeout: httpx.Timeout = field(default=_TIMEOUT, kw_only=True)
    _sync: httpx.Client | None = field(default=None, init=False, repr=False)
    _async: httpx.AsyncClient | None = field(default=None, init=False, repr=False)

    def all_headers(self) -> dict[str, str]:
        """The headers of each request."""
        return self.headers

    def set_httpx_client(self, client: httpx.Client) -> None:
        """Send synchronous requests with `client`."""
        self._sync = client

    def set_async_httpx_client(self, client: httpx.AsyncClient) -> None:
        """Send asynchronous requests with `client`."""
        self._async = client

    def get_httpx_client(self) -> httpx.Client:
        """The client of synchronous requests, made when first asked for."""
        if self._sync is None:
            self._sync = httpx.Client(
                base_url=self.base_url, headers=self.all_headers(), timeout=self.timeout
            )
        return self._sync

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """The client of asynchronous requests, made when first asked for."""
        if self._async is None:
            self._async = httpx.AsyncClient(
                base_url=self.base_url, headers=self.all_headers(), timeout=self.timeout
            )
        return self._async


@define
class AuthenticatedClient(Client):
    """A server that asks for a key, sent as a bearer token."""

    token: str = field(repr=False)

    def all_headers(self) -> dict[str, str]:
        """The headers of each request, the key among them."""
        return {**self.headers, "Authorization": f"Bearer {self.token}"}
