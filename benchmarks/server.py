"""A server that costs as little as it can, so that its clients are what is measured.

It answers with a completed video, a page of a hundred, and a file as the content of all of them.
The content of `video_cut` breaks off in the middle when it is asked for whole, and goes on from
there when the rest is.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

VIDEO = {
    "id": "video_1",
    "object": "video",
    "model": "sora-2",
    "status": "completed",
    "progress": 100,
    "created_at": 1_800_000_000,
    "completed_at": 1_800_000_060,
    "expires_at": 1_800_003_660,
    "prompt": "A calico cat playing a piano on stage",
    "size": "720x1280",
    "seconds": "4",
    "remixed_from_video_id": None,
    "error": None,
}
LIST = {
    "object": "list",
    "data": [{**VIDEO, "id": f"video_{number}"} for number in range(100)],
    "first_id": "video_0",
    "last_id": "video_99",
    "has_more": False,
}
PIECE = 1 << 16


def application(file: Path) -> Starlette:
    """Return the server of this file."""

    async def video(request: Request) -> Response:
        return JSONResponse(VIDEO)

    async def videos(request: Request) -> Response:
        return JSONResponse(LIST)

    async def content(request: Request) -> Response:
        whole = FileResponse(file, media_type="video/mp4")
        if request.path_params["id"] != "video_cut" or "range" in request.headers:
            return whole
        size = file.stat().st_size
        headers = {"content-length": str(size), "etag": await _etag(whole)}
        return StreamingResponse(_half(file, size // 2), headers=headers, media_type="video/mp4")

    return Starlette(
        routes=[
            Route("/v1/videos", videos),
            Route("/v1/videos/{id}", video),
            Route("/v1/videos/{id}/content", content),
        ]
    )


async def _etag(whole: FileResponse) -> str:
    whole.set_stat_headers(Path(whole.path).stat())
    return whole.headers["etag"]


async def _half(file: Path, size: int) -> AsyncIterator[bytes]:
    with file.open("rb") as opened:
        for _ in range(size // PIECE):
            yield opened.read(PIECE)
    raise ConnectionAbortedError("this is where the content is cut")


@contextmanager
def serving(file: Path) -> Iterator[str]:
    """Run the server in a process of its own; yield its base URL."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(128)
        process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server", str(listening.fileno()), str(file)],
            pass_fds=[listening.fileno()],
        )
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        finally:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    # As a socket of its own kind: what uvicorn makes of a number alone waits before it sends.
    config = uvicorn.Config(application(Path(sys.argv[2])), log_level="critical")
    uvicorn.Server(config).run(sockets=[socket.socket(fileno=int(sys.argv[1]))])
