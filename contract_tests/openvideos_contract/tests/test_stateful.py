"""Sequences of linked calls, over jobs that are finished and may now be deleted."""

from __future__ import annotations

import contextlib
from typing import Any

import hypothesis
import pytest
from requests.structures import CaseInsensitiveDict
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import ensure_resource_availability, use_after_free

from openvideos_contract.configuration import Configuration
from openvideos_contract.contract import Contract
from openvideos_contract.exchange import Exchange
from openvideos_contract.gate import Gate, video_path
from openvideos_contract.generated import AnyCase, Generator, quiet_settings
from openvideos_contract.jobs import Jobs
from openvideos_contract.outcome import Blocked, Nonconformity, NotTested

SCENARIOS = 12
STEPS = 6
MOST_JOBS = 3
# What starts a job is left out, and so is what needs a profile of its own.
KEPT = {"/videos", "/videos/{video_id}", "/videos/{video_id}/content"}


def keep_linked(document: dict[str, Any]) -> None:
    """Leave only the operations that a finished job can be put through, and their ids."""
    document["paths"] = {path: item for path, item in document["paths"].items() if path in KEPT}
    # A body would not be sent, nor a query: to generate them took most of the time.
    del document["paths"]["/videos"]["post"]["requestBody"]
    for item in document["paths"].values():
        for operation in item.values():
            operation["parameters"] = [
                parameter
                for parameter in operation.get("parameters", [])
                if parameter["$ref"].endswith("/VideoId")
            ]
    links = document["components"]["responses"]["CreatedVideo"]["links"]
    for name in set(links) - {"retrieve", "content", "delete"}:
        del links[name]


class World:
    """What must be there: the finished jobs, and those of them that were deleted."""

    def __init__(self, gate: Gate, generator: Generator, nobody: str, finished: list[str]) -> None:
        self.gate = gate
        self.generator = generator
        self.nobody = nobody
        self.alive = finished
        self.deleted: set[str] = set()
        self.failure: Exception | None = None
        self.calls = 0
        self._turn = 0

    def call(self, case: AnyCase) -> Exchange:
        """Send a step; a create stands for taking up a job that is finished already."""
        if self.failure is not None:
            hypothesis.reject()
        self.calls += 1
        operation = case.operation.definition.raw["operationId"]
        case.headers = CaseInsensitiveDict()
        case.query = {}
        if operation == "create_video":
            self._turn += 1
            there = self.alive or sorted(self.deleted)
            video_id = there[self._turn % len(there)]
            answer = self.gate.send("GET", video_path(video_id))
            self._judge(answer, "retrieve_video", video_id)
            return answer
        if operation == "list_videos":
            return self.generator.send(case)
        video_id = str(case.path_parameters["video_id"])
        if video_id not in self.alive and video_id not in self.deleted:
            video_id = f"{self.nobody}{video_id}"
        case.path_parameters["video_id"] = video_id
        answer = self.generator.send(case)
        self._judge(answer, operation, video_id)
        return answer

    def _judge(self, answer: Exchange, operation: str, video_id: str) -> None:
        there = video_id in self.alive
        if there and not answer.ok:
            if not self.gate.seen[operation, "2xx"]:
                return  # it never works, which a requirement of its own tells
            raise Nonconformity(
                expected=f"a 2xx: {video_id} was made, is finished, and was not deleted",
                seen=answer.summary,
                exchange=answer,
            )
        if not there and not answer.refused:
            gone = "was deleted" if video_id in self.deleted else "was never made"
            raise Nonconformity(
                expected=f"a 4xx: {video_id} {gone}", seen=answer.summary, exchange=answer
            )
        if operation == "delete_video" and there:
            self.alive.remove(video_id)
            self.deleted.add(video_id)


@pytest.mark.requirement("LIFE-012")
def test_what_was_made_is_found_and_what_was_deleted_is_gone(
    gate: Gate, jobs: Jobs, configuration: Configuration, contract: Contract, nobody: str
) -> None:
    jobs.ended("plain")
    there = {made.id for made in gate.made if not made.deleted}
    finished = [job.id for job in jobs.all_completed() if job.id in there][:MOST_JOBS]
    if not finished:
        raise Blocked("no completed job is left (LIFE-001)")
    generator = Generator(contract, configuration, gate)
    world = World(gate, generator, nobody, finished)
    schema = generator.schema(GenerationMode.POSITIVE, keep_linked)

    class Scenario(schema.as_state_machine()):  # type: ignore[misc]  # the class is made at run time
        def call(self, case: AnyCase, **_: Any) -> Response:
            try:
                self.exchange = world.call(case)
            except (Nonconformity, NotTested) as reason:
                # Kept, not raised: what is raised would be sent again.
                world.failure = reason
                hypothesis.reject()
            return Response.from_any(self.exchange.response)

        def validate_response(self, response: Response, case: AnyCase, **_: Any) -> None:
            try:
                case.validate_response(
                    response,
                    checks=[use_after_free, ensure_resource_availability],
                    recorder=self.recorder,
                )
            except FailureGroup as error:
                world.failure = Nonconformity(
                    expected="what was made to be found, and what was deleted to be gone",
                    seen=f"{error.exceptions[0]}: {self.exchange.summary}",
                    exchange=self.exchange,
                )
                hypothesis.reject()

    hypothesis.seed(configuration.seed)(Scenario)
    settings = hypothesis.settings(
        quiet_settings(SCENARIOS),
        stateful_step_count=STEPS,
        phases=[hypothesis.Phase.generate],
    )
    # Unsatisfiable: every scenario was given up, for the reason that is raised next.
    with contextlib.suppress(hypothesis.errors.Unsatisfiable):
        Scenario.run(settings=settings)
    if world.failure is not None:
        raise world.failure
    if not world.calls:
        raise Blocked("no scenario was generated")
