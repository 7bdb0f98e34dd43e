"""A job that was made, and what was seen of it."""

from __future__ import annotations

from typing import Any

import attrs

from openvideos_contract.jobs.plan import JobRequest
from openvideos_contract.jobs.words import ENDS
from openvideos_contract.wire.exchange import Exchange
from openvideos_contract.wire.gate import video_path


@attrs.define
class Job:
    """A job that was made, and what was seen of it.

    Attributes:
        request: What was asked for.
        created: The answer to the create.
        id: The id that the create gave.
        refusal: The answer to the fields that were asked for first, where they were refused.
        listed: The list of the newest 100 right after the create, where one could be had.
        polls: The answers to retrieve, in order; some lie after its end.
        early_content: The answer to a download before the job's end, where one was caught.
        early_remix: The answer to a remix before the job's end, where one was caught.
        early_edit: The same of an edit.
        early_extension: The same of an extension.
        ended: The Video of the first answer with a final status, None where it never came.
        lost: Why waiting for it was given up.
        unretrievable: Whether that was because retrieve does not answer with it.
        looked_on: Whether it was looked at after its end.
    """

    request: JobRequest
    created: Exchange
    id: str
    refusal: Exchange | None = None
    listed: Exchange | None = None
    polls: list[Exchange] = attrs.field(factory=list)
    early_content: Exchange | None = None
    early_remix: Exchange | None = None
    early_edit: Exchange | None = None
    early_extension: Exchange | None = None
    ended: dict[str, Any] | None = None
    lost: str = ""
    unretrievable: bool = False
    looked_on: bool = False

    @property
    def path(self) -> str:
        """The path of the job."""
        return video_path(self.id)

    @property
    def video(self) -> dict[str, Any]:
        """The Video of the create's answer."""
        return self.created.object

    @property
    def waited_for(self) -> bool:
        """Whether it has ended, or waiting for it was given up."""
        return self.ended is not None or bool(self.lost)

    @property
    def completed(self) -> bool:
        """Whether the job was completed."""
        return self.ended is not None and self.ended.get("status") == "completed"

    @property
    def first_end(self) -> int:
        """The number of the first poll that showed the end; of the next one if none did."""
        for number, poll in enumerate(self.polls):
            if poll.object.get("status") in ENDS:
                return number
        return len(self.polls)

    @property
    def polls_after_the_end(self) -> int:
        """How many polls were made after the one that first showed the end."""
        return max(0, len(self.polls) - self.first_end - 1)

    @property
    def steady(self) -> dict[str, Any]:
        """The Video at its end, but for the fields on which later answers do not agree."""
        ended = self.ended or {}
        later = [poll.object for poll in self.polls[self.first_end :] if poll.ok]
        return {
            field: value
            for field, value in ended.items()
            if all(video.get(field) == value for video in later)
        }
