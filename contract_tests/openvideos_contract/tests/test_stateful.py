"""Sequences of linked calls, over jobs that are finished and may now be deleted."""

from __future__ import annotations

import contextlib
from typing import Any

import hypothesis
import pytest
from schemathesis import GenerationMode
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response
from schemathesis.specs.openapi.checks import ensure_resource_availability, use_after_free

from openvideos_contract.checks.deletions import require_deletions_do_something
from openvideos_contract.contract import Contract
from openvideos_contract.generating.cases import AnyCase, Generator, quiet_settings
from openvideos_contract.generating.own_checks import OWN_CHECKS, told
from openvideos_contract.generating.world import World
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import Blocked, Nonconformity, NotTested
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.gate import Gate

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


@pytest.mark.requirement("LIFE-012")
def test_what_was_made_is_found_and_what_was_deleted_is_gone(
    gate: Gate, jobs: Jobs, configuration: Configuration, contract: Contract, nobody: str
) -> None:
    require_deletions_do_something(gate)
    jobs.ended("plain")
    there = {made.id for made in gate.made if not made.deleted}
    finished = [job.id for job in jobs.all_completed() if job.id in there][:MOST_JOBS]
    if not finished:
        jobs.require_room("plain")  # or else the budget is why
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
                    checks=[use_after_free, ensure_resource_availability, *OWN_CHECKS],
                    recorder=self.recorder,
                )
            except FailureGroup as error:
                world.failure = Nonconformity(
                    expected="what was made to be found, and what was deleted to be gone",
                    seen=f"{told(error)}: {self.exchange.summary}",
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
