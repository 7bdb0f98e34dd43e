"""What must come through where a gateway stands before the server, and what often does not."""

from __future__ import annotations

import io
import itertools
import json
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from openvideos_contract.checks.answers import compact
from openvideos_contract.checks.listing import listed_ids, listed_videos
from openvideos_contract.checks.parts import ask_for_part
from openvideos_contract.checks.refusals import refusal, require_status
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.jobs.plan import DEFAULT_SIZE
from openvideos_contract.outcome import Blocked, Unsupported, require
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate, video_path

# What says that nobody has it, or that it is no id.
NOT_FOUND = frozenset({400, 404, 410, 422})
# As several gateways write theirs: what is invented here belongs to nobody.
FOREIGN_IDS = ("openai:video_{}", "{}==", "task_{}", "video_{}" + "QUJD" * 60 + "=")
# So many videos of a list are asked for.
LOOKED_AT = 5
LARGE = 3_000_000
# A first byte that takes longer than this, and longer than other answers, is held back.
LATE_SECONDS = 3.0


@pytest.mark.requirement("GATEWAY-001")
def test_every_id_that_is_shown_leads_to_its_video(gate: Gate, jobs: Jobs) -> None:
    jobs.ended("plain")
    listed = gate.send("GET", "/videos", params={"limit": 100})
    shown = [(str(video.get("id")), video, listed) for video in listed_videos(listed)[:LOOKED_AT]]
    shown += [
        (str(listed.object.get(cursor)), {}, listed)
        for cursor in ("first_id", "last_id")
        if listed.object.get(cursor)
    ]
    gone = {made.id for made in gate.made if made.deleted}
    for about, video, answer in gate.videos:
        if about not in gone:
            shown.append((str(video.get("id")), video, answer))
            if video.get("remixed_from_video_id"):
                shown.append((str(video["remixed_from_video_id"]), {}, answer))
    asked: dict[str, Exchange] = {}
    for video_id, video, answer in shown:
        if video_id in gone:
            continue
        if video_id not in asked:
            asked[video_id] = gate.send("GET", video_path(video_id))
            if asked[video_id].status == 404 and was_deleted_meanwhile(gate, video_id, listed):
                gone.add(video_id)
                continue
        require(
            asked[video_id].ok,
            expected=f"the video {video_id}, as {answer.request.method} "
            f"{answer.request.url.path} showed this id",
            seen=asked[video_id].summary,
            exchange=asked[video_id],
        )
        told, wanted = asked[video_id].object.get("prompt"), video.get("prompt")
        require(
            wanted is None or told == wanted,
            expected=f"the video that was shown with this id, of the prompt {compact(wanted)}",
            seen=f"another, of the prompt {compact(told)}",
            exchange=asked[video_id],
        )


def was_deleted_meanwhile(gate: Gate, video_id: str, listed: Exchange) -> bool:
    """Return whether a video of somebody else was in a list, and is no longer."""
    mine = any(made.id == video_id for made in gate.made)
    if mine or video_id not in listed_ids(listed):
        return False
    return video_id not in listed_ids(gate.send("GET", "/videos", params={"limit": 100}))


@pytest.mark.requirement("GATEWAY-002")
@pytest.mark.parametrize("form", FOREIGN_IDS, ids=["provider", "base64", "task", "long"])
@pytest.mark.parametrize("operation", ["retrieve", "content", "delete"])
def test_an_id_of_another_gateway_is_not_found(
    gate: Gate, configuration: Configuration, form: str, operation: str
) -> None:
    method = "DELETE" if operation == "delete" else "GET"
    path = video_path(form.format(configuration.run_id))
    answer = gate.send(method, f"{path}/content" if operation == "content" else path)
    require(
        answer.status in NOT_FOUND,
        expected="404, as nobody has this id",
        seen=answer.summary,
        exchange=answer,
    )


@pytest.mark.requirement("GATEWAY-003")
def test_a_job_is_found_from_its_create_on(jobs: Jobs) -> None:
    jobs.ended("plain")
    for job in jobs.all_made():
        for number, poll in enumerate(job.polls, 1):
            require(
                poll.status not in {404, 410},
                expected=f"the job {job.id}, which was made and not deleted, at poll {number}",
                seen=poll.summary,
                exchange=poll,
            )


@pytest.mark.requirement("GATEWAY-004")
@pytest.mark.parametrize("name", ["Content-Length", "ETag", "Accept-Ranges"])
def test_the_headers_of_the_content_come_through(jobs: Jobs, name: str) -> None:
    whole = jobs.whole_content("plain")
    require(
        whole.header(name),
        expected=f"the header {name} with the content",
        seen=f"{whole.summary} without it",
        exchange=whole,
    )


@pytest.mark.requirement("GATEWAY-005")
def test_a_range_comes_through(gate: Gate, jobs: Jobs) -> None:
    jobs.whole_content("plain")
    answer = ask_for_part(gate, f"{jobs.completed('plain').path}/content", "bytes=0-99")
    require_status(answer, 206, "bytes 0 to 99 were asked for")


@pytest.mark.requirement("GATEWAY-006")
def test_every_answer_has_a_request_id_of_its_own(gate: Gate, jobs: Jobs) -> None:
    path = jobs.ended("plain").path
    for _ in range(2):
        gate.send("GET", path)
    first: dict[str, Exchange] = {}
    for answer in gate.exchanges:
        name = answer.header("x-request-id")
        if not name:
            continue
        before = first.setdefault(name, answer)
        require(
            before is answer,
            expected="an x-request-id of its own",
            seen=f"{name}, which {before.request.method} {before.request.url.path} had before",
            exchange=answer,
        )
    if not first:
        raise Blocked("no answer has an x-request-id (ERROR-004)")


