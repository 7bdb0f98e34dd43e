"""Listing videos: pages that hold what they say, in the order that was asked for."""

from __future__ import annotations

import contextlib
import itertools
from typing import Any

import attrs
import pytest

from openvideos_contract.checks.answers import compact
from openvideos_contract.checks.listing import (
    LONGEST_PAGE,
    listed_videos,
    require_cursor_there,
    require_listed,
)
from openvideos_contract.checks.refusals import refused
from openvideos_contract.contract import Contract
from openvideos_contract.jobs.job import Job
from openvideos_contract.jobs.jobs import Jobs
from openvideos_contract.outcome import Blocked, Nonconformity, NotRun, Unsupported, require
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate

# What a video was made from is REMIX-003.
TOLD_BY_CREATE = ("created_at", "model", "size", "seconds", "prompt")
# A walk ends here, whatever the server says: one that ignores `after` has no end.
MOST_PAGES = 60
# Others may make or delete a video between two pages that are compared.
TRIES = 5


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

    @property
    def more(self) -> str:
        """What it says of further pages, in words."""
        return f"has_more {compact(self.body.get('has_more'))}"


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
    """The pages of a walk, whether it came to the list's end, and how many a page may hold."""

    pages: list[Page]
    whole: bool
    limit: int | None = None

    @property
    def ids(self) -> list[str]:
        """The ids of all videos, in order."""
        return [found for visited in self.pages for found in visited.ids]


@pytest.fixture(scope="module")
def made(jobs: Jobs) -> list[Job]:
    """The jobs that were made; at least two, of different seconds."""
    for name in ("plain", "multipart", "other"):
        with contextlib.suppress(Blocked, NotRun):
            jobs.ended(name)
    found = jobs.all_made()
    if len(found) < 2:
        jobs.require_room("multipart")  # or else the budget is why
        raise Blocked("fewer than two jobs could be made (CREATE-001, CREATE-002)")
    return found


@pytest.fixture(scope="module")
def newest(gate: Gate, made: list[Job]) -> Page:
    """The newest 100 videos, for a test that is not about having them."""
    try:
        return page(gate, limit=100)
    except Nonconformity as failure:
        raise Blocked(f"the list cannot be had (LIST-001): {failure.seen}") from failure


@pytest.fixture(scope="module")
def ours(made: list[Job], newest: Page) -> list[Job]:
    """The jobs that are in the list at all; at least two."""
    found = [job for job in made if job.id in newest.ids]
    if len(found) < 2:
        raise Blocked("fewer than two of the jobs that were made are in the list (LIST-001)")
    return found


@pytest.fixture(scope="module", params=[{"limit": 1, "order": "desc"}, {}], ids=["by-1", "plainly"])
def walk(request: pytest.FixtureRequest, gate: Gate, newest: Page, ours: list[Job]) -> Walk:
    """A walk by `after` until all our jobs were seen, and a little further."""
    pages: list[Page] = []
    wanted = {job.id for job in ours}
    limit = request.param.get("limit")
    # Past those that others made since.
    later = list(itertools.takewhile(lambda found: found not in wanted, newest.ids))
    cursor = later[-1] if limit and later else None
    while len(pages) < MOST_PAGES:
        try:
            pages.append(page(gate, **request.param, **({"after": cursor} if cursor else {})))
        except Nonconformity:
            require_cursor_there(gate, cursor)
            raise
        seen = {found for visited in pages for found in visited.ids}
        if not pages[-1].videos:
            require_cursor_there(gate, cursor)
        if not pages[-1].videos or pages[-1].body.get("has_more") is False:
            return Walk(pages, whole=True, limit=limit)
        if wanted <= seen and len(pages) > len(wanted) + 2:
            break
        cursor = pages[-1].ids[-1]
    return Walk(pages, whole=False, limit=limit)


@pytest.mark.requirement("LIST-001")
def test_the_list_holds_what_was_made(gate: Gate, made: list[Job]) -> None:
    now = page(gate, limit=100).exchange
    for job in made:
        # Where others made a hundred since, what was there at its create is all there is.
        at_its_create = [job.listed] if job.listed is not None and job.listed.ok else []
        require_listed(job, *at_its_create, now)


@pytest.mark.requirement("LIST-001")
def test_the_list_holds_a_job_as_soon_as_it_is_made(made: list[Job]) -> None:
    for job, answer in at_once(made):
        require_listed(job, answer)


def at_once(made: list[Job]) -> list[tuple[Job, Exchange]]:
    """Return each job with the list that was asked for right after its create."""
    found = [(job, job.listed) for job in made if job.listed is not None and job.listed.ok]
    if not found:
        raise Blocked("the list cannot be had (LIST-001)")
    return found


