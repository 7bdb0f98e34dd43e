"""create, remix, edit and extend: the id first, then the wait, then the file."""

import io
import json
import sqlite3
import time
from pathlib import Path

import av
import pytest
from PIL import Image

from openvideos_emulator import Emulator

from ..client.faulty_server import Reply, Request, Reset, Silence
from .conftest import FAST, Run, Serve, forwarded

KNOWN = ("--model", "sora-2", "--seconds", "4", "--size", "720x1280")
SMALL = ("--model", "wan", "--seconds", "1", "--size", "64x64", *FAST)  # quickly made
PRICED = (*SMALL, "--price", "0.05")

QUEUED = {"id": "video_1", "object": "video", "status": "queued", "progress": 0}
DONE = {**QUEUED, "status": "completed", "progress": 100}


def test_a_video_is_made_and_saved_under_its_id(at: None, run: Run, folder: Path) -> None:
    made = run("create", "a cat", *SMALL)
    (file,) = folder.iterdir()
    assert (made.code, made.stdout) == (0, f"{file.name}\n")
    assert file.name.startswith("video_")
    assert file.suffix == ".mp4"
    with av.open(str(file)) as video:
        assert video.streams.video[0].codec_context.width == 64


def test_the_id_and_how_to_resume_are_said_before_the_wait(at: None, run: Run) -> None:
    made = run("create", "a cat", *SMALL, "--json")
    first, second, *_ = made.stderr.splitlines()
    id_ = made.json()["id"]
    assert first == f"The job is {id_}. To pick it up again: openvideos wait {id_}"
    assert second.startswith(f"{id_}: ")


def test_json_changes_the_format_and_not_the_deeds(at: None, run: Run, folder: Path) -> None:
    document = run("create", "a cat", *PRICED, "--json").json()
    assert (document["status"], document["seconds"], document["cost"]) == ("completed", "1", 0.05)
    assert document["error"] is None
    assert (folder / document["path"]).read_bytes()[4:8] == b"ftyp"


def test_the_cost_is_said_at_the_end(at: None, run: Run) -> None:
    assert "Its cost: 0.05 dollars" in run("create", "a cat", *PRICED).stderr
    assert "Its cost: not known" in run("create", "a cat", *SMALL).stderr


def test_bytes_that_are_no_text_are_refused_and_not_the_journal_s_fault(at: None, run: Run) -> None:
    refused = run("create", "a \udcff cat")
    assert refused.code == 2
    assert "surrogate" in refused.stderr
    assert "journal" not in refused.stderr


def test_quiet_prints_the_path_only(at: None, run: Run, folder: Path) -> None:
    made = run("create", "a cat", *SMALL, "--quiet")
    assert (folder / made.stdout.strip()).is_file()
    assert made.stderr == ""


def test_detach_returns_right_after_the_create(slow: Emulator, run: Run, folder: Path) -> None:
    started = run("create", "a cat", "--detach", "--base-url", slow.base_url)
    assert started.code == 0
    assert started.stdout.startswith("video_")
    assert f"openvideos wait {started.stdout.strip()} --base-url {slow.base_url}" in started.stderr
    assert not list(folder.iterdir())


def test_a_prompt_is_read_from_standard_input(at: None, run: Run) -> None:
    started = run("create", "-", "--detach", "--json", stdin="a cat\nthat sings\n")
    assert started.json()["prompt"] == "a cat\nthat sings"


def test_a_file_that_is_there_stops_the_create_before_it_is_sent(
    serve: Serve, run: Run, folder: Path
) -> None:
    server = serve([Reply(DONE)])
    (folder / "cat.mp4").write_text("mine")
    refused = run("create", "a cat", "-o", "cat.mp4", "--base-url", server.base_url)
    assert refused.code == 2
    assert "cat.mp4 is there already; --force writes over it" in refused.stderr
    assert (folder / "cat.mp4").read_text() == "mine"
    assert not server.requests


def test_force_writes_over_a_file(at: None, run: Run, folder: Path) -> None:
    (folder / "cat.mp4").write_text("old")
    assert run("create", "a cat", *SMALL, "-o", "cat.mp4", "--force").stdout == "cat.mp4\n"
    assert (folder / "cat.mp4").read_bytes()[4:8] == b"ftyp"