@pytest.mark.requirement("GATEWAY-007")
@pytest.mark.parametrize("name", ["thumbnail", "spritesheet"])
def test_a_variant_comes_through(jobs: Jobs, name: str) -> None:
    whole = jobs.whole_content("plain")
    answer = jobs.content("plain", name)
    if not answer.ok:
        raise Unsupported(f"the server does not offer variant={name}: {answer.summary}")
    require(
        not answer.media_type.startswith("video/") and answer.content != whole.content,
        expected=f"a {name}, or a refusal",
        seen=f"the video: {answer.summary}",
        exchange=answer,
    )


@pytest.mark.requirement("GATEWAY-008")
def test_a_type_without_a_body_is_let_be(gate: Gate, jobs: Jobs, nobody: str) -> None:
    headers = {"Content-Type": "application/json"}
    for method, path in (("GET", jobs.ended("plain").path), ("DELETE", video_path(nobody))):
        usual = gate.send(method, path)
        answer = gate.send(method, path, headers=headers)
        require(
            answer.status == usual.status,
            expected=f"{usual.status}, as without a Content-Type",
            seen=answer.summary,
            exchange=answer,
        )


@pytest.mark.requirement("GATEWAY-009")
def test_a_large_form_comes_through_whole(gate: Gate, configuration: Configuration) -> None:
    size = configuration.size or DEFAULT_SIZE
    small, large = picture(size, large=False), picture(size, large=True)
    usual, answer = (
        # The field that makes it wrong comes last, behind the file.
        gate.send(
            "POST",
            "/videos",
            form={
                "input_reference": ("reference.png", data, "image/png"),
                "prompt": configuration.run_id,
                "size": size,
                "seconds": "abc",
            },
            family="seconds that are no number",
        )
        for data in (small, large)
    )
    require(
        told(answer) == told(usual),
        expected=f"{usual.summary}, as for a file of {len(small)} bytes",
        seen=f"{answer.summary}, for one of {len(large)} bytes",
        exchange=answer,
    )


def picture(size: str, *, large: bool) -> bytes:
    """Return a PNG of a size, of at least `LARGE` bytes if `large`."""
    width, height = (int(side) for side in size.split("x"))
    beside = PngInfo()
    if large:
        beside.add(b"raNd", bytes(LARGE))  # a chunk that nobody has to know
    target = io.BytesIO()
    Image.new("RGB", (width, height), (40, 80, 120)).save(target, "PNG", pnginfo=beside)
    return target.getvalue()


def told(answer: Exchange) -> tuple[int, Any, Any]:
    """Return the status of a refusal, and what it says to a program."""
    error = answer.object.get("error")
    error = error if isinstance(error, dict) else {}
    return answer.status, error.get("param"), error.get("code")


@pytest.mark.requirement("GATEWAY-010")
def test_the_content_is_sent_on_while_it_comes(gate: Gate, jobs: Jobs) -> None:
    jobs.whole_content("plain")  # so that a server which makes it only now has done so
    job = jobs.completed("plain")
    others = min(poll.first_byte_after for poll in job.polls)
    answer = gate.send("GET", f"{job.path}/content")
    limit = max(LATE_SECONDS, 3 * others)
    require(
        answer.first_byte_after <= limit,
        expected=f"the first byte within {limit:.1f} s",
        seen=f"the first after {answer.first_byte_after:.1f} s, "
        f"the last after {answer.response.elapsed.total_seconds():.1f} s",
        exchange=answer,
    )


def errors(gate: Gate, nobody: str) -> list[tuple[Exchange, dict[str, Any]]]:
    """Return the answers of the run that are errors, with what is in their envelope."""
    refusal(gate, "GET", video_path(nobody))
    refusal(gate, "POST", "/videos", family="no prompt", json={})
    found = [
        (answer, answer.object.get("error")) for answer in gate.exchanges if answer.status >= 400
    ]
    inside = [(answer, error) for answer, error in found if isinstance(error, dict)]
    if not inside:
        raise Blocked("no refusal has an error envelope (ERROR-001)")
    return inside


@pytest.mark.requirement("GATEWAY-011")
def test_a_message_holds_no_other_error(gate: Gate, nobody: str) -> None:
    for answer, error in errors(gate, nobody):
        require(
            not holds_an_error(str(error.get("message"))),
            expected="a message for people",
            seen=f"another error as JSON in it: {answer.summary}",
            exchange=answer,
        )


def holds_an_error(text: str) -> bool:
    """Return whether a text holds a JSON object that is an error."""
    decoder = json.JSONDecoder()
    for start in itertools.islice((at for at, char in enumerate(text) if char == "{"), 10):
        try:
            found, _ = decoder.raw_decode(text[start:])
        except (ValueError, RecursionError):
            continue
        if isinstance(found, dict) and {"error", "detail", "message"} & set(found):
            return True
    return False


@pytest.mark.requirement("GATEWAY-012")
def test_a_code_is_no_status(gate: Gate, nobody: str) -> None:
    for answer, error in errors(gate, nobody):
        require(
            str(error.get("code")) != str(answer.status),
            expected="a code that is a reason, or null",
            seen=f"the code {compact(error.get('code'))} with the status {answer.status}",
            exchange=answer,
        )


@pytest.mark.requirement("GATEWAY-013")
def test_a_429_says_how_long_to_wait(gate: Gate) -> None:
    busy = [answer for answer in gate.exchanges if answer.status == 429]
    if not busy:
        raise Unsupported("no request was answered 429")
    for answer in busy:
        require(
            answer.header("retry-after") or answer.header("retry-after-ms"),
            expected="the header Retry-After, or retry-after-ms",
            seen=f"{answer.summary} without it",
            exchange=answer,
        )
