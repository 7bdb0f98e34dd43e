"""The words for where a job stands."""

from __future__ import annotations

RUNNING = ("queued", "in_progress")
ENDS = ("completed", "failed")
# What other servers and gateways say of a job that has ended, in any spelling: the waiting is over,
# though the word is none of the protocol.
FOREIGN_ENDS = frozenset(
    {
        "aborted",
        "canceled",
        "cancelled",
        "complete",
        "deleted",
        "done",
        "error",
        "expired",
        "fail",
        "failure",
        "finished",
        "incomplete",
        "moderated",
        "rejected",
        "succeed",
        "succeeded",
        "success",
        "terminated",
        "timed_out",
        "timeout",
        *ENDS,
    }
)
