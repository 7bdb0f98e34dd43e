"""The one gate that every request of every test leaves through.

It knows that jobs cost money: it counts the accepted ones, sends nothing that might pass the
budget, deletes at once what was accepted wrongly and at the end all that the run made, and never
deletes anything else.
"""

from __future__ import annotations

import enum
import hashlib
import re
import threading
import time
from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from urllib.parse import quote, unquote, urlencode, urlsplit

import attrs
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
from openvideos_contract.wire.budget import Budget
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.interrupts import uninterrupted
from openvideos_contract.wire.throttle import Throttle


class Key(enum.Enum):
    """Stands for a key in a call, so that a test holds no secret."""

    OWN = "own"


_SAFE_TO_REPEAT = frozenset({"GET", "HEAD", "OPTIONS"})
_STARTS_JOBS = frozenset({"POST", "PUT", "PATCH"})
_LATER = frozenset({409, 425, 429})
# Every answer is kept in memory to the end of a run: bytes, by whether it is a video or picture.
_LONGEST_ANSWER = {True: 512 * 2**20, False: 8 * 2**20}
# A body from this length on is kept once, however often it was downloaded.
_WORTH_SHARING = 65_536
# Words in the names of headers that carry a key.
_WORDS_OF_KEYS = ("auth", "key", "token", "secret", "cookie")


@attrs.define
class Made:
    """A job that the run made, and what became of it.

    Attributes:
        id: Its id; empty where the answer gave none.
        key: The key that made it.
        path: Where it is deleted; empty where it cannot be.
        deleted: Whether the server said that it is gone.
    """

    id: str
    key: str | None = attrs.field(repr=False)
    path: str
    deleted: bool = False


