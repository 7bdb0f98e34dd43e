"""The clock that jobs go by."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from openvideos_emulator.remote.admin_api import fields

if TYPE_CHECKING:
    from openvideos_emulator.remote.admin_api import AdminApi

__tracebackhide__ = True  # pytest shows a failure where a test has called


class RemoteClock:
    """The time that jobs go by. It can be turned forward, and stand still."""

    def __init__(self, admin: AdminApi, key: str | None) -> None:
        self._admin = admin
        self._key = key

    def now(self) -> float:
        """Return its time in Unix seconds."""
        return float(self._read()["now"])

    def is_frozen(self) -> bool:
        """Tell whether it stands still."""
        return bool(self._read()["frozen"])

    def advance(self, seconds: float | timedelta) -> float:
        """Turn it forward, and return its time once the webhooks that became due were tried."""
        if isinstance(seconds, timedelta):
            seconds = seconds.total_seconds()
        return self._set("advance", seconds=seconds)

    def freeze(self, at: float | datetime | None = None) -> float:
        """Let it stand still, and return its time.

        Args:
            at: Its time from now on, in Unix seconds; what it is now where None.
        """
        if isinstance(at, datetime):
            at = at.timestamp()
        return self._set("freeze", at=at)

    def unfreeze(self) -> float:
        """Let it go on from where it stands, and return its time."""
        return self._set("unfreeze")

    def _read(self) -> Any:
        return self._admin.call("GET", "/clock", query={"key": self._key})

    def _set(self, how: str, **values: Any) -> float:
        return float(
            self._admin.call("POST", f"/clock/{how}", fields(key=self._key, **values))["now"]
        )
