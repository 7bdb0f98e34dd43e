"""Where a line of a batch stands."""

from __future__ import annotations

from enum import StrEnum


class State(StrEnum):
    """Where a line stands, in the order in which it goes."""

    PENDING = "pending"
    """Nothing was sent for it that could have created a job."""

    CREATING = "creating"
    """Its create is about to be sent, or was: this is written before it leaves."""

    UNCERTAIN = "uncertain"
    """The answer to its create was lost: there may be a job."""

    RUNNING = "running"
    """Its job is known."""

    COMPLETED = "completed"
    """Its video is made, and not here yet."""

    SAVED = "saved"
    """Its file is here."""

    FAILED = "failed"
    """It gives no file: its job failed, or was never accepted."""


OVER = frozenset({State.SAVED, State.FAILED})
KNOWN_JOB = frozenset({State.RUNNING, State.COMPLETED})
