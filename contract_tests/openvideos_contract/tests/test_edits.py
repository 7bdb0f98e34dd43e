"""Editing and extending: new jobs, made from a finished video or from an uploaded one."""

from __future__ import annotations

from typing import Any

import pytest

from openvideos_contract.checks.answers import compact
from openvideos_contract.checks.completion import require_completed, require_download
from openvideos_contract.checks.listing import require_listed
from openvideos_contract.checks.media import BrokenError, Film, decode, film
from openvideos_contract.checks.refusals import error_of, refusal, refused, require_status
from openvideos_contract.contract import Contract
from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import Blocked, Nonconformity, Unsupported, require
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

EDITS, EXTENSIONS = "/videos/edits", "/videos/extensions"
TOLERANCE_SECONDS = 0.25
# Two films are stitched, each of whole groups of frames.
STITCHED_TOLERANCE_SECONDS = 0.5
LONGEST_SECONDS = 120
NO_VIDEO = ("notes.mp4", b"This is a text, and no video.\n" * 40, "video/mp4")

edited = pytest.mark.parametrize("name", ["edit", "uploaded_edit"])


def source_of(jobs: Jobs, name: str) -> Job:
    """Return the finished job that another was made from."""
    return jobs.remixed() if name == "edit" else jobs.completed("plain")


def require_own_job(jobs: Jobs, job: Job) -> None:
    """Go on if a job has an id that no job had that was made before it."""
    for before in jobs.all_made():
        if before is job:
            break
        require(
            job.id != before.id,
            expected=f"another id than that of {before.request.purpose}, {before.id}",
            seen=f"the id {job.id}",
            exchange=job.created,
        )


def require_prompt(job: Job) -> None:
    """Go on if every answer has the prompt that was asked for."""
    prompt = job.request.fields["prompt"]
    for answer in (job.created, *(poll for poll in job.polls if poll.ok)):
        require(
            answer.object.get("prompt") == prompt,
            expected=f"the prompt that was asked for, {compact(prompt)}",
            seen=f"the prompt {compact(answer.object.get('prompt'))}",
            exchange=answer,
        )


def require_field(job: Job, field: str, value: Any, why: str) -> None:
    """Go on if every answer about a job has a value."""
    for answer in (job.created, *(poll for poll in job.polls if poll.ok)):
        require(
            answer.object.get(field) == value,
            expected=f"the {field} {compact(value)}, {why}",
            seen=f"the {field} {compact(answer.object.get(field))}",
            exchange=answer,
        )


def require_made(jobs: Jobs, name: str) -> None:
    """Go on if a job is completed, and can be downloaded."""
    jobs.whole_content("plain")  # where nothing can be, that is for CONTENT-001 to tell
    require_completed(jobs, name)
    require_download(jobs, name)


def film_of(jobs: Jobs, name: str) -> Film:
    """Return the content of a completed job, decoded."""
    answer = jobs.whole_content(name)
    try:
        return decode(answer.content)
    except BrokenError as error:
        expected = "an MP4 that decodes to its last frame"
        seen = f"{error}; {answer.summary}"
        raise Nonconformity(expected=expected, seen=seen, exchange=answer) from error


def require_film(jobs: Jobs, name: str, seconds: float, tolerance: float) -> None:
    """Go on if the content of a job has its size, and a length."""
    found, size = film_of(jobs, name), (jobs.completed(name).ended or {}).get("size")
    require(
        f"{found.width}x{found.height}" == size and abs(found.seconds - seconds) <= tolerance,
        expected=f"a film of {size} and {seconds:g} s, give or take {tolerance:g} s",
        seen=f"a film of {found.width}x{found.height} and {found.seconds:.3f} s",
        exchange=jobs.whole_content(name),
    )


def seconds_of(job: Job) -> float:
    """Return the length that a finished job says it has."""
    told = (job.ended or job.video).get("seconds")
    try:
        return float(str(told))
    except ValueError as error:
        raise Blocked(f"the job's seconds are no number (RETRIEVE-002): {told!r}") from error


