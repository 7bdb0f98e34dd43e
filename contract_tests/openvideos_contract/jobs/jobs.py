"""The jobs of a run: few, made once, and shared by all tests.

One job feeds many tests: its answers are recorded while it is polled to its end, and judged later.
"""

from __future__ import annotations

import contextlib
import time
from typing import Any

import attrs

from openvideos_contract.contract import Contract
from openvideos_contract.jobs.job import ENDS, RUNNING, Job
from openvideos_contract.jobs.plan import SPARE, JobRequest, plan
from openvideos_contract.outcome import Blocked, Nonconformity, NotRun, Unsupported
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

POLLS_AFTER_THE_END = 4


class Jobs:
    """Makes the planned jobs when the first is asked for, and polls them to their end."""

    def __init__(self, gate: Gate, configuration: Configuration, contract: Contract) -> None:
        self._gate = gate
        self._configuration = configuration
        self._plan = {wanted.name: wanted for wanted in plan(configuration, contract)}
        self._jobs: dict[str, Job] = {}
        self._failures: dict[str, Exception] = {}
        self._contents: dict[tuple[str, str | None], Exchange | Nonconformity] = {}
        self._polled = False

    def made(self, name: str) -> Job:
        """Return a job that was made, running or not.

        Raises:
            Nonconformity: The server did not make it; for the tests of create itself.
            NotRun: The budget did not allow it, or no chosen profile needs it.
            Unsupported: The server does not offer it.
        """
        if name not in self._plan:
            raise NotRun(f"no chosen profile makes the job {name}")
        if name == "remix":
            self._make_remix()
        else:
            self._make_all()
        if name in self._failures:
            raise self._failures[name]
        return self._jobs[name]

    def existing(self, name: str) -> Job:
        """Return a job for a test that is not about making it.

        Raises:
            Blocked: It could not be made.
        """
        try:
            return self.made(name)
        except Nonconformity as failure:
            raise Blocked(f"the job {name} could not be made: {failure.seen}") from failure

    def completed(self, name: str) -> Job:
        """Return a job that is completed, after waiting for it.

        Raises:
            Blocked: It could not be made, or was not completed (LIFE-001).
        """
        job = self.ended(name)
        if job.unretrievable:
            raise Blocked(f"the job {name} cannot be retrieved (RETRIEVE-001): {job.lost}")
        if not job.completed:
            status = (job.ended or {}).get("status")
            raise Blocked(f"the job {name} was not completed (LIFE-001): {job.lost or status}")
        return job

    def remixed(self) -> Job:
        """Return the completed job that is remixed, of values that are no defaults if possible.

        Raises:
            Blocked: No job was completed.
        """
        try:
            return self.completed("other")
        except (Blocked, NotRun):
            return self.completed("plain")

    def ended(self, name: str) -> Job:
        """Return a job after it was waited for, whether it ended or not.

        Raises:
            Blocked: It could not be made.
        """
        job = self.existing(name)
        if not self._polled:
            self._polled = True
            self._poll_all()
        return job

    def all_made(self) -> list[Job]:
        """Return the jobs that were made so far, in order."""
        return list(self._jobs.values())

    def all_completed(self) -> list[Job]:
        """Return the completed jobs, without making more; first those that were downloaded."""
        downloaded = {name for name, _ in self._contents}
        completed = [job for job in self._jobs.values() if job.completed]
        return sorted(completed, key=lambda job: job.request.name not in downloaded)

    def content(self, name: str, variant: str | None = None) -> Exchange:
        """Return the download of a completed job, made once.

        Raises:
            Blocked: The job was not completed.
            Nonconformity: No whole answer came.
        """
        if (name, variant) not in self._contents:
            job = self.completed(name)
            params = None if variant is None else {"variant": variant}
            try:
                answer: Exchange | Nonconformity = self._gate.send(
                    "GET", f"{job.path}/content", params=params
                )
            except Nonconformity as failure:
                answer = failure
            self._contents[name, variant] = answer
        found = self._contents[name, variant]
        if isinstance(found, Nonconformity):
            raise found
        return found

    def whole_content(self, name: str) -> Exchange:
        """Return the download of a completed job for a test that is not about downloading.

        Raises:
            Blocked: It cannot be downloaded (CONTENT-001).
        """
        try:
            answer = self.content(name)
        except Nonconformity as failure:
            seen = failure.seen
        else:
            if answer.status == 200 and answer.content:
                return answer
            seen = answer.summary
        raise Blocked(f"the content of the job {name} cannot be downloaded (CONTENT-001): {seen}")

    def _make_all(self) -> None:
        for name, wanted in self._plan.items():
            if name == "remix" or name in self._jobs or name in self._failures:
                continue
            if self._jobs and "plain" in self._jobs:
                self._let_a_second_pass(self._jobs["plain"])
            self._make(wanted)
            if name == "plain" and name in self._jobs:
                self._look_early(self._jobs[name])

    def _make(self, wanted: JobRequest) -> None:
        try:
            self._require_room(wanted)
            answer, refusal = self._create(wanted), None
            if answer.refused and wanted.otherwise is not None:
                refusal = answer
                wanted = attrs.evolve(wanted, fields=wanted.otherwise, otherwise=None)
                answer = self._create(wanted)
            self._keep(Job(wanted, answer, answer.video()["id"], refusal))
        except (Nonconformity, NotRun, Blocked) as failure:
            self._failures[wanted.name] = failure

    def _create(self, wanted: JobRequest) -> Exchange:
        body: dict[str, Any] = {wanted.encoding: wanted.fields}
        return self._gate.send("POST", "/videos", **body)

    def _keep(self, job: Job) -> None:
        self._jobs[job.request.name] = job
        with contextlib.suppress(Nonconformity, Blocked):
            job.listed = self._gate.send("GET", "/videos", params={"limit": 100})

    def _require_room(self, wanted: JobRequest) -> None:
        limit = self._gate.budget.limit
        affordable = list(self._plan)[: max(limit - SPARE, min(limit, 1))]
        if wanted.name not in affordable:
            raise NotRun(f"--max-videos {limit} leaves no room for the job {wanted.name}")

    def _make_remix(self) -> None:
        if "remix" in self._jobs or "remix" in self._failures:
            return
        try:
            source = self.remixed()
            wanted = self._plan["remix"]
            self._require_room(wanted)
            answer = self._gate.send("POST", f"{source.path}/remix", json=wanted.fields)
            self.require_offered(answer, "remix")
            self._keep(Job(wanted, answer, answer.video()["id"]))
        except (Nonconformity, NotRun, Blocked, Unsupported) as failure:
            self._failures["remix"] = failure
            return
        self._poll_all()

    def require_taken(self, encoding: str) -> None:
        """Go on unless the server takes no create in an encoding, good or bad.

        Raises:
            Blocked: It takes none (CREATE-001, CREATE-002).
        """
        with contextlib.suppress(NotRun):
            self.existing({"json": "plain", "form": "form"}[encoding])

    def require_offered(self, answer: Exchange, what: str) -> None:
        """Go on unless `answer` is what the server answers at a path that it does not have.

        Raises:
            Unsupported: It is.
        """
        if answer.status in {405, 501}:
            self._gate.forgive(answer)
            raise Unsupported(f"the server does not offer {what}: {answer.summary}")
        if answer.status != 404:
            return
        path = answer.request.url.path
        unheard = f"/videos/{self._configuration.run_id}/{self._configuration.run_id}"
        # Only a request that can start nothing: the method is the same, the path is nobody's.
        nowhere = self._gate.send(answer.request.method, unheard)
        here = answer.content.replace(path.encode(), b"")
        there = nowhere.content.replace(nowhere.request.url.path.encode(), b"")
        self._gate.forgive(nowhere)
        if nowhere.status == 404 and here == there:
            self._gate.forgive(answer)
            raise Unsupported(f"the server does not offer {what}: {answer.summary}")

    def _let_a_second_pass(self, job: Job) -> None:
        """Wait until a new job gets a later created_at than `job`, so that a list has an order."""
        created_at = job.video.get("created_at")
        if isinstance(created_at, int) and created_at == int(time.time()):
            time.sleep(created_at + 1.02 - time.time())

    def _look_early(self, job: Job) -> None:
        """Ask for what an unfinished job must refuse, where it is caught unfinished."""
        content = self._gate.send("GET", f"{job.path}/content")
        if self._unfinished(job):
            job.early_content = content
        if "remix" not in self._plan or not self._unfinished(job):
            return
        prompt = f"[{self._configuration.run_id}] too early"
        try:
            remix = self._gate.send(
                "POST", f"{job.path}/remix", json={"prompt": prompt}, family="an unfinished source"
            )
        except (Nonconformity, NotRun, Blocked):
            return
        if self._unfinished(job):
            job.early_remix = remix

    def _unfinished(self, job: Job) -> bool:
        video = self._poll(job)
        return video is not None and video.get("status") in RUNNING

    def _poll(self, job: Job) -> dict[str, Any] | None:
        answer = self._gate.send("GET", job.path)
        job.polls.append(answer)
        body = answer.json()
        # The status counts whatever the HTTP status: a failed job is an HTTP error at some servers.
        if not isinstance(body, dict) or not isinstance(body.get("status"), str):
            return None
        if job.ended is None and body["status"] in ENDS:
            job.ended = body
        return body

    def _poll_all(self) -> None:
        deadline = time.monotonic() + self._configuration.job_timeout
        pause = 0.2
        misses: dict[str, int] = {}
        while waiting := [j for j in self._jobs.values() if j.ended is None and not j.lost]:
            hints = []
            for job in waiting:
                try:
                    video = self._poll(job)
                except (Nonconformity, Blocked) as failure:
                    video, reason = None, str(failure)
                else:
                    reason = job.polls[-1].summary
                    hints.append(_poll_hint(job.polls[-1]))
                misses[job.id] = 0 if video else misses.get(job.id, 0) + 1
                if misses[job.id] >= 5:
                    job.lost, job.unretrievable = reason, True
                elif time.monotonic() > deadline:
                    limit = self._configuration.job_timeout
                    job.lost = f"not ended after --job-timeout {limit:g} s: {reason}"
            if any(job.ended is None and not job.lost for job in waiting):
                asked = [hint for hint in hints if hint is not None]
                time.sleep(max(0.02, min(min(asked, default=pause), 10.0)))
                pause = min(pause * 1.5, 5.0)
        self._watch_the_end()

    def _watch_the_end(self) -> None:
        for job in self._jobs.values():
            after = 0 if job.ended is None else POLLS_AFTER_THE_END
            while after and len(job.polls) and job.polls_after_the_end < after:
                try:
                    self._poll(job)
                except (Nonconformity, Blocked):
                    break


def _poll_hint(answer: Exchange) -> float | None:
    """Return how many seconds the server asks to wait, None where it does not say."""
    milliseconds = answer.header("openai-poll-after-ms") or answer.header("retry-after-ms")
    seconds = answer.header("retry-after")
    if milliseconds.isdecimal():
        return int(milliseconds) / 1000
    return float(seconds) if seconds.isdecimal() else None
