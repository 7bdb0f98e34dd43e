"""get, wait, download, delete, list and jobs: what is there already."""

from pathlib import Path

import pytest

from openvideos_emulator import Emulator

from ..client.faulty_server import Reply, Request
from .conftest import FAST, Run, Serve

SMALL = ("--model", "wan", "--seconds", "1", "--size", "64x64", *FAST)
CONTENT = b"\0\0\0\x18ftypmp42" + bytes(100)


def job(id_: str, status: str, **more: object) -> dict[str, object]:
    return {"id": id_, "object": "video", "status": status, "progress": 0, **more}


@pytest.fixture
def three(at: None, run: Run) -> list[str]:
    """The ids of three jobs."""
    return [
        run("create", f"cat {number}", *SMALL, "--detach").stdout.strip() for number in range(3)
    ]


def test_wait_saves_what_was_left_running(three: list[str], run: Run, folder: Path) -> None:
    waited = run("wait", three[0], *FAST)
    assert (waited.code, waited.stdout) == (0, f"{three[0]}.mp4\n")
    assert (folder / f"{three[0]}.mp4").is_file()


def test_wait_last_is_the_job_that_was_created_last_at_this_server(
    three: list[str], serve: Serve, run: Run
) -> None:
    elsewhere = serve([Reply(job("video_1", "queued"))])
    run("create", "a dog", "--detach", "--base-url", elsewhere.base_url)
    assert run("wait", "--last", *FAST).stdout == f"{three[2]}.mp4\n"


def test_last_without_a_job_says_where_to_look(at: None, run: Run) -> None:
    refused = run("wait", "--last")
    assert refused.code == 2
    assert "the journal has no job of http://" in refused.stderr


@pytest.mark.parametrize("command", ["wait", "get", "download"])
def test_a_command_without_a_job_is_wrong_usage(at: None, run: Run, command: str) -> None:
    refused = run(command)
    assert refused.code == 2
    assert "no job is named: give its ID, or --last" in refused.stderr


def test_several_jobs_are_awaited_and_saved(three: list[str], run: Run, folder: Path) -> None:
    waited = run("wait", *three, *FAST, "--json")
    assert waited.code == 0
    assert [document["id"] for document in waited.json()] == three
    assert sorted(file.stem for file in folder.iterdir()) == sorted(three)


def test_one_of_several_jobs_that_fails_leaves_the_others_alone(
    three: list[str], run: Run, folder: Path
) -> None:
    blocked = run("create", "a [moderation_blocked] cat", "--detach").stdout.strip()
    waited = run("wait", three[0], blocked, three[1], *FAST, "--json")
    assert waited.code == 5
    documents = waited.json()
    assert [document["status"] for document in documents] == ["completed", "failed", "completed"]
    assert documents[1]["error"]["code"] == "moderation_blocked"
    assert len(list(folder.iterdir())) == 2


def test_a_file_of_one_of_several_jobs_that_cannot_be_saved_leaves_the_others_alone(
    three: list[str], run: Run, folder: Path
) -> None:
    (folder / f"{three[1]}.mp4").write_text("mine")
    waited = run("wait", *three, *FAST, "--json")
    assert waited.code == 1
    assert [document["path"] is None for document in waited.json()] == [False, True, False]
    assert (folder / f"{three[1]}.mp4").read_text() == "mine"


def test_several_jobs_are_not_saved_to_one_file(three: list[str], run: Run) -> None:
    refused = run("wait", *three, "-o", "cat.mp4")
    assert refused.code == 2
    assert "several videos are saved to a folder" in refused.stderr


def test_a_wait_that_runs_out_says_how_to_wait_again(slow: Emulator, run: Run) -> None:
    server = ("--base-url", slow.base_url)
    id_ = run("create", "a cat", "--detach", *server).stdout.strip()
    to = ("--output", "cat.mp4")
    waited = run("wait", id_, "--max-wait", "0.1", *FAST, *server, *to, "--json")
    assert waited.code == 3
    assert (waited.json()["id"], waited.json()["status"]) == (id_, "queued")
    assert waited.json()["error"]["type"] == "WaitTimeout"
    again = " ".join(["openvideos", "wait", id_, *to, *server])
    assert f"It runs on: {again}" in waited.stderr


def test_a_saved_file_is_not_written_over_silently(three: list[str], run: Run) -> None:
    assert run("wait", three[0], *FAST).code == 0
    again = run("wait", three[0], *FAST)
    assert (again.code, again.stdout) == (1, "")
    assert "--force" in again.stderr
    assert "To try again" not in again.stderr, "it would fail again"
    assert run("wait", three[0], *FAST, "--force").code == 0


def test_a_download_that_breaks_off_says_how_to_go_on(
    serve: Serve, run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)

    def script(request: Request) -> Reply:
        if request.path.endswith("/content"):
            return Reply(CONTENT, cut_after=50, headers={"etag": '"1"'})
        return Reply(job("video_1", "completed"))

    server = serve(script)
    broken = run("wait", "video_1", *FAST, "--base-url", server.base_url, "--output", "cat.mp4")
    assert broken.code == 1
    assert "video_1 is finished, but not saved" in broken.stderr
    assert "openvideos download video_1 --output cat.mp4" in broken.stderr
    assert not (folder / "cat.mp4").exists()


def test_download_saves_the_variant_that_is_asked_for(three: list[str], run: Run) -> None:
    run("wait", three[0], *FAST)
    saved = run("download", three[0], "--variant", "thumbnail", "--json").json()
    assert Path(saved["path"]).read_bytes()[8:12] == b"WEBP"
    refused = run("download", three[0], "--variant", "poster")
    assert refused.code == 2
    assert "thumbnail" in refused.stderr