def require_untouched(gate: Gate, source: Job) -> None:
    """Go on if a finished job is as it was before another was made from it."""
    answer = gate.send("GET", source.path)
    now = answer.video()
    for field, value in source.steady.items():
        require(
            now.get(field) == value,
            expected=f"the {field} of before, {compact(value)}",
            seen=f"the {field} {compact(now.get(field))}",
            exchange=answer,
        )


def require_source_untouched(gate: Gate, jobs: Jobs, name: str) -> None:
    """Go on if what a job was made from is as it was, its content included."""
    jobs.ended(name)
    source = source_of(jobs, name)
    require_untouched(gate, source)
    before = jobs.whole_content(source.request.name)
    now = gate.send("GET", f"{source.path}/content")
    require(
        now.status == 200 and len(now.content) == len(before.content),
        expected=f"the content of before, {len(before.content)} bytes",
        seen=now.summary,
        exchange=now,
    )


def require_in_lists(gate: Gate, job: Job) -> None:
    """Go on if a job is in the list, as it was right after its start."""
    answers = [gate.send("GET", "/videos", params={"limit": 100})]
    if job.listed is not None and job.listed.ok:
        answers.insert(0, job.listed)
    require_listed(job, *answers)


def unknown_source(nobody: str, encoding: str) -> dict[str, Any]:
    """Return a request to work on a video that does not exist."""
    if encoding == "json":
        return {"json": {"video": {"id": nobody}, "prompt": nobody}}
    return {"form": {"video[id]": nobody, "prompt": nobody}}


def early(answer: Exchange | None) -> Exchange:
    """Return the answer to what came before its source was completed."""
    if answer is None:
        raise Unsupported("no request came before the job was completed, or none may be sent again")
    return answer


def require_refused_early(answer: Exchange) -> None:
    """Go on if a request on an unfinished job was refused."""
    require(
        answer.refused,
        expected="a refusal, 4xx, as the source is not completed",
        seen=answer.summary,
        exchange=answer,
    )


def require_not_for_strangers(
    gate: Gate, jobs: Jobs, path: str, second_key: str, encoding: str
) -> None:
    """Go on if a key cannot work on the video of another."""
    source, prompt = jobs.completed("plain"), f"[{gate.configuration.run_id}] a stranger's"
    request = unknown_source(source.id, encoding)
    request[encoding]["prompt"] = prompt
    why = "another key's video as a source"
    refused(gate, "POST", path, family=why, key=second_key, **request)


@pytest.mark.requirement("EDIT-001")
def test_an_edit_is_a_job_of_its_own(jobs: Jobs) -> None:
    require_own_job(jobs, jobs.made("edit"))


@pytest.mark.requirement("EDIT-014")
def test_an_uploaded_video_can_be_edited(jobs: Jobs) -> None:
    require_own_job(jobs, jobs.made("uploaded_edit"))


@pytest.mark.requirement("EDIT-003")
@edited
def test_the_prompt_of_an_edit_comes_back(jobs: Jobs, name: str) -> None:
    require_prompt(jobs.ended(name))


@pytest.mark.requirement("EDIT-004")
@pytest.mark.parametrize("field", ["model", "size", "seconds"])
def test_an_edit_is_like_its_source(jobs: Jobs, field: str) -> None:
    source = jobs.remixed()
    require_field(jobs.ended("edit"), field, source.video.get(field), "as its source has it")


@pytest.mark.requirement("EDIT-005")
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_an_unknown_video_is_not_edited(gate: Gate, jobs: Jobs, nobody: str, encoding: str) -> None:
    jobs.existing("edit")
    request = unknown_source(nobody, encoding)
    refused(gate, "POST", EDITS, family="an unknown video to edit", **request)


@pytest.mark.requirement("EDIT-006")
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_an_unknown_video_to_edit_answers_404(
    gate: Gate, jobs: Jobs, nobody: str, encoding: str
) -> None:
    jobs.existing("edit")
    request = unknown_source(nobody, encoding)
    answer = refusal(gate, "POST", EDITS, family="an unknown video to edit", **request)
    require_status(answer, 404, "no video has this id")


