"""Downloading: the whole, a part, and not too early."""

from __future__ import annotations

import contextlib

import httpx
import pytest

from openvideos_contract.checks.completion import require_download
from openvideos_contract.checks.parts import ask_for_part, require_named_parts, require_part
from openvideos_contract.checks.refusals import require_status
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import Blocked, Nonconformity, Unsupported, require
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate


@pytest.fixture
def whole(jobs: Jobs) -> Exchange:
    """The content of a completed job."""
    return jobs.whole_content("plain")


@pytest.fixture
def path(jobs: Jobs) -> str:
    """Where that content is."""
    return f"{jobs.completed('plain').path}/content"


@pytest.fixture
def etag(whole: Exchange) -> str:
    """The ETag of the content."""
    if not whole.header("etag"):
        raise Unsupported("the server sends no ETag")
    return whole.header("etag")


@pytest.mark.requirement("CONTENT-001")
@pytest.mark.parametrize("name", ["plain", "other"])
def test_a_completed_job_has_content(jobs: Jobs, name: str) -> None:
    require_download(jobs, name)


def early_content(jobs: Jobs) -> Exchange:
    """Return the answer to a download that came too early."""
    job = jobs.existing("plain")
    if job.early_content is None:
        raise Unsupported("the job was completed at once, so that no download came too early")
    return job.early_content


@pytest.mark.requirement("CONTENT-003")
def test_content_is_refused_before_the_job_is_completed(jobs: Jobs) -> None:
    answer = early_content(jobs)
    expected = "a refusal, 4xx, as the job is not completed"
    require(answer.refused, expected=expected, seen=answer.summary, exchange=answer)


@pytest.mark.requirement("CONTENT-004")
def test_content_that_is_not_there_yet_answers_404(jobs: Jobs) -> None:
    require_status(early_content(jobs), 404, "the job is not completed")


@pytest.mark.requirement("CONTENT-006")
def test_content_length_is_true(jobs: Jobs) -> None:
    jobs.completed("plain")
    try:
        whole = jobs.content("plain")
    except Nonconformity as failure:
        if isinstance(failure.__cause__, httpx.RemoteProtocolError):
            raise  # fewer bytes came than were announced
        raise Blocked(f"the content cannot be downloaded (CONTENT-001): {failure.seen}") from None
    if whole.status != 200:
        raise Blocked(f"the content cannot be downloaded (CONTENT-001): {whole.summary}")
    told = whole.header("content-length")
    if not told:
        raise Unsupported("the server sends no Content-Length")
    require(
        told == str(len(whole.content)),
        expected=f"a Content-Length of {len(whole.content)}",
        seen=f"a Content-Length of {told}",
        exchange=whole,
    )


@pytest.mark.requirement("CONTENT-007")
def test_the_same_content_is_the_same_bytes(gate: Gate, path: str, whole: Exchange) -> None:
    again = gate.send("GET", path)
    require(
        again.content == whole.content,
        expected=f"the {len(whole.content)} bytes of the first download",
        seen=again.summary,
        exchange=again,
    )


@pytest.mark.requirement("CONTENT-008")
@pytest.mark.parametrize(
    "asked",
    [
        "bytes=0-99",
        "bytes=50-149",
        "bytes=100-",
        "bytes=-50",
        "bytes=7-7",
        "bytes=100-99999999999",
        "bytes=-99999999999",
    ],
)
def test_a_part_is_the_part_that_was_asked_for(
    gate: Gate, path: str, whole: Exchange, asked: str
) -> None:
    answer = ask_for_part(gate, path, asked)
    if answer.status == 200:
        raise Unsupported("the server ignores Range, as it may")
    require_part(answer, asked, whole.content)


@pytest.mark.requirement("CONTENT-009")
def test_a_server_that_says_it_takes_ranges_does(gate: Gate, path: str, whole: Exchange) -> None:
    if whole.header("accept-ranges").lower() != "bytes":
        raise Unsupported("the server does not say Accept-Ranges: bytes")
    answer = ask_for_part(gate, path, "bytes=0-99")
    require_status(answer, 206, "the server says Accept-Ranges: bytes")


def offers_ranges(gate: Gate, path: str) -> None:
    """Go on if the server answers a Range with 206."""
    if ask_for_part(gate, path, "bytes=0-0").status != 206:
        raise Unsupported("the server ignores Range, as it may")


@pytest.mark.requirement("CONTENT-010")
def test_a_part_beyond_the_end_answers_416(gate: Gate, path: str, whole: Exchange) -> None:
    offers_ranges(gate, path)
    answer = ask_for_part(gate, path, f"bytes={len(whole.content)}-")
    told = answer.header("content-range")
    require(
        answer.status == 416 and told in {f"bytes */{len(whole.content)}", ""},
        expected=f"416 with Content-Range bytes */{len(whole.content)}",
        seen=f"{told}, {answer.summary}",
        exchange=answer,
    )


