"""What a client has learnt of its server while it was used."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

BodyType: TypeAlias = Literal["form", "json"]

_MOST_CLAIMED = 100_000  # ids; those of the last minutes are what matters


class Memory:
    """What a client has learnt of its server. Safe to share between threads.

    Attributes:
        body_type: In which kind of body the server takes a create, once it has refused the other.
    """

    def __init__(self) -> None:
        self.body_type: BodyType | None = None
        self._claimed: dict[str, None] = {}  # in order
        self._creating: dict[object, Mapping[str, str]] = {}
        self._lock = threading.Lock()

    @property
    def claimed(self) -> Collection[str]:
        """The ids of the jobs that are known to be of a request of this client."""
        with self._lock:
            return frozenset(self._claimed)

    def claim(self, video_id: str) -> bool:
        """Note that a job is of a request of this client; tell whether that is new."""
        with self._lock:
            is_new = video_id not in self._claimed
            self._claimed[video_id] = None
            if len(self._claimed) > _MOST_CLAIMED:
                del self._claimed[next(iter(self._claimed))]
            return is_new

    @property
    def creating(self) -> Mapping[object, Mapping[str, str]]:
        """What the creates ask for that this client has not got an answer to yet."""
        with self._lock:
            return dict(self._creating)

    @contextmanager
    def noted_while_creating(self, asks_for: Mapping[str, str]) -> Iterator[None]:
        """Keep a create among `creating` until its answer is there, or lost."""
        create = object()
        with self._lock:
            self._creating[create] = asks_for
        try:
            yield
        finally:
            with self._lock:
                del self._creating[create]
