"""What a command's exit code says: the one table of them."""

from __future__ import annotations

from enum import IntEnum
from typing import TYPE_CHECKING

from openvideos import (
    AuthenticationError,
    BadRequestError,
    InvalidInput,
    JobError,
    PermissionDeniedError,
    VideoNotReady,
    WaitTimeout,
)

if TYPE_CHECKING:
    from collections.abc import Iterable


class ExitCode(IntEnum):
    """How a command ended."""

    DONE = 0
    ERROR = 1
    USAGE = 2
    RUNS_ON = 3
    AUTHENTICATION = 4
    JOB_ENDED = 5
    INTERRUPTED = 130


MEANINGS = {
    ExitCode.DONE: "finished, and saved where there is something to save",
    ExitCode.ERROR: "error",
    ExitCode.USAGE: "wrong usage; nothing was sent",
    ExitCode.RUNS_ON: "not finished within --max-wait; the job runs on",
    ExitCode.AUTHENTICATION: "the server refuses the key",
    ExitCode.JOB_ENDED: "the job failed, was refused by moderation, expired, or was cancelled",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C; a job that was started runs on",
}

EPILOG = "Exit codes: " + " · ".join(f"{code:d} {meaning}" for code, meaning in MEANINGS.items())

# Where several jobs end differently, the first of these tells most of what is to be done.
_WORST_FIRST = (
    ExitCode.INTERRUPTED,
    ExitCode.AUTHENTICATION,
    ExitCode.USAGE,
    ExitCode.ERROR,
    ExitCode.JOB_ENDED,
    ExitCode.RUNS_ON,
    ExitCode.DONE,
)

_MODERATED = frozenset({"moderation_blocked", "content_policy_violation"})


def exit_code_of(error: BaseException | None) -> ExitCode:
    """Return the exit code that an error stands for; None is no error."""
    match error:
        case None:
            return ExitCode.DONE
        case KeyboardInterrupt():
            return ExitCode.INTERRUPTED
        case InvalidInput():
            return ExitCode.USAGE
        case AuthenticationError() | PermissionDeniedError():
            return ExitCode.AUTHENTICATION
        case WaitTimeout() | VideoNotReady():
            return ExitCode.RUNS_ON
        case JobError():
            return ExitCode.JOB_ENDED
        case BadRequestError(code=code) if code in _MODERATED:
            return ExitCode.JOB_ENDED
        case _:
            return ExitCode.ERROR


def worst_of(codes: Iterable[ExitCode]) -> ExitCode:
    """Return the one exit code of several outcomes."""
    return min(codes, key=_WORST_FIRST.index, default=ExitCode.DONE)
