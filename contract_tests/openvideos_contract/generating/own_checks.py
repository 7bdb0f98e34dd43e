"""Checks of our own, registered with schemathesis: what no schema can say of one answer.

Of schemathesis's checks, those that ask what a whole sequence did (`use_after_free`,
`ensure_resource_availability`) are used as they are. What the others ask of one answer (its status,
types, headers and schema) the gate asks of every answer of a run; whether a request was rightly
refused or taken is judged as it was sent (`cases.py`), and keys are tested by hand, as schemathesis
would send requests of its own past the gate.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import unquote

import schemathesis
from schemathesis import Case
from schemathesis.checks import CheckContext
from schemathesis.core.failures import FailureGroup
from schemathesis.core.transport import Response

from openvideos_contract.checks.answers import BYTERANGES, compact
from openvideos_contract.outcome import Nonconformity
from openvideos_contract.wire.exchange import Exchange

# What each variant may be.
TYPES = {"video": "video/", "thumbnail": "image/", "spritesheet": "image/"}


@schemathesis.check
def page_keeps_to_its_query(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """A page is within its limit, in its order, each video once, and names its ends."""
    if not _is(case, "list_videos") or response.status_code != 200:
        return
    query = _query(case)
    body = _json(response)
    data = body.get("data")
    if not isinstance(data, list) or not all(isinstance(video, dict) for video in data):
        return  # a wrong shape, which the gate tells
    ids = [video.get("id") for video in data]
    limit = query.get("limit", "")
    _require(
        not limit.isdecimal() or len(ids) <= int(limit), f"{len(ids)} videos for limit={limit}"
    )
    _require(len(set(map(str, ids))) == len(ids), f"a video twice: {compact(ids)}")
    _require(query.get("after") not in ids, f"the cursor itself on its page: {query.get('after')}")
    times = [video.get("created_at") for video in data]
    if all(isinstance(moment, int) for moment in times):
        newest_first = query.get("order", "desc") == "desc"
        _require(
            times == sorted(times, reverse=newest_first), f"created_at in order {compact(times)}"
        )
    ends = {"first_id": ids[0] if ids else None, "last_id": ids[-1] if ids else None}
    told = {name: body[name] for name in ends if name in body}
    _require(
        all(ends[name] == value for name, value in told.items()),
        f"{compact(told)} on a page of {compact(ids)}",
    )


@schemathesis.check
def content_is_of_its_variant(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """A download is of its variant's type, and a part of it is as long as it says."""
    if not _is(case, "download_video_content") or response.status_code not in {200, 206}:
        return
    kind = _header(response, "content-type").partition(";")[0].strip().lower()
    if response.status_code == 206:
        if kind == BYTERANGES:
            return  # several parts, which a test of their own looks at
        told = _header(response, "content-range").removeprefix("bytes ").partition("/")[0]
        first, _, last = told.partition("-")
        if re.fullmatch("[0-9]{1,18}-[0-9]{1,18}", told):
            length = int(last) - int(first) + 1
            _require(len(response.content) == length, f"{len(response.content)} bytes for {told}")
    variant = _query(case).get("variant", "video")
    wanted = TYPES.get(variant)
    _require(wanted is None or kind.startswith(wanted), f"{kind} for variant={variant}")
    _require(bool(response.content), "a download without a byte")


@schemathesis.check
def video_is_the_one_asked_for(ctx: CheckContext, response: Response, case: Case[Any]) -> None:
    """A retrieve answers with the id of its path."""
    if not _is(case, "retrieve_video") or response.status_code != 200:
        return
    found = _json(response).get("id")
    asked = unquote(str(case.path_parameters.get("video_id")))
    _require(found == asked, f"the video {found} for {asked}")


OWN_CHECKS = (page_keeps_to_its_query, content_is_of_its_variant, video_is_the_one_asked_for)


def judge(case: Case[Any], exchange: Exchange, expected: str) -> None:
    """Go on if our own checks find nothing wrong with the answer to a case.

    Args:
        case: The case.
        exchange: It as it was sent, and its answer.
        expected: What should have been seen, as a noun phrase.

    Raises:
        Nonconformity: A check found something.
    """
    try:
        case.validate_response(Response.from_any(exchange.response), checks=list(OWN_CHECKS))
    except FailureGroup as group:
        raise Nonconformity(
            expected=expected,
            seen=f"{told(group)}; {exchange.summary}",
            exchange=exchange,
        ) from group


def told(group: FailureGroup) -> str:
    """Return what the first failure of a group says, in one line."""
    failure = group.exceptions[0]
    message = getattr(failure, "message", "") or str(failure)
    return " ".join(str(message).split())


def _is(case: Case[Any], operation_id: str) -> bool:
    return bool(case.operation.definition.raw.get("operationId") == operation_id)


def _require(condition: bool, seen: str) -> None:
    """Fail as schemathesis has its checks fail."""
    if not condition:
        raise AssertionError(seen)


def _query(case: Case[Any]) -> dict[str, str]:
    """Return the parameters that were sent, as text; one that is sent twice is nothing certain."""
    return {name: str(value) for name, value in case.query.items() if not isinstance(value, list)}


def _json(response: Response) -> dict[str, Any]:
    """Return a body as a JSON object, empty where it is none, which the gate tells."""
    try:
        body = response.json()
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _header(response: Response, name: str) -> str:
    values = response.headers.get(name) or [""]
    return str(values[0])
