"""The forms of a report: what they say, that they say no more, and that nothing breaks them."""

from __future__ import annotations

import io
import json
import re
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import attrs
import av
import httpx
import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from openvideos_contract.judging.requirements import Level
from openvideos_contract.judging.verdict import Result, Status, Verdict
from openvideos_contract.reports import (
    badge,
    files,
    har,
    html_report,
    json_report,
    junit,
    summary,
    terminal,
)
from openvideos_contract.reports.causes import causes
from openvideos_contract.reports.counts import State, counts
from openvideos_contract.reports.gathered import Gathered
from openvideos_contract.reports.pictures import FRAMES, LONGEST_SIDE, frames
from openvideos_contract.reports.progress import Group, Progress
from openvideos_contract.reports.recorded import BEGINNING, LONGEST_BODY, MOST_TEXT, record
from openvideos_contract.reports.report import Report
from openvideos_contract.wire.exchange import Exchange

from .made_reports import HOSTILE, exchange, hostile_report, report, requirement, result

KEY = "sk-secret-of-the-test"
STEERING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
RESULTS = st.lists(
    st.builds(
        result,
        st.integers(1, 6).map(requirement),
        st.sampled_from(Status),
        test=st.sampled_from(["test_a", "test_b", "test_c", "test_d"]),
        seen=st.sampled_from(["", "200", "201", "the id video_1", "the id video_2", "nothing"]),
        reason=st.sampled_from(["", "it failed (CREATE-001)", "the budget"]),
        exchange=st.integers(0, 3),
    ),
    max_size=8,
)


def told(made: Report) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json_report.text(made))
    return document


# The JSON and its schema.


@pytest.mark.parametrize("made", [report(), hostile_report(), report({}, verdicts={})])
def test_the_json_is_as_its_schema_says(made: Report) -> None:
    jsonschema_rs.Draft202012Validator(json_report.schema()).validate(json_report.document(made))


def test_the_schema_is_a_schema_and_knows_every_word() -> None:
    schema = json_report.schema()
    jsonschema_rs.meta.validate(schema)
    assert schema["$id"] == json_report.FORMAT
    words = schema["$defs"]
    assert words["status"]["enum"] == [*Status]
    assert words["verdict"]["enum"] == [*Verdict]
    assert words["level"]["enum"] == [*Level]


def test_the_schema_misses_every_key_that_is_left_out() -> None:
    document = json_report.document(hostile_report())
    validator = jsonschema_rs.Draft202012Validator(json_report.schema())
    parts: list[dict[str, Any]] = [document, document["suite"], document["contract"]]
    parts += [document["jobs"], document["results"][0], document["requirements"]["CREATE-001"]]
    for part in parts:
        for key in list(part):
            if key in {"of_the_run", "since"}:
                continue  # of a requirement; a reader can do without
            value = part.pop(key)
            assert not validator.is_valid(document), key
            part[key] = value
    assert validator.is_valid(document)


def test_a_result_names_the_place_of_its_exchange_in_the_archive() -> None:
    made = hostile_report()
    entries = json.loads(har.text(made))["log"]["entries"]
    for one in told(made)["results"]:
        assert entries[one["exchange"] - 1]["comment"].startswith(f"{one['exchange']}: ")


# Counts.


@given(st.lists(st.tuples(st.sampled_from(Level), st.sampled_from(Status), st.booleans())))
def test_counts_add_up_and_leave_nothing_out(
    found: list[tuple[Level, Status, bool]],
) -> None:
    known = {
        requirement(number, level=level, where="it is offered" if offered else ""): status
        for number, (level, status, offered) in enumerate(found)
    }
    counted = counts(known, {one.id: status for one, status in known.items()})
    assert sum(sum(one.states.values()) for one in counted) == len(known)
    for one in counted:
        passed = sum(
            status in {Status.PASS, Status.STALE}
            for of, status in known.items()
            if of.level is one.level
        )
        assert one.kept == passed
        assert one.kept <= one.applicable