def test_a_folder_gets_a_file_named_after_the_id(at: None, run: Run, folder: Path) -> None:
    (folder / "out").mkdir()
    document = run("create", "a cat", *SMALL, "-o", "out", "--json").json()
    assert document["path"] == f"out/{document['id']}.mp4"
    assert (folder / document["path"]).is_file()


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("-", "is not written to the terminal"),
        ("nowhere/cat.mp4", "nowhere is no folder"),
        ("nowhere/", "nowhere is no folder"),
        ("/dev/null", "is no file that can be written"),
        ("/proc/cat.mp4", "nothing can be written in the folder /proc"),
        ("/proc", "nothing can be written in the folder /proc"),
    ],
)
def test_a_place_where_nothing_can_be_saved_is_refused_before_the_create(
    at: None, run: Run, output: str, said: str
) -> None:
    refused = run("create", "a cat", "-o", output, "--force")
    assert refused.code == 2
    assert said in refused.stderr
    assert run("jobs", "--json").json() == []


def test_nothing_need_be_written_where_nothing_is_saved(at: None, run: Run) -> None:
    assert run("create", "a cat", "-o", "/proc", "--dry-run").code == 0
    assert run("create", "a cat", "-o", "/proc", "--detach").code == 0


def test_a_remix_an_edit_and_an_extension_are_made_of_a_video(at: None, run: Run) -> None:
    source = run("create", "a cat", *SMALL, "--json").json()["id"]
    common = (*FAST, "--price", "0.05", "--json")
    remix = run("remix", source, "a dog", *common).json()
    edit = run("edit", "a hat on it", "--video", source, *common).json()
    extended = run("extend", "it leaves", "--video", source, "--seconds", "2", *common).json()
    for made in (remix, edit, extended):
        assert made["status"] == "completed"
        assert Path(made["path"]).is_file()
    assert remix["remixed_from_video_id"] == source
    assert (extended["seconds"], extended["cost"]) == ("3", 0.1), "the start was paid before"


def test_an_extension_waited_for_later_costs_what_was_added(at: None, run: Run) -> None:
    source = run("create", "a cat", *SMALL, "--json").json()["id"]
    run("extend", "it leaves", "--video", source, "--seconds", "2", "--detach")
    waited = run("wait", "--last", *FAST, "--price", "0.05", "--json").json()
    assert (waited["seconds"], waited["cost"]) == ("3", 0.1)


def test_a_file_is_told_from_an_id_by_how_it_is_written(at: None, run: Run, folder: Path) -> None:
    run("create", "a cat", *SMALL, "-o", "cat.mp4")
    (folder / "cat.mp4").rename(folder / "cat")
    assert run("edit", "a hat", "--video", "cat", *FAST).code == 0
    for missing in ("dog.mp4", "./dog"):
        refused = run("edit", "a hat", "--video", missing)
        assert refused.code == 2
        assert f"--video {missing}: there is no such file" in refused.stderr
    assert "Video with id 'dog' not found" in run("edit", "a hat", "--video", "dog").stderr


def test_a_reference_image_is_a_file_or_an_address(serve: Serve, run: Run, folder: Path) -> None:
    picture = io.BytesIO()
    Image.new("RGB", (720, 1280)).save(picture, "png")
    (folder / "cat.png").write_bytes(picture.getvalue())
    server = serve([Reply(QUEUED)])
    common = ("--detach", "--base-url", server.base_url)
    run("create", "a", "--input-reference", "cat.png", "--size", "720x1280", *common)
    run("create", "a", "--input-reference", "http://pictures/cat.png", *common)
    uploaded, named = server.requests
    assert picture.getvalue() in uploaded.body
    assert named.json()["input_reference"] == {"image_url": "http://pictures/cat.png"}


def test_a_picture_of_another_size_is_refused_and_leaves_no_entry(
    at: None, run: Run, folder: Path
) -> None:
    Image.new("RGB", (10, 10)).save(folder / "cat.png")
    refused = run("create", "a", "--input-reference", "cat.png", "--size", "720x1280")
    assert refused.code == 2
    assert "10x10" in refused.stderr
    assert run("jobs", "--json").json() == []