@pytest.mark.requirement("LIST-015")
def test_the_list_says_what_create_said(made: list[Job]) -> None:
    for job, answer in at_once(made):
        listed = [video for video in listed_videos(answer) if video.get("id") == job.id]
        for video in listed:  # one that is missing is told by LIST-001
            for field in TOLD_BY_CREATE:
                require(
                    video.get(field) == job.video.get(field),
                    expected=f"the {field} of the create's answer, "
                    f"{compact(job.video.get(field))}, for {job.id} in the list right after it",
                    seen=f"the {field} {compact(video.get(field))}",
                    exchange=answer,
                )


@pytest.mark.requirement("LIST-003")
def test_list_and_retrieve_say_the_same(contract: Contract, newest: Page, made: list[Job]) -> None:
    listed = {str(video.get("id")): video for video in newest.videos}
    compared = [job for job in made if job.ended is not None and job.id in listed]
    if not compared:
        raise Blocked("no job that has ended is in the list (LIFE-001, LIST-001)")
    for job in compared:
        for field in contract.video_fields:
            if field not in job.steady:
                continue  # it is missing, or retrieve says one thing and then another: LIFE-004
            retrieved, got = job.steady[field], listed[job.id].get(field)
            require(
                got == retrieved,
                expected=f"list and retrieve to say the same {field} of {job.id}, which has ended",
                seen=f"the list says {compact(got)}, and retrieve says {compact(retrieved)}",
                exchange=newest.exchange,
            )


@pytest.mark.requirement("LIST-004")
def test_every_page_but_the_last_is_full(walk: Walk) -> None:
    for number, (visited, following) in enumerate(itertools.pairwise(walk.pages), start=1):
        limit = walk.limit or len(visited.videos)
        require(
            len(visited.videos) == limit or not following.videos,
            expected=f"{limit} videos on page {number} with limit={limit}, as page {number + 1} "
            "has more",
            seen=f"{len(visited.videos)} videos on it",
            exchange=visited.exchange,
        )


@pytest.mark.requirement("LIST-004")
def test_a_page_holds_no_more_than_100(newest: Page) -> None:
    require(
        len(newest.videos) <= 100,
        expected="100 videos at most on a page with limit=100",
        seen=f"{len(newest.videos)} videos on it",
        exchange=newest.exchange,
    )


@pytest.mark.requirement("LIST-004")
@pytest.mark.parametrize("limit", [1, 2])
def test_a_page_holds_as_many_as_the_limit(gate: Gate, ours: list[Job], limit: int) -> None:
    found = page(gate, limit=limit)
    require(
        len(found.videos) == limit,
        expected=f"{limit} videos on a page with limit={limit}, as {len(ours)} or more are there",
        seen=f"{len(found.videos)} videos on it",
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
        expected=f"a page with the {word} first, by created_at",
        seen=f"created_at in the order {compact(times)}",
        exchange=found.exchange,
    )


def first_is_oldest(ours: list[Job]) -> bool:
    """Return whether the first job of the run was created before any other, by the second."""
    return all(moment(ours[0]) < moment(job) for job in ours[1:])


@pytest.mark.requirement("LIST-005")
@pytest.mark.parametrize("params", [{}, {"order": "desc"}], ids=["default", "desc"])
def test_the_newest_come_first(gate: Gate, ours: list[Job], params: dict[str, str]) -> None:
    found = page(gate, limit=100, **params)
    require_order(found, ours, newest_first=True)
    mine = [found_id for found_id in found.ids if found_id in {job.id for job in ours}]
    made = [job.id for job in ours]
    require(
        mine[:1] != made[:1] or not first_is_oldest(ours),
        expected=f"{made[0]}, which was made first, after those made later",
        seen=f"the videos of this run in the order {compact(mine)}",
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
        mine[0] == ours[0].id or not first_is_oldest(ours),
        expected=f"{ours[0].id}, which was made first, before those made later",
        seen=f"the videos of this run in the order {compact(mine)}",
        exchange=found.exchange,
    )


@pytest.mark.requirement("LIST-007")
def test_a_walk_gives_each_video_exactly_once(ours: list[Job], walk: Walk) -> None:
    unreached = [job for job in ours if job.id not in walk.ids and not reached(job, ours, walk)]
    last = walk.pages[-1]
    if len(set(walk.ids)) == len(walk.ids) and unreached and not walk.whole:
        raise NotRun(f"not seen in {MOST_PAGES} pages: too many other videos are there")
    early = walk.whole and last.videos
    for job in ours:
        if job in unreached and early:
            continue
        require(
            walk.ids.count(job.id) == 1,
            expected=f"the video {job.id} exactly once in a walk of {len(walk.pages)} pages",
            seen=f"it {walk.ids.count(job.id)} times, among {len(walk.ids)} videos",
            exchange=last.exchange,
        )
    if unreached and early:
        raise Blocked("the list says that it is at its end before it is (LIST-008)")


