"""Lists, page by page."""

from typing import Any

import httpx
import pytest


@pytest.fixture
def ids(client: httpx.Client) -> list[str]:
    """Seven videos, oldest first."""
    return [
        client.post("/videos", json={"prompt": str(number)}).json()["id"] for number in range(7)
    ]


def walk(client: httpx.Client, **query: Any) -> list[str]:
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        page = client.get("/videos", params={**query, **after}).json()
        seen += [video["id"] for video in page["data"]]
        if not page["has_more"]:
            return seen
        assert page["first_id"] == page["data"][0]["id"]
        assert page["last_id"] == page["data"][-1]["id"]
        after = {"after": page["last_id"]}


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 100])
def test_a_walk_gives_each_video_once_in_order(
    client: httpx.Client, ids: list[str], limit: int
) -> None:
    assert walk(client, limit=limit, order="asc") == ids
    assert walk(client, limit=limit, order="desc") == ids[::-1]
    assert walk(client, limit=limit) == ids[::-1]


def test_a_page_has_twenty_unless_asked_otherwise(client: httpx.Client) -> None:
    for number in range(21):
        client.post("/videos", json={"prompt": str(number)})
    page = client.get("/videos").json()
    assert len(page["data"]) == 20
    assert page["has_more"] is True


def test_a_list_shows_what_retrieve_shows(client: httpx.Client, ids: list[str]) -> None:
    newest = client.get("/videos", params={"limit": 1}).json()["data"][0]
    assert newest["id"] == ids[-1]
    assert newest["prompt"] == client.get(f"/videos/{ids[-1]}").json()["prompt"]


def test_a_walk_is_right_while_videos_come_and_go(client: httpx.Client, ids: list[str]) -> None:
    first = client.get("/videos", params={"limit": 3}).json()
    assert [video["id"] for video in first["data"]] == ids[:3:-1]
    client.post("/videos", json={"prompt": "a newer one"})
    # The last of the page, where the next one goes on, is deleted too.
    for gone in (ids[4], ids[2]):
        assert client.delete(f"/videos/{gone}").status_code == 200
    rest = walk(client, limit=2, after=first["last_id"])
    assert rest == [ids[3], ids[1], ids[0]]


def test_an_empty_page_says_whether_there_is_more(client: httpx.Client, ids: list[str]) -> None:
    assert client.get("/videos", params={"limit": 0}).json() == {
        "object": "list",
        "data": [],
        "first_id": None,
        "last_id": None,
        "has_more": True,
    }
    end = client.get("/videos", params={"after": ids[0]}).json()
    assert (end["data"], end["last_id"], end["has_more"]) == ([], None, False)


@pytest.mark.parametrize(
    ("query", "status", "param", "code"),
    [
        ("limit=101", 400, "limit", "integer_above_max_value"),
        ("limit=-1", 400, "limit", "integer_below_min_value"),
        ("limit=ten", 400, "limit", "invalid_type"),
        ("limit=", 400, "limit", "invalid_type"),
        ("limit=1.5", 400, "limit", "invalid_type"),
        ("limit=1&limit=2", 400, "limit", "invalid_type"),
        ("limit=%D9%A1", 400, "limit", "invalid_type"),
        ("limit=" + "9" * 5000, 400, "limit", None),
        ("order=up", 400, "order", "invalid_value"),
        ("order=ASC", 400, "order", "invalid_value"),
        ("after=", 400, "after", "empty_string"),
        ("after=video_nobody_has", 404, None, None),
        ("before=video_1", 400, "before", "unknown_parameter"),
    ],
)
def test_a_query_that_makes_no_sense_is_refused(
    client: httpx.Client, query: str, status: int, param: str | None, code: str | None
) -> None:
    response = client.get(f"/videos?{query}")
    assert response.status_code == status
    assert response.json()["error"]["param"] == param
    assert code in (None, response.json()["error"]["code"])


def test_a_deleted_video_is_gone_from_everywhere(client: httpx.Client, ids: list[str]) -> None:
    gone = ids[3]
    answer = client.delete(f"/videos/{gone}").json()
    assert answer == {"id": gone, "object": "video.deleted", "deleted": True}
    for response in (
        client.get(f"/videos/{gone}"),
        client.get(f"/videos/{gone}/content"),
        client.delete(f"/videos/{gone}"),
        client.post(f"/videos/{gone}/remix", json={"prompt": "x"}),
    ):
        assert response.status_code == 404
        assert response.json()["error"]["message"] == f"Video with id '{gone}' not found."
    assert gone not in walk(client, limit=2)
