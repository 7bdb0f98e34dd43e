"""What all tests share: examples that are the same in each run, no time limits, and Ctrl-C."""

from __future__ import annotations

import importlib.util
import signal
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "repository",
    derandomize=True,
    deadline=None,  # the machine may be busy
    suppress_health_check=[HealthCheck.too_slow],  # likewise
)
settings.load_profile("repository")

# A shell that runs the tests in the background has them ignore Ctrl-C, and so whatever they start.
signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def load_script() -> Callable[[Path], ModuleType]:
    """Return what loads a script that is in no package, anew each time."""

    def load(script: Path) -> ModuleType:
        spec = importlib.util.spec_from_file_location(script.stem, script)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    return load
