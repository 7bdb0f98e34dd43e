"""Lists of what an emulator has recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, TypeVar, overload

import attrs

__tracebackhide__ = True  # pytest shows a failure where a test has called

T = TypeVar("T")


class Records(Sequence[T]):
    """What was recorded so far, read anew whenever it is looked at."""

    def __init__(self, fetch: Callable[[], list[T]]) -> None:
        self._fetch = fetch

    def __len__(self) -> int:
        return len(self._fetch())

    def __iter__(self) -> Iterator[T]:
        return iter(self._fetch())

    @overload
    def __getitem__(self, index: int) -> T: ...
    @overload
    def __getitem__(self, index: slice) -> list[T]: ...
    def __getitem__(self, index: int | slice) -> T | list[T]:
        return self._fetch()[index]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Sequence) and self._fetch() == list(other)

    __hash__ = None  # type: ignore[assignment] # as a list's: it changes

    def __repr__(self) -> str:
        return f"[{', '.join(f'<{each}>' for each in self._fetch())}]"


def record(kind: type[T], data: Mapping[str, Any]) -> T:
    """Return a record of what an emulator of another version may tell more about."""
    names = {field.name for field in attrs.fields(kind)}  # type: ignore[arg-type] # kinds here are attrs classes
    return kind(**{name: value for name, value in data.items() if name in names})
