"""How much is being uploaded at once."""

from __future__ import annotations

import contextlib
from http import HTTPStatus
from typing import TYPE_CHECKING

from openvideos_emulator.http.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import Message, Receive


class Intake:
    """All the bodies that requests have brought and are not answered yet.

    Each may be long, but together they must have room in memory.
    """

    def __init__(self, most: int) -> None:
        """Begin with none.

        Args:
            most: How many bytes they may have together.
        """
        self._left = most

    @contextlib.contextmanager
    def counting(self, receive: Receive) -> Iterator[Receive]:
        """Yield what receives a request, whose body counts until the block ends.

        Where there is no room for more of it, that raises an `ApiError`: 503.
        """
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            length = len(message.get("body", b""))
            taken += length
            self._left -= length
            if self._left < 0:
                raise ApiError(
                    HTTPStatus.SERVICE_UNAVAILABLE,
                    "Too much is being uploaded at once. Please try again later.",
                    kind="server_error",
                    headers={"Retry-After": "1", "Connection": "close"},
                )
            return message

        try:
            yield counted
        finally:
            self._left += taken
