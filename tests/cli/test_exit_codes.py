"""The table of exit codes, held as users meet it, and as the one function that knows it."""

from typing import Any

import pytest

from openvideos import InvalidInput
from openvideos._cli.exit_codes import MEANINGS, ExitCode, exit_code_of, worst_of

from ..client.faulty_server import Reply, Request, refusing_url
from .conftest import FAST, Run, Serve

QUEUED: dict[str, Any] = {"id": "video_1", "object": "video", "status": "queued", "progress": 0}
CONTENT = b"\0\0\0\x18ftypmp42" + bytes(100)
MODERATED = {"error": {"message": "No.", "code": "moderation_blocked"}}


def ends(status: str) -> list[Reply]:
    return [Reply(QUEUED), Reply({**QUEUED, "status": status}), Reply(CONTENT)]


@pytest.mark.parametrize(
    ("answers", "options", "code"),
    [
        (ends("completed"), (), 0),
        (ends("queued"), ("--max-wait", "0.1"), 3),
        (ends("failed"), (), 5),
        (ends("cancelled"), (), 5),
        (ends("expired"), (), 5),
        (ends("deleted"), (), 5),
        ([Reply(MODERATED, status=400)], (), 5),
        ([Reply({"error": {"message": "No."}}, status=400)], (), 1),
        ([Reply({"error": {"message": "Who?"}}, status=401)], (), 4),
        ([Reply({"error": {"message": "Not you."}}, status=403)], (), 4),
        ([Reply({"error": {"message": "None."}}, status=404)], (), 1),
        ([Reply(QUEUED), Reply({"error": {"message": "Gone."}}, status=410)], (), 1),
        (ends("completed"), ("--max-wait", "soon"), 2),
        (ends("completed"), ("--no-such-option",), 2),
    ],
)
def test_each_outcome_has_its_exit_code(
    serve: Serve, run: Run, answers: list[Any], options: tuple[str, ...], code: int
) -> None:
    server = serve(answers)
    made = run("create", "a", *FAST, *options, "--json", "--base-url", server.base_url)
    assert made.code == code
    if options != ("--no-such-option",):
        assert made.json()["error"] is None if code == 0 else made.json()["error"]


def test_a_server_that_is_not_there_is_exit_code_1(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", lambda _: None)
    refused = run("create", "a", "--base-url", refusing_url(), "--json")
    assert refused.code == 1
    assert refused.json()["error"]["type"] == "APIConnectionError"
    assert run("jobs", "--json").json() == [], "nothing was sent"


@pytest.mark.parametrize("command", ["create", "wait", "get", "download", "delete", "list"])
def test_the_help_shows_the_table(run: Run, command: str) -> None:
    shown = " ".join(run(command, "--help").stdout.split())
    for code, meaning in MEANINGS.items():
        assert f"{code:d} {meaning}" in shown


def test_every_exit_code_has_a_meaning() -> None:
    assert list(MEANINGS) == list(ExitCode)
    assert [int(code) for code in ExitCode] == [0, 1, 2, 3, 4, 5, 130]


def test_an_unknown_error_is_never_0() -> None:
    assert exit_code_of(RuntimeError()) is ExitCode.ERROR
    assert exit_code_of(None) is ExitCode.DONE
    assert exit_code_of(KeyboardInterrupt()) is ExitCode.INTERRUPTED
    assert exit_code_of(InvalidInput("no")) is ExitCode.USAGE


def test_several_jobs_end_with_the_code_that_says_most() -> None:
    assert worst_of([ExitCode.DONE, ExitCode.RUNS_ON, ExitCode.JOB_ENDED]) is ExitCode.JOB_ENDED
    assert worst_of([ExitCode.JOB_ENDED, ExitCode.AUTHENTICATION]) is ExitCode.AUTHENTICATION
    assert worst_of([]) is ExitCode.DONE


def test_every_command_with_json_prints_one_document_and_nothing_else(
    serve: Serve, run: Run
) -> None:
    def script(request: Request) -> Reply:
        if request.path.endswith("/content"):
            return Reply(CONTENT)
        if request.path == "/v1/videos" and request.method == "GET":
            return Reply({"object": "list", "data": [{**QUEUED}], "has_more": False})
        if request.method == "DELETE":
            return Reply({"id": "video_1", "deleted": True})
        if request.method == "POST":
            return Reply(QUEUED)
        return Reply({**QUEUED, "status": "completed"})

    server = serve(script)
    for command in (
        ("create", "a"),
        ("create", "a", "--detach"),
        ("create", "a", "--dry-run"),
        ("remix", "video_1", "a"),
        ("edit", "a", "--video", "video_1"),
        ("extend", "a", "--video", "video_1", "--seconds", "4"),
        ("wait", "video_1"),
        ("get", "video_1"),
        ("download", "video_1"),
        ("delete", "video_1"),
        ("list",),
    ):
        more: tuple[str, ...] = ("--force",) if command[0] not in {"get", "delete", "list"} else ()
        more += FAST if more and command[0] != "download" else ()
        done = run(*command, *more, "--json", "--base-url", server.base_url)
        assert done.code == 0, done
        assert done.json() is not None
        failed = run(*command, *more, "--json", "--base-url", "nonsense")
        assert failed.code == 2
        assert failed.json(), "an error is a document too"
    assert run("jobs", "--json").json()
