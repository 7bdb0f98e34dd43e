"""Settings: one table, and the same names in flags, the environment, files and Python."""

from __future__ import annotations

import inspect
import re
import tomllib
from pathlib import Path
from typing import Any

import attrs
import hypothesis
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from openvideos_emulator import Emulator, SettingsError
from openvideos_emulator.command import app
from openvideos_emulator.configuration import from_file, to_environment, to_file
from openvideos_emulator.settings import SETTINGS, Settings, about

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def invoke(*options: str | Path, **environment: str) -> Result:
    return CliRunner().invoke(app, [*map(str, options), "--print-config"], env=environment)


def in_force(*options: str | Path, **environment: str) -> dict[str, Any]:
    shown = invoke(*options, **environment)
    assert shown.exit_code == 0, shown.stderr
    return tomllib.loads(shown.stdout)


def refusal(*options: str | Path, **environment: str) -> str:
    refused = invoke(*options, **environment)
    assert refused.exit_code == 2
    assert refused.stdout == ""
    assert refused.stderr.count("\n") == 1
    return refused.stderr


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "emulator.toml"


def test_a_flag_goes_before_the_environment_which_goes_before_the_file(file: Path) -> None:
    file.write_text('speed = 2\nport = 2\nmedia = "tiny"\nmodels = ["wan-2.2", "ltx"]\n')
    found = in_force(
        "--config",
        file,
        "--speed",
        "4",
        OPENVIDEOS_EMULATOR_SPEED="3",
        OPENVIDEOS_EMULATOR_PORT="3",
    )
    assert [found[name] for name in ("speed", "port", "media", "host")] == [
        4.0,
        3,
        "tiny",
        "127.0.0.1",
    ]
    assert found["models"] == ["wan-2.2", "ltx"]


def test_the_file_can_be_named_by_the_environment(file: Path) -> None:
    file.write_text("expires_after = 5")  # as a keyword is written
    assert in_force(OPENVIDEOS_EMULATOR_CONFIG=str(file))["expires-after"] == 5.0


def test_what_is_printed_is_a_file_that_says_the_same(file: Path) -> None:
    options = ["--sizes", "640x480,1280x720", "--seconds", "5", "--seconds", "10", "--canned"]
    file.write_text(invoke(*options, "--rpm", "60").stdout)
    again = in_force("--config", file)
    assert again == in_force(*options, "--rpm", "60")
    assert again["sizes"] == ["640x480", "1280x720"]
    assert again["seconds"] == ["5", "10"]
    assert again["canned"] is True
    assert in_force("--config", file, "--no-canned")["canned"] is False


def test_no_secret_is_printed() -> None:
    shown = invoke(
        *("--api-key", "sk-hunter2"),
        *("--admin-key", "hunter2"),
        *("--db", "postgresql+psycopg://user:hunter2@host/name"),
        *("--webhook", "http://host/hunter2", "--webhook-secret", SECRET),
    )
    assert shown.exit_code == 0
    assert "hunter2" not in shown.stdout
    assert SECRET not in shown.stdout
    for name in ("API_KEYS", "ADMIN_KEY", "DB", "WEBHOOK", "WEBHOOK_SECRET"):
        assert f"give it as OPENVIDEOS_EMULATOR_{name}\n" in shown.stdout
    secrets = Settings(
        db="postgresql://user:hunter2@host/name",
        api_keys=["hunter2"],
        admin_key="hunter2",
        webhook="http://hunter2",
        webhook_secret=SECRET,
    )
    assert "hunter2" not in repr(secrets)
    assert SECRET not in repr(secrets)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("spede = 1", "there is no setting 'spede'; did you mean 'speed'?"),
        ("[emulator]\nspeed = 1", "there is no setting 'emulator'; there are host, port,"),
        ("speed = ", "is no TOML"),
        ('speed = "fast"', "speed must be a number; got 'fast'"),
        ("port = true", "port must be an integer; got True"),
        ("canned = 1", "canned must be true or false; got 1"),
        ("host = 1", "host must be a text; got 1"),
        ("models = 1", "models must be a list of texts or numbers; got 1"),
        ("models = ['a', ['b']]", "models must be a list of texts or numbers; got ['a', ['b']]"),
        ("expires-after = 1\nexpires_after = 2", "expires-after stands there twice"),
        ("admin-key = 1234567", "admin-key must be a text\n"),
        ("speed = 0", "--speed must be a number above 0"),
        ('media = "large"', "one of 'full', 'tiny'"),
    ],
)
def test_a_file_that_makes_no_sense_is_one_clear_line(
    file: Path, content: str, reason: str
) -> None:
    file.write_text(content)
    assert reason in refusal("--config", file)


def test_a_file_that_is_not_there_is_one_clear_line(tmp_path: Path) -> None:
    assert "none.toml cannot be read" in refusal("--config", tmp_path / "none.toml")


def test_one_value_of_a_list_needs_no_list() -> None:
    assert Settings(seconds=5).seconds == ("5",)
    assert Settings(models="wan-2.2").models == ("wan-2.2",)