def test_a_skip_counts_as_not_applicable_only_under_a_condition() -> None:
    known = [requirement(1), requirement(2, where="a second key is given"), requirement(3)]
    found = {one.id: Status.SKIP for one in known[:2]} | {"CREATE-003": Status.PASS}
    (count,) = counts(known, found)
    assert count.sentence == "1 of 2 MUST kept, 1 not tested; 1 does not apply"


def test_a_requirement_without_an_outcome_counts_as_not_tested() -> None:
    (count,) = counts([requirement(1)], {})
    assert count.states == {State.NOT_TESTED: 1}


# Causes.


@given(RESULTS)
def test_each_failure_has_one_cause(results: list[Result]) -> None:
    found = causes(results)
    failed = [one for one in results if one.status in {Status.FAIL, Status.STALE, Status.WARN}]
    grouped = Counter(id(one) for cause in found for one in cause.results)
    assert grouped == Counter(id(one) for one in failed)
    assert not any(set(cause.requirements) & set(cause.blocked) for cause in found)
    order = [Status.FAIL, Status.STALE, Status.WARN]
    places = [order.index(cause.status) for cause in found]
    assert places == sorted(places)


def test_two_faults_that_one_answer_shows_are_two_causes() -> None:
    results = [
        result(requirement(1), Status.FAIL, test="a", seen="the prompt without blanks", exchange=7),
        result(requirement(2), Status.FAIL, test="b", seen="no completed_at", exchange=7),
        result(requirement(3), Status.FAIL, test="c", seen="no completed_at", exchange=7),
    ]
    assert [cause.requirements for cause in causes(results)] == [
        ("CREATE-001",),
        ("CREATE-002", "CREATE-003"),
    ]


def test_one_missing_field_is_one_cause_and_tells_what_it_blocked() -> None:
    same = {"expected": "a Video with an id", "seen": '200 {"created_at": 1795300315}'}
    results = [
        result(requirement(1), Status.FAIL, **same),
        result(requirement(2), Status.FAIL, **same | {"seen": '200 {"created_at": 1795300316}'}),
        result(requirement(3), Status.BLOCKED, reason="the job cannot be made (CREATE-002): 200"),
        result(requirement(4), Status.FAIL, expected="a refusal", seen="200"),
    ]
    first, second = causes(results)
    assert first.requirements == ("CREATE-001", "CREATE-002")
    assert first.blocked == ("CREATE-003",)
    assert second.requirements == ("CREATE-004",)


# The terminal.


def test_the_terminal_tells_a_cause_once_and_how_to_see_it_again() -> None:
    broken = {requirement(1): Status.FAIL, requirement(2): Status.FAIL, requirement(3): Status.PASS}
    results = [
        result(one, status, test="test_a", exchange=7, seen="nothing")
        for one, status in broken.items()
    ]
    shown = terminal.after(report(broken, results=results, verdicts={"core": Verdict.DOES_NOT}))
    assert shown.count("again     curl -i http://127.0.0.1:8000/v1/videos") == 1
    assert "FAIL CREATE-001 MUST: Promise number 1 is kept." in shown
    assert "FAIL CREATE-002 MUST: Promise number 2 is kept." in shown
    assert "source    schema Video [spec]" in shown
    assert "does not conform: 1 of 3 MUST kept, 2 broken" in shown
    assert "2 jobs started, 8 s of video in all" in shown


def test_nothing_that_a_server_answers_steers_the_terminal() -> None:
    assert not STEERING.search(terminal.after(hostile_report()).replace("\n", ""))


def test_the_terminal_shows_what_its_encoding_can() -> None:
    target = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    terminal.show(hostile_report("«雪»"), target)
    target.seek(0)
    assert "???" in target.read()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_colours_are_for_terminals_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    in_terminal, in_file, report = Terminal(), io.StringIO(), hostile_report()
    terminal.show(report, in_terminal)
    terminal.show(report, in_file)
    assert "\x1b[1;31mFAIL" in in_terminal.getvalue()
    assert "\x1b" not in in_file.getvalue()
    assert re.sub(r"\x1b\[[\d;]*m", "", in_terminal.getvalue()) == in_file.getvalue()


