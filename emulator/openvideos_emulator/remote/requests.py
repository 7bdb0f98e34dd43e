"""The requests that an emulator has received."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import attrs

from openvideos_emulator.remote.admin_api import fields
from openvideos_emulator.remote.records import Records, record

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from openvideos_emulator.remote.admin_api import AdminApi

__tracebackhide__ = True  # pytest shows a failure where a test has called
_PAGE = 1000


@attrs.frozen
class RecordedRequest:
    """A request that the emulator received.

    Attributes:
        sequence: Its place among all requests.
        received: When it came, in Unix seconds.
        method: Its method.
        path: Its path, without the query.
        operation: What it asked for, such as `create_video`; None where that is nothing known.
        query: The parameters of its query.
        headers: Its headers by their names in lower case, keys masked.
        body: Its JSON or form fields; a file is told by its name, size and digest.
        status: The status of the answer, None where a fault let there be none.
        video_id: The video that it was about, or that it made.
        faults: The ids of the faults that it met.
    """

    sequence: int
    received: float
    method: str
    path: str
    operation: str | None
    query: Mapping[str, Any]
    headers: Mapping[str, Any]
    body: Any
    status: int | None
    video_id: str | None
    faults: Sequence[str]

    def __str__(self) -> str:
        told = [self.method, self.path, str(self.status or "no answer"), *self.faults]
        return " ".join(told)


class Requests(Records[RecordedRequest]):
    """The requests that were received, oldest first."""

    def __init__(self, admin: AdminApi, key: str | None, filters: Mapping[str, Any]) -> None:
        super().__init__(self._read)
        self._admin = admin
        self._key = key
        self._filters = filters

    def where(
        self,
        *,
        operation: str | None = None,
        method: str | None = None,
        path: str | None = None,
        status: int | str | None = None,
        video_id: str | None = None,
        prompt: str | None = None,
    ) -> Requests:
        """Return those of these requests that fit.

        Args:
            operation: What was asked for, such as `create_video`.
            method: The method.
            path: The path, such as `/v1/videos`.
            status: The answer's status, or its class such as `4XX`.
            video_id: The video that it was about, or that it made.
            prompt: What the prompt holds.
        """
        given = fields(
            operation=operation,
            method=method,
            path=path,
            status=status,
            video_id=video_id,
            prompt=prompt,
        )
        return Requests(self._admin, self._key, {**self._filters, **given})

    def clear(self) -> None:
        """Forget all requests so far, whatever the filter."""
        self._admin.call("DELETE", "/requests", query={"key": self._key})

    def _read(self) -> list[RecordedRequest]:
        found: list[RecordedRequest] = []
        has_more = True
        while has_more:
            after = found[-1].sequence if found else None
            page = self._admin.call(
                "GET",
                "/requests",
                query={"key": self._key, "after": after, "limit": _PAGE, **self._filters},
            )
            found += [record(RecordedRequest, each) for each in page["requests"]]
            has_more = page["has_more"]
        return found
