"""A server that keeps the Videos contract: for trying a product against, with no GPU and no bill.

`openvideos emulator` runs it; `Emulator` runs it from Python for as long as a block lasts; the
pytest fixture `video_emulator` is a world of its own for each test.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from openvideos_emulator.process.running import Emulator
    from openvideos_emulator.remote import (
        EmulatorError,
        RecordedRequest,
        RecordedWebhook,
        RemoteWorld,
    )
    from openvideos_emulator.settings import SettingsError

__all__ = [
    "Emulator",
    "EmulatorError",
    "RecordedRequest",
    "RecordedWebhook",
    "RemoteWorld",
    "SettingsError",
]

_HOME = {"Emulator": "process.running", "SettingsError": "settings"}


def __getattr__(name: str) -> object:
    # Every pytest imports this package for its plugin, and most use nothing of it.
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME.get(name, 'remote')}"), name)
