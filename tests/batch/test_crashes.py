"""Crashes between any two steps, in virtual time: no line is ever billed twice, and each settles.

The ledger's own queries run against a modelled server, so that thousands of orders of events are
tried in the time of one real kill.
"""

from __future__ import annotations

import sqlalchemy
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from sqlalchemy.pool import StaticPool

from openvideos import Video
from openvideos._batch import lost_answers, queries
from openvideos._batch.lines import Line
from openvideos._batch.recovery import Listing
from openvideos._batch.rows import Row
from openvideos._batch.states import State
from openvideos._batch.tables import batch, metadata

from .test_recovery import START, a_video

SETTLE = 300.0
LEASE = 60.0
OURS, OTHERS = "line", "somebody else"


class Crashes(RuleBasedStateMachine):
    """Workers that crash, a server whose answers are lost or late, and its honest list."""

    @initialize(
        prompts=st.lists(st.sampled_from(["a cat", "a dog"]), min_size=1, max_size=5),
        one_is_known=st.booleans(),
    )
    def begin(self, prompts: list[str], one_is_known: bool) -> None:
        self.engine = sqlalchemy.create_engine("sqlite://", poolclass=StaticPool)
        metadata.create_all(self.engine)
        self.now = START
        self.workers = 0
        self.worker = ""
        # What arrived at the server: by id, the line and the time. And what will: time and line.
        self.jobs: dict[str, tuple[int, float]] = {}
        self.foreign: list[Video] = []
        self.late: list[tuple[float, int]] = []
        self.creating: list[Row] = []
        lines = [Line(at, {"prompt": prompt}) for at, prompt in enumerate(prompts, 1)]
        self.prompts = {line.position: line.fields["prompt"] for line in lines}
        with self.engine.begin() as connection:
            connection.execute(batch.insert().values(id=1, name="batch"))
            queries.enter(connection, self.now, lines, base_url="http://server/v1")
        self.start_worker()
        if one_is_known:  # by which a list can be proved
            self.claim()
            self.a_create_is_answered()
            self.time_passes(20.0)

    def start_worker(self) -> None:
        self.workers += 1
        before, self.worker = self.worker, f"worker {self.workers}"
        with self.engine.begin() as connection:
            queries.join(
                connection, self.now, self.worker, host=self.worker, process=1, lease=LEASE
            )
            queries.take_up(connection, self.now, retry_failed=False)
            queries.take_over(
                connection, self.now, self.worker, is_dead=lambda host, _process: host == before
            )

    def arrives(self, position: int) -> str:
        video_id = f"{OURS}-{position}-{len(self.jobs)}"
        self.jobs[video_id] = (position, self.now)
        return video_id

    @rule()
    def claim(self) -> None:
        with self.engine.begin() as connection:
            row = queries.claim(
                connection,
                self.now,
                self.worker,
                max_in_flight=100,
                settle=SETTLE,
                keyed=False,
                lease=LEASE,
            )
        if row:
            self.creating.append(row)

    @rule()
    def a_create_is_answered(self) -> None:
        if self.creating:
            row = self.creating.pop(0)
            self.record(row, self.arrives(row.position))

    def record(self, row: Row, video_id: str) -> None:
        with self.engine.begin() as connection:
            queries.answered(
                connection,
                self.now,
                self.worker,
                row.position,
                attempt=row.attempt,
                video_id=video_id,
                cost=None,
            )

    @rule(fate=st.sampled_from(["made", "late", "never"]))
    def a_line_is_claimed_and_its_answer_lost(self, fate: str) -> None:
        self.claim()
        self.an_answer_is_lost(fate)

    @rule()
    def a_line_is_claimed_and_answered(self) -> None:
        self.claim()
        self.a_create_is_answered()

    @rule(fate=st.sampled_from(["made", "late", "never"]))
    def an_answer_is_lost(self, fate: str) -> None:
        if not self.creating:
            return
        row = self.creating.pop(0)
        self.meets(row, fate)
        with self.engine.begin() as connection:
            queries.lost(connection, self.now, self.worker, row.position)

    @rule(fates=st.lists(st.sampled_from(["made", "late", "never"]), min_size=5, max_size=5))
    def the_worker_is_killed(self, fates: list[str]) -> None:
        for row, fate in zip(self.creating, fates, strict=False):
            self.meets(row, fate)
        self.creating = []
        self.start_worker()

    def meets(self, row: Row, fate: str) -> None:
        if fate == "made":
            self.arrives(row.position)
        elif fate == "late":
            self.late.append((self.now + SETTLE * 0.9, row.position))

    @rule(seconds=st.sampled_from([1.0, 20.0, 100.0, 310.0]))
    def time_passes(self, seconds: float) -> None:
        end = self.now + seconds
        for due, position in sorted(self.late):
            if due <= end:
                self.now = max(self.now, due)
                self.arrives(position)
        self.late = [(due, position) for due, position in self.late if due > end]
        self.now = end
        with self.engine.begin() as connection:
            queries.stay(connection, self.now, self.worker, lease=LEASE)

    @rule(prompt=st.sampled_from(["a cat", "a cow"]))
    def somebody_else_makes_a_video(self, prompt: str) -> None:
        video_id = f"{OTHERS}-{len(self.foreign)}"
        self.foreign.append(a_video(video_id, prompt, created=self.now))

    @rule()
    def look_into_the_list(self) -> None:
        listed = [
            a_video(video_id, self.prompts[position], created=created)
            for video_id, (position, created) in self.jobs.items()
        ]
        with self.engine.begin() as connection:
            lost_answers.recover(
                connection,
                self.now,
                Listing((*listed, *self.foreign)),
                settle=SETTLE,
                repeat_uncertain=False,
                cost_of=lambda _video, _fields: None,
            )

    @invariant()
    def no_line_is_made_twice(self) -> None:
        if hasattr(self, "jobs"):
            made = [position for position, _ in self.jobs.values()]
            made += [position for _, position in self.late]
            for prompt in set(self.prompts.values()):
                lines = [at for at, asked in self.prompts.items() if asked == prompt]
                assert sum(made.count(at) for at in lines) <= len(lines)

    def teardown(self) -> None:
        if not hasattr(self, "jobs"):
            return
        # When nothing goes wrong any more, each line gets a job or a reason.
        for row in self.creating:
            self.record(row, self.arrives(row.position))
        self.creating = []
        for _ in range(12):
            self.claim()
            while self.creating:
                row = self.creating.pop()
                self.record(row, self.arrives(row.position))
            self.time_passes(100.0)
            self.look_into_the_list()
        self.no_line_is_made_twice()
        with self.engine.begin() as connection:
            rows = queries.all_rows(connection, self.now)
        self.engine.dispose()
        known = [row.video_id for row in rows if row.video_id]
        assert len(set(known)) == len(known)
        for row in rows:
            assert row.state == State.RUNNING or (row.held and row.reason)
            if row.video_id and row.video_id.startswith(OURS):
                position, _ = self.jobs[row.video_id]
                assert self.prompts[position] == self.prompts[row.position]


TestCrashes = Crashes.TestCase
# Not shrunk, which takes minutes for a machine with a database.
TestCrashes.settings = settings(max_examples=20, stateful_step_count=15, phases=[Phase.generate])
