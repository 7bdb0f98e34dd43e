"""Every setting has one name wherever it is given; what cannot be right is told in a sentence."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from openvideos_contract import command
from openvideos_contract.judging import requirements
from openvideos_contract.running.preparation import choose, prepare
from openvideos_contract.settings.about import Kind
from openvideos_contract.settings.configuration import (
    Configuration,
    ConfigurationError,
    masked,
)
from openvideos_contract.settings.sources import CONFIG, VARIABLES, gather
from openvideos_contract.settings.table import SETTINGS

URL = "http://127.0.0.1:9/v1"
# For each kind, texts that stand for a value.
TEXTS = {
    Kind.TEXT: st.sampled_from(["one", "two words", "ünï"]),
    Kind.WHOLE_NUMBER: st.integers(0, 50).map(str),
    Kind.NUMBER: st.floats(1, 1e4).map(str),
    Kind.SEED: st.integers(0, 9).map(str),
    Kind.SWITCH: st.sampled_from(["true", "false"]),
    Kind.FILE: st.sampled_from(["here", "there/it/is.txt"]),
    Kind.NAMES: st.sampled_from(["LIST", "LIST-004, CREATE"]),
    Kind.HEADERS: st.sampled_from(["api-key: a secret", "a: b\nc: d: e"]),
    Kind.PARAMETERS: st.sampled_from(["a=b", "a=b=c\nd="]),
}


def fields(**settings: Any) -> Configuration:
    return prepare({"base_url": URL, **settings})[1]


@given(st.data(), st.sampled_from(sorted(SETTINGS)))
def test_a_setting_means_the_same_as_a_flag_in_the_environment_and_in_a_file(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, name: str
) -> None:
    setting = SETTINGS[name]
    text = data.draw(TEXTS[setting.about.kind])
    lines = text.split("\n")
    file = tmp_path_factory.getbasetemp() / "settings.toml"
    file.write_text(f"{name} = {lines if setting.is_list else repr(text)}")
    flag: Any = lines if setting.is_list else text
    if setting.about.kind is Kind.SWITCH:
        flag = text == "true"
    told = gather({name: flag}, {})
    assert list(told) == [setting.field]
    assert gather({}, {setting.variable: text}) == told
    assert gather({}, {}, file) == told
    assert gather({}, {CONFIG: str(file)}) == told


def test_a_flag_goes_before_the_environment_and_that_before_a_file(tmp_path: Path) -> None:
    file = tmp_path / "conform.toml"
    file.write_text("max-videos = 1\nseed = 1\nmodel = 'm'\nstrict = true\nonly = ['LIST']\n")
    environment = {"OPENVIDEOS_CONFORM_MAX_VIDEOS": "2", "OPENVIDEOS_CONFORM_SEED": "2"}
    found = gather({"max-videos": "3", "strict": False, "model": ""}, environment, file)
    assert found == {
        "max_videos": 3,
        "seed": 2,
        "model": "m",
        "strict": False,
        "only": ("LIST",),
    }


def test_what_other_programs_know_too_is_taken_where_nothing_nearer_is_said() -> None:
    assert gather({}, {"OPENAI_BASE_URL": "a", "OPENAI_API_KEY": "b"}) == {
        "base_url": "a",
        "api_key": "b",
    }
    nearer = {"OPENAI_BASE_URL": "a", "OPENVIDEOS_BASE_URL": "b"}
    assert gather({}, nearer)["base_url"] == "b"
    nearest = nearer | {"OPENVIDEOS_CONFORM_BASE_URL": "c"}
    assert gather({}, nearest)["base_url"] == "c"


def test_no_auth_puts_aside_a_key_that_lies_about_and_refuses_one_that_is_given() -> None:
    environment = {"OPENAI_API_KEY": "sk-of-another-server", "OPENVIDEOS_SECOND_API_KEY": "too"}
    assert gather({"no-auth": True}, environment) == {"no_auth": True}
    both = gather({"no-auth": True, "api-key": "sk-given"}, environment)
    with pytest.raises(ConfigurationError, match="--no-auth sends no key"):
        fields(**both)


@pytest.mark.parametrize(
    ("document", "sentence"),
    [
        ("max-video = 3", "there is no setting max-video; did you mean max-videos?"),
        ("nonsense = 3", "there is no setting nonsense; there are base-url, api-key"),
        ("max-videos = 'many'", "max-videos must be a whole number, not 'many'"),
        ("max-videos = [1]", "max-videos must be one value, not a list"),
        ("max-videos = 1\nmax_videos = 2", "max-videos is there twice"),
        ("strict = 'perhaps'", "strict must be true or false, not 'perhaps'"),
        ("strict = {}", "strict must be a text, a number, true, false, or a list"),
        ("header = ['api-key']", "header must be a header such as 'Name: value'"),
        ("strict", "is no TOML"),
    ],
)
def test_a_file_that_cannot_be_right(tmp_path: Path, document: str, sentence: str) -> None:
    file = tmp_path / "conform.toml"
    file.write_text(document)
    with pytest.raises(ConfigurationError) as told:
        gather({}, {}, file)
    assert str(file) in str(told.value)
    assert sentence in str(told.value)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read: No such file"):
        gather({}, {CONFIG: str(tmp_path / "nowhere.toml")})


def test_a_variable_with_a_slip_is_told_and_one_of_another_program_is_not() -> None:
    slip = "there is no OPENVIDEOS_CONFORM_MAX_VIDEO; did you mean OPENVIDEOS_CONFORM_MAX_VIDEOS?"
    with pytest.raises(ConfigurationError) as told:
        gather({}, {"OPENVIDEOS_CONFORM_MAX_VIDEO": "3"})
    assert str(told.value) == slip
    assert gather({}, {"OPENVIDEOS_CONFORM_PORT_80_TCP": "x"}) == {}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"base_url": "127.0.0.1:8000"}, "'127.0.0.1:8000' is not a base URL"),
        ({"base_url": "http://[::1"}, "is not a base URL"),
        ({"base_url": "http://host:99999/v1"}, "is not a base URL"),
        ({"base_url": "ftp://user:secret@host"}, "this is not a base URL"),
        ({"base_url": "http://host/v1?key=secret"}, "give what every request needs as --query"),
        ({"api_key": "sk-\n"}, "--api-key must be one line of ASCII characters"),
        ({"headers": [("no name", "x")]}, "'no name' is no name of a header"),
        ({"headers": [("x", "a\nb")]}, "--header x: its value must be ASCII characters"),
        ({"max_videos": -1}, "--max-videos must be at least 0, not -1"),
        ({"rpm": 0.0}, "--rpm must be at least 1, not 0"),
        ({"job_timeout": float("inf")}, "--job-timeout must be at least 1"),
        ({"size": "720p"}, "--size must be WIDTHxHEIGHT, such as 720x1280, not '720p'"),
        ({"seconds": "0"}, "--seconds must be a length in seconds, such as 4, not '0'"),
        ({"webhook_listen": "9000"}, "--webhook-listen must be HOST:PORT"),
        ({"webhook_secret": "secret"}, "--webhook-secret must be whsec_ followed by Base64"),
        ({"webhook_secret": "whsec_é"}, "--webhook-secret must be whsec_ followed by Base64"),
        ({"api_key": "k", "headers": [("authorization", "x")]}, "what Authorization is"),
        ({"only": ["LISTS"]}, "there is no area of requirements LISTS; did you mean LIST?"),
        ({"only": ["list-004"]}, "there is no requirement list-004; did you mean LIST-004?"),
        ({"skip": ["LIST-999"]}, "--skip: there is no requirement LIST-999"),
        (
            {"only": ["CATALOGUE-001"]},
            "CATALOGUE-001 is of the profile catalogue, which is not tested: add --profile",
        ),
        ({"only": ["LIST"], "skip": ["LIST"]}, "nothing is left to test"),
        ({"dialect": "openai", "model": "x"}, "--model x: the dialect openai has sora-2"),
        ({"dialect": "openai", "size": "1x1"}, "--size 1x1: the dialect openai has 720x1280"),
        ({"dialect": "openai", "seconds": "5"}, "--seconds 5: the dialect openai has 4, 8, 12"),
    ],
)
def test_settings_that_cannot_be_right_are_told_without_a_secret(
    settings: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ConfigurationError) as told:
        fields(**settings)
    assert sentence in str(told.value)
    assert "secret" not in str(told.value).replace("--webhook-secret", "")


def test_an_area_selects_its_requirements_and_an_id_one() -> None:
    known = requirements.load().values()
    whole = set(choose(known, fields()))
    only = set(choose(known, fields(only=["LIST", "CREATE-001"])))
    assert "CREATE-001" in only
    assert {number for number in whole if number.startswith("LIST-")} == only - {"CREATE-001"}
    assert set(choose(known, fields(skip=["LIST", "CREATE-001"]))) == whole - only


def test_secrets_are_shown_nowhere() -> None:
    hidden = ("sk-first-key", "sk-second-key", "whsec_c2VjcmV0c2VjcmV0")
    configuration = fields(
        base_url="http://me:my-password@127.0.0.1:9/v1",
        second_api_key=hidden[1],
        webhook_secret=hidden[2],
        headers=[("api-key", hidden[0]), ("X-Token", "Bearer of-many-words")],
        query=[("code", "a-function-key")],
    )
    texts = (*hidden, "my-password", "bWU6bXktcGFzc3dvcmQ=", "of-many-words", "a-function-key")
    shown = f"{configuration!r} {configuration.public()} {configuration.base_url}"
    assert not [text for text in texts if text in shown]
    assert configuration.public()["headers"]["api-key"] == "***"
    said = masked("; ".join(texts), configuration.secrets)
    assert not [text for text in texts if text in said and text != "my-password"]
    # What the address held is sent as a header, and survives a change.
    assert ("Authorization", "Basic bWU6bXktcGFzc3dvcmQ=") in configuration.headers
    assert attrs.evolve(configuration, max_videos=0).headers == configuration.headers


def test_the_random_seed_is_one_that_the_report_tells() -> None:
    seeds = {fields(**gather({"seed": "random"}, {})).seed for _ in range(3)}
    assert len(seeds) == 3


def test_the_help_has_every_setting_in_its_group() -> None:
    shown = CliRunner().invoke(command.app, ["--help"], env={"COLUMNS": "200"}).output
    for setting in SETTINGS.values():
        assert setting.flag in shown
        assert setting.about.group in shown
    assert "--compare" in shown
    assert "--no-auth" in shown
    assert "--auth" in shown


def test_a_wrong_setting_ends_the_command_with_2_and_a_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    for arguments, sentence in (
        ([], "which server? Give --base-url"),
        (["--max-videos", "x"], "--max-videos must be a whole number, not 'x'"),
        (["--compare", "a", "b", "--clean-up", "c"], "--compare and --clean-up are two things"),
    ):
        done = CliRunner().invoke(command.app, arguments)
        assert done.exit_code == 2
        assert done.output.startswith("openvideos conform could not run: ")
        assert sentence in done.output
        assert done.output.count("\n") == 1
