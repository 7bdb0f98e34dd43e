"""The least that a server can be that answers from a database: one Starlette handler, one read.

`python -m benchmarks.peers.bare PORT` serves it, as uvicorn does with all its C parts.
"""

from __future__ import annotations

import sqlite3
import sys
import tempfile
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

COLUMNS = (
    "id, object, model, status, progress, created_at, completed_at, expires_at, prompt, size, "
    "seconds, remixed_from_video_id, error"
)
NAMES = COLUMNS.split(", ")
VIDEO = (
    "video_1",
    "video",
    "sora-2",
    "completed",
    100,
    1_800_000_000,
    1_800_000_060,
    1_800_003_660,
    "A calico cat playing a piano on stage",
    "720x1280",
    "4",
    None,
    None,
)


def application(database: sqlite3.Connection) -> Starlette:
    """Return the server of this database."""

    async def video(request: Request) -> Response:
        query = f"SELECT {COLUMNS} FROM videos WHERE id = ?"  # noqa: S608 - a constant
        row = database.execute(query, (request.path_params["id"],)).fetchone()
        return JSONResponse(dict(zip(NAMES, row, strict=True)))

    return Starlette(routes=[Route("/v1/videos/{id}", video)])


def main(port: int) -> None:
    """Serve until the end."""
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "videos.sqlite")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(f"CREATE TABLE videos ({COLUMNS}, PRIMARY KEY (id))")
        values = ", ".join("?" * len(VIDEO))
        database.execute(f"INSERT INTO videos VALUES ({values})", VIDEO)  # noqa: S608 - a constant
        database.commit()
        uvicorn.run(application(database), port=port, log_level="critical", access_log=False)


if __name__ == "__main__":
    main(int(sys.argv[1]))
