"""What the exit code of a batch says: the table of the commands, in the words of a batch."""

from __future__ import annotations

from openvideos._cli.exit_codes import ExitCode

MEANINGS = {
    ExitCode.DONE: "all lines are saved",
    ExitCode.ERROR: "error; what is left goes on with the same command",
    ExitCode.USAGE: "wrong usage; nothing was sent",
    ExitCode.RUNS_ON: "lines are held, or their jobs run on; the same command looks again",
    ExitCode.AUTHENTICATION: "the server refuses the key",
    ExitCode.JOB_ENDED: "all lines are over, and some failed",
    ExitCode.INTERRUPTED: "interrupted by Ctrl-C; what was started runs on",
}
EPILOG = "Exit codes: " + " · ".join(f"{code:d} {meaning}" for code, meaning in MEANINGS.items())
