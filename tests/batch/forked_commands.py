"""Runs `openvideos batch` in processes forked from one that has loaded it, to start them quickly.

Reads a JSON object a line: arguments, and a file for what the command prints. Answers with its
process id, and with its exit code when it has ended.
"""

import json
import os
import signal
import sys
import traceback

import httpx
import sqlalchemy.dialects.sqlite.pysqlite

from openvideos import OpenVideos
from openvideos._batch import command, running

LOADED = (httpx.AsyncClient, sqlalchemy.dialects.sqlite.pysqlite, running.run_batch)


def main() -> None:
    with OpenVideos(base_url="http://127.0.0.1:1/v1") as client:
        client.videos.job("video_1")
    for line in sys.stdin:
        request = json.loads(line)
        process = os.fork()
        if process == 0:
            run(request["arguments"], request["log"])
        print(process, flush=True)
        _, status = os.waitpid(process, 0)
        print(os.waitstatus_to_exitcode(status), flush=True)


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
