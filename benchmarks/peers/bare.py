"""The least that a server can be that answers from a database: one Starlette handler, one read.

`python -m benchmarks.peers.bare PORT_FILE` serves it, as uvicorn does with all its C parts.
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


class Server(uvicorn.Server):
    """A server that writes its port once it answers."""

    port_file: Path

    async def startup(self, sockets: list[object] | None = None) -> None:
        await super().startup()
        port = self.servers[0].sockets[0].getsockname()[1]
        self.port_file.write_text(str(port), encoding="ascii")


def main(port_file: str) -> None:
    """Serve until the end."""
    with tempfile.TemporaryDirectory() as folder:
        database = sqlite3.connect(Path(folder) / "videos.sqlite")
        database.execute("PRAGMA journal_mode = WAL")
        database.execute(f"CREATE TABLE videos ({COLUMNS.replace('id,', 'id PRIMARY KEY,', 1)})")
        database.execute(f"INSERT INTO videos VALUES ({', '.join('?' * len(VIDEO))})", VIDEO)
        database.commit()
        config = uvicorn.Config(
            application(database), port=0, log_level="critical", access_log=False
        )
        server = Server(config)
        server.port_file = Path(port_file)
        server.run()


if __name__ == "__main__":
    main(sys.argv[1])
