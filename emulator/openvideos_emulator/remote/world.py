"""A world as it is steered and seen from outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from openvideos_emulator.remote.admin_api import AdminApi, fields
from openvideos_emulator.remote.clock import RemoteClock
from openvideos_emulator.remote.faults import RemoteFaults
from openvideos_emulator.remote.requests import Requests
from openvideos_emulator.remote.webhooks import Webhooks

if TYPE_CHECKING:
    from collections.abc import Mapping

__tracebackhide__ = True  # pytest shows a failure where a test has called


class RemoteWorld:
    """One key's world, or all of them, as they are steered and seen from outside.

    Attributes:
        base_url: Where the emulator answers, such as `http://127.0.0.1:40123/v1`.
        api_key: The key whose world it is.
    """

    def __init__(self, base_url: str, api_key: str, admin: AdminApi, key: str | None) -> None:
        """Describe it; `key` is None where it is all worlds."""
        self.base_url = base_url
        self.api_key = api_key
        self._admin = admin
        self._key = key

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"

    @property
    def environment(self) -> dict[str, str]:
        """The variables by which this project's client and the official SDKs find the emulator."""
        return {
            "OPENVIDEOS_BASE_URL": self.base_url,
            "OPENVIDEOS_API_KEY": self.api_key,
            "OPENAI_BASE_URL": self.base_url,
            "OPENAI_API_KEY": self.api_key,
        }

    @property
    def clock(self) -> RemoteClock:
        """The time that jobs go by."""
        return RemoteClock(self._admin, self._key)

    @property
    def faults(self) -> RemoteFaults:
        """What goes wrong on purpose."""
        return RemoteFaults(self._admin, self._key)

    @property
    def requests(self) -> Requests:
        """The requests that were received."""
        return Requests(self._admin, self._key, {})

    @property
    def webhooks(self) -> Webhooks:
        """The events that were due."""
        return Webhooks(self._admin, self._key, {})

    def set_progress(self, progress: str | None) -> None:
        """Set how jobs that are made from now on progress.

        Args:
            progress: `time`, `immediate` or `polls:N`; None is as the emulator was started.
        """
        if progress is None:
            self._admin.call("DELETE", "/progress", query={"key": self._key})
        else:
            self._admin.call("PUT", "/progress", fields(key=self._key, progress=progress))

    def stats(self) -> Mapping[str, Any]:
        """Return how much of everything there is."""
        found: Mapping[str, Any] = self._admin.call("GET", "/stats", query={"key": self._key})
        return found

    def reset(self) -> None:
        """Forget videos, characters, faults, requests and webhooks, and turn the clock back."""
        self._admin.call("POST", "/reset", fields(key=self._key))
