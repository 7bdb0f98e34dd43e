"""The one gate that every request of every test leaves through.

It knows that jobs cost money: it counts the accepted ones, sends nothing that might pass the
budget, deletes at once what was accepted wrongly and at the end all that the run made, and never
deletes anything else.
"""

from __future__ import annotations

import contextlib
import enum
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx

from openvideos_contract.checks.answers import Violation, violations
from openvideos_contract.contract import Contract
from openvideos_contract.outcome import (
    Blocked,
    BudgetExhausted,
    Nonconformity,
    NotRun,
    Prohibited,
    shorten,
)
from openvideos_contract.settings.configuration import Configuration
from openvideos_contract.settings.masking import WORDS_OF_KEYS
from openvideos_contract.wire.budget import Budget
from openvideos_contract.wire.cleaning import delete_all
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.interrupts import uninterrupted
from openvideos_contract.wire.ledger import Ledger
from openvideos_contract.wire.made import (
    CHARACTERS,
    Made,
    is_addressable,
    last_segment,
    video_path,
)
from openvideos_contract.wire.own_requests import require_right
from openvideos_contract.wire.patience import Patience, is_busy
from openvideos_contract.wire.transport import SAFE_TO_REPEAT, Transport

__all__ = ["Gate", "Key", "Made", "video_path", "was_reset"]


class Key(enum.Enum):
    """Stands for a key in a call, so that a test holds no secret."""

    OWN = "own"


# Failures before anything was sent.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_STARTS_JOBS = frozenset({"POST", "PUT", "PATCH"})
# Answers that leave open whether a job was started: it is to be looked for elsewhere, or something
# between lost what the server said. One from 520 on is a proxy's, too.
_OF_UNKNOWN_EFFECT = frozenset({*range(300, 400), 502, 504, *range(520, 528)})


