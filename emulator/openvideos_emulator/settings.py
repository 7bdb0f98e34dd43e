"""What a running emulator can be told. Everything that names a setting is made from this table.

A setting has one name: `--expires-after`, `OPENVIDEOS_EMULATOR_EXPIRES_AFTER`, `expires-after` in
a file, and `expires_after=` of `Emulator`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import attrs

from openvideos_emulator.progress import check_progress

BARE_PROTOCOL = "none"

# So slow that nothing is ever made; times that are slower still have no room in a database.
_SLOWEST = 1e-6
_LONGEST = 100 * 365 * 24 * 3600.0
_SIZE = re.compile(r"[1-9]\d{0,4}x[1-9]\d{0,4}", re.ASCII)
_SECONDS = re.compile(r"\d{1,6}(\.\d{1,6})?", re.ASCII)
_COMMA = re.compile(r"\s*,\s*")


class SettingsError(ValueError):
    """A setting that makes no sense; the message says which, and what is allowed."""


@attrs.frozen
class About:
    """What is told of a setting.

    Attributes:
        group: Which of the groups it is shown in.
        help: What it does.
        value: What a value is called, None where its type says enough.
        also: Another flag for it.
        secret: Whether it is never shown.
        hidden: Whether it is for other programs only.
    """

    group: str
    help: str
    value: str | None = None
    also: str | None = None
    secret: bool = False
    hidden: bool = False


def flag_of(setting: attrs.Attribute[Any]) -> str:
    """Return a setting's flag, such as `--expires-after`."""
    return f"--{name_of(setting)}"


def name_of(setting: attrs.Attribute[Any]) -> str:
    """Return a setting's name in a file, such as `expires-after`."""
    return setting.alias.replace("_", "-") if setting.alias else setting.name


def is_list(setting: attrs.Attribute[Any]) -> bool:
    """Tell whether a setting has several values."""
    return get_origin(setting.type) is Sequence


def _about(group: str, text: str, **more: Any) -> Mapping[str, About]:
    return {"about": About(group, text, **more)}


def about(setting: attrs.Attribute[Any]) -> About:
    """Return what is told of a setting."""
    told: About = setting.metadata["about"]
    return told


Check = Callable[[Any, "attrs.Attribute[Any]", Any], None]


def _at_least(least: float, most: float = math.inf) -> Check:
    def check(_settings: object, setting: attrs.Attribute[Any], value: float | None) -> None:
        if value is not None and not least <= value <= most:
            allowed = f"at least {least}" if most == math.inf else f"{least} to {most}"
            raise SettingsError(f"{flag_of(setting)} must be {allowed}; got {value}")

    return check


def _one_of(kind: Any) -> Check:
    allowed = get_args(kind)

    def check(_settings: object, setting: attrs.Attribute[Any], value: str) -> None:
        if value not in allowed:
            raise SettingsError(
                f"{flag_of(setting)} must be one of {', '.join(allowed)}; got {value!r}"
            )

    return check


def _like(pattern: re.Pattern[str], allowed: str) -> Check:
    def check(_settings: object, setting: attrs.Attribute[Any], value: str | Sequence[str]) -> None:
        for each in [value] if isinstance(value, str) else value:
            if not pattern.fullmatch(each):
                raise SettingsError(f"{flag_of(setting)} must be {allowed}; got {each!r}")

    return check


def _check_speed(_settings: object, _setting: object, speed: float) -> None:
    if not (math.isfinite(speed) and speed >= _SLOWEST):
        raise SettingsError(
            f"--speed must be a number above 0, such as 1 or 60, and at least {_SLOWEST}; "
            f"got {speed}"
        )


def _check_port(_settings: object, _setting: object, port: int) -> None:
    if not 0 <= port <= 65535:
        raise SettingsError(f"--port must be 0 (any free one) to 65535; got {port}")


def _check_texts(
    _settings: object, setting: attrs.Attribute[Any], texts: Sequence[str] | str | None
) -> None:
    flag = setting.metadata["about"].also or flag_of(setting)
    for text in [texts] if isinstance(texts, str) else texts or ():
        if not text:
            raise SettingsError(f"{flag} must not be empty")
        if text != text.strip() or not text.isprintable():
            raise SettingsError(f"{flag} must be one line of text, with no blanks around it")


def _check_progress(_settings: object, _setting: object, progress: str) -> None:
    try:
        check_progress(progress)
    except ValueError as error:
        raise SettingsError(f"--{error}") from error


