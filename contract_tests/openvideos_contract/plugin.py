"""The pytest plugin: options, fixtures, and what each test means for its requirements.

`openvideos conform` uses it in process; as plain pytest it is used with

    pytest -p openvideos_contract.plugin --pyargs openvideos_contract --openvideos-url URL
"""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from openvideos_contract.contract import Contract
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import NotRun, Unsupported
from openvideos_contract.running.interruption import ended_as_by_ctrl_c
from openvideos_contract.running.preparation import UNFIT_SETTINGS, prepare
from openvideos_contract.running.session import Session
from openvideos_contract.running.under_pytest import (
    Around,
    Worker,
    is_worker,
    keep_together,
    told_to_worker,
)
from openvideos_contract.settings.about import Kind
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.settings.sources import gather
from openvideos_contract.settings.table import SETTINGS, Setting
from openvideos_contract.webhooks.receiver import Receiver
from openvideos_contract.wire.gate import Gate


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options, each named `--openvideos-...`: `--base-url` is another plugin's."""
    group = parser.getgroup("openvideos", "conformance with the Videos protocol")
    group.addoption("--openvideos-config", metavar="FILE", help="a TOML file of settings")
    for setting in SETTINGS.values():
        names = [f"--openvideos-{setting.name}"]
        if setting.field == "base_url":
            names.append("--openvideos-url")
        shared: dict[str, Any] = {"dest": _option(setting), "help": setting.about.help}
        if setting.about.kind is Kind.SWITCH:
            group.addoption(*names, action="store_const", const=True, default=None, **shared)
            opposite = f"--openvideos-{setting.opposite.removeprefix('--')}"
            shared["help"] = f"the opposite of {names[0]}"
            group.addoption(opposite, action="store_const", const=False, default=None, **shared)
        else:
            shared["metavar"] = setting.about.value or setting.about.kind.value
            shared["action"] = "append" if setting.is_list else "store"
            group.addoption(*names, default=None, **shared)


def _option(setting: Setting) -> str:
    return f"openvideos_{setting.name.replace('-', '_')}"


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the session unless `openvideos conform` brought its own."""
    config.addinivalue_line(
        "markers", "requirement(*ids): the requirements of requirements.yaml that the test proves"
    )
    config.addinivalue_line("markers", "xdist_group(name): of pytest-xdist, if it is there")
    if _session_of(config) is not None:
        return
    flags = {name: config.getoption(_option(setting)) for name, setting in SETTINGS.items()}
    file = config.getoption("openvideos_config")
    try:
        settings = gather(flags, os.environ, Path(file) if file else None)
        if "base_url" not in settings:
            return  # collecting alone needs no server; the fixtures say what is missing
        contract, configuration = prepare({**settings, **told_to_worker(config)})
        session = Session(configuration, contract, shared=is_worker(config))
    except UNFIT_SETTINGS as error:
        raise pytest.UsageError(str(error)) from error
    config.pluginmanager.register(session, "openvideos-session")
    if configuration.dry_run:
        config.option.collectonly = True
    keep_together(config)
    if is_worker(config):
        config.pluginmanager.register(Worker(session), "openvideos-worker")
        return
    config.pluginmanager.register(Around(session), "openvideos-around")
    until_the_end = ExitStack()
    until_the_end.enter_context(ended_as_by_ctrl_c())
    config.add_cleanup(until_the_end.close)


def _session_of(config: pytest.Config) -> Session | None:
    plugins = config.pluginmanager.get_plugins()
    return next((plugin for plugin in plugins if isinstance(plugin, Session)), None)


@pytest.fixture(scope="session")
def conformance(request: pytest.FixtureRequest) -> Session:
    """The session that is under way."""
    session = _session_of(request.config)
    if session is None:
        pytest.exit("which server? Give --openvideos-url, or set OPENVIDEOS_BASE_URL", returncode=4)
    return session


@pytest.fixture(scope="session")
def configuration(conformance: Session) -> Configuration:
    """What the run is asked to do."""
    return conformance.configuration


@pytest.fixture(scope="session")
def contract(conformance: Session) -> Contract:
    """The contract that the server is held to."""
    return conformance.contract


@pytest.fixture(scope="session")
def gate(conformance: Session) -> Gate:
    """The gate that every request leaves through."""
    return conformance.gate


@pytest.fixture(scope="session")
def jobs(conformance: Session) -> Jobs:
    """The jobs that all tests share."""
    return conformance.jobs


@pytest.fixture(scope="session")
def webhooks(conformance: Session) -> Receiver:
    """Where webhooks are received."""
    if conformance.webhooks is None:
        raise Unsupported("no webhooks are awaited; give --webhook-listen, and point them there")
    return conformance.webhooks


@pytest.fixture(scope="session")
def second_key(configuration: Configuration, gate: Gate) -> str:
    """Another tenant's key."""
    key = configuration.second_api_key
    if key is None:
        raise Unsupported("no second key is at hand; give --second-api-key")
    answer = gate.send("GET", "/videos", key=key)
    if answer.status in {401, 403}:
        raise NotRun(f"the server does not take --second-api-key: {answer.summary}")
    return key


@pytest.fixture(scope="session")
def nobody(configuration: Configuration) -> str:
    """An id that no video has."""
    return f"video_{configuration.run_id}"
