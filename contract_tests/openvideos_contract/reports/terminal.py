"""The report for people, in the terminal."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import TextIO

from rich.console import Console
from rich.text import Text

from openvideos_contract.contract import Contract
from openvideos_contract.jobs.plan import JobRequest
from openvideos_contract.judging.verdict import Status, Verdict
from openvideos_contract.outcome import printable
from openvideos_contract.reports.causes import Cause, causes
from openvideos_contract.reports.counts import counts
from openvideos_contract.reports.report import Report, suite_version
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.made import NAMELESS, UNDELETABLE

_OPEN = (Status.ERROR, Status.NOT_RUN, Status.BLOCKED)
_WORDS = {Status.FAIL: "FAIL", Status.STALE: "STALE", Status.WARN: "WARN"}
_STYLES = {
    Status.FAIL: "bold red",
    Status.STALE: "bold magenta",
    Status.WARN: "bold yellow",
    Verdict.CONFORMS: "bold green",
    Verdict.DOES_NOT: "bold red",
    Verdict.STALE: "bold magenta",
    Verdict.INCOMPLETE: "bold yellow",
}


def before(
    configuration: Configuration, contract: Contract, planned: Sequence[JobRequest], needed: int
) -> str:
    """Return what the user is told before anything is sent."""
    dialect = f", dialect {configuration.dialect}" if configuration.dialect else ""
    made = sum(wanted.count for wanted in planned)
    need = (
        f"a complete run needs {needed}, and one that finds nothing makes {made}"
        if needed
        else "this run needs none"
    )
    lines = [
        f"OpenVideos conformance suite {suite_version()}, "
        f"contract {contract.version} ({contract.digest}){dialect}",
        f"  server    {configuration.base_url}",
        f"  profiles  {', '.join(configuration.profiles)}",
        f"  jobs      at most {configuration.max_videos} (--max-videos); "
        f"{need}{':' if planned else ''}",
    ]
    lines += [f"            - {wanted.purpose}: {_told(wanted)}" for wanted in planned]
    lines.append(f"  marked    [{configuration.run_id}] in each prompt; deleted at the end")
    return "\n".join(lines)


def _told(wanted: JobRequest) -> str:
    fields = wanted.fields
    if "seconds" not in fields:
        return "length and size as the server chooses"
    model = f", {fields['model']}" if "model" in fields else ""
    size = fields.get("size", "as large as its source")
    return f"{fields['seconds']} s, {size}{model}"


def show(report: Report, stream: TextIO | None = None) -> None:
    """Print what the user is told at the end, in colour where the stream is a terminal.

    Args:
        report: The finished run.
        stream: Where to; None for standard output.
    """
    stream = stream or sys.stdout
    text = _text(report)
    encoding = stream.encoding or "utf-8"
    # One word for each, so that the places of the styles stay right.
    told = "".join(letter if _fits(letter, encoding) else "?" for letter in text.plain)
    console = Console(file=stream, highlight=False, markup=False, emoji=False)
    console.print()
    console.print(Text(told, spans=text.spans), soft_wrap=True)


def after(report: Report) -> str:
    """Return what the user is told at the end, plain."""
    return _text(report).plain


def _text(report: Report) -> Text:
    blocks = [
        *(_cause(report, cause) for cause in causes(report.results)),
        *_reasons(report, (Status.SKIP,), "Skipped, as it does not apply here"),
        *_reasons(report, (Status.EXPECTED,), "Failed, as the dialect expects"),
        *_reasons(report, (Status.FLAKY,), "Failed, and is known to be flaky"),
        *_reasons(report, _OPEN, "Not tested"),
        *_disabled(report),
        _verdicts(report),
    ]
    return Text("\n\n").join(blocks)


def _fits(letter: str, encoding: str) -> bool:
    try:
        letter.encode(encoding)
    except UnicodeEncodeError:
        return False
    return True


def _cause(report: Report, cause: Cause) -> Text:
    text = Text()
    for number in cause.requirements:
        status = next(one.status for one in cause.results if one.requirement == number)
        requirement = report.requirements[number]
        text.append(f"{_WORDS[status]} {number}", _STYLES[status])
        text.append(printable(f" {requirement.level}: {requirement.promise}\n"))
        text.append(f"  source    {requirement.source} [{requirement.certainty}]\n", "dim")
    told: set[object] = set()
    for result in cause.unrepeated:
        text.append(f"  test      {printable(result.test)}\n")
        if (result.expected, result.seen) not in told:
            text.append(f"  expected  {_indented(result.expected)}\n")
            text.append(f"  seen      {_indented(result.seen)}\n")
        if result.curl and result.curl not in told:
            text.append(f"  again     {printable(result.curl)}\n")
        told |= {(result.expected, result.seen), result.curl}
    if cause.blocked:
        text.append(f"  so that   {', '.join(cause.blocked)} could not be tested\n")
    text.rstrip()
    return text


def _indented(text: str) -> str:
    return printable(text).strip().replace("\n", "\n            ")


def _reasons(report: Report, statuses: tuple[Status, ...], title: str) -> Iterable[Text]:
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
        lines = [
            f"  {', '.join(numbers)}\n    {_indented(reason)}"
            for reason, numbers in by_reason.items()
        ]
        yield Text("\n".join([f"{title}:", *lines]))


def _disabled(report: Report) -> Iterable[Text]:
    """Yield how many requirements were left out by choice; whoever chose knows which."""
    count = list(report.outcomes.values()).count(Status.DISABLED)
    if count:
        told = "1 requirement is" if count == 1 else f"{count} requirements are"
        yield Text(f"{told} switched off, by --only, --skip or -k.")


def _verdicts(report: Report) -> Text:
    text = Text("Verdict:\n")
    for profile, verdict in report.verdicts.items():
        text.append(f"  {profile:<10} ")
        text.append(str(verdict), _STYLES.get(verdict, ""))
        told = [one.sentence for one in counts(report.of_profile(profile), report.outcomes)]
        text.append(": " + "\n             ".join(told) + "\n")
    lines = [f"{report.spent}, in {report.seconds:g} s"]
    kept = [made for made in report.left_over if made.endswith(UNDELETABLE)]
    if kept:
        lines.append(f"stays at the server: {', '.join(kept)}")
    undeleted = [made or NAMELESS for made in report.left_over if made not in kept]
    if undeleted:
        lines.append(f"LEFT OVER, as the server did not delete them: {', '.join(undeleted)}")
        run_id = report.configuration.get("run_id")
        lines.append(f"`openvideos conform --clean-up {run_id}` tries again")
    limit = report.configuration["max_videos"]
    incomplete = Verdict.INCOMPLETE in report.verdicts.values()
    if incomplete and isinstance(limit, int) and limit < report.jobs_needed:
        lines.append(f"--max-videos {report.jobs_needed} would leave nothing out")
    lines += [
        f"the profile {profile} was asked for, and is not offered"
        for profile in report.configuration["named_profiles"]
        if report.verdicts.get(profile) is Verdict.UNSUPPORTED
    ]
    text.append(printable("\n".join(lines)))
    return text