def reached(job: Job, ours: list[Job], walk: Walk) -> bool:
    """Return whether a walk, the newest first, came to a job that was made before `job`."""
    older = [other for other in ours if moment(other) < moment(job)]
    return any(other.id in walk.ids for other in older)


def moment(job: Job) -> int:
    """Return when a job was created; those of one second are in no order."""
    created_at = job.video.get("created_at")
    return created_at if isinstance(created_at, int) else 0


@pytest.mark.requirement("LIST-008")
def test_has_more_is_true_where_more_is_there(walk: Walk, ours: list[Job]) -> None:
    for number, visited in enumerate(walk.pages):
        seen = {found for earlier in walk.pages[: number + 1] for found in earlier.ids}
        missing = [job.id for job in ours if job.id not in seen and not reached(job, ours, walk)]
        if visited.body.get("has_more") is not True:
            require(
                not missing,
                expected=f"has_more true on page {number + 1}, as {len(missing)} videos of this "
                "run are older than those on it",
                seen=f"{visited.more} on a page of {len(visited.videos)}",
                exchange=visited.exchange,
            )
        elif number + 1 < len(walk.pages):
            after = walk.pages[number + 1]
            require(
                after.videos,
                expected=f"a video on page {number + 2}, as page {number + 1} said has_more true",
                seen=f"an empty page {number + 2}",
                exchange=after.exchange,
            )


@pytest.mark.requirement("LIST-008")
def test_has_more_is_false_at_the_end(newest: Page, ours: list[Job]) -> None:
    if len(newest.videos) >= 100:
        raise Unsupported("more than 100 videos are there: the end is looked for in order=asc")
    require(
        newest.body.get("has_more") is False,
        expected=f"has_more false, as {len(newest.videos)} videos came with limit=100",
        seen=newest.more,
        exchange=newest.exchange,
    )


@attrs.frozen
class Later:
    """The jobs that were made after the first one of the run, as the list has them."""

    first: Job
    ids: list[str]
    exchange: Exchange


@pytest.fixture(scope="module")
def later(gate: Gate, ours: list[Job]) -> Later:
    """What `order=asc` goes on with after the first job of the run: few, however long the list."""
    found = page(gate, after=ours[0].id, order="asc", limit=100)
    if len(found.ids) >= 100:
        raise NotRun("100 videos and more were made by others while the run was under way")
    if not found.ids:
        raise Blocked("no video comes after the first of the run in order=asc (LIST-016)")
    return Later(ours[0], found.ids, found.exchange)


@pytest.mark.requirement("LIST-008")
def test_a_last_page_that_is_full_has_no_more(gate: Gate, later: Later) -> None:
    params = {"after": later.first.id, "order": "asc"}
    ids = later.ids
    for _ in range(TRIES):
        full = page(gate, **params, limit=max(1, len(ids)))
        short = page(gate, **params, limit=len(ids) - 1) if len(ids) > 1 else None
        before, ids = ids, page(gate, **params, limit=LONGEST_PAGE).ids
        if before == full.ids == ids:
            break
    else:
        raise Blocked(
            "the list is not the same twice: others use it, or a page is wrong (LIST-004)"
        )
    require(
        full.body.get("has_more") is False,
        expected=f"has_more false on a page of just the {len(ids)} videos that are left",
        seen=full.more,
        exchange=full.exchange,
    )
    if short is not None:
        require(
            short.body.get("has_more") is True,
            expected=f"has_more true on a page of {len(ids) - 1} of {len(ids)} videos",
            seen=short.more,
            exchange=short.exchange,
        )


@pytest.mark.requirement("LIST-016")
@pytest.mark.parametrize("order", ["asc", "desc", None], ids=str)
@pytest.mark.parametrize("limit", [None, 1], ids=["plainly", "by-1"])
def test_the_order_counts_from_the_cursor(
    gate: Gate, ours: list[Job], order: str | None, limit: int | None
) -> None:
    cursor = ours[0] if order == "asc" else ours[-1]
    params = {"after": cursor.id, "order": order, "limit": limit}
    found = page(gate, **{name: value for name, value in params.items() if value is not None})
    later = [job for job in ours if moment(job) > moment(cursor)]
    earlier = [job for job in ours if moment(job) < moment(cursor)]
    beyond, before = (later, earlier) if order == "asc" else (earlier, later)
    before = [*before, cursor]
    wrong = [job.id for job in before if job.id in found.ids]
    direction = "later" if order == "asc" else "before"
    require(
        not wrong,
        expected=f"only videos that were made {direction} than {cursor.id}, the cursor",
        seen=f"{compact(wrong)} among {len(found.ids)} videos",
        exchange=found.exchange,
    )
    require(
        found.ids or not beyond,
        expected=f"the videos that were made {direction} than {cursor.id}, such as "
        f"{beyond[0].id if beyond else ''}",
        seen="an empty page",
        exchange=found.exchange,
    )