def groups() -> list[Group]:
    return [
        Group("create", 3),
        Group("create", 3, passed=1),
        Group("create", 3, passed=2, failed=1),
        Group("list", 2),
        Group("list", 2, passed=1),
    ]


def test_progress_is_a_line_for_each_group_where_there_is_no_terminal() -> None:
    target = io.StringIO()
    with Progress(target) as progress:
        for group in groups():
            progress(group)
    first, second = target.getvalue().splitlines()
    assert first.startswith("  create (3 tests): 2 passed, 1 failed (")
    assert second.startswith("  list (2 tests): 1 passed, 1 left out (")


def test_progress_moves_in_a_terminal_and_leaves_the_same_lines(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    target = Terminal()
    with Progress(target) as progress:
        for group in groups():
            progress(group)
    shown = target.getvalue()
    assert "2 passed, 1 failed" in shown
    assert "1 passed, 1 left out" in shown
    assert shown.rstrip().endswith("\x1b[?25h"), "the cursor is shown again"


# JUnit.


def test_junit_shows_what_was_left_out_as_skipped() -> None:
    made = report({requirement(1): Status.PASS, requirement(2): Status.DISABLED})
    (suite,) = ElementTree.fromstring(junit.text(made))  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("skipped")) == ("2", "1")
    (skipped,) = suite.findall(".//skipped")
    assert skipped.get("message") == "disabled: left out of this run by choice"


def test_junit_counts_what_failed_and_holds_only_what_xml_can() -> None:
    made = hostile_report()
    (suite,) = ElementTree.fromstring(junit.text(made))  # noqa: S314 - our own
    statuses = Counter(one.status for one in made.results)
    told = {one.requirement for one in made.results}
    left_out = len(made.requirements) - len(told)
    assert int(suite.get("tests") or 0) == len(made.results) + left_out
    assert int(suite.get("failures") or 0) == statuses[Status.FAIL] + statuses[Status.STALE]
    assert int(suite.get("errors") or 0) == statuses[Status.ERROR]
    assert len(suite.findall(".//failure")) == int(suite.get("failures") or 0)
    assert len(suite.findall(".//skipped")) == int(suite.get("skipped") or 0)


# The archive, and what is recorded.


def an_exchange(
    *,
    url: str = "http://user:password-of-mine@127.0.0.1:1/v1/videos",
    headers: dict[str, str] | None = None,
    content: bytes = b"",
    answer: bytes = b"{}",
    media_type: str = "application/json",
) -> Exchange:
    request = httpx.Request("POST", url, headers=headers, content=content)
    response = httpx.Response(
        200,
        content=answer,
        request=request,
        headers={"Content-Type": media_type, "Set-Cookie": "session=of-mine-1"},
    )
    response.elapsed = timedelta(seconds=0.25)
    return Exchange(request, response, 1767323045.5, "test_x", {"OPENVIDEOS_API_KEY": KEY}, 1)


def test_no_key_cookie_or_password_is_recorded_wherever_it_stands() -> None:
    (shown,) = record(
        [
            an_exchange(
                headers={"Authorization": f"Bearer {KEY}", "Cookie": "of-mine-2", "X-Key": KEY},
                content=f'{{"prompt": "{KEY}"}}'.encode(),
                answer=f'{{"error": "{KEY} is wrong"}}'.encode(),
            )
        ]
    )
    for secret in (KEY, "of-mine"):
        assert secret not in repr(shown)
    assert ("Authorization", "Bearer $OPENVIDEOS_API_KEY") in shown.request_headers
    (basic,) = record([an_exchange(headers={"Authorization": "Basic c2VjcmV0"})])
    assert ("Authorization", "Basic ***") in basic.request_headers


def test_a_key_at_the_cut_of_a_long_body_is_masked_whole() -> None:
    for before in range(LONGEST_BODY - len(KEY) - 4, LONGEST_BODY + 2, 5):
        (shown,) = record([an_exchange(answer=b"x" * before + KEY.encode() + b"y" * 99)])
        assert "sk-" not in shown.response_body.text
        assert len(shown.response_body.text) <= LONGEST_BODY
        assert shown.response_body.left_out


