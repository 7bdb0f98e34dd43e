"""Walks through the pages of a list, while videos are created and deleted by several hosts."""

import asyncio
import secrets
from collections.abc import Iterator

import attrs
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from openvideos_emulator.scene import Part, Scene
from openvideos_emulator.storage import queries
from openvideos_emulator.storage.database import Database, open_database
from openvideos_emulator.timetable import Job, plan_at_once

from .test_databases import engine_of

pytestmark = pytest.mark.xdist_group("databases")

NOON = 1_795_000_000_000


@attrs.frozen
class Opened:
    """A database that two processes have opened, and the loop that they run on."""

    hosts: tuple[Database, Database]
    loop: asyncio.AbstractEventLoop


@pytest.fixture
def opened(database: str) -> Iterator[Opened]:
    loop = asyncio.new_event_loop()
    hosts = (open_database(database), open_database(database))
    yield Opened(hosts, loop)
    for host in hosts:
        loop.run_until_complete(host.disconnect())
        host.close()
    loop.close()


def job_at(created: int) -> Job:
    return Job(
        id=f"video_{secrets.token_hex(24)}",
        model="sora-2",
        prompt="x",
        size="720x1280",
        seconds="4",
        remixed_from_video_id=None,
        timetable=plan_at_once(created),
    )


def scene_of(job: Job) -> Scene:
    return Scene(720, 1280, job.id, (Part(job.id, job.prompt, 4.0, 20),))


async def create(host: Database, tenant: str, created: int) -> str:
    job = job_at(created)
    await host.write(queries.add_job, tenant, job, scene_of(job), None)
    return job.id


# A host's clock may stand still, go back, or differ from another's.
clocks = st.integers(NOON - 3, NOON + 3)
steps = st.one_of(
    st.tuples(st.just("create"), st.integers(0, 1), clocks),
    st.tuples(st.just("delete"), st.integers(0, 1), st.integers(0, 100)),
    st.tuples(st.just("page"), st.integers(0, 1), st.just(0)),
)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    before=st.lists(clocks, max_size=8),
    during=st.lists(steps, max_size=15),
    limit=st.integers(1, 4),
    ascending=st.booleans(),
)
def test_a_walk_shows_each_video_once_that_is_there_all_the_while(
    opened: Opened,
    before: list[int],
    during: list[tuple[str, int, int]],
    limit: int,
    ascending: bool,
) -> None:
    tenant = secrets.token_hex(8)

    async def walk() -> None:
        stored = [
            await create(opened.hosts[number % 2], tenant, created)
            for number, created in enumerate(before)
        ]
        stayed, created_meanwhile = list(stored), []
        seen: list[str] = []
        more = True

        async def next_page(host: Database) -> bool:
            after = seen[-1] if seen else None
            page = await queries.list_jobs(
                host, tenant, limit=limit, ascending=ascending, after=after
            )
            assert page is not None
            seen.extend(job.id for job in page.jobs)
            return page.has_more

        for what, which, number in during:
            host = opened.hosts[which]
            if what == "create":
                created_meanwhile.append(await create(host, tenant, number))
            elif what == "page":
                more = await next_page(host)
            elif stayed:
                gone = stayed.pop(number % len(stayed))
                assert await host.write(queries.delete_job, tenant, gone)
        more = True
        while more:
            more = await next_page(opened.hosts[0])
        assert len(set(seen)) == len(seen)
        wanted = stayed if ascending else stayed[::-1]
        assert [video_id for video_id in seen if video_id in stayed] == wanted
        if ascending:
            # Whoever goes on from the last one misses nothing that comes.
            assert [each for each in seen if each in created_meanwhile] == created_meanwhile

    opened.loop.run_until_complete(walk())


def test_no_video_appears_before_one_that_was_listed_already(opened: Opened, database: str) -> None:
    """A create that began first and ends last would, to those who go on from the last they saw."""

    async def page() -> list[str]:
        found = await queries.list_jobs(
            opened.hosts[0], "tenant", limit=9, ascending=True, after=None
        )
        assert found is not None
        return [job.id for job in found.jobs]

    async def create_beside_a_slow_one() -> None:
        slow = job_at(NOON)
        engine = engine_of(database)
        with engine.connect() as connection:
            queries.add_job(connection, "tenant", slow, scene_of(slow), None)
            creating = asyncio.create_task(create(opened.hosts[0], "tenant", NOON))
            await asyncio.wait([creating], timeout=0.1)
            seen = await page()
            connection.commit()
        await creating
        assert (await page())[: len(seen)] == seen
        assert await page() == [slow.id, creating.result()]

    opened.loop.run_until_complete(create_beside_a_slow_one())
