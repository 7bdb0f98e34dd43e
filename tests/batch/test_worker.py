"""Workers on one ledger that are slow, not dead."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from openvideos import AsyncOpenVideos
from openvideos._batch import queries, worker
from openvideos._batch.database import Ledger
from openvideos._batch.files import prepare
from openvideos._batch.lines import Line
from openvideos._batch.worker import Event, Plan, Worker
from openvideos_emulator import Emulator

A_CAT = {"prompt": "a cat", "size": "64x64", "seconds": 0.1}


class Slow(Worker):
    """A worker whose lease runs out while it waits for answers."""

    async def _beat(self) -> None:
        await asyncio.Event().wait()

    async def _pause(self) -> None:
        await asyncio.sleep(2.0)


@pytest.mark.parametrize("location", ["sqlite"], indirect=True)
def test_a_slow_worker_that_is_taken_for_dead_costs_no_second_job(
    emulator: Emulator, ledger: Ledger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker, "_LEASE", 0.3)
    monkeypatch.setattr(worker, "_ROUND", 0.1)
    lines = [Line(position, A_CAT) for position in (1, 2)]
    ledger.run_blocking(queries.enter, lines, base_url=emulator.base_url)
    prepare(tmp_path)
    plan = Plan(
        folder=tmp_path,
        lines_folder=tmp_path,
        max_in_flight=2,
        settle=5.0,
        repeat_uncertain=False,
        keyed=False,
        max_wait=30.0,
        interval=0.05,
        price=None,
    )
    told: dict[str, list[Event]] = {"slow": [], "quick": []}

    async def work() -> int:
        async with AsyncOpenVideos(base_url=emulator.base_url, api_key="sk-outlasted") as client:
            slow = Slow(client, ledger, plan, told["slow"].append)
            quick = Worker(client, ledger, plan, told["quick"].append)
            beginning = asyncio.create_task(slow.run())
            while slow.creates_under_way < 2:
                await asyncio.sleep(0.01)
            await asyncio.gather(beginning, quick.run())
            return len([video async for video in client.videos.list(limit=100)])

    assert asyncio.run(work()) == 2
    rows = ledger.run_blocking(queries.all_rows)
    assert [row.state for row in rows] == ["saved", "saved"]
    assert len({row.video_id for row in rows}) == 2
    assert ledger.run_blocking(queries.all_strays) == []
    assert any("found" in event.text for event in told["quick"])
