"""An HTTP answer, as everything above the transport sees it."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Mapping


@frozen(repr=False, eq=False)
class Response:
    """An HTTP answer, read to its end.

    Attributes:
        status_code: The HTTP status.
        headers: The headers; names are looked up in any case.
        content: The body, in bytes.
        method: The method of the request.
        url: The address that answered, without its query.
        elapsed: How long it took, from sending the request to what is read of the body.
        retries_taken: How often the request had been sent before.
    """

    status_code: int
    headers: Mapping[str, str]
    content: bytes
    method: str
    url: str
    elapsed: timedelta = timedelta(0)
    retries_taken: int = 0

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.status_code} to {self.method} {self.url}>"

    @property
    def request_id(self) -> str | None:
        """The server's id of the request, to quote when asking for help; None where not given."""
        return self.headers.get("x-request-id")

    @property
    def is_success(self) -> bool:
        """Whether the status is 2xx."""
        return 200 <= self.status_code < 300

    @property
    def media_type(self) -> str:
        """The kind of the body, such as `video/mp4`, without parameters; empty where not given."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    @property
    def text(self) -> str:
        """The body as text; bytes that are no UTF-8 are replaced."""
        return self.content.decode("utf-8", errors="replace")

    def json(self) -> Any:
        """Return the body, decoded; bytes in it that are no UTF-8 are replaced.

        Raises:
            ValueError: The body is not JSON.
        """
        try:
            return json.loads(self.content)
        except UnicodeDecodeError:
            return json.loads(self.text)

    def json_or_none(self) -> Any:
        """Return the body, decoded; None where it is not JSON."""
        try:
            return self.json()
        except (ValueError, RecursionError):
            return None
