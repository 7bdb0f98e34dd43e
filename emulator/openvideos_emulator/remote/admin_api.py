"""How the admin API is called."""

from __future__ import annotations

import http.client
import json
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__tracebackhide__ = True  # pytest shows a failure where a test has called
_ROOT = "/_emulator"
# Turning the clock waits for webhooks, whose receivers have some seconds each.
_TIMEOUT = 120.0


class EmulatorError(Exception):
    """The emulator did not start, has gone, or refuses what it was told; the message says which."""


class AdminApi:
    """The admin API of one emulator."""

    def __init__(self, base_url: str, key: str | None, why_gone: Callable[[], str]) -> None:
        """Describe it.

        Args:
            base_url: The emulator's base URL, empty where it was not started.
            key: The key of the admin API, None where that is off.
            why_gone: Tells what became of an emulator that does not answer.
        """
        self._address = urlsplit(base_url).netloc
        self._key = key
        self._why_gone = why_gone

    @property
    def url(self) -> str:
        """Its own base URL, such as `http://127.0.0.1:40123/_emulator`."""
        return f"http://{self._address}{_ROOT}"

    def call(
        self,
        method: str,
        path: str,
        body: Mapping[str, Any] | None = None,
        query: Mapping[str, Any] | None = None,
    ) -> Any:
        """Return what the API answers.

        Raises:
            EmulatorError: It refuses, or does not answer.
        """
        if not self._address:
            raise EmulatorError(f"the emulator does not answer: {self._why_gone()}")
        if self._key is None:
            raise EmulatorError("the emulator's admin API is off: start it with admin=True")
        given = fields(**(query or {}))
        url = f"{_ROOT}{path}" + (f"?{urlencode(given)}" if given else "")
        headers = {"Authorization": f"Bearer {self._key}"}
        if body is not None:
            headers["Content-Type"] = "application/json"
        connection = http.client.HTTPConnection(self._address, timeout=_TIMEOUT)
        try:
            connection.request(method, url, json.dumps(body) if body is not None else None, headers)
            answer = connection.getresponse()
            status, text = answer.status, answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise EmulatorError(f"the emulator does not answer: {self._why_gone()}") from error
        finally:
            connection.close()
        try:
            content: Any = json.loads(text)
            complaint = content["error"]["message"] if status >= http.client.BAD_REQUEST else None
        except (ValueError, LookupError, TypeError) as error:
            raise EmulatorError(f"no admin API: {url} was answered {status}") from error
        if complaint is not None:
            raise EmulatorError(complaint)
        return content


def fields(**values: Any) -> dict[str, Any]:
    """Return those values that are given."""
    return {name: value for name, value in values.items() if value is not None}
