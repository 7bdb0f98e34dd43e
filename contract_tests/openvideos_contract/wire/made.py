"""What a run made."""

from __future__ import annotations

from urllib.parse import quote, unquote

import attrs

CHARACTERS = "/videos/characters"
# What is told of a job whose id the answer did not give.
NAMELESS = "a job without an id"
UNDELETABLE = "(a character, which the protocol cannot delete)"
_LONGEST_SEGMENT = 4_096


@attrs.define
class Made:
    """A job, or a character, that the run made, and what became of it.

    Attributes:
        id: Its id; empty where the answer gave none.
        key: The key that made it.
        path: Where it is deleted; empty where it cannot be.
        deleted: Whether the server said that it is gone.
        character: Whether it is a character, which the protocol has no way to delete.
    """

    id: str
    key: str | None = attrs.field(repr=False)
    path: str
    deleted: bool = False
    character: bool = False

    @property
    def shown(self) -> str:
        """Its id as it is told to people; empty where the answer gave none."""
        return f"{self.id} {UNDELETABLE}" if self.character else self.id


def is_addressable(video_id: object) -> bool:
    """Return whether something is an id with which a URL can name a video."""
    return (
        isinstance(video_id, str)
        # A URL has no segment of dots, and servers take none without an end.
        and video_id not in {"", ".", ".."}
        and len(quote(video_id, safe="")) <= _LONGEST_SEGMENT
    )


def video_path(video_id: str, *rest: str) -> str:
    """Return the path of a video, or of something below it, the id as one segment."""
    return "/".join(["/videos", quote(video_id, safe=""), *rest])


def last_segment(path: str) -> str:
    """Return what the last segment of a path stands for; a %2F in it is a part of an id."""
    return unquote(path.rstrip("/").rpartition("/")[2])
