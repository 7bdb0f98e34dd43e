"""The ledger of a run: the places of its budget that are taken, and what it made.

It is a file, so that the processes of a run share it, and so that what a killed run made can be
deleted afterwards. It holds no key, only which one was used.
"""

from __future__ import annotations

import os
import re
import sqlite3
import stat
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import attrs
import platformdirs

from openvideos_contract.settings.values import ConfigurationError
from openvideos_contract.wire.made import CHARACTERS

# Seconds for which a process waits for another's write, which takes less than a thousandth.
_PATIENCE = 30.0
_TABLES = """
    BEGIN IMMEDIATE;
    CREATE TABLE IF NOT EXISTS run (number INTEGER PRIMARY KEY, base_url TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS place (
        number INTEGER PRIMARY KEY AUTOINCREMENT,
        test TEXT NOT NULL,
        key TEXT NOT NULL,
        answered INTEGER NOT NULL DEFAULT 0,
        id TEXT NOT NULL DEFAULT '',
        path TEXT NOT NULL DEFAULT '',
        deleted INTEGER NOT NULL DEFAULT 0
    );
    CREATE TABLE IF NOT EXISTS family (name TEXT PRIMARY KEY, test TEXT NOT NULL);
    COMMIT;
"""


@attrs.frozen
class Place:
    """A place of the budget that is taken.

    Attributes:
        number: Tells it from others.
        test: The test that took it.
        key: The name of the key that the job was asked for with.
        answered: Whether the server answered that it accepted the request; where it did not, a
            job may have been started or not.
        id: The id in the answer; empty where there is none.
        path: Where the job is deleted; empty where it cannot be.
        deleted: Whether the server said that it is gone.
    """

    number: int
    test: str
    key: str
    answered: bool = attrs.field(converter=bool)
    id: str
    path: str
    deleted: bool = attrs.field(converter=bool)

    @property
    def left(self) -> bool:
        """Whether there may be something to delete, which a character is not."""
        return not self.deleted and not self.path.startswith(CHARACTERS)


class Ledger:
    """The ledger of one run, made when the first place is taken.

    Args:
        run_id: The run; its processes give the same one.
        base_url: The server that it is about.

    Raises:
        ConfigurationError: The run's id is none, or no folder can be written.
    """

    def __init__(self, run_id: str, base_url: str) -> None:
        if not re.fullmatch(r"[\w-]{1,80}", run_id):
            raise ConfigurationError(
                f"{run_id!r} is not the id of a run, which is such as openvideos-1a2b3c4d"
            )
        self.path = _folder() / f"{run_id}.sqlite"
        self._base_url = base_url
        self._connection: sqlite3.Connection | None = None
        self._lock = threading.RLock()

    @property
    def exists(self) -> bool:
        """Whether a process of the run has written it, and none has removed it."""
        return self._connection is not None or self.path.exists()

    @property
    def base_url(self) -> str:
        """The server that the run was started against; empty where no ledger is there."""
        with self._reading() as rows:
            return "".join(url for (url,) in rows("SELECT base_url FROM run"))

    @property
    def places(self) -> list[Place]:
        """The places that are taken, in order."""
        with self._reading() as rows:
            found = rows(
                "SELECT number, test, key, answered, id, path, deleted FROM place ORDER BY number"
            )
            return [Place(*row) for row in found]

    @property
    def unanswered(self) -> list[Place]:
        """The places of requests of which it is unknown whether they started a job."""
        return [place for place in self.places if not place.answered and place.left]

    @property
    def count(self) -> int:
        """How many places are taken."""
        with self._reading() as rows:
            return sum(number for (number,) in rows("SELECT count(*) FROM place"))

    def take(self, limit: int, test: str, key: str) -> int | None:
        """Take a place and return its number; None where `limit` places are taken."""
        with self._writing() as connection:
            (taken,) = connection.execute("SELECT count(*) FROM place").fetchone()
            if taken >= limit:
                return None
            row = connection.execute("INSERT INTO place (test, key) VALUES (?, ?)", (test, key))
            return row.lastrowid

    def give_back(self, number: int) -> None:
        """Give back a place: the server refused the request."""
        with self._writing() as connection:
            connection.execute("DELETE FROM place WHERE number = ?", (number,))

    def note_made(self, number: int, made_id: str, path: str) -> None:
        """Note what the server answered that it made, and where it is deleted."""
        with self._writing() as connection:
            connection.execute(
                "UPDATE place SET answered = 1, id = ?, path = ? WHERE number = ?",
                (made_id, path, number),
            )

    def note_deleted(self, made_id: str) -> None:
        """Note that a job is gone; where the disk is full, nothing is lost but that."""
        with suppress(sqlite3.OperationalError), self._writing() as connection:
            connection.execute("UPDATE place SET deleted = 1 WHERE id = ?", (made_id,))

    def note_resolved(self) -> None:
        """Note that what has no id was looked for, and is gone or never was."""
        with suppress(sqlite3.OperationalError), self._writing() as connection:
            connection.execute("UPDATE place SET deleted = 1 WHERE id = ''")

    def note_accepted(self, family: str, test: str) -> None:
        """Note that a request was accepted, with what is wrong with it."""
        with self._writing() as connection:
            connection.execute("INSERT OR IGNORE INTO family VALUES (?, ?)", (family, test))

    def accepted_in(self, family: str) -> str | None:
        """Return the test in which a request of a family was accepted, None if none was."""
        with self._reading() as rows:
            return next(
                (test for (test,) in rows("SELECT test FROM family WHERE name = ?", family)), None
            )

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def remove(self) -> None:
        """Close and remove the file."""
        self.close()
        self.path.unlink(missing_ok=True)

    @contextmanager
    def _reading(self) -> Iterator[_Rows]:
        with self._lock:
            yield _Rows(self._opened() if self.exists else None)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._opened()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _opened(self) -> sqlite3.Connection:
        if self._connection is None:
            connection = sqlite3.connect(
                self.path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False
            )
            # A commit then waits for no disk, and outlives the process all the same.
            connection.execute("PRAGMA synchronous = OFF")
            connection.executescript(_TABLES)
            connection.execute("INSERT OR IGNORE INTO run VALUES (1, ?)", (self._base_url,))
            self._connection = connection
        return self._connection


class _Rows:
    def __init__(self, connection: sqlite3.Connection | None) -> None:
        self._connection = connection

    def __call__(self, query: str, *values: str) -> list[tuple[Any, ...]]:
        if self._connection is None:
            return []
        return self._connection.execute(query, values).fetchall()


def _folder() -> Path:
    """Return the folder of the ledgers: where the system keeps state, or else temporary files."""
    places = (
        platformdirs.user_state_path("openvideos"),
        Path(tempfile.gettempdir()) / "openvideos",
    )
    for place in places:
        folder = place / "conform"
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK) and _is_ours(folder):
            return folder
    tried = " nor ".join(str(place) for place in places)
    raise ConfigurationError(
        f"neither {tried} can be written, where a run notes what it made, by you alone; "
        "set XDG_STATE_HOME or TMPDIR to a folder that can"
    )


def _is_ours(folder: Path) -> bool:
    """Return whether nobody else writes there: what a ledger names is deleted."""
    if not hasattr(os, "getuid"):
        return True
    found = folder.stat()
    return found.st_uid == os.getuid() and not found.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