@pytest.fixture
def oldest(gate: Gate, ours: list[Job]) -> dict[str, Any]:
    """The oldest video of all."""
    found = page(gate, limit=1, order="asc")
    if len(found.ids) != 1:
        raise Blocked(f"the oldest video cannot be had (LIST-004): {found.exchange.summary}")
    created_at = found.videos[0].get("created_at")
    if not isinstance(created_at, int) or created_at > moment(ours[0]):
        raise Blocked("order=asc does not list the oldest first (LIST-006)")
    return found.videos[0]


@pytest.mark.requirement("LIST-017")
@pytest.mark.parametrize("params", [{}, {"limit": 1}, {"order": "desc"}], ids=repr)
def test_after_the_oldest_comes_nothing(
    gate: Gate, oldest: dict[str, Any], params: dict[str, object]
) -> None:
    cursor = str(oldest["id"])
    try:
        found = page(gate, after=cursor, **params)
    except Nonconformity:
        require_cursor_there(gate, cursor)
        raise
    if found.videos:
        require_cursor_there(gate, cursor)
        if all(video.get("created_at") == oldest["created_at"] for video in found.videos):
            raise NotRun("several videos were created in the oldest second: any may be the last")
    end = {"has_more": False, "first_id": None, "last_id": None}
    told = {name: found.body[name] for name in end if name in found.body}  # or else LIST-002
    require(
        not found.videos and all(told[name] is end[name] for name in told),
        expected="an empty page, has_more false, first_id and last_id null, after the oldest video",
        seen=f"{len(found.videos)} videos and {compact(told)}",
        exchange=found.exchange,
    )


@pytest.mark.requirement("LIST-009")
@pytest.mark.parametrize(
    "params",
    [{"limit": 2}, {"limit": 2, "order": "asc"}, {"limit": 1}, {"limit": 100}],
    ids=["desc", "asc", "one", "many"],
)
def test_first_and_last_id_are_the_pages(
    gate: Gate, ours: list[Job], params: dict[str, object]
) -> None:
    found = page(gate, **params)
    if not found.ids:
        raise Blocked(f"the page is empty (LIST-004): {found.exchange.summary}")
    first, last = found.body.get("first_id"), found.body.get("last_id")
    require(
        (first, last) == (found.ids[0], found.ids[-1]),
        expected=f"first_id {found.ids[0]} and last_id {found.ids[-1]}, as on the page",
        seen=f"first_id {compact(first)} and last_id {compact(last)}",
        exchange=found.exchange,
    )


@pytest.mark.requirement("LIST-010")
@pytest.mark.parametrize(
    "params", [{"limit": "abc"}, {"limit": "-1"}, {"order": "sideways"}], ids=repr
)
def test_a_query_that_nobody_can_mean_is_refused(gate: Gate, params: dict[str, str]) -> None:
    refused(gate, "GET", "/videos", why=f"nobody can mean {params}", params=params)


@pytest.mark.requirement("LIST-011")
def test_a_limit_above_100_is_refused(gate: Gate) -> None:
    refused(gate, "GET", "/videos", why="limit is at most 100", params={"limit": "101"})


@pytest.mark.requirement("LIST-012")
def test_limit_0_gives_an_empty_page(gate: Gate, newest: Page) -> None:
    found = page(gate, limit=0)
    seen = f"{len(found.videos)} videos on it"
    expected = "an empty page for limit=0"
    require(not found.videos, expected=expected, seen=seen, exchange=found.exchange)


@pytest.mark.requirement("LIST-013")
def test_an_unknown_cursor_does_not_begin_anew(gate: Gate, ours: list[Job], nobody: str) -> None:
    answer = gate.send("GET", "/videos", params={"after": nobody})
    body = answer.json()
    empty = answer.ok and isinstance(body, dict) and body.get("data") == []
    require(
        answer.refused or empty,
        expected="a refusal, or an empty page, as no video has the id that after names",
        seen=answer.summary,
        exchange=answer,
    )
