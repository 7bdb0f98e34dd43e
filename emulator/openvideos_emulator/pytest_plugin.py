"""The pytest plugin: `video_emulator`, a world of its own for each test.

pytest imports this module wherever the distribution is installed, so it imports nothing but pytest
until its fixture is used.
"""

from __future__ import annotations

import contextlib
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping

    from openvideos_emulator.process.running import Emulator
    from openvideos_emulator.remote import RemoteWorld

_CONFIG = "video_emulator_config"
_FIXTURE = "video_emulator"
_SERVER = "video_emulator_server"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let a project say in its pytest configuration how the emulator is set up."""
    parser.addini(
        _CONFIG,
        "TOML file of settings for the emulator of the fixture video_emulator, "
        "relative to the root directory",
        default="",
    )


@pytest.fixture(scope="session")
def video_emulator_settings(pytestconfig: pytest.Config) -> Mapping[str, Any]:
    """The settings of the emulator that all tests share, as keywords of `Emulator`.

    They are those of the file that `video_emulator_config` names. A project may have a fixture of
    this name instead.
    """
    named = pytestconfig.getini(_CONFIG)
    if not named:
        return {}
    from openvideos_emulator.configuration import from_file
    from openvideos_emulator.settings import SettingsError

    try:
        found = from_file(pytestconfig.rootpath / named)
    except SettingsError as error:
        pytest.fail(f"{_CONFIG}: {error}", pytrace=False)
    return {name.replace("-", "_"): value for name, value in found.items()}


@pytest.fixture(scope="session")
def video_emulator_server(video_emulator_settings: Mapping[str, Any]) -> Iterator[Emulator]:
    """The emulator that all tests of this process share."""
    from openvideos_emulator import Emulator, EmulatorError, SettingsError

    settings = {"quiet": True, **video_emulator_settings, "admin": True}
    with contextlib.ExitStack() as running:
        try:
            emulator = running.enter_context(Emulator(**settings))
        except (EmulatorError, SettingsError) as error:
            pytest.fail(str(error), pytrace=False)
        yield emulator


@pytest.fixture
def video_emulator(video_emulator_server: Emulator) -> Iterator[RemoteWorld]:
    """A world of its own on a real emulator, by a key of its own.

    It has `base_url`, `api_key`, `clock`, `faults`, `requests` and `webhooks`. While the test
    runs, `OPENVIDEOS_BASE_URL`, `OPENAI_BASE_URL` and their keys lead to it.
    """
    # Where a test has ended the emulator, those after it have another.
    world = video_emulator_server.start().world()
    with pytest.MonkeyPatch.context() as environment:
        for name, value in world.environment.items():
            environment.setenv(name, value)
        yield world
    world.reset()


# The old way of wrapping: where pytest does not know the new one, no test at all would run.
@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, Any, None]:
    """Show with a failure what the emulator was asked."""
    outcome = yield
    report: pytest.TestReport = outcome.get_result()
    fixtures = getattr(item, "funcargs", {})
    if _FIXTURE in fixtures and call.when == "call" and report.failed:
        from openvideos_emulator.remote import EmulatorError

        with contextlib.suppress(EmulatorError):
            asked = _asked(fixtures[_FIXTURE], fixtures.get(_SERVER))
            report.sections.append((f"{_FIXTURE}: requests", asked))


def _asked(world: RemoteWorld, server: Emulator | None) -> str:
    """Return what a world was asked, or why perhaps it was not."""
    requests = list(world.requests)
    others = server.stats()["requests"] if server is not None and not requests else 0
    if others:
        return (
            f"none with this test's key, and {others} with other keys: an app that keeps its "
            "client from test to test keeps its key too"
        )
    return "\n".join(map(str, requests)) or "none"
