"""Runs the tests in this process, apart from whatever surrounds it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis.configuration
import pytest

from openvideos_contract.contract import Contract
from openvideos_contract.judging import frozen, requirements
from openvideos_contract.running.items import TESTS, name_of, proved_by
from openvideos_contract.running.session import Session
from openvideos_contract.settings.sources import VARIABLES

# Settings of the caller's own tests, which are not ours; and ours, which were read before.
_SETTINGS = {"PYTEST_ADDOPTS", "PYTEST_PLUGINS", *VARIABLES}


class SuiteFaultError(RuntimeError):
    """The suite itself failed, and never the server; the message ends in a traceback."""


def run(session: Session) -> None:
    """Run the tests of a session; no file is left where the caller works.

    Raises:
        SuiteFaultError: The tests could not be collected or run.
    """
    _require_run(session, _pytest([], session))


def collect(session: Session) -> None:
    """Find the tests of a session, without running them.

    Raises:
        SuiteFaultError: They cannot be collected.
    """
    _require_run(session, _pytest(["--collect-only"], session))


def _require_run(session: Session, code: int) -> None:
    if session.crash or code in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR}:
        raise SuiteFaultError(session.crash or f"pytest ended with {int(code)}")


def self_check() -> list[str]:
    """Return what is wrong with the suite itself: its requirements, and the tests that prove them.

    Raises:
        SuiteFaultError: The tests cannot be collected.
    """
    known = requirements.load().values()
    retired = requirements.retired()
    version = Contract.load(None).version
    return [
        *requirements.faults(known, proved()),
        *frozen.faults(known, retired, version=version, releases=frozen.load()),
    ]


def proved() -> dict[str, list[str]]:
    """Return the ids of the requirements that each test names, by the test.

    Raises:
        SuiteFaultError: The tests cannot be collected.
    """
    collected = _Collected()
    code = _pytest(["--collect-only"], collected)
    if code is not pytest.ExitCode.OK:
        raise SuiteFaultError(f"the tests cannot be collected: pytest ended with {int(code)}")
    return collected.proved


class _Collected:
    """Notes which requirements each test names."""

    def __init__(self) -> None:
        self.proved: dict[str, list[str]] = {}

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        self.proved = {name_of(item): proved_by(item) for item in session.items}


class _NoTracebacks:
    """Spares pytest from formatting tracebacks that nobody sees, which took most of a run."""

    def pytest_configure(self, config: pytest.Config) -> None:
        config.option.tbstyle = "value"  # the message alone; not one that the command line has


def _pytest(arguments: list[str], plugin: object) -> int:
    settings = [
        str(TESTS),
        f"--rootdir={TESTS}",
        f"--confcutdir={TESTS}",
        "-c",
        os.devnull,
        "--import-mode=importlib",
        "-s",
        "-W",
        "ignore",
    ]
    for name in ("cacheprovider", "terminal", "faulthandler", "unraisableexception"):
        settings += ["-p", f"no:{name}"]
    settings += ["-p", "openvideos_contract.plugin"]
    # Hypothesis keeps its table of characters, worth two seconds a run, and no examples here.
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    with _apart():
        hypothesis.configuration.set_hypothesis_home_dir(cache / "openvideos")
        try:
            return pytest.main(settings + arguments, plugins=[plugin, _NoTracebacks()])
        finally:
            hypothesis.configuration.set_hypothesis_home_dir(None)


@contextmanager
def _apart() -> Iterator[None]:
    """Hide settings that are not for the tests in this process."""
    kept = {name: os.environ.pop(name) for name in _SETTINGS if name in os.environ}
    autoload = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    try:
        yield
    finally:
        os.environ.update(kept)
        if autoload is None:
            del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        else:
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = autoload
