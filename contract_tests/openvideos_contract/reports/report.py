"""What a run found out, as data; the reports show it."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Container, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import attrs

from openvideos_contract.contract import Contract
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
from openvideos_contract.reports.gathered import Gathered
from openvideos_contract.reports.pictures import MadeVideo
from openvideos_contract.reports.recorded import Recorded
from openvideos_contract.settings.configuration import Configuration

if TYPE_CHECKING:
    from openvideos_contract.running.session import Session


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
        seconds_of_video: The length of the jobs whose length the server told.
        jobs_of_unknown_length: How many jobs are not in that sum.
        exchanges: What went over the wire, secrets masked; results name them by number.
        videos: The jobs that were made, with pictures.
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
    seconds_of_video: float = 0.0
    jobs_of_unknown_length: int = 0
    exchanges: tuple[Recorded, ...] = ()
    videos: tuple[MadeVideo, ...] = ()

    @property
    def spent(self) -> str:
        """What was spent, such as "2 jobs of 12 s of video in all"; no price, for none is known."""
        jobs = "1 job" if self.jobs_spent == 1 else f"{self.jobs_spent} jobs"
        told = f", {self.seconds_of_video:g} s of video in all" if self.seconds_of_video else ""
        if self.jobs_of_unknown_length:
            told += f", {self.jobs_of_unknown_length} of unknown length"
        return f"{jobs} started{told}"

    @property
    def dialect(self) -> str:
        """The name of the dialect, without the folder of its file; empty for none."""
        name = str(self.configuration.get("dialect") or "").replace("\\", "/")
        return name.rpartition("/")[2].removesuffix(".yaml").removesuffix(".overlay")

    def of_profile(self, profile: str) -> list[Requirement]:
        """Return the requirements of a profile."""
        return [one for one in self.requirements.values() if one.profile == profile]

    def reason(self, number: str) -> str:
        """Return why a requirement was neither kept nor broken; empty where it was either."""
        status = self.outcomes[number]
        reasons = [
            one.reason
            for one in self.results
            if one.requirement == number and one.status is status and one.reason
        ]
        if reasons:
            return reasons[0]
        return _NO_RESULT.get(status, "") if status not in _DECIDED else ""


_DECIDED = frozenset({Status.PASS, Status.FAIL, Status.WARN, Status.STALE})
_NO_RESULT = {
    Status.NOT_RUN: "left out of this run, or interrupted",
    Status.DISABLED: "left out of this run by choice",
}


def suite_version() -> str:
    """Return the version of the suite."""
    return importlib.metadata.version("openvideos")


def build(session: Session, *, started: datetime, needed: int) -> Report:
    """Return the report of a session that has ended."""
    return report_of(
        Gathered.of(session),
        configuration=session.configuration,
        contract=session.contract,
        chosen=session.chosen,
        started=started,
        needed=needed,
    )


def report_of(
    gathered: Gathered,
    *,
    configuration: Configuration,
    contract: Contract,
    chosen: Container[str],
    started: datetime,
    needed: int,
) -> Report:
    """Return the report of a run.

    Args:
        gathered: What its process found out, or what its processes did, joined.
        configuration: What the run was asked to do.
        contract: What the server was held to.
        chosen: The requirements that were under test, by id.
        started: When it began.
        needed: The `--max-videos` with which nothing is left out, as far as it is foreseen.
    """
    results = expect_failures(gathered.results, contract.expectations, requirements.load())
    statuses: dict[str, list[Status]] = {}
    for result in results:
        statuses.setdefault(result.requirement, []).append(result.status)
    in_profiles = {
        number: requirement
        for number, requirement in requirements.load().items()
        if requirement.profile in configuration.profiles
    }
    outcomes = {
        number: judge_requirement(statuses.get(number, ())) if number in chosen else Status.DISABLED
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
        contract_version=contract.version,
        contract_digest=contract.digest,
        started=started.isoformat(timespec="seconds"),
        seconds=round((datetime.now(UTC) - started).total_seconds(), 1),
        requirements=in_profiles,
        results=tuple(results),
        outcomes=outcomes,
        verdicts=verdicts,
        jobs_spent=gathered.spent,
        # What was accepted beyond the plan takes its places in the next run as well.
        jobs_needed=needed + gathered.unforeseen,
        left_over=gathered.left_over,
        exit_code=exit_code(
            verdicts,
            faulty=any(result.status is Status.ERROR for result in results),
            claimed=configuration.named_profiles,
            allow_incomplete=configuration.allow_incomplete,
        ),
        seconds_of_video=gathered.seconds_of_video,
        jobs_of_unknown_length=gathered.of_unknown_length,
        exchanges=gathered.exchanges,
        videos=gathered.videos,
    )
