"""The media: what was made is what was asked for."""

from __future__ import annotations

import functools

import pytest

from openvideos_contract.checks.media import BrokenError, Film, decode, picture_size, picture_type
from openvideos_contract.checks.parts import ask_for_part, require_part
from openvideos_contract.checks.refusals import require_status
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import Blocked, Nonconformity, Unsupported, require
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

# Models make whole groups of frames, so that a length is met only nearly.
TOLERANCE_SECONDS = 0.25
# Pictures are made small, so that proportions are met only nearly.
PROPORTION = 0.05
# An explicit refusal of a variant; a 404 says that this asset of this video is missing, unless any
# word is answered so.
NOT_OFFERED = frozenset({400, 405, 415, 422, 501})

_decode = functools.lru_cache(maxsize=4)(decode)


def film(jobs: Jobs, name: str) -> Film:
    """Return the content of a completed job, decoded."""
    try:
        return _decode(jobs.whole_content(name).content)
    except BrokenError as error:
        raise Blocked(f"the content does not decode (MEDIA-001): {error}") from error


@pytest.fixture(scope="module")
def unknown(gate: Gate, jobs: Jobs) -> Exchange:
    """The answer to a variant that does not exist."""
    path = f"{jobs.completed('plain').path}/content"
    return gate.send("GET", path, params={"variant": "hologram"})


def variant(jobs: Jobs, unknown: Exchange, name: str) -> Exchange:
    """Return a variant of a completed job."""
    jobs.whole_content("plain")
    answer = jobs.content("plain", name)
    if answer.status in NOT_OFFERED or answer.status == unknown.status == 404:
        raise Unsupported(f"the server does not offer variant={name}: {answer.summary}")
    return answer


def picture(jobs: Jobs, unknown: Exchange, name: str) -> Exchange:
    """Return a variant of a completed job for a test that is not about having it."""
    answer = variant(jobs, unknown, name)
    if answer.status != 200 or not answer.content:
        raise Blocked(f"variant={name} cannot be downloaded (MEDIA-010): {answer.summary}")
    return answer


@pytest.mark.requirement("MEDIA-001")
@pytest.mark.parametrize("name", ["plain", "other"])
def test_the_content_decodes_to_its_last_frame(jobs: Jobs, name: str) -> None:
    answer = jobs.whole_content(name)
    expected = "an MP4 that decodes to its last frame"
    try:
        found = _decode(answer.content)
    except BrokenError as error:
        raise Nonconformity(
            expected=expected, seen=f"{error}; {answer.summary}", exchange=answer
        ) from error
    seen = f"a file of the format {found.container}"
    require("mp4" in found.container, expected=expected, seen=seen, exchange=answer)


@pytest.mark.requirement("MEDIA-002")
@pytest.mark.parametrize("name", ["plain", "other"])
def test_the_picture_has_the_size_of_the_job(jobs: Jobs, name: str) -> None:
    found = film(jobs, name)
    size = (jobs.completed(name).ended or {}).get("size")
    require(
        f"{found.width}x{found.height}" == size,
        expected=f"a picture of {size}, the size of the job",
        seen=f"a picture of {found.width}x{found.height}",
        exchange=jobs.whole_content(name),
    )


@pytest.mark.requirement("MEDIA-003")
@pytest.mark.parametrize("name", ["plain", "other"])
def test_the_video_is_as_long_as_the_job_says(jobs: Jobs, name: str) -> None:
    found = film(jobs, name)
    seconds = (jobs.completed(name).ended or {}).get("seconds")
    try:
        wanted = float(str(seconds))
    except ValueError as error:
        raise Blocked(f"the job's seconds are no number (RETRIEVE-002): {seconds!r}") from error
    require(
        abs(found.seconds - wanted) <= TOLERANCE_SECONDS,
        expected=f"{wanted:g} s, give or take {TOLERANCE_SECONDS:g} s",
        seen=f"{found.seconds:.3f} s in {found.frames} frames",
        exchange=jobs.whole_content(name),
    )


@pytest.mark.requirement("MEDIA-004")
def test_the_video_is_h264_with_aac(jobs: Jobs) -> None:
    found = film(jobs, "plain")
    require(
        (found.video_codec, found.audio_codec) == ("h264", "aac"),
        expected="h264 and aac",
        seen=f"{found.video_codec} and {found.audio_codec or 'no sound'}",
        exchange=jobs.whole_content("plain"),
    )


def require_picture(answer: Exchange, jobs: Jobs) -> str:
    """Go on if the answer is a picture of the type that it says; return that type."""
    expected = "200 and a whole picture of its Content-Type"
    try:
        kind = picture_type(answer.content) if answer.status == 200 else ""
    except BrokenError as error:
        kind = f"{error}; "
    require(
        kind and kind == answer.media_type,
        expected=expected,
        seen=f"{kind} {answer.summary}".strip(),
        exchange=answer,
    )
    require(
        answer.content != jobs.whole_content("plain").content,
        expected="a picture, not the video",
        seen="the bytes of the video",
        exchange=answer,
    )
    return kind


@pytest.mark.requirement("MEDIA-005")
def test_a_thumbnail_is_a_picture(jobs: Jobs, unknown: Exchange) -> None:
    require_picture(variant(jobs, unknown, "thumbnail"), jobs)


