"""The report for people, in the terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from openvideos_contract.contract import Contract
from openvideos_contract.jobs.plan import GENERATED, JobRequest
from openvideos_contract.judging.verdict import Result, Status, Verdict
from openvideos_contract.outcome import printable
from openvideos_contract.reports.report import Report, suite_version
from openvideos_contract.settings.configuration import Configuration

_OPEN = (Status.ERROR, Status.NOT_RUN, Status.BLOCKED, Status.DISABLED)


def before(
    configuration: Configuration, contract: Contract, planned: Sequence[JobRequest], needed: int
) -> str:
    """Return what the user is told before anything is sent."""
    dialect = f", dialect {configuration.dialect}" if configuration.dialect else ""
    lines = [
        f"OpenVideos conformance suite {suite_version()}, "
        f"contract {contract.version} ({contract.digest}){dialect}",
        f"  server    {configuration.base_url}",
        f"  profiles  {', '.join(configuration.profiles)}",
        f"  jobs      at most {configuration.max_videos} (--max-videos); "
        f"a complete run needs {needed}, and one that finds nothing makes {needed - 1}:",
    ]
    lines += [f"            - {wanted.purpose}: {_told(wanted)}" for wanted in planned]
    lines.append(f"            - {GENERATED} generated from the contract: {_told(planned[0])}")
    lines.append(f"  marked    [{configuration.run_id}] in each prompt; deleted at the end")
    return "\n".join(lines)


def _told(wanted: JobRequest) -> str:
    fields = wanted.fields
    if "seconds" not in fields:
        return "length and size as the server chooses"
    model = f", {fields['model']}" if "model" in fields else ""
    return f"{fields['seconds']} s, {fields['size']}{model}"


def after(report: Report) -> str:
    """Return what the user is told at the end."""
    blocks = [
        *_failures(report, Status.FAIL, "FAIL"),
        *_failures(report, Status.STALE, "STALE"),
        *_failures(report, Status.WARN, "WARN"),
        *_reasons(report, (Status.SKIP,), "Skipped, as it does not apply here"),
        *_reasons(report, (Status.EXPECTED,), "Failed, as the dialect expects"),
        *_reasons(report, (Status.FLAKY,), "Failed, as the dialect says they do at times"),
        *_reasons(report, _OPEN, "Not tested"),
        _verdicts(report),
    ]
    return printable("\n\n".join(blocks))


def _failures(report: Report, status: Status, word: str) -> Iterable[str]:
    by_requirement: dict[str, list[Result]] = {}
    for result in report.results:
        if result.status is status:
            by_requirement.setdefault(result.requirement, []).append(result)
    for number, results in by_requirement.items():
        requirement = report.requirements[number]
        lines = [f"{word} {number} {requirement.level}: {requirement.promise}"]
        lines.append(f"  source    {requirement.source} [{requirement.certainty}]")
        for result in results:
            lines.append(f"  test      {result.test}")
            lines.append(f"  expected  {result.expected}")
            lines.append(f"  seen      {result.seen}")
            if result.curl:
                lines.append(f"  again     {result.curl}")
        yield "\n".join(lines)


def _reasons(report: Report, statuses: tuple[Status, ...], title: str) -> Iterable[str]:
    """Yield one block that groups the requirements by the reason why they were not decided."""
    by_reason: dict[str, dict[str, None]] = {}
    for result in report.results:
        if result.status in statuses and report.outcomes[result.requirement] in statuses:
            reason = f"{result.status}: {result.reason}"
            by_reason.setdefault(reason, {})[result.requirement] = None
    told = {result.requirement for result in report.results}
    missing = {
        number: None
        for number, status in report.outcomes.items()
        if number not in told and status in statuses
    }
    if missing:
        by_reason["left out of this run, or interrupted"] = missing
    if by_reason:
        lines = [f"  {', '.join(numbers)}\n    {reason}" for reason, numbers in by_reason.items()]
        yield "\n".join([f"{title}:", *lines])


def _verdicts(report: Report) -> str:
    lines = ["Verdict:"]
    for profile, verdict in report.verdicts.items():
        outcomes = [
            report.outcomes[number]
            for number, requirement in report.requirements.items()
            if requirement.profile == profile
        ]
        counts = [
            f"{outcomes.count(status)} {status}" for status in Status if outcomes.count(status)
        ]
        lines.append(f"  {profile:<10} {verdict} ({', '.join(counts)})")
    jobs = "1 job was" if report.jobs_spent == 1 else f"{report.jobs_spent} jobs were"
    lines.append(f"{jobs} started, in {report.seconds:g} s")
    if report.left_over:
        names = ", ".join(made or "a job without an id" for made in report.left_over)
        lines.append(f"LEFT OVER, as the server did not delete them: {names}")
    limit = report.configuration["max_videos"]
    incomplete = Verdict.INCOMPLETE in report.verdicts.values()
    if incomplete and isinstance(limit, int) and limit < report.jobs_needed:
        lines.append(f"--max-videos {report.jobs_needed} would leave nothing out")
    lines += [
        f"the profile {profile} was asked for, and is not offered"
        for profile in report.configuration["named_profiles"]
        if report.verdicts.get(profile) is Verdict.UNSUPPORTED
    ]
    return "\n".join(lines)