@pytest.mark.requirement("EDIT-007")
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_an_edit_needs_a_video(gate: Gate, jobs: Jobs, nobody: str, encoding: str) -> None:
    jobs.existing("edit")
    request: dict[str, Any] = {encoding: {"prompt": nobody}}
    refused(gate, "POST", EDITS, family="no video to edit", **request)


@pytest.mark.requirement("EDIT-008")
def test_an_edit_has_one_video(gate: Gate, jobs: Jobs, nobody: str) -> None:
    jobs.existing("uploaded_edit")
    whole = jobs.whole_content("plain")
    both = {
        "video": ("plain.mp4", whole.content, whole.media_type),
        "video[id]": jobs.completed("plain").id,
        "prompt": nobody,
    }
    refused(gate, "POST", EDITS, family="two videos to edit", form=both)


@pytest.mark.requirement("EDIT-009")
@pytest.mark.parametrize("prompt", [{}, {"prompt": ""}], ids=["missing", "empty"])
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_an_edit_needs_a_prompt(
    gate: Gate, jobs: Jobs, prompt: dict[str, str], encoding: str
) -> None:
    jobs.existing("edit")
    request = unknown_source(jobs.completed("plain").id, encoding)
    del request[encoding]["prompt"]
    request[encoding].update(prompt)
    refused(gate, "POST", EDITS, family="an edit without a prompt", **request)


@pytest.mark.requirement("EDIT-010")
@edited
def test_an_edit_leaves_its_source_as_it_was(gate: Gate, jobs: Jobs, name: str) -> None:
    require_source_untouched(gate, jobs, name)


@pytest.mark.requirement("EDIT-011")
@edited
def test_an_edit_is_completed_and_can_be_downloaded(jobs: Jobs, name: str) -> None:
    require_made(jobs, name)


@pytest.mark.requirement("EDIT-012")
@edited
def test_the_content_of_an_edit_is_what_its_video_says(jobs: Jobs, name: str) -> None:
    require_film(jobs, name, seconds_of(jobs.completed(name)), TOLERANCE_SECONDS)


@pytest.mark.requirement("EDIT-012")
@edited
def test_the_content_of_an_edit_is_another_than_its_sources(jobs: Jobs, name: str) -> None:
    answer = jobs.whole_content(name)
    source = jobs.whole_content(source_of(jobs, name).request.name)
    require(
        answer.content != source.content,
        expected="other content than that of its source",
        seen="the same bytes",
        exchange=answer,
    )


@pytest.mark.requirement("EDIT-013")
@edited
def test_an_edit_is_listed(gate: Gate, jobs: Jobs, name: str) -> None:
    require_in_lists(gate, jobs.ended(name))


@pytest.mark.requirement("EDIT-015")
def test_an_edit_of_an_upload_is_as_long_as_that(jobs: Jobs) -> None:
    edit = jobs.completed("uploaded_edit")
    try:
        uploaded = decode(jobs.whole_content("plain").content).seconds
    except BrokenError as error:
        raise Blocked(f"the content does not decode (MEDIA-001): {error}") from error
    require(
        abs(seconds_of(edit) - uploaded) <= TOLERANCE_SECONDS,
        expected=f"about {uploaded:.2f} seconds, the length of what was uploaded",
        seen=f"the seconds {compact((edit.ended or {}).get('seconds'))}",
        exchange=edit.created,
    )


@pytest.mark.requirement("EDIT-016")
def test_what_is_no_video_is_not_edited(gate: Gate, jobs: Jobs, nobody: str) -> None:
    jobs.existing("uploaded_edit")
    form = {"video": NO_VIDEO, "prompt": nobody}
    refused(gate, "POST", EDITS, family="an upload to edit that is no video", form=form)


@pytest.mark.requirement("EDIT-017")
def test_an_unfinished_job_is_not_edited(jobs: Jobs) -> None:
    jobs.existing("edit")
    require_refused_early(early(jobs.existing("plain").early_edit))


