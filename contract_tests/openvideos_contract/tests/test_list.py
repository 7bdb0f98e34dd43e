"""Listing videos: pages that hold what they say, in the order that was asked for."""

from __future__ import annotations

from typing import Any

import attrs
import pytest

from openvideos_contract.contract_checks import compact
from openvideos_contract.exchange import Exchange
from openvideos_contract.gate import Gate
from openvideos_contract.jobs import Job, Jobs
from openvideos_contract.outcome import Blocked, NotRun, require
from openvideos_contract.refusals import refused

# A walk ends here, whatever the server says: one that ignores `after` has no end.
MOST_PAGES = 60


@attrs.frozen
class Page:
    """A page of the list: its answer and the videos on it."""

    exchange: Exchange
    body: dict[str, Any]
    videos: list[dict[str, Any]]

    @property
    def ids(self) -> list[str]:
        """The ids of its videos."""
        return [str(video.get("id")) for video in self.videos]


def page(gate: Gate, **params: object) -> Page:
    """Return a page of the list."""
    answer = gate.send("GET", "/videos", params=params or None)
    body = answer.accepted("2xx and a list of videos")
    data = body.get("data")
    require(
        isinstance(data, list) and all(isinstance(video, dict) for video in data),
        expected="a list of videos in data",
        seen=answer.summary,
        exchange=answer,
    )
    return Page(answer, body, body["data"])


@attrs.frozen
class Walk:
    """The pages of a walk, and whether it came to the end of the list."""

    pages: list[Page]
    whole: bool

    @property
    def ids(self) -> list[str]:
        """The ids of all videos, in order."""
        return [found for visited in self.pages for found in visited.ids]


@pytest.fixture(scope="module")
def ours(jobs: Jobs) -> list[Job]:
    """The jobs that the list must hold; at least two, of different seconds."""
    found = []
    for name in ("plain", "form", "other"):
        try:
            found.append(jobs.ended(name))
        except (Blocked, NotRun):
            continue
    if len(found) < 2:
        raise Blocked("fewer than two jobs could be made (CREATE-001, CREATE-002)")
    return found


@pytest.fixture(scope="module")
def walk(gate: Gate, ours: list[Job]) -> Walk:
    """A walk by `after`, one video to a page, until all our jobs were seen and a little further."""
    pages: list[Page] = []
    cursor: dict[str, str] = {}
    wanted = {job.id for job in ours}
    while len(pages) < MOST_PAGES:
        pages.append(page(gate, limit=1, order="desc", **cursor))
        seen = {found for visited in pages for found in visited.ids}
        if not pages[-1].videos or pages[-1].body.get("has_more") is False:
            return Walk(pages, whole=True)
        if wanted <= seen and len(pages) > len(wanted) + 2:
            break
        cursor = {"after": pages[-1].ids[-1]}
    return Walk(pages, whole=False)


@pytest.mark.requirement("LIST-001")
def test_the_list_holds_what_was_made(gate: Gate, ours: list[Job]) -> None:
    first = page(gate, limit=100)
    for job in ours:
        require(
            job.id in first.ids,
            expected=f"the video {job.id} among the newest 100",
            seen=f"{len(first.ids)} others",
            exchange=first.exchange,
        )


@pytest.mark.requirement("LIST-003")
def test_list_and_retrieve_say_the_same(gate: Gate, ours: list[Job]) -> None:
    first = page(gate, limit=100)
    listed = {video.get("id"): video for video in first.videos}
    compared = [job for job in ours if job.ended is not None and job.id in listed]
    if not compared:
        raise Blocked("no job that has ended is in the list (LIFE-001, LIST-001)")
    for job in compared:
        retrieved = gate.send("GET", job.path).video()
        for field, value in retrieved.items():
            require(
                listed[job.id].get(field) == value,
                expected=f"the {field} that retrieve tells, {compact(value)}",
                seen=compact(listed[job.id].get(field)),
                exchange=first.exchange,
            )


@pytest.mark.requirement("LIST-004")
@pytest.mark.parametrize("limit", [1, 2])
def test_a_page_holds_as_many_as_the_limit(gate: Gate, ours: list[Job], limit: int) -> None:
    found = page(gate, limit=limit)
    require(
        len(found.videos) == limit,
        expected=f"{limit} of the {len(ours)} videos or more that are there",
        seen=f"{len(found.videos)} videos",
        exchange=found.exchange,
    )


def require_order(found: Page, ours: list[Job], *, newest_first: bool) -> None:
    """Go on if the page is in order of creation."""
    times = [video.get("created_at") for video in found.videos]
    if not all(isinstance(moment, int) for moment in times):
        raise Blocked("created_at is no whole number (LIST-002)")
    word = "newest" if newest_first else "oldest"
    require(
        times == sorted(times, reverse=newest_first),  # type: ignore[type-var]  # all are int here
        expected=f"created_at with the {word} first",
        seen=compact(times),
        exchange=found.exchange,
    )