def test_films_and_pictures_are_recorded_by_their_size() -> None:
    (shown,) = record([an_exchange(answer=b"\0" * 5000, media_type="video/mp4")])
    assert (shown.response_body.size, shown.response_body.text) == (5000, "")
    assert shown.response_body.left_out


def test_bodies_together_are_bounded_but_for_those_that_show_a_failure() -> None:
    count = MOST_TEXT // LONGEST_BODY + 10
    shown = record([an_exchange(answer=b"x" * LONGEST_BODY * 2)] * count, telling={count - 1})
    lengths = [len(one.response_body.text) for one in shown]
    assert lengths[0] == LONGEST_BODY
    assert lengths[-2] == LONGEST_BODY * 2
    assert lengths[-1] == BEGINNING


def test_the_archive_holds_every_exchange_as_it_was() -> None:
    made = report(exchanges=(exchange(1), exchange(2, text=HOSTILE)))
    log = json.loads(har.text(made))["log"]
    assert log["version"] == "1.2"
    first, second = log["entries"]
    assert first["request"]["queryString"] == [{"name": "after", "value": "video_1"}]
    assert first["response"]["content"]["text"] == '{"id": "video_1"}'
    assert first["startedDateTime"] == "2026-01-02T03:04:05.678+00:00"
    assert second["request"]["postData"]["text"] == HOSTILE


# The badge.

MUSTS = {requirement(1): Status.PASS, requirement(2): Status.PASS}
EXPECTED = {requirement(1): Status.PASS, requirement(2): Status.EXPECTED}


@pytest.mark.parametrize(
    ("made", "label", "message", "colour"),
    [
        (report(MUSTS), "openvideos core", "conforms", "green"),
        (
            report(MUSTS, verdicts={"core": Verdict.CONFORMS, "remix": Verdict.INCOMPLETE}),
            "openvideos",
            "incomplete: remix",
            "orange",
        ),
        (
            report(MUSTS, verdicts={"core": Verdict.CONFORMS, "remix": Verdict.UNSUPPORTED}),
            "openvideos core",
            "conforms",
            "green",
        ),
        (report(EXPECTED), "openvideos core", "conforms but for 1 known failure", "orange"),
        (
            report(MUSTS, verdicts={"core": Verdict.INCOMPLETE, "auth": Verdict.DOES_NOT}),
            "openvideos",
            "does not conform: auth",
            "red",
        ),
        (
            report(MUSTS, verdicts={"core": Verdict.STALE}),
            "openvideos",
            "dialect is stale: core",
            "orange",
        ),
        (report({}, verdicts={}), "openvideos", "nothing was tested", "grey"),
        (
            report(MUSTS, verdicts={"core": Verdict.UNSUPPORTED}),
            "openvideos",
            "nothing was tested",
            "grey",
        ),
        (report(MUSTS, exit_code=2), "openvideos", "could not be tested", "grey"),
    ],
)
def test_a_badge_claims_no_more_than_the_run(
    made: Report, label: str, message: str, colour: str
) -> None:
    assert badge.badge(made) == badge.Badge(label, message, colour)
    assert json.loads(badge.endpoint(made))["message"] == message
    drawn = ElementTree.fromstring(badge.svg(made))  # noqa: S314 - our own
    assert drawn.get("aria-label") == f"{label}: {message}"


def test_a_badge_names_the_dialect_and_is_broken_by_none() -> None:
    made = report(MUSTS)
    made = attrs.evolve(
        made, configuration={**made.configuration, "dialect": "/a/b/sglang.overlay.yaml"}
    )
    assert badge.badge(made).label == "openvideos core (sglang)"
    made = attrs.evolve(made, configuration={**made.configuration, "dialect": HOSTILE})
    ElementTree.fromstring(badge.svg(made))  # noqa: S314 - our own


# Markdown.


