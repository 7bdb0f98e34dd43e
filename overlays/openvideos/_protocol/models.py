"""What users get: the generated models, with the server's own words beside them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Literal

from attrs import define, field

from openvideos_api import models as generated

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


class Written:
    """The official SDK's ways to write out an answer again."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def request_id(self) -> str | None: ...

        def to_dict(self) -> dict[str, Any]: ...

    @property
    def _request_id(self) -> str | None:
        """The server's id of the request, by the official SDK's name."""
        return self.request_id

    def to_json(self, *, indent: int | None = 2) -> str:
        """Return the fields as JSON, unknown ones included."""
        return json.dumps(self.to_dict(), indent=indent, ensure_ascii=False)

    def model_dump(
        self, *, mode: Literal["json", "python"] = "python", exclude_none: bool = False
    ) -> dict[str, Any]:
        """Return the fields as a dictionary, unknown ones included.

        Args:
            mode: Makes no difference, as all values are what JSON has.
            exclude_none: Leave out the fields without a value.
        """
        fields = self.to_dict()
        if exclude_none:
            return {name: value for name, value in fields.items() if value is not None}
        return fields

    def model_dump_json(self, *, indent: int | None = None, exclude_none: bool = False) -> str:
        """Return `model_dump` as JSON."""
        return json.dumps(
            self.model_dump(exclude_none=exclude_none), indent=indent, ensure_ascii=False
        )


class _Answer(Written):
    """What the models have in common."""

    __slots__ = ()

    if TYPE_CHECKING:
        additional_properties: dict[str, Any]
        request_id: str | None

    else:
        # Hidden from type checkers, so that a misspelt field is still found by them.
        def __getattr__(self, name: str) -> Any:
            # The guard also stops a recursion while an object is unpickled.
            if not name.startswith("_") and name != "additional_properties":
                extras = self.additional_properties
                if name in extras:
                    return extras[name]
            raise AttributeError(
                f"{type(self).__name__!r} has no {name!r}, and the server sent none"
            )

    def __iter__(self) -> Iterator[tuple[str, Any]]:
        """Yield each field's name and value: `dict()` of it is what it is in the official SDK."""
        return iter(self.to_dict().items())


@define
class Video(generated.Video, _Answer):
    """A job that makes a video.

    A field is None where the server did not send it, or sent what cannot be understood. `status`
    is `queued`, `in_progress`, `completed`, `failed`, `cancelled`, `expired` or `deleted`, by
    whatever word the server says so; a word that nobody knows stands as it was sent. Fields that
    the protocol does not know can be read as attributes.

    Attributes:
        raw: The server's answer, unchanged.
        request_id: The server's id of the request; None where not given.
    """

    raw: Mapping[str, Any] = field(init=False, factory=dict, repr=False, eq=False)
    request_id: str | None = field(init=False, default=None, repr=False, eq=False)

    @property
    def object(self) -> str | None:
        """Always `video`."""
        return self.object_

    @property
    def url(self) -> str | None:
        """Where the server offers the file itself, which is no part of the protocol; else None.

        Read from `url`, `metadata.url`, or the first of `videos` or `data`: whichever is there.
        """
        sent = self.additional_properties
        firsts = [items[0] for name in ("videos", "data") if (items := _list(sent.get(name)))]
        for holder in (sent, sent.get("metadata"), *firsts):
            address = holder.get("url") if isinstance(holder, dict) else None
            if isinstance(address, str) and address.startswith(("http://", "https://")):
                return address
        return None


def _list(value: object) -> list[Any] | None:
    return value if isinstance(value, list) else None


@define
class Character(generated.Character, _Answer):
    """A character that can appear in videos.

    Attributes:
        raw: The server's answer, unchanged.
        request_id: The server's id of the request; None where not given.
    """

    raw: Mapping[str, Any] = field(init=False, factory=dict, repr=False, eq=False)
    request_id: str | None = field(init=False, default=None, repr=False, eq=False)


@define
class VideoDeleted(generated.VideoDeleted, _Answer):
    """What became of a deletion.

    Attributes:
        raw: The server's answer, unchanged.
        request_id: The server's id of the request; None where not given.
    """

    raw: Mapping[str, Any] = field(init=False, factory=dict, repr=False, eq=False)
    request_id: str | None = field(init=False, default=None, repr=False, eq=False)

    @property
    def object(self) -> str | None:
        """Always `video.deleted`."""
        return self.object_