@pytest.mark.requirement("LIST-005")
@pytest.mark.parametrize("params", [{}, {"order": "desc"}], ids=["default", "desc"])
def test_the_newest_come_first(gate: Gate, ours: list[Job], params: dict[str, str]) -> None:
    found = page(gate, limit=100, **params)
    require_order(found, ours, newest_first=True)
    mine = [found_id for found_id in found.ids if found_id in {job.id for job in ours}]
    made = [job.id for job in ours]
    require(
        mine[:1] != made[:1] or len(set(made)) < 2,
        expected=f"{made[0]}, which was made first, after those made later",
        seen=compact(mine),
        exchange=found.exchange,
    )


@pytest.mark.requirement("LIST-006")
def test_the_oldest_come_first_where_asked(gate: Gate, ours: list[Job]) -> None:
    found = page(gate, limit=100, order="asc")
    require_order(found, ours, newest_first=False)
    mine = [found_id for found_id in found.ids if found_id in {job.id for job in ours}]
    if len(mine) < 2:
        return  # a long list: its oldest page holds none of ours, and its order was judged
    require(
        mine[0] == ours[0].id,
        expected=f"{ours[0].id}, which was made first, before those made later",
        seen=compact(mine),
        exchange=found.exchange,
    )


@pytest.mark.requirement("LIST-007")
def test_a_walk_gives_each_video_exactly_once(ours: list[Job], walk: Walk) -> None:
    for job in ours:
        times = walk.ids.count(job.id)
        if times == 0 and not walk.whole and len(set(walk.ids)) == len(walk.ids):
            raise NotRun(f"not seen in {MOST_PAGES} pages: too many other videos are there")
        require(
            times == 1,
            expected=f"the video {job.id} exactly once in a walk of {len(walk.pages)} pages",
            seen=f"{times} times",
            exchange=walk.pages[-1].exchange,
        )


@pytest.mark.requirement("LIST-008")
def test_has_more_is_true_where_more_is_there(walk: Walk, ours: list[Job]) -> None:
    wanted = {job.id for job in ours}
    for number, visited in enumerate(walk.pages):
        more = visited.body.get("has_more")
        missing = wanted - {found for earlier in walk.pages[: number + 1] for found in earlier.ids}
        require(
            more is True or not missing,
            expected=f"has_more true, {len(missing)} videos of this run being further on",
            seen=more,
            exchange=visited.exchange,
        )
        if more is True and number + 1 < len(walk.pages):
            require(
                walk.pages[number + 1].videos,
                expected="a video on the page after one with has_more true",
                seen="an empty page",
                exchange=walk.pages[number + 1].exchange,
            )


@pytest.mark.requirement("LIST-008")
def test_has_more_is_false_at_the_end(gate: Gate, ours: list[Job]) -> None:
    found = page(gate, limit=100)
    if len(found.videos) >= 100:
        raise NotRun("more than 100 videos are there: their end is not looked for")
    require(
        found.body.get("has_more") is False,
        expected=f"has_more false on a page of {len(found.videos)} with limit=100",
        seen=found.body.get("has_more"),
        exchange=found.exchange,
    )


@pytest.mark.requirement("LIST-009")
@pytest.mark.parametrize(
    "params", [{"limit": 2}, {"limit": 2, "order": "asc"}], ids=["desc", "asc"]
)
def test_first_and_last_id_are_the_pages(
    gate: Gate, ours: list[Job], params: dict[str, object]
) -> None:
    found = page(gate, **params)
    require(found.ids, expected="a page with videos", seen="an empty one", exchange=found.exchange)
    told = (found.body.get("first_id"), found.body.get("last_id"))
    require(
        told == (found.ids[0], found.ids[-1]),
        expected=f"first_id {found.ids[0]} and last_id {found.ids[-1]}",
        seen=compact(told),
        exchange=found.exchange,
    )


@pytest.mark.requirement("LIST-010")
@pytest.mark.parametrize(
    "params", [{"limit": "abc"}, {"limit": "-1"}, {"order": "sideways"}], ids=repr
)
def test_a_query_that_nobody_can_mean_is_refused(gate: Gate, params: dict[str, str]) -> None:
    refused(gate, "GET", "/videos", params=params)


@pytest.mark.requirement("LIST-011")
def test_a_limit_above_100_is_refused(gate: Gate) -> None:
    refused(gate, "GET", "/videos", params={"limit": "101"})


@pytest.mark.requirement("LIST-012")
def test_limit_0_gives_an_empty_page(gate: Gate) -> None:
    found = page(gate, limit=0)
    seen = f"{len(found.videos)} videos"
    require(not found.videos, expected="an empty page", seen=seen, exchange=found.exchange)


@pytest.mark.requirement("LIST-013")
def test_an_unknown_cursor_does_not_begin_anew(gate: Gate, ours: list[Job], nobody: str) -> None:
    answer = gate.send("GET", "/videos", params={"after": nobody})
    body = answer.json()
    empty = answer.ok and isinstance(body, dict) and body.get("data") == []
    require(
        answer.refused or empty,
        expected="a refusal, or an empty page",
        seen=answer.summary,
        exchange=answer,
    )