def test_no_answer_of_a_server_becomes_markdown_or_html_in_the_summary() -> None:
    text = summary.text(hostile_report())
    outside = re.sub(r"(?ms)^(`{3,})text\n.*?\n\1$", "", text)
    assert "<script" not in outside
    assert "<img" not in outside
    assert not re.search(r"(?<!\\)\]\(", outside)
    assert not STEERING.search(text.replace("\n", ""))
    fences = re.findall(r"(?m)^`{3,}", text)
    assert len(fences) % 2 == 0


def test_the_summary_of_a_run_with_a_thousand_failures_is_taken_by_github() -> None:
    broken = {requirement(number): Status.FAIL for number in range(1, 1000)}
    results = [result(one, Status.FAIL, seen="x" * 9000, test=one.id) for one in broken]
    made = report(broken, results=results, verdicts={"core": Verdict.DOES_NOT})
    assert len(summary.text(made).encode()) < 2**20


# All forms together.


@pytest.mark.parametrize("made", [hostile_report(), hostile_report("x" * 50_000), report({})])
def test_every_form_is_written_whatever_a_server_answers(made: Report, tmp_path: Path) -> None:
    written = files.write(made, tmp_path / "new" / "folder")
    assert [path.name for path in written] == [*files.FORMS]
    assert sorted(path.name for path in written[0].parent.iterdir()) == sorted(files.FORMS)
    for path in written:
        assert path.read_text("utf-8")
    assert json.loads(written[0].read_text("utf-8"))["exit_code"] == made.exit_code


def test_a_form_that_fails_leaves_what_was_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "report.json").write_text("of before")

    def full(_: Path, __: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(files.FolderError, match="No space left on device"):
        files.write(report(), tmp_path)
    assert (tmp_path / "report.json").read_text() == "of before"
    assert [path.name for path in tmp_path.iterdir()] == ["report.json"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(files.FolderError, match="give another --report-dir"):
        files.prepare(tmp_path / "file" / "folder")
    (tmp_path / "report.html").mkdir()
    with pytest.raises(files.FolderError, match="which is a folder"):
        files.prepare(tmp_path)


# What processes gather, and pictures.


def test_what_a_process_gathered_survives_its_way_through_json() -> None:
    made = hostile_report()
    gathered = Gathered(
        results=made.results,
        exchanges=made.exchanges,
        videos=made.videos,
        spent=2,
        seconds_of_video=4.0,
        of_unknown_length=1,
        left_over=("video_1",),
    )
    assert Gathered.from_plain(json.loads(json.dumps(gathered.plain()))) == gathered


def test_what_several_processes_gathered_is_joined_as_of_one() -> None:
    one = Gathered(
        results=(result(requirement(1), Status.FAIL, exchange=2),),
        exchanges=(exchange(1), exchange(2)),
        spent=3,
        seconds_of_video=8.0,
        of_unknown_length=1,
    )
    both = Gathered.joined([one, one])
    assert [found.number for found in both.exchanges] == [1, 2, 3, 4]
    assert [found.exchange for found in both.results] == [2, 4]
    assert both.spent == 3, "the ledger counts for all processes"


def film(seconds: int) -> bytes:
    target = io.BytesIO()
    with av.open(target, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width, stream.height, stream.pix_fmt = 320, 640, "yuv420p"
        for number in range(seconds * 5):
            picture = Image.new("RGB", (320, 640), (number * 10 % 256, 80, 120))
            frame = av.VideoFrame.from_image(picture)  # type: ignore[no-untyped-call] # not typed by PyAV
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return target.getvalue()


def test_a_film_is_shown_by_a_few_small_frames() -> None:
    shown = list(frames(film(4)))
    assert len(shown) == FRAMES
    assert len({picture.url for picture in shown}) == FRAMES
    for picture in shown:
        assert max(picture.width, picture.height) == LONGEST_SIDE
        assert picture.url.startswith("data:image/jpeg;base64,")
        assert len(picture.url) < 40_000


def test_the_page_of_a_hostile_server_holds_no_script_but_its_own() -> None:
    page = html_report.text(hostile_report())
    assert page.count("<script") == page.count("</script>") == 1
    assert page.count("<style") == page.count("</style>") == 1
    assert "<img src=http" not in page
    assert 'href="javascript' not in page
    assert not STEERING.search(page.replace("\n", ""))
