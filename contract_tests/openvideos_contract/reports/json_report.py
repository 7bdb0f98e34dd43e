"""The report for programs, `report.json`; `report.schema.json` describes it."""

from __future__ import annotations

import functools
import json
from importlib import resources
from typing import Any

import attrs

from openvideos_contract.reports.counts import State, counts
from openvideos_contract.reports.report import Report

# The `$id` of the schema. A key that changes its meaning, or goes, makes a new number.
FORMAT = "urn:openvideos:conformance-report:1"


def document(report: Report) -> dict[str, Any]:
    """Return the report as plain data, as `schema` describes it."""
    return {
        "format": FORMAT,
        "suite": {"name": "openvideos", "version": report.suite_version},
        "contract": {
            "version": report.contract_version,
            "digest": report.contract_digest,
            "dialect": report.dialect,
        },
        "configuration": dict(report.configuration),
        "started": report.started,
        "seconds": report.seconds,
        "exit_code": report.exit_code,
        "verdicts": {profile: str(verdict) for profile, verdict in report.verdicts.items()},
        "profiles": {
            profile: {
                "verdict": str(verdict),
                "counts": {
                    str(count.level): {str(state): count.states.get(state, 0) for state in State}
                    for count in counts(report.of_profile(profile), report.outcomes)
                },
            }
            for profile, verdict in report.verdicts.items()
        },
        "jobs": {
            "spent": report.jobs_spent,
            "seconds_of_video": report.seconds_of_video,
            "of_unknown_length": report.jobs_of_unknown_length,
            "needed": report.jobs_needed,
            "left_over": list(report.left_over),
        },
        "requirements": {
            number: {
                **{key: value for key, value in attrs.asdict(requirement).items() if key != "id"},
                "status": str(report.outcomes[number]),
                "reason": report.reason(number),
            }
            for number, requirement in report.requirements.items()
        },
        "results": [attrs.asdict(result) for result in report.results],
    }


def text(report: Report) -> str:
    """Return the report as JSON."""
    return json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"


@functools.cache
def schema() -> dict[str, Any]:
    """Return the JSON Schema of the report."""
    file = resources.files("openvideos_contract.reports").joinpath("report.schema.json")
    loaded: dict[str, Any] = json.loads(file.read_text("utf-8"))
    return loaded