@pytest.mark.requirement("EDIT-018")
def test_the_status_for_an_unfinished_job_is_409(jobs: Jobs) -> None:
    jobs.existing("edit")
    answer = early(jobs.existing("plain").early_edit)
    if not answer.refused:
        raise Blocked(f"it was not refused (EDIT-017): {answer.summary}")
    require_status(answer, 409, "the source is not completed")


@pytest.mark.requirement("EDIT-019")
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_another_keys_video_is_not_edited(
    gate: Gate, jobs: Jobs, second_key: str, encoding: str
) -> None:
    jobs.existing("edit")
    require_not_for_strangers(gate, jobs, EDITS, second_key, encoding)


@pytest.mark.requirement("EDIT-020")
@pytest.mark.parametrize(
    ("path", "name", "do"),
    [(EDITS, "edit", "edit"), (EXTENSIONS, "extension", "extend")],
    ids=["edit", "extend"],
)
def test_a_form_names_its_video_in_brackets(
    gate: Gate, jobs: Jobs, nobody: str, path: str, name: str, do: str
) -> None:
    jobs.existing(name)
    without = {"form": {"prompt": nobody}}
    none = refusal(gate, "POST", path, family=f"no video to {do}", **without)
    unknown = unknown_source(nobody, "form")
    answer = refusal(gate, "POST", path, family=f"an unknown video to {do}", **unknown)
    require(
        (answer.status, answer.content) != (none.status, none.content),
        expected="another refusal for an unknown video[id] than for no video at all",
        seen=answer.summary,
        exchange=answer,
    )


@pytest.mark.requirement("EXTEND-001")
def test_an_extension_is_a_job_of_its_own(jobs: Jobs) -> None:
    require_own_job(jobs, jobs.made("extension"))


@pytest.mark.requirement("EXTEND-003")
def test_the_seconds_of_an_extension_are_those_of_the_whole(jobs: Jobs) -> None:
    extension, source = jobs.ended("extension"), jobs.completed("plain")
    added = float(extension.request.fields["seconds"])
    whole = seconds_of(source) + added
    for answer in (extension.created, *(poll for poll in extension.polls if poll.ok)):
        told = answer.object.get("seconds")
        try:
            met = abs(float(str(told)) - whole) <= TOLERANCE_SECONDS
        except ValueError:
            met = False
        require(
            met,
            expected=f"the seconds {whole:g}, {added:g} more than those of its source",
            seen=f"the seconds {compact(told)}",
            exchange=answer,
        )


@pytest.mark.requirement("EXTEND-004")
def test_the_prompt_of_an_extension_comes_back(jobs: Jobs) -> None:
    require_prompt(jobs.ended("extension"))


@pytest.mark.requirement("EXTEND-005")
def test_an_extension_has_the_size_of_its_source(jobs: Jobs) -> None:
    size = jobs.completed("plain").video.get("size")
    require_field(jobs.ended("extension"), "size", size, "as its source has it")


@pytest.mark.requirement("EXTEND-006")
def test_an_extension_is_completed_and_can_be_downloaded(jobs: Jobs) -> None:
    require_made(jobs, "extension")


@pytest.mark.requirement("EXTEND-007")
def test_the_content_of_an_extension_is_the_whole(jobs: Jobs) -> None:
    extension = jobs.completed("extension")
    whole = seconds_of(jobs.completed("plain")) + float(extension.request.fields["seconds"])
    require_film(jobs, "extension", whole, STITCHED_TOLERANCE_SECONDS)


@pytest.mark.requirement("EXTEND-008")
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_an_unknown_video_is_not_extended(
    gate: Gate, jobs: Jobs, nobody: str, encoding: str
) -> None:
    jobs.existing("extension")
    request = unknown_source(nobody, encoding)
    refused(gate, "POST", EXTENSIONS, family="an unknown video to extend", **request)


@pytest.mark.requirement("EXTEND-009")
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_an_unknown_video_to_extend_answers_404(
    gate: Gate, jobs: Jobs, nobody: str, encoding: str
) -> None:
    jobs.existing("extension")
    request = unknown_source(nobody, encoding)
    answer = refusal(gate, "POST", EXTENSIONS, family="an unknown video to extend", **request)
    require_status(answer, 404, "no video has this id")