def _texts(values: str | float | Iterable[str | float]) -> tuple[str, ...]:
    """Return a list of texts, of which several may be written as one, with commas."""
    listed = values if isinstance(values, Iterable) and not isinstance(values, str) else [values]
    return tuple(each for value in listed for each in _COMMA.split(str(value)))


def _text(value: str | Path | None) -> str | None:
    return None if value is None else str(value)


def _path(value: str | Path | None) -> Path | None:
    return None if value is None else Path(value)


def _dialect(value: str | Path | None) -> str | None:
    return None if value is None or str(value) == BARE_PROTOCOL else str(value)


InputReference = Literal["object", "file", "both"]
Media = Literal["full", "tiny"]
LogFormat = Literal["plain", "json"]

_WHERE = "Where it answers"
_STATE = "What it keeps"
_JOBS = "How jobs go"
_CATALOGUE = "What it offers"
_CALLERS = "Who may call, and how often"
_TESTING = "For tests"
_LOGGING = "What it says"


@attrs.frozen(kw_only=True)
class Settings:
    """The settings of one emulator; what each means is told with it.

    Raises:
        SettingsError: One makes no sense.
    """

    host: str = attrs.field(
        default="127.0.0.1",
        validator=_check_texts,
        metadata=_about(_WHERE, "Address to listen on; 0.0.0.0 is each of this machine's."),
    )
    port: int = attrs.field(
        default=8000,
        validator=_check_port,
        metadata=_about(
            _WHERE,
            "Port to listen on; 0 picks a free one, as `exec` and `Emulator` do unless told.",
        ),
    )
    port_file: Path | None = attrs.field(
        default=None,
        converter=_path,
        metadata=_about(
            _WHERE, "Write the port to this file once the emulator answers.", value="FILE"
        ),
    )
    workers: int = attrs.field(
        default=1,
        validator=_at_least(1, 256),
        metadata=_about(_WHERE, "How many processes answer."),
    )
    max_body_bytes: int = attrs.field(
        default=100 * 1024 * 1024,
        validator=_at_least(1),
        metadata=_about(_WHERE, "The longest request body that is read, in bytes."),
    )
    until_stdin_closes: bool = attrs.field(
        default=False,
        metadata=_about(
            _WHERE,
            "Stop when stdin is closed, as it is when whoever started the emulator has ended.",
            hidden=True,
        ),
    )

    database: str | None = attrs.field(
        default=None,
        alias="db",
        converter=_text,
        validator=_check_texts,
        repr=False,
        metadata=_about(
            _STATE,
            "SQLite file that keeps the jobs, or the URL of a PostgreSQL database "
            "(postgresql+psycopg://...). Without it they are gone when the emulator stops.",
            value="PATH_OR_URL",
        ),
    )
    reset: bool = attrs.field(
        default=False, metadata=_about(_STATE, "Empty the database first, whatever its version.")
    )

    speed: float = attrs.field(
        default=60.0,
        validator=_check_speed,
        metadata=_about(
            _JOBS,
            "How many times faster than the real service videos are made: at 1, four seconds at "
            "720p take about 55 seconds. Expiry is not divided.",
        ),
    )
    progress: str = attrs.field(
        default="time",
        validator=_check_progress,
        metadata=_about(
            _JOBS,
            "How jobs progress: `time` (by the clock), `immediate`, or `polls:N` (one of N steps "
            "at each retrieve).",
            value="time|immediate|polls:N",
        ),
    )
    expires_after: float = attrs.field(
        default=3600.0,
        validator=_at_least(0.001, _LONGEST),
        metadata=_about(
            _JOBS, "After how many seconds a completed video's files are gone.", value="SECONDS"
        ),
    )
    media: Media = attrs.field(
        default="full",
        validator=_one_of(Media),
        metadata=_about(
            _JOBS,
            "The files: of the size and length asked for, or tiny ones, which are made at once.",
        ),
    )

    dialect: str | None = attrs.field(
        default="openai",
        converter=_dialect,
        metadata=_about(
            _CATALOGUE,
            "What is offered: the name of a dialect, an Overlay file, or `none` for the bare "
            "protocol, which is open to any model, size and length.",
            value="NAME",
        ),
    )
    models: Sequence[str] = attrs.field(
        default=(),
        converter=_texts,
        validator=_check_texts,
        metadata=_about(
            _CATALOGUE,
            "The models that are offered in place of the dialect's; the first is the default.",
            value="NAME,...",
        ),
    )
    sizes: Sequence[str] = attrs.field(
        default=(),
        converter=_texts,
        validator=_like(_SIZE, "WIDTHxHEIGHT, such as 1280x720"),
        metadata=_about(_CATALOGUE, "The sizes likewise, such as 1280x720.", value="SIZE,..."),
    )
    seconds: Sequence[str] = attrs.field(
        default=(),
        converter=_texts,
        validator=_like(_SECONDS, "a number of seconds, such as 5"),
        metadata=_about(_CATALOGUE, "The lengths likewise, such as 5.", value="SECONDS,..."),
    )
    input_reference: InputReference = attrs.field(
        default="both",
        validator=_one_of(InputReference),
        metadata=_about(
            _CATALOGUE,
            "How `input_reference` is taken: as the object, as the file, which servers before "
            "the object took, or either.",
        ),
    )
    allow_fetch: bool = attrs.field(
        default=False,
        metadata=_about(
            _CATALOGUE,
            "Fetch the `image_url` of an input reference; never from a private address.",
        ),
    )
    canned: bool = attrs.field(
        default=False,
        metadata=_about(
            _CATALOGUE, "Any video and character id exists, completed; uploads are not looked at."
        ),
    )

    api_keys: Sequence[str] = attrs.field(
        default=(),
        converter=_texts,
        validator=_check_texts,
        repr=False,
        metadata=_about(
            _CALLERS,
            "Accept these API keys only. Without it any key is accepted. Each key sees only its "
            "own videos.",
            value="KEY,...",
            also="--api-key",
            secret=True,
        ),
    )
    rpm: int | None = attrs.field(
        default=None,
        validator=_at_least(1),
        metadata=_about(_CALLERS, "How many requests a minute a key may send."),
    )
    max_running: int | None = attrs.field(
        default=None,
        validator=_at_least(1),
        metadata=_about(_CALLERS, "How many jobs of a key may be queued or in progress at once."),
    )

    admin: bool = attrs.field(
        default=False,
        metadata=_about(
            _TESTING,
            "Offer the admin API under /_emulator: clock, faults, requests, webhooks, reset.",
        ),
    )
    admin_key: str | None = attrs.field(
        default=None,
        validator=_check_texts,
        repr=False,
        metadata=_about(_TESTING, "The key of the admin API.", value="KEY", secret=True),
    )
    faults: Path | None = attrs.field(
        default=None,
        converter=_path,
        metadata=_about(_TESTING, "YAML or JSON file of faults to inject.", value="FILE"),
    )
    webhook: str | None = attrs.field(
        default=None,
        repr=False,
        metadata=_about(
            _TESTING, "URL that the events of all keys are sent to.", value="URL", secret=True
        ),
    )
    webhook_secret: str | None = attrs.field(
        default=None,
        repr=False,
        metadata=_about(
            _TESTING, "What they are signed with: whsec_ and Base64.", value="SECRET", secret=True
        ),
    )

    quiet: bool = attrs.field(default=False, metadata=_about(_LOGGING, "Log no requests."))
    log_format: LogFormat = attrs.field(
        default="plain",
        validator=_one_of(LogFormat),
        metadata=_about(_LOGGING, "Log lines for people, or JSON for programs."),
    )
    log_file: Path | None = attrs.field(
        default=None,
        converter=_path,
        metadata=_about(_LOGGING, "Log to the end of this file, and not to stderr.", value="FILE"),
    )

    def __attrs_post_init__(self) -> None:
        if self.admin and self.admin_key is None:
            raise SettingsError(
                "--admin needs a key of its own: give --admin-key, or "
                "OPENVIDEOS_EMULATOR_ADMIN_KEY, which no list of processes shows"
            )
        if (self.webhook is None) != (self.webhook_secret is None):
            raise SettingsError(
                "--webhook and --webhook-secret need each other, as events are always signed"
            )
        if self.webhook is not None and self.webhook_secret is not None:
            _check_webhook(self.webhook, self.webhook_secret)


def _check_webhook(url: str, secret: str) -> None:
    # Few emulators have one, and it takes long to import.
    from openvideos_emulator.webhooks import Endpoint, EndpointError

    try:
        Endpoint(url, secret)
    except EndpointError as error:
        flag = {"url": "--webhook", "secret": "--webhook-secret"}[error.field]
        raise SettingsError(f"{flag} {error}") from error


SETTINGS: Mapping[str, attrs.Attribute[Any]] = {
    name_of(setting): setting for setting in attrs.fields(attrs.resolve_types(Settings))
}
"""All settings by their names in a file."""
