"""Faults, added while an emulator runs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from openvideos_emulator.remote.records import Records

if TYPE_CHECKING:
    from openvideos_emulator.remote.admin_api import AdminApi

__tracebackhide__ = True  # pytest shows a failure where a test has called
_NOTHING: Any = object()


class RemoteFaults(Records[Mapping[str, Any]]):
    """What goes wrong on purpose, added while the emulator runs, in order."""

    def __init__(self, admin: AdminApi, key: str | None) -> None:
        super().__init__(self._read)
        self._admin = admin
        self._key = key

    def add(self, fault: str | Mapping[str, Any], argument: Any = _NOTHING, **match: Any) -> str:
        """Add a fault, and return its id.

        ```python
        emulator.faults.add("429", operation="create_video", first=2)
        emulator.faults.add("slow", 10)
        emulator.faults.add({"match": {"status": 200}, "answer": [{"remove": "$.id"}]})
        ```

        Args:
            fault: The name of one, or one written out, as in a file of faults.
            argument: What the named one takes, if something; its default where left out.
            **match: When it happens, in the words of a file's `match`, such as `operation`, `nth`,
                `first`, `every`, `per`.

        Raises:
            EmulatorError: There is no such fault; the message says what there is.
        """
        written: dict[str, Any]
        if isinstance(fault, str):
            written = {"fault": fault if argument is _NOTHING else {fault: argument}}
        else:
            written = dict(fault)
        when = {**written.get("match", {}), **match}
        if self._key is not None:
            when["key"] = self._key
        return str(self._admin.call("POST", "/faults", {**written, "match": when})["id"])

    def remove(self, fault_id: str) -> None:
        """Remove a fault.

        Raises:
            EmulatorError: There is none with that id.
        """
        self._admin.call("DELETE", f"/faults/{quote(fault_id, safe='')}")

    def clear(self) -> None:
        """Remove all faults that were added here."""
        self._admin.call("DELETE", "/faults", query={"key": self._key})

    def _read(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = self._admin.call(
            "GET", "/faults", query={"key": self._key}
        )["faults"]
        return found
