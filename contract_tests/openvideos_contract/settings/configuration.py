"""What one run is asked to do."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs

PROFILES = (
    "core",
    "remix",
    "auth",
    "media",
    "catalogue",
    "edits",
    "characters",
    "webhooks",
    "gateway",
)
# What is tested where neither the user nor a dialect says more.
USUAL_PROFILES = ("core", "remix", "auth", "media")
# A word such as "EMPTY" or "x", for a server that takes any, is no secret.
SHORTEST_SECRET = 8


class ConfigurationError(ValueError):
    """A setting that cannot be right; the message says which, and what is allowed."""


def _without_slash(value: str) -> str:
    return value.rstrip("/")


def _check_url(_: object, __: object, value: str) -> None:
    parts = urlsplit(value)
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise ConfigurationError(
            f"{value!r} is not a base URL: give one such as http://127.0.0.1:8000/v1"
        )


def _at_least(least: float) -> Any:
    def check(_: object, attribute: Any, value: float) -> None:
        if value < least:
            option = attribute.name.replace("_", "-")
            raise ConfigurationError(f"--{option} must be at least {least:g}, not {value:g}")

    return check


@attrs.frozen(kw_only=True)
class Configuration:
    """The settings of one run; each is an option of `openvideos conform`.

    Attributes:
        base_url: The server's address with its prefix, such as `http://127.0.0.1:8000/v1`.
        api_key: Sent as a bearer token; None for a server without keys.
        second_api_key: Another tenant's key, for the requirements on isolation.
        dialect: The name or the file of a dialect; None for the bare protocol.
        profiles: What to test.
        named_profiles: The profiles that the user asked for by name, and so claims to offer.
        max_videos: The most jobs that the server may accept, over the whole run.
        report_dir: Where the reports go; None for none.
        seed: Of the generated requests; the same seed sends the same requests.
        job_timeout: Seconds within which a job must end.
        request_timeout: Seconds within which a request must be answered whole.
        model: The model to ask for; None for the first of a closed catalogue, else the server's
            default.
        size: The size to ask for, "WxH"; None for 720x1280.
        seconds: The length to ask for; None for "4".
        allow_incomplete: Whether an incomplete run exits 0.
        only: Requirements to test, by id; empty for all.
        skip: Requirements not to test, by id.
        headers: Sent with every request, name and value; for a server that wants its key elsewhere.
        query: Sent with every request, name and value; a request's own parameter wins.
        no_auth: Whether no key is sent, and the requirements on keys do not apply.
        rpm: The most requests a minute; None for as many as there are.
        reuse_video: The id of a finished video that the tests may read; it is never deleted.
        strict: Whether a broken SHOULD fails the run.
        webhook_listen: Where the suite waits for webhooks, "HOST:PORT"; None for no such tests.
        webhook_secret: The `whsec_...` that the server signs them with.
        webhook_timeout: Seconds within which a webhook, or its repetition, must come.
        run_id: Marks each prompt of the run, so that left-overs can be found.
    """

    base_url: str = attrs.field(converter=_without_slash, validator=_check_url)
    api_key: str | None = attrs.field(default=None, repr=False)
    second_api_key: str | None = attrs.field(default=None, repr=False)
    dialect: str | None = None
    profiles: tuple[str, ...] = USUAL_PROFILES
    named_profiles: frozenset[str] = frozenset()
    max_videos: int = attrs.field(default=12, validator=_at_least(0))
    report_dir: Path | None = None
    seed: int = 1
    job_timeout: float = attrs.field(default=600.0, validator=_at_least(1))
    request_timeout: float = attrs.field(default=60.0, validator=_at_least(1))
    model: str | None = None
    size: str | None = None
    seconds: str | None = None
    allow_incomplete: bool = False
    only: frozenset[str] = frozenset()
    skip: frozenset[str] = frozenset()
    headers: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)
    query: tuple[tuple[str, str], ...] = attrs.field(default=(), repr=False)
    no_auth: bool = False
    rpm: float | None = None
    reuse_video: str | None = None
    strict: bool = False
    webhook_listen: str | None = None
    webhook_secret: str | None = attrs.field(default=None, repr=False)
    webhook_timeout: float = attrs.field(default=60.0, validator=_at_least(1))
    run_id: str = attrs.field(factory=lambda: f"openvideos-{secrets.token_hex(4)}")

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that no report may show."""
        return tuple(key for key in (self.api_key, self.second_api_key, self.webhook_secret) if key)

    def public(self) -> dict[str, Any]:
        """Return the settings as plain data for a report, keys masked."""
        values = attrs.asdict(self)
        for name in ("api_key", "second_api_key", "webhook_secret"):
            values[name] = "***" if values[name] else None
        for name in ("headers", "query"):
            values[name] = {written: "***" for written, _ in values[name]}
        for name in ("named_profiles", "only", "skip"):
            values[name] = sorted(values[name])
        values["report_dir"] = None if self.report_dir is None else str(self.report_dir)
        values["profiles"] = list(self.profiles)
        return values


def chosen_profiles(names: Sequence[str], offered: Sequence[str] | None) -> tuple[str, ...]:
    """Return the profiles to test, in the order of `PROFILES`.

    Args:
        names: As the user named them; `all` for every one, none for those that are offered.
        offered: What the dialect says that its server offers; None without a dialect, which has
            the usual ones tested, and never the catalogue: only a dialect describes one.

    Raises:
        ConfigurationError: There is no such profile, or no catalogue to test.
    """
    possible = [name for name in PROFILES if offered is not None or name != "catalogue"]
    for name in names:
        if name == "catalogue" and offered is None:
            raise ConfigurationError(
                "the profile catalogue needs --dialect: "
                "which values are offered is a dialect's to say"
            )
        if name not in (*PROFILES, "all"):
            raise ConfigurationError(
                f"there is no profile {name!r}: choose from {', '.join(PROFILES)}, or all"
            )
    wanted = possible if "all" in names else names or offered or USUAL_PROFILES
    return tuple(name for name in possible if name in wanted)


def masked(text: str, secrets: Iterable[str | None]) -> str:
    """Return a text without the keys in it."""
    for secret in secrets:
        if secret and len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "***")
    return text


def from_environment(name: str) -> str | None:
    """Return OPENVIDEOS_`name` of the environment, else OPENAI_`name`."""
    return os.environ.get(f"OPENVIDEOS_{name}") or os.environ.get(f"OPENAI_{name}") or None
