"""What a run found out, as data; the reports show it."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from openvideos_contract.judging import requirements
from openvideos_contract.judging.requirements import Requirement
from openvideos_contract.judging.verdict import (
    Result,
    Status,
    Verdict,
    exit_code,
    expect_failures,
    judge_profile,
    judge_requirement,
)
from openvideos_contract.running.session import Session
from openvideos_contract.settings.configuration import masked


@attrs.frozen(kw_only=True)
class Report:
    """A finished run.

    Attributes:
        configuration: The settings, keys masked.
        suite_version: The version of the suite.
        contract_version: The version of the contract.
        contract_digest: Identifies the contract with its dialect.
        started: When the run began, in UTC, ISO 8601.
        seconds: How long it took.
        requirements: Those of the chosen profiles, by id.
        results: What each test found out about each of its requirements.
        outcomes: What came out for each requirement, over all its tests.
        verdicts: By profile.
        jobs_spent: How many jobs the server accepted, or may have.
        jobs_needed: The `--max-videos` with which nothing is left out.
        left_over: The ids that were made and could not be deleted; empty ones gave no id.
        exit_code: 0 conforms, 1 does not, 2 the suite itself failed, 3 incomplete.
    """

    configuration: Mapping[str, Any]
    suite_version: str
    contract_version: str
    contract_digest: str
    started: str
    seconds: float
    requirements: Mapping[str, Requirement]
    results: tuple[Result, ...]
    outcomes: Mapping[str, Status]
    verdicts: Mapping[str, Verdict]
    jobs_spent: int
    jobs_needed: int
    left_over: tuple[str, ...]
    exit_code: int


def suite_version() -> str:
    """Return the version of the suite."""
    return importlib.metadata.version("openvideos")


def build(session: Session, *, started: datetime, needed: int) -> Report:
    """Return the report of a session that has ended."""
    configuration = session.configuration
    results = expect_failures(session.results, session.contract.expectations, requirements.load())
    statuses: dict[str, list[Status]] = {}
    for result in results:
        statuses.setdefault(result.requirement, []).append(result.status)
    in_profiles = {
        number: requirement
        for number, requirement in requirements.load().items()
        if requirement.profile in configuration.profiles
    }
    outcomes = {
        number: judge_requirement(statuses.get(number, ()))
        if number in session.chosen
        else Status.DISABLED
        for number in in_profiles
    }
    verdicts = {
        profile: judge_profile(
            [found for found in in_profiles.values() if found.profile == profile],
            outcomes,
            strict=configuration.strict,
        )
        for profile in configuration.profiles
    }
    return Report(
        configuration=configuration.public(),
        suite_version=suite_version(),
        contract_version=session.contract.version,
        contract_digest=session.contract.digest,
        started=started.isoformat(timespec="seconds"),
        seconds=round((datetime.now(UTC) - started).total_seconds(), 1),
        requirements=in_profiles,
        results=tuple(results),
        outcomes=outcomes,
        verdicts=verdicts,
        jobs_spent=session.gate.budget.spent,
        jobs_needed=needed,
        left_over=tuple(masked(made.id, configuration.secrets) for made in session.left_over),
        exit_code=exit_code(
            verdicts,
            faulty=any(result.status is Status.ERROR for result in results),
            claimed=configuration.named_profiles,
            allow_incomplete=configuration.allow_incomplete,
        ),
    )
