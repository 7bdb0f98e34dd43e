"""Sequences of calls over the whole API, against a model of what must be there."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import attrs
import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from schemathesis import GenerationMode

from openvideos_contract.checks.deletions import require_deletions_do_something
from openvideos_contract.checks.listing import listed_ids, listed_videos, require_cursor_there
from openvideos_contract.contract import Contract
from openvideos_contract.generating.cases import FORM, JSON, AnyCase, Generator, quiet_settings
from openvideos_contract.generating.model import Known, Model
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.jobs.words import RUNNING
from openvideos_contract.outcome import (
    Blocked,
    Nonconformity,
    NotRun,
    NotTested,
    Unsupported,
    require,
)
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate, video_path

SCENARIOS = 10
STEPS = 10
FUZZED = 12
# A walk ends here, whatever the server says.
MOST_PAGES = 60


def offer_only(fields: dict[str, str]) -> Any:
    """Return a change of the contract: a create has a prompt and these values, and nothing else."""

    def change(document: dict[str, Any]) -> None:
        schemas = document["components"]["schemas"]
        for name in ("CreateVideoJson", "CreateVideoForm"):
            prompt = schemas[name]["properties"]["prompt"]
            offered = {field: {"const": value} for field, value in fields.items()}
            schemas[name]["properties"] = {"prompt": prompt, **offered}
        # An example may hold what this server does not offer.
        for body in document["components"]["requestBodies"].values():
            for content in body["content"].values():
                content.pop("examples", None)

    return change


class Newcomer:
    """A job that is generated from the contract, and made once, when it is first asked for.

    Attributes:
        early_deletion: The answers to deleting it at once and to a retrieve after that, where the
            create said that it was not done yet.
    """

    def __init__(
        self, gate: Gate, jobs: Jobs, configuration: Configuration, contract: Contract
    ) -> None:
        self._gate = gate
        self._jobs = jobs
        self._generator = Generator(contract, configuration, gate)
        self._run_id = configuration.run_id
        self._answer: Exchange | NotTested | None = None
        self.early_deletion: tuple[Exchange, Exchange] | None = None

    def create(self) -> Exchange:
        """Return the answer to its create.

        Raises:
            NotTested: The budget has no room for it, or nothing was generated.
        """
        if self._answer is None:
            try:
                self._answer = self._create()
            except NotTested as reason:
                self._answer = reason
        if isinstance(self._answer, NotTested):
            raise self._answer
        return self._answer

    def come(self, model: Model) -> None:
        """Come into being, and be told to go at once, as the job is made; the model learns both."""
        answer = self.create()
        model.create(answer)
        video = answer.video()
        if video.get("status") in RUNNING:
            deletion = model.delete(video["id"])
            self.early_deletion = (deletion, self._gate.send("GET", video_path(video["id"])))

    def _create(self) -> Exchange:
        wanted = self._jobs.require_room("generated")
        fields = {**wanted.fields}
        del fields["prompt"]
        answers: list[Exchange] = []

        def use(case: AnyCase) -> None:
            if answers or not isinstance(case.body, dict) or case.media_type not in {JSON, FORM}:
                return
            body = dict(case.body)
            body["prompt"] = f"[{self._run_id}] {body['prompt']}"[:32_000]
            case.body = body
            answers.append(self._generator.send(case))

        self._generator.run(
            "create_video",
            GenerationMode.POSITIVE,
            use,
            examples=FUZZED,
            fuzzing_only=True,
            change=offer_only(fields),
        )
        if not answers:
            raise NotRun("no case was generated")
        return answers[0]


@pytest.fixture(scope="module")
def newcomer(gate: Gate, jobs: Jobs, configuration: Configuration, contract: Contract) -> Newcomer:
    """A job that comes while others are looked at."""
    return Newcomer(gate, jobs, configuration, contract)


@pytest.fixture(scope="module")
def model(gate: Gate, jobs: Jobs) -> Model:
    """What must be there when all other tests but the last are done."""
    require_deletions_do_something(gate)
    jobs.ended("plain")
    kept = [made.id for made in gate.made if made.path and not made.deleted]
    answers = {video_id: gate.send("GET", video_path(video_id)) for video_id in kept}
    videos = {
        video_id: answer.object
        for video_id, answer in answers.items()
        if answer.ok and answer.object.get("id") == video_id
    }
    if not videos:
        jobs.require_room("plain")  # or else the budget is why
        raise Blocked("no video of the run can be retrieved (RETRIEVE-001)")
    oldest_first = sorted(videos.items(), key=lambda pair: str(pair[1].get("created_at")))
    return Model(gate, dict(oldest_first))


@attrs.frozen
class Moving:
    """A walk while videos came and went.

    Attributes:
        pages: The ids of each page, in order.
        stayed: The ids of the run's videos that were there from its first page to its last.
        gone: The ids of those that were deleted before the walk came to them.
        last: The answer with the last page.
        whole: Whether the walk came to the end of the list.
    """

    pages: list[list[str]]
    stayed: set[str]
    gone: set[str]
    last: Exchange
    whole: bool


@pytest.fixture(scope="module")
def moving(gate: Gate, model: Model, newcomer: Newcomer) -> Moving:
    """A walk by one, during which a video comes, one that was seen goes, and one that was not."""
    before = set(model.videos)
    expendable = [known for known in model.there if known.ended][1:]
    seen: list[list[str]] = []
    gone: set[str] = set()
    newest = listed_ids(gate.send("GET", "/videos", params={"limit": 100}))
    # Past those that others made since.
    later = list(itertools.takewhile(lambda found: found not in before, newest))
    cursor: str | None = later[-1] if later else None
    while len(seen) < MOST_PAGES:
        params = {"limit": 1} | ({"after": cursor} if cursor else {})
        answer = gate.send("GET", "/videos", params=params)
        if answer.refused or not listed_videos(answer):
            require_cursor_there(gate, cursor)
        seen.append(listed_ids(answer))
        stayed = {known.id for known in model.there if known.id in before}
        every = {found for ids in seen for found in ids}
        end = not seen[-1] or answer.object.get("has_more") is False
        done = end or (stayed <= every and len(seen) > len(before) + 2)
        # By its first page, which may be all there is, nothing has come or gone.
        if not seen[-1] or (done and len(seen) > 1):
            return Moving(seen, stayed, gone, answer, end)
        cursor = seen[-1][-1]
        if len(seen) == 1:
            with contextlib.suppress(NotTested, Nonconformity):
                newcomer.come(model)
        elif expendable and not gone and expendable[0].id not in every:
            gone |= _deleted(model, expendable.pop(0))
        elif expendable and expendable[-1].id in every and expendable[-1].id != cursor:
            _deleted(model, expendable.pop())
    return Moving(seen, stayed, gone, answer, whole=False)


def _deleted(model: Model, known: Known) -> set[str]:
    """Delete a video; return its id, or nothing where that did not succeed."""
    with contextlib.suppress(Nonconformity):
        model.delete(known.id)
    return {known.id} if known.deleted else set()


@pytest.mark.requirement("LIST-019")
def test_a_walk_gives_each_video_once_while_others_come_and_go(moving: Moving) -> None:
    walked = [found for ids in moving.pages for found in ids]
    if not moving.whole and not moving.stayed <= set(walked):
        raise NotRun(f"not seen in {MOST_PAGES} pages: too many other videos are there")
    for video_id in sorted(moving.stayed):
        require(
            walked.count(video_id) == 1,
            expected=f"the video {video_id}, which stayed, exactly once in {len(moving.pages)} "
            "pages while others came and went",
            seen=f"it {walked.count(video_id)} times, among {len(walked)} videos",
            exchange=moving.last,
        )
    for video_id in sorted(moving.gone):
        require(
            video_id not in walked,
            expected=f"a walk without {video_id}, which was deleted before the walk came to it",
            seen=f"it, among {len(walked)} videos",
            exchange=moving.last,
        )


@pytest.mark.requirement("CREATE-022")
def test_a_body_that_keeps_the_contract_is_taken(gate: Gate, newcomer: Newcomer) -> None:
    answer = newcomer.create()
    if not gate.seen["create_video", "2xx"]:
        raise Blocked(f"no create was ever taken (CREATE-001): {answer.summary}")
    answer.video()


@pytest.mark.requirement("LIFE-017")
def test_any_sequence_of_calls_finds_what_must_be_there(
    model: Model, moving: Moving, configuration: Configuration, nobody: str
) -> None:
    first = next((known.id for known in model.there if known.ended), "")
    failures: list[Exception] = []
    calls = len(model.calls)

    class Calls(RuleBasedStateMachine):
        """Each rule is a call; the model outlives the machine, as what it knows costs jobs."""

        def do(self, call: Any, *arguments: Any, **named: Any) -> None:
            if failures:
                hypothesis.reject()
            try:
                call(*arguments, **named)
            except (Nonconformity, NotTested) as reason:
                # Kept, not raised: what is raised would be sent again.
                failures.append(reason)

        @rule(who=st.integers(0, 9))
        def retrieve(self, who: int) -> None:
            self.do(model.retrieve, some(model, who, nobody))

        @rule(
            limit=st.sampled_from([None, 1, 2, 3, 100]),
            order=st.sampled_from([None, "asc", "desc"]),
            after=st.one_of(st.none(), st.integers(0, 9)),
        )
        def list_page(self, limit: int | None, order: str | None, after: int | None) -> None:
            cursor = None if after is None else some(model, after, nobody)
            self.do(model.list_page, limit=limit, order=order, after=cursor)

        @rule(who=st.integers(0, 9), variant=st.sampled_from([None, None, "thumbnail"]))
        def content(self, who: int, variant: str | None) -> None:
            self.do(model.content, some(model, who, nobody), variant)

        @rule(who=st.integers(0, 9))
        def delete(self, who: int) -> None:
            video_id = some(model, who, nobody)
            if video_id == first:
                self.do(model.retrieve, video_id)  # later tests need one that is finished
                return
            self.do(model.delete, video_id)
            self.do(model.retrieve, video_id)
            self.do(model.list_page, limit=100)

    hypothesis.seed(configuration.seed)(Calls)
    settings = hypothesis.settings(
        quiet_settings(SCENARIOS),
        stateful_step_count=STEPS,
        phases=[hypothesis.Phase.generate],
    )
    with contextlib.suppress(hypothesis.errors.Unsatisfiable):
        run_state_machine_as_test(Calls, settings=settings)
    if failures:
        raise failures[0]
    if len(model.calls) == calls:
        raise Blocked("no sequence was generated")


def some(model: Model, number: int, nobody: str) -> str:
    """Return the id of a video of the run, there or deleted, or one that nobody has."""
    ids = [*model.videos, nobody]
    return ids[number % len(ids)]


@pytest.mark.requirement("DELETE-009")
def test_deleting_a_running_job_does_what_it_answers(moving: Moving, newcomer: Newcomer) -> None:
    newcomer.create()
    if newcomer.early_deletion is None:
        raise Unsupported("the job was completed at once, so that no deletion came too early")
    deletion, after = newcomer.early_deletion
    require(
        after.refused if deletion.ok else after.ok,
        expected="the job to be gone" if deletion.ok else "the job to be there still",
        seen=f"{deletion.status} for the deletion, and then {after.summary}",
        exchange=after,
    )
