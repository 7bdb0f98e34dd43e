"""The jobs that were created here, kept on this machine: an id is never known to a terminal only.

An entry is written before the request that creates the job leaves, and is without an id until the
answer is there. So an entry that stays without one is a job that may exist, and may have been
charged, whatever ended the command: a lost answer, a crash, a power cut.
"""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from attrs import frozen

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from typing import Self

VARIABLE: Final = "OPENVIDEOS_JOURNAL"
OFF: Final = "off"
UNCERTAIN: Final = "uncertain"

MOST_ENTRIES = 1000
_LONGEST_TEXT = 4096  # characters, as long as a path may be
_SECONDS_FOR_OTHERS = 5.0  # in which another process may hold the file
_SCHEMA_VERSION = 1

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    command TEXT NOT NULL,
    base_url TEXT NOT NULL,
    sent_at REAL NOT NULL,
    id TEXT,
    status TEXT NOT NULL,
    path TEXT,
    prompt TEXT,
    model TEXT,
    size TEXT,
    seconds TEXT
)
"""


@frozen
class Entry:
    """A job that was created here, or may have been.

    Attributes:
        number: The entry's own number, which grows.
        command: The command that sent the request.
        base_url: The server.
        sent_at: When, in unix seconds.
        id: The job's id; None where no answer came.
        status: The job's status as it was last seen here; `uncertain` where no answer came.
        path: The file that it was saved to; None if it was not.
        prompt: Its prompt, or the beginning of a long one.
        model: The model that was asked for; None for the server's default, as the two below.
        size: The size that was asked for.
        seconds: The length that was asked for.
    """

    number: int
    command: str
    base_url: str
    sent_at: float
    id: str | None
    status: str
    path: str | None
    prompt: str | None
    model: str | None
    size: str | None
    seconds: str | None


class Journal:
    """The entries in a file, shared by all commands that run. No key is ever in it.

    A journal that cannot be read or written is a warning, said once: no job is lost to it.
    """

    def __init__(self, path: Path | None, warn: Callable[[str], None]) -> None:
        """Describe a journal; nothing is opened.

        Args:
            path: The file, an SQLite database; None to keep none.
            warn: Told when the file cannot be used.
        """
        self.path = path
        self._warn = warn
        self._works = path is not None

    @classmethod
    def of_user(cls, warn: Callable[[str], None]) -> Self:
        """Return the user's journal: by `OPENVIDEOS_JOURNAL`, else in their state folder."""
        chosen = os.environ.get(VARIABLE)
        if chosen == OFF:
            return cls(None, warn)
        if chosen:
            return cls(Path(chosen).expanduser(), warn)
        from platformdirs import user_state_path

        return cls(user_state_path("openvideos", appauthor=False) / "journal.sqlite", warn)

    @property
    def keeps(self) -> bool:
        """Whether what is written is kept, as far as is known."""
        return self._works

    def intend(self, command: str, base_url: str, fields: Mapping[str, object]) -> int | None:
        """Note that a job is about to be created; return the entry's number, None if it failed."""
        asked = (fields.get(name) for name in ("prompt", "model", "size", "seconds"))
        rows = self._do(
            (
                "INSERT INTO entries"
                " (command, base_url, sent_at, status, prompt, model, size, seconds)"
                " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (command, base_url, time.time(), UNCERTAIN, *map(_text, asked)),
            ),
            (
                "DELETE FROM entries WHERE number <= (SELECT max(number) FROM entries) - ?",
                (MOST_ENTRIES,),
            ),
            ("SELECT max(number) FROM entries", ()),
        )
        return int(rows[0][0]) if rows else None

    def withdraw(self, number: int | None) -> None:
        """Note that an intended job was certainly not created."""
        self._do(("DELETE FROM entries WHERE number = ?", (number,)))

    def created(self, number: int | None, job_id: str, status: str) -> None:
        """Note the id of an intended job."""
        self._do(
            ("UPDATE entries SET id = ?, status = ? WHERE number = ?", (job_id, status, number))
        )

    def saw(
        self, job_id: str, base_url: str, *, status: str | None = None, path: Path | None = None
    ) -> None:
        """Note how a job stands, or where it was saved. Jobs that were not created here are not."""
        place = None if path is None else str(path.resolve())
        self._do(
            (
                "UPDATE entries SET status = coalesce(?, status), path = coalesce(?, path)"
                " WHERE id = ? AND base_url = ?",
                (_text(status), _text(place), job_id, base_url),
            )
        )

    def entries(self, *, most: int = MOST_ENTRIES) -> list[Entry]:
        """Return the newest entries, the newest first."""
        rows = self._do(("SELECT * FROM entries ORDER BY number DESC LIMIT ?", (most,)))
        return [Entry(*row) for row in rows]

    def entry_of(self, job_id: str, base_url: str) -> Entry | None:
        """Return the entry of a server's job; None where it was not created here."""
        rows = self._do(
            (
                "SELECT * FROM entries WHERE id = ? AND base_url = ? ORDER BY number DESC LIMIT 1",
                (job_id, base_url),
            )
        )
        return Entry(*rows[0]) if rows else None

    def newest(self, base_url: str) -> Entry | None:
        """Return the newest job with an id at a server; None where there is none."""
        rows = self._do(
            (
                "SELECT * FROM entries WHERE id IS NOT NULL AND base_url = ?"
                " ORDER BY number DESC LIMIT 1",
                (base_url,),
            )
        )
        return Entry(*rows[0]) if rows else None

    def _do(self, *statements: tuple[str, tuple[object, ...]]) -> list[Any]:
        """Return the rows of the last of some statements, which happen together or not at all."""
        if not self._works or self.path is None:
            return []
        rows: list[Any] = []
        try:
            with closing(_opened(self.path)) as connection, connection:
                for statement, values in statements:
                    rows = connection.execute(statement, values).fetchall()
        except (OSError, sqlite3.Error) as error:
            self._works = False
            self._warn(
                f"Warning: the journal of jobs, {self.path}, cannot be used ({error}): write ids "
                f"down yourself. {VARIABLE} names another file, or {OFF!r} to keep none."
            )
            return []
        return rows


def _text(value: object) -> str | None:
    """Return a value as text that can be kept: bytes of the command line may be no text."""
    if value is None:
        return None
    return str(value)[:_LONGEST_TEXT].encode(errors="replace").decode()


def _opened(path: Path) -> sqlite3.Connection:
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600))  # prompts are nobody else's
    connection = sqlite3.connect(path, timeout=_SECONDS_FOR_OTHERS)
    try:
        _prepare(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _prepare(connection: sqlite3.Connection) -> None:
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version not in (0, _SCHEMA_VERSION):
        raise sqlite3.DatabaseError(f"it was written by another version, {version}")
    if version == 0:
        with connection:
            connection.execute(_SCHEMA)
            connection.execute(f"PRAGMA user_version = {_SCHEMA_VERSION}")