def test_download_of_a_job_that_runs_is_exit_code_3(slow: Emulator, run: Run) -> None:
    server = ("--base-url", slow.base_url)
    id_ = run("create", "a cat", "--detach", *server).stdout.strip()
    early = run("download", id_, *server, "--json")
    assert early.code == 3
    assert f"{id_} is not finished (queued, 0 %): openvideos wait {id_}" in early.stderr
    assert early.json()["status"] == "queued"


def test_get_looks_once(slow: Emulator, run: Run) -> None:
    server = ("--base-url", slow.base_url)
    id_ = run("create", "a cat", "--detach", *server).stdout.strip()
    seen = run("get", id_, *server)
    assert seen.code == 0
    assert f"id: {id_}\nstatus: queued\n" in seen.stdout
    assert run("get", "--last", *server, "--json").json()["id"] == id_


def test_get_tells_the_cost_of_what_was_created_here(
    serve: Serve, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    done = job("video_1", "completed", model="sora-2", size="720x1280", seconds="8")
    server = ("--base-url", serve([Reply(done)]).base_url, "--json")
    assert run("get", "video_1", *server).json()["cost"] is None, "an extension costs less"
    run("create", "a cat", "--detach", *server)
    assert run("get", "video_1", *server).json()["cost"] == 0.8


def test_get_of_a_failed_job_is_exit_code_5(serve: Serve, run: Run) -> None:
    server = serve([Reply(job("video_1", "failed", error={"code": "x", "message": "No."}))])
    seen = run("get", "video_1", "--base-url", server.base_url, "--json")
    assert (seen.code, seen.json()["error"]["message"]) == (5, "No.")


def test_delete_deletes(three: list[str], run: Run) -> None:
    run("wait", three[0], *FAST)
    assert run("delete", three[0]).stdout == f"{three[0]}\n"
    assert run("get", three[0]).code == 1
    assert "deleted" in run("jobs").stdout
    assert run("delete", "nobody", three[1], "--json").json()[0]["error"]["type"] == "NotFoundError"


def test_list_shows_the_newest_first_up_to_a_limit(
    three: list[str], run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [document["id"] for document in run("list", "--limit", "2", "--json").json()]
    assert ids == [three[2], three[1]]
    assert run("list", "--limit", "2", "--quiet").stdout.split() == ids
    first, *_ = run("list", "--limit", "2").stdout.splitlines()
    assert first.split("\t")[0] == three[2]


def test_list_all_walks_every_page(serve: Serve, run: Run) -> None:
    def script(request: Request) -> Reply:
        after = int(request.query.get("after", ["0"])[0])
        page = [job(str(number), "completed") for number in range(after + 1, after + 101)][:100]
        return Reply({"object": "list", "data": page, "has_more": after < 200})

    server = serve(script)
    listed = run("list", "--all", "--json", "--base-url", server.base_url).json()
    assert len(listed) == 300


def test_what_a_server_says_cannot_take_over_the_terminal(serve: Serve, run: Run) -> None:
    evil = job("video_1", "queued", prompt="\x1b]0;owned\x07 a\ncat", model="\x1b[2J")
    server = serve([Reply({"object": "list", "data": [evil], "has_more": False}), Reply(evil)])
    said = run("list", "--base-url", server.base_url).stdout
    said += run("get", "video_1", "--base-url", server.base_url).stdout
    assert not {"\x1b", "\x07"} & set(said)
    assert "owned" in said
    named = serve([Reply(job("video\x1b[2J", "queued"))])
    said = run("create", "a cat", "--detach", "--base-url", named.base_url).stderr
    assert "To pick it up again: openvideos wait" in said
    assert "\x1b" not in said


def test_jobs_shows_what_was_created_here_the_newest_first(three: list[str], run: Run) -> None:
    run("wait", three[0], *FAST)
    entries = run("jobs", "--json").json()
    assert [entry["id"] for entry in entries] == three[::-1]
    assert entries[2]["status"] == "completed"
    assert Path(entries[2]["path"]).is_absolute()
    assert [entry["prompt"] for entry in entries] == ["cat 2", "cat 1", "cat 0"]
    assert run("jobs", "--last", "--json").json()["id"] == three[2]
    assert run("jobs", "--limit", "2", "--quiet").stdout.split() == three[:0:-1]
    assert run("jobs").stdout.count("\n") == 3


def test_a_key_is_never_taken_from_the_command_line(at: None, run: Run) -> None:
    refused = run("list", "--api-key", "sk-secret")
    assert refused.code == 2
    assert "OPENVIDEOS_API_KEY" in refused.stderr
    assert "sk-secret" not in refused.stderr


def test_options_that_cannot_be_used_are_named_without_their_values(at: None, run: Run) -> None:
    for option, value in (("--header", "sk-secret"), ("--query", "sk-secret"), ("--header", ":x")):
        refused = run("list", option, value)
        assert refused.code == 2
        assert f"{option} needs a name" in refused.stderr
        assert "sk-secret" not in refused.stderr
    for missing in ("no-such-file", "."):
        refused = run("list", "--api-key-file", missing)
        assert refused.code == 2
        assert f"--api-key-file {missing} cannot be read" in refused.stderr
    for option, value in (("--max-wait", "soon"), ("--max-wait", "-1"), ("--interval", "0")):
        refused = run("wait", "x", option, value)
        assert refused.code == 2
        assert f"{option} is" in refused.stderr
        assert "None" not in refused.stderr


def test_a_missing_base_url_is_said_in_options(run: Run) -> None:
    refused = run("list")
    assert refused.code == 2
    assert "There is no base URL. Give the server's address as --base-url" in refused.stderr