class Gate:
    """Sends requests, each counted, checked against the contract and remembered.

    Attributes:
        budget: The jobs that may still be started.
        current_test: The test that is under way, for the record.
        seen: How many answers each operation gave, by operationId and class of status ("2xx").
        found: What answers got wrong.
        made: The jobs that the run made, in order.
        accepted: The families of which the server accepted a request.
        exchanges: Every exchange, in order, numbered from 1.
        ledger: What all processes of the run know of its jobs.
        while_busy: Called before each pause in which a busy server is waited for to take a job.
        videos: Every Video that was answered, in order: the id that it is about, itself, and the
            exchange.
    """

    def __init__(
        self, configuration: Configuration, contract: Contract, *, shared: bool = False
    ) -> None:
        """Open a gate.

        Args:
            configuration: What the run is asked to do.
            contract: What answers are held to.
            shared: Whether this is one of several processes, of which another began the run, and
                ends it.
        """
        self.configuration = configuration
        self.contract = contract
        self.ledger = Ledger(configuration.run_id, configuration.base_url)
        self.budget = Budget(configuration.max_videos, self.ledger)
        self.current_test = ""
        self.seen: Counter[tuple[str, str]] = Counter()
        self.found: list[Violation] = []
        self.made: list[Made] = []
        self.accepted: set[str] = set()
        self.exchanges: list[Exchange] = []
        self.videos: list[tuple[str, dict[str, Any], Exchange]] = []
        self.while_busy: Callable[[], None] = lambda: None
        self._patience = Patience(configuration.job_timeout)
        self._family_locks: dict[str, threading.Lock] = {}
        self._listed_at: dict[str, float] = {}
        self._gone: str | None = None
        self._shared = shared
        self._lock = threading.RLock()
        names = ("OPENVIDEOS_API_KEY", "OPENVIDEOS_SECOND_API_KEY")
        keys = (configuration.api_key, configuration.second_api_key)
        self._own_key = None if configuration.no_auth else configuration.api_key
        self._secrets = {name: key for name, key in zip(names, keys, strict=True) if key}
        for kind, pairs in (("HEADER", configuration.headers), ("QUERY", configuration.query)):
            for name, value in pairs:
                word = re.sub(r"\W", "_", name).upper()
                self._secrets[f"OPENVIDEOS_{kind}_{word}"] = value
        self._transport = Transport(
            timeout=configuration.request_timeout,
            rpm=configuration.rpm,
            user_agent=f"openvideos-conform/{contract.version}",
        )

    def send(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        form: Mapping[str, Any] | None = None,
        content: bytes | None = None,
        key: str | Key | None = Key.OWN,
        family: str | None = None,
    ) -> Exchange:
        """Send one request and return it with its whole answer.

        Args:
            method: In capitals.
            path: Below the base URL, percent-encoded where it needs it; see `video_path`.
            params: The query.
            headers: Further headers; an `Authorization` replaces the key's.
            json: A body, sent as JSON.
            form: A body, sent as multipart: text, or (filename, bytes, type) for a file.
            content: A body, sent as it is.
            key: The key to send, None for none.
            family: What is wrong with the request, where the server should refuse it. An accepted
                one is deleted at once, and no other of its family is sent. One without a family
                that might start a job is meant to keep the contract.

        Raises:
            BudgetExhausted: The request might start a job, and no job is left; or it is none that
                only reads, where no job is allowed at all.
            Blocked: A request of its family was accepted before, or the server is gone, or it was
                busy for as long as may be waited.
            Nonconformity: No whole answer came.
            Prohibited: The request would delete what the run did not make, or breaks the contract
                though it should keep it.
        """
        if method in _STARTS_JOBS and family is None:
            require_right(self.contract, method, path, json=json, form=form)
        own = self._own_key if isinstance(key, Key) else key
        merged = {"Accept": "*/*", "Accept-Encoding": "identity"}
        if own is not None:
            merged["Authorization"] = f"Bearer {own}"
        merged.update(headers or {})
        files = None
        if form is not None:
            # As files without a name, so that httpx sends multipart though there is no file.
            files = [
                (name, (None, str(value)) if not isinstance(value, tuple) else value)
                for name, value in form.items()
            ]
        try:
            request = self._transport.client.build_request(
                method,
                self.configuration.base_url + path,
                params=params,
                headers=merged,
                json=json,
                files=files,
                content=content,
            )
        except (httpx.InvalidURL, UnicodeError) as error:
            raise Nonconformity(
                expected="an id, or an ETag, that a request can hold",
                seen=f"{shorten(path, 200)}: {error}",
            ) from error
        return self.pass_through(request, key=own, family=family)

    def pass_through(
        self, request: httpx.Request, *, key: str | None, family: str | None = None
    ) -> Exchange:
        """Send a request that is ready; see `send`, through which all others come here."""
        if self._gone:
            raise Blocked(self._gone)
        self._add_what_every_request_has(request, key)
        request.read()
        path = self._path(request)
        self._forbid_changes_where_read_only(request.method, path)
        self._forbid_deleting_others(request.method, path)
        if request.method not in _STARTS_JOBS:
            return self._patiently(request, path, key, family)
        with self._family_lock(family):
            self._forbid_repeating(family)
            return self._patiently(request, path, key, family)

    def _patiently(
        self, request: httpx.Request, path: str, key: str | None, family: str | None
    ) -> Exchange:
        """Send a request again for as long as the server says nothing but that it is busy."""
        starts_job = request.method in _STARTS_JOBS
        since, tries = time.monotonic(), 0
        while True:
            if starts_job:
                with uninterrupted():
                    exchange = self._counted(request, path, key, family)
            else:
                exchange = self._exchange(request)
            if not is_busy(exchange.response, meant_to_start_job=starts_job and family is None):
                self._note_deletion(exchange, path)
                self._observe(exchange, path)
                return exchange
            tries += 1
            pause = self._patience.pause(exchange.response, since, tries, starts_job)
            if not pause:
                waited = time.monotonic() - since
                raise Blocked(f"the server is busy, for {waited:.0f} s by now: {exchange.summary}")
            if starts_job:
                self.while_busy()
            time.sleep(pause)

    def _counted(
        self, request: httpx.Request, path: str, key: str | None, family: str | None
    ) -> Exchange:
        """Send a request that may start a job, within the budget."""
        place = self.budget.take(self.current_test, self._name_of(key))
        try:
            exchange = self._exchange(request)
        except Nonconformity as failure:
            # Where it was sent, whether a job was started is unknown, and its place stays taken.
            if isinstance(failure.__cause__, _NOT_SENT):
                self.budget.give_back(place)
            raise
        if exchange.ok:
            self._settle(exchange, place, key, path, family)
        elif exchange.status not in _OF_UNKNOWN_EFFECT:
            self.budget.give_back(place)
        return exchange

    def _exchange(self, request: httpx.Request) -> Exchange:
        sent_at = time.time()
        try:
            response = self._transport.send(request)
        except httpx.ConnectError as error:
            if not was_reset(error):
                self._gone = f"the server no longer accepts connections: {error}"
            raise Nonconformity(
                expected="an answer", seen=f"no connection after {_shown(request)}: {error}"
            ) from error
        except httpx.HTTPError as error:
            what = str(error) or type(error).__name__
            raise Nonconformity(
                expected="a whole answer", seen=f"{what}, to {_shown(request)}"
            ) from error
        with self._lock:
            number = len(self.exchanges) + 1
            exchange = Exchange(
                request, response, sent_at, self.current_test, self._secrets, number
            )
            self.exchanges.append(exchange)
        return exchange

    def delete_made(self, deadline: float = 30.0) -> list[Made]:
        """Delete what the run made and still exists; return what could not be deleted.

        Args:
            deadline: Seconds in which jobs that still run may come to an end.
        """
        self.current_test = "cleanup"
        self._gone = None
        self._patience.shorten(deadline / 2)
        return delete_all(self, deadline, whole_run=not self._shared)

    def look_who_is_there(self) -> None:
        """See what others have, so that none of it is taken for what the run makes later."""
        with contextlib.suppress(Nonconformity, Blocked):
            self.send("GET", "/videos", params={"limit": 100})

    def adopt(self, made: Made) -> None:
        """Take a job for one of the run, which may then delete it."""
        with self._lock:
            self.made.append(made)

    def forgive(self, exchange: Exchange) -> None:
        """Forget what answers to the same operation got wrong: it is one that is not offered."""
        route = self.contract.operation(exchange.request.method, self._path(exchange.request))
        name = route.id if route else ""
        self.found = [
            violation
            for violation in self.found
            if violation.exchange is not exchange and (not name or violation.operation != name)
        ]

    def always_fails(self, exchange: Exchange) -> bool:
        """Return whether the operation of an exchange never answered with anything but a 5xx."""
        route = self.contract.operation(exchange.request.method, self._path(exchange.request))
        name = route.id if route else ""
        return not any(self.seen[name, kind] for kind in ("2xx", "3xx", "4xx"))

    def note_gone(self, video_id: str) -> None:
        """Note that a job of the run is no longer there, though nobody said that it was deleted."""
        for made in self.made:
            if made.id == video_id and not made.deleted:
                made.deleted = True
                self.ledger.note_deleted(video_id)

    def close(self) -> None:
        """Close the connections, and the ledger; it is removed where nothing is left to delete.

        Only the process that began the run removes it: to the others it still is the budget.
        """
        self._transport.close()
        self.budget.settle()
        if self._shared or any(place.left for place in self.ledger.places):
            self.ledger.close()
        else:
            self.ledger.remove()

    def _add_what_every_request_has(self, request: httpx.Request, key: str | None) -> None:
        """Add the headers and the query of the configuration; what the request has itself wins."""
        for name, value in self.configuration.headers:
            carries_key = any(word in name.lower() for word in WORDS_OF_KEYS)
            if carries_key and key != self._own_key:
                continue  # the user's key, which a request without it must not have
            if carries_key or name not in request.headers:
                request.headers[name] = value
        asked = request.url.params
        added = [pair for pair in self.configuration.query if pair[0] not in asked]
        if added:
            separator = b"&" if request.url.query else b"?"
            query = separator + urlencode(added).encode("ascii")
            request.url = request.url.copy_with(raw_path=request.url.raw_path + query)

    def _forbid_changes_where_read_only(self, method: str, path: str) -> None:
        if self.budget.limit == 0 and method not in SAFE_TO_REPEAT:
            raise BudgetExhausted(
                f"with --max-videos 0 nothing is sent but GET, HEAD and OPTIONS, and no {method}"
            )
        if method == "DELETE" and last_segment(path) == self.configuration.reuse_video:
            raise NotRun("the video of --reuse-video is never deleted")

    def _path(self, request: httpx.Request) -> str:
        base = urlsplit(self.configuration.base_url).path
        return request.url.raw_path.decode("ascii").partition("?")[0].removeprefix(base)

    def _forbid_deleting_others(self, method: str, path: str) -> None:
        if method != "DELETE":
            return
        target = last_segment(path)
        if self.configuration.run_id in target:
            return  # an id that the suite invented
        if target not in {made.id for made in self.made}:
            raise Prohibited(f"DELETE {path}: the run did not make this video")

    def _family_lock(self, family: str | None) -> threading.Lock:
        """Return what keeps two requests of a family from being under way at once."""
        if family is None:
            return threading.Lock()
        with self._lock:
            return self._family_locks.setdefault(family, threading.Lock())

    def _forbid_repeating(self, family: str | None) -> None:
        first = self.ledger.accepted_in(family) if family else None
        if first is not None:
            raise Blocked(f"the server accepted a request with {family} before, in {first}")

    def key_named(self, name: str) -> str | None:
        """Return the key that the ledger knows by a name."""
        other = self.configuration.second_api_key
        return {"none": None, "second": other}.get(name, self._own_key)

    def _name_of(self, key: str | None) -> str:
        """Return which key it is, without telling it."""
        known = {self._own_key: "own", self.configuration.second_api_key: "second"}
        return "none" if key is None else known.get(key, "another")

    def _settle(
        self, exchange: Exchange, place: int, key: str | None, path: str, family: str | None
    ) -> None:
        """Note what an accepted request made, and delete it where it should have been refused."""
        found = exchange.object.get("id")
        made_id = found if isinstance(found, str) and is_addressable(found) else ""
        if self._listed_at.get(made_id, exchange.sent_at) < exchange.sent_at:
            made_id = ""  # a server that answers with somebody else's video must not lose it
        character = path.startswith(CHARACTERS)
        deletable = made_id and not character
        made = Made(made_id, key, video_path(made_id) if deletable else "", character=character)
        self.adopt(made)
        self.ledger.note_made(place, made.id, made.path or (CHARACTERS if character else ""))
        if family is not None:
            self.accepted.add(family)
            self.ledger.note_accepted(family, self.current_test or "an earlier test")
            self.delete(made)

    def delete(self, made: Made) -> int | None:
        """Delete a job; return the status of the answer, None where there was none."""
        if not made.path:
            return None
        try:
            answer = self.send("DELETE", made.path, key=made.key)
            gone = answer.status in {404, 410} and not self._is_there(made)
        except (Nonconformity, Blocked):
            return None
        if gone:
            self.note_gone(made.id)
        return answer.status

    def _is_there(self, made: Made) -> bool:
        """Return whether a job can still be retrieved; a server without DELETE answers 404 too."""
        return self.send("GET", made.path, key=made.key).ok

    def _note_deletion(self, exchange: Exchange, path: str) -> None:
        if exchange.request.method == "DELETE" and exchange.ok:
            self.note_gone(last_segment(path))

    def _observe(self, exchange: Exchange, path: str) -> None:
        operation = self.contract.operation(exchange.request.method, path)
        with self._lock:
            name = operation.id if operation else ""
            self.seen[name, f"{exchange.status // 100}xx"] += 1
            self.found.extend(violations(self.contract, operation, exchange))
            if exchange.ok and name == "list_videos":
                # The clock after the answer: a create that was under way may have made them.
                seen_at = time.time()
                for found in self._not_made_here(exchange):
                    self._listed_at.setdefault(found, seen_at)
            if exchange.ok and name in {"create_video", "retrieve_video", "remix_video"}:
                body = exchange.json()
                if isinstance(body, dict) and isinstance(body.get("id"), str):
                    # A retrieve is about the id that was asked for, whatever it answers.
                    asked = last_segment(path)
                    about = asked if name == "retrieve_video" else body["id"]
                    self.videos.append((about, body, exchange))

    def _not_made_here(self, exchange: Exchange) -> set[str]:
        data = exchange.object.get("data")
        videos = (
            [video for video in data if isinstance(video, dict)] if isinstance(data, list) else []
        )
        mine = {made.id for made in self.made}
        return {
            video["id"]
            for video in videos
            if isinstance(video.get("id"), str)
            and video["id"] not in mine
            and self.configuration.run_id not in str(video.get("prompt"))
        }


def was_reset(error: BaseException | None) -> bool:
    """Return whether a connection failed because somebody accepted it and then reset it."""
    while error is not None:
        if isinstance(error, ConnectionResetError):
            return True
        error = error.__cause__ or error.__context__
    return False


def _shown(request: httpx.Request) -> str:
    return f"{request.method} {request.url.path}"
