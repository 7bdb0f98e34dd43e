"""A running emulator from outside: its worlds' clocks, faults, requests and webhooks.

Everything here is a request to the admin API.
"""

from openvideos_emulator.remote.admin_api import AdminApi, EmulatorError
from openvideos_emulator.remote.requests import RecordedRequest
from openvideos_emulator.remote.webhooks import RecordedWebhook
from openvideos_emulator.remote.world import RemoteWorld

__all__ = ["AdminApi", "EmulatorError", "RecordedRequest", "RecordedWebhook", "RemoteWorld"]
