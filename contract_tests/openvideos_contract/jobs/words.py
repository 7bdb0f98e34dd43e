"""The words for where a job stands, and what stays as it is wherever it stands."""

from __future__ import annotations

RUNNING = ("queued", "in_progress")
ENDS = ("completed", "failed")
# How far a job has come with each; it never goes back.
STEPS = {"queued": 0, "in_progress": 1, **dict.fromkeys(ENDS, 2)}
# The fields of a Video that every answer repeats.
NEVER_CHANGES = ("created_at", "model", "size", "seconds", "prompt", "remixed_from_video_id")
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
