"""The model of what must be there: it blames no honest server, and finds each lie of another."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from typing import Any, cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from openvideos_contract.generating.model import Model
from openvideos_contract.outcome import Nonconformity
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import Gate
from openvideos_contract.wire.made import last_segment

NAMES = ("one", "two", "three", "four")
# Two of them are of one second, in which no order is promised.
MOMENTS = {"one": 100, "two": 101, "three": 101, "four": 102}


class Shelf:
    """Some finished videos, in place of a gate and the server behind it."""

    def __init__(self) -> None:
        self.seen = Counter({(name, "2xx"): 1 for name in ("retrieve_video", "delete_video")})
        self.seen["list_videos", "2xx"] = 1
        self.videos = {name: video(name) for name in NAMES}
        self.deleted: dict[str, dict[str, Any]] = {}

    def send(self, method: str, path: str, params: dict[str, Any] | None = None) -> Exchange:
        status, body = self.answer(method, path, params or {})
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = httpx.Request(method, f"http://server/v1{path}", params=params)
        return Exchange(request, httpx.Response(status, content=content), 0.0, "a test")

    def answer(self, method: str, path: str, params: dict[str, Any]) -> tuple[int, Any]:
        if path == "/videos":
            return 200, self.page(**params)
        name = last_segment(path.removesuffix("/content"))
        if name not in self.videos:
            return 404, {"error": {"message": "not found"}}
        if method == "DELETE":
            self.deleted[name] = self.videos.pop(name)
            return 200, {"id": name, "object": "video.deleted", "deleted": True}
        return 200, name.encode() if path.endswith("/content") else self.videos[name]

    def page(self, limit: int = 20, order: str = "desc", after: str | None = None) -> Any:
        names = list(self.videos) if order == "asc" else list(self.videos)[::-1]
        if after is not None:
            names = names[names.index(after) + 1 :] if after in names else []
        data = [self.videos[name] for name in names[:limit]]
        return {"object": "list", "data": data, "has_more": len(names) > limit}


def video(name: str) -> dict[str, Any]:
    return {"id": name, "status": "completed", "prompt": name, "created_at": MOMENTS[name]}


def model_of(shelf: Shelf) -> Model:
    return Model(cast("Gate", shelf), {name: dict(shelf.videos[name]) for name in NAMES})


WHO = st.sampled_from([*NAMES, "nobody"])
CALLS = st.one_of(
    st.tuples(st.just("retrieve"), WHO),
    st.tuples(st.just("content"), WHO),
    st.tuples(st.just("delete"), WHO),
    st.tuples(
        st.just("list_page"),
        st.fixed_dictionaries(
            {
                "limit": st.sampled_from([1, 2, 100]),
                "order": st.sampled_from(["asc", "desc"]),
                "after": st.one_of(st.none(), WHO),
            }
        ),
    ),
)


@given(calls=st.lists(CALLS, max_size=12))
def test_an_honest_server_is_never_blamed(calls: list[tuple[str, Any]]) -> None:
    model = model_of(Shelf())
    for name, argument in calls:
        if isinstance(argument, dict):
            model.list_page(**argument)
        else:
            getattr(model, name)(argument)
    assert len(model.calls) == len(calls)


def forgets(shelf: Shelf) -> None:
    del shelf.videos["two"]


def keeps_what_is_deleted(shelf: Shelf) -> None:
    honest = shelf.answer

    def answer(method: str, path: str, params: dict[str, Any]) -> tuple[int, Any]:
        found = honest(method, path, params)
        shelf.videos.update(shelf.deleted)
        return found

    shelf.answer = answer  # type: ignore[method-assign]  # this one shelf lies


def changes_the_prompt(shelf: Shelf) -> None:
    shelf.videos["two"]["prompt"] = "another"


def goes_back(shelf: Shelf) -> None:
    shelf.videos["two"]["status"] = "queued"


def turns_the_list_round(shelf: Shelf) -> None:
    shelf.videos = dict(reversed(shelf.videos.items()))


def changes_the_page(change: Callable[[Any], Any]) -> Callable[[Shelf], None]:
    def plant(shelf: Shelf) -> None:
        honest = shelf.page
        shelf.page = lambda **params: change(honest(**params))  # type: ignore[method-assign]  # as above

    return plant


@pytest.mark.parametrize(
    "lie",
    [
        forgets,
        keeps_what_is_deleted,
        changes_the_prompt,
        goes_back,
        turns_the_list_round,
        changes_the_page(lambda page: page | {"data": page["data"] * 2}),
        changes_the_page(lambda page: page | {"data": page["data"][1:], "has_more": False}),
    ],
    ids=["forgets", "keeps", "prompt", "status", "order", "twice", "lost"],
)
def test_each_lie_is_found_and_told_with_the_calls_before(lie: Callable[[Shelf], None]) -> None:
    shelf = Shelf()
    model = model_of(shelf)
    lie(shelf)
    with pytest.raises(Nonconformity, match=r"after 1\. "):  # noqa: PT012 - which call finds it differs
        for order in ("desc", "asc"):
            model.list_page(limit=100, order=order)
        model.retrieve("two")
        model.delete("three")
        model.retrieve("three")


def test_a_video_whose_content_changes_its_length_is_found() -> None:
    shelf = Shelf()
    model = model_of(shelf)
    model.content("one")
    shelf.answer = lambda *_: (200, b"other bytes")  # type: ignore[method-assign]  # a lie
    with pytest.raises(Nonconformity, match="the 3 bytes of before"):
        model.content("one")
