"""The report as one HTML page, `report.html`, that needs nothing but itself.

What a server answered is hostile until proved otherwise: every text is escaped, what would turn
text round is written out, and a Content-Security-Policy lets only the page's own script run.
"""

from __future__ import annotations

import base64
import functools
import hashlib
from collections.abc import Mapping
from importlib import resources
from typing import Any

import attrs
import jinja2
from markupsafe import Markup

from openvideos_contract.judging.requirements import Level, Requirement
from openvideos_contract.judging.verdict import Result, Status, Verdict
from openvideos_contract.outcome import printable
from openvideos_contract.reports.badge import badge
from openvideos_contract.reports.causes import Cause, causes
from openvideos_contract.reports.counts import Count, State, counts, state_of
from openvideos_contract.reports.recorded import Recorded
from openvideos_contract.reports.report import Report

LONGEST_TEXT = 4_000
MOST_FINDINGS = 8
MOST_EXCHANGES = 200
# How each state and verdict looks; the words always stand beside the colour.
_LOOKS: Mapping[str, str] = {
    State.KEPT: "good",
    State.BROKEN: "bad",
    State.STALE: "odd",
    State.EXPECTED: "doubtful",
    State.FLAKY: "doubtful",
    State.NOT_TESTED: "doubtful",
    State.NOT_APPLICABLE: "quiet",
    Verdict.CONFORMS: "good",
    Verdict.DOES_NOT: "bad",
    Verdict.STALE: "odd",
    Verdict.INCOMPLETE: "doubtful",
    Verdict.UNSUPPORTED: "quiet",
}
_WORDS = {Status.FAIL: "fails", Status.STALE: "is stale", Status.WARN: "warns"}


@attrs.frozen
class Finding:
    """What one test of a cause showed.

    Attributes:
        result: It.
        exchange: The request and the answer that show it, None where there are none to show.
    """

    result: Result
    exchange: Recorded | None


@attrs.frozen
class Row:
    """A requirement in the list.

    Attributes:
        requirement: It.
        state: What is said of it.
        status: What came out over all its tests.
        reason: Why it was neither kept nor broken.
        tests: The names of its tests, each with what came out.
        cause: The number of the cause that tells how it fails, 0 for none.
    """

    requirement: Requirement
    state: State
    status: Status
    reason: str
    tests: tuple[tuple[str, Status], ...]
    cause: int


def text(report: Report) -> str:
    """Return the report as HTML."""
    found = causes(report.results)
    rows = _rows(report, found)
    css, script = _file("report.css"), _file("report.js")
    return _template().render(
        report=report,
        said=badge(report),
        css=Markup(css),  # noqa: S704 - a file of ours
        script=Markup(script),  # noqa: S704 - a file of ours
        policy=(
            "default-src 'none'; img-src data:; base-uri 'none'; form-action 'none'; "
            f"style-src '{_digest(css)}'; script-src '{_digest(script)}'"
        ),
        causes=list(zip(found, _findings(report, found), strict=True)),
        rows={profile: rows_of(profile, rows) for profile in report.verdicts},
        counts={
            profile: counts(report.of_profile(profile), report.outcomes)
            for profile in report.verdicts
        },
        levels=[level for level in Level if any(r.requirement.level is level for r in rows)],
        states={
            state: total for state in State if (total := sum(row.state is state for row in rows))
        },
        configuration=_settings(report.configuration),
        words=_WORDS,
    )


def rows_of(profile: str, rows: list[Row]) -> list[Row]:
    """Return the rows of a profile."""
    return [row for row in rows if row.requirement.profile == profile]


def _rows(report: Report, found: list[Cause]) -> list[Row]:
    told_by = {
        requirement: number
        for number, cause in reversed(list(enumerate(found, start=1)))
        for requirement in (*cause.blocked, *cause.requirements)
    }
    tests: dict[str, list[tuple[str, Status]]] = {}
    for result in report.results:
        tests.setdefault(result.requirement, []).append((result.test, result.status))
    return [
        Row(
            requirement,
            state_of(requirement, report.outcomes[number]),
            report.outcomes[number],
            report.reason(number),
            tuple(tests.get(number, ())),
            told_by.get(number, 0),
        )
        for number, requirement in report.requirements.items()
    ]


def _findings(report: Report, found: list[Cause]) -> list[list[Finding]]:
    """Return what is shown of each cause; an exchange is shown once, and so many in all."""
    exchanges = {exchange.number: exchange for exchange in report.exchanges}
    room = MOST_EXCHANGES
    all_shown: list[list[Finding]] = []
    for cause in found:
        shown: list[Finding] = []
        for result in cause.unrepeated[:MOST_FINDINGS]:
            exchange = exchanges.pop(result.exchange, None) if room else None
            room -= exchange is not None
            shown.append(Finding(result, exchange))
        all_shown.append(shown)
    return all_shown


def _settings(configuration: Mapping[str, Any]) -> dict[str, str]:
    """Return the settings in words; those that are not set are left out."""
    return {
        name.replace("_", " "): _in_words(value)
        for name, value in configuration.items()
        if value not in (None, "", [], {}, ())
    }


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_in_words(one)}" for name, one in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_in_words, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters.update(shown=_shown, look=lambda state: _LOOKS[state], bar=_bar)
    return environment.from_string(_file("report.html.jinja"))


def _shown(value: object, limit: int = LONGEST_TEXT) -> str:
    """Return a text with what would turn it round written out, and a long one without its end."""
    told = printable(str(value))
    if len(told) > limit:
        told = f"{told[:limit]}\n… {len(told) - limit} more characters"
    return told


def _bar(count: Count) -> list[tuple[str, int, int]]:
    """Return the parts of a bar of a thousand: the look, where it begins, how long it is."""
    total = sum(count.states.values())
    parts, before = [], 0
    for state in State:
        number = count.states.get(state, 0)
        if number:
            begin, end = before * 1000 // total, (before + number) * 1000 // total
            parts.append((_LOOKS[state], begin, end - begin))
            before += number
    return parts


def _file(name: str) -> str:
    return resources.files("openvideos_contract.reports").joinpath("page", name).read_text("utf-8")


def _digest(content: str) -> str:
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"sha256-{digest}"