@pytest.mark.requirement("CONTENT-011")
def test_a_part_of_something_older_answers_the_whole(
    gate: Gate, path: str, whole: Exchange
) -> None:
    offers_ranges(gate, path)
    answer = ask_for_part(gate, path, "bytes=100-", if_range='"an-older-one"')
    require(
        answer.status == 200 and len(answer.content) == len(whole.content),
        expected="200 and the whole, as If-Range names another ETag",
        seen=answer.summary,
        exchange=answer,
    )


@pytest.mark.requirement("CONTENT-014")
def test_a_part_of_what_is_still_the_same_is_sent(
    gate: Gate, path: str, whole: Exchange, etag: str
) -> None:
    offers_ranges(gate, path)
    if etag.startswith("W/"):
        raise Unsupported("the ETag is a weak one, which an If-Range never holds for")
    require_part(ask_for_part(gate, path, "bytes=10-59", etag), "bytes=10-59", whole.content)


@pytest.mark.requirement("CONTENT-016")
@pytest.mark.parametrize("asked", ["bytes=0-9,20-29", "bytes=-5,0-4", "bytes=0-0,2-2,4-4"])
def test_several_parts_at_once_are_the_parts(
    gate: Gate, path: str, whole: Exchange, asked: str
) -> None:
    offers_ranges(gate, path)
    answer = ask_for_part(gate, path, asked)
    if answer.refused:
        raise Unsupported(f"the server refuses several ranges, as it may: {answer.summary}")
    require(
        answer.content == whole.content if answer.status == 200 else answer.status == 206,
        expected="206, or 200 and the whole",
        seen=answer.summary,
        exchange=answer,
    )
    if answer.status == 206:
        require_named_parts(answer, whole.content)


@pytest.mark.requirement("CONTENT-017")
@pytest.mark.parametrize("asked", ["items=0-9", "bytes=abc", "bytes=9-0", "bytes", "bytes=1.5-9"])
def test_what_is_no_range_answers_no_part(
    gate: Gate, path: str, whole: Exchange, asked: str
) -> None:
    answer = ask_for_part(gate, path, asked)
    same = answer.status == 200 and len(answer.content) == len(whole.content)
    require(
        same or answer.refused,
        expected=f"the whole, or a refusal, as {asked!r} asks for no bytes",
        seen=f"{answer.header('content-range')} {answer.summary}".strip(),
        exchange=answer,
    )


@pytest.mark.requirement("CONTENT-015")
def test_what_is_not_known_yet_is_sent(gate: Gate, path: str, whole: Exchange, etag: str) -> None:
    answer = gate.send("GET", path, headers={"If-None-Match": '"another-one"'})
    require(
        answer.status == 200 and len(answer.content) == len(whole.content),
        expected=f"200 and the whole, as the ETag is {etag}",
        seen=answer.summary,
        exchange=answer,
    )


@pytest.mark.requirement("CONTENT-019")
def test_other_content_has_another_etag(jobs: Jobs, whole: Exchange, etag: str) -> None:
    others = [jobs.whole_content("other")]
    for variant in ("thumbnail", "spritesheet"):
        with contextlib.suppress(Nonconformity, Blocked):
            others.append(jobs.content("plain", variant))
    for other in others:
        if other.status == 200 and other.content != whole.content and other.header("etag"):
            require(
                other.header("etag") != etag,
                expected=f"another ETag than {etag}, as the content is another",
                seen=f"the ETag {etag}, {other.summary}",
                exchange=other,
            )


@pytest.mark.requirement("CONTENT-012")
@pytest.mark.parametrize("form", ["{}", '"another-one", {}', "W/{}"], ids=["one", "list", "weak"])
def test_what_is_known_already_is_not_sent_again(
    gate: Gate, path: str, etag: str, form: str
) -> None:
    answer = gate.send("GET", path, headers={"If-None-Match": form.format(weak(etag, form))})
    require(
        answer.status == 304 and not answer.content,
        expected="304 without a body",
        seen=answer.summary,
        exchange=answer,
    )


def weak(etag: str, form: str) -> str:
    """Return an ETag so that it fits into `form`; If-None-Match compares weakly."""
    return etag.removeprefix("W/") if form.startswith("W/") else etag


@pytest.mark.requirement("CONTENT-013")
def test_the_etag_stays(gate: Gate, path: str, etag: str) -> None:
    again = gate.send("GET", path)
    told = again.header("etag")
    require(
        told == etag,
        expected=f"the ETag {etag}, as the content is the same",
        seen=f"the ETag {told or 'missing'}",
        exchange=again,
    )
