"""What must be there while linked calls are walked, and what each call says of it."""

from __future__ import annotations

from urllib.parse import unquote

import hypothesis
from requests.structures import CaseInsensitiveDict

from openvideos_contract.generating.cases import AnyCase, Generator, ask_about
from openvideos_contract.outcome import Nonconformity
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate, video_path


class World:
    """What must be there: the finished jobs, and those of them that were deleted."""

    def __init__(self, gate: Gate, generator: Generator, nobody: str, finished: list[str]) -> None:
        self.gate = gate
        self.generator = generator
        self.nobody = nobody
        self.alive = finished
        self.deleted: set[str] = set()
        self.failure: Exception | None = None
        self.calls = 0
        self._turn = 0

    def call(self, case: AnyCase) -> Exchange:
        """Send a step; a create stands for taking up a job that is finished already."""
        if self.failure is not None:
            hypothesis.reject()
        self.calls += 1
        operation = case.operation.definition.raw["operationId"]
        case.headers = CaseInsensitiveDict()
        case.query = {}
        if operation == "create_video":
            self._turn += 1
            there = self.alive or sorted(self.deleted)
            video_id = there[self._turn % len(there)]
            answer = self.gate.send("GET", video_path(video_id))
            self._judge(answer, "retrieve_video", video_id)
            return answer
        if operation == "list_videos":
            return self.generator.send(case)
        generated = str(case.path_parameters["video_id"])
        video_id = unquote(generated)
        if video_id in self.alive or video_id in self.deleted:
            ask_about(case, video_id)
        else:
            video_id = case.path_parameters["video_id"] = f"{self.nobody}{generated}"
        answer = self.generator.send(case)
        self._judge(answer, operation, video_id)
        return answer

    def _judge(self, answer: Exchange, operation: str, video_id: str) -> None:
        there = video_id in self.alive
        if there and not answer.ok:
            if not self.gate.seen[operation, "2xx"]:
                return  # it never works, which a requirement of its own tells
            raise Nonconformity(
                expected=f"a 2xx: {video_id} was made, is finished, and was not deleted",
                seen=answer.summary,
                exchange=answer,
            )
        if not there and not answer.refused:
            gone = "was deleted" if video_id in self.deleted else "was never made"
            raise Nonconformity(
                expected=f"a 4xx: {video_id} {gone}", seen=answer.summary, exchange=answer
            )
        if operation == "delete_video" and there:
            self.alive.remove(video_id)
            self.deleted.add(video_id)
