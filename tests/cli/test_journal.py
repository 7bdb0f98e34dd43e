"""The journal: shared, bounded, private, and never the reason that a command fails."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from openvideos._cli import journal as module
from openvideos._cli.journal import Journal

from ..client.faulty_server import Reply
from .conftest import KEY, Run, Serve

FIELDS = {"prompt": "a cat", "model": "sora-2", "seconds": 4}


@pytest.fixture
def warnings() -> list[str]:
    return []


@pytest.fixture
def book(journal: Path, warnings: list[str]) -> Journal:
    return Journal(journal, warnings.append)


def test_an_entry_is_uncertain_until_its_job_is_known(book: Journal) -> None:
    number = book.intend("create", "http://a/v1", FIELDS)
    (entry,) = book.entries()
    assert (entry.id, entry.status, entry.seconds, entry.size) == (None, "uncertain", "4", None)
    book.created(number, "video_1", "queued")
    book.saw("video_1", "http://a/v1", status="completed", path=Path("cat.mp4"))
    (entry,) = book.entries()
    assert (entry.id, entry.status) == ("video_1", "completed")
    assert entry.path == str(Path("cat.mp4").resolve())
    book.saw("video_1", "http://a/v1", status="expired")
    assert book.entries()[0].path is not None, "what was saved stays saved"


def test_what_was_certainly_not_created_is_withdrawn(book: Journal) -> None:
    book.withdraw(book.intend("create", "http://a/v1", FIELDS))
    assert book.entries() == []


def test_the_newest_is_that_of_the_server_and_has_an_id(book: Journal) -> None:
    for server, id_ in (("http://a/v1", "video_1"), ("http://a/v1", "video_2"), ("b", "video_3")):
        book.created(book.intend("create", server, FIELDS), id_, "queued")
    book.intend("create", "http://a/v1", FIELDS)
    newest = book.newest("http://a/v1")
    assert newest is not None
    assert newest.id == "video_2"
    assert book.newest("http://c/v1") is None


def test_the_journal_is_bounded_and_forgets_the_oldest(
    book: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_ENTRIES", 5)
    for number in range(12):
        book.created(book.intend("create", "a", {"prompt": "x" * 99_999}), f"v{number}", "queued")
    entries = book.entries(most=100)
    assert [entry.id for entry in entries] == ["v11", "v10", "v9", "v8", "v7"]
    assert all(len(entry.prompt or "") == 4096 for entry in entries)


def test_many_processes_write_at_once_and_lose_nothing(book: Journal, journal: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from openvideos._cli.journal import Journal\n"
        "book = Journal(Path(sys.argv[1]), sys.exit)\n"
        "for number in range(15):\n"
        "    book.created(book.intend('create', 'a', {}), f'{sys.argv[2]}-{number}', 'queued')"
    )
    writers = [
        subprocess.Popen([sys.executable, "-c", program, str(journal), str(writer)])
        for writer in range(3)
    ]
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    ids = {entry.id for entry in book.entries()}
    assert ids == {f"{writer}-{number}" for writer in range(3) for number in range(15)}


def test_the_journal_is_for_the_user_only_and_holds_no_key(
    at: None, run: Run, journal: Path
) -> None:
    run("create", "a cat", "--detach", "--header", f"X-Key: {KEY}")
    assert journal.stat().st_mode & 0o077 == 0
    assert journal.parent.stat().st_mode & 0o077 == 0
    assert KEY.encode() not in journal.read_bytes()


def test_a_password_in_the_base_url_is_not_kept(serve: Serve, run: Run, journal: Path) -> None:
    server = serve([Reply({"id": "video_1", "status": "queued"})])
    url = server.base_url.replace("http://", "http://user:pass-word@") + "?token=sk-query"
    started = run("create", "a cat", "--detach", "--base-url", url)
    assert started.code == 0
    for secret in ("pass-word", "sk-query"):
        assert secret.encode() not in journal.read_bytes()
        assert secret not in started.stderr


def test_a_journal_that_another_process_holds_is_a_warning(
    book: Journal, journal: Path, warnings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_SECONDS_FOR_OTHERS", 0.05)
    book.intend("create", "a", {})
    holder = sqlite3.connect(journal, isolation_level=None)
    holder.execute("BEGIN EXCLUSIVE")
    assert book.intend("create", "a", {}) is None
    book.created(None, "video_1", "queued")
    holder.close()
    (warning,) = warnings
    assert "locked" in warning
    assert not book.keeps


def test_the_journal_is_in_the_folder_for_state_unless_told_otherwise(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("the folder is another one")
    monkeypatch.delenv("OPENVIDEOS_JOURNAL")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "state-home"))
    run("jobs")
    assert (tmp_path / "state-home" / "openvideos" / "journal.sqlite").is_file()
