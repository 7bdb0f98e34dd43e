"""What one run is asked to do."""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import attrs

from openvideos_contract.settings.about import (
    ASKED,
    COST,
    RESULT,
    SERVER,
    TESTED,
    TIME,
    WEBHOOKS,
    Kind,
    about,
)
from openvideos_contract.settings.masking import mask
from openvideos_contract.settings.values import (
    ConfigurationError,
    Pair,
    at_least,
    check_headers,
    check_key,
    check_listen,
    check_seconds,
    check_size,
    check_url,
    check_webhook_secret,
)

__all__ = [
    "PROFILES",
    "USUAL_PROFILES",
    "Configuration",
    "ConfigurationError",
    "chosen_profiles",
    "masked",
]

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


def _without_slash(value: str) -> str:
    return value.rstrip("/")


@attrs.frozen(kw_only=True)
class Configuration:
    """The settings of one run. What each means is told with it; None and () are for none.

    Attributes:
        profiles: What to test.
        run_id: Marks each prompt of the run, so that left-overs can be found.

    Raises:
        ConfigurationError: One of them cannot be right.
    """

    base_url: str = attrs.field(
        converter=_without_slash,
        validator=check_url,
        metadata=about(
            SERVER,
            "The server's address with its prefix, such as http://127.0.0.1:8000/v1.",
            value="URL",
            shared=("OPENVIDEOS_BASE_URL", "OPENAI_BASE_URL"),
        ),
    )
    api_key: str | None = attrs.field(
        default=None,
        validator=check_key,
        repr=False,
        metadata=about(
            SERVER,
            "The key, sent as a bearer token; left out for a server without keys.",
            value="KEY",
            shared=("OPENVIDEOS_API_KEY", "OPENAI_API_KEY"),
            secret=True,
        ),
    )
    second_api_key: str | None = attrs.field(
        default=None,
        validator=check_key,
        repr=False,
        metadata=about(
            SERVER,
            "Another tenant's key, to test that tenants do not see each other's videos.",
            value="KEY",
            shared=("OPENVIDEOS_SECOND_API_KEY",),
            secret=True,
        ),
    )
    no_auth: bool = attrs.field(
        default=False,
        metadata=about(
            SERVER, "Send no key, though the environment or the file has one.", Kind.SWITCH
        ),
    )
    headers: tuple[Pair, ...] = attrs.field(
        default=(),
        converter=tuple,
        validator=check_headers,
        repr=False,
        metadata=about(
            SERVER,
            "Sent with every request, such as 'api-key: ...'; repeatable.",
            Kind.HEADERS,
            name="header",
            secret=True,
        ),
    )
    query: tuple[Pair, ...] = attrs.field(
        default=(),
        converter=tuple,
        repr=False,
        metadata=about(
            SERVER,
            "Sent with every request that has no such parameter of its own; repeatable.",
            Kind.PARAMETERS,
            secret=True,
        ),
    )
    dialect: str | None = attrs.field(
        default=None,
        metadata=about(
            SERVER,
            "How the server differs from the contract, and what it offers: "
            "the name of a dialect, or its file.",
            value="NAME|FILE",
        ),
    )

    max_videos: int = attrs.field(
        default=12,
        validator=at_least(0),
        metadata=about(
            COST,
            "The most jobs that the server may accept over the whole run; 0 sends nothing "
            "but GET, HEAD and OPTIONS.",
            Kind.WHOLE_NUMBER,
        ),
    )
    reuse_video: str | None = attrs.field(
        default=None,
        metadata=about(
            COST,
            "A completed video for the tests that only read, by its id; it is never deleted.",
            value="ID",
        ),
    )
    rpm: float | None = attrs.field(
        default=None,
        validator=at_least(1),
        metadata=about(COST, "The most requests a minute.", Kind.NUMBER),
    )
    dry_run: bool = attrs.field(
        default=False,
        metadata=about(COST, "Print what would be tested and made, and send nothing.", Kind.SWITCH),
    )

    profiles: tuple[str, ...] = USUAL_PROFILES
    named_profiles: frozenset[str] = attrs.field(
        default=frozenset(),
        converter=frozenset,
        metadata=about(
            TESTED,
            f"What to test: {', '.join(PROFILES)}, or all; repeatable. Left out: what the "
            f"dialect says that its server offers, else {', '.join(USUAL_PROFILES)}.",
            Kind.NAMES,
            name="profile",
        ),
    )
    only: frozenset[str] = attrs.field(
        default=frozenset(),
        converter=frozenset,
        metadata=about(
            TESTED,
            "Test these requirements only, by id (LIST-004) or by area (LIST); repeatable.",
            Kind.NAMES,
            value="ID,...",
        ),
    )
    skip: frozenset[str] = attrs.field(
        default=frozenset(),
        converter=frozenset,
        metadata=about(
            TESTED, "Leave these requirements out, likewise.", Kind.NAMES, value="ID,..."
        ),
    )
    seed: int = attrs.field(
        default=1,
        metadata=about(
            TESTED, "Of the generated requests; the same seed sends the same ones.", Kind.SEED
        ),
    )
    fail_fast: bool = attrs.field(
        default=False,
        metadata=about(
            TESTED,
            "Stop at the first MUST that is broken; with --only, at the first requirement.",
            Kind.SWITCH,
        ),
    )

    model: str | None = attrs.field(
        default=None,
        metadata=about(
            ASKED,
            "The model of the videos. Left out: the first of the dialect's, "
            "else the server's default.",
        ),
    )
    size: str | None = attrs.field(
        default=None,
        validator=check_size,
        metadata=about(ASKED, "The size of the videos. Left out: 720x1280.", value="WIDTHxHEIGHT"),
    )
    seconds: str | None = attrs.field(
        default=None,
        validator=check_seconds,
        metadata=about(ASKED, "The length of the videos. Left out: 4, and 8.", value="SECONDS"),
    )

    job_timeout: float = attrs.field(
        default=600.0,
        validator=at_least(1),
        metadata=about(TIME, "Seconds within which a job must end.", Kind.NUMBER),
    )
    request_timeout: float = attrs.field(
        default=60.0,
        validator=at_least(1),
        metadata=about(TIME, "Seconds within which a request must be answered whole.", Kind.NUMBER),
    )

    webhook_listen: str | None = attrs.field(
        default=None,
        validator=check_listen,
        metadata=about(
            WEBHOOKS,
            "Where the suite waits for the server's webhooks; port 0 is any free one. "
            "Left out, webhooks are not tested.",
            value="HOST:PORT",
        ),
    )
    webhook_secret: str | None = attrs.field(
        default=None,
        validator=check_webhook_secret,
        repr=False,
        metadata=about(
            WEBHOOKS, "The whsec_... that the server signs them with.", value="SECRET", secret=True
        ),
    )
    webhook_timeout: float = attrs.field(
        default=60.0,
        validator=at_least(1),
        metadata=about(
            WEBHOOKS, "Seconds within which one, or its repetition, must come.", Kind.NUMBER
        ),
    )

    strict: bool = attrs.field(
        default=False,
        metadata=about(RESULT, "Take a broken SHOULD for a broken MUST.", Kind.SWITCH),
    )
    allow_incomplete: bool = attrs.field(
        default=False,
        metadata=about(RESULT, "Exit 0 though a MUST was not tested.", Kind.SWITCH),
    )
    report_dir: Path | None = attrs.field(
        default=None,
        metadata=about(RESULT, "The folder that the reports are written to.", Kind.FILE),
    )
    write_baseline: Path | None = attrs.field(
        default=None,
        metadata=about(
            RESULT,
            "Write a dialect to this file that expects what failed, each entry wanting a reason.",
            Kind.FILE,
        ),
    )
    run_id: str = attrs.field(factory=lambda: f"openvideos-{secrets.token_hex(4)}")

    def __attrs_post_init__(self) -> None:
        parts = urlsplit(self.base_url)
        if parts.username or parts.password:
            # As a header it is kept out of whatever shows an address.
            user = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
            basic = f"Basic {base64.b64encode(user.encode()).decode()}"
            object.__setattr__(self, "headers", (*self.headers, ("Authorization", basic)))
            bare = parts._replace(netloc=parts.netloc.rpartition("@")[2])
            object.__setattr__(self, "base_url", urlunsplit(bare))
        if self.no_auth and (self.api_key or self.second_api_key):
            raise ConfigurationError("--no-auth sends no key: leave it out, or the key")
        if self.api_key and any(name.lower() == "authorization" for name, _ in self.headers):
            raise ConfigurationError(
                "--header, or the user in --base-url, says what Authorization is, and the key "
                "does too: give --no-auth to send no key"
            )

    @property
    def secrets(self) -> tuple[str, ...]:
        """The values that no report may show, the longest first."""
        keys = [self.api_key, self.second_api_key, self.webhook_secret]
        sent = [value for _, value in (*self.headers, *self.query)]
        # Of "Bearer KEY", the key alone is one too.
        parts = [part for value in sent if " " in value for part in value.split()]
        return tuple(sorted({text for text in (*keys, *sent, *parts) if text}, key=len)[::-1])

    def public(self) -> dict[str, Any]:
        """Return the settings as plain data for a report, keys masked."""
        values = attrs.asdict(self)
        for name in ("api_key", "second_api_key", "webhook_secret"):
            values[name] = "***" if values[name] else None
        for name in ("headers", "query"):
            values[name] = {written: "***" for written, _ in values[name]}
        for name in ("named_profiles", "only", "skip"):
            values[name] = sorted(values[name])
        for name in ("report_dir", "write_baseline"):
            values[name] = None if values[name] is None else str(values[name])
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
        if secret:
            text = mask(text, secret, "***")
    return text
