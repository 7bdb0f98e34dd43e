"""Reports built from data, so that a test of a report needs no run."""

from __future__ import annotations

from typing import Any

import attrs

from openvideos_contract.judging.requirements import Level, Requirement
from openvideos_contract.judging.verdict import Result, Status, Verdict, judge_requirement
from openvideos_contract.reports.pictures import MadeVideo, Picture
from openvideos_contract.reports.recorded import Body, Recorded
from openvideos_contract.reports.report import Report
from openvideos_contract.settings.configuration import Configuration

# What a server may answer to whoever reads about it.
HOSTILE = (
    "<script>document.title='owned'</script></script></style><!-- ]]> \"'> "
    "<img src=http://127.0.0.1:1/seen onerror=\"document.title='owned'\"> "
    "[x](javascript:alert(1)) ``` ~~~ | {{ 7*7 }} {% raw %} "
    "\u202egnp.exe\u2066 \x00 \x1b[2J\x1b]0;owned\x07 \x9b31m \r \ud800 \u2028 ð"
)
_PIXEL = (
    "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAW"
    "jR9awAAAABJRU5ErkJggg=="
)


def requirement(number: int, *, level: Level = Level.MUST, **fields: Any) -> Requirement:
    return Requirement(
        **{
            "id": f"CREATE-{number:03}",
            "profile": "core",
            "level": level,
            "promise": f"Promise number {number} is kept.",
            "certainty": "spec",
            "source": "schema Video",
            **fields,
        }
    )


def result(one: Requirement, status: Status, **fields: Any) -> Result:
    broken = status in {Status.FAIL, Status.WARN, Status.STALE}
    told: dict[str, Any] = {"test": f"test_create::test_{one.id[-3:]}", "seconds": 0.125}
    if broken:
        told |= {"expected": f"what {one.id} says", "seen": f"something else for {one.id}"}
        told |= {"curl": "curl -i http://127.0.0.1:8000/v1/videos"}
    elif status is Status.ERROR:
        told |= {"reason": "ZeroDivisionError: division by zero", "traceback": "Traceback ..."}
    elif status is not Status.PASS:
        told |= {"reason": f"a reason for {status}"}
    return Result(one.id, one.level, one.profile, status, **{**told, **fields})


def exchange(number: int, *, text: str = '{"id": "video_1"}') -> Recorded:
    return Recorded(
        number=number,
        test="test_create::test_001",
        started="2026-01-02T03:04:05.678+00:00",
        seconds=0.0123,
        method="POST",
        url="http://127.0.0.1:8000/v1/videos?after=video_1",
        request_headers=(("Authorization", "Bearer $OPENVIDEOS_API_KEY"),),
        request_body=Body("application/json", len(text), text),
        http_version="HTTP/1.1",
        status=200,
        reason="OK",
        response_headers=(("Content-Type", "application/json"), ("X-Said", text)),
        response_body=Body("application/json", len(text), text),
    )


def report(
    statuses: dict[Requirement, Status] | None = None,
    *,
    verdicts: dict[str, Verdict] | None = None,
    results: list[Result] | None = None,
    **fields: Any,
) -> Report:
    """Return a report; each requirement has one result, unless `results` are given."""
    if statuses is None:
        statuses = {requirement(1): Status.PASS}
    found = results
    if found is None:
        silent = {Status.NOT_RUN, Status.DISABLED}
        found = [result(one, status) for one, status in statuses.items() if status not in silent]
    made = Report(
        configuration=Configuration(base_url="http://127.0.0.1:8000/v1", api_key="k" * 20).public(),
        suite_version="0.1.0",
        contract_version="1.0.0",
        contract_digest="0123456789abcdef",
        started="2026-01-02T03:04:05+00:00",
        seconds=1.5,
        requirements={one.id: one for one in statuses},
        results=tuple(found),
        outcomes={one.id: status for one, status in statuses.items()},
        verdicts={"core": Verdict.CONFORMS} if verdicts is None else verdicts,
        jobs_spent=2,
        jobs_needed=3,
        left_over=(),
        exit_code=0,
        seconds_of_video=8.0,
    )
    return attrs.evolve(made, **fields)


def hostile_report(text: str = HOSTILE) -> Report:
    """Return a report in which whatever a server can answer is `text`, in every status."""
    known = [
        requirement(number, level=level, where="it is offered" if number % 2 else "")
        for number, level in enumerate([*Level] * 5, start=1)
    ]
    results = [
        result(one, status, seen=text, reason=text, exchange=1 + number % 3)
        for number, (one, status) in enumerate(zip(known, [*Status] * 2, strict=False))
    ]
    outcomes = {
        one: judge_requirement(found.status for found in results if found.requirement == one.id)
        for one in known
    }
    video = MadeVideo(
        name="plain",
        purpose="a create with JSON",
        id=text,
        status=text,
        prompt=text,
        size=text,
        seconds=text,
        pictures=(Picture("at 1.0 s", 1, 1, _PIXEL),),
    )
    return report(
        outcomes,
        results=results,
        verdicts={"core": Verdict.DOES_NOT},
        exit_code=1,
        left_over=(text, ""),
        exchanges=tuple(exchange(number, text=text) for number in (1, 2, 3)),
        videos=(video,),
    )
