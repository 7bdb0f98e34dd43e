"""A server of many jobs in virtual time, whose list is as fit, or unfit, as a test wants it."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Sequence
from itertools import count
from typing import Any
from urllib.parse import unquote

from attrs import define, field

from .fake_clock import EPOCH
from .faulty_server import Answer, Reply, Request


@define
class ManyJobs:
    """Jobs that are queued, run and end at set times, and what a server tells of them.

    Attributes:
        time: The time, in virtual seconds.
        ends: Each job's id, in the order of creation, with the time when it ends.
        failing: Ids of those that fail in the end.
        list_answer: What the list answers in place of a page; None for a page.
        list_after: The number of the request from which on that is so.
        cursors: Whether the list takes cursors, or gives everything at once.
        says_more: Whether its pages say if there are more.
        largest_page: How many videos a page holds at most.
        shown_ids: What the list makes of an id.
        omitted: Ids of jobs that the list leaves out.
        keys: The keys of a list's items; None for all.
        stale: Whether the list shows each job, or which ones, as they were when they were last
            asked for by themselves.
        premature: Whether the list shows each job to be completed, however it stands.
        most_running: How many jobs may run at once; None for any number.
        duration: How long a job that is created here takes.
        requests: What was asked: `list`, `create`, or a job's id.
    """

    time: Callable[[], float]
    ends: dict[str, float] = field(factory=dict)
    failing: set[str] = field(factory=set)
    list_answer: Answer | None = None
    list_after: int = 0
    cursors: bool = True
    says_more: bool = True
    largest_page: int = 100
    shown_ids: Callable[[str], str] = str
    omitted: set[str] = field(factory=set)
    keys: Sequence[str] | None = None
    stale: bool | Collection[str] = False
    premature: bool = False
    most_running: int | None = None
    duration: float = 30.0
    requests: list[str] = field(factory=list, init=False)
    times: list[float] = field(factory=list, init=False)
    _seen: dict[str, dict[str, Any]] = field(factory=dict, init=False)
    _order: dict[str, int] = field(factory=dict, init=False)
    _numbers: Any = field(factory=lambda: count(1), init=False)
    _lock: Any = field(factory=threading.Lock, init=False)

    def answer(self, request: Request) -> Answer:
        with self._lock:
            self.times.append(self.time())
            if request.method == "POST":
                self.requests.append("create")
                return self._created(request)
            if request.path.endswith("/videos"):
                self.requests.append("list")
                return self._page(request)
            id_ = unquote(request.path.rpartition("/")[2])
            self.requests.append(id_)
            if id_ not in self.ends:
                return Reply({"error": {"message": f"Video with id '{id_}' not found."}}, 404)
            self._seen[id_] = self.video(id_)
            return Reply(self._seen[id_])

    def video(self, id_: str) -> dict[str, Any]:
        """The job as it is now."""
        end, now = self.ends[id_], self.time()
        status = "queued" if now < end - 20 else "in_progress"
        progress = max(0, min(99, int(100 * (1 - (end - now) / 20))))
        error = None
        if now >= end:
            status, progress = "completed", 100
            if id_ in self.failing:
                status, progress = "failed", 99
                error = {"code": "moderation_blocked", "message": "No."}
        return {
            "id": id_,
            "object": "video",
            "status": status,
            "progress": progress,
            "created_at": int(EPOCH) - 1000 + self._number(id_),
            "completed_at": int(EPOCH + end) if now >= end else None,
            "prompt": "x",
            "error": error,
        }

    def _number(self, id_: str) -> int:
        if len(self._order) != len(self.ends):
            self._order = {id_: number for number, id_ in enumerate(self.ends)}
        return self._order[id_]

    def running(self) -> int:
        return sum(end > self.time() for end in self.ends.values())

    def _created(self, request: Request) -> Answer:
        if self.most_running is not None and self.running() >= self.most_running:
            return Reply({"error": {"message": "Too many running tasks"}}, 429)
        id_ = f"video_{next(self._numbers)}"
        prompt = request.fields()["prompt"]
        self.ends[id_] = self.time() + self.duration
        if "[fails]" in prompt:
            self.failing.add(id_)
        return Reply({**self.video(id_), "prompt": prompt})

    def _page(self, request: Request) -> Answer:
        if self.list_answer is not None and self.requests.count("list") > self.list_after:
            return self.list_answer
        names = [id_ for id_ in reversed(self.ends) if id_ not in self.omitted]
        limit = min(int(request.query.get("limit", ["20"])[0]), self.largest_page)
        after = request.query.get("after", [""])[0]
        shown = [self.shown_ids(id_) for id_ in names]
        start = shown.index(after) + 1 if self.cursors and after in shown else 0
        end = start + limit if self.cursors else len(names)
        items = [self._item(id_) for id_ in names[start:end]]
        body: dict[str, Any] = {"object": "list", "data": items}
        if self.says_more:
            body |= {"last_id": items[-1]["id"] if items else None, "has_more": end < len(names)}
        return Reply(body)

    def _item(self, id_: str) -> dict[str, Any]:
        item = self.video(id_)
        if self.stale if isinstance(self.stale, bool) else id_ in self.stale:
            queued = {"status": "queued", "progress": 0, "completed_at": None, "error": None}
            item = self._seen.get(id_, item | queued)
        if self.premature:
            item = item | {"status": "completed", "progress": 100, "completed_at": int(EPOCH)}
        item = {**item, "id": self.shown_ids(id_)}
        return item if self.keys is None else {key: item[key] for key in self.keys}


def replied(answer: Reply) -> bytes:
    """The body of an answer."""
    return answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
