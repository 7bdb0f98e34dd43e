"""What a running emulator can be told."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import attrs

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


# So slow that nothing is ever made; times that are slower still have no room in a database.
_SLOWEST = 1e-6


class SettingsError(ValueError):
    """A setting that makes no sense; the message says which, and what is allowed."""


def _check_speed(_settings: object, _attribute: object, speed: float) -> None:
    if not (math.isfinite(speed) and speed >= _SLOWEST):
        raise SettingsError(
            f"--speed must be a number above 0, such as 1 or 60, and at least {_SLOWEST}; "
            f"got {speed}"
        )


def _check_port(_settings: object, _attribute: object, port: int) -> None:
    if not 0 <= port <= 65535:
        raise SettingsError(f"--port must be 0 (any free one) to 65535; got {port}")


def _check_keys(_settings: object, _attribute: object, keys: Sequence[str]) -> None:
    if any(not key.strip() for key in keys):
        raise SettingsError("--api-key must not be empty")
    if any(key != key.strip() or not key.isprintable() for key in keys):
        raise SettingsError(
            "--api-key must be text that a header can hold: no blanks around it, no line breaks"
        )


@attrs.frozen(kw_only=True)
class Settings:
    """The settings of one emulator.

    Attributes:
        host: The address to listen on.
        port: The port to listen on; 0 picks a free one.
        database: A path, or a `sqlite:///` URL, that keeps the state; None keeps it in a
            temporary file that is removed at the end.
        reset: Whether to empty the database first.
        speed: How many times faster than the real service jobs are queued and made. Expiry is
            not divided by it.
        api_keys: The keys that are accepted; empty accepts any.
        dialect: The dialect that closes the contract: a name or the path of an Overlay
            document; None is the bare protocol.
        canned: Whether any video and character id exists, completed.
        faults: A file of faults to inject, or None.
        port_file: A file that receives the port once the emulator answers, or None.
        quiet: Whether to log no requests.
        until_stdin_closes: Whether to stop when stdin is closed, as it is when whoever started
            the emulator has ended, however that came about.
        max_body_bytes: The longest request body that is read.
        workers: How many processes answer.
        expires_after: After how many seconds a completed video's assets are gone.
        progress: How jobs progress: `time` (by the clock), `immediate`, or `polls:N` (one of N
            steps at each retrieve).
        models: The models that are offered in place of the dialect's; empty keeps those.
        sizes: The sizes likewise, such as `1280x720`.
        seconds: The lengths likewise, such as `5`.
        input_reference: The arm of `input_reference` that is accepted: `object`, `file`, `both`.
        allow_fetch: Whether an `image_url` is fetched, which never goes to a private address.
        media: `full`, or `tiny` for small files that are made at once.
        rpm: How many requests a minute a key may send; None is any number.
        max_running: How many jobs of a key may run at once; None is any number.
        admin: Whether the admin API under `/_emulator` is there.
        admin_key: The key of the admin API.
        webhook: The URL that events of all keys are sent to, or None.
        webhook_secret: What they are signed with: `whsec_` and Base64.
        log_format: `plain` or `json`.
    """

    host: str = "127.0.0.1"
    port: int = attrs.field(default=8000, validator=_check_port)
    database: str | None = None
    reset: bool = False
    speed: float = attrs.field(default=60.0, validator=_check_speed)
    api_keys: Sequence[str] = attrs.field(default=(), validator=_check_keys, repr=False)
    dialect: str | None = "openai"
    canned: bool = False
    faults: Path | None = None
    port_file: Path | None = None
    quiet: bool = False
    until_stdin_closes: bool = False
    max_body_bytes: int = 100 * 1024 * 1024
    workers: int = 1
    expires_after: float = 3600.0
    progress: str = "time"
    models: Sequence[str] = ()
    sizes: Sequence[str] = ()
    seconds: Sequence[str] = ()
    input_reference: str = "both"
    allow_fetch: bool = False
    media: str = "full"
    rpm: int | None = None
    max_running: int | None = None
    admin: bool = False
    admin_key: str | None = attrs.field(default=None, repr=False)
    webhook: str | None = None
    webhook_secret: str | None = attrs.field(default=None, repr=False)
    log_format: str = "plain"