def test_an_environment_that_makes_no_sense_is_one_clear_line() -> None:
    assert "OPENVIDEOS_EMULATOR_SPEED: 'x'" in refusal(OPENVIDEOS_EMULATOR_SPEED="x")
    assert in_force(OPENVIDEOS_EMULATOR_SPEED="")["speed"] == 60.0


def test_a_slip_in_a_variable_is_told_and_the_variables_of_others_are_left_alone() -> None:
    # Passed over, this one would let every key in.
    assert refusal(OPENVIDEOS_EMULATOR_API_KEY="sk-hunter2") == (
        "openvideos emulator: there is no setting OPENVIDEOS_EMULATOR_API_KEY; "
        "did you mean OPENVIDEOS_EMULATOR_API_KEYS?\n"
    )
    of_others = ("ADMIN_URL", "CONFIG", "SERVICE_HOST", "SERVICE_PORT", "PORT_8000_TCP_PORT")
    assert in_force(**{f"OPENVIDEOS_EMULATOR_{name}": "" for name in of_others})["port"] == 8000


def test_a_file_may_begin_with_the_mark_that_some_editors_write(file: Path) -> None:
    file.write_text("speed = 7", encoding="utf-8-sig")
    assert in_force("--config", file)["speed"] == 7


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({"admin": True}, "OPENVIDEOS_EMULATOR_ADMIN_KEY"),
        ({"webhook": "http://host"}, "--webhook and --webhook-secret need each other"),
        ({"webhook": "ftp://host", "webhook_secret": SECRET}, "--webhook must be"),
        ({"webhook": "http://host", "webhook_secret": "x"}, "--webhook-secret must be"),
        ({"progress": "polls:0"}, "--progress must be"),
        ({"expires_after": 0}, "--expires-after must be 0.001 to"),
        ({"expires_after": float("nan")}, "--expires-after must be"),
        ({"workers": 0}, "--workers must be 1 to 256; got 0"),
        ({"rpm": 0}, "--rpm must be at least 1; got 0"),
        ({"max_running": 0}, "--max-running must be at least 1; got 0"),
        ({"sizes": ["big"]}, "--sizes must be WIDTHxHEIGHT, such as 1280x720; got 'big'"),
        ({"seconds": ["-1"]}, "--seconds must be a number of seconds"),
        ({"models": [""]}, "--models must not be empty"),
        ({"host": ""}, "--host must not be empty"),
        ({"api_keys": ["two\nlines"]}, "--api-key must be one line of text"),
        ({"api_keys": [" k"]}, "--api-key must be one line of text"),
        ({"speed": 1e-300}, "--speed must be a number above 0"),
        ({"input_reference": "url"}, "--input-reference must be one of object, file, both"),
        ({"log_format": "xml"}, "--log-format must be one of plain, json"),
    ],
)
def test_a_keyword_that_makes_no_sense_is_refused_by_its_name(
    options: dict[str, Any], reason: str
) -> None:
    with pytest.raises(SettingsError, match=re.escape(reason)):
        Settings(**options)


def test_an_emulator_takes_each_setting_by_keyword_and_no_other() -> None:
    assert set(inspect.signature(Emulator).parameters) == {
        name.replace("-", "_") for name in SETTINGS
    }
    with pytest.raises(TypeError, match="spede"):
        Emulator(spede=1)  # type: ignore[call-arg] # the mistake is the test


def test_help_tells_of_each_setting_in_its_group() -> None:
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "300", "TERM": "dumb"}).stdout
    for name, setting in SETTINGS.items():
        assert (f"--{name}" in shown) is not about(setting).hidden
        assert about(setting).hidden or about(setting).group in shown


texts = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters=","), min_size=1)
lists = st.lists(texts.map(str.strip).filter(lambda text: text.isprintable() and text), max_size=3)
paths = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")).map(Path)
settings = st.builds(
    Settings,
    speed=st.floats(1e-6, 1e9),
    port=st.integers(0, 65535),
    canned=st.booleans(),
    models=lists,
    api_keys=lists,
    dialect=st.sampled_from(["openai", None]),
    faults=st.none() | paths,
    rpm=st.none() | st.integers(1),
)


@hypothesis.settings(max_examples=30)
@given(settings)
def test_an_environment_holds_all_settings(before: Settings) -> None:
    environment = to_environment(before)
    told = tomllib.loads(invoke(**environment).stdout)
    assert told == tomllib.loads(to_file(before))


@given(settings)
def test_a_file_holds_all_settings_but_secrets(before: Settings) -> None:
    values = tomllib.loads(to_file(before))
    after = Settings(**{name.replace("-", "_"): value for name, value in values.items()})
    assert after == attrs.evolve(before, api_keys=())


def test_a_file_is_read_by_the_names_of_keywords_too(file: Path) -> None:
    file.write_text("log_format = 'json'\nmax-running = 2\n")
    assert from_file(file) == {"log-format": "json", "max-running": 2}