@pytest.mark.requirement("MEDIA-006")
def test_a_spritesheet_is_a_picture_of_its_own(jobs: Jobs, unknown: Exchange) -> None:
    answer = variant(jobs, unknown, "spritesheet")
    require_picture(answer, jobs)
    thumbnail = jobs.content("plain", "thumbnail")
    require(
        thumbnail.status != 200 or answer.content != thumbnail.content,
        expected="a spritesheet, not the thumbnail",
        seen="the bytes of the thumbnail",
        exchange=answer,
    )


@pytest.mark.requirement("MEDIA-007")
@pytest.mark.parametrize(
    ("name", "kind"), [("thumbnail", "image/webp"), ("spritesheet", "image/jpeg")]
)
def test_pictures_are_of_the_usual_types(
    jobs: Jobs, unknown: Exchange, name: str, kind: str
) -> None:
    answer = picture(jobs, unknown, name)
    require(answer.media_type == kind, expected=kind, seen=answer.summary, exchange=answer)


@pytest.mark.requirement("MEDIA-008")
def test_the_variant_video_is_the_video(jobs: Jobs) -> None:
    answer = jobs.content("plain", "video")
    whole = jobs.whole_content("plain")
    require(
        answer.status == 200
        and answer.media_type == whole.media_type
        and len(answer.content) == len(whole.content),
        expected="what comes without a variant",
        seen=answer.summary,
        exchange=answer,
    )


@pytest.mark.requirement("MEDIA-009")
def test_an_unknown_variant_is_refused(unknown: Exchange) -> None:
    require(
        unknown.refused,
        expected="a refusal, 4xx, as there is no variant hologram",
        seen=unknown.summary,
        exchange=unknown,
    )


@pytest.mark.requirement("MEDIA-010")
@pytest.mark.parametrize("name", ["thumbnail", "spritesheet"])
def test_pictures_are_offered(jobs: Jobs, name: str) -> None:
    jobs.whole_content("plain")
    require_status(jobs.content("plain", name), 200)


@pytest.mark.requirement("MEDIA-011")
@pytest.mark.parametrize("name", ["other", "multipart"])
def test_different_jobs_have_different_content(jobs: Jobs, name: str) -> None:
    jobs.whole_content("plain")
    job, answer = jobs.completed(name), jobs.whole_content(name)
    for (former, variant), earlier in jobs.downloads.items():
        if former != name and variant is None and earlier.status == 200:
            require(
                answer.content != earlier.content,
                expected=f"other content for {job.id} than for the job {former}",
                seen="the same bytes",
                exchange=answer,
            )


@pytest.mark.requirement("MEDIA-014")
def test_a_thumbnail_has_the_proportions_of_the_video(jobs: Jobs, unknown: Exchange) -> None:
    answer, found = picture(jobs, unknown, "thumbnail"), film(jobs, "plain")
    try:
        width, height = picture_size(answer.content)
    except BrokenError as error:
        raise Blocked(f"the thumbnail does not decode (MEDIA-005): {error}") from error
    wanted = found.width / found.height
    require(
        abs(width / height - wanted) <= PROPORTION * wanted,
        expected=f"a picture with the proportions of {found.width}x{found.height}",
        seen=f"a picture of {width}x{height}",
        exchange=answer,
    )


@pytest.mark.requirement("MEDIA-015")
@pytest.mark.parametrize("name", ["thumbnail", "spritesheet"])
def test_different_jobs_have_different_pictures(jobs: Jobs, unknown: Exchange, name: str) -> None:
    first = picture(jobs, unknown, name)
    jobs.whole_content("other")
    second = jobs.content("other", name)
    if second.status != 200:
        raise Blocked(f"variant={name} cannot be downloaded (MEDIA-010): {second.summary}")
    require(
        first.content != second.content,
        expected=f"another {name} than that of another job",
        seen="the same bytes",
        exchange=second,
    )


@pytest.mark.requirement("MEDIA-012")
@pytest.mark.parametrize("name", ["thumbnail", "spritesheet"])
def test_a_part_of_a_picture_is_the_part_that_was_asked_for(
    gate: Gate, jobs: Jobs, unknown: Exchange, name: str
) -> None:
    whole = picture(jobs, unknown, name)
    path = f"{jobs.completed('plain').path}/content"
    answer = ask_for_part(gate, path, "bytes=5-24", params={"variant": name})
    if answer.status == 200:
        raise Unsupported("the server ignores Range here, as it may")
    require_part(answer, "bytes=5-24", whole.content)


@pytest.mark.requirement("MEDIA-013")
@pytest.mark.parametrize("name", ["thumbnail", "spritesheet"])
def test_a_picture_that_is_known_already_is_not_sent_again(
    gate: Gate, jobs: Jobs, unknown: Exchange, name: str
) -> None:
    etag = picture(jobs, unknown, name).header("etag")
    if not etag:
        raise Unsupported("the server sends no ETag with it")
    path = f"{jobs.completed('plain').path}/content"
    headers = {"If-None-Match": etag}
    answer = gate.send("GET", path, params={"variant": name}, headers=headers)
    require(
        answer.status == 304 and not answer.content,
        expected=f"304 without a body, as the ETag is {etag} still",
        seen=answer.summary,
        exchange=answer,
    )
