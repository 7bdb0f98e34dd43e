"""What went over the wire as an HTTP Archive, `report.har`, for browsers and proxies to open."""

from __future__ import annotations

import io
from collections.abc import Iterable
from urllib.parse import parse_qsl, urlsplit

import harfile

from openvideos_contract.reports.recorded import Body, Recorded
from openvideos_contract.reports.report import Report


def text(report: Report) -> str:
    """Return every exchange of a run as HAR 1.2, in order; films and pictures by their size."""
    target = io.StringIO()
    creator = harfile.Creator(name="openvideos", version=report.suite_version)
    with harfile.HarFile(target, creator=creator) as archive:
        for exchange in report.exchanges:
            milliseconds = round(exchange.seconds * 1000, 1)
            archive.add_entry(
                startedDateTime=exchange.started,
                time=milliseconds,
                request=_request(exchange),
                response=_response(exchange),
                timings=harfile.Timings(send=0, wait=milliseconds, receive=0),
                comment=f"{exchange.number}: {exchange.test}",
            )
    return target.getvalue() + "\n"


def _request(exchange: Recorded) -> harfile.Request:
    body = exchange.request_body
    posted = None
    if body.size:
        posted = harfile.PostData(
            mimeType=body.media_type,
            text=body.text,
            comment=_left_out(body) if body.left_out else None,
        )
    query = parse_qsl(urlsplit(exchange.url).query, keep_blank_values=True)
    return harfile.Request(
        method=exchange.method,
        url=exchange.url,
        httpVersion=exchange.http_version,
        headers=_records(exchange.request_headers),
        queryString=_records(query),
        postData=posted,
        bodySize=body.size,
    )


def _response(exchange: Recorded) -> harfile.Response:
    body = exchange.response_body
    headers = {name.lower(): value for name, value in exchange.response_headers}
    return harfile.Response(
        status=exchange.status,
        statusText=exchange.reason,
        httpVersion=exchange.http_version,
        headers=_records(exchange.response_headers),
        content=harfile.Content(
            size=body.size,
            mimeType=body.media_type,
            text=body.text or None,
            comment=_left_out(body) if body.left_out else None,
        ),
        redirectURL=headers.get("location", ""),
        bodySize=body.size,
    )


def _left_out(body: Body) -> str:
    return f"left out: {body.left_out}"


def _records(pairs: Iterable[tuple[str, str]]) -> list[harfile.Record]:
    return [harfile.Record(name=name, value=value) for name, value in pairs]