class Gate:
    """Sends requests, each counted, checked against the contract and remembered.

    Attributes:
        budget: The jobs that may still be started.
        current_test: The test that is under way, for the record.
        seen: How many answers each operation gave, by operationId and class of status ("2xx").
        found: What answers got wrong.
        made: The jobs that the run made, in order.
        exchanges: Every exchange, in order, numbered from 1.
        videos: Every Video that was answered, in order: the id that it is about, itself, and the
            exchange.
    """

    def __init__(self, configuration: Configuration, contract: Contract) -> None:
        self.configuration = configuration
        self.contract = contract
        self.budget = Budget(configuration.max_videos)
        self.current_test = ""
        self.seen: Counter[tuple[str, str]] = Counter()
        self.found: list[Violation] = []
        self.made: list[Made] = []
        self.exchanges: list[Exchange] = []
        self.videos: list[tuple[str, dict[str, Any], Exchange]] = []
        self._accepted_families: dict[str, str] = {}
        self._ids_of_others: set[str] = set()
        self._gone: str | None = None
        self._lock = threading.RLock()
        names = ("OPENVIDEOS_API_KEY", "OPENVIDEOS_SECOND_API_KEY")
        keys = (configuration.api_key, configuration.second_api_key)
        self._own_key = None if configuration.no_auth else configuration.api_key
        self._secrets = {name: key for name, key in zip(names, keys, strict=True) if key}
        for kind, pairs in (("HEADER", configuration.headers), ("QUERY", configuration.query)):
            for name, value in pairs:
                word = re.sub(r"\W", "_", name).upper()
                self._secrets[f"OPENVIDEOS_{kind}_{word}"] = value
        self._throttle = Throttle(configuration.rpm)
        self._bodies: dict[bytes, bytes] = {}
        self._client = httpx.Client(
            timeout=httpx.Timeout(configuration.request_timeout, connect=10.0),
            headers={"User-Agent": f"openvideos-conform/{contract.version}"},
            trust_env=False,
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
                one is deleted at once, and no other of its family is sent.

        Raises:
            BudgetExhausted: The request might start a job, and no job is left.
            Blocked: A request of its family was accepted before, or the server is gone.
            Nonconformity: No whole answer came.
            Prohibited: The request would delete what the run did not make.
        """
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
        request = self._client.build_request(
            method,
            self.configuration.base_url + path,
            params=params,
            headers=merged,
            json=json,
            files=files,
            content=content,
        )
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
        billable = request.method in _STARTS_JOBS
        if not billable:
            return self._exchange(request, path, key, family)
        self._forbid_repeating(family)
        with uninterrupted():
            self.budget.take()
            return self._exchange(request, path, key, family)

    def _exchange(
        self, request: httpx.Request, path: str, key: str | None, family: str | None
    ) -> Exchange:
        billable = request.method in _STARTS_JOBS
        sent_at = time.time()
        try:
            response = self._answer(request)
        except httpx.ConnectError as error:
            if billable:
                self.budget.give_back()
            if not was_reset(error):
                self._gone = f"the server no longer accepts connections: {error}"
            raise Nonconformity(
                expected="an answer", seen=f"no connection after {_shown(request)}: {error}"
            ) from error
        except httpx.HTTPError as error:
            # Whether a job was started is unknown, so its place stays taken.
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
        if billable:
            self._settle(exchange, key, path, family)
        self._note_deletion(exchange, path)
        self._observe(exchange, path)
        return exchange

    def delete_made(self, deadline: float = 30.0) -> list[Made]:
        """Delete what the run made and still exists; return what could not be deleted.

        Args:
            deadline: Seconds in which jobs that still run may come to an end.
        """
        self.current_test = "cleanup"
        self._gone = None
        end = time.monotonic() + deadline
        waiting = [made for made in reversed(self.made) if not made.deleted]
        while waiting:
            # A job that still runs may be deleted later; any other refusal is final.
            waiting = [made for made in waiting if self._delete(made) in _LATER]
            if not waiting or time.monotonic() >= end:
                break
            time.sleep(0.5)
        return [made for made in self.made if not made.deleted]

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
            made.deleted = made.deleted or made.id == video_id

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _answer(self, request: httpx.Request) -> httpx.Response:
        try:
            return self._whole(request)
        except httpx.TimeoutException:
            raise
        except httpx.TransportError:
            # A kept connection may have been closed by the server in the meantime.
            if request.method not in _SAFE_TO_REPEAT:
                raise
        time.sleep(0.2)
        return self._whole(request)

    def _whole(self, request: httpx.Request) -> httpx.Response:
        """Read the whole answer, within the time-out of a request all in all."""
        self._throttle.wait()
        started = time.monotonic()
        limit = self.configuration.request_timeout
        response = self._client.send(request, stream=True, follow_redirects=request.method == "GET")
        kind = response.headers.get("content-type", "no Content-Type")
        longest = _LONGEST_ANSWER[kind.lower().startswith(("video/", "image/"))]
        try:
            chunks = []
            for chunk in response.iter_bytes():
                chunks.append(chunk)
                if response.num_bytes_downloaded > longest:
                    # No error of the transport, which would be tried again.
                    raise httpx.RequestError(f"more than {longest} bytes of {shorten(kind, 100)}")
                if time.monotonic() - started > limit:
                    raise httpx.ReadTimeout(f"not answered whole within {limit:g} s")
        finally:
            response.close()
        headers = [(k, v) for k, v in response.headers.multi_items() if k != "content-encoding"]
        whole = httpx.Response(
            response.status_code,
            headers=headers,
            content=self._kept_once(b"".join(chunks)),
            request=request,
            extensions={"http_version": response.extensions.get("http_version", b"HTTP/1.1")},
        )
        whole.elapsed = timedelta(seconds=time.monotonic() - started)
        return whole

    def _kept_once(self, body: bytes) -> bytes:
        """Return a body, the very one of before where it was downloaded before."""
        if len(body) < _WORTH_SHARING:
            return body
        with self._lock:
            return self._bodies.setdefault(hashlib.sha256(body).digest(), body)

    def _add_what_every_request_has(self, request: httpx.Request, key: str | None) -> None:
        """Add the headers and the query of the configuration; what the request has itself wins."""
        for name, value in self.configuration.headers:
            carries_key = any(word in name.lower() for word in _WORDS_OF_KEYS)
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
        if self.budget.limit == 0 and method not in _SAFE_TO_REPEAT:
            raise BudgetExhausted(
                f"with --max-videos 0 nothing is sent but GET, HEAD and OPTIONS, and no {method}"
            )
        if method == "DELETE" and _last_segment(path) == self.configuration.reuse_video:
            raise NotRun("the video of --reuse-video is never deleted")

    def _path(self, request: httpx.Request) -> str:
        base = urlsplit(self.configuration.base_url).path
        return request.url.raw_path.decode("ascii").partition("?")[0].removeprefix(base)

    def _forbid_deleting_others(self, method: str, path: str) -> None:
        if method != "DELETE":
            return
        target = _last_segment(path)
        if self.configuration.run_id in target:
            return  # an id that the suite invented
        if target not in {made.id for made in self.made}:
            raise Prohibited(f"DELETE {path}: the run did not make this video")

    def _forbid_repeating(self, family: str | None) -> None:
        with self._lock:
            first = self._accepted_families.get(family or "")
        if first is not None:
            raise Blocked(f"the server accepted a request with {family} before, in {first}")

    def _settle(self, exchange: Exchange, key: str | None, path: str, family: str | None) -> None:
        if not exchange.ok:
            self.budget.give_back()
            return
        body = exchange.json()
        found = body.get("id") if isinstance(body, dict) else None
        made_id = found if isinstance(found, str) else ""
        if made_id in self._ids_of_others:
            made_id = ""  # a server that answers with somebody else's video must not lose it
        deletable = made_id and not path.startswith("/videos/characters")
        made = Made(made_id, key, video_path(made_id) if deletable else "")
        with self._lock:
            self.made.append(made)
            if family is not None:
                self._accepted_families[family] = self.current_test or "an earlier test"
        if family is not None:
            self._delete(made)

    def _delete(self, made: Made) -> int | None:
        """Delete a job; return the status of the answer, None where there was none."""
        if not made.path:
            return None
        try:
            answer = self.send("DELETE", made.path, key=made.key)
        except (Nonconformity, Blocked):
            return None
        made.deleted = made.deleted or answer.status in {404, 410}
        return answer.status

    def _note_deletion(self, exchange: Exchange, path: str) -> None:
        if exchange.request.method != "DELETE" or not exchange.ok:
            return
        self.note_gone(_last_segment(path))

    def _observe(self, exchange: Exchange, path: str) -> None:
        operation = self.contract.operation(exchange.request.method, path)
        with self._lock:
            name = operation.id if operation else ""
            self.seen[name, f"{exchange.status // 100}xx"] += 1
            self.found.extend(violations(self.contract, operation, exchange))
            if exchange.ok and name == "list_videos":
                self._ids_of_others |= self._not_made_here(exchange)
            if exchange.ok and name in {"create_video", "retrieve_video", "remix_video"}:
                body = exchange.json()
                if isinstance(body, dict) and isinstance(body.get("id"), str):
                    # A retrieve is about the id that was asked for, whatever it answers.
                    asked = _last_segment(path)
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


def video_path(video_id: str, *rest: str) -> str:
    """Return the path of a video, or of something below it, the id as one segment."""
    return "/".join(["/videos", quote(video_id, safe=""), *rest])


def _last_segment(path: str) -> str:
    """Return what the last segment of a path stands for; a %2F in it is a part of an id."""
    return unquote(path.rstrip("/").rpartition("/")[2])


def _shown(request: httpx.Request) -> str:
    return f"{request.method} {request.url.path}"
