"""The report as Markdown, `summary.md`, for the page of a run in continuous integration."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from openvideos_contract.judging.verdict import Status
from openvideos_contract.outcome import printable, shorten
from openvideos_contract.reports.badge import badge
from openvideos_contract.reports.causes import Cause, causes
from openvideos_contract.reports.counts import State, counts, state_of
from openvideos_contract.reports.report import Report
from openvideos_contract.wire.made import NAMELESS

# GitHub takes no more than a mebibyte.
MOST_CAUSES = 40
LONGEST_TEXT = 2_000
_WORDS = {Status.FAIL: "Fails", Status.STALE: "Is stale", Status.WARN: "Warns"}


def text(report: Report) -> str:
    """Return the report as GitHub-flavoured Markdown."""
    said = badge(report)
    found = causes(report.results)
    blocks = [
        f"## {_plain(said.label)}: {_plain(said.message)}",
        f"{_plain(str(report.configuration['base_url']))}, contract {report.contract_version} "
        f"(`{report.contract_digest}`), suite {report.suite_version}. "
        f"{_plain(report.spent)}, in {report.seconds:g} s.",
        _verdicts(report),
    ]
    if report.left_over:
        names = ", ".join(_plain(made) if made else NAMELESS for made in report.left_over)
        blocks.append(f"**Left over**, as the server did not delete them: {names}")
    blocks += [_cause(report, cause) for cause in found[:MOST_CAUSES]]
    if len(found) > MOST_CAUSES:
        blocks.append(f"{len(found) - MOST_CAUSES} more are in the other reports.")
    blocks += _undecided(report)
    return "\n\n".join(blocks) + "\n"


def _verdicts(report: Report) -> str:
    lines = ["| profile | verdict | counts |", "|-|-|-|"]
    for profile, verdict in report.verdicts.items():
        told = [one.sentence for one in counts(report.of_profile(profile), report.outcomes)]
        lines.append(f"| {profile} | **{verdict}** | {'<br>'.join(told)} |")
    return "\n".join(lines)


def _cause(report: Report, cause: Cause) -> str:
    lines = [
        f"- **{number}** {report.requirements[number].level}: "
        f"{_plain(report.requirements[number].promise)}"
        for number in cause.requirements
    ]
    if cause.blocked:
        lines.append(f"- so that {', '.join(cause.blocked)} could not be tested")
    first = cause.results[0]
    evidence = [("expected", first.expected), ("seen", first.seen), ("again", first.curl)]
    told = "\n".join(f"{word + ':':<9} {value}" for word, value in evidence if value)
    title = f"{_WORDS[cause.status]}: {', '.join(cause.requirements)}"
    return "\n".join(
        [
            f"<details open><summary><b>{title}</b></summary>",
            "",
            *lines,
            "",
            _fenced(told),
            "",
            "</details>",
        ]
    )


def _undecided(report: Report) -> Iterable[str]:
    for state in (State.NOT_TESTED, State.EXPECTED, State.FLAKY, State.NOT_APPLICABLE):
        by_reason: dict[str, list[str]] = {}
        for number, requirement in report.requirements.items():
            if state_of(requirement, report.outcomes[number]) is state:
                by_reason.setdefault(report.reason(number), []).append(number)
        if by_reason:
            count = sum(map(len, by_reason.values()))
            lines = [f"<details><summary>{count} {state}</summary>", ""]
            lines += [
                f"- {', '.join(numbers)}: {_plain(shorten(reason, 300))}"
                for reason, numbers in by_reason.items()
            ]
            yield "\n".join([*lines, "", "</details>"])


def _plain(value: str) -> str:
    """Return a text that Markdown and HTML show as it is, in one line."""
    one_line = " ".join(printable(value).split())
    return re.sub(r"([\\`*_{}\[\]()#+.!|~@:-])", r"\\\1", html.escape(one_line, quote=False))


def _fenced(value: str) -> str:
    fence = "`" * max(3, _longest_run(value) + 1)
    return f"{fence}text\n{printable(shorten(value, LONGEST_TEXT * 4))}\n{fence}"


def _longest_run(value: str) -> int:
    return max((len(run) for run in re.findall("`+", value)), default=0)