@pytest.mark.requirement("EXTEND-010")
@pytest.mark.parametrize("encoding", ["json", "form"])
def test_an_extension_needs_a_video(gate: Gate, jobs: Jobs, nobody: str, encoding: str) -> None:
    jobs.existing("extension")
    request: dict[str, Any] = {encoding: {"prompt": nobody}}
    refused(gate, "POST", EXTENSIONS, family="no video to extend", **request)


@pytest.mark.requirement("EXTEND-011")
@pytest.mark.parametrize("prompt", [{}, {"prompt": ""}], ids=["missing", "empty"])
def test_an_extension_needs_a_prompt(gate: Gate, jobs: Jobs, prompt: dict[str, str]) -> None:
    jobs.existing("extension")
    body = {"video": {"id": jobs.completed("plain").id}, **prompt}
    refused(gate, "POST", EXTENSIONS, family="an extension without a prompt", json=body)


@pytest.mark.requirement("EXTEND-012")
def test_an_extension_is_by_a_number_of_seconds(gate: Gate, jobs: Jobs, nobody: str) -> None:
    jobs.existing("extension")
    body = {"video": {"id": jobs.completed("plain").id}, "prompt": nobody, "seconds": "abc"}
    family = "seconds that are no number, to extend"
    refused(gate, "POST", EXTENSIONS, family=family, json=body)


@pytest.mark.requirement("EXTEND-013")
@pytest.mark.parametrize("seconds", ["5", "24", "0"])
def test_an_extension_is_by_seconds_of_the_catalogue(
    gate: Gate, jobs: Jobs, contract: Contract, nobody: str, seconds: str
) -> None:
    require_closed(contract)
    jobs.existing("extension")
    body = {"video": {"id": jobs.completed("plain").id}, "prompt": nobody, "seconds": seconds}
    family = "seconds outside the catalogue, to extend"
    answer = refused(gate, "POST", EXTENSIONS, family=family, json=body)
    require_status(answer, 400, f"{seconds} are not in the catalogue")
    require(
        error_of(answer).get("param") == "seconds",
        expected="the param seconds",
        seen=answer.summary,
        exchange=answer,
    )


@pytest.mark.requirement("EXTEND-014")
def test_an_extension_ends_at_the_longest(
    gate: Gate, jobs: Jobs, contract: Contract, nobody: str
) -> None:
    require_closed(contract)
    jobs.existing("extension")
    long = ("long.mp4", film(LONGEST_SECONDS - 2), "video/mp4")
    form = {"video": long, "prompt": nobody, "seconds": contract.known("ExtensionSeconds")[0]}
    family = "an extension beyond the longest"
    refused(gate, "POST", EXTENSIONS, family=family, form=form)


def require_closed(contract: Contract) -> None:
    """Go on if a dialect says by which lengths a video is extended."""
    if not contract.closed("ExtensionSeconds"):
        raise Unsupported("no dialect says which lengths there are")


@pytest.mark.requirement("EXTEND-015")
def test_an_extension_leaves_its_source_as_it_was(gate: Gate, jobs: Jobs) -> None:
    require_source_untouched(gate, jobs, "extension")


@pytest.mark.requirement("EXTEND-016")
def test_an_extension_is_listed(gate: Gate, jobs: Jobs) -> None:
    require_in_lists(gate, jobs.ended("extension"))


@pytest.mark.requirement("EXTEND-017")
def test_an_unfinished_job_is_not_extended(jobs: Jobs) -> None:
    jobs.existing("extension")
    require_refused_early(early(jobs.existing("plain").early_extension))


@pytest.mark.requirement("EXTEND-018")
def test_another_keys_video_is_not_extended(gate: Gate, jobs: Jobs, second_key: str) -> None:
    jobs.existing("extension")
    require_not_for_strangers(gate, jobs, EXTENSIONS, second_key, "json")
