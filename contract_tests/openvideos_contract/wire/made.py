"""What a run made."""

from __future__ import annotations

from urllib.parse import quote, unquote

import attrs

CHARACTERS = "/videos/characters"
UNDELETABLE = "(a character, which the protocol cannot delete)"


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


def video_path(video_id: str, *rest: str) -> str:
    """Return the path of a video, or of something below it, the id as one segment."""
    return "/".join(["/videos", quote(video_id, safe=""), *rest])


def last_segment(path: str) -> str:
    """Return what the last segment of a path stands for; a %2F in it is a part of an id."""
    return unquote(path.rstrip("/").rpartition("/")[2])
