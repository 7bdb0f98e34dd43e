"""The report for continuous integration, `junit.xml`: a suite for each profile."""

from __future__ import annotations

import re
from xml.etree import ElementTree

from openvideos_contract.judging.verdict import Result, Status
from openvideos_contract.outcome import printable
from openvideos_contract.reports.report import Report

_SKIPPED = frozenset(
    {
        Status.SKIP,
        Status.BLOCKED,
        Status.NOT_RUN,
        Status.EXPECTED,
        Status.FLAKY,
        Status.DISABLED,
    }
)
# What XML 1.0 cannot hold, and a server may well have answered.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def text(report: Report) -> str:
    """Return the report as JUnit XML. A warning passes, with its text as output."""
    root = ElementTree.Element("testsuites", name="openvideos")
    for profile, verdict in report.verdicts.items():
        results = [result for result in report.results if result.profile == profile]
        told = {result.requirement for result in results}
        # What was left out is skipped, and not simply missing.
        results += [
            Result(
                one.id,
                one.level,
                profile,
                report.outcomes[one.id],
                "left out",
                reason=report.reason(one.id),
            )
            for one in report.of_profile(profile)
            if one.id not in told
        ]
        suite = ElementTree.SubElement(
            root,
            "testsuite",
            name=f"openvideos.{profile}",
            tests=str(len(results)),
            failures=str(sum(result.status in _FAILED for result in results)),
            errors=str(sum(result.status is Status.ERROR for result in results)),
            skipped=str(sum(result.status in _SKIPPED for result in results)),
            time=f"{sum(result.seconds for result in results):.3f}",
            timestamp=report.started,
        )
        properties = ElementTree.SubElement(suite, "properties")
        ElementTree.SubElement(properties, "property", name="verdict", value=str(verdict))
        for result in results:
            _add(suite, result, report.requirements[result.requirement].promise)
    ElementTree.indent(root)
    return ElementTree.tostring(root, encoding="unicode", xml_declaration=True) + "\n"


_FAILED = frozenset({Status.FAIL, Status.STALE})


def _add(suite: ElementTree.Element, result: Result, promise: str) -> None:
    case = ElementTree.SubElement(
        suite,
        "testcase",
        classname=result.requirement,
        name=_clean(result.test),
        time=f"{result.seconds:.3f}",
    )
    detail = "\n".join(
        f"{word}: {value}"
        for word, value in (
            ("promise", promise),
            ("expected", result.expected),
            ("seen", result.seen),
            ("again", result.curl),
        )
        if value
    )
    message = _clean(f"{result.requirement} {result.level}: {promise}")
    if result.status in _FAILED:
        ElementTree.SubElement(case, "failure", message=message).text = _clean(detail)
    elif result.status is Status.ERROR:
        ElementTree.SubElement(case, "error", message=_clean(result.reason))
    elif result.status in _SKIPPED:
        ElementTree.SubElement(case, "skipped", message=_clean(f"{result.status}: {result.reason}"))
    elif result.status is Status.WARN:
        ElementTree.SubElement(case, "system-out").text = _clean(f"warning\n{detail}")


def _clean(value: str) -> str:
    return _NOT_XML.sub("\ufffd", printable(value))
