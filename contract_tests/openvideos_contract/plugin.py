"""The pytest plugin: options, fixtures, and what each test means for its requirements.

`openvideos conform` uses it in process; as plain pytest it is used with

    pytest -p openvideos_contract.plugin --pyargs openvideos_contract --openvideos-url URL
"""

from __future__ import annotations

import os

import pytest

from openvideos_contract.contract import Contract
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import Unsupported
from openvideos_contract.running.session import Session
from openvideos_contract.settings.configuration import (
    Configuration,
    ConfigurationError,
    chosen_profiles,
    from_environment,
)
from openvideos_contract.webhooks.receiver import Receiver
from openvideos_contract.wire.gate import Gate
from openvideos_spec import ContractError, OverlayError

_OPTIONS: dict[str, tuple[type, str]] = {
    "url": (str, "the server's base URL; OPENVIDEOS_BASE_URL or OPENAI_BASE_URL"),
    "api-key": (str, "the key to use; OPENVIDEOS_API_KEY or OPENAI_API_KEY"),
    "second-api-key": (str, "another tenant's key; OPENVIDEOS_SECOND_API_KEY"),
    "dialect": (str, "the dialect to hold the server to"),
    "max-videos": (int, "the most jobs that may be started"),
    "seed": (int, "of the generated requests"),
    "job-timeout": (float, "seconds within which a job must end"),
    "request-timeout": (float, "seconds within which a request must be answered"),
    "model": (str, "the model to ask for"),
    "size": (str, "the size to ask for"),
    "seconds": (str, "the length to ask for"),
}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Declare the options, each named `--openvideos-...`: `--base-url` is another plugin's."""
    group = parser.getgroup("openvideos", "conformance with the Videos protocol")
    for name, (kind, text) in _OPTIONS.items():
        group.addoption(f"--openvideos-{name}", type=kind, default=None, help=text)
    group.addoption(
        "--openvideos-profile", action="append", default=[], help="a profile to test; repeatable"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, and the session unless `openvideos conform` brought its own."""
    config.addinivalue_line(
        "markers", "requirement(*ids): the requirements of requirements.yaml that the test proves"
    )
    if _session_of(config) is not None:
        return
    options = {name: config.getoption(f"--openvideos-{name}") for name in _OPTIONS}
    url = options.pop("url") or from_environment("BASE_URL")
    if url is None:
        return  # collecting alone needs no server; the fixtures say what is missing
    try:
        contract = Contract.load(options["dialect"])
        configuration = Configuration(
            base_url=url,
            api_key=options.pop("api-key") or from_environment("API_KEY"),
            second_api_key=options.pop("second-api-key")
            or os.environ.get("OPENVIDEOS_SECOND_API_KEY"),
            profiles=chosen_profiles(config.getoption("--openvideos-profile"), contract.profiles),
            **{
                name.replace("-", "_"): value
                for name, value in options.items()
                if value is not None
            },
        )
    except (ConfigurationError, ContractError, OverlayError) as error:
        raise pytest.UsageError(str(error)) from error
    config.pluginmanager.register(Session(configuration, contract), "openvideos-session")


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
def nobody(configuration: Configuration) -> str:
    """An id that no video has."""
    return f"video_{configuration.run_id}"
