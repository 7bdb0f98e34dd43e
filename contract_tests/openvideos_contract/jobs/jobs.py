"""The jobs of a run: few, made once, and shared by all tests.

One job feeds many tests: its answers are recorded while it is polled to its end, and judged later.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import attrs

from openvideos_contract.contract import Contract
from openvideos_contract.jobs.early import look_early
from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.offers import OFFERS, require_offered
from openvideos_contract.jobs.plan import JobRequest, Start, affordable, needed, plan, spare
from openvideos_contract.jobs.polling import Polling
from openvideos_contract.jobs.reused import reused
from openvideos_contract.outcome import (
    Blocked,
    Nonconformity,
    NotRun,
    Unsupported,
    shorten,
)
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

READS_MEANWHILE = 4


class Jobs:
    """Makes the planned jobs when the first is asked for, and polls them to their end.

    Args:
        gate: Where every request leaves.
        configuration: What the run is asked to do.
        contract: What the server is held to.
        chosen: The ids of the requirements under test; None for all of the chosen profiles.
    """

    def __init__(
        self,
        gate: Gate,
        configuration: Configuration,
        contract: Contract,
        chosen: Collection[str] | None = None,
    ) -> None:
        self._gate = gate
        self._configuration = configuration
        self._encodings = contract.encodings
        self._polling = Polling(gate, configuration.job_timeout)
        # A server that makes few at a time may wait for one to be seen.
        gate.while_busy = lambda: self._polling.poll_once([*self._jobs.values()])
        self._known = {wanted.name: wanted for wanted in plan(configuration, contract)}
        self._planned = plan(configuration, contract, chosen)
        self._spare = spare(self._planned, chosen)
        self._needed = needed(configuration, contract, chosen)
        self._jobs: dict[str, Job] = {}
        self._failures: dict[str, Exception] = {}
        self._reused: Job | None = None
        self._character: Exchange | None = None
        self._contents: dict[tuple[str, str | None], Exchange | Nonconformity] = {}

    def made(self, name: str) -> Job:
        """Return a job that was made, running or not.

        Raises:
            Nonconformity: The server did not make it; for the tests of create itself.
            NotRun: The budget did not allow it, or no chosen profile needs it.
            Unsupported: The server does not offer it.
        """
        self._make(name)
        return self._jobs[name]

    def character(self) -> Exchange:
        """Return the answer to making the character, from the file of the job plain.

        Raises:
            NotRun: The budget did not allow it, or the profile characters is not chosen.
            Unsupported: The server does not offer it.
            Blocked: The job plain was not completed, or cannot be downloaded.
        """
        if self._character is None:
            self._make("character")
        if self._character is None:
            raise Blocked("no character was made")
        return self._character

    def existing(self, name: str) -> Job:
        """Return a job for a test that is not about making it.

        Raises:
            Blocked: It could not be made.
        """
        try:
            return self.made(name)
        except Nonconformity as failure:
            if name in self._jobs:
                return self._jobs[name]  # made otherwise than it was asked for first
            raise Blocked(f"the job {name} could not be made: {failure.seen}") from failure
        except NotRun:
            video_id = self._configuration.reuse_video
            if name != "plain" or video_id is None:
                raise
            if self._reused is None:
                self._reused = reused(self._gate, video_id)
            return self._reused

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
        if not job.looked_on:
            others = [other for other in self._jobs.values() if not other.looked_on]
            self._polling.poll_to_the_end([job] if job is self._reused else others)
        return job

    def require_not_unlucky(self, job: Job) -> None:
        """Go on unless the server says that a job failed, where it completed another.

        Any model may fail now and then, which no promise forbids; that every job of an operation
        fails, where there were several, is no bad luck.

        Raises:
            NotRun: It does.
        """
        video = job.ended or {}
        alike = [
            other
            for other in self._jobs.values()
            if other is not job and other.ended and other.request.path == job.request.path
        ]
        if alike and not any(other.completed for other in alike):
            return
        if video.get("status") == "failed" and self.all_completed():
            raise NotRun(
                f"the job {job.request.name} failed, as a job may, and others were completed: "
                f"run it again; the server says {shorten(str(video.get('error')), 300)}"
            )

    def all_made(self) -> list[Job]:
        """Return the jobs that were made so far, in order."""
        return list(self._jobs.values())

    def all_completed(self) -> list[Job]:
        """Return the completed jobs, without making more; first those that were downloaded."""
        downloaded = {name for name, _ in self._contents}
        known = [*self._jobs.values(), *([self._reused] if self._reused else [])]
        completed = [job for job in known if job.completed]
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

    @property
    def downloads(self) -> dict[tuple[str, str | None], Exchange]:
        """The answers to the downloads so far, by the name of the job and the variant."""
        return {
            name: answer
            for name, answer in self._contents.items()
            if not isinstance(answer, Nonconformity)
        }

    def require_room(self, name: str) -> JobRequest:
        """Return a job of the plan if the budget has room for it, and for all more needed ones.

        Raises:
            NotRun: It has not, or no chosen profile makes the job.
        """
        if name not in self._known:
            raise NotRun(f"no chosen profile makes the job {name}")
        limit = self._gate.budget.limit
        planned = self._planned
        if all(job.name != name for job in planned):
            planned = [*planned, self._known[name]]
        if name not in affordable(planned, limit, self._spare):
            raise NotRun(
                f"--max-videos {limit} leaves no room for the job {name}; "
                f"{self._needed} would leave nothing out"
            )
        return self._known[name]

    def _make(self, name: str) -> None:
        """Make a job unless it was made before, and with it those that can be made by now.

        Raises:
            Exception: Why it could not be made, whenever that was tried.
        """
        if name not in self._known or self._known[name].by_test:
            raise NotRun(f"no chosen profile makes the job {name}")
        # All at once, so that a server makes them side by side.
        first = self._known[name].start is Start.PROMPT
        together = [job for job in self._planned if (job.start is Start.PROMPT) == first]
        names = dict.fromkeys([*(job.name for job in together), name])
        wanted = [
            job
            for job in map(self._known.__getitem__, names)
            if not job.by_test and not self._was_tried(job.name)
        ]
        # The first one alone, so that it is older than the others.
        alone = [job for job in wanted if job.name == "plain" or not first]
        for job in alone:
            self._make_one(job)
        self._make_at_once([job for job in wanted if job not in alone])
        if name in self._failures:
            raise self._failures[name]

    def _make_at_once(self, wanted: list[JobRequest]) -> None:
        """Make jobs by requests that are under way together, as those of several clients are."""
        if not wanted:
            return
        with ThreadPoolExecutor(len(wanted) + 1) as requests:
            reading = requests.submit(self._read_meanwhile)
            list(requests.map(self._make_one, wanted))
            reading.result()
        # In the order of the plan, whichever was answered first.
        self._jobs = {name: self._jobs[name] for name in self._known if name in self._jobs}

    def _read_meanwhile(self) -> None:
        """Read what is there while other jobs are made, which must not disturb it."""
        plain = self._jobs.get("plain")
        if plain is None:
            return
        with contextlib.suppress(Nonconformity, Blocked):
            self._let_a_second_pass(plain)
            for _ in range(READS_MEANWHILE):
                self._polling.poll(plain)
                self._gate.send("GET", "/videos", params={"limit": 100})
                time.sleep(0.02)

    def _make_one(self, wanted: JobRequest) -> None:
        if self._was_tried(wanted.name):
            return
        try:
            self.require_room(wanted.name)
            if wanted.start is Start.PROMPT and "plain" in self._jobs:
                self._let_a_second_pass(self._jobs["plain"])
            self._start(wanted)
        except (Nonconformity, NotRun, Blocked, Unsupported) as failure:
            self._failures[wanted.name] = failure

    def _was_tried(self, name: str) -> bool:
        made = name in self._jobs or (name == "character" and self._character is not None)
        return made or name in self._failures

    def _start(self, wanted: JobRequest) -> None:
        answer, refusal = self._request(wanted), None
        if answer.status in _NOT_UNDERSTOOD and wanted.other_encoding is not None:
            otherwise = attrs.evolve(wanted, encoding=wanted.other_encoding)
            taken = self._request(otherwise)
            if taken.ok:
                self._failures[wanted.name] = Nonconformity(
                    expected="2xx and a Video", seen=answer.summary, exchange=answer
                )
                wanted, answer = otherwise, taken
        elif answer.refused and wanted.otherwise is not None:
            refusal = answer
            wanted = attrs.evolve(wanted, fields=wanted.otherwise, otherwise=None)
            answer = self._request(wanted)
        if wanted.start is not Start.PROMPT and wanted.start is not Start.CHARACTER:
            require_offered(self._gate, answer, OFFERS[wanted.path])
        if wanted.name == "character":
            answer.accepted("2xx and a Character")
            self._character = answer
            return
        job = Job(wanted, answer, answer.video()["id"], refusal)
        self._jobs[wanted.name] = job
        with contextlib.suppress(Nonconformity, Blocked):
            job.listed = self._gate.send("GET", "/videos", params={"limit": 100})
        if wanted.name == "plain":
            look_early(job, self._planned, self._gate, self._polling)

    def _request(self, wanted: JobRequest) -> Exchange:
        """Send the request that makes a job from what it starts from."""
        fields: dict[str, Any] = dict(wanted.fields)
        path = wanted.path
        match wanted.start:
            case Start.PATH:
                path = self.remixed().path + path
            case Start.ID:
                source = self.remixed() if wanted.name == "edit" else self.completed("plain")
                fields["video"] = {"id": source.id}
            case Start.FILE:
                file = self.whole_content("plain")
                name = "plain.avi" if "avi" in file.media_type else "plain.mp4"
                fields["video"] = (name, file.content, file.media_type or "video/mp4")
            case Start.CHARACTER:
                fields["characters"] = [{"id": self._id_of_the_character()}]
        body: dict[str, Any] = {wanted.encoding: fields}
        return self._gate.send("POST", path, **body)

    def _id_of_the_character(self) -> str:
        self._make_one(self._known["character"])
        if self._character is None:
            raise Blocked(f"the character could not be made: {self._failures['character']}")
        made = self._character.object.get("id")
        if not isinstance(made, str) or not made:
            raise Blocked("the character that was made has no id")
        return made

    def require_taken(self, encoding: str) -> None:
        """Go on unless the server takes no create in an encoding, good or bad.

        Raises:
            Unsupported: The dialect says that it takes none.
            Blocked: It takes none (CREATE-001, CREATE-002).
        """
        if encoding not in self._encodings:
            raise Unsupported(f"the dialect takes no create as {encoding}")
        name = {"json": "plain", "form": "multipart"}[encoding]
        try:
            self.made(name)
        except Nonconformity as failure:
            raise Blocked(f"the job {name} could not be made: {failure.seen}") from failure
        except NotRun:
            pass

    def _let_a_second_pass(self, job: Job) -> None:
        """Wait until a new job gets a later created_at than `job`, so that a list has an order."""
        created_at = job.video.get("created_at")
        if isinstance(created_at, int) and created_at == int(time.time()):
            time.sleep(created_at + 1.02 - time.time())


# What a server answers that does not read an encoding.
_NOT_UNDERSTOOD = frozenset({400, 415, 422})