def test_options_of_the_server_reach_every_request(serve: Serve, run: Run, folder: Path) -> None:
    server = serve([Reply(QUEUED), Reply(DONE), Reply(b"\0\0\0\x18ftypmp42" + bytes(100))])
    (folder / "key").write_text("sk-of-the-file\n")
    options = ("--header", "X-Team: red", "--query", "provider=openai", "--api-key-file", "key")
    more = ("--field", "seed:=42", "--field", "style=anime")
    made = run("create", "a", *more, *options, *FAST, "--base-url", server.base_url)
    assert made.code == 0
    assert len(server.requests) == 3
    for request in server.requests:
        assert request.headers["authorization"] == "Bearer sk-of-the-file"
        assert request.headers["x-team"] == "red"
        assert request.query == {"provider": ["openai"]}
    fields = server.requests[0].fields()
    assert (fields["seed"], fields["style"]) == ("42", "anime")
    assert "sk-of-the-file" not in made.stderr
    assert "red" not in made.stderr, "values of headers may be secrets"


def test_a_lost_answer_is_uncertain_and_is_never_sent_again(serve: Serve, run: Run) -> None:
    def script(request: Request) -> Reply | Reset:
        return Reset() if request.method == "POST" else Reply(status=404)

    server = serve(script)
    lost = run("create", "a cat", "--json", "--base-url", server.base_url)
    assert lost.code == 1
    assert (lost.json()["id"], lost.json()["status"]) == (None, "uncertain")
    assert "it may exist, and may have been charged" in lost.stderr
    assert f"openvideos list --limit 20 --base-url {server.base_url}" in lost.stderr
    assert [request.method for request in server.requests].count("POST") == 1
    (entry,) = run("jobs", "--json").json()
    assert (entry["id"], entry["status"], entry["prompt"]) == (None, "uncertain", "a cat")
    assert "may have been charged" in run("jobs").stderr


def test_a_lost_job_that_the_list_shows_is_followed_and_not_created_again(
    fast: Emulator, serve: Serve, run: Run, folder: Path
) -> None:
    created: list[str] = []

    def script(request: Request) -> Reply | Reset:
        reply = forwarded(request, fast)
        if request.method != "POST":
            return reply
        created.append(json.loads(reply.body)["id"])
        return Reset()

    server = serve(script)
    made = run("create", "a cat that gets lost", *SMALL, "--json", "--base-url", server.base_url)
    assert (made.code, [made.json()["id"]]) == (0, created)
    assert (folder / made.json()["path"]).is_file()
    (entry,) = run("jobs", "--json").json()
    assert ([entry["id"]], entry["status"]) == (created, "completed")


def test_a_job_of_another_command_is_not_taken_for_a_lost_one(serve: Serve, run: Run) -> None:
    listed = {**QUEUED, "prompt": "a cat", "created_at": int(time.time())}

    def script(request: Request) -> Reply | Reset:
        if request.method == "GET":
            return Reply({"object": "list", "data": [listed], "has_more": False})
        return Reply(listed) if len(server.requests) == 1 else Reset()

    server = serve(script)
    common = ("--detach", "--base-url", server.base_url)
    assert run("create", "a cat", *common).stdout == "video_1\n"
    lost = run("create", "a cat", *common)
    assert (lost.code, lost.stdout) == (1, "")


def test_a_create_that_was_refused_leaves_no_entry(serve: Serve, run: Run) -> None:
    server = serve([Reply({"error": {"message": "No.", "code": "invalid_value"}}, status=400)])
    assert run("create", "a cat", "--base-url", server.base_url).code == 1
    assert run("jobs", "--json").json() == []


def test_the_intent_is_on_the_disk_before_the_request_leaves(
    serve: Serve, run: Run, journal: Path
) -> None:
    seen = []

    def script(request: Request) -> Reply:
        with sqlite3.connect(journal) as connection:
            seen.extend(connection.execute("SELECT id, status, prompt FROM entries").fetchall())
        connection.close()
        return Reply(QUEUED)

    run("create", "a cat", "--detach", "--base-url", serve(script).base_url)
    assert seen == [(None, "uncertain", "a cat")]


