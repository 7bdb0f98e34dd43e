"""What must be there after any sequence of calls, and whether each answer says so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from openvideos_contract.checks.answers import compact
from openvideos_contract.checks.listing import listed_videos
from openvideos_contract.jobs.words import ENDS, NEVER_CHANGES, STEPS
from openvideos_contract.outcome import Nonconformity
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate, video_path

# A failure is told with so many of the calls that led to it.
TOLD_CALLS = 12


@attrs.define
class Known:
    """A video that the run made, as the answers so far have it.

    Attributes:
        id: Its id.
        video: The last Video that was answered.
        deleted: Whether the server said that it is deleted.
        length: Of its content in bytes, by variant, once it was downloaded.
    """

    id: str
    video: dict[str, Any]
    deleted: bool = False
    length: dict[str | None, int] = attrs.field(factory=dict)

    @property
    def created_at(self) -> int:
        """When it was created, in Unix seconds; 0 where that is no whole number."""
        created_at = self.video.get("created_at")
        return created_at if isinstance(created_at, int) else 0

    @property
    def ended(self) -> bool:
        """Whether it is finished."""
        return self.video.get("status") in ENDS


class Model:
    """The run's videos, each call on them, and the calls that were made so far.

    Every method sends one request and judges its answer by what went before. Videos of others may
    come and go: of them nothing is said.

    Attributes:
        videos: The videos of the run, by id, in the order of their creation.
        calls: The calls so far and their answers, a line each.
    """

    def __init__(self, gate: Gate, videos: Mapping[str, dict[str, Any]]) -> None:
        self._gate = gate
        self.videos = {video_id: Known(video_id, video) for video_id, video in videos.items()}
        self.calls: list[str] = []

    @property
    def there(self) -> list[Known]:
        """The videos that must be there."""
        return [known for known in self.videos.values() if not known.deleted]

    def create(self, answer: Exchange) -> None:
        """Take up a video that was just created by `answer`."""
        self._note("POST /videos", answer)
        video = answer.video()
        if video["id"] in self.videos:
            self._fail("a video of its own", f"the id {video['id']}, which another has", answer)
        self.videos[video["id"]] = Known(video["id"], video)

    def retrieve(self, video_id: str) -> Exchange:
        """Ask for a video."""
        answer = self._gate.send("GET", video_path(video_id))
        known = self._judge_presence("retrieve_video", video_id, answer)
        if known is not None and answer.ok:
            self._judge_video(known, answer.object, answer)
        return answer

    def content(self, video_id: str, variant: str | None = None) -> Exchange:
        """Download a video, or what was made from it."""
        params = {"variant": variant} if variant else None
        answer = self._gate.send("GET", video_path(video_id, "content"), params=params)
        known = self.videos.get(video_id)
        self._note(f"GET {self._name(video_id)}/content variant={variant or 'left out'}", answer)
        there = known is not None and not known.deleted
        if answer.ok and not (there and known is not None and self._may_be_downloaded(known)):
            self._fail("a refusal, 4xx", f"{answer.status} and content", answer)
        if known is None or not there or not answer.ok:
            downloaded = known is not None and variant in known.length
            if there and downloaded:
                self._fail("the content, as before", answer.summary, answer)
            return answer
        length = known.length.setdefault(variant, len(answer.content))
        if len(answer.content) == 0 or (length and len(answer.content) != length):
            self._fail(f"the {length} bytes of before", answer.summary, answer)
        return answer

    def delete(self, video_id: str) -> Exchange:
        """Delete a video; one that still runs may be refused."""
        known = self.videos.get(video_id)
        answer = self._gate.send("DELETE", video_path(video_id))
        running = known is not None and not known.deleted and not known.ended
        if running and answer.refused:
            self._note(f"DELETE {self._name(video_id)}", answer)
            return answer
        known = self._judge_presence("delete_video", video_id, answer)
        if known is not None and answer.ok:
            known.deleted = True
        return answer

    def list_page(
        self, *, limit: int | None = None, order: str | None = None, after: str | None = None
    ) -> Exchange:
        """Ask for a page."""
        params = {"limit": limit, "order": order, "after": after}
        asked = {name: value for name, value in params.items() if value is not None}
        answer = self._gate.send("GET", "/videos", params=asked or None)
        told = " ".join(f"{name}={self._name(str(value))}" for name, value in asked.items())
        self._note(f"GET /videos {told}".strip(), answer)
        cursor = self.videos.get(after or "")
        if after is not None and (cursor is None or cursor.deleted):
            return answer  # an unknown cursor: LIST-013 and LIST-018
        if not answer.ok:
            if self._gate.seen["list_videos", "2xx"]:
                self._fail("a page", answer.summary, answer)
            return answer
        self._judge_page(answer, limit=limit, ascending=order == "asc", cursor=cursor)
        return answer

    def _judge_page(
        self, answer: Exchange, *, limit: int | None, ascending: bool, cursor: Known | None
    ) -> None:
        listed = listed_videos(answer)
        ids = [str(video.get("id")) for video in listed]
        if limit is not None and len(ids) > limit:
            self._fail(f"{limit} videos at most", f"{len(ids)} videos", answer)
        if len(set(ids)) < len(ids):
            self._fail("each video once", f"the page {compact(ids)}", answer)
        for video in listed:
            known = self.videos.get(str(video.get("id")))
            if known is None:
                continue
            if known.deleted:
                self._fail(f"a page without {known.id}, which is deleted", compact(ids), answer)
            self._judge_video(known, video, answer)
        sign = 1 if ascending else -1
        mine = [self.videos[found] for found in ids if found in self.videos]
        moments = [sign * known.created_at for known in mine]
        if moments != sorted(moments):
            word = "oldest" if ascending else "newest"
            self._fail(f"the {word} first", compact(ids), answer)
        self._judge_completeness(answer, mine, sign=sign, cursor=cursor)

    def _judge_completeness(
        self, answer: Exchange, mine: list[Known], *, sign: int, cursor: Known | None
    ) -> None:
        """Judge that the page holds the first ones after the cursor, and all where it is last."""
        start = None if cursor is None else sign * cursor.created_at
        wanted = [known for known in self.there if start is None or sign * known.created_at > start]
        for known in mine:
            behind = start is not None and sign * known.created_at < start
            if behind or known is cursor:
                self._fail(f"only what comes after {cursor and cursor.id}", known.id, answer)
        last_page = answer.object.get("has_more") is False
        latest = max((sign * known.created_at for known in mine), default=None)
        for known in wanted:
            skipped = latest is not None and sign * known.created_at < latest
            if known not in mine and (last_page or skipped):
                why = "has_more is false" if last_page else "later ones are on it"
                self._fail(f"{known.id} on the page, as {why}", "a page without it", answer)

    def _judge_presence(self, operation: str, video_id: str, answer: Exchange) -> Known | None:
        """Judge whether an answer says that a video is there; return it where it must be."""
        known = self.videos.get(video_id)
        self._note(f"{answer.request.method} {self._name(video_id)}", answer)
        if known is None or known.deleted:
            if not answer.refused:
                gone = "it was deleted" if known else "it was never made"
                self._fail(f"a 4xx, as {gone}", answer.summary, answer)
            return None
        if not answer.ok and self._gate.seen[operation, "2xx"]:
            self._fail("a 2xx, as the video is there", answer.summary, answer)
        return known

    def _judge_video(self, known: Known, video: dict[str, Any], answer: Exchange) -> None:
        """Judge that a Video is the one that it was, or further on."""
        if video.get("id") != known.id:
            self._fail(f"the video {known.id}", f"the video {video.get('id')}", answer)
        for field in NEVER_CHANGES:
            was, now = known.video.get(field), video.get(field)
            if was != now:
                told = f"the {field} {compact(now)}"
                self._fail(f"the {field} {compact(was)} of {known.id}", told, answer)
        was, now = str(known.video.get("status")), str(video.get("status"))
        if known.ended and now != was:
            self._fail(f"the status {was}, which is final", f"the status {now}", answer)
        if STEPS.get(now, 2) < STEPS.get(was, 0):
            self._fail(f"the status {was} or a later one", f"the status {now}", answer)
        known.video = video

    def _may_be_downloaded(self, known: Known) -> bool:
        """Return whether a video is, or may meanwhile be, completed."""
        if known.ended:
            return known.video.get("status") == "completed"
        now = self._gate.send("GET", video_path(known.id)).object
        known.video = now if now.get("id") == known.id else known.video
        return known.video.get("status") == "completed"

    def _name(self, text: str) -> str:
        """Return what a failure calls a video: its number in the run, as ids are long."""
        if text not in self.videos:
            return text
        return f"video {list(self.videos).index(text) + 1} ({text})"

    def _note(self, call: str, answer: Exchange) -> None:
        told = str(answer.status)
        if answer.ok and call.startswith("GET /videos"):
            ids = [str(video.get("id")) for video in listed_videos(answer)]
            numbers = list(self.videos)
            mine = [str(numbers.index(found) + 1) for found in ids if found in self.videos]
            told += f" with {len(ids)} videos, ours: {', '.join(mine) or 'none'}"
        self.calls.append(f"{call}: {told}")

    def _fail(self, expected: str, seen: str, answer: Exchange) -> None:
        calls = self.calls[-TOLD_CALLS:]
        first = len(self.calls) - len(calls) + 1
        steps = "; ".join(f"{number}. {call}" for number, call in enumerate(calls, start=first))
        raise Nonconformity(expected=expected, seen=f"{seen}; after {steps}", exchange=answer)
