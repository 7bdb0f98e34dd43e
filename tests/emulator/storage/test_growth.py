"""What is found is found by an index, however many videos there are, and whoever's they are."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
import sqlalchemy
from sqlalchemy import Select

from openvideos_emulator.http.keys import tenant_of
from openvideos_emulator.storage import queries
from openvideos_emulator.storage.database import Database, open_database

from ..filling import fill
from .test_databases import engine_of

pytestmark = pytest.mark.xdist_group("databases")

IN_ORDER = "openvideos_videos_in_order"
ONE = tenant_of(b"one")


class Recorder(Database):
    """A database that only takes down what it is asked."""

    def __init__(self, engine: sqlalchemy.Engine) -> None:
        super().__init__(engine.dialect, None)
        self.asked: list[Select[Any]] = []

    async def rows(
        self, statement: Select[Any], values: Mapping[str, Any]
    ) -> Sequence[tuple[Any, ...]]:
        self.asked.append(statement.params(**values))
        return []

    async def read(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    async def write(self, *_: Any, **__: Any) -> Any:
        raise NotImplementedError

    async def disconnect(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        raise NotImplementedError


def plans(engine: sqlalchemy.Engine, recorder: Recorder) -> list[str]:
    """Return how a database finds the answers to what it was asked."""
    explain = "EXPLAIN QUERY PLAN " if engine.dialect.name == "sqlite" else "EXPLAIN "
    found = []
    with engine.connect() as connection:
        for statement in recorder.asked:
            text = statement.compile(engine, compile_kwargs={"literal_binds": True})
            plan = connection.exec_driver_sql(explain + str(text).replace("%", "%%")).all()
            found.append("\n".join(str(row) for row in plan))
    return found


@pytest.fixture
def grown(database: str) -> sqlalchemy.Engine:
    """A database in which others' videos, newer and older, surround one key's."""
    open_database(database).close()
    for key, number in (("others", 500), ("one", 1500), ("others", 1500)):
        fill(database, key, number)
    engine = engine_of(database)
    with engine.begin() as connection:
        connection.exec_driver_sql("ANALYZE")
    return engine


def test_a_page_is_found_by_the_index_of_its_order(grown: sqlalchemy.Engine) -> None:
    recorder = Recorder(grown)
    for tenant in (ONE, "nobody"):
        for ascending in (False, True):
            asyncio.run(
                queries.list_jobs(recorder, tenant, limit=20, ascending=ascending, after=None)
            )
    for plan in plans(grown, recorder):
        assert IN_ORDER in plan
        assert "Seq Scan" not in plan
        assert "SCAN" not in plan


def test_a_job_is_found_by_its_id(grown: sqlalchemy.Engine) -> None:
    recorder = Recorder(grown)
    asyncio.run(queries.find_job(recorder, ONE, "video_x"))
    asyncio.run(queries.list_jobs(recorder, ONE, limit=1, ascending=True, after="video_x"))
    for plan in plans(grown, recorder):
        assert "openvideos_videos_id_key" in plan or "(id=?)" in plan
