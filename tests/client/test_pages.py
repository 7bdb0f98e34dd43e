"""Lists: page by page or all at once, and never without an end."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos import InvalidInput, UnsupportedByServer
from openvideos._protocol.decoding import ListedVideos
from openvideos._protocol.decoding import video_list as decode
from openvideos._protocol.pages import next_cursor

from .conftest import Connect, Serve
from .faulty_server import FaultyServer, Reply, Request
from .test_decoding import response


def item(name: str) -> dict[str, str]:
    return {"id": name, "object": "video", "status": "completed"}


def listed(ids: list[str], **more: Any) -> ListedVideos:
    return decode(response({"data": [item(name) for name in ids], **more}))


def library(names: list[str], **how: Any) -> Any:
    """A server's list, as far as it keeps the protocol."""

    def answer(request: Request) -> Reply:
        after = request.query.get("after", [""])[0]
        limit = int(request.query.get("limit", ["2"])[0])
        start = names.index(after) + 1 if after in names else 0
        page = names[start : start + limit] if how.get("cursors", True) else names
        body: dict[str, Any] = {"data": [item(name) for name in page], "object": "list"}
        if how.get("says", True):
            body |= {
                "first_id": page[0] if page else None,
                "last_id": page[-1] if page else None,
                "has_more": start + limit < len(names),
            }
        return Reply(body)

    return answer


NAMES = ["a", "b", "c", "d", "e"]


def test_a_list_gives_its_first_page_and_iterates_over_all(connect: Connect, serve: Serve) -> None:
    server = serve(library(NAMES))
    page = first_page(connect, server)
    assert [video.id for video in page.data] == ["a", "b"]
    assert (page.first_id, page.last_id, page.has_more) == ("a", "b", True)
    assert page.has_next_page()
    assert [video.id for video in page] == NAMES
    assert [request.query for request in server.requests] == [
        {"limit": ["2"], "order": ["asc"]},
        {"limit": ["2"], "order": ["asc"], "after": ["b"]},
        {"limit": ["2"], "order": ["asc"], "after": ["d"]},
    ]


def first_page(connect: Connect, server: FaultyServer) -> Any:
    return connect(server.base_url).videos.list(limit=2, order="asc")


def test_pages_can_be_turned_one_by_one(connect: Connect, serve: Serve) -> None:
    page = first_page(connect, serve(library(NAMES)))
    pages = [[video.id for video in page.data] for page in page.iter_pages()]
    assert pages == [["a", "b"], ["c", "d"], ["e"]]
    last = page.get_next_page().get_next_page()
    assert not last.has_next_page()
    with pytest.raises(RuntimeError, match="has_next_page"):
        last.get_next_page()


def test_an_async_list_is_iterated_over_without_await(serve: Serve) -> None:
    import asyncio

    from openvideos import AsyncOpenVideos

    async def main() -> list[str]:
        async with AsyncOpenVideos(base_url=serve(library(NAMES)).base_url) as client:
            return [video.id async for video in client.videos.list()]

    assert asyncio.run(main()) == NAMES


def test_rule_20_a_server_that_gives_no_cursors_is_paged_by_the_last_id(
    connect: Connect, serve: Serve
) -> None:
    server = serve(library(NAMES, says=False))
    assert [video.id for video in first_page(connect, server)] == NAMES
    assert len(server.requests) == 3


def test_rule_20_a_server_that_knows_no_cursors_gives_each_video_once(
    connect: Connect, serve: Serve
) -> None:
    server = serve(library(NAMES, cursors=False, says=False))
    assert [video.id for video in first_page(connect, server)] == NAMES
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "body",
    [
        {"data": [], "has_more": True, "last_id": "x"},
        {"data": [item("a")], "has_more": True, "last_id": "a"},
        {"data": [item("a")], "has_more": True, "last_id": "elsewhere"},
    ],
)
def test_rule_20_a_server_that_always_has_more_comes_to_an_end(
    connect: Connect, serve: Serve, body: dict[str, Any]
) -> None:
    server = serve([Reply(body)])
    assert len(list(connect(server.base_url).videos.list())) == len(body["data"])
    assert len(server.requests) <= 2


def test_rule_20_a_cursor_that_the_server_knows_no_more_ends_the_list(
    connect: Connect, serve: Serve
) -> None:
    def answer(request: Request) -> Reply:
        if "after" in request.query:
            return Reply({"object": "list", "data": [], "has_more": False})
        return Reply({"data": [item("a"), item("b")], "last_id": "b", "has_more": True})

    server = serve(answer)
    assert [video.id for video in first_page(connect, server)] == ["a", "b"]
    assert len(server.requests) == 2


@pytest.mark.parametrize("limit", [0, -1, 101, 1000])
def test_rule_20_a_limit_that_servers_read_in_different_ways_is_refused(
    connect: Connect, serve: Serve, limit: int
) -> None:
    server = serve([Reply({"data": []})])
    with pytest.raises(InvalidInput, match="1 to 100"):
        connect(server.base_url).videos.list(limit=limit)
    assert server.requests == []


def test_nothing_is_asked_for_that_was_not_given(connect: Connect, serve: Serve) -> None:
    server = serve([Reply({"data": []})])
    connect(server.base_url).videos.list(extra_query={"provider": "openai"})
    assert server.requests[0].query == {"provider": ["openai"]}


def test_a_server_without_a_list_says_so(connect: Connect, serve: Serve) -> None:
    with pytest.raises(UnsupportedByServer, match=r"GET .*/v1/videos"):
        connect(serve([Reply({"detail": "Not Found"}, 404)]).base_url).videos.list()


IDS = st.lists(st.sampled_from(["", "a", "b", "c"]), max_size=4)


@given(
    ids=IDS,
    last=st.none() | st.sampled_from(["a", "z"]),
    more=st.sampled_from([None, True, False, "yes"]),
    after=st.none() | st.sampled_from(["a", "b"]),
    limit=st.none() | st.integers(1, 100),
)
def test_rule_20_a_cursor_leads_on_or_not_at_all(
    ids: list[str], last: str | None, more: Any, after: str | None, limit: int | None
) -> None:
    page = listed(ids, last_id=last, has_more=more)
    cursor = next_cursor(page, after=after, limit=limit)
    if cursor is None:
        ended = not ids or more is False or (more is not True and limit and len(ids) < limit)
        assert ended or (last or ids[-1]) in {after, ""}
    else:
        assert ids
        assert cursor == (last or ids[-1])
        assert cursor != after
