"""Runs the tests in this process, apart from whatever surrounds it."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

import hypothesis.configuration
import pytest

from openvideos_contract.session import TESTS, Session

# Settings of the caller's own tests, which are not ours.
_FOREIGN_SETTINGS = ("PYTEST_ADDOPTS", "PYTEST_PLUGINS")


class SuiteFaultError(RuntimeError):
    """Pytest itself failed: a fault of the suite, never of the server."""


def run(session: Session) -> None:
    """Run the tests of a session, and leave no file behind.

    Raises:
        SuiteFaultError: The tests could not be collected or run.
    """
    arguments = [
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
    for plugin in ("cacheprovider", "terminal", "faulthandler", "unraisableexception"):
        arguments += ["-p", f"no:{plugin}"]
    arguments += ["-p", "openvideos_contract.plugin"]
    with tempfile.TemporaryDirectory(prefix="openvideos-") as folder, _apart():
        hypothesis.configuration.set_hypothesis_home_dir(folder)
        code = pytest.main(arguments, plugins=[session])
    if code in {pytest.ExitCode.INTERNAL_ERROR, pytest.ExitCode.USAGE_ERROR}:
        raise SuiteFaultError(f"the suite itself failed (pytest ended with {int(code)})")


@contextmanager
def _apart() -> Iterator[None]:
    """Hide the caller's settings of pytest, and take a request to terminate as Ctrl-C."""
    kept = {name: os.environ.pop(name) for name in _FOREIGN_SETTINGS if name in os.environ}
    autoload = os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)
        os.environ.update(kept)
        if autoload is None:
            del os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
        else:
            os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = autoload
