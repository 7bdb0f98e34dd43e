"""Lists: a page at a time, or all of them in one loop."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec

from .._flows.drivers import AsyncResource, Resource
from .._flows.methods import dressed
from .._http.calls import given
from .._http.requests import execute
from .models import Written

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Generator, Iterator, Sequence

    from .._flows.drivers import AsyncDriver, Driver
    from .._http.calls import Call
    from .decoding import ListedVideos
    from .models import Video

P = ParamSpec("P")


def next_cursor(listed: ListedVideos, *, after: str | None, limit: int | None) -> str | None:
    """Return the `after` of the next page; None where there is none.

    It is the server's `last_id`, or the id of the last video where the server gives none. Pages
    end where one is empty, where the server says so, where the cursor repeats, and, at a server
    that says nothing, where a page is shorter than it might be.

    Args:
        listed: This page.
        after: The cursor that led to it.
        limit: How many videos were asked for.
    """
    if not listed.data or listed.has_more is False:
        return None
    if listed.has_more is None and limit is not None and len(listed.data) < limit:
        return None
    cursor = listed.last_id or listed.data[-1].id
    return cursor if cursor and cursor != after else None


class _Unseen:
    """Lets each video through once, as a server that knows no cursors sends all of them again."""

    def __init__(self) -> None:
        self._ids: set[str] = set()

    def of(self, videos: Sequence[Video]) -> list[Video]:
        fresh = [video for video in videos if video.id not in self._ids]
        self._ids.update(video.id for video in fresh)
        return fresh


class _PageContents(Written):
    """What pages of both kinds of clients have in common."""

    def __init__(self, again: Callable[..., Call[ListedVideos]], listed: ListedVideos) -> None:
        self._again = again
        self._listed = listed

    @property
    def data(self) -> list[Video]:
        """The videos of this page."""
        return self._listed.data

    @property
    def has_more(self) -> bool | None:
        """Whether the server says that there are more; None where it does not say."""
        return self._listed.has_more

    @property
    def first_id(self) -> str | None:
        """The id of the page's first video."""
        return self._listed.first_id or (self.data[0].id if self.data else None)

    @property
    def last_id(self) -> str | None:
        """The id of the page's last video."""
        return self._listed.last_id or (self.data[-1].id if self.data else None)

    @property
    def request_id(self) -> str | None:
        """The server's id of the request; None where not given."""
        return self._listed.request_id

    @property
    def object(self) -> str:
        """Always `list`."""
        return "list"

    def to_dict(self) -> dict[str, Any]:
        """Return the page as a dictionary."""
        return {
            "object": self.object,
            "data": [video.to_dict() for video in self.data],
            "first_id": self.first_id,
            "last_id": self.last_id,
            "has_more": self.has_more,
        }

    def has_next_page(self) -> bool:
        """Tell whether there is a next page to ask for; it may turn out to be empty."""
        return self._cursor() is not None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {len(self.data)} videos>"

    def _cursor(self) -> str | None:
        keywords = getattr(self._again, "keywords", {})
        after, limit = given(keywords.get("after")), given(keywords.get("limit"))
        return next_cursor(self._listed, after=after, limit=limit)

    def _following(self) -> Callable[..., Call[ListedVideos]]:
        cursor = self._cursor()
        if cursor is None:
            raise RuntimeError("there is no next page; ask has_next_page() first")
        return partial(self._again, after=cursor)


class Page(_PageContents):
    """A page of videos. Iterating over it goes on to the videos of all further pages."""

    def __init__(
        self, driver: Driver, again: Callable[..., Call[ListedVideos]], listed: ListedVideos
    ) -> None:
        super().__init__(again, listed)
        self._driver = driver

    def get_next_page(self) -> Page:
        """Return the next page.

        Raises:
            RuntimeError: There is none.
            APIError: The request did not succeed.
        """
        return _page(self._driver, self._following())

    def iter_pages(self) -> Iterator[Page]:
        """Yield this page and all further ones that bring something new."""
        page, unseen = self, _Unseen()
        while unseen.of(page.data):
            yield page
            if not page.has_next_page():
                break
            page = page.get_next_page()

    def __iter__(self) -> Iterator[Video]:
        unseen = _Unseen()
        for page in self.iter_pages():
            yield from unseen.of(page.data)


class AsyncPage(_PageContents):
    """A page of videos. Iterating over it goes on to the videos of all further pages."""

    def __init__(
        self, driver: AsyncDriver, again: Callable[..., Call[ListedVideos]], listed: ListedVideos
    ) -> None:
        super().__init__(again, listed)
        self._driver = driver

    async def get_next_page(self) -> AsyncPage:
        """Return the next page.

        Raises:
            RuntimeError: There is none.
            APIError: The request did not succeed.
        """
        return await _async_page(self._driver, self._following())

    async def iter_pages(self) -> AsyncIterator[AsyncPage]:
        """Yield this page and all further ones that bring something new."""
        page, unseen = self, _Unseen()
        while unseen.of(page.data):
            yield page
            if not page.has_next_page():
                break
            page = await page.get_next_page()

    async def __aiter__(self) -> AsyncIterator[Video]:
        unseen = _Unseen()
        async for page in self.iter_pages():
            for video in unseen.of(page.data):
                yield video


class AsyncPages:
    """A list that was not asked for yet: `await` gives its first page, `async for` its videos."""

    def __init__(self, driver: AsyncDriver, again: Callable[..., Call[ListedVideos]]) -> None:
        self._driver = driver
        self._again = again

    def __await__(self) -> Generator[Any, None, AsyncPage]:
        return _async_page(self._driver, self._again).__await__()

    async def __aiter__(self) -> AsyncIterator[Video]:
        async for video in await self:
            yield video


def sync_list(
    operation: Callable[P, Call[ListedVideos]],
) -> Callable[Concatenate[Resource, P], Page]:
    """Return the method that asks for a page."""

    def method(self: Resource, /, *args: P.args, **keywords: P.kwargs) -> Page:
        return _page(self._driver, partial(operation, *args, **keywords))

    return dressed(method, operation, returns="Page")


def async_list(
    operation: Callable[P, Call[ListedVideos]],
) -> Callable[Concatenate[AsyncResource, P], AsyncPages]:
    """Return the method that asks for a page, awaited or iterated over."""

    def method(self: AsyncResource, /, *args: P.args, **keywords: P.kwargs) -> AsyncPages:
        return AsyncPages(self._driver, partial(operation, *args, **keywords))

    return dressed(method, operation, returns="AsyncPages")


def _page(driver: Driver, again: Callable[..., Call[ListedVideos]]) -> Page:
    return Page(driver, again, driver.run(execute(Resource(driver), again())))


async def _async_page(driver: AsyncDriver, again: Callable[..., Call[ListedVideos]]) -> AsyncPage:
    listed = await driver.run(execute(AsyncResource(driver), again()))
    return AsyncPage(driver, again, listed)
