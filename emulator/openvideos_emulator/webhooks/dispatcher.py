"""Delivers what is due: one dispatcher in each worker."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from typing import TYPE_CHECKING

import attrs

from openvideos_emulator.storage.database import UnreachableDatabaseError
from openvideos_emulator.webhooks import outbox
from openvideos_emulator.webhooks.endpoint import shown
from openvideos_emulator.webhooks.outbox import Delivery, Moment, Outcome
from openvideos_emulator.webhooks.sending import Sender
from openvideos_emulator.worlds import ALL

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from openvideos_emulator.faults.deliveries import DeliveryFaults
    from openvideos_emulator.storage.database import Database
    from openvideos_emulator.worlds import World, Worlds

_AT_ONCE = 64
# A simple receiver lets only five connections wait; up to seven are made, since so many are
# claimed together.
_AT_ONCE_TO_ONE_RECEIVER = 4
_SECONDS_FOR_AN_ANSWER = 5.0
# A claim outlasts its attempt and a long wait for the database, so that only a dead worker's is
# taken over.
_ATTEMPTS_IN_A_CLAIM = 4
# How long what another worker has left, or a turned clock has made due, may wait.
_LOOK_EVERY = 1.0
_PAUSE = 0.01
_PAUSE_OF_THE_DATABASE = 0.2
_SECONDS_FOR_LAST_ATTEMPTS = 1.0

log = logging.getLogger(__name__)


class Dispatcher:
    """Delivers the outbox's events, together with the other workers' dispatchers."""

    def __init__(
        self,
        database: Database,
        worlds: Worlds,
        *,
        own_clocks: bool,
        faults: DeliveryFaults | None = None,
        seconds_for_an_answer: float = _SECONDS_FOR_AN_ANSWER,
    ) -> None:
        """Prepare to deliver; nothing is done yet.

        Args:
            database: Where the outbox is.
            worlds: What time it is for whom.
            own_clocks: Whether any world can have a time of its own.
            faults: What goes wrong with deliveries on purpose.
            seconds_for_an_answer: How long a receiver may take.
        """
        self._database = database
        self._worlds = worlds
        self._own_clocks = own_clocks
        self._sender = Sender(seconds_for_an_answer, faults)
        self._claim_lasts = round(seconds_for_an_answer * _ATTEMPTS_IN_A_CLAIM * 1000)
        self._attempts: dict[asyncio.Task[None], Delivery] = {}
        self._woken = asyncio.Event()
        self._claiming = asyncio.Lock()

    def wake(self) -> None:
        """Say that the outbox has something new."""
        self._woken.set()

    async def run(self) -> None:
        """Deliver whatever becomes due, until cancelled."""
        async with self._sender:
            try:
                await self._keep_delivering()
            finally:
                await self._finish()

    async def deliver_due(self, tenant: str | None) -> None:
        """Return once everything that is due now was tried, be it by this worker or another.

        Args:
            tenant: Whose events, or None for all.
        """
        moments = await self._database.read(self._moments, tenant)
        while await self._database.read(outbox.is_due, moments):
            await self._start_attempts(moments)
            await asyncio.sleep(_PAUSE)

    async def _keep_delivering(self) -> None:
        while True:
            self._woken.clear()
            moments = await self._database.read(self._moments, None)
            if await self._database.read(outbox.is_due, moments):
                await self._start_attempts(moments)
            following = await self._database.read(outbox.milliseconds_until_next, moments)
            wait = _LOOK_EVERY if following is None else min(_LOOK_EVERY, following / 1000)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait):
                    await self._woken.wait()
            # Many creates wake it together.
            await asyncio.sleep(_PAUSE)

    async def _start_attempts(self, moments: list[Moment]) -> None:
        """Claim what is due, as much as there is room for, and start to send it."""
        # One after the other, so that all see how much room there is.
        async with self._claiming:
            while await self._start_some(moments):
                pass

    async def _start_some(self, moments: list[Moment]) -> bool:
        room = _AT_ONCE - len(self._attempts)
        if room <= 0:
            return False
        busy = Counter(delivery.url for delivery in self._attempts.values())
        now = self._worlds.clock.now()
        claimed = await self._database.write(
            outbox.claim,
            moments,
            at_most=min(room, _AT_ONCE_TO_ONE_RECEIVER),
            except_urls=[url for url in busy if busy[url] >= _AT_ONCE_TO_ONE_RECEIVER],
            now=now,
            until=now + self._claim_lasts,
        )
        for delivery in claimed:
            task = asyncio.create_task(self._attempt(delivery))
            self._attempts[task] = delivery
            task.add_done_callback(self._attempted)
        return bool(claimed)

    async def _attempt(self, delivery: Delivery) -> None:
        outcome = await self._sender.send(delivery)
        while True:
            try:
                pause = await self._record(delivery, outcome)
                break
            except UnreachableDatabaseError:
                # What a receiver has acknowledged should not come to it again.
                if self._worlds.clock.now() >= delivery.claimed_until:
                    raise
                await asyncio.sleep(_PAUSE_OF_THE_DATABASE)
        if not outcome.acknowledged:
            log.warning(
                "webhook %s of %s to %s: %s; %s",
                delivery.id,
                delivery.video_id,
                shown(delivery.url),
                outcome.error or f"answered {outcome.status}",
                "given up" if pause is None else f"again in {pause:.0f} s",
            )

    async def _record(self, delivery: Delivery, outcome: Outcome) -> float | None:
        """Record what came of an attempt; return how many seconds it is until the next."""
        now = (await self._worlds.find(delivery.tenant)).now()
        again = await self._database.write(outbox.record, delivery, outcome, now)
        return None if again is None else (again - now) / 1000

    def _attempted(self, task: asyncio.Task[None]) -> None:
        self._attempts.pop(task, None)
        self.wake()
        if not task.cancelled() and (error := task.exception()) is not None:
            # The claim ends by itself, and the event is tried again.
            log.error("an attempt to deliver a webhook was not recorded", exc_info=error)

    async def _finish(self) -> None:
        """Let attempts under way be recorded, and end those that take too long."""
        if self._attempts:
            _, late = await asyncio.wait(set(self._attempts), timeout=_SECONDS_FOR_LAST_ATTEMPTS)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _moments(self, connection: Connection, tenant: str | None) -> list[Moment]:
        if not self._own_clocks:
            return [Moment(tenant=tenant, now=self._worlds.clock.now())]
        if tenant is not None:
            return [_moment(self._worlds.read(connection, tenant))]
        # However many keys there are, most go by the time of all.
        others = _moment(self._worlds.read(connection, ALL))
        return [
            attrs.evolve(others, tenant=None, of_others=True),
            *(
                _moment(self._worlds.read(connection, waiting))
                for waiting in outbox.waiting_with_own_clock(connection)
            ),
        ]


def _moment(world: World) -> Moment:
    return Moment(tenant=world.tenant, now=world.now(), passes=world.frozen_at is None)
