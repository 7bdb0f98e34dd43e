"""The badge of a run: a picture, and the data with which shields.io draws one.

It claims no more than the run: what was not tested, or failed as the dialect expects, is in it.
"""

from __future__ import annotations

import json

import anybadge  # type: ignore[import-untyped] # it has no types
import attrs

from openvideos_contract.judging.requirements import Level
from openvideos_contract.judging.verdict import COULD_NOT_RUN, Status, Verdict
from openvideos_contract.outcome import printable, shorten
from openvideos_contract.reports.report import Report

# White text on each of these has a contrast of at least 4.5.
_COLOURS = {"green": "#2b7a0b", "orange": "#a35200", "red": "#c0271c", "grey": "#6a6a6a"}
_TEMPLATE = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{{ badge width }}" height="20" role="img" \
aria-label="{{ label }}: {{ value }}">
  <title>{{ label }}: {{ value }}</title>
  <clipPath id="round"><rect width="{{ badge width }}" height="20" rx="3"/></clipPath>
  <g clip-path="url(#round)">
    <rect width="{{ color split x }}" height="20" fill="#444"/>
    <rect x="{{ color split x }}" width="{{ value width }}" height="20" fill="{{ color }}"/>
  </g>
  <g fill="#fff" text-anchor="middle" font-family="{{ font name }}" font-size="{{ font size }}">
    <text x="{{ label anchor }}" y="14">{{ label }}</text>
    <text x="{{ value anchor }}" y="14">{{ value }}</text>
  </g>
</svg>
"""


@attrs.frozen
class Badge:
    """What a badge says.

    Attributes:
        label: Its left half: what was tested.
        message: Its right half: what came out.
        colour: `green`, `orange`, `red` or `grey`.
    """

    label: str
    message: str
    colour: str


def badge(report: Report) -> Badge:
    """Return what the badge of a run says."""
    dialect = f" ({printable(shorten(report.dialect, 40))})" if report.dialect else ""
    by_verdict: dict[Verdict, list[str]] = {}
    for profile, verdict in report.verdicts.items():
        by_verdict.setdefault(verdict, []).append(profile)

    def those(verdict: Verdict) -> str:
        return ", ".join(by_verdict[verdict])

    if report.exit_code == COULD_NOT_RUN:
        return Badge("openvideos", "could not be tested", "grey")
    if Verdict.DOES_NOT in by_verdict:
        return Badge(f"openvideos{dialect}", f"does not conform: {those(Verdict.DOES_NOT)}", "red")
    if Verdict.STALE in by_verdict:
        return Badge(f"openvideos{dialect}", f"dialect is stale: {those(Verdict.STALE)}", "orange")
    if Verdict.INCOMPLETE in by_verdict:
        told = f"incomplete: {those(Verdict.INCOMPLETE)}"
        return Badge(f"openvideos{dialect}", told, "orange")
    if Verdict.CONFORMS not in by_verdict:
        return Badge("openvideos", "nothing was tested", "grey")
    label = f"openvideos {those(Verdict.CONFORMS)}{dialect}"
    excused = [
        number
        for number, requirement in report.requirements.items()
        if requirement.level is Level.MUST
        and report.outcomes[number] in {Status.EXPECTED, Status.FLAKY}
    ]
    if excused:
        failures = "1 known failure" if len(excused) == 1 else f"{len(excused)} known failures"
        return Badge(label, f"conforms but for {failures}", "orange")
    return Badge(label, "conforms", "green")


def svg(report: Report) -> str:
    """Return the badge as a picture."""
    said = badge(report)
    drawn = anybadge.Badge(
        said.label, said.message, default_color=_COLOURS[said.colour], template=_TEMPLATE
    )
    return str(drawn)


def endpoint(report: Report) -> str:
    """Return the badge as JSON for https://shields.io/badges/endpoint-badge."""
    said = badge(report)
    data = {
        "schemaVersion": 1,
        "label": said.label,
        "message": said.message,
        "color": _COLOURS[said.colour],
        "isError": report.exit_code == COULD_NOT_RUN,
    }
    return json.dumps(data, indent=2) + "\n"
