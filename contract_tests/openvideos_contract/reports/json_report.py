"""The report for programs, `report.json`."""

from __future__ import annotations

import json
from typing import Any

import attrs

from openvideos_contract.reports.report import Report


def document(report: Report) -> dict[str, Any]:
    """Return the report as plain data.

    Keys: `suite` {version}, `contract` {version, digest}, `configuration`, `started`, `seconds`,
    `exit_code`, `verdicts` {profile: verdict}, `jobs` {spent, needed, left_over},
    `requirements` {id: {profile, level, promise, certainty, source, where, status}} and
    `results` [{requirement, level, profile, status, test, expected, seen, curl, reason,
    traceback, seconds}].
    """
    return {
        "suite": {"name": "openvideos", "version": report.suite_version},
        "contract": {"version": report.contract_version, "digest": report.contract_digest},
        "configuration": dict(report.configuration),
        "started": report.started,
        "seconds": report.seconds,
        "exit_code": report.exit_code,
        "verdicts": {profile: str(verdict) for profile, verdict in report.verdicts.items()},
        "jobs": {
            "spent": report.jobs_spent,
            "needed": report.jobs_needed,
            "left_over": list(report.left_over),
        },
        "requirements": {
            number: {
                **{key: value for key, value in attrs.asdict(requirement).items() if key != "id"},
                "status": str(report.outcomes[number]),
            }
            for number, requirement in report.requirements.items()
        },
        "results": [attrs.asdict(result) for result in report.results],
    }


def text(report: Report) -> str:
    """Return the report as JSON."""
    return json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"
