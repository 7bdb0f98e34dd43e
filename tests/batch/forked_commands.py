"""Runs `openvideos batch` in processes forked from one that has loaded it, to start them quickly.

Reads a JSON object a line. `start`: arguments, variables of the environment, and a file for what
the command prints; answered with the process's id. `wait`: a process's id; answered with its exit
code, when it has ended.
"""

import json
import os
import signal
import sqlite3
import sys
import traceback

import anyio._backends._asyncio
import httpx
import sqlalchemy.dialects.sqlite.pysqlite

from openvideos import OpenVideos
from openvideos._batch import command, dry_run, running
from openvideos._downloading import downloads
from openvideos_api.api.videos import create_video, download_video_content, retrieve_video

LOADED = (
    sqlite3,
    anyio._backends._asyncio,
    httpx.AsyncClient,
    sqlalchemy.dialects.sqlite.pysqlite,
    dry_run,
    running,
    downloads,
    create_video,
    download_video_content,
    retrieve_video,
)


def main() -> None:
    with OpenVideos(base_url="http://127.0.0.1:1/v1") as client:
        client.videos.job("video_1")
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            _, status = os.waitpid(request["wait"], 0)
            print(os.waitstatus_to_exitcode(status), flush=True)
            continue
        process = os.fork()
        if process == 0:
            os.environ.update(request["environment"])
            run(request["start"], request["log"])
        print(process, flush=True)


def run(arguments: list[str], log: str) -> None:
    with open(log, "ab", buffering=0) as file:  # noqa: PTH123 - a file descriptor is what is wanted
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        command.app(arguments)
    except SystemExit as ended:
        sys.stdout.flush()
        os._exit(int(ended.code or 0))
    except BaseException:  # noqa: BLE001 - the process ends here
        traceback.print_exc()
    os._exit(99)


main()