@pytest.mark.parametrize("why", ["no-folder", "no-database", "another-version"])
def test_a_journal_that_cannot_be_written_is_a_warning_and_loses_no_job(
    serve: Serve, run: Run, journal: Path, why: str
) -> None:
    if why == "no-folder":
        journal.parent.write_text("a file")
    else:
        journal.parent.mkdir()
    if why == "no-database":
        journal.write_text("this is no database, but a text of some length" * 10)
    if why == "another-version":
        with sqlite3.connect(journal) as connection:
            connection.execute("PRAGMA user_version = 99")
        connection.close()
    server = serve([Reply(QUEUED)])
    started = run("create", "a cat", "--detach", "--quiet", "--base-url", server.base_url)
    assert (started.code, started.stdout) == (0, "video_1\n")
    assert started.stderr.count("Warning: the journal of jobs") == 1
    assert "The job is video_1. To pick it up again" in started.stderr, "even if it is quiet"


def test_a_journal_can_be_turned_off(
    at: None, run: Run, journal: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENVIDEOS_JOURNAL", "off")
    started = run("create", "a cat", "--detach", "--quiet")
    assert started.code == 0
    assert started.stdout.strip() in started.stderr, "it is nowhere else"
    assert not journal.exists()
    assert run("jobs", "--json").json() == []


def test_a_dry_run_shows_the_cost_and_creates_nothing(serve: Serve, run: Run) -> None:
    server = serve([Reply(QUEUED)])
    options = ("--dry-run", "--base-url", server.base_url)
    plan = run("create", "a cat", *KNOWN, "--field", "seed:=7", *options, "--json").json()
    assert plan["cost"] == 0.4
    assert plan["fields"] == {
        "prompt": "a cat",
        "model": "sora-2",
        "seconds": "4",
        "size": "720x1280",
        "seed": 7,
    }
    assert "cost: not known" in run("create", "a cat", *options).stdout
    assert run("create", "a cat", *options, "--json").json()["cost"] is None
    assert not server.requests
    assert run("jobs", "--json").json() == []


def test_a_dry_run_of_a_remix_costs_as_its_source_does(at: None, run: Run) -> None:
    source = run("create", "a cat", *SMALL, "--json").json()["id"]
    options = ("--dry-run", "--price", "0.05", "--json")
    assert run("remix", source, "a dog", *options).json()["cost"] == 0.05
    assert len(run("jobs", "--json").json()) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ((*KNOWN, "--max-cost", "0.39"), "this costs 0.40 dollars, more than --max-cost 0.39"),
        (("--max-cost", "100"), "what this costs is not known"),
        ((*KNOWN, "--price", "1", "--max-cost", "3"), "this costs 4.00 dollars"),
        ((*KNOWN, "--max-cost", "much"), "--max-cost is 'much'; give dollars"),
    ],
)
def test_no_more_is_spent_than_the_limit(
    serve: Serve, run: Run, options: tuple[str, ...], said: str
) -> None:
    server = serve([Reply(QUEUED)])
    refused = run("create", "a cat", *options, "--base-url", server.base_url)
    assert (refused.code, refused.stdout) == (2, "")
    assert said in refused.stderr
    assert not server.requests


def test_a_cost_that_is_not_known_is_null_and_never_0(serve: Serve, run: Run) -> None:
    content = Reply(b"\0\0\0\x18ftypmp42" + bytes(100))
    server = serve([Reply(QUEUED), Reply({**DONE, "model": "wan", "seconds": "4"}), content])
    made = run("create", "a", *FAST, "--json", "--base-url", server.base_url)
    assert (made.code, made.json()["cost"]) == (0, None)


def test_a_server_that_says_nothing_is_given_up_after_the_timeout(serve: Serve, run: Run) -> None:
    def script(request: Request) -> Reply | Silence:
        return Silence() if request.method == "POST" else Reply(status=404)

    server = serve(script)
    given_up = run("create", "a", "--timeout", "0.2", "--base-url", server.base_url)
    assert given_up.code == 1
    assert "may have been charged" in given_up.stderr
