"""What the emulator says: a line for each request and for what goes wrong."""

from __future__ import annotations

import json
import logging
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from openvideos_emulator.http.keys import sent_key, tenant_of

if TYPE_CHECKING:
    from pathlib import Path

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_LOGGER = logging.getLogger(__name__)
_LENGTH_OF_A_NAME = 8


def log_config(log_format: str, file: Path | None) -> dict[str, Any]:
    """Return logging to a file, or to stderr: stdout has nothing but the base URL.

    Args:
        log_format: `plain` or `json`.
        file: The file, None for stderr.
    """
    handler = {"class": "logging.StreamHandler", "stream": "ext://sys.stderr"}
    if file is not None:
        handler = {"class": "logging.FileHandler", "filename": str(file), "encoding": "utf-8"}
    loggers = {"uvicorn.error": "WARNING", "openvideos_emulator": "INFO"}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "plain": {
                "format": "%(asctime)s.%(msecs)03d %(message)s",
                "datefmt": "%H:%M:%S",
            },
            "json": {"()": f"{__name__}.JsonFormatter"},
        },
        "handlers": {"lines": {**handler, "formatter": log_format}},
        "loggers": {
            name: {"handlers": ["lines"], "level": level, "propagate": False}
            for name, level in loggers.items()
        },
    }


class JsonFormatter(logging.Formatter):
    """Writes each record as one JSON object on one line.

    It has `time` (UTC, ISO 8601), `level` and `message`; a request has its parts besides, and an
    exception its `traceback`.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["traceback"] = self.formatException(record.exc_info)
        return json.dumps(line)


class AccessLog:
    """Logs each request once it is over.

    Whose it was is told by a name made from the key, never by the key. The query is left out: it
    can hold what is secret.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and log how it ended."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        status: int | None = None
        request_id: str | None = None

        async def send_seen(message: Message) -> None:
            nonlocal status, request_id
            if message["type"] == "http.response.start":
                status = message["status"]
                request_id = _header(message["headers"], b"x-request-id")
            await send(message)

        try:
            await self._app(scope, receive, send_seen)
        finally:
            # A fault may have answered past the server.
            status = status or scope.get("status")
            milliseconds = (time.perf_counter() - began) * 1000
            method, path = scope["method"], _path(scope)
            key = name_of_key(_header(scope["headers"], b"authorization"))
            _LOGGER.info(
                "%s %s %s %.1f ms %s",
                method,
                path,
                # None where a fault has cut the connection before the answer.
                status or "-",
                milliseconds,
                key or "-",
                extra={
                    "fields": {
                        "method": method,
                        "path": path,
                        "status": status,
                        "milliseconds": round(milliseconds, 1),
                        "key": key,
                        "request_id": request_id,
                    }
                },
            )


def say_where(base_url: str) -> None:
    """Log that the emulator answers."""
    _LOGGER.info("the emulator answers", extra={"fields": {"base_url": base_url}})


def name_of_key(authorization: str | None) -> str | None:
    """Return a short name for the key of an `Authorization` header: the same for the same key."""
    key = sent_key(authorization)
    return tenant_of(key.encode("latin-1"))[:_LENGTH_OF_A_NAME] if key else None


def _header(headers: Any, wanted: bytes) -> str | None:
    return next((value.decode("latin-1") for name, value in headers if name == wanted), None)


def _path(scope: Scope) -> str:
    # As it was sent: decoded, it could hold line breaks.
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    text = raw.decode("ascii", "backslashreplace")
    return "".join(each if each.isprintable() else ascii(each)[1:-1] for each in text)
