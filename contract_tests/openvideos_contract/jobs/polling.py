"""Polls jobs to their end, and keeps what was answered."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterable
from typing import Any

from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.words import ENDS, FOREIGN_ENDS
from openvideos_contract.outcome import Blocked, Nonconformity
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate
from openvideos_contract.wire.patience import hint_of, number_in

AFTER_THE_END = 4
# So many polls in a row without a Video, and the job is given up.
_MOST_MISSES = 5
_LONGEST_PAUSE = 10.0


class Polling:
    """Polls as the server asks for, and for no longer than a job may take.

    Args:
        gate: Where every request leaves.
        job_timeout: Seconds within which a job must end.
    """

    def __init__(self, gate: Gate, job_timeout: float) -> None:
        self._gate = gate
        self._job_timeout = job_timeout

    def poll(self, job: Job) -> dict[str, Any] | None:
        """Ask for a job; return the Video, None where the answer is none.

        Raises:
            Nonconformity: No whole answer came.
            Blocked: The server is gone, or busy for too long.
        """
        answer = self._gate.send("GET", job.path)
        job.polls.append(answer)
        body = answer.json()
        # The status counts whatever the HTTP status: a failed job is an HTTP error at some servers.
        if not isinstance(body, dict) or not isinstance(body.get("status"), str):
            return None
        word = body["status"]
        if job.ended is None and word in ENDS:
            job.ended = body
        elif not job.waited_for and word.lower() in FOREIGN_ENDS:
            job.lost = f"it ended with the status {word}, which the protocol does not have"
        return body

    def poll_once(self, jobs: Iterable[Job]) -> None:
        """Ask for each job that has not ended, whatever is answered."""
        for job in jobs:
            if not job.waited_for:
                with contextlib.suppress(Nonconformity, Blocked):
                    self.poll(job)

    def poll_to_the_end(self, jobs: Iterable[Job]) -> None:
        """Wait until each job has ended or is given up, and look at it a few times more."""
        jobs = list(jobs)
        deadline = time.monotonic() + self._job_timeout
        pause = 0.2
        misses: dict[str, int] = {}
        while waiting := [job for job in jobs if not job.waited_for]:
            hints = [self._poll_or_give_up(job, misses, deadline) for job in waiting]
            # What the list says between two polls must lie between what they say.
            with contextlib.suppress(Nonconformity, Blocked):
                self._gate.send("GET", "/videos", params={"limit": 100})
            if not all(job.waited_for for job in waiting):
                asked = [hint for hint in hints if hint is not None]
                time.sleep(max(0.02, min(min(asked, default=pause), _LONGEST_PAUSE)))
                pause = min(pause * 1.5, 5.0)
        for job in jobs:
            self.look_on(job)

    def look_on(self, job: Job) -> None:
        """Look at a job a few times after its end, at which it must stay as it is."""
        job.looked_on = True
        with contextlib.suppress(Nonconformity, Blocked):
            while job.ended is not None and job.polls_after_the_end < AFTER_THE_END:
                self.poll(job)

    def _poll_or_give_up(self, job: Job, misses: dict[str, int], deadline: float) -> float | None:
        """Ask for a job; return after how many seconds the server wants to be asked again."""
        hint = None
        try:
            video = self.poll(job)
        except (Nonconformity, Blocked) as failure:
            video, reason = None, str(failure)
        else:
            reason = job.polls[-1].summary
            hint = _hint(job.polls[-1])
        misses[job.id] = 0 if video else misses.get(job.id, 0) + 1
        if job.waited_for:
            return hint
        if misses[job.id] >= _MOST_MISSES:
            job.lost, job.unretrievable = reason, True
        elif time.monotonic() > deadline:
            job.lost = f"not ended after --job-timeout {self._job_timeout:g} s: {reason}"
        return hint


def _hint(answer: Exchange) -> float | None:
    """Return how many seconds the server asks to wait, None where it does not say."""
    milliseconds = number_in(answer.response, "openai-poll-after-ms")
    return hint_of(answer.response) if milliseconds is None else milliseconds / 1000
